"""Rows of steps over maps against the layers in float64: there, back, statistics, in both modes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from inkgrad.engines.cpu import CpuEngine
from inkgrad.engines.cpu.maps import steps
from inkgrad.engines.cpu.maps.frame import Buffers, Frame
from inkgrad.engines.cpu.maps.run import MapsRun
from inkgrad.engines.cpu.plan import MapsSegment, make_plan
from inkgrad.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    GlobalAveragePool,
    LeakyReLU,
    MaxPool2D,
    Mode,
    Parallel,
    ReLU,
    row,
)
from inkgrad.network import Network, Parameters, Statistics, sketch_network

pytestmark = pytest.mark.usefixtures("nothing_compiles")

TOLERANCE = 1e-5  # of the largest number; a float32 has seven digits


def conv(filters, size=3, **settings):
    """Return a convolution that keeps the size, unless told otherwise."""
    return Conv2D(filters, size, **{"padding": 1, **settings})


def depthwise(channels, size=3, **settings):
    """Return a convolution with a filter for each channel."""
    return Conv2D(channels, size, **{"padding": 1, "groups": channels, **settings})


ROWS = {
    "one convolution": [conv(16)],
    "bias, ReLU, pool": [conv(20), ReLU(), MaxPool2D(2)],
    "pool first": [MaxPool2D(2), ReLU(), conv(5)],
    "norm first": [BatchNorm(shard=2), conv(5), LeakyReLU(0.5)],
    "two norms": [conv(33), BatchNorm(shard=3), ReLU(), BatchNorm(), LeakyReLU(0.1)],
    "ReLU before norm": [conv(9), ReLU(), BatchNorm(), MaxPool2D(2)],
    "pool between": [
        *(conv(20, bias=False), BatchNorm(shard=4), ReLU(), conv(40), BatchNorm()),
        *(MaxPool2D(2), LeakyReLU(0.1), conv(17), BatchNorm(), ReLU()),
    ],
    "padding of every kind": [
        *(conv(8, padding=0), conv(8, padding=2), conv(8, padding=((0, 2), (1, 0))), ReLU()),
        *(conv(8, padding=3), BatchNorm(), ReLU()),
    ],
    "patches": [
        *(conv(20, 5, stride=2, padding=2), BatchNorm(shard=4), ReLU()),
        *(conv(33, 1, padding=0), ReLU(), conv(8, 3, dilation=2, padding=((0, 1), (2, 1)))),
        *(BatchNorm(), conv(3, (2, 4), padding=(1, 3)), conv(3, 2, stride=3, padding=4)),
    ],
    "depthwise": [
        *(conv(17), depthwise(17), BatchNorm(), ReLU(), depthwise(17, stride=2)),
        *(depthwise(17, 5, padding=((0, 2), (3, 1))), BatchNorm(), conv(33, 1, padding=0)),
        *(ReLU(), depthwise(33, (3, 2), dilation=(2, 1), padding=((1, 0), (0, 1)))),
        depthwise(33, 2, padding=2),
    ],
    "residual": [
        *(conv(16, bias=False), BatchNorm(), ReLU()),
        Parallel([[conv(16), BatchNorm(), ReLU(), conv(16), BatchNorm()], []]),
        *(ReLU(), MaxPool2D(2), Parallel([[conv(8)], [conv(8, 1, padding=0, bias=False)]])),
    ],
    "norms ahead": [
        conv(16),
        Parallel([[BatchNorm(shard=2), ReLU(), conv(16), BatchNorm(), ReLU(), conv(16)], []]),
        Parallel([[], [BatchNorm(), ReLU(), depthwise(16)], [ReLU()]]),
        *(BatchNorm(), ReLU()),
    ],
    "side by side": [
        Parallel([[conv(16)], [conv(32, 1, padding=0), ReLU()], [BatchNorm()]], "concatenate"),
        *(BatchNorm(), ReLU(), conv(5)),
    ],
    "branches in branches": [
        Parallel([[Parallel([[conv(16)], []]), ReLU()], [Parallel([[], []])]]),
        Parallel([[]]),
    ],
}


def layers_in_float64(network, stages, parameters, x, dy, mode):
    """Return what the layers give, send back, learn and measure."""
    wide = Parameters(
        network,
        parameters.vector.astype(np.float64),
        Statistics(network, parameters.statistics.vector.astype(np.float64)),
    )
    own = {f"{s.name}.{name}": values for s in stages for name, values in wide.of(s).items()}
    y, trail = row.forward(stages, x.astype(np.float64), own, mode)
    dx, gradients = row.backward(trail, dy.astype(np.float64))
    gradient = np.zeros(network.size)
    for name, values in gradients.items():
        gradient[network.layout[name][0]] = values.reshape(-1)
    for name, values in row.next_state(trail, own).items():
        wide.statistics[name] = values
    return y, dx, gradient, wide.statistics.vector


def off(ours, theirs):
    """Return the largest difference, as a share of the largest number."""
    assert ours.shape == theirs.shape
    if not theirs.size:
        return 0.0
    return float(np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-30))


def drawn(layers, shape, seed):
    """Return a network whose layers but the last two are a row, and parameters."""
    network = Network([*layers, GlobalAveragePool(), Dense(3)], shape)
    parameters, rng = network.initialise(seed=seed), np.random.default_rng(seed)
    parameters.vector[:] += rng.normal(scale=0.05, size=network.size)
    if network.statistics_size:
        parameters.statistics.vector[:] = rng.uniform(0.5, 1.5, network.statistics_size)
    return network, parameters, rng


@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", ROWS)
def test_a_row_does_what_its_layers_do(name, training, averaged):
    """A batch that is used twice meets buffers in which something is left."""
    shape = (16 if "branches" in name else 3, 13, 11)
    network, parameters, rng = drawn(ROWS[name], shape, seed=len(name))
    stages = network.stages[: len(ROWS[name]) + averaged]
    run, mode = MapsRun(stages, is_first=False), Mode.of_step(0, 0) if training else Mode()
    for n in (7, 1, 7):
        x = rng.normal(size=(n, *shape)).astype(np.float32)
        dy = rng.normal(size=(n, *stages[-1].output_shape)).astype(np.float32)
        theirs = layers_in_float64(network, stages, parameters, x, dy, mode)
        gradient, statistics = np.zeros(network.size, np.float32), parameters.statistics.copy()
        with run.weights(parameters) as weights:
            y, saved = run.there(parameters, x, mode, statistics, weights)
            dx = run.back(parameters, dy, saved, gradient)
        ours = (y, dx, gradient, statistics.vector)
        assert max(map(off, ours, theirs)) < TOLERANCE
        if not training:
            assert np.array_equal(run.forward(parameters, x), y)


def test_chunks_and_shards_may_end_anywhere(monkeypatch):
    """Chunks of one drawing, or of a few, that lie across shards of two norms."""
    layers = [conv(9), BatchNorm(shard=3), ReLU(), conv(20), BatchNorm(shard=4), conv(8), ReLU()]
    network, parameters, rng = drawn(layers, (2, 9, 10), seed=1)
    x = rng.normal(size=(11, 2, 9, 10)).astype(np.float32)
    dy = rng.normal(size=(11, 8, 9, 10)).astype(np.float32)
    stages, mode = network.stages[: len(layers)], Mode.of_step(0, 0)
    theirs = layers_in_float64(network, stages, parameters, x, dy, mode)
    for size in (1, 20_000, 40_000, 10**9):
        monkeypatch.setattr(steps, "_CHUNK", size)
        run = MapsRun(stages, is_first=False)
        gradient, statistics = np.zeros(network.size, np.float32), parameters.statistics.copy()
        with run.weights(parameters) as weights:
            y, saved = run.there(parameters, x, mode, statistics, weights)
            dx = run.back(parameters, dy, saved, gradient)
        assert max(map(off, (y, dx, gradient, statistics.vector), theirs)) < TOLERANCE


def test_among_equals_the_first_in_row_major_order_wins():
    """A pool by itself: no rounding, and ties wherever one looks."""
    network, parameters, rng = drawn([ReLU(), MaxPool2D(2)], (3, 9, 8), seed=0)
    stages, mode = network.stages[:2], Mode()
    x = rng.integers(-1, 2, (5, 3, 9, 8)).astype(np.float32)
    dy = rng.normal(size=(5, 3, 4, 4)).astype(np.float32)
    y, dx, _, _ = layers_in_float64(network, stages, parameters, x, dy, mode)
    run = MapsRun(stages, is_first=False)
    with run.weights(parameters) as weights:
        ours, saved = run.there(parameters, x, mode, parameters.statistics.copy(), weights)
        back = run.back(parameters, dy, saved, np.zeros(network.size, np.float32))
    assert np.array_equal(ours, y)
    assert np.array_equal(back, dx.astype(np.float32))


def test_rounding_is_that_of_float32_in_deep_rows_too():
    """Winograd's transforms lose little: at most four times what NumPy's float32 does."""
    layers = [layer for _ in range(6) for layer in (conv(32, bias=False), BatchNorm(), ReLU())]
    network, parameters, rng = drawn(layers, (8, 12, 12), seed=3)
    stages, mode = network.stages[: len(layers)], Mode.of_step(0, 0)
    x = rng.normal(size=(8, 8, 12, 12)).astype(np.float32)
    y = layers_in_float64(network, stages, parameters, x, np.zeros((8, 32, 12, 12)), mode)[0]
    own = {f"{s.name}.{k}": values for s in stages for k, values in parameters.of(s).items()}
    plain, _ = row.forward(stages, x, own, mode)
    run = MapsRun(stages, is_first=False)
    with run.weights(parameters) as weights:
        ours, _ = run.there(parameters, x, mode, parameters.statistics.copy(), weights)
    assert np.linalg.norm(ours - y) < 4 * np.linalg.norm(plain - y)


def test_several_threads_may_use_one_predictor_and_one_engine():
    network = sketch_network(5)
    (segment, *_) = make_plan(network)
    assert isinstance(segment, MapsSegment)
    parameters = network.initialise(seed=0)
    x = np.random.default_rng(0).random((100, 1, 28, 28), np.float32)
    one, three = CpuEngine(network, threads=1), CpuEngine(network, threads=3)
    whole = one.predictor(parameters)(x)
    assert np.array_equal(three.predictor(parameters)(x), whole)
    assert np.array_equal(one.predictor(parameters)(x[40:41]), whole[40:41])
    assert np.allclose(three.predict(parameters, x), whole, atol=1e-6)


@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize("name", ROWS)
def test_what_was_noted_down_answers_as_a_pass_does(name, averaged):
    """Whatever was answered before, and for two callers at once, which have maps of their own."""
    shape = (16 if "branches" in name else 3, 13, 11)
    network, parameters, rng = drawn(ROWS[name], shape, seed=0)
    run = MapsRun(network.stages[: len(ROWS[name]) + averaged], is_first=True)
    weights = run.lay_out(parameters, back=False)
    pictures = [rng.normal(size=(n, *shape)).astype(np.float32) for n in (1, 3, 1, 3, 1)]
    expected = [run.forward(parameters, x, None, weights) for x in pictures]
    for _ in range(2):
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda x: run.again(parameters, x, weights), pictures))
        assert [y.tobytes() for y in found] == [y.tobytes() for y in expected]


def test_the_memory_that_is_told_is_about_what_a_pass_takes():
    layers = [conv(32), BatchNorm(), ReLU(), conv(16), Parallel([[conv(16), ReLU()], []]), ReLU()]
    network, parameters, rng = drawn(layers, (3, 28, 28), seed=0)
    run = MapsRun(network.stages[: len(layers)], is_first=True)
    x = rng.random((200, 3, 28, 28), np.float32)
    with run.weights(parameters) as weights:
        y, saved = run.there(parameters, x, Mode.of_step(0, 0), parameters.statistics, weights)
        run.back(parameters, y, saved, np.zeros(network.size, np.float32))
    (buffers,) = run._buffers
    taken = sum(maps.nbytes for free in buffers._free.values() for maps in free)
    assert 0.7 < run.bytes(200) / taken < 1.4


def test_what_is_lent_is_lent_again_with_zeros_around_it():
    frame, buffers = Frame((3, 2, 2), (1, 1, 1, 1)), Buffers(4)
    maps = buffers.take(frame)
    frame.inside(maps, 4)[...] = 7
    buffers.give(frame, maps)
    again = buffers.take(frame)
    assert again is maps
    assert buffers.take(frame) is not maps
    assert again.sum() == frame.inside(again, 4).sum()
    planes = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
    frame.write(again, planes)
    assert np.array_equal(frame.read(again, 2), planes)
