"""Drawing variants: each by a pen of its own width."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inkgrad.drawing.packed import Packed
from inkgrad.drawing.raster import Raster, rasterize_points
from inkgrad.drawing.strokes import some_drawings
from inkgrad.drawing.variants.chance import Keys, keys_of_members, uniform
from inkgrad.drawing.variants.strokes import vary_strokes
from inkgrad.drawing.variants.variation import Variation

__all__ = ["PENS", "draw_variants", "pen_numbers"]

PENS = 5
"""Widths of the pen: few, so that a batch is drawn in few calls."""


def draw_variants(
    packed: Packed,
    keys: Keys,
    how: Variation,
    may_mirror: npt.NDArray[np.bool_],
    raster: Raster,
    *,
    threads: int | None = 1,
    compiled: bool | None = None,
) -> npt.NDArray[np.uint8]:
    """Draw a variant of each drawing as the training drawings were drawn: (n, side, side) uint8.

    Parameters
    ----------
    packed, keys, how, may_mirror
        See `vary_strokes`.
    raster : Raster
        The pen's usual width, and all the rest.
    threads, compiled
        See `rasterize_many`.

    Examples
    --------
    >>> from inkgrad.drawing import Strokes, pack
    >>> from inkgrad.drawing.variants import chance_keys
    >>> line = pack([Strokes([np.array([[0.0, 255.0], [9.0, 0.0]])])]).take(np.zeros(4, int))
    >>> keys, all_may = chance_keys(0, 0, np.arange(4)), np.ones(4, bool)
    >>> bitmaps = draw_variants(line, keys, Variation(), all_may, Raster())
    >>> bitmaps.shape, len(np.unique(bitmaps, axis=0))
    ((4, 28, 28), 4)
    """
    bitmaps = np.empty((len(packed), raster.side, raster.side), np.uint8)
    pens = pen_numbers(keys)
    order = np.argsort(pens, kind="stable")  # so that those of one width are neighbours
    points = vary_strokes(packed.take(order), keys[order], how, may_mirror[order])
    ends = np.searchsorted(pens[order], np.arange(PENS + 1))
    factors = np.exp(how.pen * np.linspace(-1, 1, PENS))
    if how.pen == 0:
        ends, factors = ends[[0, -1]], factors[:1]
    for factor, first, stop in zip(factors.tolist(), ends[:-1], ends[1:], strict=True):
        if first < stop:
            bitmaps[order[first:stop]] = rasterize_points(
                some_drawings(points, int(first), int(stop)),
                raster,
                pen=factor * raster.pen,
                threads=threads,
                compiled=compiled,
            )
    return bitmaps


def pen_numbers(keys: Keys) -> npt.NDArray[np.int64]:
    """Return which of the `PENS` draws each variant: int64 of shape (n,)."""
    apart = keys_of_members(keys, np.full(len(keys), -1))  # no stroke has this number
    return np.asarray((uniform(apart, 1)[0] * PENS).astype(np.int64))
