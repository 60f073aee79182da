"""Average pools: loops as the truth, huge numbers, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from inkgrad.errors import ShapeError
from inkgrad.insight.loops import average_pool
from inkgrad.layers import AveragePool2D, GlobalAveragePool
from inkgrad.layers.layer import pair
from tests.layers.loops import average_pool_backward
from tests.layers.strategies import Case, averages, cases


@given(cases(averages()))
def test_forward_and_backward_are_the_loops(case):
    layer, picture = case.layer, case.x.shape[2:]
    is_global = isinstance(layer, GlobalAveragePool)
    size = picture if is_global else pair(layer.size, "size")
    stride = (1, 1) if is_global else pair(layer.stride, "stride")
    y, saved = layer.forward(case.x)
    expected = average_pool(case.x, size, stride)
    np.testing.assert_allclose(y, expected.reshape(y.shape), rtol=1e-12, atol=1e-12)
    dx, gradients = layer.backward(case.dy, saved)
    expected = average_pool_backward(case.dy.reshape(expected.shape), case.x.shape, size, stride)
    np.testing.assert_allclose(dx, expected, rtol=1e-12, atol=1e-12)
    assert gradients == {}


@given(cases(averages()))
def test_backward_is_the_transpose_of_forward(case):
    y, saved = case.layer.forward(case.x)
    dx, _ = case.layer.backward(case.dy, saved)
    scale = np.linalg.norm(case.x) * np.linalg.norm(case.dy)
    assert abs(np.vdot(y, case.dy) - np.vdot(case.x, dx)) <= 1e-12 * scale


def test_a_window_as_large_as_the_picture_is_the_global_pool():
    case = Case.of(GlobalAveragePool(), (2, 3, 5, 4))
    y, saved = AveragePool2D((5, 4)).forward(case.x)
    np.testing.assert_allclose(y[:, :, 0, 0], case.layer.forward(case.x)[0], rtol=1e-13)
    dx, _ = AveragePool2D((5, 4)).backward(case.dy[:, :, None, None], saved)
    expected, _ = case.layer.backward(case.dy, (case.x.shape,))
    np.testing.assert_allclose(dx, expected, rtol=1e-13)


@pytest.mark.parametrize("layer", [AveragePool2D(2), GlobalAveragePool()])
def test_the_mean_of_the_largest_numbers_is_finite(layer):
    largest = np.finfo(np.float32).max
    y, _ = layer.forward(np.full((1, 1, 2, 2), largest, np.float32))
    np.testing.assert_array_equal(y.ravel(), [largest])


def test_what_backward_returns_can_be_written_to():
    dx, _ = GlobalAveragePool().backward(np.ones((1, 2)), ((1, 2, 3, 4),))
    dx += 1
    assert (dx == 1 + 1 / 12).all()


@pytest.mark.parametrize(
    ("layer", "given_shape", "output"),
    [
        (AveragePool2D(2), (3, 5, 7), (3, 2, 3)),
        (AveragePool2D((3, 2), stride=(1, 3)), (3, 5, 8), (3, 3, 3)),
        (GlobalAveragePool(), (3, 5, 8), (3,)),
    ],
)
def test_shapes(layer, given_shape, output):
    assert layer.output_shape(given_shape) == output
    assert layer.parameter_shapes(given_shape) == {}
    assert layer.multiply_adds(given_shape) == 0


def test_the_stride_is_the_size_if_not_given():
    assert AveragePool2D((2, 3)).stride == (2, 3)
    assert AveragePool2D(3, 1).stride == (1, 1)


@pytest.mark.parametrize("layer", [AveragePool2D(2), GlobalAveragePool()])
@pytest.mark.parametrize("shape", [(), (5,), (28, 28), (1, 1, 28, 28)])
def test_only_pictures_are_taken(layer, shape):
    with pytest.raises(ShapeError) as caught:
        layer.output_shape(shape)
    assert str(caught.value) == (
        f"a pool needs pictures (channels, rows, columns), but is given {shape}"
    )


@pytest.mark.parametrize("layer", [AveragePool2D(2), GlobalAveragePool()])
def test_nothing_but_pictures_is_computed(layer):
    with pytest.raises(ShapeError, match="a pool needs pictures"):
        layer.forward(np.zeros((1, 2, 3)))


@pytest.mark.parametrize(("size", "shape"), [((3, 2), (1, 2, 9)), ((2, 3), (1, 9, 2))])
def test_a_window_larger_than_the_picture_is_refused(size, shape):
    with pytest.raises(ShapeError) as caught:
        AveragePool2D(size).output_shape(shape)
    assert str(caught.value) == (
        f"a {size[0]}×{size[1]} pool needs at least {size[0]}×{size[1]} cells, but the picture has "
        f"{shape[1]}×{shape[2]}; take a smaller pool or fewer of them"
    )
    assert AveragePool2D(size).output_shape((1, *size)) == (1, 1, 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((0,), "pool size is 0; give one or two (rows, columns) whole numbers of at least 1"),
        ((2, 0), "stride is 0; give one or two (rows, columns) whole numbers of at least 1"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ShapeError) as caught:
        AveragePool2D(*settings)
    assert str(caught.value) == message
