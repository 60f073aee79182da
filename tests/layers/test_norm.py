"""Batch norm: every number by plain loops, shards, running averages, and what is refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

from inkgrad.errors import ShapeError
from inkgrad.insight.loops import normalised
from inkgrad.layers import BatchNorm, Mode
from inkgrad.layers.norm import shards
from tests.layers.loops import measured, normalised_backward
from tests.layers.strategies import Case, cases, norms

TRAINING = Mode.of_step(0, 0)


@given(cases(norms()))
def test_forward_backward_and_statistics_are_the_loops(case):
    layer, numbers = case.layer, {**case.parameters, **case.statistics}
    y, saved = case.forward()
    dx, gradients = layer.backward(case.dy, saved)
    after = layer.next_state(saved, **case.statistics)
    parts = shards(len(case.x), layer.shard) if case.mode.training else [slice(0, len(case.x))]
    mean, variance = numbers["mean"].copy(), numbers["variance"].copy()
    scale, shift = np.zeros_like(mean), np.zeros_like(mean)
    for part in parts:
        x, dy = case.x[part], case.dy[part]
        if case.mode.training:
            own, spread = measured(x)
            share = layer.momentum * len(x) / len(case.x)
            count = len(x) * x[0, 0].size
            mean += share * (own - numbers["mean"])
            if count > 1:
                variance += share * (spread * count / (count - 1) - numbers["variance"])
        else:
            own, spread = numbers["mean"], numbers["variance"]
        given_ = own, spread, numbers["scale"], numbers["shift"], layer.epsilon
        np.testing.assert_allclose(y[part], normalised(x, *given_), rtol=1e-12, atol=1e-12)
        expected = normalised_backward(x, dy, *given_[:3], layer.epsilon, case.mode.training)
        np.testing.assert_allclose(dx[part], expected[0], rtol=1e-9, atol=1e-11)
        scale, shift = scale + expected[1], shift + expected[2]
    np.testing.assert_allclose(gradients["scale"], scale, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(gradients["shift"], shift, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(after["mean"], mean, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(after["variance"], variance, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("shape", [(64, 3, 5, 4), (64, 3), (64, 2, 7)])
def test_every_channel_of_every_shard_has_mean_0_and_variance_1(shape):
    x = 100 + 7 * np.random.default_rng(0).standard_normal(shape)
    case = Case.of(BatchNorm(shard=16, epsilon=1e-12), shape, mode=TRAINING)
    case.parameters = {"scale": np.ones(shape[1]), "shift": np.zeros(shape[1])}
    y, _ = case.forward(x=x)
    for part in shards(64, 16):
        cells = np.moveaxis(y[part], 1, 0).reshape(shape[1], -1)
        np.testing.assert_allclose(cells.mean(axis=1), 0, atol=1e-10)
        np.testing.assert_allclose(cells.var(axis=1), 1, rtol=1e-9)


@pytest.mark.parametrize(
    ("n", "sizes"),
    [(1, [1]), (31, [31]), (32, [32]), (63, [63]), (64, [32, 32]), (100, [32, 32, 36])],
)
def test_no_shard_is_smaller_unless_the_batch_is(n, sizes):
    assert [part.stop - part.start for part in shards(n, 32)] == sizes


def test_float32_is_as_exact_as_its_numbers_allow():
    """Many numbers far from 0: sums of 10^6 of them in float32 alone would be off by 10^-4."""
    x = (1000 + np.random.default_rng(0).standard_normal((64, 1, 128, 128))).astype(np.float32)
    numbers = {"scale": np.ones(1, np.float32), "shift": np.zeros(1, np.float32)}
    state = {"mean": np.zeros(1, np.float32), "variance": np.ones(1, np.float32)}
    layer = BatchNorm(shard=64, momentum=1.0)
    _, saved = layer.forward(x, **numbers, **state, mode=TRAINING)
    found = layer.next_state(saved, **state)
    assert found["mean"][0] == pytest.approx(x.mean(dtype=np.float64), rel=1e-6)
    assert found["variance"][0] == pytest.approx(x.var(dtype=np.float64), rel=1e-4)


def test_running_averages_come_to_what_is_measured():
    rng, layer = np.random.default_rng(0), BatchNorm(shard=8)
    numbers = {"scale": np.ones(2), "shift": np.zeros(2)}
    state = layer.first_state((2, 3, 3))
    assert state["mean"].tolist() == [0, 0]
    assert state["variance"].tolist() == [1, 1]
    for _ in range(200):
        x = np.array([5.0, -1.0])[:, None, None] + 3 * rng.standard_normal((32, 2, 3, 3))
        _, saved = layer.forward(x, **numbers, **state, mode=TRAINING)
        state = layer.next_state(saved, **state)
    np.testing.assert_allclose(state["mean"], [5, -1], atol=0.2)
    np.testing.assert_allclose(state["variance"], 9, rtol=0.1)


def test_one_number_alone_leaves_the_variance():
    layer, state = BatchNorm(momentum=0.5), {"mean": np.array([2.0]), "variance": np.array([3.0])}
    numbers = {"scale": np.array([4.0]), "shift": np.array([7.0])}
    y, saved = layer.forward(np.array([[10.0]]), **numbers, **state, mode=TRAINING)
    assert y.tolist() == [[7.0]]  # there is nothing to tell it from its mean by
    after = layer.next_state(saved, **state)
    assert (after["mean"].tolist(), after["variance"].tolist()) == ([6.0], [3.0])
    assert layer.backward(np.array([[1.0]]), saved)[0].tolist() == [[0.0]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shard": 0}, "shard is 0; give a whole number of at least 1"),
        ({"momentum": 0}, "momentum is 0; give a number above 0 and at most 1"),
        ({"momentum": 1.5}, "momentum is 1.5; give a number above 0 and at most 1"),
        ({"epsilon": 0}, "epsilon is 0; give a number above 0"),
        ({"epsilon": np.inf}, "epsilon is inf; give a number above 0"),
        ({"epsilon": np.nan}, "epsilon is nan; give a number above 0"),
        ({"epsilon": True}, "epsilon is True; give a number above 0"),
        ({"momentum": "a"}, "momentum is 'a'; give a number above 0 and at most 1"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ShapeError) as caught:
        BatchNorm(**settings)
    assert str(caught.value) == message


def test_whole_numbers_and_numpys_become_plain_ones():
    layer = BatchNorm(np.int64(4), np.float32(0.5), 1)
    assert layer == BatchNorm(4, 0.5, 1.0)
    assert [type(value) for value in vars(layer).values()] == [int, float, float]


def test_fractions_stay_fractions():
    assert BatchNorm(epsilon=Fraction(1, 3)).epsilon == Fraction(1, 3)


def test_the_usual_settings_and_first_values():
    assert BatchNorm() == BatchNorm(shard=32, momentum=0.1, epsilon=1e-5)
    first = BatchNorm().initialise((3, 4, 4), np.random.default_rng(0))
    assert first["scale"].tolist() == [1, 1, 1]
    assert first["shift"].tolist() == [0, 0, 0]


def test_two_numbers_have_a_variance():
    layer, state = BatchNorm(momentum=1), {"mean": np.array([0.0]), "variance": np.array([1.0])}
    numbers = {"scale": np.array([1.0]), "shift": np.array([0.0])}
    _, saved = layer.forward(np.array([[1.0], [5.0]]), **numbers, **state, mode=TRAINING)
    assert layer.next_state(saved, **state)["variance"].tolist() == [8.0]  # (4 + 4) / (2 - 1)


def test_sums_over_many_drawings_are_exact():
    """In float32 alone a sum of 20,000 numbers near 1000 would be off by some 4 in a million."""
    x = (1000 + np.random.default_rng(0).standard_normal((20_000, 3))).astype(np.float32)
    layer, state = BatchNorm(20_000, 1.0), {"mean": np.zeros(3, np.float32)}
    state["variance"] = np.ones(3, np.float32)
    ones = np.ones(3, np.float32)
    _, saved = layer.forward(x, ones, ones, **state, mode=TRAINING)
    found = layer.next_state(saved, **state)["mean"]
    np.testing.assert_allclose(found, x.mean(axis=0, dtype=np.float64), rtol=2e-7)
