"""ReLU: every element by hand, and the derivative at zero."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.layers import ReLU


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_element_by_the_formula(dtype):
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype(dtype)
    y, saved = ReLU().forward(x)
    dy = np.random.default_rng(1).standard_normal(x.shape).astype(dtype)
    dx, gradients = ReLU().backward(dy, saved)
    for index in np.ndindex(*x.shape):
        positive = x[index] > 0
        assert y[index] == (x[index] if positive else 0)
        assert dx[index] == (dy[index] if positive else 0)
    assert gradients == {}


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_at_zero_the_derivative_is_0(zero):
    y, saved = ReLU().forward(np.array([[zero]]))
    assert y.tolist() == [[0.0]]
    assert ReLU().backward(np.array([[5.0]]), saved)[0].tolist() == [[0.0]]


def test_the_smallest_positive_number_passes():
    tiny = np.nextafter(np.float32(0), np.float32(1))
    y, saved = ReLU().forward(np.array([[tiny, -tiny]]))
    assert y.tolist() == [[tiny, 0.0]]
    assert ReLU().backward(np.ones_like(y), saved)[0].tolist() == [[1.0, 0.0]]


def test_any_shape_passes_and_nothing_is_learnt():
    for shape in [(3,), (2, 5), (1, 28, 28)]:
        assert ReLU().output_shape(shape) == shape
        assert ReLU().parameter_shapes(shape) == {}
        assert ReLU().multiply_adds(shape) == 0
