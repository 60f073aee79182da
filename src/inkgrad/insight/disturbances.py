"""Disturbances: a drawing as somebody else might have drawn it, from its strokes and a generator.

Each changes one thing, by one known strength, so a model's accuracy before and after says what that
thing costs it (`inkgrad.insight.robustness`). What comes out has any place and size: it takes the
way of a user's drawing, through `inkgrad.drawing.into_frame`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inkgrad.drawing import Strokes, bounding_box

__all__ = [
    "DISTURBANCES",
    "Change",
    "Disturbance",
    "cut_off",
    "dropped",
    "moved",
    "resized",
    "turned",
    "wobbly",
]

Change = Callable[[Strokes, np.random.Generator], Strokes | None]
"""Checked strokes ↦ others; None for a drawing to which it cannot happen. Nothing is modified."""

_CANVAS = 1000.0  # pixels a side: of a window in which people draw
_SIZE = 255.0  # the longer side of the data set's drawings
_KNOTS = 24.0  # units along a stroke from one tremor of the hand to the next
_STEP = 4.0  # units between the points of a stroke that wobbles


@dataclass(frozen=True)
class Disturbance:
    """One row of the table.

    Attributes
    ----------
    name : str
        What is changed.
    strength : str
        By how much.
    change : callable
        Does it: see `Change`.
    pen : float
        The width of the pen with which the drawing is then drawn, in that of the training drawings.
    """

    name: str
    strength: str
    change: Change
    pen: float = 1.0


def moved(strokes: Strokes, rng: np.random.Generator) -> Strokes:
    """Draw the same, as large, anywhere on a canvas of 1000 × 1000.

    A drawing that is larger than the canvas is left where it is.

    Examples
    --------
    >>> from inkgrad.drawing import check_strokes
    >>> there = moved(check_strokes([[[0, 255], [0, 90]]]), np.random.default_rng(0))[0]
    >>> np.diff(there, axis=1).round(9).ravel().tolist(), bool((0 <= there).all())
    ([255.0, 90.0], True)
    """
    low, high = bounding_box(strokes)
    room = np.maximum(_CANVAS - (high - low), 0.0)
    shift = rng.uniform(0, 1, 2) * room - low
    return Strokes(stroke + shift[:, None] for stroke in strokes)


def resized(factor: float) -> Change:
    """Draw the same so many times as large.

    Examples
    --------
    >>> from inkgrad.drawing import check_strokes
    >>> line = check_strokes([[[0, 255], [0, 90]]])
    >>> resized(0.5)(line, np.random.default_rng(0))
    [array([[  0. , 127.5],
           [  0. ,  45. ]])]
    """

    def change(strokes: Strokes, rng: np.random.Generator) -> Strokes:
        return Strokes(stroke * factor for stroke in strokes)

    return change


def turned(degrees: float) -> Change:
    """Turn the drawing about the middle of its box, to the left or to the right.

    Examples
    --------
    >>> from inkgrad.drawing import check_strokes
    >>> line = check_strokes([[[0, 200], [50, 50]]])
    >>> upright = turned(90)(line, np.random.default_rng(0))[0]
    >>> np.sort(upright, axis=1).round(9).tolist()
    [[100.0, 100.0], [-50.0, 150.0]]
    """

    def change(strokes: Strokes, rng: np.random.Generator) -> Strokes:
        angle = math.radians(degrees) * rng.choice([-1, 1])
        low, high = bounding_box(strokes)
        middle = ((low + high) / 2)[:, None]
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        return Strokes(turn @ (stroke - middle) + middle for stroke in strokes)

    return change


def cut_off(share: float) -> Change:
    """Keep the first points, `share` of them all and at least one: the drawing is not finished.

    Examples
    --------
    >>> from inkgrad.drawing import check_strokes
    >>> two = check_strokes([[[0, 1, 2], [0, 0, 0]], [[5, 6, 7], [9, 9, 9]]])
    >>> [stroke.tolist() for stroke in cut_off(0.6)(two, np.random.default_rng(0))]
    [[[0.0, 1.0, 2.0], [0.0, 0.0, 0.0]], [[5.0], [9.0]]]
    """

    def change(strokes: Strokes, rng: np.random.Generator) -> Strokes:
        left = max(1, math.ceil(share * sum(stroke.shape[1] for stroke in strokes) - 1e-9))
        kept = []
        for stroke in strokes:
            kept.append(stroke[:, :left])
            left -= kept[-1].shape[1]
            if left == 0:
                break
        return Strokes(kept)

    return change


def wobbly(share: float) -> Change:
    """Draw with an unsteady hand.

    Along each stroke, every 24 units of a drawing whose longer side is 255, the pen is off by a
    normal deviate of `share` of the drawing's size in x and in y; between, it glides from one such
    error to the next by half a wave of the cosine.

    Examples
    --------
    >>> from inkgrad.drawing import check_strokes
    >>> line = check_strokes([[[0, 255], [0, 0]]])
    >>> shaken = wobbly(0.01)(line, np.random.default_rng(0))[0]
    >>> shaken.shape, bool(np.abs(shaken[1]).max() < 5 * 2.55)
    ((2, 65), True)
    """

    def change(strokes: Strokes, rng: np.random.Generator) -> Strokes:
        low, high = bounding_box(strokes)
        size = float((high - low).max()) or 1.0
        unit = size / _SIZE
        return Strokes(
            points + share * size * _tremor(along / (_KNOTS * unit), rng)
            for points, along in (_with_points_between(stroke, _STEP * unit) for stroke in strokes)
        )

    return change


def dropped(count: int) -> Change:
    """Leave out some strokes, chosen by chance; of none but these, a drawing would be blank.

    Examples
    --------
    >>> from inkgrad.drawing import check_strokes
    >>> two = check_strokes([[[0], [0]], [[9], [9]]])
    >>> len(dropped(1)(two, np.random.default_rng(0))), dropped(2)(two, np.random.default_rng(0))
    (1, None)
    """

    def change(strokes: Strokes, rng: np.random.Generator) -> Strokes | None:
        if len(strokes) <= count:
            return None
        kept = np.sort(rng.permutation(len(strokes))[count:])
        return Strokes(strokes[k] for k in kept)

    return change


def _as_it_is(strokes: Strokes, rng: np.random.Generator) -> Strokes:
    return strokes


def _with_points_between(
    stroke: npt.NDArray[np.float64], step: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return a stroke with more points on its lines, (2, n), and how far along each is, (n,)."""
    lengths = np.append(0.0, np.cumsum(np.hypot(*np.diff(stroke, axis=1))))
    along = np.union1d(lengths, np.arange(0.0, lengths[-1], step))
    return np.stack([np.interp(along, lengths, row) for row in stroke]), along


def _tremor(along: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return the pen's error at each point, in deviations: (2, n); `along` is in knots."""
    knots = rng.standard_normal((2, int(along[-1]) + 2))
    before = along.astype(np.int64)
    weight = (1 - np.cos(np.pi * (along - before))) / 2
    return np.asarray(knots[:, before] * (1 - weight) + knots[:, before + 1] * weight)


DISTURBANCES: tuple[Disturbance, ...] = (
    Disturbance("position", "anywhere", moved),
    *(Disturbance("size", f"{k:g}×", resized(k)) for k in (0.25, 0.5, 1.0, 2.0)),
    *(Disturbance("turned", f"{k}°", turned(k)) for k in (5, 10, 15, 20, 30)),
    *(Disturbance("pen width", f"{k:g}×", _as_it_is, k) for k in (0.5, 0.75, 1.25, 1.5, 2.0)),
    *(Disturbance("cut off", f"first {k} %", cut_off(k / 100)) for k in (90, 70, 50, 30)),
    *(Disturbance("wobble", f"{k} %", wobbly(k / 100)) for k in (1, 2, 4)),
    Disturbance("missing", "one stroke", dropped(1)),
    Disturbance("missing", "two strokes", dropped(2)),
)
"""The rows of the table, in the order in which they are shown."""
