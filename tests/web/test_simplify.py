"""simplify.js = simplify.py, to the last bit."""

from __future__ import annotations

import json

import numpy as np
import pytest

from inkgrad.drawing import simplify
from inkgrad.errors import DataError
from inkgrad.quickdraw.doodles import ANIMALS, draw
from tests.drawing.doodles import DOODLES
from tests.web.drawings import COUNTS, HOSTILE, random_drawings
from tests.web.javascript import JavaScriptError

MODULE = "static/drawing/simplify.js"


def in_python(drawing):
    """Return the simplified strokes as lists, or the error."""
    try:
        return [stroke.tolist() for stroke in simplify(drawing)]
    except DataError as error:
        return str(error)


def in_javascript(runtime, drawings):
    """Return the same of every drawing; any error but a `DrawingError` fails the test."""
    return [plain(r) for r in runtime.call_many(MODULE, "simplify", [(d,) for d in drawings])]


def plain(result):
    if isinstance(result, JavaScriptError):
        assert result.name == "DrawingError", result
        return result.message
    assert not any(np.signbit(row).any() for stroke in result for row in stroke)  # no -0.0
    return [[row.tolist() for row in stroke] for stroke in result]


@pytest.mark.parametrize("count", COUNTS)
def test_random_drawings(javascript, count):
    drawings = random_drawings(count, seed=5)
    expected = [in_python(d) for d in drawings]
    assert in_javascript(javascript, drawings) == expected
    assert not any(isinstance(result, str) for result in expected)
    assert sum(len(xs) for strokes in expected for xs, _ in strokes) > 16 * count


def test_doodles_of_any_size_and_place(javascript):
    rng = np.random.default_rng(6)
    doodles = [draw(animal, rng) for animal in ANIMALS for _ in range(20)] + [*DOODLES.values()]
    moved = [
        [[[x * 3.7 - 9 for x in xs], [y * 3.7 + 1e4 for y in ys]] for xs, ys in doodle]
        for doodle in doodles
    ]
    drawings = doodles + moved
    assert in_javascript(javascript, drawings) == [in_python(d) for d in drawings]


def test_halves_are_rounded_to_even(javascript):
    drawing = [[[0, 255], [0, 0]], *([[half + 0.5], [0]] for half in range(255))]
    (strokes,) = in_javascript(javascript, [drawing])
    assert strokes == in_python(drawing)
    assert [stroke[0][0] for stroke in strokes[1:5]] == [0, 2, 2, 4]


def test_nothing_recurses(javascript):
    angle = np.linspace(0, 60 * np.pi, 5000)
    spiral = [[(angle * np.cos(angle)).tolist(), (angle * np.sin(angle)).tolist()]]
    teeth = np.arange(20_000)
    comb = [[(teeth / 100).tolist(), (teeth % 2 * 4.0).tolist()]]
    assert in_javascript(javascript, [spiral, comb]) == [in_python(spiral), in_python(comb)]


def test_mistakes_are_told_in_the_same_words(javascript):
    told = in_javascript(javascript, HOSTILE.values())
    assert told == [in_python(d) for d in HOSTILE.values()]
    assert [text.partition(" ")[0] for text in told] == ["drawing:"] * (len(told) - 2) + ["the"] * 2


def test_the_limit_of_length_is_the_same(javascript):
    """Lengths from just below it to just above, and such as are rounded when they are told."""
    around = [
        [[[0, 1] * n + [x], [0] * (2 * n + 1)]]
        for n in (196, 197)
        for x in (0, 0.05, 0.1, 0.9, 0.9999999, 1)
    ]
    strokes = [[[[0, 255, 254], [0, 0, 0]]] * n for n in range(388, 396)]
    exactly = [[[[0, 255] * 196 + [0, more], [0] * 394]] for more in (0, 1, 2)]
    drawings = around + strokes + exactly
    told = in_javascript(javascript, drawings)
    assert told == [in_python(d) for d in drawings]
    assert [isinstance(result, str) for result in told[-3:]] == [False, True, True]
    assert 3 < sum(isinstance(result, str) for result in told) < len(told) - 3


@pytest.mark.slow
def test_raw_drawings_become_googles_simplified_ones_as_often(node, quickdraw_folder):
    same = {"Python": 0, "JavaScript": 0}
    total = 0
    for file in sorted((quickdraw_folder / "raw").glob("*.ndjson")):
        google = {
            record["key_id"]: record["drawing"]
            for record in records(quickdraw_folder / "simplified" / file.name)
        }
        raw = records(file)
        drawings = [record["drawing"] for record in raw]
        ours, theirs = [in_python(d) for d in drawings], in_javascript(node, drawings)
        assert theirs == ours
        for record, python, javascript in zip(raw, ours, theirs, strict=True):
            same["Python"] += python == google[record["key_id"]]
            same["JavaScript"] += javascript == google[record["key_id"]]
        total += len(raw)
    assert total > 3000
    assert same["JavaScript"] == same["Python"] >= 0.997 * total  # measured: 3,094 of 3,103


def records(path):
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
