"""What the seed network reaches on the real animals, by the README's first command."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import inkgrad
from inkgrad.quickdraw import TASKS
from inkgrad.workflows import demo

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("surroundings")]


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
    """On average over eight splits: 0.704 ± 0.006, where one alone is uncertain by 0.02.

    There are 40 dolphins and 40 elephants to be judged by in each split: seed 42, the demo's, gives
    0.704, the others 0.68 to 0.73.
    """
    printed = inkgrad_command("demo", "--data", quickdraw_folder.absolute(), "--out", "demo")
    for name in TASKS["animals"]:
        assert f"{name} " in printed
    found = [inkgrad.load("demo/model.safetensors").record["test"]]
    for seed in (1, 2, 3, 4, 5, 6, 7):
        trained = demo(data=quickdraw_folder, out=tmp_path / str(seed), seed=seed)
        found.append(trained.model.record["test"])
    balanced = [figures["balanced_accuracy"] for figures in found]
    print(f"\nbalanced accuracy: {np.mean(balanced):.4f} of {np.round(balanced, 3).tolist()}")
    assert np.mean(balanced) >= 0.70
    assert min(figures["top1"] for figures in found) >= 0.80
