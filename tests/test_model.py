"""Model files: what is saved comes back, and nothing in a file is trusted."""

from __future__ import annotations

import copy
import json
import pickle
import re
import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

import inkgrad
from inkgrad.confidence import Confidence
from inkgrad.drawing import Raster, to_bitmap
from inkgrad.engines import ReferenceEngine
from inkgrad.errors import DataError, InkgradError, ModelError
from inkgrad.features import Features
from inkgrad.layers import BatchNorm, Conv2D, Dense, Flatten, MaxPool2D, ReLU, softmax
from inkgrad.model import Model, load
from inkgrad.network import Network, seed_network
from tests.networks import random_parameters

CLASSES = ("cat", "dog", "zebra")
CROSS = [[[0, 255], [0, 255]], [[0, 255], [255, 0]]]


@pytest.fixture
def model() -> Model:
    network = Network(
        [Conv2D(4, 3, stride=2), ReLU(), MaxPool2D(2), Flatten(), Dense(len(CLASSES))]
    )
    return Model(network, network.initialise(seed=3), CLASSES, record={"test": {"top1": 0.5}})


@pytest.fixture
def bitmaps() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 28, 28), dtype=np.uint8)


def parts_of(path: Path) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Take a model file apart, by hand."""
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    metadata = header.pop("__metadata__")
    body = raw[8 + length :]
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(body[start:end], "<f4").reshape(entry["shape"]).copy()
    return metadata, tensors


def test_saved_and_loaded_models_are_the_same(model, bitmaps, tmp_path):
    path = tmp_path / "model.safetensors"
    model.save(path)
    again = load(path)
    assert again.classes == CLASSES
    assert again.network == model.network
    assert again.raster == Raster()
    assert again.record == {"test": {"top1": 0.5}}
    assert again.parameters.vector.ctypes.data % 64 == 0  # see `inkgrad.memory.aligned_zeros`
    assert again.parameters.vector.tobytes() == model.parameters.vector.tobytes()
    np.testing.assert_array_equal(again.predict_proba(bitmaps), model.predict_proba(bitmaps))
    assert inkgrad.load(path).classes == CLASSES


def test_a_confidence_is_saved_and_read(model, bitmaps, tmp_path):
    path = tmp_path / "model.safetensors"
    confidence = Confidence("logit", 0.125, 0.1, 0.6, True, 1.75)
    sure = replace(model, confidence=confidence)
    sure.save(path)
    again = load(path)
    assert again.confidence == confidence
    np.testing.assert_array_equal(again.familiarity(bitmaps), sure.familiarity(bitmaps))
    model.save(path)
    assert load(path).confidence is None


def test_familiarity_and_rejection_are_those_of_the_logits(model, bitmaps):
    logits = model.logits(bitmaps)
    np.testing.assert_allclose(softmax(logits), model.predict_proba(bitmaps), rtol=1e-5)
    middle = float(np.median(logits.max(axis=1)))
    sure = replace(model, confidence=Confidence("logit", middle, 0.1, 0.5))
    expected = 1 / (1 + np.exp(-(logits.max(axis=1).astype(float) - middle) / 0.1))
    familiarity = sure.familiarity(bitmaps)
    assert familiarity.shape == (7,)
    np.testing.assert_allclose(familiarity, expected, rtol=1e-9)
    names = sure.predict(bitmaps, reject=True)
    assert names.dtype == object
    for name, known, guess in zip(names, expected >= 0.5, sure.predict(bitmaps), strict=True):
        assert name == (guess if known else None)
    assert [name is None for name in names].count(True) == 3
    found = sure.recognise(bitmaps)
    np.testing.assert_allclose(found.probabilities, model.predict_proba(bitmaps), rtol=1e-5)
    np.testing.assert_array_equal(found.rejected, expected < 0.5)


def test_without_a_threshold_nothing_is_rejected(model, bitmaps):
    """Older files have no confidence; familiarity goes by energy then."""
    names = model.predict(bitmaps, reject=True)
    assert names.tolist() == model.predict(bitmaps).tolist()
    np.testing.assert_array_equal(
        model.familiarity(bitmaps), Confidence("energy").familiarity(model.logits(bitmaps))
    )


def test_in_int8_the_logits_are_int8_s(bitmaps):
    packaged = load("animals", engine="reference", precision="int8")
    np.testing.assert_allclose(
        softmax(packaged.logits(bitmaps)), packaged.predict_proba(bitmaps), rtol=1e-5
    )


def test_the_same_model_gives_the_same_bytes(model, tmp_path):
    model.save(tmp_path / "a.safetensors")
    model.save(tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    (tmp_path / "other").touch()  # whoever may read a new file may read the model
    assert (tmp_path / "a.safetensors").stat().st_mode == (tmp_path / "other").stat().st_mode


def features_for(network: Network) -> Features:
    rows = 2 * network.output_shape[0]
    examples = np.random.default_rng(4).normal(size=(rows, *network.stages[-1].input_shape))
    return Features(examples.astype(np.float32))


def test_a_file_in_float16_has_half_the_size_and_gives_each_number_rounded(tmp_path):
    """Parameters, statistics and features; what is loaded is float32 and saves as the same file."""
    network = Network(
        [Conv2D(4, 3), BatchNorm(), ReLU(), MaxPool2D(4), Flatten(), Dense(3)], (1, 28, 28)
    )
    model = Model(
        network,
        random_parameters(network, np.random.default_rng(2), np.float32),
        CLASSES,
        features=features_for(network),
    )
    model.parameters["dense1.bias"][:] = (-1e-7, 65504, -1e-45)  # subnormal, the largest, none
    path = tmp_path / "small.safetensors"
    model.save(path, weights="float16")
    weights = model.parameters.numbers.values()
    saved = 2 * sum(values.size for values in weights)  # features are in 16 bits in either file
    assert abs(len(model.to_bytes()) - path.stat().st_size - saved) < 100
    again = load(path)
    assert again.network == network
    named = model.parameters.numbers.items()
    pairs = [(values, again.parameters.numbers[name]) for name, values in named]
    assert again.features is not None
    pairs += [(model.features.examples, again.features.examples)]
    assert len(pairs) == 4 + 2 + 2 + 1  # conv, norm, dense; what norm measured; features
    for values, found in pairs:
        assert found.dtype == np.float32
        assert found.tobytes() == values.astype(np.float16).astype(np.float32).tobytes()
    assert again.to_bytes("float16") == path.read_bytes()
    assert len(again.to_bytes()) == len(model.to_bytes())


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (65520.0, "conv1.weight holds 65520, but float16 ends at 65504; keep the model "),
        (-np.inf, "conv1.weight holds inf, but float16 ends at 65504; "),
    ],
)
def test_what_is_beyond_float16_is_not_saved_in_it(model, value, told, tmp_path):
    model.parameters["conv1.weight"].flat[0] = value
    with pytest.raises(ModelError, match=f"^{re.escape(told)}"):
        model.save(tmp_path / "small.safetensors", weights="float16")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ModelError, match=r"^a model file cannot hold weights in 'int8'; choose fl"):
        model.to_bytes("int8")


def test_every_kind_of_drawing_gives_the_same_answer(model, bitmaps):
    proba = model.predict_proba(bitmaps)
    assert proba.shape == (7, 3)
    assert proba.dtype == np.float32
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(proba, model.predict_proba(bitmaps.reshape(7, 784)))
    assert list(model.predict(bitmaps)) == [CLASSES[k] for k in proba.argmax(axis=1)]
    as_bitmap = to_bitmap(CROSS)[None]
    np.testing.assert_array_equal(model.predict_proba([CROSS]), model.predict_proba(as_bitmap))
    arrays = [np.array(stroke) for stroke in CROSS]
    np.testing.assert_array_equal(model.predict_proba([arrays]), model.predict_proba(as_bitmap))


def test_strokes_of_any_size_and_place_give_one_answer(model):
    moved = [[[x * 3.5 + 1000 for x in xs], [y * 3.5 - 77 for y in ys]] for xs, ys in CROSS]
    np.testing.assert_array_equal(model.predict_proba([moved]), model.predict_proba([CROSS]))


def test_many_drawings_are_carried_out_in_batches(model):
    many = np.random.default_rng(1).integers(0, 256, (600, 28, 28), dtype=np.uint8)
    whole = model.predict_proba(many)
    np.testing.assert_allclose(whole[511:514], model.predict_proba(many[511:514]), rtol=1e-5)


class Counting(ReferenceEngine):
    """Counts how often it is made ready, and how often a predictor is made."""

    prepared = made = 0

    def prepare(self, on_progress=None, precision="float32"):
        self.prepared += 1

    def predictor(self, parameters, precision="float32"):
        self.made += 1
        return super().predictor(parameters, precision)


def test_the_engine_is_made_ready_once_at_the_first_prediction(model, bitmaps):
    engine = Counting(model.network)
    counted = model.with_engine(engine)
    counted.bitmaps(bitmaps)
    assert (engine.prepared, engine.made) == (0, 0)
    expected = counted.predict_proba(bitmaps)
    counted.predict(bitmaps[:1])
    assert (engine.prepared, engine.made) == (1, 1)
    np.testing.assert_array_equal(expected, model.with_engine("reference").predict_proba(bitmaps))
    replace(counted).predict(bitmaps)
    assert engine.made == 2  # another model has another predictor


def test_predictions_go_by_the_parameters_of_the_first(model, bitmaps):
    model = model.with_engine("reference")
    before = model.predict_proba(bitmaps)
    model.parameters.vector[:] = 0
    np.testing.assert_array_equal(model.predict_proba(bitmaps), before)
    np.testing.assert_allclose(replace(model).predict_proba(bitmaps), 1 / 3, rtol=1e-6)


def test_one_model_serves_several_threads(model, bitmaps):
    expected = model.predict_proba(bitmaps)
    fresh = replace(model)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(fresh.predict_proba, [bitmaps] * 64):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("clone", [lambda m: pickle.loads(pickle.dumps(m)), copy.deepcopy])
def test_a_model_can_be_sent_elsewhere_before_and_after_it_has_predicted(model, bitmaps, clone):
    expected = replace(model).predict_proba(bitmaps)
    np.testing.assert_array_equal(clone(model).predict_proba(bitmaps), expected)
    model.predict_proba(bitmaps)
    np.testing.assert_array_equal(clone(model).predict_proba(bitmaps), expected)


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ("steam", "engine is 'steam'"),
        (ReferenceEngine(seed_network(5)), "made for another network"),
    ],
)
def test_an_engine_that_cannot_be_is_refused_at_once(model, engine, message):
    with pytest.raises(InkgradError, match=message):
        model.with_engine(engine)


def test_no_drawings_give_no_answers(model):
    assert model.predict_proba(np.zeros((0, 28, 28), np.uint8)).shape == (0, 3)
    assert model.predict_proba([]).shape == (0, 3)
    assert model.predict([]).shape == (0,)
    assert model.predict([], reject=True).shape == (0,)
    assert model.familiarity([]).shape == (0,)


@pytest.mark.parametrize(
    ("drawings", "message"),
    [
        (np.zeros((2, 28, 28)), r"float64; give uint8"),
        (np.zeros((2, 27, 28), np.uint8), r"\(2, 27, 28\); give \(n, 28, 28\)"),
        (np.zeros((28,), np.uint8), r"shape \(28,\)"),
        (CROSS, r"wrap it in a list: predict\(\[strokes\]\)"),
        ("cat.png", r"given as str"),
        ([CROSS, [[[0, float("nan")], [0, 1]]]], r"drawing 1"),
        ([[]], r"^drawing: there are no strokes"),
        ([CROSS, 5], r"^drawing 1: strokes are a number"),
    ],
)
def test_unusable_drawings_are_refused(model, drawings: Any, message: str):
    with pytest.raises(DataError, match=message):
        model.predict_proba(drawings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": ("cat", "dog")}, "2 classes"),
        ({"classes": ("cat", "cat", "dog")}, "distinct"),
        ({"classes": ("cat", "", "dog")}, "not empty"),
        ({"raster": Raster(side=32)}, r"\(1, 32, 32\)"),
    ],
)
def test_parts_that_do_not_fit_are_refused(model, change, message):
    with pytest.raises(ModelError, match=message):
        replace(model, **change)


def damage(name: str, path: Path) -> None:
    """Damage a good model file in the way called `name`."""
    raw = path.read_bytes()
    metadata, tensors = parts_of(path)
    first = max(tensors, key=lambda tensor: tensors[tensor].ndim)
    description = json.loads(metadata["inkgrad"])
    if name == "empty":
        path.write_bytes(b"")
    elif name == "cut":
        path.write_bytes(raw[: len(raw) // 2])
    elif name == "longer":
        path.write_bytes(raw + b"x")
    elif name == "text":
        path.write_bytes(b"this is not a model" * 10)
    elif name == "pickle":
        path.write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
    elif name == "huge header":
        path.write_bytes(struct.pack("<Q", 2**62) + raw[8:])
    elif name == "metadata twice":
        (length,) = struct.unpack("<Q", raw[:8])
        header = b'{"__metadata__":{"inkgrad":"{}"},' + raw[9 : 8 + length]
        path.write_bytes(struct.pack("<Q", len(header)) + header + raw[8 + length :])
    elif name == "a class twice in it":
        text = metadata["inkgrad"].replace('{"version"', '{"classes": [], "version"', 1)
        path.write_bytes(save(tensors, {"inkgrad": text}))
    elif name == "no metadata":
        path.write_bytes(save(tensors))
    elif name == "missing tensor":
        path.write_bytes(save({k: v for k, v in tensors.items() if k != first}, metadata))
    elif name == "extra tensor":
        path.write_bytes(save({**tensors, "x": np.zeros(3, np.float32)}, metadata))
    elif name == "wrong shape":
        path.write_bytes(save({**tensors, first: tensors[first].ravel()}, metadata))
    elif name == "wrong dtype":
        path.write_bytes(save({**tensors, first: tensors[first].astype(np.float64)}, metadata))
    elif name == "infinite in float16":
        tensors[first].flat[0] = np.inf
        path.write_bytes(save({k: v.astype(np.float16) for k, v in tensors.items()}, metadata))
    elif name == "not finite":
        tensors[first].flat[0] = np.nan
        path.write_bytes(save(tensors, metadata))
    elif name == "no JSON":
        path.write_bytes(save(tensors, {"inkgrad": "oops"}))
    elif name == "deep JSON":
        path.write_bytes(save(tensors, {"inkgrad": "[" * 100_000}))
    else:
        key, value = name.split("=", 1)
        description[key] = json.loads(value)
        path.write_bytes(save(tensors, {"inkgrad": json.dumps(description)}))


DAMAGES = [
    "empty",
    "cut",
    "longer",
    "text",
    "pickle",
    "huge header",
    "metadata twice",
    "a class twice in it",
    "no metadata",
    "missing tensor",
    "extra tensor",
    "wrong shape",
    "wrong dtype",
    "infinite in float16",
    "not finite",
    "no JSON",
    "deep JSON",
    "version=99",
    "network={}",
    "network=[1]",
    'network={"input_shape": [1, 28, 28], "layers": [{"type": "Exec"}]}',
    'network={"input_shape": [1, 1000000000, 1000000000], "layers": [{"type": "ReLU"}]}',
    "classes={}",
    'classes=["cat", "dog"]',
    "classes=[1, 2, 3]",
    "classes=[[1], {}, 3]",
    "classes=null",
    "raster=null",
    "raster=28",
    "raster={}",
    'raster={"side": 28, "pen": -1, "padding": 16}',
    'raster={"side": 1000000, "pen": 16, "padding": 16}',
    "record=7",
    "confidence=7",
    "confidence={}",
    'confidence={"score": "luck", "centre": 0, "scale": 1, "threshold": null, "rejects": false, '
    '"temperature": 1}',
    'confidence={"score": "logit", "centre": 0, "scale": 0, "threshold": null, "rejects": false, '
    '"temperature": 1}',
]


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_and_hostile_files_are_refused_in_one_sentence(model, tmp_path, name):
    path = tmp_path / "model.safetensors"
    model.save(path)
    damage(name, path)
    with pytest.raises(ModelError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("raster", "reason"),
    [
        (None, "there are no rasteriser settings"),
        (28, "rasteriser settings are a number"),
        ({"side": 28, "pen": 16.0}, "settings are pen, side; expected padding, pen, side"),
        ({**Raster().to_dict(), "gamma": 2}, "settings are gamma, padding, pen, side; expected"),
        ({**Raster().to_dict(), "pen": None}, "rasteriser settings: pen is null"),
    ],
)
def test_how_drawings_were_rasterised_is_not_guessed(model, tmp_path, raster, reason):
    path = tmp_path / "model.safetensors"
    model.save(path)
    damage(f"raster={json.dumps(raster)}", path)
    with pytest.raises(ModelError, match=rf"{reason}.*and inkgrad refuses to guess; save it anew"):
        load(path)
    metadata, tensors = parts_of(path)
    description = json.loads(metadata["inkgrad"])
    del description["raster"]
    path.write_bytes(save(tensors, {"inkgrad": json.dumps(description)}))
    with pytest.raises(ModelError, match=r"no rasteriser settings.*refuses to guess"):
        load(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match="there is no model file"):
        load(tmp_path / "none.safetensors")
    with pytest.raises(ModelError, match="there is no model file"):
        load(tmp_path)
