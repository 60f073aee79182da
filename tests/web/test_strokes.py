"""strokes.js = strokes.py: the same bits, and the same errors word for word."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from inkgrad.drawing import align, bounding_box, check_strokes, fit, is_simplified
from inkgrad.errors import DataError
from inkgrad.quickdraw.doodles import ANIMALS, draw
from tests.drawing.doodles import DOODLES
from tests.web.drawings import COUNTS, HOSTILE, random_drawings

MODULE = "static/drawing/strokes.js"
NOT_STROKES = "strokes are {}; give a list of strokes, each [xs, ys] or [xs, ys, ts]"
NOT_ROWS = (
    "stroke 1 is not two or three equally long rows of numbers; "
    "give every stroke as [xs, ys] or [xs, ys, ts]"
)


@pytest.fixture(scope="module", params=COUNTS)
def drawings(request):
    """Return many random drawings and 100 built-in doodles."""
    rng = np.random.default_rng(7)
    built_in = [draw(animal, rng) for animal in ANIMALS for _ in range(20)]
    return [*random_drawings(request.param, seed=4), *built_in, *DOODLES.values()]


def bits(strokes):
    """Return the bytes of every row, from either language."""
    return [[np.asarray(row, np.float64).tobytes() for row in stroke] for stroke in strokes]


def test_checked_strokes_are_the_same_bits(javascript, drawings):
    results = javascript.call_many(MODULE, "checkStrokes", [(d,) for d in drawings])
    assert [bits(r) for r in results] == [bits(check_strokes(d)) for d in drawings]


def test_typed_rows_are_lists(javascript, drawings):
    checked = [check_strokes(d) for d in drawings[:300]]
    results = javascript.call_many(MODULE, "checkStrokes", [(c,) for c in checked])
    assert [bits(r) for r in results] == [bits(c) for c in checked]
    small = [np.array([[1, 255], [3, 4]], np.uint8), np.array([[0.1], [7]], np.float32)]
    assert bits(javascript.call(MODULE, "checkStrokes", small)) == bits(check_strokes(small))


@pytest.mark.parametrize(("theirs", "ours"), [("align", align), ("fit", fit)], ids=["align", "fit"])
def test_moved_strokes_are_the_same_bits(javascript, drawings, theirs, ours):
    checked = [check_strokes(d) for d in drawings]
    results = javascript.call_many(MODULE, theirs, [(c,) for c in checked])
    assert [bits(r) for r in results] == [bits(ours(c)) for c in checked]


def test_fitted_to_another_size(javascript, drawings):
    checked = [check_strokes(d) for d in drawings[:300]]
    results = javascript.call_many(MODULE, "fit", [(c, 100.3) for c in checked])
    assert [bits(r) for r in results] == [bits(fit(c, 100.3)) for c in checked]


def test_frames_are_the_same(javascript, drawings):
    checked = [check_strokes(d) for d in drawings]
    boxes = javascript.call_many(MODULE, "boundingBox", [(c,) for c in checked])
    assert boxes == [[corner.tolist() for corner in bounding_box(c)] for c in checked]
    # Simplified, nudged, and one border of the rule after another overstepped.
    edges = product((-1, 0, 16, 17), (0, 16, 17, 16.5), (238, 238.5, 239, 255, 256))
    checked += [check_strokes([[[x, end], [y, 90]]]) for x, y, end in edges]
    known = javascript.call_many(MODULE, "isSimplified", [(c,) for c in checked])
    assert known == [is_simplified(c) for c in checked]
    assert 0 < sum(known) < len(known)


@pytest.mark.parametrize("where", ["drawing", "cat.ndjson, line 7"])
def test_mistakes_are_told_in_the_same_words(javascript, where):
    results = javascript.call_many(MODULE, "checkStrokes", [(d, where) for d in HOSTILE.values()])
    told = dict(zip(HOSTILE, map(sentence, results), strict=True))
    assert told == {name: error_of(drawing, where) for name, drawing in HOSTILE.items()}
    accepted = [name for name, text in told.items() if text is None]
    assert accepted == list(HOSTILE)[-2:]  # too long to be simplified, but no mistakes


def test_numbers_are_written_the_same(javascript):
    rng = np.random.default_rng(3)
    numbers = [*10 ** rng.uniform(9.01, 308, 500), 1000005000.0, 12345678901.0, 2**33, 1e21, 1e100]
    drawings = [[[[sign * n], [0]]] for n in numbers for sign in (1, -1)]
    results = javascript.call_many(MODULE, "checkStrokes", [(d,) for d in drawings])
    assert [sentence(r) for r in results] == [error_of(d, "drawing") for d in drawings]


def test_the_largest_coordinates_are_fine(javascript):
    drawing = [[[1e9, -1e9], [-1e9, 1e9]]]
    assert bits(javascript.call(MODULE, "checkStrokes", drawing)) == bits(check_strokes(drawing))


def test_booleans_are_no_numbers_in_either(javascript):
    drawings = [
        [[[True, 3], [False, 4]]],
        [[[True, False], [False, True]]],
        [[[0, 3], [0, 4]], [[0, 3], [0, 4], [0, True]]],
        [[[True], [0, 4]]],  # whose rows do not fit is told first
        [[["a", True], [0, 4]]],
    ]
    results = javascript.call_many(MODULE, "checkStrokes", [(d,) for d in drawings])
    assert [sentence(r) for r in results] == [error_of(d, "drawing") for d in drawings]
    assert "stroke 1 holds a boolean" in results[0].message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("arrays", "10,000,000 points up to stroke 1; at most 1,000,000 can be drawn"),
        ("typed arrays", "10,000,000 points up to stroke 1; at most 1,000,000 can be drawn"),
        ("many strokes", "1,001,000 points up to stroke 1001; at most 1,000,000 can be drawn"),
        ("deep nesting", NOT_ROWS),
    ],
)
def test_huge_drawings_are_refused_quickly(javascript, name, message):
    told, seconds = javascript.call("tests/samples.js", "refusal", name)
    assert told == f"DrawingError: drawing: {message}"
    assert seconds < 5  # measured: 0.1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("data view", NOT_STROKES.format("an object")),
        ("map", NOT_STROKES.format("an object")),
        ("function", NOT_STROKES.format("an object")),
        ("symbol", NOT_STROKES.format("an object")),
        ("undefined", NOT_STROKES.format("null")),
        ("bigint", NOT_STROKES.format("a number")),
        ("bigints", NOT_ROWS),
        ("typed bigints", NOT_ROWS),
        ("holes", NOT_ROWS),
    ],
)
def test_what_only_javascript_has_is_refused(javascript, name, message):
    told, _ = javascript.call("tests/samples.js", "refusal", name)
    assert told == f"DrawingError: drawing: {message}"


def test_python_refuses_huge_drawings_in_the_same_words():
    for huge, message in [
        ([np.zeros((2, 10_000_000))], "10,000,000 points up to stroke 1"),
        ([np.zeros((2, 1000))] * 10_000, "1,001,000 points up to stroke 1001"),
    ]:
        told = f"drawing: {message}; at most 1,000,000 can be drawn"
        assert error_of(huge, "drawing") == told
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert error_of(deep, "drawing") == error_of([7], "drawing")


def test_a_million_points_are_fine(javascript):
    drawing = [np.arange(2_000_000, dtype=np.float64).reshape(2, -1)]
    assert bits(javascript.call(MODULE, "fit", drawing)) == bits(fit(drawing))


def sentence(result):
    """Return what a call threw, or None; anything but a `DrawingError` fails the test."""
    if isinstance(result, list):
        return None
    assert result.name == "DrawingError", result
    return result.message


def error_of(drawing, where):
    """Return Python's error, or None."""
    try:
        check_strokes(drawing, where=where)
    except DataError as error:
        return str(error)
    return None
