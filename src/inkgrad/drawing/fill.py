"""Filling polygons: how much of each pixel lies inside, by the non-zero winding rule."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inkgrad.drawing.outline import UNIT

__all__ = ["FULL", "LINES", "coverage"]

LINES = 15  # sampling lines in a row of pixels
FULL = LINES * UNIT  # what `coverage` gives for a pixel that lies wholly inside

Integers = npt.NDArray[np.int64]


def coverage(edges: Integers, owners: Integers, shapes: int, side: int) -> Integers:
    """Measure how much of each pixel lies inside each shape.

    Every row of pixels is cut by 15 horizontal lines. On a line, the edges that cross it are
    sorted from left to right; the running sum of their directions (+1 downwards, -1 upwards) is
    the winding number, and the shape is where it is not zero. The lengths inside, in 1/256
    pixel, are summed over the 15 lines of a pixel.

    Parameters
    ----------
    edges : int64 array (2, 2, e)
        Edges of closed polygons: [start or end, x or y, edge], in 1/256 pixel.
    owners : int64 array (e,)
        The shape, 0 … shapes - 1, that each edge belongs to.
    shapes : int
        Number of shapes.
    side : int
        Width and height of the canvas in pixels; what lies outside is cut off.

    Returns
    -------
    area : int64 array (shapes, side, side), from 0 to `FULL` = 15 · 256
    """
    lines = side * LINES
    owner, line, x, downwards = _crossings(edges, owners, lines)
    x = np.clip(x, 0, side * UNIT)

    # Sort by shape, then line, then x: all packed into one integer, the direction last.
    width = 2 * (side * UNIT + 1)
    key = np.sort((owner * lines + line) * width + 2 * x + downwards)
    inside = np.cumsum(2 * (key & 1) - 1) != 0
    entered = inside & ~np.append(False, inside[:-1])
    left = ~inside & np.append(False, inside[:-1])

    # Length inside = (everything right of an entry) - (everything right of a leave).
    border = entered | left
    key, sign = key[border], np.where(entered[border], 1, -1)
    row, x = key // width // LINES, key % width // 2  # row of pixels, counted over all shapes
    cell = row * (side + 2) + x // UNIT
    part = x % UNIT
    size = shapes * side * (side + 2)
    steps = np.bincount(cell, sign * (UNIT - part), size)
    steps += np.bincount(cell + 1, sign * part, size)
    steps = steps.astype(np.int64).reshape(shapes, side, side + 2)
    return np.cumsum(steps, axis=2)[:, :, :side]


def _crossings(
    edges: Integers, owners: Integers, lines: int
) -> tuple[Integers, Integers, Integers, Integers]:
    """Find where edges cross sampling lines: shape, line, x and direction of every crossing."""
    downwards = edges[1, 1] > edges[0, 1]
    top, bottom = np.where(downwards, edges, edges[::-1])  # (2, e) each: x, y
    # Line k runs at y = (k + 1/2) / 15 pixel; an edge crosses the lines first ≤ k < stop.
    first = np.clip(_line_below(top[1]), 0, lines)
    stop = np.clip(_line_below(bottom[1]), 0, lines)
    count = np.maximum(stop - first, 0)
    begin = np.cumsum(count) - count  # where an edge's crossings begin among all of them
    line = np.arange(count.sum()) + np.repeat(first - begin, count)
    # x = x0 + (y - y0) dx / dy, rounded down, with as much as possible worked out once an edge.
    (x0, y0), (dx, dy) = top, bottom - top
    rise, run = 2 * LINES * dy, 2 * UNIT * dx
    offset = (UNIT - 2 * LINES * y0) * dx + x0 * rise
    x = (np.repeat(offset, count) + line * np.repeat(run, count)) // np.repeat(rise, count)
    return np.repeat(owners, count), line, x, np.repeat(downwards, count).astype(np.int64)


def _line_below(y: Integers) -> Integers:
    """Return the number of the first sampling line at or below y (in 1/256 pixel)."""
    return -((UNIT - 2 * LINES * y) // (2 * UNIT))
