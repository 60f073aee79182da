"""raster.js = raster.py, pixel by pixel and word for word; and both are cairo."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inkgrad.drawing import Raster, rasterize, rasterize_many, to_bitmap, to_bitmaps
from inkgrad.drawing.pen import make_pen
from inkgrad.errors import DataError, ModelError
from inkgrad.quickdraw.doodles import ANIMALS, draw
from tests import golden
from tests.drawing.frames import FRAMES, random_frames
from tests.golden.drawings import random_drawings
from tests.web.drawings import COUNTS, HOSTILE
from tests.web.drawings import random_drawings as raw_drawings
from tests.web.javascript import JavaScriptError

MODULE = "static/drawing/raster.js"
LINE = [[[0, 255], [0, 255]]]
SETTINGS = [
    {"side": 64},
    {"side": 56, "pen": 20.5},
    {"side": 128, "padding": 0},
    {"side": 28, "pen": 40, "padding": 0.125},
    {"side": 28, "pen": 5, "padding": 100},
    {"side": 33, "pen": 0.75},
    {"side": 7},
    {"side": 1, "pen": 256, "padding": 256},
]


def differing(results, expected):
    """Return the indices of bitmaps that are not the same bytes; an error is not the same."""
    return [
        index
        for index, (theirs, ours) in enumerate(zip(results, expected, strict=True))
        if isinstance(theirs, JavaScriptError)
        or theirs.dtype != np.uint8
        or theirs.tobytes() != ours.tobytes()
    ]


def told(result):
    """Return what a call threw, or None; anything but our own errors fails the test."""
    if not isinstance(result, JavaScriptError):
        return None
    assert result.name == "DrawingError", result
    return result.message


def in_python(function, drawing, settings):
    """Return Python's error, or None."""
    try:
        function(drawing, **settings)
    except DataError as error:
        return str(error)
    return None


@pytest.fixture(scope="module", params=COUNTS)
def random(request):
    """Return many random drawings and their bitmaps by Python, and 100 doodles and theirs."""
    rng = np.random.default_rng(8)
    drawings = random_drawings(request.param, seed=9)
    drawings += [draw(animal, rng) for animal in ANIMALS for _ in range(20)]
    return drawings, rasterize_many(drawings)


def test_golden_rasters(javascript):
    cases = golden.read()
    results = javascript.call_many(MODULE, "rasterize", [(c.strokes, c.settings) for c in cases])
    assert differing(results, [case.bitmap for case in cases]) == []


def test_random_drawings(javascript, random):
    drawings, expected = random
    results = javascript.call_many(MODULE, "rasterize", [(d,) for d in drawings])
    assert differing(results, expected) == []
    assert expected.any(axis=(1, 2)).mean() > 0.99


def test_other_settings_in_turn(javascript, random):
    """What is kept for the next drawing does not depend on the settings of the last."""
    drawings = random[0][-384:]
    calls = [(d, SETTINGS[i % len(SETTINGS)]) for i, d in enumerate(drawings)]
    results = javascript.call_many(MODULE, "rasterize", calls)
    for first, settings in enumerate(SETTINGS):
        turns = slice(first, None, len(SETTINGS))
        expected = rasterize_many(drawings[turns], **settings, compiled=True)
        assert differing(results[turns], expected) == []


def test_the_largest_numbers(javascript):
    """Coordinates up to the most that can be drawn, on the largest canvas, with any pen."""
    rng = np.random.default_rng(10)
    calls = []
    for settings in (
        {"side": 1024, "pen": 256, "padding": 0},
        {"side": 1024, "pen": 256, "padding": 256},
        {"side": 1024, "pen": 1e-3, "padding": 0},
        {"side": 500, "pen": 90, "padding": 3},
        {"side": 64},
        {"side": 2, "pen": 256},
    ):
        most = math.floor(2048 / Raster(**settings).scale)
        for low, high in ((-most, most), (-most, -most // 2), (0, most), (-most, 300)):
            points = rng.integers(low, high + 1, (2, 40))
            points[:, rng.integers(0, 40, 9)] = rng.choice([low, high], (2, 9))
            calls.append(([points.tolist(), [[0, most, -most], [-most, most, most]]], settings))
    results = javascript.call_many(MODULE, "rasterize", calls)
    assert differing(results, [rasterize(d, **s) for d, s in calls]) == []


@pytest.mark.parametrize("most", [4000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_many_points_in_one_stroke(javascript, most):
    rng = np.random.default_rng(11)
    drawings = [[rng.integers(0, 256, (2, n))] for n in (most, 3, most // 4)]
    results = javascript.call_many(
        MODULE, "rasterize", [([s.tolist() for s in d],) for d in drawings]
    )
    assert differing(results, [rasterize(d) for d in drawings]) == []


@pytest.mark.parametrize("count", COUNTS)
def test_drawings_of_any_origin(javascript, count):
    drawings = raw_drawings(count // 3, seed=12)
    results = javascript.call_many(MODULE, "toBitmap", [(d,) for d in drawings])
    assert differing(results, [to_bitmap(d) for d in drawings]) == []
    # Those that are in Google's frame already are drawn as they are, not simplified again.
    bent = [[[0, 100, 101, 255], [0, 60, 62, 255]]]
    results = javascript.call_many(MODULE, "toBitmap", [(bent, s) for s in SETTINGS])
    assert differing(results, [rasterize(bent, **s) for s in SETTINGS]) == []


@pytest.mark.parametrize("count", [100, pytest.param(2000, marks=pytest.mark.slow)])
def test_the_frame_decides_alike_what_is_drawn_as_it_is(javascript, count):
    drawings = [drawing for drawing, _ in FRAMES.values()] + random_frames(count, seed=5)
    results = javascript.call_many(MODULE, "toBitmap", [(d,) for d in drawings])
    assert differing(results, to_bitmaps(drawings)) == []


def test_settings_may_be_left_out(javascript):
    for function in ("usual", "open"):
        result = javascript.call("tests/rasters.js", function, LINE)
        assert differing([result], [rasterize(LINE)]) == []
    assert javascript.call("tests/rasters.js", "isCareful", LINE) is True


def test_pens_are_the_same(javascript):
    """Sines and cosines may differ in their last bit; rounded, none of 49,000 pens did."""
    rng = np.random.default_rng(13)
    settings = [(side, 16, 16) for side in range(1, 1025)]
    settings += [(2 ** (i % 11), i % 256 + 1, 8 * (i % 33)) for i in range(1500)]
    settings += [(int(rng.integers(1, 1025)), *rng.uniform(1e-9, 256, 2)) for _ in range(1500)]
    calls = [(pen / 2, Raster(side, pen, padding).scale) for side, pen, padding in settings]
    results = javascript.call_many("static/drawing/pen.js", "makePen", calls)
    assert [pen.tolist() for pen in results] == [make_pen(*call) for call in calls]


@pytest.mark.parametrize(("theirs", "ours"), [("rasterize", rasterize), ("toBitmap", to_bitmap)])
def test_mistakes_are_told_in_the_same_words(javascript, theirs, ours):
    drawings = [
        *HOSTILE.values(),
        [[[0, 2e5], [0, 0]]],
        [[[0, 5], [0, 7]], [[0, 3], [-22_235.5, 0]]],
        [[[0, 22_236], [0, 7]]],
        [[[0, 22_235], [0, 7]]],
        [[[0, 1] * 10_000, [0] * 20_000]],
        [[[0], [0]], [[0, 255] * 10_000 + [0], [0] * 20_001], [[0] * 30_000, [0] * 30_000]],
        [[[0, 1e9], [-1e9, 0]]],
    ]
    results = javascript.call_many(MODULE, theirs, [(d,) for d in drawings])
    expected = [in_python(ours, d, {}) for d in drawings]
    assert [told(result) for result in results] == expected
    if ours is rasterize:
        assert "200,000 where the canvas measures 256 and 22,235 is" in expected[-7]
        assert [text is None for text in expected[-6:]] == [False, False, True, True, False, False]


IMPOSSIBLE = {
    "side": [0, -3, 1025, 28.5, 1e-5, -1.5e-7, 2.0**70 + 0.0],
    "pen": [0, -1, 256.00000000000006, 1e300, -0.0001, -0.00009],
    "padding": [-1, 257, -1e-10, 1e16, -1e15 - 0.5],
}
STRANGE = [math.nan, math.inf, -math.inf, None, True, False, "16", "", [], [16], {}, {"a": 1}]


def test_impossible_settings_are_told_in_the_same_words(javascript):
    settings = [
        {name: value} for name, values in IMPOSSIBLE.items() for value in [*values, *STRANGE]
    ]
    settings += [{"side": 0, "pen": 0, "padding": -1}, {"pen": None, "padding": None}]
    results = javascript.call_many(MODULE, "rasterize", [(LINE, s) for s in settings])
    expected = [in_python(rasterize, LINE, s) for s in settings]
    assert [told(result) for result in results] == expected
    assert None not in expected
    assert "side is null; give a whole number from 1 to 1024" in expected
    assert "pen is a string; give a width above 0 and up to 256" in expected
    both = {"side": 0, "pen": "thick"}  # which mistake is told of first
    for drawing in (None, LINE):
        for theirs, ours in (("rasterize", rasterize), ("toBitmap", to_bitmap)):
            (result,) = javascript.call_many(MODULE, theirs, [(drawing, both)])
            assert told(result) == in_python(ours, drawing, both)


def test_possible_settings_have_the_same_scale(javascript):
    settings = [*SETTINGS, {}, {"side": 1024}, {"padding": 0}, {"pen": 256}, {"pen": 5e-324}]
    results = javascript.call_many("tests/rasters.js", "scaleOf", [(s,) for s in settings])
    assert results == [Raster(**s).scale for s in settings]


def rewritten(settings):
    """Return what Python makes of settings from a model file, or the error."""
    try:
        return Raster.from_dict(settings).to_dict()
    except ModelError as error:
        return f"ModelError: {error}"


def plain(result):
    return str(result) if isinstance(result, JavaScriptError) else result


def test_settings_of_a_model_file(javascript):
    good = Raster(56, 20.5, 4.0).to_dict()
    given = [
        *(good, {}, {"side": 28, "pen": 16.0}, {**good, "ink": 1}, {"Side": 28}, {"": 0}),
        *([28, 16, 16], [], None, "side", 7, True),
        *({**good, "pen": 0}, {**good, "side": None}, {**good, "padding": "16"}),
    ]
    results = javascript.call_many("tests/rasters.js", "rewritten", [(g,) for g in given])
    assert [plain(result) for result in results] == [rewritten(g) for g in given]
    assert [isinstance(result, JavaScriptError) for result in results] == [False] + [True] * 14
