"""Drawn strokes: bitmaps, and the points that they were drawn from where these are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from inkgrad.drawing import Drawing, Packed, Raster, pack_framed, rasterize_points
from inkgrad.quickdraw.drawings import Bitmaps

__all__ = ["Drawn", "draw"]


class Drawn(NamedTuple):
    """Bitmaps with what they were drawn from."""

    bitmaps: Bitmaps
    """(n, side, side)"""
    strokes: Packed | None
    """The same n drawings, in the frame of Google's; None if they are not wanted."""


def draw(drawings: Sequence[Drawing], raster: Raster, keep_strokes: bool) -> Drawn:
    """Draw some drawings of any origin, as `inkgrad.drawing.to_bitmaps` does.

    Raises
    ------
    DrawingError
        If a drawing is unusable; it is named by its index.

    Examples
    --------
    >>> drawn = draw([[[[0, 255], [3, 0]]]], Raster(), keep_strokes=True)
    >>> drawn.bitmaps.shape, drawn.strokes.x.tolist()
    ((1, 28, 28), [0, 255])
    """
    packed = pack_framed(drawings)
    bitmaps = rasterize_points(packed.points(), raster)
    return Drawn(bitmaps, packed if keep_strokes else None)
