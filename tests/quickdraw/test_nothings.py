"""Nothings: many of each kind, by seed alone, and none that shows a class that is known."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.drawing import Raster, to_bitmap
from inkgrad.errors import DataError
from inkgrad.quickdraw.nothings import NOTHINGS, draw_nothing, nothing_bitmaps, nothings_beside

WITH_STROKES = [kind for kind in NOTHINGS if kind != "blanks"]


@pytest.mark.parametrize("kind", NOTHINGS)
def test_a_drawing_depends_on_kind_seed_and_number_alone(kind):
    many = nothing_bitmaps(kind, 30, seed=5)
    assert many.shape == (30, 28, 28)
    assert many.dtype == np.uint8
    np.testing.assert_array_equal(nothing_bitmaps(kind, 10, seed=5), many[:10])
    if kind != "blanks":
        assert (nothing_bitmaps(kind, 30, seed=6) != many).any(axis=(1, 2)).mean() > 0.7
    assert nothing_bitmaps(kind, 0, seed=5).shape == (0, 28, 28)
    assert nothing_bitmaps(kind, 2, seed=5, raster=Raster(40)).shape == (2, 40, 40)


@pytest.mark.parametrize("kind", WITH_STROKES)
def test_every_drawing_has_ink_and_hardly_any_two_are_alike(kind):
    bitmaps = nothing_bitmaps(kind, 400, seed=0)
    assert (bitmaps.max(axis=(1, 2)) > 0).all()
    different = len(np.unique(bitmaps, axis=0))
    assert different > (250 if kind == "dots" else 395)  # a point alone is always the same point


def test_dots_are_small_lines_thin_and_dense_scribbles_dark():
    ink = {kind: nothing_bitmaps(kind, 400, 0).mean(axis=(1, 2)) / 255 for kind in NOTHINGS}
    medians = {kind: float(np.median(values)) for kind, values in ink.items()}
    assert medians["blanks"] == 0
    assert 0 < medians["dots"] < 0.1
    assert medians["lines"] < 0.1 < medians["scribbles"] < medians["dense scribbles"]


def test_some_are_small_anywhere_and_most_fill_the_frame():
    bitmaps = nothing_bitmaps("scribbles", 400, 0)
    spans = [max(np.ptp(np.nonzero(b)[0]), np.ptp(np.nonzero(b)[1])) for b in bitmaps]
    assert 0.65 < np.mean(np.array(spans) >= 24) < 0.9
    corners = [tuple(int(axis.min()) for axis in np.nonzero(b)) for b in bitmaps]
    assert max(top for top, _ in corners) > 15
    assert max(left for _, left in corners) > 15


@pytest.mark.parametrize("kind", WITH_STROKES)
def test_strokes_are_in_google_s_frame(kind):
    rng = np.random.default_rng(1)
    for _ in range(50):
        strokes = draw_nothing(kind, rng)
        numbers = [n for xs, ys in strokes for n in xs + ys]
        assert all(isinstance(n, int) and 0 <= n <= 255 for n in numbers)
        assert max(numbers) in (0, 255)
        assert to_bitmap(strokes).any()


@pytest.mark.parametrize(
    ("classes", "kinds"),
    [
        (("cat",), ("dots", "lines", "scribbles", "blanks")),
        (("cat", "line"), ("dots", "dense scribbles", "blanks")),
        (("Squiggle",), ("dots", "lines", "dense scribbles", "blanks")),
        (("zigzag", "circle", "line"), ("dots", "dense scribbles", "blanks")),
        (("circle", "square"), ("dots", "lines", "scribbles", "blanks")),
    ],
)
def test_what_a_model_knows_is_no_nothing_to_it(classes, kinds):
    assert nothings_beside(classes) == kinds


def test_other_kinds_are_refused():
    for call in (
        lambda: nothing_bitmaps("cats", 1, 0),
        lambda: draw_nothing("cats", np.random.default_rng(0)),
    ):
        with pytest.raises(DataError, match="the kind is 'cats'; choose one of dots, lines,"):
            call()
    with pytest.raises(DataError, match="a blank has no strokes"):
        draw_nothing("blanks", np.random.default_rng(0))
