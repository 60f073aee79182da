"""Recognising in bytes by kernels: the reference's numbers, to the last bit."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numba import njit
from numba.core import event

from inkgrad.engines import ReferenceEngine, make_predictor
from inkgrad.engines.cpu import CpuEngine
from inkgrad.engines.cpu.int8 import words
from inkgrad.engines.cpu.int8.words import (
    TILE,
    WORD,
    add_products,
    add_row,
    less_times,
    live_bytes,
    load_whole,
    nearest,
    no_sums,
    store_all_whole,
    store_bytes,
    strongest,
    sum_of_four,
    to_numbers,
)
from inkgrad.engines.cpu.simd import LANES, load, store
from inkgrad.errors import InkgradError
from inkgrad.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    LeakyReLU,
    MaxPool2D,
    Parallel,
    ReLU,
    softmax,
)
from inkgrad.network import Network, Parameters, seed_network, sketch_network
from tests.networks import random_block_network
from tests.thorough import THOROUGH

SUMS = 2 * TILE
ODD = 3  # where things begin: nothing need be aligned


def whole(count: int, most: int = 2**20, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-most, most, count).astype(np.int32)


def some_bytes(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, count, dtype=np.uint8)


def some_weights(*shape: int) -> np.ndarray:
    weights = np.random.default_rng(1).integers(-127, 128, (*shape, LANES, 4)).astype(np.int8)
    weights[..., 0, :], weights[..., 1, :] = 127, -127
    return weights


def test_the_whole_vocabulary_is_tested_here():
    source = Path(__file__).read_text(encoding="utf-8")
    names = {name for name in words.__all__ if name.islower()}
    assert names == {name for name in names if re.search(rf"\b{name}\(", source)}


@pytest.mark.parametrize("has", [words.HAS_DOT_PRODUCTS, False])
def test_products_are_exact_with_the_instruction_and_without(has, monkeypatch):
    """Two in a row: the sums go on."""
    monkeypatch.setattr(words, "HAS_DOT_PRODUCTS", has)

    @njit
    def multiply(array, at, weights, sums):
        places = (at[0], at[1], at[2], at[3])
        acc = add_products(no_sums(8), places, array, ODD, weights, ODD)
        acc = add_products(acc, places, array, ODD + 4, weights, ODD + 2 * LANES)
        store_all_whole(sums, ODD, acc)

    array, at, weights = some_bytes(400), np.array([0, 1, 57, 300]), some_weights(2, 2)
    array[57 : 57 + 11] = 255
    sums = np.zeros(8 * LANES + ODD + 1, np.int32)
    packed = np.concatenate([np.zeros(ODD, np.int32), weights.view(np.int32).ravel()])
    multiply(array, at, packed, sums)
    seen = np.stack([array[p + ODD : p + ODD + 8] for p in at]).reshape(4, 2, 1, 1, 4)
    expected = (seen.astype(np.int64) * weights).sum(axis=(1, 4))  # (place, vector, lane)
    np.testing.assert_array_equal(sums[ODD:-1].reshape(4, 2, LANES), expected)
    assert not sums[:ODD].any()
    assert sums[-1] == 0


def test_one_row_is_multiplied_by_sixteen_bytes():
    @njit
    def multiply(array, weights, sums):
        acc = add_row(no_sums(8), array, ODD, weights, ODD)
        store_all_whole(sums, 0, sum_of_four(acc))

    array, weights = some_bytes(40), some_weights(4, 2)
    sums = np.zeros(2 * LANES, np.int32)
    packed = np.concatenate([np.zeros(ODD, np.int32), weights.view(np.int32).ravel()])
    multiply(array, packed, sums)
    seen = array[ODD : ODD + 16].reshape(4, 1, 1, 4).astype(np.int64)
    np.testing.assert_array_equal(sums.reshape(2, LANES), (seen * weights).sum(axis=(0, 3)))


def test_the_strongest_of_four_places():
    @njit
    def choose(array, sums):
        tile = (
            *(load_whole(array, 0), load_whole(array, LANES), load_whole(array, 2 * LANES)),
            *(load_whole(array, 3 * LANES), load_whole(array, 4 * LANES)),
            *(load_whole(array, 5 * LANES), load_whole(array, 6 * LANES)),
            load_whole(array, 7 * LANES),
        )
        store_all_whole(sums, 0, strongest(tile))

    array, sums = whole(8 * LANES), np.zeros(2 * LANES, np.int32)
    choose(array, sums)
    np.testing.assert_array_equal(sums.reshape(2, LANES), array.reshape(4, 2, LANES).max(axis=0))


@pytest.mark.parametrize("number", [0, 1, 128, 255])
def test_sums_become_numbers(number):
    @njit
    def change(array, number, out):
        x = less_times(load_whole(array, ODD), number, load_whole(array, ODD + LANES))
        store(out, 0, to_numbers(x))

    array, out = whole(3 * LANES), np.zeros(LANES, np.float32)
    array[ODD] = 2**24 + 1  # float32 has no such number: it becomes an even one
    change(array, number, out)
    x, y = array[ODD : ODD + LANES], array[ODD + LANES : ODD + 2 * LANES]
    np.testing.assert_array_equal(out, (x - number * y).astype(np.float32))


def test_numbers_become_bytes():
    @njit
    def change(array, out, target):
        x = nearest(load(array, 0))
        store(out, 0, x)
        store_bytes(target, ODD, x)

    array = np.linspace(0, 255, LANES).astype(np.float32)
    array[:4] = 0.5, 1.5, 2.5, 254.5
    out, target = np.zeros(LANES, np.float32), np.zeros(LANES + ODD + 1, np.uint8)
    change(array, out, target)
    np.testing.assert_array_equal(out, np.rint(array))
    np.testing.assert_array_equal(target[ODD:-1], np.rint(array))
    assert (target[-1], target[:ODD].any()) == (0, False)


def test_live_bytes_are_bits():
    @njit
    def look(array, i):
        return live_bytes(array, i)

    array = some_bytes(WORD + ODD) * np.random.default_rng(0).integers(0, 2, WORD + ODD)
    array = array.astype(np.uint8)
    expected = sum(1 << k for k in range(WORD) if array[ODD + k])
    assert look(array, ODD) == expected


# Whole networks.


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    CpuEngine(seed_network()).prepare(precision="int8")


def drawn(network: Network, n: int, rng: np.random.Generator) -> tuple[Parameters, np.ndarray]:
    """Return parameters and inputs: of both signs or not, mostly paper or not."""
    parameters = network.initialise(seed=0).astype(np.float32)
    parameters.vector[:] += rng.normal(size=network.size) / 50
    x = rng.normal(size=(n, *network.input_shape)).astype(np.float32)
    x = np.maximum(x, 0) if rng.random() < 0.6 else x
    return parameters, x * (rng.random(x.shape) < 0.1) if rng.random() < 0.4 else x


def with_relu(network: Network) -> Network:
    """Return a network that ends in a ReLU: NumPy's softmax follows, as in the reference."""
    return Network([*network.layers, ReLU()], network.input_shape)


@pytest.mark.parametrize("seed", range(60 * THOROUGH))
def test_random_networks_give_the_same_bits(seed):
    rng = np.random.default_rng(seed)
    network = with_relu(random_block_network(rng))
    parameters, x = drawn(network, int(rng.choice([1, 2, 5, 9, 20, 70])), rng)
    expected = ReferenceEngine(network).predictor(parameters, "int8")(x)
    found = CpuEngine(network, threads=1 + seed % 2).predictor(parameters, "int8")(x)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "network",
    [
        Network([Conv2D(5, 3, padding=1), MaxPool2D(2)], (1, 9, 9)),
        Network([Conv2D(33, 3), ReLU(), Conv2D(7, 1)], (17, 6, 6)),
        Network([Conv2D(4, 2, stride=3, padding=1), MaxPool2D(2), ReLU()], (1, 12, 80)),
        Network([Flatten(), Dense(70), Dense(3), ReLU()], (2, 4, 4)),
        Network([Dense(1), ReLU()], (1,)),
    ],
)
def test_what_a_segment_gives_are_the_same_bits(network):
    """Of maps, too, that go on to layers which no kernel knows."""
    network = Network([*network.layers, LeakyReLU(0.5), Flatten(), ReLU()], network.input_shape)
    rng = np.random.default_rng(0)
    parameters, x = drawn(network, 11, rng)
    expected = ReferenceEngine(network).predictor(parameters, "int8")(x)
    found = CpuEngine(network, threads=2).predictor(parameters, "int8")(x)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("n", [1, 3, 8, 9, 300])
def test_probabilities_are_the_softmax(n):
    network = seed_network()
    parameters, x = drawn(network, n, np.random.default_rng(n))
    expected = ReferenceEngine(network).predictor(parameters, "int8")(x)
    found = CpuEngine(network).predictor(parameters, "int8")(x)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    logits = CpuEngine(network).predictor(parameters, "int8", logits=True)(x)
    same = ReferenceEngine(network).predictor(parameters, "int8", logits=True)(x)
    np.testing.assert_array_equal(logits, same)
    np.testing.assert_allclose(found, softmax(logits), rtol=1e-5, atol=1e-7)


def test_a_drawing_gives_the_same_bits_alone_and_among_others_by_any_number_of_threads():
    network = seed_network()
    parameters, x = drawn(network, 200, np.random.default_rng(0))
    one, three = (CpuEngine(network, threads=n).predictor(parameters, "int8") for n in (1, 3))
    whole_ = one(x)
    np.testing.assert_array_equal(three(x), whole_)
    for n in range(0, 20, 7):
        np.testing.assert_array_equal(one(x[n : n + 1]), whole_[n : n + 1])


def test_the_padding_is_0_whatever_0_is_as_a_byte():
    """Drawings whose zero points differ, one after the other."""
    network = Network([Conv2D(3, 3, padding=1), ReLU(), Flatten()], (1, 5, 5))
    parameters, x = drawn(network, 6, np.random.default_rng(0))
    x = np.random.default_rng(1).normal(size=x.shape).astype(np.float32)
    x[::2] = np.abs(x[::2])
    expected = ReferenceEngine(network).predictor(parameters, "int8")(x)
    found = CpuEngine(network, threads=1).predictor(parameters, "int8")(x)
    np.testing.assert_array_equal(found, expected)


def test_blank_paper_and_what_is_not_finite():
    network = seed_network()
    parameters, x = drawn(network, 4, np.random.default_rng(0))
    x[0], x[1, 0, 9, 9], x[2, 0, 0, 0] = 0, np.nan, np.inf
    found = CpuEngine(network).predictor(parameters, "int8")(x)
    np.testing.assert_array_equal(np.isnan(found).all(axis=1), [False, True, True, False])
    expected = ReferenceEngine(network).predictor(parameters, "int8")(x)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_near_float32():
    for network in (seed_network(), sketch_network(20)):
        parameters = network.initialise(seed=0)
        x = np.maximum(np.random.default_rng(0).normal(size=(40, 1, 28, 28)), 0)
        x = x.astype(np.float32)
        exact = ReferenceEngine(network).predictor(parameters)(x)
        found = CpuEngine(network).predictor(parameters, "int8")(x)
        assert 0 < np.abs(found - exact).max() < 0.02


def test_what_no_kernel_for_bytes_knows_is_computed_in_float32():
    branch = [Conv2D(8, 3, padding=1), BatchNorm(), ReLU()]
    layers = [*branch, Parallel([branch, []]), GlobalAveragePool(), Dense(20), ReLU(), Dense(3)]
    network = Network(layers, (1, 9, 9))
    parameters, x = drawn(network, 5, np.random.default_rng(0))
    CpuEngine(network).prepare(precision="int8")
    found = CpuEngine(network).predictor(parameters, "int8")(x)
    expected = ReferenceEngine(network).predictor(parameters, "int8")(x)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_inputs_of_any_kind_and_what_is_handed_in_stays():
    network = seed_network()
    parameters, x = drawn(network, 6, np.random.default_rng(0))
    predict = CpuEngine(network).predictor(parameters, "int8")
    expected, before = predict(x), x.copy()
    parameters.vector[:] = 0  # the predictor has its own
    fixed = x.copy()
    fixed.flags.writeable = False
    with event.install_recorder("numba:compile") as recorder:
        for other in (fixed, x.astype(np.float64), np.asfortranarray(x), x[::-1][::-1]):
            np.testing.assert_array_equal(predict(other), expected)
    assert len(recorder.buffer) == 0
    np.testing.assert_array_equal(x, before)
    assert predict(x[:0]).shape == (0, 5)


def test_several_threads_may_ask_at_once():
    network = seed_network()
    parameters, x = drawn(network, 64, np.random.default_rng(0))
    predict = CpuEngine(network, threads=2).predictor(parameters, "int8")
    expected, barrier = predict(x), threading.Barrier(4)

    def ask(n: int) -> None:
        barrier.wait()
        for _ in range(10):
            np.testing.assert_array_equal(predict(x[:n]), expected[:n])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, (1, 7, 20, 64)))


def test_refusals():
    network = seed_network()
    parameters = network.initialise()
    with pytest.raises(InkgradError, match="precision is 'half'"):
        CpuEngine(network).predictor(parameters, "half")
    with pytest.raises(InkgradError, match="these are float64"):
        CpuEngine(network).predictor(parameters.astype(np.float64), "int8")


def test_only_its_own_kernels_are_made_ready(monkeypatch):
    from inkgrad.engines.cpu import warmup

    for name in ("use_forward", "use_backward", "use_maps"):
        monkeypatch.setattr(warmup, name, lambda *_, **__: pytest.fail("not asked for"))
    engine = CpuEngine(seed_network())
    told = []
    engine.prepare(lambda *event: told.append(event), precision="int8")
    assert told == []  # they are ready
    assert engine.fetch("int8")
    engine.compile_apart("int8")


def test_auto_answers_by_the_reference_and_then_by_kernels_with_the_same_bits():
    network = with_relu(seed_network())
    parameters, x = drawn(network, 5, np.random.default_rng(0))
    first = make_predictor("reference", network, parameters, "int8")(x)
    for engine in ("auto", "cpu"):
        np.testing.assert_array_equal(make_predictor(engine, network, parameters, "int8")(x), first)
