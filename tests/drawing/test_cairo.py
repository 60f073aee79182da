"""Our pixels against cairo's, which are Google's byte for byte (needs cairocffi and libcairo2)."""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest
from hypothesis import given

from inkgrad.drawing import Raster, rasterize, rasterize_many
from tests.drawing.doodles import DOODLES, strokes_between
from tests.golden.drawings import KINDS, random_drawing
from tests.golden.make import by_cairo

pytestmark = [pytest.mark.oracle, pytest.mark.usefixtures("cairo")]

DRAWINGS = 2000


@pytest.fixture(scope="module")
def cairo():
    try:
        import cairocffi  # noqa: F401
    except (ImportError, OSError) as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no cairo: {error}")


def drawings_of(kind, count, seed):
    """Return drawings of 1 to 60 strokes, the long ones of 1 to 3."""
    rng = np.random.default_rng([list(KINDS).index(kind), seed])
    most = 3 if kind == "long" else 60
    return [random_drawing(rng, kind, int(rng.integers(1, most + 1))) for _ in range(count)]


@pytest.mark.parametrize("side", [28, 56, 64, 128])
@pytest.mark.parametrize("name", DOODLES)
def test_doodles(name, side):
    expected = by_cairo(DOODLES[name], Raster(side))
    np.testing.assert_array_equal(rasterize(DOODLES[name], side), expected)


@given(strokes=strokes_between(0, 255))
def test_any_drawing(strokes):
    np.testing.assert_array_equal(rasterize(strokes), by_cairo(strokes, Raster()))


@pytest.mark.parametrize("side", [28, 64])
def test_random_drawings_of_every_kind(side):
    """Measured: all 2,000 are equal at 28 pixels, and at 64.

    Of other samples of 2,000 one or two differed at 64 and 128 pixels, in a few pixels, by 10 at
    most. They leave the canvas: where a line that is almost upright crosses its border, cairo cuts
    it one unit (1/256 pixel) away from where we do, and may then take another row line by line.
    """
    others = Counter()
    for kind in KINDS:
        drawings = drawings_of(kind, DRAWINGS // len(KINDS), side)
        ours = rasterize_many(drawings, side, compiled=True)
        for strokes, bitmap in zip(drawings, ours, strict=True):
            others[kind] += not np.array_equal(bitmap, by_cairo(strokes, Raster(side)))
    print(f"\n{DRAWINGS - others.total()} of {DRAWINGS} equal at {side} pixels", +others)
    assert others.total() == others["outside"]
    assert others["outside"] <= 2


@pytest.mark.parametrize(
    ("side", "pen", "padding"),
    [(28, 5, 16), (28, 40, 0), (7, 16, 16), (1, 64, 0), (33, 1, 100), (128, 100, 3), (301, 9, 9.5)],
)
def test_other_pens_and_margins(side, pen, padding):
    drawings = [d for kind in KINDS if kind != "outside" for d in drawings_of(kind, 6, side)]
    ours = rasterize_many(drawings, side, pen=pen, padding=padding, compiled=True)
    for strokes, bitmap in zip(drawings, ours, strict=True):
        expected = by_cairo(strokes, Raster(side, pen, padding))
        np.testing.assert_array_equal(bitmap, expected)
