"""Max-pooling: loops as the truth, ties to the first cell, gaps and overlaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.errors import ShapeError
from inkgrad.insight.loops import max_pool
from inkgrad.layers import MaxPool2D
from inkgrad.layers.layer import pair
from tests.layers.loops import max_pool_backward
from tests.layers.strategies import Case, cases, pools


def geometry(layer: MaxPool2D) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    return (
        pair(layer.size, "size"),
        pair(layer.stride, "stride"),
        pair(layer.padding, "padding", least=0),
    )


@given(cases(pools()))
def test_forward_and_backward_are_the_loops(case):
    expected, where = max_pool(case.x, *geometry(case.layer))
    y, saved = case.layer.forward(case.x)
    np.testing.assert_array_equal(y, expected)
    dx, gradients = case.layer.backward(case.dy, saved)
    np.testing.assert_allclose(
        dx, max_pool_backward(case.dy, where, case.x.shape), rtol=1e-12, atol=1e-12
    )
    assert gradients == {}


@given(pools(), st.integers(0, 2**32 - 1), st.integers(1, 3))
def test_among_equals_the_first_in_row_major_order_wins(drawn, seed, values):
    """Pictures of only one, two or three values: full of ties, as blank paper is."""
    layer, x_shape = drawn
    rng = np.random.default_rng(seed)
    x = rng.integers(-1, values - 1, x_shape).astype(float)
    expected, where = max_pool(x, *geometry(layer))
    y, saved = layer.forward(x)
    np.testing.assert_array_equal(y, expected)
    dy = rng.integers(1, 100, y.shape).astype(float)  # sums of whole numbers are exact
    np.testing.assert_array_equal(
        layer.backward(dy, saved)[0], max_pool_backward(dy, where, x_shape)
    )


def test_ties_worked_by_hand():
    x = np.array([[[[1.0, 2.0], [2.0, 2.0]]]])
    y, saved = MaxPool2D(2).forward(x)
    np.testing.assert_array_equal(y, [[[[2.0]]]])
    dx, _ = MaxPool2D(2).backward(np.array([[[[10.0]]]]), saved)
    np.testing.assert_array_equal(dx, [[[[0.0, 10.0], [0.0, 0.0]]]])


@pytest.mark.parametrize("blank", [0.0, -0.0, -1.0, 7.0])
def test_a_blank_region_gives_its_gradient_to_its_first_cell(blank):
    x = np.full((2, 3, 4, 6), blank)
    y, saved = MaxPool2D(2).forward(x)
    dx, _ = MaxPool2D(2).backward(np.ones_like(y), saved)
    expected = np.zeros_like(x)
    expected[:, :, ::2, ::2] = 1
    np.testing.assert_array_equal(dx, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_padding_never_wins(dtype):
    x = np.array([[[[-5, -7], [-9, -3]]]], dtype)
    layer = MaxPool2D(2, stride=1, padding=1)
    y, saved = layer.forward(x)
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, [[[[-5, -5, -7], [-5, -3, -3], [-9, -3, -3]]]])
    dx, _ = layer.backward(np.ones_like(y), saved)
    np.testing.assert_array_equal(dx, [[[[3, 1], [1, 4]]]])


@pytest.mark.parametrize("padding", [(0, 1), (1, 0), (1, 2), (2, 1)])
def test_padding_differs_by_axis(padding):
    case = Case.of(MaxPool2D((padding[0] + 1, padding[1] + 1), 1, padding), (1, 2, 3, 4))
    expected, where = max_pool(case.x, *geometry(case.layer))
    y, saved = case.layer.forward(case.x)
    np.testing.assert_array_equal(y, expected)
    dx, _ = case.layer.backward(case.dy, saved)
    np.testing.assert_allclose(dx, max_pool_backward(case.dy, where, case.x.shape), rtol=1e-12)


@pytest.mark.parametrize("axis", [0, 1])
def test_padding_makes_room_for_a_window_but_not_for_any(axis):
    layer = MaxPool2D((4, 1)[:: 1 - 2 * axis], padding=(1, 0)[:: 1 - 2 * axis])
    assert layer.output_shape((1, *(2, 1)[:: 1 - 2 * axis])) == (1, 1, 1)
    with pytest.raises(ShapeError, match=r"needs at least .*, but the picture has 1×1"):
        layer.output_shape((1, 1, 1))


def test_overlapping_windows_add_up():
    """One peak in the middle of 3×3 wins all four 2×2 windows."""
    x = np.zeros((1, 1, 3, 3))
    x[0, 0, 1, 1] = 5
    layer = MaxPool2D(2, stride=1)
    y, saved = layer.forward(x)
    np.testing.assert_array_equal(y, np.full((1, 1, 2, 2), 5.0))
    dx, _ = layer.backward(np.array([[[[1.0, 2.0], [4.0, 8.0]]]]), saved)
    expected = np.zeros_like(x)
    expected[0, 0, 1, 1] = 15
    np.testing.assert_array_equal(dx, expected)


def test_rows_and_columns_that_no_window_reaches_get_no_gradient():
    """5×7 by twos: the last row and column are ignored; so are the gaps when strides exceed."""
    x = np.zeros((1, 1, 5, 7))
    x[:, :, 4] = x[:, :, :, 6] = 100
    y, saved = MaxPool2D(2).forward(x)
    np.testing.assert_array_equal(y, np.zeros((1, 1, 2, 3)))
    dx, _ = MaxPool2D(2).backward(np.ones_like(y), saved)
    assert (dx[:, :, 4] == 0).all()
    assert (dx[:, :, :, 6] == 0).all()
    assert dx.sum() == y.size

    case = Case.of(MaxPool2D(1, stride=3), (1, 1, 5, 7))
    y, saved = case.layer.forward(case.x)
    np.testing.assert_array_equal(y, case.x[:, :, ::3, ::3])
    dx, _ = case.layer.backward(np.ones_like(y), saved)
    assert np.argwhere(dx).tolist() == [[0, 0, r, t] for r in (0, 3) for t in (0, 3, 6)]


@pytest.mark.parametrize("size", [(15, 17), (16, 16), (17, 17), (1, 300), (300, 1)])
def test_a_window_of_many_cells_counts_them_all(size):
    """The winner's number must not overflow where a window has 256 cells or more."""
    x = np.zeros((1, 1, *size))
    x[0, 0, -1, -1] = 1  # the last cell has the largest number
    _, saved = MaxPool2D(size).forward(x)
    dx, _ = MaxPool2D(size).backward(np.ones((1, 1, 1, 1)), saved)
    np.testing.assert_array_equal(dx, x)


def test_what_is_saved_is_small():
    """One byte a window for ordinary pools, not an index of eight."""
    _, (_, winner) = MaxPool2D(2).forward(np.zeros((1, 1, 28, 28), np.float32))
    assert winner.dtype == np.uint8
    assert winner.shape == (1, 1, 14, 14)


@pytest.mark.parametrize(
    ("layer", "given_shape", "output"),
    [
        (MaxPool2D(2), (32, 28, 28), (32, 14, 14)),
        (MaxPool2D(2), (3, 5, 7), (3, 2, 3)),
        (MaxPool2D((3, 2), stride=(1, 3)), (3, 5, 8), (3, 3, 3)),
        (MaxPool2D(2, stride=5), (3, 6, 7), (3, 1, 2)),
        (MaxPool2D((3, 2), stride=2, padding=(2, 1)), (3, 5, 4), (3, 4, 3)),
    ],
)
def test_shapes(layer, given_shape, output):
    assert layer.output_shape(given_shape) == output
    assert layer.parameter_shapes(given_shape) == {}
    assert layer.multiply_adds(given_shape) == 0


def test_the_stride_is_the_size_if_not_given():
    assert MaxPool2D((2, 3)).stride == (2, 3)
    assert MaxPool2D(2) == MaxPool2D((2, 2), (2, 2))
    assert MaxPool2D(3, 1).stride == (1, 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((0,), "pool size is 0; give one or two (rows, columns) whole numbers of at least 1"),
        (
            (2, 1, -1),
            "padding is -1; give one or two (rows, columns) whole numbers of at least 0",
        ),
        (
            ((2, 3), 1, (2, 1)),
            "padding 2, 1 leaves windows of 2×3 cells empty; give less than the pool's size",
        ),
        (
            ((2, 3), 1, (1, 3)),
            "padding 1, 3 leaves windows of 2×3 cells empty; give less than the pool's size",
        ),
        ((2, 0), "stride is 0; give one or two (rows, columns) whole numbers of at least 1"),
        ((2.0,), "pool size is 2.0; give one or two (rows, columns) whole numbers of at least 1"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ShapeError) as caught:
        MaxPool2D(*settings)
    assert str(caught.value) == message


@pytest.mark.parametrize("shape", [(), (5,), (28, 28), (1, 1, 28, 28)])
def test_only_pictures_are_taken(shape):
    with pytest.raises(ShapeError) as caught:
        MaxPool2D(2).output_shape(shape)
    assert str(caught.value) == (
        f"a pool needs pictures (channels, rows, columns), but is given {shape}"
    )


@pytest.mark.parametrize("shape", [(4, 2, 9), (4, 9, 1)])
def test_a_pool_larger_than_the_picture_is_refused(shape):
    with pytest.raises(ShapeError) as caught:
        MaxPool2D((3, 2)).forward(np.zeros((1, *shape)))
    assert str(caught.value) == (
        f"a 3×2 pool needs at least 3×2 cells, but the picture has {shape[1]}×{shape[2]}; "
        "take a smaller pool or fewer of them"
    )
    assert MaxPool2D((3, 2)).output_shape((4, 3, 2)) == (4, 1, 1)
