"""Pictures of real drawings: margin and pen width as those of the drawings' own rasters.

Prints what it measures: pytest -m slow -s tests/drawing/test_real_pictures.py
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from inkgrad.drawing import Raster, bitmap_from_image, to_bitmaps
from tests.drawing.pictures import encoded, photographed, picture
from tests.thorough import THOROUGH

pytestmark = pytest.mark.slow


def photo(strokes, seed):
    taken = picture(strokes, size=(640, 480), pen=6, scale=1.5, place=(150, 50))
    return encoded(photographed(taken, seed=seed), "JPEG", quality=70)


SORTS = {
    "plain": lambda d, _: picture(d, size=(640, 480), pen=6, scale=1.5, place=(40, 30)),
    "thin": lambda d, _: picture(d, size=(300, 300), pen=2, scale=1, place=(9, 30)),
    "thick": lambda d, _: picture(d, size=(300, 300), pen=10, scale=1, place=(9, 30)),
    "small": lambda d, _: picture(d, size=(80, 80), pen=2, scale=0.27, place=(5, 5)),
    "photo": photo,
}


@pytest.fixture(scope="module")
def drawings(quickdraw_folder):
    """Return the first drawing of every third of the 345 classes."""
    files = sorted((quickdraw_folder / "simplified").glob("*.ndjson"))[:: max(1, 3 // THOROUGH)]
    return [json.loads(file.read_text("utf-8").partition("\n")[0])["drawing"] for file in files]


def margins(bitmap):
    """Return the paper between each border and the ink, in pixels and parts of a pixel.

    The first row or column with a pixel that is at least half inked counts by its paper, as does
    the one before it.
    """
    found = []
    for axis in (0, 1):
        inked = bitmap.max(axis=axis) / 255
        for line in (inked, inked[::-1]):
            first = int(np.argmax(line >= 0.5))
            found.append(first + 1 - line[first] - (line[first - 1] if first else 0))
    return found


def length(strokes):
    """Return the length of a drawing's lines in pixels of its raster."""
    return Raster().scale * sum(np.hypot(np.diff(x), np.diff(y)).sum() for x, y in strokes)


def test_margins_are_measured_to_parts_of_a_pixel():
    bitmap = np.zeros((28, 28), np.uint8)
    bitmap[3:20, 5:28] = 255
    bitmap[2, 5:28] = 51
    np.testing.assert_allclose(margins(bitmap), [5, 0, 2.8, 8])


@pytest.mark.parametrize("sort", SORTS)
def test_margin_and_pen_width_are_those_of_the_drawings_raster(drawings, sort):
    assert len(drawings) >= 100
    expected = to_bitmaps(drawings)
    read = np.stack([bitmap_from_image(SORTS[sort](d, seed)) for seed, d in enumerate(drawings)])
    margin = np.array([*map(margins, read)]) - [*map(margins, expected)]
    # Ink on the length of the same lines: the difference of the pens' widths.
    ink, inked = (bitmaps.sum(axis=(1, 2)) / 255 for bitmaps in (read, expected))
    width = (ink - inked) / [*map(length, drawings)]
    ratio = ink / inked - 1
    off = np.abs(margin)
    print(
        f"\n{sort}: margin {margin.mean():+.3f} ± {margin.std():.3f} pixels, 99 % within "
        f"{np.quantile(off, 0.99):.2f}, all within {off.max():.2f}; pen width {width.mean():+.3f} "
        f"± {width.std():.3f} pixels ({ratio.mean():+.1%} ± {ratio.std():.1%})"
    )
    assert abs(margin.mean()) <= 0.025
    assert margin.std() <= 0.1
    assert np.quantile(off, 0.99) <= 0.3
    assert off.max() <= 0.65
    assert abs(width.mean()) <= 0.02
    assert width.std() <= 0.03
    assert abs(ratio.mean()) <= 0.015
