"""learner.js: the drawing at hand seen, taught, checked, and all of it undone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inkgrad.confidence import Confidence
from inkgrad.drawing import to_bitmap, to_bitmaps
from inkgrad.engines import ReferenceEngine
from inkgrad.features import Features, measure_features
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
    SoftmaxCrossEntropy,
)
from inkgrad.model import Model, load
from inkgrad.network import Network, Parameters, seed_network
from inkgrad.quickdraw.doodles import draw
from inkgrad.tuning import add_classes, head_of, refine_classes
from tests.agreement import layer_errors
from tests.networks import random_parameters

MODULE = "tests/learner.js"
CROSS = [[[0, 255], [0, 255]], [[0, 255], [255, 0]]]
LINE = [[[3, 180], [7, 90]]]
CLASSES = ("cat", "dog", "zebra")
LABEL, RATE = 1, 0.05

pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered in matmul:RuntimeWarning")


@pytest.fixture
def model() -> Model:
    layers = [Conv2D(4, 3, padding=1), ReLU(), MaxPool2D(2), Flatten(), Dense(6), ReLU(), Dense(3)]
    network = Network(layers)
    return Model(network, network.initialise(seed=3), CLASSES, record={"seed": 3})


@pytest.fixture
def data(model: Model, tmp_path: Path) -> np.ndarray:
    return file_of(model, tmp_path)


def file_of(model: Model, folder: Path) -> np.ndarray:
    model.save(folder / "model.safetensors")
    return np.frombuffer((folder / "model.safetensors").read_bytes(), np.uint8)


def inputs(drawing: Any) -> np.ndarray:
    return to_bitmap(drawing)[None, None].astype(np.float32) / np.float32(255)


def taught(model: Model, parameters: Parameters, drawing: Any) -> tuple[float, Parameters]:
    """Return Python's loss and gradient."""
    engine = ReferenceEngine(model.network)
    found = engine.gradients(parameters, inputs(drawing), np.array([LABEL]))
    return found.loss, Parameters(model.network, found.vector)


def loss_in_doubles(model: Model, name: str, index: int, nudge: float) -> float:
    wide = model.parameters.astype(np.float64)
    wide[name].reshape(-1)[index] += nudge
    logits = ReferenceEngine(model.network).forward(wide, inputs(CROSS).astype(np.float64))
    return float(SoftmaxCrossEntropy().forward(logits, np.array([LABEL]))[0])


def test_what_is_told_of_a_model(javascript, model, data):
    (found,) = javascript.call(MODULE, "inTurn", [["load", data]])
    assert found["classes"] == list(CLASSES)
    assert found["record"] == {"seed": 3}
    assert found["raster"] == model.raster.to_dict()
    assert found["size"] == model.network.size
    assert found["hasFeatures"] is False
    assert [layer["name"] for layer in found["layers"]] == [s.name for s in model.network.stages]
    settings = {"size": [2, 2], "stride": [2, 2], "padding": [0, 0]}
    assert found["layers"][2]["settings"] == settings
    for name, values in found["parameters"].items():
        assert values.tobytes() == model.parameters[name].tobytes()


def test_seeing_and_learning(javascript, model, data):
    calls = [["load", data], ["see", LINE], ["see", CROSS], ["learn", LABEL]]
    _, _, seen, learnt = javascript.call(MODULE, "inTurn", calls)
    assert seen["bitmap"].tobytes() == to_bitmap(CROSS).tobytes()
    assert len(seen["outputs"]) == len(model.network.layers) + 1
    assert 0 < seen["milliseconds"] < 60_000
    expected = model.with_engine("reference").predict_proba([CROSS])[0]
    np.testing.assert_allclose(seen["probabilities"], expected, atol=1e-5)
    np.testing.assert_allclose(learnt["probabilities"], seen["probabilities"], atol=1e-6)
    loss, gradients = taught(model, model.parameters, CROSS)  # the newer of the two drawings
    assert learnt["loss"] == pytest.approx(loss, rel=1e-5)
    assert [len(d) for d in learnt["derivatives"]] == [len(o) for o in seen["outputs"]]
    flat = {name: values.ravel() for name, values in gradients.items()}
    assert max(layer_errors(model.network, learnt["gradients"], flat).values()) <= 1e-4


def test_answers_alone_are_the_same_to_the_bit(javascript, data):
    """What the layers make of the drawing is computed only when something needs it."""
    calls = [["load", data], ["see", CROSS], ["learn", LABEL], ["see", LINE]]
    calls += [["see", CROSS, False], ["learn", LABEL], ["step", LABEL, RATE], ["see", CROSS, False]]
    _, whole, lesson, _, brief, same_lesson, step, after = javascript.call(MODULE, "inTurn", calls)
    assert brief["outputs"] is None
    assert brief["bitmap"].tobytes() == whole["bitmap"].tobytes()
    assert brief["probabilities"].tobytes() == whole["probabilities"].tobytes()
    np.testing.assert_equal(same_lesson, lesson)
    np.testing.assert_allclose(after["probabilities"], step["after"]["probabilities"], atol=1e-6)


def test_steps_lower_the_loss_and_are_pythons(javascript, model, data):
    calls = [["load", data], ["see", CROSS]] + [["step", LABEL, RATE]] * 3
    steps = javascript.call(MODULE, "inTurn", calls)[2:]
    parameters = model.parameters.copy()
    for i, step in enumerate(steps):
        loss, gradients = taught(model, parameters, CROSS)
        assert step["before"]["loss"] == pytest.approx(loss, rel=1e-4)
        parameters.vector -= np.float32(RATE) * gradients.vector
        for name, values in step["parameters"].items():
            np.testing.assert_allclose(values, parameters[name].ravel(), rtol=1e-4, atol=1e-5)
        after, _ = taught(model, parameters, CROSS)
        assert step["after"]["loss"] == pytest.approx(after, rel=1e-4)
        assert step["after"]["loss"] < step["before"]["loss"]
        assert step["after"]["probabilities"][LABEL] > step["before"]["probabilities"][LABEL]
        if i > 0:
            np.testing.assert_array_equal(
                step["before"]["probabilities"], steps[i - 1]["after"]["probabilities"]
            )


def test_a_gradient_is_checked(javascript, tmp_path):
    """On the seed network: the differences are Python's in float64, and show the gradient.

    A nudge of 1e-3 takes some cell of the convolutions over a kink of its ReLU or pool; 1e-5 none
    here.
    """
    rng = np.random.default_rng(5)
    network = seed_network(3)
    model = Model(network, random_parameters(network, rng, np.float32), CLASSES)
    _, gradients = taught(model, model.parameters, CROSS)
    weights = []
    for name in gradients:  # those of each tensor that matter most
        weights += [(name, int(i)) for i in np.argsort(-np.abs(gradients[name].ravel()))[:3]]
    for epsilon in (1e-3, 1e-5):
        calls = [["load", file_of(model, tmp_path)], ["see", CROSS]]
        calls += [["check", LABEL, name, index, epsilon] for name, index in weights]
        results = javascript.call(MODULE, "inTurn", calls)[2:]
        for (name, index), found in zip(weights, results, strict=True):
            assert found["epsilon"] == epsilon
            up, down = (loss_in_doubles(model, name, index, n) for n in (epsilon, -epsilon))
            assert found["lossUp"] == pytest.approx(up, rel=1e-12)
            assert found["lossDown"] == pytest.approx(down, rel=1e-12)
            assert found["numeric"] == (found["lossUp"] - found["lossDown"]) / (2 * epsilon)
            theirs = float(gradients[name].reshape(-1)[index])
            assert found["analytic"] == pytest.approx(theirs, rel=1e-4)
            if epsilon == 1e-5 or name.startswith("dense"):
                assert found["numeric"] == pytest.approx(found["analytic"], rel=1e-5), name


def test_a_check_leaves_everything_as_it_was(javascript, data):
    calls = [["load", data], ["see", CROSS], ["learn", 0]]
    calls += [["check", 0, "conv1.weight", 3, 1e-3], ["learn", 0], ["save"]]
    results = javascript.call(MODULE, "inTurn", calls)
    np.testing.assert_equal(results[4], results[2])
    untouched = javascript.call(MODULE, "inTurn", [["load", data], ["save"]])[1]
    assert results[5].tobytes() == untouched.tobytes()


def test_steps_are_undone(javascript, model, data):
    calls = [["load", data], ["see", CROSS], ["step", LABEL, RATE], ["step", LABEL, RATE]]
    calls += [
        ["save"],
        ["reset"],
        ["learn", LABEL],
        ["step", 0, RATE],
        ["forget"],
        ["learn", LABEL],
    ]
    results = javascript.call(MODULE, "inTurn", calls)
    loaded, reset, forgotten = results[0], results[5], results[8]
    assert list(reset) == ["parameters"]
    np.testing.assert_equal(reset["parameters"], loaded["parameters"])
    np.testing.assert_equal(forgotten, loaded)
    loss, _ = taught(model, model.parameters, CROSS)
    for learnt in (results[6], results[9]):  # of the same drawing, by the parameters as they are
        assert learnt["loss"] == pytest.approx(loss, rel=1e-5)


def test_what_has_learnt_is_saved(javascript, data, tmp_path):
    calls = [["load", data], ["see", CROSS], ["step", LABEL, RATE], ["save"]]
    *_, step, saved = javascript.call(MODULE, "inTurn", calls)
    (tmp_path / "learnt.safetensors").write_bytes(saved.tobytes())
    again = load(tmp_path / "learnt.safetensors")
    assert again.record == {"seed": 3}
    for name, values in step["parameters"].items():
        assert again.parameters[name].tobytes() == values.tobytes()
    probabilities = again.with_engine("reference").predict_proba([CROSS])[0]
    np.testing.assert_allclose(probabilities, step["after"]["probabilities"], atol=1e-5)


def test_what_was_measured_stays_as_it_is(javascript, tmp_path):
    """Steps, checks and teaching see mean and variance as constants; a saved model has them."""
    branch = [Conv2D(4, 3, padding=1, bias=False), BatchNorm(), ReLU()]
    layers = [Conv2D(4, 5, 2), BatchNorm(), Parallel([branch, []]), ReLU(), GlobalAveragePool()]
    network = Network([*layers, Dropout(), Dense(3)])
    rng = np.random.default_rng(2)
    parameters = random_parameters(network, rng, np.float32)
    features = Features(rng.random((30, 4)).astype(np.float32))
    model = Model(network, parameters, CLASSES, features=features)
    names = ["norm1.scale", "norm1.shift", "parallel1.1.norm1.scale", "parallel1.1.conv1.weight"]
    calls = [["load", file_of(model, tmp_path)], ["see", CROSS]]
    calls += [["check", LABEL, name, 1, 1e-5] for name in names]
    calls += [["check", LABEL, "norm1.mean", 1, 1e-5], ["step", LABEL, RATE]]
    calls += [["teach", "house", HOUSES], ["step", LABEL, RATE], ["save"]]
    loaded, _, *rest = javascript.call(MODULE, "inTurn", calls)
    *checks, refused, step, later, _, saved = rest
    for name, found in zip(names, checks, strict=True):
        assert found["numeric"] == pytest.approx(found["analytic"], rel=1e-4, abs=1e-9), name
    sentence = "there is no weight 1 of norm1.mean; see the model's parameters"
    assert refused == f"ShapeError: {sentence}"
    assert list(step["parameters"]) == list(network.layout)
    _, gradient = taught(model, model.parameters, CROSS)
    for name, values in step["parameters"].items():
        expected = parameters[name] - np.float32(RATE) * gradient[name]
        np.testing.assert_allclose(values, expected.ravel(), atol=1e-5)
    np.testing.assert_equal(later["statistics"], loaded["statistics"])
    (tmp_path / "taught.safetensors").write_bytes(saved.tobytes())
    again = load(tmp_path / "taught.safetensors")
    assert again.classes == (*CLASSES, "house")
    for name, values in parameters.statistics.items():
        assert again.parameters.statistics[name].tobytes() == values.tobytes()
        assert loaded["statistics"][name].tobytes() == values.tobytes()


def test_another_model_takes_the_place_of_the_first(javascript, model, data, tmp_path):
    other = Model(model.network, model.network.initialise(seed=9), CLASSES)
    calls = [["load", data], ["see", CROSS], ["step", 0, 1], ["load", file_of(other, tmp_path)]]
    *_, loaded, learnt, seen = javascript.call(
        MODULE, "inTurn", [*calls, ["learn", 0], ["see", CROSS]]
    )
    assert loaded["record"] == {}
    assert learnt == "DrawingError: there is no drawing yet; draw something first"
    expected = other.with_engine("reference").predict_proba([CROSS])[0]
    np.testing.assert_allclose(seen["probabilities"], expected, atol=1e-5)


def test_mistakes_are_sentences_and_change_nothing(javascript, data):
    no_model = "ModelError: there is no model yet; load one first"
    no_drawing = "DrawingError: there is no drawing yet; draw something first"
    no_weight = "ShapeError: there is no weight {} of {}; see the model's parameters"
    wrong = [
        (["see", []], "DrawingError: drawing: there are no strokes; a drawing has at least one"),
        (["learn", 3], "ShapeError: labels must run from 0 to 2, but one is 3"),
        (["step", "0", 1], "ShapeError: labels must run from 0 to 2, but one is 0"),
        (
            ["step", 0, 1e60],
            "ShapeError: a step at rate 1e+60 makes weights that are not finite; "
            "take a smaller rate",
        ),
        (["check", 0, "conv9.weight", 0, 1e-3], no_weight.format(0, "conv9.weight")),
        (["check", 0, "toString", 0, 1e-3], no_weight.format(0, "toString")),
        (["check", 0, "dense2.bias", 3, 1e-3], no_weight.format(3, "dense2.bias")),
        (["check", 0, "dense2.bias", "length", 1e-3], no_weight.format("length", "dense2.bias")),
        (
            ["check", 0, "dense2.bias", 0, 0],
            "ShapeError: epsilon is 0; give a small number above 0, such as 0.001",
        ),
        (
            ["load", np.zeros(3, np.uint8), "mine.safetensors"],
            "ModelError: mine.safetensors is not a readable safetensors file: it has 3 bytes only",
        ),
    ]
    methods = [["see", CROSS], ["learn", 0], ["step", 0, 1], ["reset"], ["forget"], ["save"]]
    before = [*methods, ["load", data], *methods[1:3]]
    results = javascript.call(
        MODULE, "inTurn", [*before, ["see", CROSS], *(call for call, _ in wrong), ["learn", 0]]
    )
    assert results[: len(methods)] == [no_model] * len(methods)
    assert results[len(methods) + 1 : len(before)] == [no_drawing] * 2
    assert results[len(before) + 1 : -1] == [sentence for _, sentence in wrong]
    untouched = javascript.call(MODULE, "inTurn", [["load", data], ["see", CROSS], ["learn", 0]])[
        -1
    ]
    np.testing.assert_equal(results[-1], untouched)
    json.dumps(results[: len(methods)])


def house(rng: np.random.Generator) -> list[list[list[float]]]:
    """Draw a square under a roof."""
    left, top, right, bottom = np.array([0, 120, 200, 255]) + rng.uniform(-15, 15, 4)
    walls = [[left, left, right, right, left], [top, bottom, bottom, top, top]]
    roof = [[left - 10, (left + right) / 2, right + 10], [top, rng.uniform(0, 30), top]]
    return [walls, roof]


@pytest.fixture
def remembering() -> Model:
    """Return a network that was trained on nothing, but knows what drawings look like to it."""
    rng = np.random.default_rng(7)
    network = Network([Flatten(), Dense(40), ReLU(), Dense(3)])
    parameters = network.initialise(seed=8)
    drawings = [
        np.concatenate([inputs(draw(animal, rng)) for _ in range(12)]) for animal in CLASSES
    ]
    features = measure_features(ReferenceEngine(network), parameters, drawings)
    return Model(network, parameters, CLASSES, record={"seed": 8}, features=features)


HOUSES = [house(np.random.default_rng(seed)) for seed in range(6)]


@pytest.mark.parametrize("name", ["house ✓", "dog"])
def test_a_class_is_taught(javascript, remembering, tmp_path, name):
    data = file_of(remembering, tmp_path)
    calls = [["load", data], ["see", HOUSES[0]], ["teach", name, HOUSES], ["learn", 0]]
    loaded, _, learnt, current, saved = javascript.call(MODULE, "inTurn", [*calls, ["save"]])
    label = CLASSES.index(name) if name in CLASSES else 3
    assert learnt["classes"] == list(dict.fromkeys([*CLASSES, name]))
    assert learnt["accuracy"] == 1
    assert learnt["record"] == {"seed": 8, "taught": [{"class": name, "drawings": 6}]}
    assert learnt["layers"][-1]["outputShape"] == [len(learnt["classes"])]
    assert current["probabilities"].argmax() == label  # of the drawing that was there before

    # The same by the rows that Python makes of the same variants.
    shown = [
        d
        for house in HOUSES
        for d in javascript.call("static/drawing/variants.js", "variants", house)
    ]
    hidden = Network(remembering.network.layers[:-1])
    first = Parameters(hidden, remembering.parameters.vector[: hidden.size])
    x = to_bitmaps(shown)[:, None].astype(np.float32) / np.float32(255)
    rows = ReferenceEngine(hidden).forward(first, x)
    drawings = rows.reshape(len(HOUSES), -1, rows.shape[1])
    head = head_of(remembering)
    known = name in CLASSES
    change = refine_classes(head, {label: drawings}) if known else add_classes(head, [drawings])
    for part in ("weight", "bias"):
        ours = learnt["parameters"][f"dense2.{part}"]
        np.testing.assert_allclose(ours, getattr(change.head, part).ravel(), atol=1e-4)
    assert change.found[0].all()
    np.testing.assert_array_equal(
        learnt["parameters"]["dense1.weight"], loaded["parameters"]["dense1.weight"]
    )

    (tmp_path / "taught.safetensors").write_bytes(saved.tobytes())
    again = load(tmp_path / "taught.safetensors")
    assert list(again.classes) == learnt["classes"]
    assert again.record == learnt["record"]
    assert list(again.predict(HOUSES)) == [name] * len(HOUSES)
    np.testing.assert_allclose(
        again.features.examples, change.head.features.examples, rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("threshold", [None, 0.0, 0.9])
def test_what_is_taught_is_known_from_then_on(javascript, remembering, tmp_path, threshold):
    first = Confidence("logit", 9.0, 2.0, threshold, rejects=True, temperature=1.5)
    data = file_of(replace(remembering, confidence=first), tmp_path)
    calls = [["load", data], ["teach", "house", HOUSES], ["save"]]
    *_, saved = javascript.call(MODULE, "inTurn", calls)
    (tmp_path / "taught.safetensors").write_bytes(saved.tobytes())
    again = load(tmp_path / "taught.safetensors")
    if not threshold:
        assert again.confidence == first
        return
    assert again.confidence == replace(first, threshold=again.confidence.threshold)
    variants = [
        javascript.call("static/drawing/variants.js", "variants", house) for house in HOUSES
    ]
    familiar = np.sort(again.familiarity([one for of_one in variants for one in of_one]))
    least = familiar[len(familiar) // 20]
    assert again.confidence.threshold == pytest.approx(least, rel=1e-3)
    assert again.confidence.threshold < threshold


def test_teaching_and_steps_are_undone_one_by_one(javascript, remembering, tmp_path):
    data = file_of(remembering, tmp_path)
    calls = [["load", data], ["see", CROSS], ["step", 0, RATE], ["teach", "house", HOUSES]]
    calls += [["step", 3, RATE], ["reset"], ["learn", 3], ["forget"], ["learn", 3], ["save"]]
    loaded, _, step, taught, later, reset, learnt, forgotten, refused, saved = javascript.call(
        MODULE, "inTurn", calls
    )
    for name in ("dense1.weight", "dense1.bias"):  # what was learnt before stays
        np.testing.assert_equal(taught["parameters"][name], step["parameters"][name])
    np.testing.assert_equal(reset["parameters"], taught["parameters"])
    assert later["after"]["loss"] < learnt["loss"] == pytest.approx(later["before"]["loss"])
    np.testing.assert_equal(forgotten, loaded)
    assert refused == "ShapeError: labels must run from 0 to 2, but one is 3"
    assert javascript.call(MODULE, "inTurn", [["load", data], ["save"]])[1].tobytes() == (
        saved.tobytes()
    )


def test_teaching_that_is_refused_changes_nothing(javascript, model, remembering, tmp_path):
    data = file_of(remembering, tmp_path)
    wrong = [
        (
            ["teach", "", HOUSES],
            "ModelError: the classes must be distinct names that are not empty",
        ),
        (
            ["teach", "house", []],
            "ModelError: a class has less than 2 drawings; give at least 2",
        ),
        (
            ["teach", "house", [HOUSES[0], []]],
            "DrawingError: drawing: there are no strokes; a drawing has at least one",
        ),
    ]
    calls = [["load", data], *(call for call, _ in wrong), ["save"]]
    _, *refused, saved = javascript.call(MODULE, "inTurn", calls)
    assert refused == [sentence for _, sentence in wrong]
    untouched = javascript.call(MODULE, "inTurn", [["load", data], ["save"]])[1]
    assert saved.tobytes() == untouched.tobytes()

    without = file_of(model, tmp_path)
    network = Network([Flatten(), Dense(3), ReLU()])
    odd = file_of(Model(network, network.initialise(), CLASSES), tmp_path)
    calls = [["load", without], ["teach", "house", HOUSES], ["load", odd], ["teach", "h", HOUSES]]
    _, first, _, second = javascript.call(MODULE, "inTurn", calls)
    assert first.startswith(
        "ModelError: this model does not remember what its drawings looked like"
    )
    assert second == "ModelError: only a network whose last layer is Dense can be taught a class"
