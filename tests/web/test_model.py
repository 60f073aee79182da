"""model.js = model.py: what one writes, the other reads, and both refuse the same files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from inkgrad.confidence import Confidence
from inkgrad.drawing import Raster, to_bitmaps
from inkgrad.engines import ReferenceEngine
from inkgrad.errors import ModelError
from inkgrad.export.rounding import round_file
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
)
from inkgrad.model import Model, load
from inkgrad.network import Network, seed_network
from inkgrad.quickdraw.doodles import ANIMALS, draw
from tests.fuzz.mutants import mutant
from tests.fuzz.readers import in_header, small_model
from tests.networks import random_parameters
from tests.test_model import DAMAGES, damage, parts_of
from tests.web.drawings import random_drawings
from tests.web.javascript import JavaScriptError

MODULE = "tests/model.js"
CLASSES = ("cat", "dog", "çebra ✓")
RECORD = {"test": {"top1": 0.1 + 0.2}, "note": "ink\n", "n": [1, None, True, 1e-300]}


def small(raster: Raster | None = None) -> Model:
    raster = raster or Raster()
    layers = [Conv2D(4, 3, stride=2), ReLU(), MaxPool2D(2), Flatten(), Dense(len(CLASSES))]
    network = Network(layers, (1, raster.side, raster.side))
    return Model(network, network.initialise(seed=3), CLASSES, raster, RECORD, "reference")


def bytes_of(model: Model, path: Path) -> np.ndarray:
    model.save(path)
    return np.frombuffer(path.read_bytes(), np.uint8)


def with_tensors(path: Path, change: dict[str, np.ndarray]) -> np.ndarray:
    """Return the file's bytes with some tensors changed or added."""
    metadata, tensors = parts_of(path)
    return np.frombuffer(save({**tensors, **change}, metadata), np.uint8)


def test_python_writes_and_javascript_reads(javascript, tmp_path):
    model = small(Raster(40, 20.5, 4.0))
    found = javascript.call(MODULE, "read", bytes_of(model, tmp_path / "m.safetensors"))
    assert found["network"] == json.loads(json.dumps(model.network.to_config()))
    assert found["classes"] == list(CLASSES)
    assert found["raster"] == model.raster.to_dict()
    assert found["record"] == RECORD
    assert found["features"] is None
    assert found["confidence"] is None
    assert list(found["parameters"]) == list(model.parameters)
    for name, values in found["parameters"].items():
        assert values.tobytes() == model.parameters[name].tobytes()


def test_javascript_writes_and_python_reads(javascript, tmp_path):
    confidence = Confidence("margin", 1.5, 0.75, 0.25, True, 1.125)
    model = replace(small(Raster(40, 20.5, 4.0)), confidence=confidence)
    written = javascript.call(
        MODULE, "rewritten", bytes_of(model, tmp_path / "m.safetensors")
    ).tobytes()
    (tmp_path / "again.safetensors").write_bytes(written)
    again = load(tmp_path / "again.safetensors")
    assert again.network == model.network
    assert again.classes == CLASSES
    assert again.raster == model.raster
    assert again.record == RECORD
    assert again.confidence == confidence
    assert again.parameters.vector.tobytes() == model.parameters.vector.tobytes()
    assert (
        javascript.call(MODULE, "rewritten", np.frombuffer(written, np.uint8)).tobytes() == written
    )


@pytest.mark.parametrize(
    "raster", [Raster(), Raster(33, 30.0, 0.0), Raster(64)], ids=["usual", "thick", "large"]
)
def test_drawings_are_seen_alike(javascript, tmp_path, raster):
    rng = np.random.default_rng(4)
    drawings = random_drawings(40, seed=5) + [draw(animal, rng) for animal in ANIMALS] * 4
    model = small(raster)
    if raster == Raster():
        network = seed_network(5)
        parameters = network.initialise(seed=6)
        model = Model(network, parameters, tuple("abcde"), engine="reference")
    data = bytes_of(model, tmp_path / "m.safetensors")
    found = javascript.call(MODULE, "seen", data, drawings)
    bitmaps = to_bitmaps(drawings, raster.side, pen=raster.pen, padding=raster.padding)
    for ours, bitmap in zip(found, bitmaps, strict=True):
        assert ours["bitmap"].tobytes() == bitmap.tobytes()
        x = bitmap.astype(np.float32) / np.float32(255)
        assert ours["x"].tobytes() == x.tobytes()
        layers = len(model.network.layers)
        assert ours["passes"] == [layers + 1, layers]
    probabilities = np.stack([ours["probabilities"] for ours in found])
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, model.predict_proba(drawings), atol=1e-5)
    assert probabilities.argmax(axis=1).std() > 0  # not the same answer to all


def measuring() -> Model:
    """Return a model of all kinds of layers, some of which measured something."""
    branch = [Conv2D(4, 3, padding=1, bias=False), BatchNorm(16, 0.05, 1e-3), ReLU()]
    layers = [Conv2D(4, 5, 2), BatchNorm(), Parallel([branch, []]), GlobalAveragePool()]
    network = Network([*layers, Dropout(0.25), Dense(3)])
    return Model(network, random_parameters(network, np.random.default_rng(5), np.float32), CLASSES)


def test_what_was_measured_is_read_used_and_written(javascript, tmp_path):
    model, path = measuring(), tmp_path / "m.safetensors"
    data = bytes_of(model, path)
    found = javascript.call(MODULE, "read", data)
    assert found["network"] == json.loads(json.dumps(model.network.to_config()))
    assert list(found["statistics"]) == list(model.parameters.statistics)
    for name, values in found["statistics"].items():
        assert values.tobytes() == model.parameters.statistics[name].tobytes()
    drawings = random_drawings(20, seed=6)
    seen = javascript.call(MODULE, "seen", data, drawings)
    expected = model.with_engine("reference").predict_proba(drawings)
    np.testing.assert_allclose([ours["probabilities"] for ours in seen], expected, atol=1e-5)
    path.write_bytes(javascript.call(MODULE, "rewritten", data).tobytes())
    again = load(path)
    assert again.network == model.network
    for name, values in model.parameters.numbers.items():
        assert again.parameters.numbers[name].tobytes() == values.tobytes()


def test_what_the_last_layer_is_given(javascript, tmp_path):
    """Folded or not, it is what Python measures features by."""
    drawings = random_drawings(10, seed=7)
    bitmaps = to_bitmaps(drawings)[:, None].astype(np.float32) / np.float32(255)
    for model in (measuring(), small()):
        found = javascript.call(MODULE, "features", bytes_of(model, tmp_path / "m"), drawings)
        expected = ReferenceEngine(model.network).features(model.parameters, bitmaps)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_what_cannot_have_been_measured_is_refused_in_the_same_words(javascript, tmp_path):
    path = tmp_path / "m.safetensors"
    measuring().save(path)
    metadata, tensors = parts_of(path)
    inner = "parallel1.1.norm1.variance"
    broken = [{name: tensors[name] for name in tensors if name != inner}]
    broken += [
        {**tensors, name: value}
        for name, value in [
            (inner, np.array([1, 2, -0.5, 3], np.float32)),
            ("norm1.variance", np.full(4, -1, np.float32)),
            ("norm1.variance", np.full(4, np.inf, np.float32)),
            ("norm1.mean", np.zeros(5, np.float32)),
            ("norm1.median", np.zeros(4, np.float32)),
        ]
    ]
    calls, expected = [], []
    for changed in broken:
        path.write_bytes(save(changed, metadata))
        calls.append((np.frombuffer(path.read_bytes(), np.uint8), str(path)))
        expected.append(refused_by_python(path))
    assert expected[1].endswith(f"{inner} holds a variance below 0")
    results = javascript.call_many(MODULE, "read", calls)
    assert [result.message for result in results] == expected


def test_both_expand_a_file_in_float16_to_the_same_numbers(javascript, tmp_path):
    model, path = small(), tmp_path / "m.safetensors"
    model.parameters["dense1.bias"][:] = (-6e-8, 65504, 3e-6)  # float16's smallest and largest
    model.save(path, weights="float16")
    found = javascript.call(MODULE, "read", np.frombuffer(path.read_bytes(), np.uint8))
    expected = load(path).parameters
    for name, values in found["parameters"].items():
        assert values.tobytes() == expected[name].tobytes()
        assert values.tobytes() == model.parameters[name].astype("f2").astype("f4").tobytes()


EXAMPLES = {"features.examples": np.arange(216, dtype=np.float32).reshape(6, 36) - 50}
MOMENTS = {
    "features.mean": np.arange(108, dtype=np.float32).reshape(3, 36) - 50,
    "features.deviation": np.arange(108, dtype=np.float32).reshape(3, 36),
}


def features_model() -> Model:
    network = Network([Conv2D(4, 3, stride=2), ReLU(), MaxPool2D(4), Flatten(), Dense(3)])
    assert network.stages[-1].input_shape == (36,)
    return Model(network, network.initialise(seed=3), CLASSES)


def test_features_are_kept(javascript, tmp_path):
    path = tmp_path / "m.safetensors"
    features_model().save(path)
    data = with_tensors(path, EXAMPLES)
    found = javascript.call(MODULE, "read", data)
    values = EXAMPLES["features.examples"]
    assert found["features"]["examples"].tobytes() == values.tobytes()
    path.write_bytes(javascript.call(MODULE, "rewritten", data).tobytes())
    _, tensors = parts_of(path)
    np.testing.assert_array_equal(tensors["features.examples"], values, strict=True)
    assert load(path).features.examples.tobytes() == values.tobytes()


@pytest.mark.parametrize("sign", [1, -1])
def test_of_an_older_file_both_make_the_same_examples(javascript, tmp_path, sign):
    path = tmp_path / "m.safetensors"
    features_model().save(path)
    data = with_tensors(path, {**MOMENTS, "features.mean": sign * np.abs(MOMENTS["features.mean"])})
    path.write_bytes(data.tobytes())
    found = javascript.call(MODULE, "read", data)["features"]["examples"]
    assert found.tobytes() == load(path).features.examples.tobytes()
    assert (found.min() < 0) == (sign < 0)


def test_features_in_whole_numbers_are_read_to_half_a_step(javascript, tmp_path):
    """Pages of large models hold them so, with a scale for each column."""
    path = tmp_path / "m.safetensors"
    features_model().save(path)
    data = round_file(with_tensors(path, EXAMPLES).tobytes(), "int8")
    found = javascript.call(MODULE, "read", np.frombuffer(data, np.uint8))["features"]
    values = EXAMPLES["features.examples"]
    step = np.abs(values).max(axis=0) / 127
    assert (np.abs(found["examples"].reshape(values.shape) - values) <= 0.5001 * step).all()


def test_features_that_do_not_fit_are_refused_by_both_alike(javascript, tmp_path):
    path = tmp_path / "m.safetensors"
    features_model().save(path)
    mean, deviation = MOMENTS
    values = EXAMPLES["features.examples"]
    nan = MOMENTS[mean].copy()
    nan[1, 1] = np.nan
    huge = np.full((3, 36), 3e38, np.float32)
    changes = [
        ({mean: MOMENTS[mean]}, "only one is there; give both or neither"),
        ({deviation: MOMENTS[deviation]}, "only one is there; give both or neither"),
        ({**MOMENTS, mean: MOMENTS[mean][:2]}, "features.mean has shape (2, 36), but"),
        ({**MOMENTS, deviation: MOMENTS[deviation].T.copy()}, "features.deviation (36, 3); they"),
        ({**MOMENTS, mean: MOMENTS[mean].ravel()}, "of shape (108,)"),
        ({**MOMENTS, mean: nan}, "features.mean holds numbers that are not finite"),
        ({**MOMENTS, deviation: MOMENTS[mean]}, "features.deviation holds negative numbers"),
        ({mean: huge, deviation: huge}, "features.examples holds numbers that are not finite"),
        ({**MOMENTS, "features.size": MOMENTS[mean]}, "the tensors are"),
        ({**MOMENTS, **EXAMPLES}, "the tensors are"),
        ({"features.examples": values[:4]}, "has shape (4, 36), but the network's last layer"),
        ({"features.examples": values[:0]}, "has shape (0, 36), but the network's last layer"),
        ({"features.examples": values[:, :35].copy()}, "as many rows of 36 for each of 3 classes"),
        ({"features.examples": values.ravel()}, "features.examples is float32 of shape (216,)"),
        ({"features.examples": np.full_like(values, np.inf)}, "features.examples holds numbers"),
    ]
    calls = [(with_tensors(path, change), "m") for change, _ in changes]
    network = Network([Flatten(), Dense(3), ReLU()])
    Model(network, network.initialise(), CLASSES).save(path)
    calls.append((with_tensors(path, EXAMPLES), "m"))
    reasons = [reason for _, reason in changes] + ["the network's last layer is not dense"]
    for (data, _), result, reason in zip(
        calls, javascript.call_many(MODULE, "read", calls), reasons, strict=True
    ):
        assert isinstance(result, JavaScriptError), reason
        assert result.name == "ModelError"
        assert reason in result.message
        path.write_bytes(data.tobytes())
        with pytest.raises(ModelError) as caught:
            load(path)
        assert reason in str(caught.value)


def refused_by_python(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load(path)
    return str(caught.value)


# Where JavaScript's words differ: values are quoted as JSON has them, not as Python has, and the
# safetensors library has words of its own; only Python tells where a text ceases to be JSON.
_OTHER_WORDS = (
    *("is not a readable safetensors file", "is float64", "the network's description"),
    "not valid JSON at character",
)


def test_damaged_and_hostile_files_are_refused_in_the_same_words(javascript, tmp_path):
    path = tmp_path / "model.safetensors"
    calls, expected = [], []
    for name in DAMAGES:
        small().save(path)
        damage(name, path)
        calls.append((np.frombuffer(path.read_bytes(), np.uint8), str(path)))
        expected.append(refused_by_python(path))
    results = javascript.call_many(MODULE, "read", calls)
    same = 0
    for name, theirs, result in zip(DAMAGES, expected, results, strict=True):
        assert isinstance(result, JavaScriptError), name
        assert result.name == "ModelError", (name, result)
        assert result.message.startswith(str(path)), (name, result)
        assert "\n" not in result.message
        if not any(words in theirs for words in _OTHER_WORDS):
            assert result.message == theirs
            same += 1
    assert same >= 18


@pytest.mark.parametrize("raster", [None, 28, {"side": 28, "pen": 16.0}, {"side": 28}])
def test_how_drawings_were_rasterised_is_not_guessed(javascript, tmp_path, raster: Any):
    path = tmp_path / "model.safetensors"
    small().save(path)
    damage(f"raster={json.dumps(raster)}", path)
    with pytest.raises(JavaScriptError) as caught:
        javascript.call(MODULE, "read", np.frombuffer(path.read_bytes(), np.uint8), str(path))
    assert caught.value.message == refused_by_python(path)
    assert "inkgrad refuses to guess" in caught.value.message


def test_a_model_of_the_wrong_size_is_told_by_name(javascript, tmp_path):
    path = tmp_path / "model.safetensors"
    model = small()
    with pytest.raises(ModelError):
        replace(model, raster=Raster(32))
    model.save(path)
    metadata, tensors = parts_of(path)
    description = json.loads(metadata["inkgrad"])
    description["raster"]["side"] = 32
    data = save(tensors, {"inkgrad": json.dumps(description)})
    with pytest.raises(
        JavaScriptError, match=r"^ModelError: mine cannot be used: .*\(1, 32, 32\)$"
    ):
        javascript.call(MODULE, "read", np.frombuffer(data, np.uint8), "mine")


def test_what_is_damaged_by_chance_is_refused_by_both(javascript, tmp_path):
    """Whole numbers may be written 28.0, which JavaScript cannot see; nothing else differs."""
    text, put = in_header(small_model().to_bytes())
    path, calls, told = tmp_path / "model.safetensors", [], []
    for number in range(400):
        data = put(mutant(text, f"description {number}"))
        path.write_bytes(data)
        calls.append((np.frombuffer(data, np.uint8), "m"))
        try:
            load(path)
            told.append("")
        except ModelError as error:
            told.append(str(error))
    results = javascript.call_many(MODULE, "read", calls)
    for number, (by_python, result) in enumerate(zip(told, results, strict=True)):
        if isinstance(result, JavaScriptError):
            assert result.name == "ModelError", (number, result)
            assert by_python, (number, result)
        else:
            assert not by_python or "whole number" in by_python, (number, by_python)
    assert 100 < sum(map(bool, told)) < 400
