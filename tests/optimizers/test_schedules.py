"""The learning rates' course over a run."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.training import Constant, Cosine, OneCycle, StepDecay


def test_constant():
    assert {Constant(0.3)(step) for step in range(100)} == {0.3}


def test_the_defaults():
    assert StepDecay(1.0, every=3) == StepDecay(1.0, every=3, factor=0.1)
    assert Cosine(1.0, steps=3) == Cosine(1.0, steps=3, warmup=0)


def test_step_decay_falls_at_the_stairs_only():
    schedule = StepDecay(1.0, every=3, factor=0.1)
    rates = [schedule(step) for step in range(9)]
    np.testing.assert_allclose(rates, [1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01])


@given(st.integers(1, 500), st.floats(0, 1), st.floats(1e-5, 10))
def test_cosine_rises_in_equal_steps_then_falls_to_nothing(steps, share, rate):
    warmup = int(share * steps)
    schedule = Cosine(rate, steps, warmup)
    rates = np.array([schedule(step) for step in range(steps + 1)])
    assert (rates >= 0).all()
    assert (rates <= rate * (1 + 1e-12)).all()
    if warmup:
        np.testing.assert_allclose(np.diff(rates[:warmup]), rate / warmup, rtol=1e-6)
        assert rates[warmup - 1] == pytest.approx(rate)
    if warmup < steps:
        assert rates[warmup] == rate
        half = (steps - warmup) / 2
        if half == int(half):
            assert rates[warmup + int(half)] == pytest.approx(rate / 2)
    assert (np.diff(rates[warmup:]) <= 0).all()
    assert rates[steps] == pytest.approx(0, abs=1e-12)


@given(st.integers(4, 500), st.floats(0.01, 0.5), st.floats(1e-5, 10))
def test_one_cycle_goes_up_and_down_once(steps, share, rate):
    warmup = max(1, int(share * steps))
    schedule = OneCycle(rate, steps, warmup)
    rates = np.array([schedule(step) for step in range(steps + 1)])
    assert rates[0] == pytest.approx(rate / 25)
    assert rates.argmax() == warmup
    assert rates[warmup] == rate
    assert (np.diff(rates[: warmup + 1]) > 0).all()
    assert (np.diff(rates[warmup:]) < 0).all()
    assert rates[steps] == pytest.approx(rate / 2500)


def test_one_cycle_is_made_of_straight_lines():
    rates = [OneCycle(1.0, steps=100, warmup=40)(step) for step in range(101)]
    corners = np.interp(range(101), [0, 40, 80, 100], [1 / 25, 1, 1 / 25, 1 / 2500])
    np.testing.assert_allclose(rates, corners, rtol=1e-12)


@pytest.mark.parametrize("schedule", [Cosine(1.0, 10, 2), OneCycle(1.0, 10, 4)])
def test_beyond_the_end_the_rate_stays_where_it_ended(schedule):
    assert schedule(10) == schedule(11) == schedule(1000)


@pytest.mark.oracle
def test_agrees_with_pytorch():
    torch = pytest.importorskip("torch")

    def course(make) -> list[float]:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
        scheduler, rates = make(optimizer), []
        for _ in range(30):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        return rates

    scheduler = torch.optim.lr_scheduler
    np.testing.assert_allclose(
        [Cosine(0.5, steps=30)(step) for step in range(30)],
        course(lambda o: scheduler.CosineAnnealingLR(o, T_max=30)),
        rtol=1e-9,
    )
    np.testing.assert_allclose(
        [StepDecay(0.5, every=7, factor=0.3)(step) for step in range(30)],
        course(lambda o: scheduler.StepLR(o, step_size=7, gamma=0.3)),
        rtol=1e-9,
    )
    assert math.isclose(Cosine(0.5, 30)(15), 0.25)
