"""Branches: by hand, by names with dots, nested, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.errors import ShapeError
from inkgrad.layers import (
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Mode,
    Parallel,
    ReLU,
    row,
)
from inkgrad.network import Network
from tests.layers.strategies import Case

RNG = np.random.default_rng


def test_a_sum_is_the_branches_sum():
    a, b = Conv2D(3, 1), Conv2D(3, 3, padding=1)
    case = Case.of(Parallel([[a], [b, ReLU()], []]), (2, 3, 4, 5))
    own = {
        k: {
            "weight": case.parameters[f"{k}.conv1.weight"],
            "bias": case.parameters[f"{k}.conv1.bias"],
        }
        for k in (1, 2)
    }
    y, saved = case.forward()
    (ya, kept_a), (yb, kept_b) = a.forward(case.x, **own[1]), b.forward(case.x, **own[2])
    np.testing.assert_allclose(y, ya + np.maximum(yb, 0) + case.x, rtol=1e-13)
    dx, gradients = case.layer.backward(case.dy, saved)
    (dxa, ga), (dxb, gb) = a.backward(case.dy, kept_a), b.backward(case.dy * (yb > 0), kept_b)
    np.testing.assert_allclose(dx, dxa + dxb + case.dy, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(gradients["1.conv1.weight"], ga["weight"])
    np.testing.assert_array_equal(gradients["2.conv1.bias"], gb["bias"])


def test_side_by_side_every_branch_has_its_own_channels():
    layer = Parallel([[Conv2D(2, 1)], [], [AveragePool2D(1)]], "concatenate")
    case = Case.of(layer, (2, 3, 4, 5))
    y, saved = case.forward()
    assert layer.output_shape((3, 4, 5)) == (8, 4, 5)
    np.testing.assert_array_equal(y[:, 2:5], case.x)
    np.testing.assert_array_equal(y[:, 5:], case.x)
    dx, gradients = layer.backward(case.dy, saved)
    conv, kept = Conv2D(2, 1).forward(
        case.x, case.parameters["1.conv1.weight"], case.parameters["1.conv1.bias"]
    )
    np.testing.assert_array_equal(y[:, :2], conv)
    back, own = Conv2D(2, 1).backward(case.dy[:, :2], kept)
    np.testing.assert_allclose(dx, back + case.dy[:, 2:5] + case.dy[:, 5:], rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(gradients["1.conv1.weight"], own["weight"])


def test_names_have_dots_and_are_numbered_in_each_branch():
    inner = Parallel([[Conv2D(2, 1, bias=False)], []])
    layer = Parallel([[Conv2D(2, 1), Conv2D(2, 1), BatchNorm()], [inner, BatchNorm()]])
    assert list(layer.parameter_shapes((2, 4, 4))) == [
        "1.conv1.weight",
        "1.conv1.bias",
        "1.conv2.weight",
        "1.conv2.bias",
        "1.norm1.scale",
        "1.norm1.shift",
        "2.parallel1.1.conv1.weight",
        "2.norm1.scale",
        "2.norm1.shift",
    ]
    assert list(layer.state_shapes((2, 4, 4))) == [
        "1.norm1.mean",
        "1.norm1.variance",
        "2.norm1.mean",
        "2.norm1.variance",
    ]


def test_every_branch_has_chance_of_its_own():
    x = np.ones((1, 50))
    layer = Parallel([[Dropout()], [Dropout()]], "concatenate")
    y, _ = layer.forward(x, mode=Mode.of_step(0, 0))
    assert not np.array_equal(y[:, :50], y[:, 50:])


def test_what_is_measured_together_is_that_of_all_branches():
    assert Parallel([[ReLU()], []]).together == 1
    assert Parallel([[BatchNorm(6)], [ReLU(), BatchNorm(4)]]).together == 12


def test_what_it_hands_out_is_not_what_it_was_given():
    x = np.ones((1, 2))
    for join in ("add", "concatenate"):
        y, saved = Parallel([[]], join).forward(x)
        dx, _ = Parallel([[]], join).backward(y, saved)
        assert not np.shares_memory(x, y)
        assert not np.shares_memory(y, dx)


def test_the_summary_shows_the_branches():
    network = Network(
        [Parallel([[Conv2D(2, 3, padding=1), BatchNorm()], []]), Flatten(), Dense(3)], (2, 4, 4)
    )
    assert [line.rstrip() for line in network.summary().splitlines()] == [
        "layer              output  parameters  multiply-adds",
        "----------------------------------------------------",
        "parallel1: add  (2, 4, 4)",
        "  1.conv1       (2, 4, 4)          38            576",
        "  1.norm1       (2, 4, 4)           4             32",
        "  2. as it is   (2, 4, 4)           0              0",
        "flatten1            (32,)           0              0",
        "dense1               (3,)          99             96",
        "----------------------------------------------------",
        "total                             141            704",
    ]


@pytest.mark.parametrize(
    ("branches", "join", "message"),
    [
        ([], "add", "branches is []; give at least one row of layers, such as []"),
        (3, "add", "branches is 3; give at least one row of layers, such as []"),
        ([ReLU()], "add", "a branch is a row of layers: give a list, if of one layer too"),
        ([[], ReLU()], "add", "a branch is a row of layers: give a list, if of one layer too"),
        ([[], [3]], "add", "branch 2, layer 1 is 3; give a layer, such as ReLU()"),
        ([[]], "sum", "join is 'sum'; give one of add, concatenate"),
    ],
)
def test_what_are_no_branches_is_refused(branches, join, message):
    with pytest.raises(ShapeError) as caught:
        Parallel(branches, join)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            Parallel([[Conv2D(3, 1)], []]),
            "branches that are added must give one shape, but they give (3, 4, 4) and (2, 4, 4)",
        ),
        (
            Parallel([[AveragePool2D(2)], []], "concatenate"),
            "branches that are concatenated must give pictures of one size, but they give "
            "(2, 2, 2) and (2, 4, 4)",
        ),
        (
            Parallel([[], [ReLU(), Dense(3)]]),
            "branch 2, layer 2 (dense1): a dense layer needs one row of numbers ",
        ),
    ],
)
def test_branches_that_do_not_fit_are_refused(layer, message):
    with pytest.raises(ShapeError) as caught:
        layer.output_shape((2, 4, 4))
    assert str(caught.value).startswith(message)
    with pytest.raises(ShapeError, match=r"layer 1 \(parallel1\): "):
        Network([layer], (2, 4, 4))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"type": "Parallel", "branches": 3},
            "layer 1 (Parallel): branches must be a list of rows of layers, each a list",
        ),
        (
            {"type": "Parallel", "branches": [[], {"type": "ReLU"}]},
            "layer 1 (Parallel): branches must be a list of rows of layers, each a list",
        ),
        (
            {"type": "Parallel"},
            "layer 1 (Parallel): branches must be a list of rows of layers, each a list",
        ),
        (
            {"type": "Parallel", "branches": [[], [{"type": "ReLU"}, {"type": "Dense"}]]},
            "layer 1, branch 2, layer 2 (Dense) takes the settings (outputs), but is given ()",
        ),
        (
            {"type": "Parallel", "branches": [[{"type": "Dense", "outputs": 0}]]},
            "layer 1, branch 1, layer 1 (Dense): outputs is 0; give a whole number of at least 1",
        ),
        (
            {"type": "Parallel", "branches": [[{"type": "Tense"}]]},
            "layer 1, branch 1, layer 1 has the type 'Tense'; there are ",
        ),
        (
            {"type": "Parallel", "branches": [[]], "joint": "add"},
            "layer 1 (Parallel) takes the settings (branches, join), but is given (branches, ",
        ),
    ],
)
def test_a_configuration_says_where_it_is_wrong(config, message):
    with pytest.raises(ShapeError) as caught:
        Network.from_config({"input_shape": [4], "layers": [config]})
    assert str(caught.value).startswith(message)


def test_parts_of_a_layer_are_counted_in_its_cost_and_size():
    layer = Parallel([[Conv2D(2, 3, padding=1), Conv2D(2, 1)], [Conv2D(2, 1)]])
    each = [Conv2D(2, 3, padding=1), Conv2D(2, 1), Conv2D(2, 1)]
    assert layer.multiply_adds((2, 5, 5)) == sum(c.multiply_adds((2, 5, 5)) for c in each)


def test_channels_that_grow_without_arithmetic_are_refused():
    """Each doubles the channels: sixty of them would ask for 10^18."""
    layers = [Parallel([[], []], "concatenate") for _ in range(60)]
    with pytest.raises(ShapeError, match="takes more than 100,000,000,000"):
        Network(layers, (1, 28, 28))


def test_branches_that_would_only_broadcast_are_refused_in_a_pass_too():
    x, weight = np.ones((1, 2, 3, 3)), np.ones((1, 2, 1, 1))
    layer = Parallel([[Conv2D(1, 1, bias=False)], []])
    with pytest.raises(ShapeError, match="branches that are added must give one shape"):
        layer.forward(x, **{"1.conv1.weight": weight})


def test_branches_measure_while_the_network_learns():
    network = Network([Parallel([[BatchNorm()], []], "concatenate")], (3,))
    x = 5 + np.random.default_rng(0).standard_normal((8, 3))
    numbers = network.initialise(0, np.float64).numbers
    _, trail = row.forward(network.stages, x, numbers, Mode.of_step(0, 0))
    after = row.next_state(trail, numbers)
    np.testing.assert_allclose(after["parallel1.1.norm1.mean"], x.mean(axis=0) / 10)


def test_of_two_sizes_among_three_none_is_taken():
    layer = Parallel([[AveragePool2D((2, 1))], [], []], "concatenate")
    with pytest.raises(ShapeError, match="must give pictures of one size"):
        layer.output_shape((2, 4, 4))
