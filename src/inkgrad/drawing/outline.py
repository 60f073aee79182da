"""The outline that a round pen leaves along a stroke.

The pen is a polygon. The outline has two sides, each beside the stroke at half the pen's width.
Where the stroke bends, one side is on the outside of the bend: there it follows the corners of the
pen that face the gap (a round join, of which nothing but this wedge is drawn). The other side, on
the inside, goes through the stroke's own point: it winds around some places twice, which does no
harm. At both ends, the corners of half a pen lead over to the other side.
"""

from __future__ import annotations

import math
from collections.abc import MutableSequence, Sequence
from typing import NamedTuple

from inkgrad.drawing.edges import add_edge
from inkgrad.drawing.pen import CORNER, UNIT, X, Y, compare, corners_passed
from inkgrad.drawing.strokes import Reals

__all__ = ["POINT", "Frame", "most_edges", "trace", "walk"]

_LEFT, _RIGHT = -1, 1  # sides of the outline, and the signs of their edges

# A point's record on a stroke's path, in 1/256 pixel: its place (X, Y); then the way to the next
# point, and the way from there to the outline's left side beside it.
DX, DY, BESIDE_X, BESIDE_Y = range(2, 6)
POINT = 6


class Frame(NamedTuple):
    """Where a drawing stands on the canvas, and the pen that draws it."""

    right: float  # units by which the drawing is moved
    down: float
    scale: float  # pixels per unit
    radius: float  # of the pen, in units
    size: int  # of the canvas, in 1/256 pixel


def most_edges(points: int, corners: int) -> int:
    """Return how many edges the outline of a stroke may have at most, each in three parts."""
    return 3 * (points + 2) * (corners + 6)


def walk(
    path: MutableSequence[int],
    xs: Reals,
    ys: Reals,
    start: int,
    stop: int,
    frame: Frame,
) -> int:
    """Lay the points xs[start:stop], ys[start:stop] on the canvas; return the path's end.

    Repeated points are left out, and points that a straight line goes on through.
    """
    end = 0
    for i in range(start, stop):
        x = round((xs[i] + frame.right) * frame.scale * UNIT)
        y = round((ys[i] + frame.down) * frame.scale * UNIT)
        if end > 0:
            last = end - POINT
            dx, dy = x - path[last + X], y - path[last + Y]
            if dx == 0 and dy == 0:
                continue
            if last > 0:
                before = last - POINT
                ax, ay = path[before + DX], path[before + DY]
                if ay * dx == dy * ax and ax * dx + ay * dy >= 0:
                    end, last = last, before
                    dx, dy = dx + ax, dy + ay
            path[last + DX], path[last + DY] = dx, dy
        path[end + X], path[end + Y] = x, y
        end += POINT
    for p in range(0, end - POINT, POINT):
        path[p + BESIDE_X], path[p + BESIDE_Y] = _beside(path[p + DX], path[p + DY], frame)
    return end


def trace(
    path: Sequence[int],
    end: int,
    pen: Sequence[int],
    frame: Frame,
    edges: MutableSequence[int],
) -> int:
    """Write the edges of the outline of a stroke path[:end]; return their end.

    Their order is cairo's: the left side, the end's cap, the start's cap, the right side. It
    matters where edges lie upon each other (see `scan`).
    """
    size = frame.size
    if len(pen) == CORNER:
        return 0
    if end == POINT:  # a dot: both caps, heading right
        x, y = _beside(UNIT, 0, frame)
        m = _cap(edges, 0, path[X], path[Y], -UNIT, 0, -x, -y, pen, size)
        return _cap(edges, m, path[X], path[Y], UNIT, 0, x, y, pen, size)
    m = _side(edges, 0, path, end, _LEFT, pen, size)
    last, p = end - POINT, end - 2 * POINT  # the last point, the last segment
    m = _cap(
        edges,
        m,
        path[last + X],
        path[last + Y],
        path[p + DX],
        path[p + DY],
        path[p + BESIDE_X],
        path[p + BESIDE_Y],
        pen,
        size,
    )
    m = _cap(
        edges,
        m,
        path[X],
        path[Y],
        -path[DX],
        -path[DY],
        -path[BESIDE_X],
        -path[BESIDE_Y],
        pen,
        size,
    )
    return _side(edges, m, path, end, _RIGHT, pen, size)


def _beside(dx: int, dy: int, frame: Frame) -> tuple[int, int]:
    """Return the way from a segment that heads (dx, dy) to the outline beside it.

    The direction goes to the canvas's units and back again, as in cairo, for its last bits.
    """
    x, y = _unit(dx / UNIT, dy / UNIT)
    x, y = _unit(x * (1 / frame.scale), y * (1 / frame.scale))
    return (
        round(-y * frame.radius * frame.scale * UNIT),
        round(x * frame.radius * frame.scale * UNIT),
    )


def _unit(x: float, y: float) -> tuple[float, float]:
    if x == 0.0:
        return 0.0, (1.0 if y > 0 else -1.0)
    if y == 0.0:
        return (1.0 if x > 0 else -1.0), 0.0
    length = math.sqrt(x * x + y * y)
    return x / length, y / length


def _side(
    edges: MutableSequence[int],
    m: int,
    path: Sequence[int],
    end: int,
    side: int,
    pen: Sequence[int],
    size: int,
) -> int:
    """Follow one side of the outline from the stroke's first point to its last."""
    x, y = path[X] - side * path[BESIDE_X], path[Y] - side * path[BESIDE_Y]
    for p in range(0, end - POINT, POINT):
        at_x, at_y, dx, dy = path[p + X], path[p + Y], path[p + DX], path[p + DY]
        to_x, to_y = at_x - side * path[p + BESIDE_X], at_y - side * path[p + BESIDE_Y]
        if p > 0:
            b = p - POINT  # the segment before
            ax, ay = path[b + DX], path[b + DY]
            turn = compare(ax, ay, dx, dy)
            if turn == -side:  # outside
                if x != to_x or y != to_y:
                    m = _fan(
                        edges, m, x, y, at_x, at_y, to_x, to_y, ax, ay, dx, dy, side, pen, size
                    )
                x, y = to_x, to_y
            elif turn != 0:
                m = add_edge(edges, m, x, y, at_x, at_y, side, size)
                m = add_edge(edges, m, at_x, at_y, to_x, to_y, side, size)
                x, y = to_x, to_y
        to_x, to_y = to_x + dx, to_y + dy
        m = add_edge(edges, m, x, y, to_x, to_y, side, size)
        x, y = to_x, to_y
    return m


def _cap(
    edges: MutableSequence[int],
    m: int,
    x: int,
    y: int,
    dx: int,
    dy: int,
    beside_x: int,
    beside_y: int,
    pen: Sequence[int],
    size: int,
) -> int:
    """Lead around the end of a stroke that heads (dx, dy), from the left side to the right."""
    from_x, from_y, to_x, to_y = x + beside_x, y + beside_y, x - beside_x, y - beside_y
    return _fan(edges, m, from_x, from_y, x, y, to_x, to_y, dx, dy, -dx, -dy, _LEFT, pen, size)


def _fan(
    edges: MutableSequence[int],
    m: int,
    x: int,
    y: int,
    at_x: int,
    at_y: int,
    to_x: int,
    to_y: int,
    ax: int,
    ay: int,
    bx: int,
    by: int,
    side: int,
    pen: Sequence[int],
    size: int,
) -> int:
    """Go from (x, y) to (to_x, to_y) over the corners of a pen at (at_x, at_y).

    They are those that the edge passes as the direction turns from a to b: clockwise on the right
    side, the other way on the left.
    """
    reach = pen[X]
    near = -reach <= at_x <= size + reach and -reach <= at_y <= size + reach
    first, stop = corners_passed(pen, ax, ay, bx, by, side == _RIGHT)
    corner, stop = CORNER * first, CORNER * stop
    while near and corner != stop:
        next_x, next_y = at_x + pen[corner + X], at_y + pen[corner + Y]
        m = add_edge(edges, m, x, y, next_x, next_y, side, size)
        x, y = next_x, next_y
        corner += side * CORNER
        if corner == len(pen):
            corner = 0
        elif corner < 0:
            corner = len(pen) - CORNER
    return add_edge(edges, m, x, y, to_x, to_y, side, size)
