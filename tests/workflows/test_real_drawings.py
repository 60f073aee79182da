"""What the seed network reaches on real drawings, by the commands of the README.

That the demo runs on the real animals stands in `tests/test_fresh_clone.py`.
"""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import inkgrad
from inkgrad.workflows import demo

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("surroundings")]

BAR = 0.89  # PyTorch, with the same network and Adam at 1e-3: 0.893


def inkgrad_command(*words):
    done = subprocess.run(
        [sys.executable, "-m", "inkgrad", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_demo_learns_rare_animals(quickdraw_folder, tmp_path):
    """On average over eight splits: 0.707 ± 0.007, where one alone is uncertain by 0.02.

    There are 40 dolphins and 40 elephants to be judged by in each split: seed 42, the demo's, gives
    0.696, the others 0.68 to 0.74.
    """
    found = [
        demo(data=quickdraw_folder, out=tmp_path / str(seed), seed=seed).evaluation
        for seed in (42, 1, 2, 3, 4, 5, 6, 7)
    ]
    balanced = [evaluation.balanced_accuracy for evaluation in found]
    print(f"\nbalanced accuracy: {np.mean(balanced):.4f} of {np.round(balanced, 3).tolist()}")
    assert np.mean(balanced) >= 0.70
    assert min(evaluation.top1 for evaluation in found) >= 0.80


def test_twenty_classes_are_learnt_in_six_epochs(quickdraw_folder):
    """On the fifth that the split keeps aside; without augmentation."""
    data = quickdraw_folder.absolute()
    inkgrad_command(
        *("train", "--task", "twenty", "--data", data),
        *("--seed", 42, "--epochs", 6, "--out", "twenty"),
    )
    model = inkgrad.load("twenty/model.safetensors")
    recorded = model.record["test"]
    total = sum(model.record["data"]["counts"].values())
    assert len(model.classes) == 20
    assert recorded["n"] == pytest.approx(0.2 * total, rel=0.01)
    assert recorded["top1"] >= BAR
    judged = json.loads(
        inkgrad_command("evaluate", "twenty/model.safetensors", "--data", data, "--json")
    )
    assert judged["part"] == "test"
    assert {key: judged[key] for key in recorded} == recorded
