"""Dropout: what is missing, how often, what is left, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.errors import ShapeError
from inkgrad.layers import Dropout, Mode, row
from inkgrad.network import Network

MODE = Mode.of_step(seed=2, step=9)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_numbers_are_missing_or_divided(rate):
    x = np.random.default_rng(0).standard_normal((40, 3, 10, 10))
    y, saved = Dropout(rate).forward(x, mode=MODE)
    kept = MODE.uniform(x.shape) >= np.float32(rate)
    np.testing.assert_array_equal(y, np.where(kept, x * (1 / (1 - rate)), 0))
    assert abs((~kept).mean() - rate) < 0.01
    dy = np.random.default_rng(1).standard_normal(x.shape)
    dx, gradients = Dropout(rate).backward(dy, saved)
    np.testing.assert_array_equal(dx, np.where(kept, dy * (1 / (1 - rate)), 0))
    assert gradients == {}


def test_on_average_nothing_changes():
    x = np.full((2000, 50), 3.0)
    assert abs(Dropout(0.3).forward(x, mode=MODE)[0].mean() - 3.0) < 0.02


def test_in_use_it_does_nothing_and_hands_out_copies():
    x = np.ones((2, 3), np.float32)
    y, saved = Dropout(0.7).forward(x)
    dx, _ = Dropout(0.7).backward(y, saved)
    np.testing.assert_array_equal(dx, x)
    assert not np.shares_memory(x, y)
    assert not np.shares_memory(y, dx)


@pytest.mark.parametrize("rate", [1, 1.0, -0.1, np.nan, True, "0.5", None])
def test_impossible_rates_are_refused(rate):
    with pytest.raises(ShapeError) as caught:
        Dropout(rate)
    assert str(caught.value) == f"rate is {rate!r}; give a number from 0 to below 1"


def test_a_number_at_the_rate_is_kept():
    rate = float(MODE.uniform((1, 5))[0, 2])
    y, _ = Dropout(rate).forward(np.ones((1, 5)), mode=MODE)
    assert y[0, 2] > 0
    assert (y == 0).sum() == (MODE.uniform((1, 5)) < np.float32(rate)).sum()


def test_half_is_dropped_if_nobody_says_otherwise():
    assert Dropout() == Dropout(0.5)
    assert type(Dropout(np.float32(0.25)).rate) is float
    assert type(Dropout(0).rate) is float


def test_a_network_drops_while_it_learns():
    network = Network([Dropout(0.5)], (50,))
    x = np.ones((1, 50))
    assert (row.forward(network.stages, x, {}, MODE)[0] == 0).any()
    assert (row.forward(network.stages, x, {})[0] == 1).all()
