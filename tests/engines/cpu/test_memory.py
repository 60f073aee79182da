"""Memory: a workspace is small, made once, and steps leave nothing behind."""

from __future__ import annotations

import gc
import itertools
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from inkgrad.engines.cpu import CpuEngine
from inkgrad.network import seed_network
from inkgrad.optimizers import Adam
from tests.networks import random_batch, random_parameters
from tests.thorough import THOROUGH

NETWORK = seed_network()


@pytest.fixture
def step():
    """Return a function that makes one step with so many drawings, and predicts them twice."""
    rng = np.random.default_rng(0)
    engine, parameters = CpuEngine(NETWORK, threads=2), random_parameters(NETWORK, rng, np.float32)
    trainer = engine.trainer(parameters, Adam())
    x, labels = random_batch(NETWORK, 70, rng, np.float32)
    predict = engine.predictor(parameters)

    def one(n: int) -> None:
        trainer.step(x[:n], labels[:n], 1e-6)
        engine.gradients(parameters, x[:n], labels[:n])
        engine.predict(parameters, x[:n])
        predict(x[:n])

    return one


@pytest.mark.parametrize("threads", [1, 2, 16])
def test_a_workspace_for_256_drawings_is_small(threads):
    """32 MB; 256 drawings' features alone, 64·7·7 numbers each, are 3.2 MB."""
    size = CpuEngine(NETWORK, threads=threads).workspace_bytes(256)
    assert 256 * 3136 * 4 <= size <= 32e6


@pytest.mark.parametrize("rounds", [8, pytest.param(30, marks=pytest.mark.slow)])
def test_steps_leave_nothing_behind(step, rounds):
    """8 rounds of 12 calls leave 8 kB if a call leaves an array's 83 bytes; 30 find 56 bytes.

    What leaks, leaks in each of the three measurements. A cache of Python's or of another library
    (beside thousands of other tests) may fill during one of them, so the least growth counts.
    """
    tracemalloc.start()
    try:
        used = []
        for _ in range(4):
            for _ in range(rounds):
                for n in (70, 9, 33):
                    step(n)
            gc.collect()
            used.append(tracemalloc.get_traced_memory()[0])
        growth = [after - before for before, after in itertools.pairwise(used)]
        assert min(growth) < min(1000 * rounds, 20_000), growth
    finally:
        tracemalloc.stop()


def test_a_program_is_kept_for_every_size_of_a_batch_and_is_small(step):
    step(70)
    tracemalloc.start()
    try:
        for n in range(1, 41):
            step(n)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 40 * 100_000
    finally:
        tracemalloc.stop()


LONG = """
import sys
sys.path[:0] = {path!r}
import numpy as np
from inkgrad.engines.cpu import CpuEngine
from inkgrad.network import seed_network
from inkgrad.optimizers import Adam

def pages():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])

network = seed_network()
engine, parameters = CpuEngine(network, threads=2), network.initialise()
trainer = engine.trainer(parameters, Adam())
x, labels = np.random.default_rng(0).random((16, 1, 28, 28), np.float32), np.arange(16) % 5
for i in range(1_000 + {steps}):
    trainer.step(x[: 1 + i % 16], labels[: 1 + i % 16], 1e-6)
    if i == 1_000:
        before = pages()
print((pages() - before) * 4096)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_thousands_of_steps_take_no_more_memory_than_a_thousand():
    """Numba's memory and NumPy's as well, which tracemalloc does not see."""
    steps = 3000 * THOROUGH
    done = subprocess.run(
        [sys.executable, "-c", LONG.format(path=sys.path, steps=steps)],
        capture_output=True,
        text=True,
        timeout=1200,
        check=True,
    )
    assert int(done.stdout) < 200 * steps
