"""The same command gives the same model file, however many threads and cores there are.

Each run is a process of its own, for BLAS and Numba settle on their threads when they are loaded.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

pytestmark = pytest.mark.usefixtures("surroundings")

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

# The engine has as many threads as there are processors for the process.
SCRIPT = """
import os, sys
cores = int(sys.argv.pop(1))
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
from inkgrad.cli import main
main()
"""


def train(threads: int, *words: object) -> subprocess.Popen[bytes]:
    """Begin `inkgrad train` on so many threads and cores, into a folder named after them."""
    words = ("train", *words, "--engine", "cpu", "--out", f"on{threads}")
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(threads), *map(str, words)],
        env={**os.environ, **dict.fromkeys(VARIABLES, str(threads))},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def assert_same_bytes(*words: object) -> None:
    """Train on one thread and on two, at the same time; the model files must be the same."""
    for process in [train(threads, *words) for threads in (1, 2)]:
        _, errors = process.communicate(timeout=600)
        assert process.returncode == 0, errors.decode()
    one, two = (Path(f"on{threads}", "model.safetensors") for threads in (1, 2))
    tensors, others = load_file(one), load_file(two)
    differing = {name for name in tensors if not np.array_equal(tensors[name], others[name])}
    assert differing == set()
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (one, two)}
    assert len(digests) == 1


def test_on_one_thread_and_on_two(doodle_folder):
    """With clipping too: the gradient's length is a sum over all of its 420,739 numbers."""
    settings = ("--epochs", 1, "--batch-size", 48, "--clip-norm", 0.5)
    assert_same_bytes("--classes", "cat,dog,zebra", "--data", doodle_folder, *settings)


@pytest.mark.slow
def test_on_real_drawings(quickdraw_folder):
    settings = ("--epochs", 2, "--limit", 1500, "--balance", "--augment", 2)
    assert_same_bytes("--task", "animals", "--data", quickdraw_folder, *settings)
