"""Rounding: every number becomes the nearest, in the file and in the model alike."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load as read

from inkgrad.errors import InkgradError, ModelError
from inkgrad.export.rounding import round_file, rounded, usual_weights
from inkgrad.layers import Dense, Flatten
from inkgrad.model import Model
from inkgrad.network import Network, seed_network


@pytest.fixture
def model():
    network = seed_network(3)
    return Model(network, network.initialise(seed=4), ("a", "b", "c"), record={"note": "mine"})


def test_a_file_of_halves(model):
    data = model.to_bytes()
    halved = round_file(data, "float16")
    before, after = read(data), read(halved)
    assert {name: tensor.shape for name, tensor in after.items()} == {
        name: tensor.shape for name, tensor in before.items()
    }
    for name, tensor in after.items():
        assert tensor.dtype == np.float16
        np.testing.assert_array_equal(tensor, before[name].astype(np.float16))
    assert len(halved) < 0.51 * len(data)
    header = json.loads(halved[8 : 8 + int.from_bytes(halved[:8], "little")])
    assert json.loads(header["__metadata__"]["inkgrad"])["record"] == {"note": "mine"}
    assert round_file(data, "float16") == halved


def test_a_model_of_halves_is_what_the_file_holds(model):
    halved = rounded(model, "float16")
    tensors = read(round_file(model.to_bytes(), "float16"))
    for name, tensor in halved.parameters.items():
        assert tensor.dtype == np.float32
        np.testing.assert_array_equal(tensor, tensors[name].astype(np.float32))
    assert not np.array_equal(halved.parameters.vector, model.parameters.vector)
    assert halved.classes == model.classes


@pytest.mark.parametrize(("value", "fits"), [(65504.0, True), (-65519.0, True), (65520.0, False)])
def test_numbers_beyond_float16(model, value, fits):
    model.parameters["conv1.weight"][0, 0, 0, 0] = value
    if fits:
        assert (
            rounded(model, "float16").parameters["conv1.weight"][0, 0, 0, 0]
            == np.sign(value) * 65504
        )
        round_file(model.to_bytes(), "float16")
        return
    for function in (
        lambda model: rounded(model, "float16"),
        lambda model: round_file(model.to_bytes(), "float16"),
    ):
        with pytest.raises(ModelError, match=r"^conv1\.weight holds 65520, but float16 ends at"):
            function(replace(model))


def test_a_file_of_whole_numbers(model):
    """Each weight is within half a step of what it was, and each channel's largest is kept."""
    data = model.to_bytes()
    file = read(round_file(data, "int8"))
    for name, tensor in model.parameters.items():
        if tensor.ndim == 1:
            np.testing.assert_array_equal(file[name], tensor.astype(np.float16))
            continue
        whole, scale = file[name], file[f"{name}.scale"]
        assert (whole.dtype, scale.dtype) == (np.int8, np.float32)
        channels = tensor.reshape(len(tensor), -1) if tensor.ndim == 4 else tensor.T
        steps = whole.reshape(len(whole), -1) if tensor.ndim == 4 else whole.T
        assert scale.shape == (len(channels),)
        np.testing.assert_allclose(np.abs(channels).max(axis=1), 127 * scale, rtol=1e-6)
        assert np.abs(steps).max(axis=1).tolist() == [127] * len(channels)
        assert (np.abs(channels - steps * scale[:, None]) <= 0.5001 * scale[:, None]).all()
    assert len(round_file(data, "int8")) < 0.27 * len(data)
    assert round_file(data, "int8") == round_file(data, "int8")


def test_a_model_of_whole_numbers_is_what_the_file_holds(model):
    model.parameters["conv1.weight"][2] = 0  # a channel without any weight
    file = read(round_file(model.to_bytes(), "int8"))
    for name, tensor in rounded(model, "int8").parameters.items():
        assert tensor.dtype == np.float32
        expected = file[name].astype(np.float32)
        if tensor.ndim > 1:
            scale = file[f"{name}.scale"]
            expected = expected * (scale[:, None, None, None] if tensor.ndim == 4 else scale)
        np.testing.assert_array_equal(tensor, expected)


def test_large_models_are_written_as_whole_numbers(model):
    assert usual_weights(model) == "int8"
    small = Network([Flatten(), Dense(3)])
    assert usual_weights(Model(small, small.initialise(seed=0), ("a", "b", "c"))) == "float16"


def test_other_kinds_of_weights(model):
    for function in (rounded, lambda model, kind: round_file(model.to_bytes(), kind)):
        with pytest.raises(InkgradError, match=r"^weights cannot be 'int4'; they can be"):
            function(model, "int4")
