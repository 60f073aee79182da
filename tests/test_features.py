"""Features in model files: what is measured, what is kept, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from inkgrad.engines import ReferenceEngine
from inkgrad.errors import ModelError
from inkgrad.features import Features, measure_features
from inkgrad.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU
from inkgrad.model import Model, load
from inkgrad.network import Network

NETWORK = Network([Conv2D(4, 3, stride=2), ReLU(), MaxPool2D(2), Flatten(), Dense(7), Dense(3)])
PARAMETERS = NETWORK.initialise(seed=3)
ONES = np.ones((3, 7), np.float32)


@pytest.fixture
def features() -> Features:
    rng = np.random.default_rng(1)
    return Features(*np.abs(rng.normal(size=(2, 3, 7))).astype(np.float32))


@pytest.fixture
def model(features) -> Model:
    return Model(NETWORK, PARAMETERS, ("cat", "dog", "zebra"), features=features)


def test_they_are_mean_and_spread_of_what_the_last_layer_is_given():
    rng = np.random.default_rng(0)
    drawings = [rng.random((n, 1, 28, 28), dtype=np.float32) for n in (5, 1, 8)]
    features = measure_features(ReferenceEngine(NETWORK), PARAMETERS, drawings)
    # The last layer is linear: the mean logit is the logit of the mean feature.
    for mean, x in zip(features.mean, drawings, strict=True):
        logits = mean @ PARAMETERS["dense2.weight"] + PARAMETERS["dense2.bias"]
        expected = ReferenceEngine(NETWORK).forward(PARAMETERS, x).mean(axis=0)
        np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-6)
    assert (features.deviation[1] == 0).all()  # of a single drawing
    assert (features.deviation[2] > 0).any()
    assert features.mean.dtype == features.deviation.dtype == np.float32
    again = measure_features(ReferenceEngine(NETWORK), PARAMETERS, drawings)
    assert again.mean.tobytes() == features.mean.tobytes()
    assert again.deviation.tobytes() == features.deviation.tobytes()


@pytest.mark.parametrize("layers", [[Conv2D(3, 28), Flatten()], [Dense(3)]])
def test_a_network_without_a_last_dense_layer_behind_others_has_none(layers):
    network = Network(layers, (784,) if isinstance(layers[0], Dense) else (1, 28, 28))
    assert measure_features(ReferenceEngine(network), network.initialise(), []) is None


def test_they_are_saved_and_come_back(model, features, tmp_path):
    model.save(tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors")
    assert again.features.mean.tobytes() == features.mean.tobytes()
    assert again.features.deviation.tobytes() == features.deviation.tobytes()
    assert again.parameters.vector.tobytes() == model.parameters.vector.tobytes()
    tensors = load_file(tmp_path / "model.safetensors")
    assert set(tensors) == {*PARAMETERS, "features.mean", "features.deviation"}


def test_a_file_without_them_is_read_too(model, tmp_path):
    replace(model, features=None).save(tmp_path / "model.safetensors")
    assert load(tmp_path / "model.safetensors").features is None
    assert set(load_file(tmp_path / "model.safetensors")) == set(PARAMETERS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mean": ONES[:2], "deviation": ONES[:2]}, r"shape \(2, 7\), but .* needs \(3, 7\)"),
        ({"mean": ONES.T, "deviation": ONES.T}, r"shape \(7, 3\), but .* needs \(3, 7\)"),
        ({"deviation": ONES[:2]}, r"features.deviation is float32 of shape \(2, 7\)"),
        ({"mean": ONES[0], "deviation": ONES[0]}, r"features.mean is float32 of shape \(7,\)"),
        ({"mean": ONES.astype(np.float64)}, "features.mean is float64"),
        ({"mean": ONES * np.float32(np.nan)}, "features.mean holds numbers that are not finite"),
        ({"deviation": ONES * np.float32(np.inf)}, "features.deviation holds numbers that are not"),
        ({"deviation": -ONES}, "features.deviation holds negative numbers"),
        ({"deviation": None}, "only one is there; give both or neither"),
        ({"mean": None}, "only one is there; give both or neither"),
    ],
)
def test_unusable_ones_in_a_file_are_refused_in_one_sentence(model, tmp_path, changes, message):
    path = tmp_path / "model.safetensors"
    model.save(path)
    metadata = {"inkgrad": _description(path)}
    tensors = {**load_file(path), **{f"features.{k}": v for k, v in changes.items()}}
    kept = {k: np.ascontiguousarray(v) for k, v in tensors.items() if v is not None}
    save_file(kept, path, metadata)
    with pytest.raises(ModelError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_network_that_does_not_end_in_a_dense_layer_cannot_have_them(features):
    network = Network([Conv2D(3, 28), Flatten()])
    with pytest.raises(ModelError, match="last layer is not dense"):
        Model(network, network.initialise(), ("cat", "dog", "zebra"), features=features)


def _description(path):
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        return file.metadata()["inkgrad"]
