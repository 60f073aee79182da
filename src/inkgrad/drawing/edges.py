"""A list of polygons' edges, cut to the canvas, as the scan goes through them."""

from __future__ import annotations

from collections.abc import MutableSequence

from inkgrad.drawing.pen import UNIT

__all__ = ["LINES", "RECORD", "add_edge"]

LINES = 15
"""Sampling lines in a row of pixels: line k of a canvas runs at y = (k + 1/2) / 15 pixel."""


# An edge's record. First what it is: where its line begins, at its upper end, and how far it goes
# from there (DY > 0), in 1/256 pixel; the first sampling line that it crosses and the first that it
# does not cross any more; what it adds to the winding number of all to its right, 1 or -1.
X, Y, DX, DY, FIRST, STOP, SIGN = range(7)
# Then what the scan notes: the next edge that begins on the same line; x on the current line,
# rounded (CELL), and exactly, WHOLE + PART / PER; how that changes from line to line.
AFTER, CELL, WHOLE, PART, PER, STEP_WHOLE, STEP_PART = range(7, 14)
RECORD = 16  # two lines of the cache


def add_edge(
    edges: MutableSequence[int], m: int, x0: int, y0: int, x1: int, y1: int, sign: int, size: int
) -> int:
    """Add the edge from (x0, y0) to (x1, y1) to edges[:m]; return their end, the new m.

    What lies left or right of the canvas (0 … size on both axes) is put on its border, where it
    winds around the same; what lies above or below is left out, and so are edges between two
    sampling lines. At most three edges are added.
    """
    if y0 > y1:
        x0, y0, x1, y1, sign = x1, y1, x0, y0, -sign
    top, bottom = max(y0, 0), min(y1, size)
    if top >= bottom:
        return m
    low, high = min(x0, x1), max(x0, x1)
    if high <= 0:
        return _keep(edges, m, 0, 0, 0, size, top, bottom, sign)
    if low >= size:
        return _keep(edges, m, size, 0, size, size, top, bottom, sign)
    if low >= 0 and high <= size:
        return _keep(edges, m, x0, y0, x1, y1, top, bottom, sign)
    # Which border it may come in over, and which it may leave over; `out` points outwards.
    entry, leave, out = (0, size, -1) if x0 <= x1 else (size, 0, 1)
    if (x0 - entry) * out > 0:
        y = y0 + (entry - x0) * (y1 - y0) // (x1 - x0)
        if (x0 + (y - y0) * (x1 - x0) // (y1 - y0) - entry) * out > 0:
            y += 1
        y = min(y, bottom)
        if top < y:
            m = _keep(edges, m, entry, 0, entry, size, top, y, sign)
            top = y
    if (leave - x1) * out > 0:
        y = y0 + (leave - x0) * (y1 - y0) // (x1 - x0)
        if (leave - (x0 + (y - y0) * (x1 - x0) // (y1 - y0))) * out > 0:
            y -= 1
        y = max(y, top)
        if y < bottom:
            m = _keep(edges, m, leave, 0, leave, size, y, bottom, sign)
            bottom = y
    return _keep(edges, m, x0, y0, x1, y1, top, bottom, sign)


def _keep(
    edges: MutableSequence[int],
    m: int,
    x0: int,
    y0: int,
    x1: int,
    y1: int,
    top: int,
    bottom: int,
    sign: int,
) -> int:
    """Add what an edge has between top and bottom."""
    first = (2 * LINES * top + UNIT) // (2 * UNIT)
    stop = (2 * LINES * bottom + UNIT) // (2 * UNIT)
    if first >= stop:
        return m
    edges[m + X], edges[m + Y] = x0, y0
    edges[m + DX], edges[m + DY] = x1 - x0, y1 - y0
    edges[m + FIRST], edges[m + STOP], edges[m + SIGN] = first, stop, sign
    return m + RECORD
