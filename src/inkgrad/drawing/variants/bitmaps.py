"""Variants of bitmaps, for drawings of which there are no strokes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from inkgrad.drawing.raster import Raster, worth_compiling
from inkgrad.drawing.variants.chance import Keys, uniform
from inkgrad.drawing.variants.draw import PENS, pen_numbers
from inkgrad.drawing.variants.maps import MAP_NUMBERS, WAVE_NUMBERS, Reals, affine_maps, waves
from inkgrad.drawing.variants.variation import Variation

__all__ = ["View", "boxes", "look_through", "vary_bitmaps"]

Bitmaps = npt.NDArray[np.uint8]

_INK = 64  # grey from which a pixel counts as ink where a drawing's box is measured
_CONTRAST, _PIVOT, _GAMMA = 1.4, 120.0, 2.0  # see `_tables`


class View(NamedTuple):
    """Where the pixels of n variants lie in their bitmaps, in pixels.

    Pixel (u, v) of a variant shows what lies at `origin` + `inverse` · (u, v), less the waves
    Σ (right, down) · sin(α + β): α runs along rows and β down columns, and the sines and cosines of
    each are few.
    """

    inverse: Reals  # (n, 2, 2)
    origin: Reals  # (n, 2)
    sin_across: Reals  # (n, waves, side), as the next three
    cos_across: Reals
    sin_down: Reals
    cos_down: Reals
    heights: Reals  # (n, waves, 2)


def vary_bitmaps(
    bitmaps: Bitmaps,
    keys: Keys,
    how: Variation,
    may_mirror: npt.NDArray[np.bool_],
    raster: Raster,
    *,
    compiled: bool | None = None,
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
    compiled : bool, optional
        As for `inkgrad.drawing.rasterize_many`; the pixels are the same.

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
    if compiled is None:
        compiled = worth_compiling(len(bitmaps))
    measure, look = _compiled() if compiled else (boxes, look_through)
    bitmaps = np.ascontiguousarray(bitmaps)
    chance = uniform(keys, MAP_NUMBERS + WAVE_NUMBERS)  # (numbers, n)
    matrix = affine_maps(chance[:MAP_NUMBERS], how, may_mirror)
    matrix = np.ascontiguousarray(np.moveaxis(matrix, -1, 0))  # (2, 2, n) -> (n, 2, 2)
    wave = waves(chance[MAP_NUMBERS:], how)
    view = _view(measure(bitmaps, matrix, _INK), matrix, wave, bitmaps.shape[1], raster)
    variants = np.empty_like(bitmaps)
    look(bitmaps, view, _tables(how), pen_numbers(keys), variants)
    return variants


def boxes(bitmaps: Bitmaps, matrix: Reals, ink: int) -> Reals:
    """Return the boxes of the ink, and of the ink seen through the maps (n, 2, 2).

    Returns
    -------
    boxes : (n, 8) array
        The lowest u and v, the highest; then the same of the map's values. Zeros without any ink.
    """
    side = bitmaps.shape[1]
    v, u = np.divmod(np.arange(side * side, dtype=np.float64), side)  # row, column
    is_ink = bitmaps.reshape(-1, side * side) >= ink  # (n, pixels)
    a, b, c, d = (matrix[:, i, j, None] for i in (0, 1) for j in (0, 1))
    seen = a * u + b * v, c * u + d * v  # (n, pixels) each
    lows, highs = (
        [reduce(np.where(is_ink, axis, beyond), axis=1) for axis in (u, v, *seen)]
        for reduce, beyond in ((np.min, np.inf), (np.max, -np.inf))
    )
    found = np.stack([*lows[:2], *highs[:2], *lows[2:], *highs[2:]], axis=1)  # (n, 8)
    found[~is_ink.any(axis=1)] = 0
    return found


def _view(box: Reals, matrix: Reals, wave: Any, side: int, raster: Raster) -> View:
    """Return where each variant's pixels lie, so that it is framed as its bitmap is."""
    before, low, high = box[:, 2:4] - box[:, :2], box[:, 4:6], box[:, 6:]
    center = (box[:, :2] + box[:, 2:4]) / 2
    longest = (high - low).max(axis=1)
    scale = np.where(longest < 1, 1.0, before.max(axis=1) / np.maximum(longest, 1))
    middle = (low + high) / 2 * scale[:, None]  # of the variant's box, if nothing were moved
    a, b, c, d = (matrix[:, i, j] * scale for i in (0, 1) for j in (0, 1))
    inverse = np.stack([d, -b, -c, a], axis=1) / (a * d - b * c)[:, None]
    inverse = inverse.reshape(-1, 2, 2)
    # The variant's box has its middle where the bitmap's has its own.
    shift = middle - center
    origin = inverse[:, :, 0] * shift[:, :1] + inverse[:, :, 1] * shift[:, 1:]
    # From units around the drawing's center to pixels of the variant.
    per_pixel = 1 / raster.scale
    across, along, phase, right, down = (numbers.T for numbers in wave)  # (n, waves)
    rates = [
        (across * inverse[:, 0, k, None] + along * inverse[:, 1, k, None]) * per_pixel
        for k in (0, 1)
    ]
    start = (origin - center) * per_pixel
    phase = phase + across * start[:, :1] + along * start[:, 1:]
    pixels = np.arange(side, dtype=np.float64)
    rows = rates[0][..., None] * pixels + phase[..., None]  # (n, waves, side)
    columns = rates[1][..., None] * pixels
    heights = np.stack([right, down], axis=2) * raster.scale  # (n, waves, 2)
    sines = np.sin(rows), np.cos(rows), np.sin(columns), np.cos(columns)
    return View(inverse, origin, *sines, heights)


def look_through(
    bitmaps: Bitmaps,
    view: View,
    tables: Bitmaps,
    pens: npt.NDArray[np.int64],
    variants: Bitmaps,
) -> None:
    """Write what a view shows, developed by one of the tables: the grey between four neighbours."""
    n, side = len(bitmaps), bitmaps.shape[1]
    pixels = np.arange(side, dtype=np.float64)
    across = np.zeros((n, side, side))
    down = np.zeros((n, side, side))
    for wave in range(view.heights.shape[1]):
        # sin(α + β) = sin α cos β + cos α sin β
        height = view.sin_across[:, wave, None] * view.cos_down[:, wave, :, None]
        height += view.cos_across[:, wave, None] * view.sin_down[:, wave, :, None]
        across += view.heights[:, wave, 0, None, None] * height
        down += view.heights[:, wave, 1, None, None] * height
    at = []
    for axis, bent in ((0, across), (1, down)):
        to_right = view.inverse[:, axis, 0, None, None] * pixels
        place = view.origin[:, axis, None, None] + to_right
        place = place + view.inverse[:, axis, 1, None, None] * pixels[:, None] - bent
        at.append(np.clip(place + 1, 0, side + 1))
    corner = [np.minimum(axis.astype(np.int64), side) for axis in at]
    x, y = at[0] - corner[0], at[1] - corner[1]
    canvas = np.zeros((n, side + 2, side + 2), np.uint8)  # paper beyond the edge
    canvas[:, 1:-1, 1:-1] = bitmaps
    first = corner[1] * (side + 2) + corner[0]
    first += (np.arange(n) * (side + 2) ** 2)[:, None, None]
    greys = canvas.reshape(-1)
    upper = greys[first] * (1 - x) + greys[first + 1] * x
    lower = greys[first + side + 2] * (1 - x) + greys[first + side + 3] * x
    seen = np.rint(upper * (1 - y) + lower * y).astype(np.int64)
    variants[:] = tables[pens[:, None, None], seen]


def _tables(how: Variation) -> Bitmaps:
    """Return what each grey becomes, for each pen: (pens, 256).

    Interpolation makes lines wider and paler. Contrast around a grey makes them what they were;
    a power makes the greys at their edges darker or paler, and leaves paper and ink as they are.
    Found on real bitmaps: with this contrast the mean of all greys, that of their squares and the
    share of grey pixels are those of the drawings to a hundredth or three. A larger power would
    leave as much ink as pens of other widths do, but dots as good as gone.
    """
    is_bent = bool(how.turn or how.shear or how.stretch or how.wobble)
    contrast = _CONTRAST if is_bent else 1.0
    sharp = np.clip((np.arange(256) - _PIVOT) * contrast + _PIVOT, 0, 255)
    powers = np.exp(-_GAMMA * how.pen * np.linspace(-1, 1, PENS))[:, None]
    return np.asarray(np.rint(255 * (sharp / 255) ** powers).astype(np.uint8))


def _compiled() -> tuple[Callable[..., Reals], Callable[..., None]]:
    """Return `boxes` and `look_through` compiled."""
    from inkgrad.drawing.variants import compiled

    return compiled.boxes, compiled.look_through
