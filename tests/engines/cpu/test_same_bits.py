"""The same numbers and machine give the same bits: whoever computes, and whatever was before.

Only tasks decide in which order sums are formed; threads take tasks as they come. So all that is
compared here must be equal.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from inkgrad.engines.cpu import CpuEngine
from inkgrad.layers import NO_CLASS
from inkgrad.network import seed_network
from inkgrad.optimizers import Adam
from tests.networks import (
    any_network,
    random_batch,
    random_block_network,
    random_network,
    random_parameters,
)

pytestmark = pytest.mark.usefixtures("nothing_compiles")


def drawn(network, n, seed):
    """Return parameters, inputs and labels."""
    rng = np.random.default_rng(seed)
    numbers = random_parameters(network, rng, np.float32)
    return numbers, *random_batch(network, n, rng, np.float32, least_label=NO_CLASS)


def everything(engine: CpuEngine, parameters, x, labels) -> list[bytes]:
    """Return the bits of all that an engine offers."""
    loss, logits, vector = engine.gradients(parameters, x, labels, label_smoothing=0.1)
    results = [np.float64(loss), logits, vector, engine.forward(parameters, x)]
    results += [engine.predict(parameters, x), engine.predictor(parameters)(x)]
    results += [engine.features(parameters, x)]
    trainer = engine.trainer(parameters.copy(), Adam(), label_smoothing=0.1)
    for _ in range(2):
        loss, logits, norm = trainer.step(x, labels, 1e-3)
        results += [np.float64(loss), logits, np.float64(norm)]
    moved, arrays = trainer.read_back(), trainer.state.arrays
    results += [moved.vector, moved.statistics.vector, arrays["m"], arrays["v"]]
    return [result.tobytes() for result in results]


@pytest.mark.parametrize("seed", range(20))
def test_for_any_number_of_threads_and_again(seed):
    rng = np.random.default_rng(seed)
    network = (random_network if seed % 4 == 0 else random_block_network)(rng)
    data = drawn(network, int(rng.choice([1, 9, 40, 65])), seed)
    first = everything(CpuEngine(network, threads=1), *data)
    for threads in (2, 3, 1):
        engine = CpuEngine(network, threads=threads)
        for _ in range(2):
            assert everything(engine, *data) == first


def test_after_batches_of_other_sizes_and_other_numbers():
    """Workspaces are used again, and what is left in them must not matter, not even NaN."""
    network = seed_network()
    engine, (parameters, x, labels) = CpuEngine(network), drawn(network, 20, 0)
    expected = everything(CpuEngine(network), parameters, x, labels)
    for n in (3, 20, 64, 150, 1, 70):
        other, inputs, right = drawn(network, n, seed=n)
        if n % 2:
            other.vector *= np.nan
        everything(engine, other, inputs, right)
        assert everything(engine, parameters, x, labels) == expected


def test_blank_answers_are_not_kept_from_step_to_step():
    """What blank paper gives is worked out once in a step; it changes when the weights do."""
    network = seed_network()
    engine, blank = CpuEngine(network, threads=1), np.zeros((9, 1, 28, 28), np.float32)
    for seed in range(3):
        parameters, _, labels = drawn(network, 9, seed)
        assert everything(engine, parameters, blank, labels) == everything(
            CpuEngine(network), parameters, blank, labels
        )


def test_a_drawing_is_answered_alike_in_any_company():
    network = seed_network()
    engine, (parameters, x, _) = CpuEngine(network), drawn(network, 40, 0)
    together = engine.forward(parameters, x)
    for first, last in [(0, 1), (7, 16), (3, 39)]:
        np.testing.assert_array_equal(
            engine.forward(parameters, x[first:last]), together[first:last]
        )


def test_one_engine_serves_several_python_threads():
    rng = np.random.default_rng(0)
    network = random_block_network(rng)
    engine = CpuEngine(network, threads=2)
    work = [drawn(network, int(rng.integers(1, 40)), seed) for seed in range(8)]
    alone = [everything(CpuEngine(network), *data) for data in work]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda data: everything(engine, *data), work * 10))
    assert together == alone * 10


def test_one_predictor_serves_several_python_threads():
    network = seed_network()
    parameters, x, _ = drawn(network, 50, 0)
    predict = CpuEngine(network, threads=2).predictor(parameters)
    expected = predict(x)
    slices = [slice(i, i + 1 + i % 7) for i in range(40)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda where: predict(x[where]), slices * 5))
    for got, where in zip(together, slices * 5, strict=True):
        np.testing.assert_array_equal(got, expected[where])


# In processes of their own. The parent's threads are not in a fork; an engine must find out.

BEGINNING = """
import os, sys, warnings
import numpy as np
from inkgrad.engines.cpu import CpuEngine
from inkgrad.network import seed_network

network = seed_network()
engine, parameters = CpuEngine(network, threads=2), network.initialise(1)
x = np.random.default_rng(0).random((40, 1, 28, 28), np.float32)
labels = np.arange(40) % 5

def bits():
    loss, logits, vector = engine.gradients(parameters, x, labels)
    return np.float64(loss).tobytes() + logits.tobytes() + vector.tobytes()
"""


def run(script: str, **environment: str) -> str:
    """Run a script after `BEGINNING` in another process, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", BEGINNING + script],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that can fork")
FORK = """
warnings.simplefilter("ignore", DeprecationWarning)  # of forking while there are threads
def in_a_child():
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, bits()[-1000:])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        received = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    return received
"""


@needs_fork
def test_after_a_fork_child_and_parent_compute_on():
    script = """
expected = bits()
print(in_a_child() == expected[-1000:], bits() == expected, in_a_child() == expected[-1000:])
"""
    assert run(FORK + script) == "True True True\n"


MODERN = """
from inkgrad.layers import BatchNorm, Conv2D, Dense, Flatten
from inkgrad.network import Network
network = Network([Conv2D(4, 3), BatchNorm(), Flatten(), Dense(5)])
engine, parameters = CpuEngine(network, threads=2), network.initialise(1)
x, labels = np.tile(x, (4, 1, 1, 1)), np.tile(labels, 4)  # parts that threads share
"""


@needs_fork
def test_after_a_fork_parts_are_shared_among_new_threads():
    script = """
expected = bits()
print(in_a_child() == expected[-1000:], bits() == expected)
"""
    assert run(MODERN + FORK + script) == "True True\n"


@pytest.mark.parametrize("seed", range(12))
def test_networks_of_all_layers_for_any_number_of_threads(seed):
    """Layers that stand alone among the kernels' segments; batches of one part and of several."""
    network = any_network(np.random.default_rng(seed))
    data = drawn(network, [5, 65, 140][seed % 3], seed)
    first = everything(CpuEngine(network, threads=1), *data)
    for threads in (2, 3):
        assert everything(CpuEngine(network, threads=threads), *data) == first


@needs_fork
def test_the_first_to_compute_may_be_a_child():
    assert run(FORK + "print(in_a_child() == bits()[-1000:])") == "True\n"


@needs_fork
def test_a_fork_in_the_midst_of_another_threads_step():
    """The workspace that is lent out in the parent, and the lock around it, must not be missed."""
    script = """
import threading
expected, stop = bits(), threading.Event()
def work():
    while not stop.is_set():
        assert bits() == expected
thread = threading.Thread(target=work)
thread.start()
print({in_a_child() == expected[-1000:] for _ in range(20)})
stop.set()
thread.join()
"""
    assert run(FORK + script) == "{True}\n"


def can_thread_by(layer: str) -> bool:
    """Whether Numba's own threads can be had by that library here."""
    script = (
        "from numba import njit, prange\n"
        "@njit(parallel=True)\n"
        "def f(n):\n"
        "    for i in prange(n): pass\n"
        "f(9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "NUMBA_THREADING_LAYER": layer},
        capture_output=True,
        timeout=120,
    )
    return done.returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["omp", "workqueue"])
def test_beside_a_users_own_parallel_code(layer):
    """The engine has threads of its own, and does not care which library Numba's come from."""
    if not can_thread_by(layer):
        pytest.skip(f"Numba has no threads by {layer} here")
    script = """
import threading
from numba import njit, prange, threading_layer
@njit(parallel=True)
def total(values):
    result = 0.0
    for i in prange(len(values)):
        result += values[i]
    return result
values, expected, found = np.ones(100_000), bits(), []
assert total(values) == 100_000
thread = threading.Thread(target=lambda: found.extend(bits() for _ in range(50)))
thread.start()
sums = {total(values) for _ in range(50)}
thread.join()
print(threading_layer(), sums, set(found) == {expected})
"""
    assert run(script, NUMBA_THREADING_LAYER=layer) == f"{layer} {{100000.0}} True\n"
