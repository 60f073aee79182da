"""Leaky ReLU: every element by hand, the derivative at zero, and its two ends."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.errors import ShapeError
from inkgrad.layers import LeakyReLU, ReLU

RNG = np.random.default_rng


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("slope", [0.0, 0.01, 0.3, 1.0])
def test_every_element_by_the_formula(dtype, slope):
    layer = LeakyReLU(slope)
    x = RNG(0).standard_normal((2, 3, 4, 5)).astype(dtype)
    dy = RNG(1).standard_normal(x.shape).astype(dtype)
    y, saved = layer.forward(x)
    dx, gradients = layer.backward(dy, saved)
    for index in np.ndindex(*x.shape):
        factor = 1 if x[index] > 0 else dtype(slope)
        assert y[index] == x[index] * factor
        assert dx[index] == dy[index] * factor
    assert gradients == {}


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_at_zero_the_derivative_is_the_slope(zero):
    y, saved = LeakyReLU(0.25).forward(np.array([[zero]]))
    assert y.tolist() == [[0.0]]
    assert LeakyReLU(0.25).backward(np.array([[4.0]]), saved)[0].tolist() == [[1.0]]


def test_with_slope_0_it_is_relu_and_with_1_it_does_nothing():
    x = RNG(2).standard_normal((3, 7))
    dy = RNG(3).standard_normal((3, 7))
    for layer, same in ((LeakyReLU(0), ReLU()), (LeakyReLU(1), None)):
        y, saved = layer.forward(x)
        dx, _ = layer.backward(dy, saved)
        expected = same.forward(x)[0] if same else x
        np.testing.assert_array_equal(y, expected)
        expected = same.backward(dy, same.forward(x)[1])[0] if same else dy
        np.testing.assert_array_equal(dx, expected)


def test_any_shape_passes_and_nothing_is_learnt():
    for shape in [(3,), (2, 5), (1, 28, 28)]:
        assert LeakyReLU().output_shape(shape) == shape
        assert LeakyReLU().parameter_shapes(shape) == {}
        assert LeakyReLU().multiply_adds(shape) == 0


def test_the_slope_is_a_hundredth_if_not_given():
    assert LeakyReLU() == LeakyReLU(np.float64(0.01))
    assert type(LeakyReLU(1).slope) is float


@pytest.mark.parametrize("slope", [-0.1, 1.5, float("nan"), True, "a", None])
def test_impossible_slopes_are_refused(slope):
    with pytest.raises(ShapeError) as caught:
        LeakyReLU(slope)
    assert str(caught.value) == f"slope is {slope!r}; give a number from 0 to 1"
