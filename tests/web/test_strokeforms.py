"""strokeforms.js = stroke_forms.py, and files.js reads what people saved as Python does."""

from __future__ import annotations

import json

import numpy as np
import pytest

from inkgrad.drawing.stroke_forms import depth_of, strokes_from_json
from inkgrad.errors import DataError
from tests.drawing.stroke_forms import FORMS, HEXAGON, REFUSED
from tests.web.drawings import random_drawings
from tests.web.javascript import JavaScriptError

MODULE = "static/drawing/strokeforms.js"
PLACES = ("rows", "points", "field", "list")


def told(drawing, place="list"):
    """Return strokes and form, or the error's sentence."""
    try:
        strokes, form = strokes_from_json(drawing, "a.json", place=place)
    except DataError as error:
        return str(error)
    return [strokes, form]


def as_told(result):
    return result.message if isinstance(result, JavaScriptError) else result


def test_every_form_is_the_same_in_both_languages(javascript):
    drawings = [make(HEXAGON) for make in FORMS.values()]
    drawings += [drawing for drawing, _ in REFUSED.values()]
    inputs = [(drawing, "a.json", place) for drawing in drawings for place in PLACES]
    results = javascript.call_many(MODULE, "strokesFromJson", inputs)
    ours = [told(drawing, place) for drawing, _, place in inputs]
    assert list(map(as_told, results)) == ours
    depths = javascript.call_many(MODULE, "depthOf", [(drawing,) for drawing in drawings])
    assert depths == [depth_of(drawing) for drawing in drawings]


def test_small_drawings_that_may_be_either_are_decided_alike(javascript):
    rng = np.random.default_rng(11)
    drawings = []
    for _ in range(400):
        strokes = rng.integers(1, 4)
        k = rng.integers(2, 4)
        values = rng.choice([[0, 1, 255, 9], [3.5, 0.25, 0.5, 1], [0, 5, 250, 254]])
        shapes = [(rng.integers(2, 4), k) for _ in range(strokes)]
        drawings.append([rng.choice(values, shape).tolist() for shape in shapes])
    inputs = [(drawing, "a.json", place) for drawing in drawings for place in PLACES]
    results = javascript.call_many(MODULE, "strokesFromJson", inputs)
    ours = [told(drawing, place) for drawing, _, place in inputs]
    assert list(map(as_told, results)) == ours
    assert {type(outcome) for outcome in ours} == {str, list}  # some are refused, some are not


def test_drawings_that_people_saved_are_opened_as_python_reads_them(javascript):
    drawings = random_drawings(60, seed=5)
    lines = ""
    for n, drawing in enumerate(drawings):
        points = [np.transpose(stroke[:2]).tolist() for stroke in drawing]
        objects = [[{"x": x, "y": y} for x, y in stroke] for stroke in points]
        record = {"word": f"w{n}", "drawing": [drawing, objects][n % 2]}
        lines += json.dumps(record, default=np.ndarray.tolist) + "\n"
    found = javascript.call("tests/files.js", "opened", list(lines.encode("utf-16")), "a.JSON")
    for n, drawing in enumerate(drawings):
        ((xs, ys), *_) = found[f"w{n}"][0]
        np.testing.assert_array_equal([xs, ys], np.asarray(drawing[0][:2], float))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!doctype html><title>404</title>", "a.JSON is a web page (HTML), not drawings"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "a.JSON is a Git LFS pointer"),
        (b'{"word": "\xe9"}', "a.JSON is not text in UTF-8; save the file as text in UTF-8"),
        (b"[7]", "a.JSON, drawing 1: it is not JSON"),
        (
            json.dumps([{"word": "a", "drawing": [[[1, 2], [3, 4], [5, 9]]]}]).encode(),
            "a.JSON, drawing 1: the strokes may be rows [xs, ys, ts] or points [x, y]; write",
        ),
    ],
)
def test_what_cannot_be_opened_is_named(javascript, content, message):
    with pytest.raises(JavaScriptError) as caught:
        javascript.call("tests/files.js", "opened", list(content), "a.JSON")
    assert caught.value.message.startswith(message)
