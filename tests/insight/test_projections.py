"""The numerical core of the gradient check: it must see mistakes, and only mistakes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.insight.projections import (
    STEP,
    adjoint_error,
    difference_error,
    is_affine_along_ray,
    ladder,
    ladder_step,
    relative_error,
    same_decisions,
)
from inkgrad.layers import MaxPool2D, ReLU


@given(st.integers(1, 3000), st.integers(0, 99))
def test_no_step_along_a_ladder_crosses_a_kink(count, seed):
    x = np.sort(ladder((count,), np.random.default_rng(seed)))
    size = math.sqrt(float(np.mean(x**2)))
    assert np.abs(x).min() > ladder_step(count) * math.sqrt(3) * size
    if count > 1:
        assert np.diff(x).min() > 2 * ladder_step(count) * math.sqrt(3) * size


def test_a_large_ladder_needs_a_smaller_step_than_a_smooth_function():
    count = 1_000_001
    x = ladder((count,), np.random.default_rng(0))
    assert ladder_step(count) < STEP
    assert np.abs(x).min() > ladder_step(count) * 1.01


def test_a_step_that_would_cross_a_kink_is_halved_until_it_does_not():
    x = np.array([1e-9, -1e-9, 1.0])  # a full step, 3.5e-6 here, would cross 0 twice
    _, saved = ReLU().forward(x)

    def run(q):
        y, saved = ReLU().forward(q)
        return y, [saved[0]]

    def careless(q):
        return ReLU().forward(q)[0], []

    def adjoint(r):
        return ReLU().backward(r, saved)[0]

    assert difference_error(run, adjoint, x, np.random.default_rng(0)) < 1e-7
    assert difference_error(careless, adjoint, x, np.random.default_rng(0)) > 1e-2


def test_a_kink_that_no_step_avoids_ends_and_fails():
    def run(q):
        y, saved = ReLU().forward(q)
        return y, [saved[0]]

    error = difference_error(run, lambda r: r * 0, np.zeros(3), np.random.default_rng(0))
    assert error == pytest.approx(1.0)


def test_every_entry_of_the_jacobian_counts():
    rng = np.random.default_rng(0)
    A, q = rng.normal(size=(7, 9)), rng.normal(size=9)
    for row in range(7):
        for column in range(9):
            wrong = A.copy()
            wrong[row, column] += 0.001
            for judge in (difference_error, adjoint_error):
                error = judge(lambda q: (A @ q, []), lambda r, w=wrong: w.T @ r, q, rng)
                assert error > 1e-7
    assert difference_error(lambda q: (A @ q, []), lambda r: A.T @ r, q, rng) < 1e-9
    assert adjoint_error(lambda q: (A @ q, []), lambda r: A.T @ r, q, rng) < 1e-13


def test_what_is_affine_along_a_ray():
    x = ladder((2, 3, 6, 6), np.random.default_rng(0))
    pool = MaxPool2D(2)
    assert is_affine_along_ray(lambda q: (ReLU().forward(q)[0], []), x)
    assert is_affine_along_ray(lambda q: (pool.forward(q)[0], []), x)
    assert is_affine_along_ray(lambda q: (np.zeros(3), []), x)
    assert not is_affine_along_ray(lambda q: (np.tanh(q), []), x)
    assert not is_affine_along_ray(lambda q: (np.maximum(q - 1, 0), []), x)


def test_a_slope_lost_in_rounding_passes_and_its_flipped_sign_does_not():
    q = np.array([1.0])

    def run(q):
        return 1.0 + 1e-5 * q, []  # the slope 1e-5 is known to some 1e-11

    def judge(sign):
        return difference_error(run, lambda r: sign * 1e-5 * r, q, np.random.default_rng(0))

    assert judge(1) < 1e-7
    assert judge(-1) > 1e-4


def test_relative_error_of_nothing():
    assert relative_error(np.zeros(2), np.zeros(2)) == 0.0
    assert relative_error(np.ones(2), np.zeros(2)) == math.inf
    assert math.isnan(relative_error(np.array([np.nan]), np.ones(1)))


def test_decisions_of_different_number_differ():
    assert not same_decisions([np.array([True])], [])
    assert same_decisions([], [])
