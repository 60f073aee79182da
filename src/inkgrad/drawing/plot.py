"""Drawings, stroke by stroke: laid on the canvas, traced, painted."""

from __future__ import annotations

from collections.abc import Callable, MutableSequence, Sequence
from typing import NamedTuple

from inkgrad.drawing.edges import LINES, RECORD
from inkgrad.drawing.outline import POINT, Frame, most_edges, trace, walk
from inkgrad.drawing.pen import UNIT
from inkgrad.drawing.scan import Lists, paint
from inkgrad.drawing.strokes import Points, Reals

__all__ = ["Placing", "Room", "make_room", "plot"]


class Placing(NamedTuple):
    """How far each drawing is moved, in units, and what goes for all (see `Frame`)."""

    right: Reals
    down: Reals
    scale: float
    radius: float


class Room(NamedTuple):
    """What drawing a stroke writes to, used again for the next."""

    path: MutableSequence[int]
    edges: MutableSequence[int]
    lists: Lists


def make_room(
    points: int, corners: int, side: int, new: Callable[[int], MutableSequence[int]]
) -> Room:
    """Return room for strokes of so many points, a pen of so many corners, and a canvas.

    `new` returns a sequence of so many zeros: a list, or an array for compiled code.
    """
    most = most_edges(points, corners)
    lists = Lists(new(most), new(most), new(most), new(side * LINES), new(2 * side + 2))
    return Room(new(points * POINT), new(most * RECORD), lists)


def plot(
    bitmaps: MutableSequence[int],
    side: int,
    points: Points,
    placing: Placing,
    pen: Sequence[int],
    room: Room,
) -> None:
    """Draw drawings into bitmaps of side × side pixels, one after the other, all zeros before."""
    for drawing in range(len(points.drawings) - 1):
        frame = Frame(
            placing.right[drawing],
            placing.down[drawing],
            placing.scale,
            placing.radius,
            side * UNIT,
        )
        for k in range(points.drawings[drawing], points.drawings[drawing + 1]):
            begin, end = points.strokes[k], points.strokes[k + 1]
            stop = walk(room.path, points.x, points.y, begin, end, frame)
            m = trace(room.path, stop, pen, frame, room.edges)
            paint(bitmaps, drawing * side * side, side, room.edges, m, room.lists)
