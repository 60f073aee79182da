"""Calibration after training: the file's weights are divided, those of checkpoints are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inkgrad.layers import Conv2D, Dense, Flatten, Parallel, ReLU, log_softmax, softmax
from inkgrad.model import Model, load
from inkgrad.network import Network
from inkgrad.quickdraw import Drawings, Loaded
from inkgrad.training import BEST, load_checkpoint
from inkgrad.workflows import train
from inkgrad.workflows.calibrate import calibrated

CLASSES = ("dark", "light", "lighter")


def drawings(n: int, seed: int) -> Drawings:
    """Return noisy shades, of which a tenth is labelled wrongly."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    shades = 40 * labels[:, None, None] + rng.integers(0, 80, (n, 28, 28))
    wrong = rng.random(n) < 0.1
    return Drawings(
        shades.astype(np.uint8), np.where(wrong, rng.integers(0, 3, n), labels), CLASSES
    )


def surprise(model: Model, part: Drawings) -> float:
    log_p = log_softmax(model.logits(part.bitmaps).astype(float))
    return float(-log_p[np.arange(len(part)), part.labels].mean())


@pytest.fixture(scope="module")
def model() -> Model:
    """Return a model that is far too sure."""
    network = Network([Conv2D(2, 28), Flatten(), Dense(3)])
    parameters = network.initialise(0)
    parameters["conv1.weight"] = np.full((2, 1, 28, 28), 1 / 100)
    parameters["dense1.weight"] = np.array([[0, 20, 40], [0, 20, 40]], float)
    parameters["dense1.bias"] = np.array([0, -50, -180], float)
    return Model(network, parameters, CLASSES, engine="reference")


def test_probabilities_fit_the_validation_part_and_answers_stay(model):
    validation = drawings(400, 1)
    made = calibrated(model, validation)
    assert made.confidence is not None
    temperature = made.confidence.temperature
    assert temperature > 2
    expected = softmax(model.logits(validation.bitmaps).astype(float) / temperature)
    np.testing.assert_allclose(made.predict_proba(validation.bitmaps), expected, atol=1e-5)
    assert surprise(made, validation) < 0.7 * surprise(model, validation)
    fresh = drawings(400, 2)
    assert surprise(made, fresh) < 0.7 * surprise(model, fresh)
    assert made.predict(fresh.bitmaps).tolist() == model.predict(fresh.bitmaps).tolist()
    assert not made.confidence.rejects
    accepted = ~made.recognise(validation.bitmaps).rejected
    assert accepted.mean() == pytest.approx(0.95, abs=0.005)


def test_the_threshold_keeps_out_outliers(model):
    outliers = np.full((50, 28, 28), 255, np.uint8)
    outliers[::2] = 0
    made = calibrated(model, drawings(400, 1), outliers)
    assert made.confidence is not None
    assert made.confidence.rejects


def test_without_validation_nothing_is_changed(model):
    nothing = drawings(3, 0).subset([])
    assert calibrated(model, nothing) is model


def test_where_no_factor_passes_the_temperature_stays_1(model):
    network = Network([Flatten(), Dense(3), Parallel([[ReLU()], []])])
    other = replace(model, network=network, parameters=network.initialise(0))
    made = calibrated(other, drawings(200, 1))
    assert made.confidence is not None
    assert made.confidence.temperature == 1.0
    assert made.parameters is other.parameters


def test_training_ends_with_it_and_checkpoints_keep_the_weights_as_they_were_learnt(tmp_path):
    network = Network([Conv2D(2, 5, 4), ReLU(), Flatten(), Dense(3)])
    trained = train(
        loaded=Loaded(drawings(1000, 3), "shades"),
        network=network,
        out=tmp_path,
        epochs=2,
        validation_size=0.2,
        engine="reference",
    )
    found = load(tmp_path / "model.safetensors")
    assert trained.model is not None
    assert trained.parts is not None
    assert found.confidence == trained.model.confidence
    assert found.confidence is not None
    temperature = found.confidence.temperature
    assert temperature != 1
    learnt = load_checkpoint(tmp_path / BEST, network).parameters
    for name, values in learnt.items():
        factor = temperature if name.startswith("dense1") else 1
        np.testing.assert_allclose(found.parameters[name] * factor, values, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(
        trained.probabilities, found.predict_proba(trained.parts.test.bitmaps), rtol=1e-4
    )
