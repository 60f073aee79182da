"""A pen that an animal's drawing function moves: it chooses, draws lines, curves and ovals."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import TypeVar

import numpy as np

from inkgrad.quickdraw.doodles.hand import Doodle, Hand, Points

__all__ = ["Pen", "Point"]

Point = tuple[float, float]
T = TypeVar("T")

ANGULAR = 0.18  # share of drawings that have corners where others have curves
OVAL_POINTS = 22
SCRIBBLE_LINES = 17

# Weights of four successive points (before, start, end, after) for every step of a segment that
# leads from start to end: straight, or by the cubic of Catmull and Rom (1974).
_t = np.arange(3) / 3
STRAIGHT = np.stack([0 * _t, 1 - _t, _t, 0 * _t], axis=1)  # (steps, 4)
_t = np.arange(5) / 5
SMOOTH = 0.5 * np.stack(
    [
        -_t + 2 * _t**2 - _t**3,
        2 - 5 * _t**2 + 3 * _t**3,
        _t + 4 * _t**2 - 3 * _t**3,
        -(_t**2) + _t**3,
    ],
    axis=1,
)  # (steps, 4)

_angle = np.arange(OVAL_POINTS) * (2 * math.pi / OVAL_POINTS)
CIRCLE = np.stack([np.sin(_angle), -np.cos(_angle)], axis=1)  # (OVAL_POINTS, 2), from the top


class Pen:
    """Collects the strokes of one drawing.

    Drawings are made in any unit, y pointing down, animals facing right: `strokes` lets the hand
    that holds the pen add its habits, and a pose.

    Parameters
    ----------
    rng : numpy.random.Generator
        Every choice is drawn from it: the same state gives the same drawing.

    Examples
    --------
    >>> pen = Pen(np.random.default_rng(0))
    >>> pen.oval(0, 0, 1, 1)
    >>> pen.line([(-1, 2), (1, 2)])
    >>> [len(xs) for xs, ys in pen.strokes()]
    [23, 4]
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._random = rng.random
        self._hand = Hand.of_somebody(rng)
        self._angular = self.chance(ANGULAR)
        self._paths: list[Points] = []
        self._frames: list[tuple[Points, Points]] = []
        self._recognisable: int | None = None

    # --- choices -----------------------------------------------------------------------------

    def between(self, low: float, high: float) -> float:
        """Give a number drawn uniformly from low to high."""
        return low + (high - low) * self._random()

    def chance(self, probability: float) -> bool:
        """Give True with this probability."""
        return self._random() < probability

    def some(self, low: int, high: int) -> int:
        """Give a whole number from low to high, both included."""
        return low + int(self._random() * (high - low + 1))

    def pick(self, options: Sequence[T], weights: Sequence[float]) -> T:
        """Give one of the options; an option is as likely as its weight says."""
        limits = list(accumulate(weights))
        return options[bisect(limits, self._random() * limits[-1], hi=len(options) - 1)]

    def in_any_order(self, *parts: Callable[[], None]) -> None:
        """Draw the parts, each a function without arguments, in an order of the hand's choice."""
        for k in np.argsort(self._rng.random(len(parts))):
            parts[k]()

    # --- where to draw -----------------------------------------------------------------------

    @contextmanager
    def at(self, x: float, y: float, scale: float = 1.0, turn: float = 0.0) -> Iterator[None]:
        """Draw what follows around (x, y), scaled, and turned by radians (clockwise)."""
        c, s = scale * math.cos(turn), scale * math.sin(turn)
        self._frames.append((np.array([[c, s], [-s, c]]), np.array([x, y])))
        try:
            yield
        finally:
            self._frames.pop()

    def extent(self) -> tuple[float, float, float, float]:
        """Give left, top, right and bottom of all that has been drawn."""
        points = np.concatenate(self._paths)
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    def recognisable(self) -> None:
        """Say that from here on one sees what it is: the game may stop the drawing."""
        self._recognisable = len(self._paths)

    # --- strokes -----------------------------------------------------------------------------

    def line(self, points: Sequence[Point], closed: bool = False) -> None:
        """Draw straight from point to point, and back to the first if closed."""
        self._add(_through(points, STRAIGHT, closed), closed)

    def curve(self, points: Sequence[Point], closed: bool = False) -> None:
        """Draw a smooth curve through the points; a point given twice makes a corner."""
        self._add(_through(points, STRAIGHT if self._angular else SMOOTH, closed), closed)

    def oval(self, x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> None:
        """Draw a closed oval around (x, y) with half axes rx and ry, turned by radians."""
        path = CIRCLE * (rx, ry)  # (OVAL_POINTS, 2)
        if turn:
            c, s = math.cos(turn), math.sin(turn)
            path = path @ np.array([[c, s], [-s, c]])
        if self.chance(0.4):  # most people begin at the top
            path = np.roll(path, self.some(1, OVAL_POINTS - 1), axis=0)
        self._add(np.array([x, y]) + np.concatenate([path, path[:1]]), closed=True)

    def dot(self, x: float, y: float, size: float = 0.0) -> None:
        """Draw a dot: a tap of the pen, or a blob of the given radius filled with a spiral."""
        if size == 0.0:
            self._add(np.array([[x, y], [x + 0.01, y + 0.01]]))
            return
        turns = CIRCLE[np.arange(0, 2 * OVAL_POINTS, 3) % OVAL_POINTS]  # (points, 2)
        self._add(np.array([x, y]) + turns * np.linspace(size, 0.2 * size, len(turns))[:, None])

    def tube(
        self,
        spine: Sequence[Point],
        widths: Sequence[float],
        open_end: bool = True,
        filled: bool = False,
    ) -> None:
        """Draw around a smooth spine: down one side, round its end and back on the other.

        Parameters
        ----------
        spine : sequence of (x, y)
            From the root to the tip.
        widths : sequence of float
            Half the width, at equal steps along the spine.
        open_end : bool
            Leave the root open (a trunk on a head) instead of closing it (an ear).
        filled : bool
            Blacken it by going to and fro lengthwise.
        """
        middle = _through(spine, SMOOTH)  # (n, 2)
        along = np.gradient(middle, axis=0)
        normal = along[:, ::-1] * (-1, 1) / np.hypot(along[:, 0], along[:, 1])[:, None]
        places = np.linspace(0, len(widths) - 1, len(middle))
        offset = normal * np.interp(places, np.arange(len(widths)), widths)[:, None]
        around = [middle + offset, (middle - offset)[::-1]]
        if not open_end:
            around.append(around[0][:1])
        self._add(np.concatenate(around), closed=not open_end)
        if filled:
            passes = [middle + share * offset for share in (-0.85, -0.5, -0.17, 0.17, 0.5, 0.85)]
            passes[1::2] = [way[::-1] for way in passes[1::2]]
            self._add(np.concatenate(passes)[::2])

    def scribble(self, x: float, y: float, rx: float, ry: float) -> None:
        """Blacken an oval around (x, y), half axes rx and ry, by going to and fro lengthwise."""
        over = np.linspace(-1, 1, SCRIBBLE_LINES)
        along = np.where(np.arange(SCRIBBLE_LINES) % 2, 1.0, -1.0) * np.sqrt(1.05 - over**2)
        path = np.stack([along, over] if rx > ry else [over, along], axis=1)  # (lines, 2)
        self._add(np.array([x, y]) + path * (rx, ry))

    def _add(self, path: Points, closed: bool = False) -> None:
        if closed:
            path = self._hand.close(path, self._rng)
        for matrix, origin in reversed(self._frames):
            path = path @ matrix + origin
        self._paths.append(path)

    # --- the result --------------------------------------------------------------------------

    def strokes(self) -> Doodle:
        """Give the drawing as it leaves the hand: shaky, posed, perhaps cut short."""
        end = len(self._paths)
        recognisable = end if self._recognisable is None else self._recognisable
        return self._hand.finish(self._paths, recognisable, self._rng)


def _through(points: Sequence[Point], basis: Points, closed: bool = False) -> Points:
    """Lead a path through k points, with as many steps a segment as the basis has rows."""
    p = np.array(points, dtype=np.float64)  # (k, 2)
    ends = (p[-1:], p, p[:2]) if closed else (2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1])
    p = np.concatenate(ends)
    segments = np.stack([p[:-3], p[1:-2], p[2:-1], p[3:]], axis=1)  # (segments, 4, 2)
    path = (basis @ segments).reshape(-1, 2)  # (segments · steps, 2)
    return np.concatenate([path, p[-2:-1]])
