"""Dense: loops as the truth, the adjoint, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from inkgrad.errors import ShapeError
from inkgrad.insight.loops import dense
from inkgrad.layers import Dense
from tests.layers.strategies import cases, denses


@given(cases(denses()))
def test_forward_is_the_formula_in_loops(case):
    y, _ = case.layer.forward(case.x, **case.parameters)
    np.testing.assert_allclose(y, dense(case.x, **case.parameters), rtol=1e-12, atol=1e-12)


@given(cases(denses()))
def test_without_bias_backward_is_the_transpose_of_forward(case):
    """In x the layer is linear, in the weights too: both adjoints to 1e-12."""
    weight = case.parameters["weight"]
    y, saved = case.layer.forward(case.x, weight, np.zeros_like(case.parameters["bias"]))
    dx, gradients = case.layer.backward(case.dy, saved)
    scale = np.linalg.norm(case.x) * np.linalg.norm(weight) * np.linalg.norm(case.dy)
    assert abs(np.vdot(y, case.dy) - np.vdot(case.x, dx)) <= 1e-12 * scale
    assert abs(np.vdot(y, case.dy) - np.vdot(weight, gradients["weight"])) <= 1e-12 * scale


def test_the_bias_collects_the_whole_batch():
    x, weight, bias = np.zeros((3, 2)), np.zeros((2, 2)), np.zeros(2)
    _, saved = Dense(2).forward(x, weight, bias)
    dy = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    assert Dense(2).backward(dy, saved)[1]["bias"].tolist() == [7.0, 70.0]


def test_shapes_and_cost():
    layer = Dense(np.int64(128))
    assert type(layer.outputs) is int
    assert layer.output_shape((3136,)) == (128,)
    assert layer.parameter_shapes((3136,)) == {"weight": (3136, 128), "bias": (128,)}
    assert layer.multiply_adds((3136,)) == 401_408


def test_first_weights_follow_he_with_fan_in_the_inputs():
    values = Dense(100).initialise((400,), np.random.default_rng(0))
    assert values["weight"].std() == pytest.approx(np.sqrt(2 / 400), rel=0.02)
    assert (values["bias"] == 0).all()


@pytest.mark.parametrize("outputs", [0, -1, True, 2.0, "5", None])
def test_impossible_settings_are_refused(outputs):
    with pytest.raises(ShapeError) as caught:
        Dense(outputs)
    assert str(caught.value) == f"outputs is {outputs!r}; give a whole number of at least 1"


@pytest.mark.parametrize("shape", [(), (28, 28), (1, 28, 28)])
def test_only_rows_are_taken(shape):
    with pytest.raises(ShapeError) as caught:
        Dense(5).forward(np.zeros((2, *shape)), np.zeros((28, 5)), np.zeros(5))
    assert str(caught.value) == (
        f"a dense layer needs one row of numbers (inputs,), but is given {shape}; "
        "put a Flatten() before it"
    )


@pytest.mark.parametrize(
    ("weight", "bias", "message"),
    [
        ((4, 5), (5,), r"the weight has shape \(4, 5\), but with this input it needs \(3, 5\)"),
        ((3, 6), (5,), r"the weight has shape \(3, 6\), but with this input it needs \(3, 5\)"),
        ((3, 5), (1,), r"the bias has shape \(1,\), but with this input it needs \(5,\)"),
    ],
)
def test_parameters_of_another_layer_are_refused(weight, bias, message):
    with pytest.raises(ShapeError, match=message):
        Dense(5).forward(np.zeros((2, 3)), np.zeros(weight), np.zeros(bias))
