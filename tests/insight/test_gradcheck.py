"""`check_gradients` passes what is right, for any network, and catches what is wrong."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inkgrad.errors import InkgradError, ShapeError
from inkgrad.insight.gradcheck import Check, check_gradients
from inkgrad.layers import Conv2D, Dense, Flatten, Layer, MaxPool2D, ReLU
from inkgrad.network import Network, seed_network
from tests.thorough import THOROUGH


def worst(checks, method):
    return max(c.relative_error for c in checks if c.method == method)


@pytest.mark.parametrize("seed", range(5))
def test_the_seed_network_passes_with_room_to_spare(seed):
    checks = check_gradients(seed_network(), seed=seed)
    assert all(c.passed for c in checks)
    assert worst(checks, "difference") <= 1e-8
    assert worst(checks, "adjoint") <= 1e-13
    assert worst(checks, "network") <= 3e-8


@pytest.mark.slow
def test_the_seed_network_passes_for_many_seeds():
    for seed in range(15 * THOROUGH):
        failed = [c for c in check_gradients(seed_network(), seed=seed) if not c.passed]
        assert not failed


def test_every_layer_and_parameter_has_its_rows():
    checks = check_gradients(seed_network())
    rows = {(c.layer, c.quantity, c.method) for c in checks}
    network = seed_network()
    for stage in network.stages:
        for quantity in ("dx", *(f"d{name}" for name in stage.parameter_shapes)):
            assert (stage.name, quantity, "difference") in rows
            assert (stage.name, quantity, "adjoint") in rows  # all are affine along rays
    for name in network.layout:
        layer, quantity = name.split(".")
        assert (layer, f"d{quantity}", "network") in rows
    assert ("loss", "dx", "difference") in rows
    assert len(rows) == len(checks)
    assert {c.tolerance for c in checks if c.method != "adjoint"} == {1e-7}
    assert {c.tolerance for c in checks if c.method == "adjoint"} == {1e-12}


def test_rows_are_the_same_for_the_same_seed_and_ready_for_json():
    network = Network([Flatten(), Dense(4)], input_shape=(1, 3, 3))
    rows = [c.to_dict() for c in check_gradients(network, seed=3)]
    assert rows == [c.to_dict() for c in check_gradients(network, seed=3)]
    assert rows != [c.to_dict() for c in check_gradients(network, seed=4)]
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


@pytest.mark.parametrize("error", [math.nan, math.inf])
def test_an_error_that_is_not_a_number_fails_and_is_null_in_json(error):
    check = Check("conv1", "dx", "difference", error, 1e-7)
    assert not check.passed
    assert check.to_dict()["relative_error"] is None


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_network_passes(data):
    shape = data.draw(st.tuples(st.integers(1, 3), st.integers(2, 9), st.integers(2, 9)))
    side = st.tuples(st.integers(1, 3), st.integers(1, 3))
    candidates: list[Layer] = []
    for _ in range(data.draw(st.integers(0, 2))):
        padding = data.draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
        candidates.append(
            Conv2D(data.draw(st.integers(1, 4)), data.draw(side), data.draw(side), padding)
        )
        candidates.append(ReLU())
        candidates.append(MaxPool2D(data.draw(side), data.draw(side)))
    layers, current = [], shape
    for layer in candidates:  # those that fit
        try:
            current = layer.output_shape(current)
        except ShapeError:
            continue
        layers.append(layer)
    layers += [Flatten(), Dense(data.draw(st.integers(1, 6))), ReLU()]
    layers += [Dense(data.draw(st.integers(1, 5)))]
    network = Network(layers, shape)
    seed, batch = data.draw(st.integers(0, 2**32 - 1)), data.draw(st.integers(1, 3))
    failed = [c for c in check_gradients(network, seed=seed, batch=batch) if not c.passed]
    assert not failed


@pytest.mark.parametrize(
    "layers", [[Conv2D(2, 3), ReLU()], [Flatten(), Dense(1)]], ids=["pictures", "one class"]
)
def test_where_there_is_no_loss_only_the_layers_are_checked(layers):
    checks = check_gradients(Network(layers, input_shape=(1, 5, 5)))
    assert {c.method for c in checks} == {"difference", "adjoint"}
    assert all(c.passed for c in checks)


def test_a_smooth_layer_that_is_not_affine_has_no_adjoint_row():
    @dataclass(frozen=True)
    class Tanh(Layer):
        short_name = "tanh"

        def output_shape(self, input_shape):
            return input_shape

        def forward(self, x):
            y = np.tanh(x)
            return y, (y,)

        def backward(self, dy, saved):
            return dy * (1 - saved[0] ** 2), {}

    checks = check_gradients(Network([Tanh(), Flatten(), Dense(3)], input_shape=(1, 4, 4)))
    assert [c.method for c in checks if c.layer == "tanh1"] == ["difference"]
    assert all(c.passed for c in checks)


def test_a_batch_of_none_is_refused():
    with pytest.raises(InkgradError, match="batch is 0"):
        check_gradients(seed_network(), batch=0)


# Deliberate mistakes, each of a kind that one makes: the check must name the row.


class FlippedSign(Dense):
    """dx of the wrong sign."""

    def backward(self, dy, saved):
        dx, gradients = super().backward(dy, saved)
        return -dx, gradients


class OffByOne(Conv2D):
    """The weights' gradient shifted by one column of the filter."""

    def backward(self, dy, saved):
        dx, gradients = super().backward(dy, saved)
        return dx, {**gradients, "weight": np.roll(gradients["weight"], 1, axis=3)}


class OneRowShort(Conv2D):
    """The last row of the output sends nothing back to the input."""

    def backward(self, dy, saved):
        _, gradients = super().backward(dy, saved)
        cut = dy.copy()
        cut[:, :, -1] = 0
        return super().backward(cut, saved)[0], gradients


class FirstOfTheBatchOnly(Dense):
    """The bias's gradient without the sum over the batch."""

    def backward(self, dy, saved):
        dx, gradients = super().backward(dy, saved)
        return dx, {**gradients, "bias": dy[0]}


class Transposed(Dense):
    """A square matrix of weights the wrong way round."""

    def backward(self, dy, saved):
        _, weight = saved
        return dy @ weight, super().backward(dy, saved)[1]


class OneEntryWrong(Dense):
    """One of many gradients off by a thousandth."""

    def backward(self, dy, saved):
        dx, gradients = super().backward(dy, saved)
        gradients["weight"][3, 1] *= 1.001
        return dx, gradients


class LeakyMask(ReLU):
    """A mask of the wrong side."""

    def backward(self, dy, saved):
        return dy * ~saved[0], {}


class WrongWinner(MaxPool2D):
    """The gradient goes to the cell after the one that won."""

    def backward(self, dy, saved):
        x_shape, winner = saved
        return super().backward(dy, (x_shape, (winner + 1) % 4))


class Overwriting(MaxPool2D):
    """Overlapping windows overwrite each other's gradient instead of adding up."""

    def backward(self, dy, saved):
        dx, _ = super().backward(dy, saved)
        counts, _ = super().backward(np.ones_like(dy), saved)
        return dx / np.maximum(counts, 1), {}


class BrokenFlatten(Flatten):
    """Columns before rows."""

    def backward(self, dy, saved):
        ((n, c, h, w),) = saved
        return dy.reshape(n, c, w, h).swapaxes(2, 3), {}


@pytest.mark.parametrize(
    ("layers", "name", "quantity"),
    [
        ([Flatten(), FlippedSign(4)], "dense1", "dx"),
        ([OffByOne(3, 3, padding=1), Flatten(), Dense(4)], "conv1", "dweight"),
        ([OneRowShort(3, 3), Flatten(), Dense(4)], "conv1", "dx"),
        ([Flatten(), FirstOfTheBatchOnly(4)], "dense1", "dbias"),
        ([Flatten(), Dense(5), Transposed(5)], "dense2", "dx"),
        ([Flatten(), OneEntryWrong(4)], "dense1", "dweight"),
        ([LeakyMask(), Flatten(), Dense(4)], "relu1", "dx"),
        ([WrongWinner(2), Flatten(), Dense(4)], "pool1", "dx"),
        ([Overwriting(3, 1), Flatten(), Dense(4)], "pool1", "dx"),
        ([BrokenFlatten(), Dense(4)], "flatten1", "dx"),
    ],
)
def test_a_mistake_is_caught_where_it_is(layers, name, quantity):
    network = Network(layers, input_shape=(1, 8, 6))
    for seed in range(5):
        failed = {
            (c.layer, c.quantity, c.method)
            for c in check_gradients(network, seed=seed)
            if not c.passed
        }
        assert (name, quantity, "difference") in failed
        assert (name, quantity, "adjoint") in failed
        others = {row for row in failed if row[:2] != (name, quantity)}
        assert all(method == "network" for _, _, method in others)


def test_a_wrong_dx_shows_in_the_parameters_before_it():
    network = Network([Conv2D(3, 3), Flatten(), FlippedSign(4)], input_shape=(1, 6, 6))
    failed = {(c.layer, c.quantity) for c in check_gradients(network) if not c.passed}
    assert failed == {("dense1", "dx"), ("conv1", "dweight"), ("conv1", "dbias")}


def test_a_layer_right_for_dy_alone_but_changing_it_is_caught_in_the_network():
    class Spoiling(Conv2D):
        """Gives the right gradients, and spoils what it was handed."""

        def forward(self, x, weight, bias):
            y, saved = super().forward(x, weight, bias)
            return y, (*saved, x)

        def backward(self, dy, saved):
            result = super().backward(dy, saved[:-1])
            saved[-1][...] = 0
            return result

    network = Network([Flatten(), Dense(8)], input_shape=(1, 4, 4))
    assert all(c.passed for c in check_gradients(network))
    network = Network(
        [Conv2D(2, 3, padding=1), ReLU(), Spoiling(2, 3), Flatten(), Dense(3)],
        input_shape=(1, 5, 5),
    )
    assert not all(c.passed for c in check_gradients(network))


def test_a_gradient_that_is_left_out_or_misshapen_is_named():
    class NoBias(Dense):
        def backward(self, dy, saved):
            dx, gradients = super().backward(dy, saved)
            return dx, {"weight": gradients["weight"]}

    class FlatWeight(Dense):
        def backward(self, dy, saved):
            dx, gradients = super().backward(dy, saved)
            return dx, {**gradients, "weight": gradients["weight"].ravel()}

    with pytest.raises(ShapeError, match=r"dense1: backward must return dbias .*\(3,\).* nothing"):
        check_gradients(Network([Flatten(), NoBias(3)], input_shape=(1, 2, 2)))
    with pytest.raises(ShapeError, match=r"dweight .*\(4, 3\), but it returns .*\(12,\)"):
        check_gradients(Network([Flatten(), FlatWeight(3)], input_shape=(1, 2, 2)))
