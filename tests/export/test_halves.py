"""Halves: every number becomes the nearest float16, in the file and in the model alike."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load as read

from inkgrad.errors import ModelError
from inkgrad.export.halves import halve, in_halves
from inkgrad.model import Model
from inkgrad.network import seed_network


@pytest.fixture
def model():
    network = seed_network(3)
    return Model(network, network.initialise(seed=4), ("a", "b", "c"), record={"note": "mine"})


def test_a_file_of_halves(model):
    data = model.to_bytes()
    halved = halve(data)
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
    assert halve(data) == halved


def test_a_model_of_halves_is_what_the_file_holds(model):
    halved = in_halves(model)
    tensors = read(halve(model.to_bytes()))
    for name, tensor in halved.parameters.items():
        assert tensor.dtype == np.float32
        np.testing.assert_array_equal(tensor, tensors[name].astype(np.float32))
    assert not np.array_equal(halved.parameters.vector, model.parameters.vector)
    assert halved.classes == model.classes


@pytest.mark.parametrize(("value", "fits"), [(65504.0, True), (-65519.0, True), (65520.0, False)])
def test_numbers_beyond_float16(model, value, fits):
    model.parameters["conv1.weight"][0, 0, 0, 0] = value
    if fits:
        assert in_halves(model).parameters["conv1.weight"][0, 0, 0, 0] == np.sign(value) * 65504
        halve(model.to_bytes())
        return
    for function in (in_halves, lambda model: halve(model.to_bytes())):
        with pytest.raises(ModelError, match=r"^conv1\.weight holds 65520, but float16 ends at"):
            function(replace(model))
