"""Features in model files: what is measured, what is kept, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from inkgrad.engines import ReferenceEngine
from inkgrad.errors import ModelError
from inkgrad.features import Features, examples_per_class, measure_features
from inkgrad.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU
from inkgrad.model import Model, load
from inkgrad.network import Network

NETWORK = Network([Conv2D(4, 3, stride=2), ReLU(), MaxPool2D(2), Flatten(), Dense(7), Dense(3)])
PARAMETERS = NETWORK.initialise(seed=3)
ONES = np.ones((3, 7), np.float32)
MOMENTS = {"features.mean": ONES, "features.deviation": ONES}


@pytest.fixture
def features() -> Features:
    rng = np.random.default_rng(1)
    return Features(np.abs(rng.normal(size=(12, 7))).astype(np.float16).astype(np.float32))


@pytest.fixture
def model(features) -> Model:
    return Model(NETWORK, PARAMETERS, ("cat", "dog", "zebra"), features=features)


def test_they_are_what_the_last_layer_is_given():
    rng = np.random.default_rng(0)
    drawings = [rng.random((n, 1, 28, 28), dtype=np.float32) for n in (5, 1, 8)]
    engine = ReferenceEngine(NETWORK)
    features = measure_features(engine, PARAMETERS, drawings)
    assert features.examples.dtype == np.float32
    assert features.examples.shape == (3 * 8, 7)
    for k, x in enumerate(drawings):
        rows = features.of_class(k, 3)[: len(x)]
        logits = rows @ PARAMETERS["dense2.weight"] + PARAMETERS["dense2.bias"]
        np.testing.assert_allclose(logits, engine.forward(PARAMETERS, x), rtol=1e-2, atol=1e-2)
        for more in features.of_class(k, 3)[len(x) :]:
            assert more in rows  # repeated
    again = measure_features(engine, PARAMETERS, drawings)
    assert again.examples.tobytes() == features.examples.tobytes()


def test_of_many_drawings_no_more_are_measured_than_are_remembered():
    network = Network([Flatten(), Dense(40)], (1, 28, 28))
    n = examples_per_class(40, 784)
    assert n == 2
    x = np.arange(4, dtype=np.float32)[:, None, None, None] * np.ones((1, 28, 28), np.float32)
    features = measure_features(ReferenceEngine(network), network.initialise(), [x] * 40)
    np.testing.assert_array_equal(features.of_class(39, 40)[:, 0], [0, 1])


def test_for_345_classes_they_take_150_kilobytes():
    assert 345 * examples_per_class(345, 192) * 192 * 2 < 150_000


@pytest.mark.parametrize("layers", [[Conv2D(3, 28), Flatten()], [Dense(3)]])
def test_a_network_without_a_last_dense_layer_behind_others_has_none(layers):
    network = Network(layers, (784,) if isinstance(layers[0], Dense) else (1, 28, 28))
    assert measure_features(ReferenceEngine(network), network.initialise(), []) is None


def test_they_are_saved_in_16_bits_and_come_back(model, features, tmp_path):
    model.save(tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors")
    assert again.features.examples.tobytes() == features.examples.tobytes()
    assert again.parameters.vector.tobytes() == model.parameters.vector.tobytes()
    tensors = load_file(tmp_path / "model.safetensors")
    assert set(tensors) == {*PARAMETERS, "features.examples"}
    assert tensors["features.examples"].dtype == np.float16


def test_a_file_without_them_is_read_too(model, tmp_path):
    replace(model, features=None).save(tmp_path / "model.safetensors")
    assert load(tmp_path / "model.safetensors").features is None
    assert set(load_file(tmp_path / "model.safetensors")) == set(PARAMETERS)


def test_of_an_older_file_examples_are_made_that_are_spread_as_it_says(model, tmp_path):
    rng = np.random.default_rng(3)
    mean = np.abs(rng.normal(5, 1, (3, 7))).astype(np.float32)
    deviation = np.abs(rng.normal(0.5, 0.2, (3, 7))).astype(np.float32)
    path = rewritten(model, tmp_path, {"features.mean": mean, "features.deviation": deviation})
    features = load(path).features
    n = examples_per_class(3, 7)
    for k in range(3):
        made = features.of_class(k, 3)
        error = deviation[k] / np.sqrt(n)
        assert (np.abs(made.mean(axis=0) - mean[k]) < 5 * error).all()
        np.testing.assert_allclose(made.std(axis=0), deviation[k], rtol=0.06)
    assert load(path).features.examples.tobytes() == features.examples.tobytes()


def test_what_comes_out_of_a_relu_is_not_made_negative():
    mean, deviation = np.zeros((2, 3), np.float32), np.ones((2, 3), np.float32)
    assert Features.from_moments(mean, deviation).examples.min() == 0
    assert Features.from_moments(mean - np.float32(1), deviation).examples.min() < -2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features.examples": ONES[:2]}, r"features.examples has shape \(2, 7\), but .* as many"),
        ({"features.examples": ONES.T}, r"features.examples has shape \(7, 3\), but .* rows of 7"),
        ({"features.examples": ONES[:0]}, r"has shape \(0, 7\), but"),
        ({"features.examples": ONES[0]}, r"features.examples is float32 of shape \(7,\)"),
        ({"features.examples": ONES.astype(int)}, "features.examples is int64"),
        ({"features.examples": ONES * np.float32(np.nan)}, "examples holds numbers that are not"),
        ({"features.examples": ONES, **MOMENTS}, "cannot be used: the t"),
        ({"features.mean": ONES[:2], "features.deviation": ONES[:2]}, "as many rows of 7 for each"),
        ({**MOMENTS, "features.deviation": ONES[:2]}, r"shape \(3, 7\), but features.deviation"),
        ({**MOMENTS, "features.mean": ONES[0]}, r"features.mean is float32 of shape \(7,\)"),
        ({**MOMENTS, "features.mean": ONES.astype(np.float64)}, "features.mean is float64"),
        ({**MOMENTS, "features.deviation": ONES * np.float32(np.inf)}, "deviation holds numbers"),
        ({**MOMENTS, "features.deviation": -ONES}, "features.deviation holds negative numbers"),
        ({**MOMENTS, "features.mean": ONES * np.float32(3e38)}, None),
        ({f: v * np.float32(3e38) for f, v in MOMENTS.items()}, "examples holds numbers that are"),
        ({"features.mean": ONES}, "only one is there; give both or neither"),
        ({"features.deviation": ONES}, "only one is there; give both or neither"),
    ],
)
def test_unusable_ones_in_a_file_are_refused_in_one_sentence(model, tmp_path, changes, message):
    path = rewritten(model, tmp_path, changes)
    if message is None:
        assert np.isfinite(load(path).features.examples).all()
        return
    with pytest.raises(ModelError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_network_that_does_not_end_in_a_dense_layer_cannot_have_them(features):
    network = Network([Conv2D(3, 28), Flatten()])
    with pytest.raises(ModelError, match="last layer is not dense"):
        Model(network, network.initialise(), ("cat", "dog", "zebra"), features=features)


def rewritten(model, folder, features):
    """Return a file of the model with other features."""
    path = folder / "model.safetensors"
    replace(model, features=None).save(path)
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    kept = {name: np.ascontiguousarray(values) for name, values in features.items()}
    save_file({**load_file(path), **kept}, path, metadata)
    return path
