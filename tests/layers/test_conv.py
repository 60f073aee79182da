"""Convolution: loops as the truth, patches and their transpose, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from inkgrad.errors import ShapeError
from inkgrad.insight.loops import convolution
from inkgrad.layers import Conv2D
from inkgrad.layers.conv import add_patches, both_sides, patches
from inkgrad.layers.layer import pair
from tests.layers.strategies import Case, cases, convolutions


def geometry(layer: Conv2D):
    return (
        pair(layer.size, "size"),
        pair(layer.stride, "stride"),
        both_sides(layer.padding, "padding"),
        pair(layer.dilation, "dilation"),
    )


@given(cases(convolutions()))
def test_forward_is_the_formula_in_loops(case):
    y, _ = case.layer.forward(case.x, **case.parameters)
    _, *how = geometry(case.layer)
    weight, bias = case.parameters["weight"], case.parameters.get("bias")
    expected = convolution(case.x, weight, bias, *how, groups=case.layer.groups)
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)


@given(cases(convolutions()))
def test_add_patches_is_the_transpose_of_patches(case):
    """⟨A x, c⟩ = ⟨x, Aᵀ c⟩: no step size, so the two agree to rounding."""
    columns = patches(case.x, *geometry(case.layer))
    c = case.rng.standard_normal(columns.shape)
    back = add_patches(c, case.x.shape, *geometry(case.layer))
    assert back.shape == case.x.shape
    scale = np.linalg.norm(columns) * np.linalg.norm(c)
    assert abs(np.vdot(columns, c) - np.vdot(case.x, back)) <= 1e-12 * scale


@given(cases(convolutions()))
def test_without_bias_backward_is_the_transpose_of_forward(case):
    """In x the layer is linear, in the weights too: both adjoints to 1e-12."""
    y, saved = case.layer.forward(case.x, case.parameters["weight"])
    dx, gradients = case.layer.backward(case.dy, saved)
    scale = np.linalg.norm(y) * np.linalg.norm(case.dy)
    assert abs(np.vdot(y, case.dy) - np.vdot(case.x, dx)) <= 1e-12 * scale
    by_weights = np.vdot(case.parameters["weight"], gradients["weight"])
    assert abs(np.vdot(y, case.dy) - by_weights) <= 1e-12 * scale


def test_patches_are_ordered_channel_row_column_by_drawing_row_column():
    x = np.arange(2 * 2 * 3 * 3).reshape(2, 2, 3, 3)
    columns = patches(x, size=(2, 1), stride=(1, 2), padding=(0, 0))
    assert columns.shape == (2 * 2 * 1, 2 * 2 * 2)
    r = q = 0
    for c in range(2):
        for i in range(2):
            q = 0
            for b in range(2):
                for u in range(2):
                    for v in range(2):
                        assert columns[r, q] == x[b, c, u + i, 2 * v]
                        q += 1
            r += 1


def test_filters_are_not_dilated_if_nothing_is_said():
    covered = add_patches(np.ones((4, 4)), (1, 1, 3, 3), (2, 2), (1, 1), (0, 0))
    np.testing.assert_array_equal(covered[0, 0], [[1, 2, 1], [2, 4, 2], [1, 2, 1]])


def test_padding_is_zeros_on_every_side():
    columns = patches(np.ones((1, 1, 1, 1)), (3, 5), (1, 1), (1, 2))
    expected = np.zeros((15, 1))
    expected[7] = 1  # the middle of 3×5
    np.testing.assert_array_equal(columns, expected)


def test_rows_and_columns_that_no_window_reaches_get_no_gradient():
    """Stride 3 and filter 2 on 6×9: rows 2 and 5 and columns 2, 5, 8 are never seen."""
    case = Case.of(Conv2D(2, 2, stride=3), (2, 3, 6, 9))
    y, saved = case.layer.forward(case.x, **case.parameters)
    dx, _ = case.layer.backward(np.ones_like(y), saved)
    assert (dx[:, :, 2::3] == 0).all()
    assert (dx[:, :, :, 2::3] == 0).all()
    assert (dx[:, :, :2, :2] != 0).all()
    changed = case.x.copy()
    changed[:, :, 2::3] = 1e6
    changed[:, :, :, 2::3] = -1e6
    np.testing.assert_array_equal(case.layer.forward(changed, **case.parameters)[0], y)


def test_a_picture_smaller_than_the_padding_is_still_right():
    """Filter 1, padding 2, stride 3 on one cell: every place sees padding, the cell none."""
    case = Case.of(Conv2D(1, 1, stride=3, padding=2), (1, 1, 1, 1))
    y, saved = case.layer.forward(case.x, **case.parameters)
    np.testing.assert_array_equal(y, np.full((1, 1, 2, 2), case.parameters["bias"][0]))
    dx, gradients = case.layer.backward(case.dy, saved)
    np.testing.assert_array_equal(dx, np.zeros((1, 1, 1, 1)))
    np.testing.assert_array_equal(gradients["weight"], np.zeros((1, 1, 1, 1)))


@pytest.mark.parametrize(
    ("layer", "given_shape", "output", "parameters", "cost"),
    [
        (Conv2D(32, 3, padding=1), (1, 28, 28), (32, 28, 28), 320, 225_792),
        (Conv2D(64, 3, padding=1), (32, 14, 14), (64, 14, 14), 18_496, 3_612_672),
        (Conv2D(2, (3, 5), (2, 1), (0, 1)), (3, 7, 9), (2, 3, 7), 92, 2 * 3 * 15 * 21),
        (Conv2D(6, (3, 5), groups=3, bias=False), (3, 7, 9), (6, 5, 5), 90, 90 * 25),
        (Conv2D(2, (3, 2), dilation=(2, 4)), (1, 7, 9), (2, 3, 5), 14, 12 * 15),
        (Conv2D(1, 2, 2, ((0, 1), (2, 0))), (1, 4, 6), (1, 2, 4), 5, 4 * 8),
    ],
)
def test_shapes_and_cost(layer, given_shape, output, parameters, cost):
    assert layer.output_shape(given_shape) == output
    shapes = layer.parameter_shapes(given_shape)
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == parameters
    assert layer.multiply_adds(given_shape) == cost


def test_first_weights_follow_he_with_fan_in_c_f_f():
    values = Conv2D(500, (3, 5)).initialise((4, 9, 9), np.random.default_rng(0))
    assert values["weight"].std() == pytest.approx(np.sqrt(2 / 60), rel=0.02)
    assert (values["bias"] == 0).all()


def test_settings_are_kept_as_rows_and_columns():
    layer = Conv2D(np.int64(4), 3, [2, 1])
    assert (layer.filters, layer.size, layer.stride, layer.padding) == (4, (3, 3), (2, 1), (0, 0))
    assert type(layer.filters) is int
    assert layer == Conv2D(4, (3, 3), (2, 1), 0)
    assert Conv2D(4, 3, padding=[[1, 1], [2, 2]]) == Conv2D(4, 3, padding=(1, 2))
    assert Conv2D(4, 3, padding=[[1, 0], 2]).padding == ((1, 0), (2, 2))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((0, 3), "filters is 0; give a whole number of at least 1"),
        ((True, 3), "filters is True; give a whole number of at least 1"),
        ((2, 0), "filter size is 0; give one or two (rows, columns) whole numbers of at least 1"),
        ((2, 3, 0), "stride is 0; give one or two (rows, columns) whole numbers of at least 1"),
        (
            (2, 3, 1, -1),
            "padding is -1; give one or two (rows, columns) whole numbers of at least 0",
        ),
        (
            (2, 3, 1, ((0, 1), (0, -1))),
            "padding is (0, -1); give one or two (rows, columns) whole numbers of at least 0",
        ),
        (
            (2, 3, 1, ((-1, 0), 0)),
            "padding is (-1, 0); give one or two (rows, columns) whole numbers of at least 0",
        ),
        (
            (2, 3, 1, ((0, 1), 1, 1)),
            "padding is ((0, 1), 1, 1); give ((top, bottom), (left, right))",
        ),
        (
            (2, 3, 1, 0, 0),
            "dilation is 0; give one or two (rows, columns) whole numbers of at least 1",
        ),
        ((2, 3, 1, 0, 1, 0), "groups is 0; give a whole number of at least 1"),
        (
            (4, 3, 1, 0, 1, 3),
            "4 filters cannot be split into 3 groups; give a multiple of 3",
        ),
        ((2, 3, 1, 0, 1, 1, 1), "bias is 1; give true or false"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ShapeError) as caught:
        Conv2D(*settings)
    assert str(caught.value) == message


@pytest.mark.parametrize("shape", [(), (5,), (28, 28), (1, 1, 28, 28)])
def test_only_pictures_are_taken(shape):
    with pytest.raises(ShapeError) as caught:
        Conv2D(2, 3).output_shape(shape)
    assert str(caught.value) == (
        f"a convolution needs pictures (channels, rows, columns), but is given {shape}"
    )


def test_channels_that_cannot_be_split_are_refused():
    with pytest.raises(ShapeError) as caught:
        Conv2D(4, 3, groups=2).output_shape((3, 9, 9))
    assert str(caught.value) == (
        "3 channels cannot be split into 2 groups; choose a number of groups that divides them"
    )


def test_a_dilated_filter_is_as_large_as_it_reaches():
    layer = Conv2D(1, (3, 1), padding=((1, 0), (0, 2)), dilation=(2, 7))
    assert layer.output_shape((1, 4, 1)) == (1, 1, 3)
    with pytest.raises(ShapeError) as caught:
        layer.output_shape((1, 3, 1))
    assert str(caught.value) == (
        "a 5×1 filter needs at least 5×1 cells, but the picture has 3×1 with padding 1, 0, 0, 2; "
        "take a smaller filter or more padding"
    )


def test_each_group_is_a_convolution_of_its_own():
    case = Case.of(Conv2D(6, (2, 3), (1, 2), 1, (2, 1), groups=2), (2, 4, 5, 6))
    y, saved = case.layer.forward(case.x, **case.parameters)
    dx, gradients = case.layer.backward(case.dy, saved)
    one = Conv2D(3, (2, 3), (1, 2), 1, (2, 1))
    for g in range(2):
        filters, channels = slice(3 * g, 3 * g + 3), slice(2 * g, 2 * g + 2)
        weight, bias = case.parameters["weight"][filters], case.parameters["bias"][filters]
        part, saved = one.forward(case.x[:, channels], weight, bias)
        np.testing.assert_allclose(y[:, filters], part, rtol=1e-13)
        part, its = one.backward(case.dy[:, filters], saved)
        np.testing.assert_allclose(dx[:, channels], part, rtol=1e-13)
        np.testing.assert_allclose(gradients["weight"][filters], its["weight"], rtol=1e-13)
        np.testing.assert_allclose(gradients["bias"][filters], its["bias"], rtol=1e-13)


@pytest.mark.parametrize(
    ("layer", "shape", "fits"),
    [
        (Conv2D(1, (3, 2)), (1, 2, 9), (1, 3, 9)),
        (Conv2D(1, (2, 3)), (1, 9, 2), (1, 9, 3)),
        (Conv2D(1, (5, 1), padding=(1, 0)), (1, 2, 1), (1, 3, 1)),
        (Conv2D(1, (1, 5), padding=(0, 1)), (1, 1, 2), (1, 1, 3)),
    ],
)
def test_a_filter_larger_than_the_picture_is_refused(layer, shape, fits):
    (fh, fw), (ph, pw) = layer.size, layer.padding
    with pytest.raises(ShapeError) as caught:
        layer.output_shape(shape)
    assert str(caught.value) == (
        f"a {fh}×{fw} filter needs at least {fh}×{fw} cells, but the picture has "
        f"{shape[1]}×{shape[2]} with padding {ph}, {pw}; take a smaller filter or more padding"
    )
    assert all(length >= 1 for length in layer.output_shape(fits))


@pytest.mark.parametrize(
    ("weight", "bias", "message"),
    [
        ((2, 4, 3, 1), (2,), "the weight has shape (2, 4, 3, 1), .* it needs (2, 3, 3, 1)"),
        ((2, 3, 1, 3), (2,), "the weight has shape (2, 3, 1, 3), .* it needs (2, 3, 3, 1)"),
        ((2, 3, 3, 1), (1,), "the bias has shape (1,), .* it needs (2,)"),
    ],
)
def test_parameters_of_another_layer_are_refused(weight, bias, message):
    """Weights with as many numbers in another shape are the dangerous ones: they would compute."""
    with pytest.raises(ShapeError, match=message.replace("(", r"\(").replace(")", r"\)")):
        Conv2D(2, (3, 1)).forward(np.zeros((1, 3, 5, 5)), np.zeros(weight), np.zeros(bias))
