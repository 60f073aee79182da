"""Folding: the same answers from fewer layers, by every rule and on random networks."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.engines import ReferenceEngine
from inkgrad.engines.cpu import CpuEngine
from inkgrad.fold import fold
from inkgrad.insight.gradcheck import random_parameters
from inkgrad.layers import (
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    MaxPool2D,
    Parallel,
    ReLU,
)
from inkgrad.model import Model
from inkgrad.network import Network, seed_network, sketch_network
from tests.networks import any_network

SHAPE = (2, 9, 8)
NORM = BatchNorm()
SAME = Conv2D(2, 3, padding=1)


def folded(network, seed=0):
    """Fold a network with random numbers; both must answer alike."""
    rng = np.random.default_rng(seed)
    numbers = random_parameters(network, rng)
    x = rng.standard_normal((5, *network.input_shape))
    before = numbers.vector.copy(), numbers.statistics.vector.copy()
    small, fewer = fold(network, numbers)
    expected = ReferenceEngine(network).forward(numbers, x)
    got = ReferenceEngine(small).forward(fewer, x)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-11 * np.abs(expected).max())
    np.testing.assert_array_equal(numbers.vector, before[0])
    np.testing.assert_array_equal(numbers.statistics.vector, before[1])
    return small, fewer


@pytest.mark.parametrize(
    ("layers", "left"),
    [
        ([SAME, NORM, ReLU()], "conv1 relu1"),
        ([Conv2D(3, 2, bias=False), NORM], "conv1"),
        ([Conv2D(4, 3, groups=2), NORM], "conv1"),
        ([SAME, NORM, NORM, Dropout()], "conv1"),
        ([SAME, AveragePool2D(2), NORM], "conv1 average1"),
        ([SAME, GlobalAveragePool(), NORM], "conv1 global1"),
        ([SAME, GlobalAveragePool(), Dense(4), NORM, ReLU()], "conv1 global1 dense1 relu1"),
        ([SAME, MaxPool2D(2), NORM], "conv1 pool1"),  # all scales are positive here
        ([ReLU(), NORM, Conv2D(3, 3)], "relu1 conv1"),
        ([ReLU(), NORM, Conv2D(4, 3, groups=2, bias=False), ReLU()], "relu1 conv1 relu2"),
        ([ReLU(), NORM, AveragePool2D(2), Conv2D(3, 2)], "relu1 average1 conv1"),
        ([ReLU(), NORM, Flatten(), Dense(3), ReLU()], "relu1 flatten1 dense1 relu2"),
        ([ReLU(), NORM, NORM, Conv2D(3, 1), ReLU()], "relu1 conv1 relu2"),
        ([ReLU(), NORM, SAME], "relu1 norm1 conv1"),  # padding is 0, not b
        ([ReLU(), NORM, ReLU()], "relu1 norm1 relu2"),
        ([ReLU(), NORM, Flatten(), Dense(3)], "relu1 norm1 flatten1 dense1"),  # features stay
        ([Parallel([[SAME, NORM]])], "conv1"),
        ([Parallel([[Dropout()], []]), SAME], "conv1 conv2"),
        ([Parallel([[SAME, NORM], []])], "conv1"),
        ([Parallel([[SAME, NORM], [Conv2D(2, 1)], [NORM]])], "parallel1"),
        ([Parallel([[SAME], [Conv2D(2, (1, 3), padding=(0, 1))], []]), NORM], "conv1"),
        (
            [
                Parallel(
                    [
                        [Conv2D(3, 3, 2, 1)],
                        [Conv2D(3, 1, 2, 0)],
                        [Conv2D(3, 2, 2, ((0, 1), (1, 0)))],
                    ]
                )
            ],
            "conv1",
        ),
        ([Parallel([[Conv2D(3, 3, 2, 1)], [NORM, Conv2D(3, 1, 2)]]), ReLU()], "conv1 relu1"),
        ([Parallel([[SAME], [Conv2D(2, 3, padding=2, dilation=2)]])], "parallel1"),
        ([Parallel([[SAME, NORM, ReLU(), SAME, NORM], []]), ReLU()], "parallel1 relu1"),
        ([Parallel([[SAME, ReLU(), SAME], [Conv2D(2, 1)]]), NORM], "parallel1"),
        ([Parallel([[SAME], [Conv2D(3, 1)]], "concatenate"), NORM], "parallel1"),
        ([Parallel([[SAME, ReLU()], []]), NORM], "parallel1 norm1"),
        ([Dropout(), Dropout()], "dropout1 dropout2"),  # a network has at least one layer
    ],
)
def test_what_is_left(layers, left):
    small, _ = folded(Network(layers, SHAPE))
    assert " ".join(stage.name for stage in small.stages) == left


@pytest.mark.parametrize("seed", range(30))
def test_convolutions_that_are_added_become_one(seed):
    """Of any sizes and paddings by side that give as many outputs; an identity among them."""
    rng = np.random.default_rng(seed)
    stride = (1, 1) if seed % 2 else tuple(int(n) for n in rng.integers(1, 4, 2))
    rows = []
    for _ in range(rng.integers(2, 4)):
        size = tuple(int(n) for n in rng.integers(1, 5, 2))
        before = [int(rng.integers(0, f)) for f in size]
        padding = tuple((p, f - 1 - p) for p, f in zip(before, size, strict=True))
        rows.append([Conv2D(2, size, stride, padding, bias=bool(rng.random() < 0.5))])
    if stride == (1, 1):
        rows.insert(int(rng.integers(0, len(rows) + 1)), [])
    small, _ = folded(Network([Parallel(rows), Flatten(), Dense(3)], (2, 9, 8)), seed)
    assert [stage.name for stage in small.stages] == ["conv1", "flatten1", "dense1"]


def test_strides_that_differ_are_not_added():
    network = Network([Parallel([[Conv2D(2, 3, (2, 1), 1)], [Conv2D(2, 1, (1, 2), 0)]])], (2, 1, 1))
    small, _ = folded(network)
    assert [stage.name for stage in small.stages] == ["parallel1"]


@pytest.mark.parametrize("join", ["add", "concatenate"])
def test_a_norm_behind_branches_goes_into_each_that_can_take_it(join):
    widths = (2, 2, 2) if join == "add" else (1, 3, 2)
    rows = [[Conv2D(k, 1), ReLU(), Conv2D(k, 3, padding=1)] for k in widths]
    if join == "concatenate":
        rows.append([Conv2D(4, 1), MaxPool2D(1), NORM])
    small, _ = folded(Network([Parallel(rows, join), NORM, NORM, ReLU()], SHAPE))
    assert [stage.name for stage in small.stages] == ["parallel1", "relu1"]
    assert not small.statistics_size
    small, _ = folded(Network([Parallel([*rows, []], join), NORM], (2, 9, 8)))
    assert [stage.name for stage in small.stages] == ["parallel1", "norm1"]


def test_names_within_branches_are_kept_apart():
    inner = Parallel([[Conv2D(2, 1), ReLU()], [ReLU(), NORM, ReLU()]])
    network = Network([Parallel([[inner, ReLU()], [ReLU(), Conv2D(2, 1), NORM]]), NORM], SHAPE)
    small, numbers = folded(network)
    assert [stage.name for stage in small.stages] == ["parallel1", "norm1"]
    assert list(numbers) == [
        "parallel1.1.parallel1.1.conv1.weight",
        "parallel1.1.parallel1.1.conv1.bias",
        "parallel1.1.parallel1.2.norm1.scale",
        "parallel1.1.parallel1.2.norm1.shift",
        "parallel1.2.conv1.weight",
        "parallel1.2.conv1.bias",
        "norm1.scale",
        "norm1.shift",
    ]
    assert len(numbers.statistics) == 4


def test_norms_that_stay_take_in_those_behind_them():
    small, numbers = folded(Network([ReLU(), NORM, NORM, AveragePool2D(2), NORM, ReLU()], SHAPE))
    assert [stage.name for stage in small.stages] == ["relu1", "norm1", "average1", "relu2"]
    assert len(numbers) == 2


def test_a_maximum_lets_no_negative_scale_pass():
    network = Network([SAME, MaxPool2D(2), NORM], SHAPE)
    numbers = random_parameters(network, np.random.default_rng(0))
    numbers["norm1.scale"] = np.array([1.0, -1.0])
    small, _ = fold(network, numbers)
    assert [stage.name for stage in small.stages] == ["conv1", "pool1", "norm1"]


def test_where_nothing_can_be_folded_nothing_is_copied():
    network = seed_network()
    numbers = network.initialise()
    small, same = fold(network, numbers)
    assert small is network
    assert same is numbers


@pytest.mark.parametrize("seed", range(60))
def test_random_networks_answer_alike(seed):
    folded(any_network(np.random.default_rng(seed)), seed)


def test_sketch_becomes_a_plain_row():
    small, numbers = folded(sketch_network(5))
    kinds = {type(layer) for layer in small.layers}
    assert kinds == {Conv2D, ReLU, MaxPool2D, GlobalAveragePool, Dense}
    assert numbers.statistics.vector.size == 0
    assert len(small.layers) == 7 * 2 + 2 + 2


def test_in_float32_predictors_answer_alike_and_dtype_is_kept():
    network = sketch_network(5)
    rng = np.random.default_rng(0)
    numbers = random_parameters(network, rng, np.float32)
    x = rng.random((40, 1, 28, 28), np.float32)
    _, fewer = fold(network, numbers)
    assert fewer.vector.dtype == np.float32
    expected = ReferenceEngine(network).predict(numbers, x)
    for engine in (ReferenceEngine(network), CpuEngine(network)):
        for n in (1, 40):
            np.testing.assert_allclose(
                engine.predictor(numbers)(x[:n]), expected[:n], rtol=1e-5, atol=1e-5
            )


def test_a_folded_model_says_the_same():
    network = sketch_network(2)
    numbers = random_parameters(network, np.random.default_rng(1), np.float32)
    model = Model(network, numbers, ("cat", "dog"), engine="reference")
    drawings = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)
    small = model.folded()
    assert len(small.network.layers) < len(network.layers)
    np.testing.assert_allclose(
        small.predict_proba(drawings), model.predict_proba(drawings), atol=1e-5
    )
    plain = Model(seed_network(2), seed_network(2).initialise(), ("cat", "dog"))
    assert plain.folded() is plain
