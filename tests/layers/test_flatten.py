"""Flatten: where each number goes, and back."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from inkgrad.layers import Flatten
from tests.layers.strategies import Case, cases, shapeless


def test_the_order_is_channel_row_column():
    n, channels, height, width = 2, 3, 4, 5
    x = np.random.default_rng(0).standard_normal((n, channels, height, width))
    y, _ = Flatten().forward(x)
    assert y.shape == (n, channels * height * width)
    for b, c, r, t in np.ndindex(*x.shape):
        assert y[b, (c * height + r) * width + t] == x[b, c, r, t]


@given(cases(shapeless().filter(lambda drawn: isinstance(drawn[0], Flatten))))
def test_backward_is_the_transpose_and_the_inverse(case: Case):
    y, saved = case.layer.forward(case.x)
    dx, gradients = case.layer.backward(case.dy, saved)
    scale = np.linalg.norm(y) * np.linalg.norm(case.dy)
    assert abs(np.vdot(y, case.dy) - np.vdot(case.x, dx)) <= 1e-12 * scale
    np.testing.assert_array_equal(case.layer.backward(y, saved)[0], case.x)
    assert gradients == {}


def test_shapes():
    assert Flatten().output_shape((64, 7, 7)) == (3136,)
    assert Flatten().output_shape((5,)) == (5,)
    assert Flatten().parameter_shapes((64, 7, 7)) == {}
    assert Flatten().multiply_adds((64, 7, 7)) == 0
