"""Variants of bitmaps, for drawings of which there are no strokes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from inkgrad.drawing.raster import Raster
from inkgrad.drawing.variants.chance import Keys, uniform
from inkgrad.drawing.variants.draw import PENS, pen_numbers
from inkgrad.drawing.variants.maps import (
    MAP_NUMBERS,
    WAVE_NUMBERS,
    Reals,
    Waves,
    affine_maps,
    waves,
)
from inkgrad.drawing.variants.variation import Variation

__all__ = ["vary_bitmaps"]

Bitmaps = npt.NDArray[np.uint8]

_INK = 64  # grey from which a pixel counts as ink where a drawing's box is measured
_CONTRAST, _PIVOT, _GAMMA = 1.4, 120.0, 2.0  # see `_develop`


class _Views(NamedTuple):
    """Where the pixels of each variant lie in its bitmap: arrays of shape (…, n), in pixels.

    Pixel (u, v) of a variant shows what lies at `origin` + `inverse` · (u, v), less the waves.
    """

    inverse: Reals  # (2, 2, n)
    origin: Reals  # (2, n)
    waves: Waves


def vary_bitmaps(
    bitmaps: Bitmaps,
    keys: Keys,
    how: Variation,
    may_mirror: npt.NDArray[np.bool_],
    raster: Raster,
) -> Bitmaps:
    """Return a variant of each bitmap: bent, turned, stretched and mirrored, framed as it was.

    Strokes that are dropped, cut, split, merged or moved are for drawings whose strokes are known.

    Parameters
    ----------
    bitmaps : uint8 array (n, side, side)
    keys : uint64 array of shape (n,)
        Decide all chance: `inkgrad.drawing.variants.chance_keys`.
    how : Variation
    may_mirror : bool array of shape (n,)
    raster : Raster
        What the bitmaps were drawn with, which says how large a unit is.

    Returns
    -------
    variants : uint8 array (n, side, side)

    Examples
    --------
    >>> from inkgrad.drawing.variants import chance_keys
    >>> cross = np.pad(255 * np.eye(14, dtype=np.uint8), 7)[None]
    >>> keys, may = chance_keys(0, 0, np.arange(1)), np.array([True])
    >>> (vary_bitmaps(cross, keys, Variation.none(), may, Raster()) == cross).all()
    np.True_
    """
    chance = uniform(keys, MAP_NUMBERS + WAVE_NUMBERS)  # (numbers, n)
    matrix = affine_maps(chance[:MAP_NUMBERS], how, may_mirror)
    views = _views(bitmaps, matrix, waves(chance[MAP_NUMBERS:], how), raster)
    widths = how.pen * np.linspace(-1, 1, PENS)[pen_numbers(keys)]
    is_bent = bool(how.turn or how.shear or how.stretch or how.wobble)
    return _develop(_interpolate(bitmaps, views), widths, _CONTRAST if is_bent else 1.0)


def _views(bitmaps: Bitmaps, matrix: Reals, wave: Waves, raster: Raster) -> _Views:
    """Return where each variant's pixels lie, so that it is framed as its bitmap is."""
    side = bitmaps.shape[1]
    v, u = np.divmod(np.arange(side * side, dtype=np.float64), side)  # row, column
    ink = bitmaps.reshape(-1, side * side) >= _INK  # (n, pixels)
    old_low, old_high = _box(ink, np.broadcast_to([u[:, None], v[:, None]], (2, len(u), 1)))
    center = (old_low + old_high) / 2  # (2, n)
    seen = np.einsum("ijn,jp->ipn", matrix, np.stack([u, v]))  # (2, pixels, n)
    low, high = _box(ink, seen)
    longest, before = (high - low).max(axis=0), (old_high - old_low).max(axis=0)
    scale = np.where(longest < 1, 1.0, before / np.maximum(longest, 1))
    middle = (low + high) / 2 * scale  # of the variant's box, if nothing were moved
    (a, b), (c, d) = matrix * scale
    inverse = np.array([[d, -b], [-c, a]]) / (a * d - b * c)
    # The variant's box has its middle where the bitmap's has its own.
    origin = np.einsum("ijn,jn->in", inverse, middle - center)
    # From units around the drawing's center to pixels of the variant.
    per_pixel = 1 / raster.scale
    turned = [
        (wave.across * inverse[0, k] + wave.along * inverse[1, k]) * per_pixel for k in (0, 1)
    ]
    start = (origin - center) * per_pixel
    phase = wave.phase + wave.across * start[0] + wave.along * start[1]
    right, down = wave.right * raster.scale, wave.down * raster.scale
    return _Views(inverse, origin, Waves(turned[0], turned[1], phase, right, down))


def _box(ink: npt.NDArray[np.bool_], places: Reals) -> tuple[Reals, Reals]:
    """Return the lowest and highest places (2, pixels, n) of the ink (n, pixels): each (2, n)."""
    mask = ink.T  # (pixels, n)
    low = np.where(mask, places, np.inf).min(axis=1)
    high = np.where(mask, places, -np.inf).max(axis=1)
    blank = ~mask.any(axis=0)
    return np.where(blank, 0.0, low), np.where(blank, 0.0, high)


def _interpolate(bitmaps: Bitmaps, views: _Views) -> npt.NDArray[np.float32]:
    """Return the greys that lie at the views' places, between those of four neighbours."""
    n, side = len(bitmaps), bitmaps.shape[1]
    pixels = np.arange(side, dtype=np.float64)
    at = [
        views.origin[k][:, None, None]
        + views.inverse[k, 0][:, None, None] * pixels
        + views.inverse[k, 1][:, None, None] * pixels[:, None]
        for k in (0, 1)
    ]  # two of (n, side, side)
    across, along, phase, right, down = (numbers[:, :, None] for numbers in views.waves)
    # sin(a + b) = sin a cos b + cos a sin b: few sines, as a runs along rows and b along columns.
    rows, columns = across * pixels + phase, along * pixels  # (waves, n, side)
    for k, height in enumerate((right, down)):
        first = height * np.sin(rows), height * np.cos(rows)
        at[k] -= np.einsum("wnj,wni->nij", first[0], np.cos(columns))
        at[k] -= np.einsum("wnj,wni->nij", first[1], np.sin(columns))
    canvas = np.zeros((n, side + 2, side + 2), np.float32)  # paper beyond the edge
    canvas[:, 1:-1, 1:-1] = bitmaps
    at = [np.clip(axis + 1, 0, side + 1) for axis in at]
    corner = [np.minimum(axis.astype(np.int64), side) for axis in at]
    x, y = ((axis - low).astype(np.float32) for axis, low in zip(at, corner, strict=True))
    first_at = corner[1] * (side + 2) + corner[0]
    first_at += (np.arange(n) * (side + 2) ** 2)[:, None, None]
    greys = canvas.reshape(-1)
    upper = greys[first_at] * (1 - x) + greys[first_at + 1] * x
    lower = greys[first_at + side + 2] * (1 - x) + greys[first_at + side + 3] * x
    return np.asarray(upper * (1 - y) + lower * y)


def _develop(greys: npt.NDArray[np.float32], widths: Reals, contrast: float) -> Bitmaps:
    """Return greys as bytes, with more contrast, and with lines that look wider or thinner.

    Interpolation makes lines wider and paler. Contrast around a grey makes them what they were;
    a power makes the greys at their edges darker or paler, and leaves paper and ink as they are.
    The three constants were found on real bitmaps, so that ink and edges of variants are those of
    their drawings, and pens of other widths leave as much ink as they do where strokes are drawn.
    """
    sharp = np.clip(
        (greys - np.float32(_PIVOT)) * np.float32(contrast) + np.float32(_PIVOT), 0, 255
    )
    powers = np.exp(-_GAMMA * widths).astype(np.float32)[:, None, None]
    return np.asarray(np.rint(255 * (sharp / np.float32(255)) ** powers).astype(np.uint8))
