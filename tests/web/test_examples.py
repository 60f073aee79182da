"""The page's example drawings: of every class of the packaged models, and recognised by them."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import inkgrad
from inkgrad.drawing import is_simplified
from inkgrad.quickdraw import TASKS
from inkgrad.web import static_folder

FILE = static_folder() / "page/examples.js"


@pytest.fixture(scope="module")
def examples() -> dict[str, list]:
    """Return what the module exports, read without JavaScript: its values are JSON."""
    text = FILE.read_text("utf-8").split("export const EXAMPLES = ")[1]
    return json.loads(re.sub(r",\s*};\s*$", "}", text))


@pytest.mark.parametrize("name", ["animals", "seed", "twenty"])
def test_every_one_is_recognised_by_the_packaged_model_of_its_class(examples, name):
    model = inkgrad.load(name)
    for label, of_class in enumerate(model.classes):
        shares = model.predict_proba(examples[of_class])
        assert (shares.argmax(axis=1) == label).all(), of_class
        assert (shares[:, label] >= 0.7).all(), of_class


def test_the_model_of_all_classes_names_nearly_all_among_three(examples):
    """Of 345 classes some are hardly to be told apart: a bird may be a duck."""
    model = inkgrad.load("everything")
    found = []
    for name, drawings in examples.items():
        best = model.predict_proba(drawings).argsort(axis=1)[:, -3:]  # (n, 345) -> (n, 3)
        found += (best == model.classes.index(name)).any(axis=1).tolist()
    assert np.mean(found) >= 0.95


def test_there_are_three_of_each_animal_and_one_of_each_other(examples):
    known = {*inkgrad.load("seed").classes, *inkgrad.load("twenty").classes}
    assert set(examples) == known
    for name, drawings in examples.items():
        assert len(drawings) == (3 if name in TASKS["animals"] else 1)


def test_they_are_small_and_simple(examples):
    assert FILE.stat().st_size <= 30_000
    drawings = [drawing for drawings in examples.values() for drawing in drawings]
    for drawing in drawings:
        assert is_simplified([np.array(stroke, float) for stroke in drawing])
        numbers = [value for stroke in drawing for row in stroke for value in row]
        assert all(isinstance(value, int) and 0 <= value <= 255 for value in numbers)
    assert len({json.dumps(drawing) for drawing in drawings}) == len(drawings)


def test_javascript_reads_the_same(javascript, examples):
    assert javascript.call("tests/samples.js", "exampleDrawings") == examples
