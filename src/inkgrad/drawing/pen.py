"""The round pen: a polygon, and which of its corners a turning stroke passes.

The functions here and in `edges`, `outline`, `scan` and `plot` are written in whole numbers and
flat sequences of them, lists as well as arrays: Python runs them as they stand, and `compiled` has
Numba compile the very same ones. A thing of several numbers is a record in such a sequence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = [
    "CORNER",
    "UNIT",
    "X",
    "Y",
    "compare",
    "corners_passed",
    "make_pen",
]

UNIT = 256
"""Parts of a pixel in which coordinates are rounded, halves to even."""

_FLATNESS = 0.1  # pixels by which the pen's polygon may fall short of the circle


# What is known of a corner, in this order, in 1/256 pixel: its place, the side that ends there, and
# the side that begins there.
X, Y, INTO_X, INTO_Y, OUT_X, OUT_Y = range(6)
CORNER = 6


def make_pen(radius: float, scale: float) -> list[int]:
    """Return the polygon that stands in for a round pen.

    The sagitta of one side of an n-gon in a circle of radius r is r (1 − cos(π/n)); cairo takes
    the smallest even n, at least 4, for which the *half* polygon's, r (1 − cos(2π/n)), stays
    within 0.1 pixel, and so do we. A pen of a radius up to 0.025 pixel leaves no trace: it gets
    one corner.

    Parameters
    ----------
    radius : float
        In units of the canvas.
    scale : float
        Pixels per unit.

    Returns
    -------
    pen : list of int
        `CORNER` numbers a corner, by growing angle: with y downwards, clockwise on paper.

    Examples
    --------
    >>> pen = make_pen(8, 28 / 304)  # of the 28×28 drawings
    >>> len(pen) // CORNER, pen[X::CORNER][:4], pen[Y::CORNER][:4]
    (12, [189, 163, 94, 0], [0, 94, 163, 189])
    """
    pixels = radius * scale
    if pixels <= _FLATNESS / 4:
        n = 1
    elif pixels <= _FLATNESS:
        n = 4
    else:
        n = math.ceil(2 * math.pi / math.acos(1 - _FLATNESS / pixels))
        n = max(4, n + n % 2)
    angles = [2 * math.pi * i / n for i in range(n)]
    x = [round(radius * math.cos(angle) * scale * UNIT) for angle in angles]
    y = [round(radius * math.sin(angle) * scale * UNIT) for angle in angles]
    pen = []
    for i in range(n):
        before, after = i - 1, (i + 1) % n
        pen += [x[i], y[i], x[i] - x[before], y[i] - y[before], x[after] - x[i], y[after] - y[i]]
    return pen


def compare(ax: int, ay: int, bx: int, by: int) -> int:
    """Tell which way b turns from a: −1 clockwise (on paper, y downwards), 1 the other, 0 if not.

    It is the sign of a's cross product with b, negated. Of two opposite directions neither is
    first; then it goes by where a points: −1 to the right (or straight down), 1 to the left.

    Examples
    --------
    >>> compare(1, 0, 0, 1), compare(0, 1, 1, 0), compare(2, 2, 1, 1)
    (-1, 1, 0)
    >>> compare(1, 0, -1, 0), compare(-1, 0, 1, 0)
    (-1, 1)
    """
    cross = ay * bx - by * ax
    if cross != 0:
        return 1 if cross > 0 else -1
    if ax * bx + ay * by >= 0:
        return 0
    return -1 if ax > 0 or (ax == 0 and ay > 0) else 1


def corners_passed(
    pen: Sequence[int], from_x: int, from_y: int, to_x: int, to_y: int, clockwise: bool
) -> tuple[int, int]:
    """Return the corners that the pen's edge passes as its direction turns: first and stop.

    The corners are first, first ± 1, … up to but without stop, modulo their number; + if the turn
    is clockwise. Both are found by bisection. Directions go round in a circle and have no order,
    so where the bisection looks matters when a direction is (nearly) parallel to one of the pen's
    sides; this one looks where cairo's does.
    """
    n = len(pen) // CORNER
    low, high = 0, n
    while high - low > 1:
        middle = (low + high) >> 1
        if _side(pen, middle, from_x, from_y, clockwise) < 0:
            low = middle
        else:
            high = middle
    first = low
    if _side(pen, low, from_x, from_y, clockwise) < 0:
        first = high if high < n else 0

    if clockwise:
        any_passed = (
            compare(to_x, to_y, pen[CORNER * first + OUT_X], pen[CORNER * first + OUT_Y]) >= 0
        )
    else:
        any_passed = (
            compare(pen[CORNER * first + INTO_X], pen[CORNER * first + INTO_Y], to_x, to_y) <= 0
        )
    if not any_passed:
        return first, first
    low, high = first, first + n
    while high - low > 1:
        middle = (low + high) >> 1
        if _side(pen, middle if middle < n else middle - n, to_x, to_y, clockwise) > 0:
            high = middle
        else:
            low = middle
    return first, low if low < n else low - n


def _side(pen: Sequence[int], corner: int, x: int, y: int, clockwise: bool) -> int:
    """Compare the side that the pen's edge comes along to a corner with a direction."""
    at = CORNER * corner
    if clockwise:
        return compare(pen[at + INTO_X], pen[at + INTO_Y], x, y)
    return compare(x, y, pen[at + OUT_X], pen[at + OUT_Y])
