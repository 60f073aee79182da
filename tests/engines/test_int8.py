"""Recognising in bytes, by the reference engine: the formula, number by number."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.engines import PRECISIONS, ReferenceEngine, check_precision
from inkgrad.engines.int8 import int8_plan, is_int8, round_inputs, round_weights
from inkgrad.errors import InkgradError, ShapeError
from inkgrad.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    MaxPool2D,
    Parallel,
    ReLU,
    softmax,
)
from inkgrad.network import Network, seed_network


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_weights_are_off_by_half_a_step_at_most_and_the_largest_is_exact():
    for weight, axes in [(numbers(5, 3, 2, 4), (1, 2, 3)), (numbers(7, 5), (0,))]:
        whole, scale = round_weights(weight)
        assert whole.dtype == np.int8
        np.testing.assert_array_equal(np.abs(whole).max(axis=axes), 127)
        beside = scale.reshape(-1, 1, 1, 1) if weight.ndim == 4 else scale
        assert (np.abs(whole * beside - weight) <= 0.501 * beside).all()


def test_weights_that_are_all_0_stay_0():
    whole, scale = round_weights(np.zeros((2, 3), np.float32))
    assert not whole.any()
    np.testing.assert_array_equal(scale, 1)


def test_bitmaps_are_bytes_as_they_are():
    bitmaps = np.random.default_rng(0).integers(0, 256, (20, 1, 28, 28), dtype=np.uint8)
    bitmaps[:, 0, 3, 3] = 255
    whole, zero, scale = round_inputs(bitmaps / np.float32(255))
    np.testing.assert_array_equal(whole, bitmaps)
    assert not zero.any()
    np.testing.assert_array_equal(scale, np.float32(1) / np.float32(255))


@pytest.mark.parametrize("shift", [0.0, -5.0, 1.0, 50.0])
def test_inputs_are_off_by_a_step_at_most_and_0_is_exact(shift):
    x = numbers(6, 40) + np.float32(shift)
    x[:, 7] = 0
    whole, zero, scale = round_inputs(x)
    assert whole.min() >= 0
    assert whole.max() <= 255
    np.testing.assert_array_equal(whole, np.rint(whole))
    assert (np.abs((whole - zero[:, None]) * scale[:, None] - x) <= scale[:, None]).all()
    np.testing.assert_array_equal(whole[:, 7], zero)


def test_of_nothing_there_is_nothing_and_what_is_not_finite_shows():
    x = np.zeros((4, 3), np.float32)
    x[1], x[2, 0], x[3, 0] = 1e-35, np.nan, np.inf
    whole, _, scale = round_inputs(x)
    assert not whole[:2].any()
    np.testing.assert_array_equal(np.isnan(scale), [False, False, True, True])


def by_loops(network: Network, parameters, x: np.ndarray) -> np.ndarray:
    """Return the logits of one drawing: the formula, with whole numbers of Python's own."""
    for stage in network.stages:
        if not stage.parameter_shapes:
            x = stage.layer.forward(x)[0]
            continue
        (inputs,), (zero,), (scale,) = round_inputs(x)
        weight, weight_scale = round_weights(parameters[f"{stage.name}.weight"])
        bias = parameters[f"{stage.name}.bias"]
        shape = stage.output_shape
        y = np.zeros((1, *shape), np.float32)
        for place in np.ndindex(*shape):
            k, total = place[0], 0
            if isinstance(stage.layer, Dense):
                for i in range(len(inputs)):
                    total += (int(inputs[i]) - int(zero)) * int(weight[i, k])
            else:
                (sy, sx), (py, px) = stage.layer.stride, stage.layer.padding
                for c, i, j in np.ndindex(*weight.shape[1:]):
                    row, column = place[1] * sy + i - py, place[2] * sx + j - px
                    if 0 <= row < inputs.shape[1] and 0 <= column < inputs.shape[2]:
                        total += (int(inputs[c, row, column]) - int(zero)) * int(weight[k, c, i, j])
            y[0][place] = np.float32(total) * (scale * weight_scale[k]) + bias[k]
        x = y
    return x


def test_the_reference_is_the_formula():
    layers = [
        *(Conv2D(3, (3, 2), padding=(1, 0)), ReLU(), MaxPool2D(2)),
        *(Conv2D(4, 2, stride=2, padding=1), Flatten(), Dense(6), ReLU(), Dense(3)),
    ]
    network = Network(layers, (2, 7, 8))
    parameters = network.initialise(seed=0)
    parameters.vector[:] += numbers(network.size) / 10
    x = numbers(3, 2, 7, 8, seed=1)
    predict = ReferenceEngine(network).predictor(parameters, "int8")
    expected = np.concatenate([by_loops(network, parameters, each[None]) for each in x])
    np.testing.assert_array_equal(predict(x), softmax(expected))


def test_it_is_near_float32_and_one_drawing_does_not_depend_on_others():
    network = seed_network()
    parameters = network.initialise(seed=0)
    x = np.maximum(numbers(5, 1, 28, 28), 0)
    engine = ReferenceEngine(network)
    whole, found = engine.predictor(parameters, "int8"), engine.predictor(parameters)(x)
    assert 0 < np.abs(whole(x) - found).max() < 0.02
    np.testing.assert_allclose(whole(x)[2:3], whole(x[2:3]), rtol=1e-6)
    assert whole(x[:0]).shape == (0, 5)


def test_which_layers_are_computed_in_bytes():
    norms = [Conv2D(4, 3), BatchNorm(), ReLU(), Conv2D(4, 3), BatchNorm(), Dropout(0.5)]
    network = Network([*norms, GlobalAveragePool(), Dense(3)], (1, 9, 9))
    numbers_ = network.initialise(seed=0)
    x = np.zeros((2, 1, 9, 9), np.float32)
    assert ReferenceEngine(network).predictor(numbers_, "int8")(x).shape == (2, 3)
    # Without the norms, which are folded away: two convolutions, the mean, the dense layer.
    plain = Network([Conv2D(4, 3), ReLU(), Conv2D(4, 3), GlobalAveragePool(), Dense(3)], (1, 9, 9))
    assert [is_int8(segment) for segment in int8_plan(plain)] == [True, False, True]


def test_sums_that_int32_might_not_hold_are_left_to_float32():
    layers = [Dense(1), ReLU(), Dense(2)]
    assert is_int8(int8_plan(Network(layers, (66_311,)))[0])
    with pytest.raises(InkgradError, match="no layers that can be computed in int8"):
        int8_plan(Network(layers, (66_312,)))


def test_refusals():
    branches = Network([Parallel([[Conv2D(1, 1)], []]), ReLU()], (1, 3, 3))
    with pytest.raises(InkgradError, match="choose the precision float32"):
        int8_plan(branches)
    network = Network([Dense(2)], (3,))
    parameters = network.initialise()
    with pytest.raises(InkgradError, match="precision is 'int4'; choose one of float32, int8"):
        ReferenceEngine(network).predictor(parameters, "int4")
    with pytest.raises(InkgradError, match="these are float64"):
        ReferenceEngine(network).predictor(parameters.astype(np.float64), "int8")
    with pytest.raises(ShapeError, match=r"this network needs \(n, 3\)"):
        ReferenceEngine(network).predictor(parameters, "int8")(np.zeros((1, 4), np.float32))
    parameters.vector[0] = np.nan
    with pytest.raises(InkgradError, match="not all finite"):
        ReferenceEngine(network).predictor(parameters, "int8")
    assert [check_precision(name) for name in PRECISIONS] == list(PRECISIONS)
