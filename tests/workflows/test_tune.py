"""`tune`: classes added, refined, removed and renamed in a model file; what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inkgrad.confidence import Confidence
from inkgrad.engines import ReferenceEngine
from inkgrad.errors import InkgradError
from inkgrad.features import measure_features
from inkgrad.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU
from inkgrad.model import Model, load
from inkgrad.network import Network
from inkgrad.quickdraw.doodles import ANIMALS, doodle_bitmaps, draw
from inkgrad.workflows import evaluate, train, tune

CLASSES = ("cat", "dog", "zebra")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model of three animals, with the data that it was trained on beside it."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "data" / "numpy_bitmap").mkdir(parents=True)
    for seed, name in enumerate(CLASSES):
        bitmaps, _ = doodle_bitmaps([name], 200, seed)
        np.save(folder / "data" / "numpy_bitmap" / f"{name}.npy", bitmaps.reshape(200, -1))
    layers = [Conv2D(8, 5, stride=2), ReLU(), MaxPool2D(2), Flatten(), Dense(64), ReLU(), Dense(3)]
    train(
        CLASSES,
        data=folder / "data",
        network=Network(layers),
        out=folder / "run",
        epochs=10,
        batch_size=32,
        engine="reference",
    )
    return folder


@pytest.fixture
def model(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("INKGRAD_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "model.safetensors"
    path.write_bytes((trained / "run" / "model.safetensors").read_bytes())
    return path


def write_own(folder: Path, counts: dict[str, int], seed: int = 0) -> Path:
    """Write drawings of one's own, a folder for each class; a name may be that of another."""
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        animal = name if name in ANIMALS else "elephant"
        for i in range(count):
            rng = np.random.default_rng([seed, i, *animal.encode()])
            strokes = [[list(map(float, axis)) for axis in stroke] for stroke in draw(animal, rng)]
            (folder / name / f"{i:03}.json").write_text(json.dumps(strokes))
    return folder


def others(animal: str) -> np.ndarray:
    return doodle_bitmaps([animal], 60, 5)[0]


def test_a_class_is_added_from_ten_drawings(model, tmp_path):
    before = model.read_bytes()
    tuned = tune(model, write_own(tmp_path / "own", {"nellie": 10}))
    assert tuned.path == tmp_path / "model-tuned.safetensors"
    assert model.read_bytes() == before
    again = load(tuned.path)
    assert again.classes == (*CLASSES, "nellie")
    assert again.to_bytes() == tuned.model.to_bytes()
    assert (again.predict(others("elephant")) == "nellie").mean() > 0.5
    for name in CLASSES:
        was = (load(model).predict(others(name)) == name).mean()
        assert (again.predict(others(name)) == name).mean() > was - 0.06
    (one,) = tuned.learnt
    assert (one.name, one.drawings, one.is_new) == ("nellie", 10, True)
    assert one.recall >= 0.3
    assert tuned.old.kind == "remembered"
    assert tuned.old.before - tuned.old.after <= 0.01
    assert again.record["tuned"][0]["learnt"] == {"nellie": 10}
    assert again.record["settings"] == load(model).record["settings"]


def test_what_old_classes_lose_is_measured_on_the_part_held_out_from_training(
    model, trained, tmp_path, monkeypatch
):
    own = write_own(tmp_path / "own", {"nellie": 10})
    expected = evaluate(model, trained / "data", engine="reference").evaluation
    for out, data in (("a", trained / "data"), ("b", None)):
        if data is None:
            monkeypatch.setenv("INKGRAD_DATA", str(trained / "data"))
        tuned = tune(model, own, out=f"{out}.safetensors", data=data)
        assert (tuned.old.kind, tuned.old.n) == ("test", expected.n)
        assert tuned.old.before == pytest.approx(expected.top1)
        test = evaluate(tuned.path, trained / "data", engine="reference", part="all")
        assert tuned.old.after <= 1
        assert test.evaluation.n == 600
    # What is at hand, but has nothing of these classes, is no hindrance if nobody named it.
    elsewhere = write_own(tmp_path / "other", {"dolphin": 5})
    monkeypatch.setenv("INKGRAD_DATA", str(elsewhere))
    assert tune(model, own, out="c.safetensors").old.kind == "remembered"
    with pytest.raises(InkgradError, match="no subfolder 'cat'"):
        tune(model, own, out="d.safetensors", data=elsewhere)
    assert not Path("d.safetensors").exists()


def test_several_classes_at_once_and_one_that_is_there(model, tmp_path):
    own = write_own(tmp_path / "own", {"elephant": 10, "dolphin": 12, "dog": 8})
    tuned = tune(model, own)
    assert tuned.model.classes == (*CLASSES, "dolphin", "elephant")
    assert [(one.name, one.drawings, one.is_new) for one in tuned.learnt] == [
        ("dog", 8, False),
        ("dolphin", 12, True),
        ("elephant", 10, True),
    ]
    old = load(model)
    for label, name in enumerate(CLASSES):
        column = tuned.model.parameters["dense2.weight"][:, label]
        same = np.array_equal(column, old.parameters["dense2.weight"][:, label])
        assert same == (name != "dog")


def test_adding_and_then_removing_gives_the_model_back_to_the_bit(model, tmp_path):
    added = tune(model, write_own(tmp_path / "own", {"nellie": 10}), out="added.safetensors")
    back = tune(added.path, remove=["nellie"], out="back.safetensors").model
    old = load(model)
    assert replace(back, record=old.record).to_bytes() == old.to_bytes()
    assert back.record["tuned"][1]["removed"] == ["nellie"]


def test_classes_are_removed_and_renamed_without_any_drawings(model):
    tuned = tune(model, remove=["dog"], rename={"cat": "my cat", "zebra": "cat"}, out="new")
    assert tuned.model.classes == ("my cat", "cat")
    assert tuned.learnt == ()
    assert tuned.old is None
    bitmaps, old = others("zebra"), load(model)
    np.testing.assert_allclose(
        tuned.model.logits(bitmaps), old.logits(bitmaps)[:, [0, 2]], rtol=1e-6
    )


def test_a_removed_class_may_be_learnt_anew(model, tmp_path):
    own = write_own(tmp_path / "own", {"dog": 10})
    tuned = tune(model, own, remove=["dog"])
    assert tuned.model.classes == ("cat", "zebra", "dog")
    assert tuned.learnt[0].is_new


def test_a_class_that_was_added_is_not_rejected_as_unknown(model, tmp_path):
    strict = replace(load(model), confidence=Confidence("logit", 20.0, 1.0, 0.9, rejects=True))
    tuned = tune(strict, write_own(tmp_path / "own", {"nellie": 10}), out="out.safetensors")
    names = tuned.model.predict(others("elephant"), reject=True)
    assert np.mean([name is not None for name in names]) > 0.8
    assert tuned.model.confidence.threshold < 0.9


def test_the_file_itself_is_written_only_if_it_is_named(model):
    tune(model, rename={"cat": "tom"}, out=model)
    assert load(model).classes[0] == "tom"
    tune(model, rename={"tom": "cat"})
    with pytest.raises(InkgradError, match=r"model-tuned\.safetensors is there already; name"):
        tune(model, rename={"tom": "cat"})


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({}, "nothing to tune; give drawings"),
        ({"remove": ["cow"]}, "there is no class 'cow' to remove; there are cat, dog, zebra"),
        ({"rename": {"cow": "x"}}, "there is no class 'cow' to rename; there are"),
        ({"rename": {"cat": "dog"}}, "there would be two classes 'dog'; choose another name"),
        ({"rename": {"cat": " "}}, "a class cannot be renamed to nothing; write --rename OLD=NEW"),
        ({"remove": ["cat", "dog"]}, "1 class would be left of cat, dog, zebra; a model needs two"),
        ({"remove": ["cat"], "rename": {"cat": "x"}}, "there is no class 'cat' to rename"),
        ({"own": {"nellie": 4}}, "has 4 drawings of 'nellie'; give 5 or more, better ten"),
        ({"own": {"nellie": 10, "dog": 1}}, "has 1 drawing of 'dog'; give 5 or more"),
        ({"own": {"a": 5, "b": 5}, "remove": list(CLASSES)}, "one at least must stay"),
        ({"own": "none"}, "none does not exist; name a folder"),
        ({"own": "https://example.org"}, "is not a folder of your own drawings; give one with"),
    ],
)
def test_mistakes_are_sentences_and_nothing_is_written(model, tmp_path, choices, message):
    before = sorted(tmp_path.iterdir())
    if isinstance(choices.get("own"), dict):
        folder = tmp_path.parent / f"{tmp_path.name}-own"
        choices = {**choices, "own": write_own(folder, choices["own"])}
    with pytest.raises(InkgradError, match=message) as caught:
        tune(model, **choices)
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.iterdir()) == before


def test_a_model_that_remembers_nothing_cannot_learn_but_can_be_renamed(model, tmp_path):
    without = replace(load(model), features=None)
    with pytest.raises(InkgradError, match="does not remember what its drawings looked like"):
        tune(without, write_own(tmp_path / "own", {"nellie": 10}), out="out.safetensors")
    assert tune(without, rename={"cat": "tom"}, out="out.safetensors").model.classes[0] == "tom"


def test_a_model_in_memory_needs_a_file_to_be_written_to(model):
    with pytest.raises(InkgradError, match="no file to write is named; give out="):
        tune(load(model), rename={"cat": "tom"})


def test_a_linear_network_can_be_tuned(tmp_path):
    """Its features are the pixels."""
    network = Network([Flatten(), Dense(2)], (1, 28, 28))
    x = [doodle_bitmaps([name], 20, 0)[0][:, None] / np.float32(255) for name in CLASSES[:2]]
    parameters = network.initialise(seed=0)
    features = measure_features(ReferenceEngine(network), parameters, x)
    model = Model(network, parameters, CLASSES[:2], features=features)
    tuned = tune(model, write_own(tmp_path / "own", {"nellie": 10}), out=tmp_path / "out")
    assert load(tuned.path).classes == ("cat", "dog", "nellie")
