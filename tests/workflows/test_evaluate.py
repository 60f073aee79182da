"""Evaluation: the test part of the training's drawings, else all, and what is missing said."""

from __future__ import annotations

import dataclasses
import functools
import shutil

import numpy as np
import pytest

from inkgrad.errors import InkgradError
from inkgrad.layers import Dense, Flatten
from inkgrad.network import Network
from inkgrad.quickdraw import load_drawings
from inkgrad.workflows import evaluate, train
from tests.buckets import write_bucket
from tests.compiled import KERNELS, pretend
from tests.quickdraw.bucket import Bucket

pytestmark = pytest.mark.usefixtures("surroundings")

SMALL = Network([Flatten(), Dense(2)])
quick = functools.partial(train, "cat,dog", network=SMALL, epochs=1)


def rows(drawings):
    return {bitmap.tobytes() for bitmap in drawings.bitmaps}


@pytest.fixture
def model_file(doodle_run):
    return doodle_run.folder / "model.safetensors"


@pytest.mark.parametrize("part", ["auto", "test"])
def test_of_the_trainings_drawings_the_test_part_is_taken(
    doodle_run, model_file, doodle_folder, part
):
    found = evaluate(model_file, doodle_folder, part=part)
    assert found.part == "test"
    assert found.evaluation.to_dict() == doodle_run.figures()
    np.testing.assert_array_equal(found.drawings.bitmaps, doodle_run.parts.test.bitmaps)
    assert found.source == f"the folder {doodle_folder}"
    assert found.to_dict() == {
        **doodle_run.figures(),
        "part": "test",
        "source": found.source,
        "missing": [],
        "calibration": found.calibration.to_dict(),
    }


def test_wherever_they_lie_now(model_file, doodle_folder, surroundings):
    moved = shutil.copytree(doodle_folder, surroundings / "moved")
    assert evaluate(model_file, moved).part == "test"


def test_all_of_them_if_that_is_asked(model_file, doodle_folder):
    found = evaluate(model_file, doodle_folder, part="all")
    assert (found.part, found.evaluation.n) == ("all", 120)


@pytest.mark.parametrize(
    "choices",
    [
        {"balance": True},
        {"limit": 20},
        {"split": "notebook"},
        {"seed": 7, "test_size": 0.3},
        {"validation_size": 0},
    ],
    ids=str,
)
def test_however_it_was_split(doodle_folder, choices):
    trained = quick(data=doodle_folder, out="run", **choices)
    found = evaluate("run/model.safetensors", doodle_folder)
    assert found.part == "test"
    assert found.evaluation.to_dict() == trained.figures()
    assert not rows(found.drawings) & rows(trained.parts.train)


@pytest.mark.parametrize("limit", [1, 3, 30, 1000])
def test_a_limit_lets_in_nothing_that_was_learnt_from(doodle_run, doodle_folder, limit):
    found = evaluate(doodle_run.model, doodle_folder, limit=limit)
    assert found.part == "test"
    assert found.drawings.counts() == dict.fromkeys(("cat", "dog", "zebra"), min(limit, 8))
    assert rows(found.drawings) <= rows(doodle_run.parts.test)


def test_a_limit_above_the_trainings(doodle_folder):
    quick(data=doodle_folder, out="run", limit=20)
    found = evaluate("run/model.safetensors", doodle_folder, limit=30)
    assert (found.part, found.evaluation.n) == ("test", 8)


def test_other_drawings_are_all_taken(doodle_run, model_file, surroundings):
    other = write_bucket(surroundings / "other", doodle_run.model.classes, 9, seed=5)
    found = evaluate(model_file, other)
    assert (found.part, found.evaluation.n) == ("all", 27)
    assert evaluate(model_file, other, limit=4).drawings.counts() == {
        "cat": 4,
        "dog": 4,
        "zebra": 4,
    }
    with pytest.raises(InkgradError, match=r"not the data that the model was trained on.*--part"):
        evaluate(model_file, other, part="test")


def test_the_trainings_limit_does_not_bound_other_drawings(doodle_folder, surroundings):
    quick(data=doodle_folder, out="run", limit=10)
    other = write_bucket(surroundings / "other", ("cat", "dog"), 20, seed=5)
    assert evaluate("run/model.safetensors", other).evaluation.n == 40


@pytest.mark.parametrize("record", [{}, {"settings": 3, "data": "x"}])
def test_a_model_that_tells_nothing_is_judged_by_all(doodle_run, doodle_folder, record):
    model = dataclasses.replace(doodle_run.model, record=record)
    assert evaluate(model, doodle_folder).part == "all"
    assert evaluate(model, doodle_folder, limit=5).evaluation.n == 15
    with pytest.raises(InkgradError, match="its test part is not known"):
        evaluate(model, doodle_folder, part="test")


def test_missing_classes_are_named_and_count_for_nothing(doodle_run, surroundings):
    folder = write_bucket(surroundings / "two", ("zebra", "cat"), 12, seed=5)
    found = evaluate(doodle_run.model, folder)
    assert found.missing == ("dog",)
    assert found.to_dict()["missing"] == ["dog"]
    assert found.drawings.counts() == {"cat": 12, "dog": 0, "zebra": 12}
    zebras = load_drawings(["zebra"], data=folder).drawings.bitmaps
    np.testing.assert_array_equal(found.drawings.bitmaps[found.drawings.labels == 2], zebras)
    recalls = [score.recall for score in found.evaluation.per_class]
    assert recalls[1] is None
    assert found.evaluation.balanced_accuracy == pytest.approx((recalls[0] + recalls[2]) / 2)


def test_a_folder_of_ones_own_may_lack_classes_too(doodle_run, doodle_folder, surroundings):
    for name in ("dog", "owl"):
        (surroundings / "mine" / name).mkdir(parents=True)
        np.save(surroundings / "mine" / name / "a.npy", doodle_run.parts.test.bitmaps[8:12])
    found = evaluate(doodle_run.model, surroundings / "mine")
    assert found.missing == ("cat", "zebra")
    assert found.drawings.counts() == {"cat": 0, "dog": 4, "zebra": 0}


def test_drawings_may_come_from_a_mirror(doodle_run, doodle_folder):
    with Bucket() as bucket:
        for path in (doodle_folder / "numpy_bitmap").iterdir():
            bucket.files[f"numpy_bitmap/{path.name}"] = path.read_bytes()
        found = evaluate(doodle_run.model, bucket.url)
        assert (found.part, found.missing) == ("test", ())
        assert found.source == f"the mirror {bucket.url}"
        bucket.files.clear()
        offline = evaluate(doodle_run.model, bucket.url, offline=True)
        assert offline.evaluation.to_dict() == found.evaluation.to_dict()


def test_if_no_class_is_there_the_place_is_wrong(doodle_run, surroundings):
    folder = write_bucket(surroundings / "none", ("dolphin",), 2, seed=5)
    with pytest.raises(
        InkgradError, match="there are no drawings of cat, dog, zebra in the folder"
    ):
        evaluate(doodle_run.model, folder)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"part": "half"}, "part is 'half'; choose one of auto, test, all"),
        ({"limit": 0}, "limit is 0"),
        ({"engine": "steam"}, "engine is 'steam'"),
        ({"data": "nowhere"}, "does not exist"),
    ],
)
def test_mistakes_are_refused(doodle_run, doodle_folder, options, message):
    with pytest.raises(InkgradError, match=message):
        evaluate(doodle_run.model, **{"data": doodle_folder, **options})


def test_a_missing_model_is_told():
    with pytest.raises(InkgradError, match=r"there is no model file x\.safetensors"):
        evaluate("x.safetensors")


def test_compiling_is_told_before_judging(doodle_run, doodle_folder, monkeypatch, tmp_path):
    pretend("there", monkeypatch, tmp_path)
    told = []
    evaluate(doodle_run.model, doodle_folder, on_progress=lambda *event: told.append(event))
    compiling = [("compile", "", done, KERNELS) for done in range(KERNELS + 1)]
    assert told[-KERNELS - 2 :] == [*compiling, ("judge", "", 24, 24)]
    evaluate(doodle_run.model, doodle_folder)  # nobody need listen


def test_progress_is_told(doodle_run, doodle_folder):
    told = []
    evaluate(doodle_run.model, doodle_folder, on_progress=lambda *event: told.append(event))
    assert told[-1] == ("judge", "", 24, 24)
