"""Drawings for comparing Python with JavaScript: many random ones, and hostile ones."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.thorough import THOROUGH

__all__ = ["COUNTS", "HOSTILE", "random_drawings", "spirals"]

COUNTS = [300, pytest.param(1000 * THOROUGH, marks=pytest.mark.slow)]
"""How many random drawings the two languages are compared on: fewer in the quick suite."""

Rng = np.random.Generator
Points = np.ndarray  # (2, n)


def _anywhere(rng: Rng) -> Points:
    return rng.uniform(0, 300, (2, rng.integers(1, 12)))


def _whole(rng: Rng) -> Points:
    return rng.integers(0, 256, (2, rng.integers(1, 12))).astype(float)


def _dot(rng: Rng) -> Points:
    return np.repeat(rng.uniform(0, 255, (2, 1)), rng.integers(1, 4), axis=1)


def _by_hand(rng: Rng) -> Points:
    """Return a slow smooth stroke as a pointer reports it: many points, whole pixels."""
    n = rng.integers(20, 250)
    turns = np.cumsum(rng.normal(0, 0.25, n))
    steps = rng.uniform(0, 6, n) * np.stack([np.cos(turns), np.sin(turns)])
    return np.rint(100 + np.cumsum(steps, axis=1))


def _curve(rng: Rng) -> Points:
    angle = np.linspace(0, rng.uniform(1, 12), rng.integers(3, 120))
    return 127 + rng.uniform(5, 120) * np.stack([np.cos(angle), np.sin(angle)])


def _collinear(rng: Rng) -> Points:
    start, direction = rng.uniform(0, 255, (2, 1)), rng.normal(0, 30, (2, 1))
    return start + direction * rng.uniform(-3, 3, rng.integers(2, 9))


def _along_an_axis(rng: Rng) -> Points:
    points = np.repeat(rng.integers(0, 256, (2, 1)), rng.integers(2, 9), axis=1).astype(float)
    points[rng.integers(2)] = rng.integers(0, 256, points.shape[1])
    return points


def _there_and_back(rng: Rng) -> Points:
    points = _anywhere(rng)
    return np.concatenate([points, points[:, ::-1], points], axis=1)


def _with_repeats(rng: Rng) -> Points:
    points = _by_hand(rng)[:, :60]
    return np.repeat(points, rng.integers(1, 4, points.shape[1]), axis=1)


def _saw(rng: Rng) -> Points:
    """Return teeth of equal height: many points equally far from a chord."""
    n = rng.integers(4, 30)
    return np.stack([np.arange(n) * 8.0, np.arange(n) % 2 * rng.uniform(1, 40)])


_STROKES: list[Callable[[Rng], Points]] = [
    *(_anywhere, _whole, _dot, _by_hand, _curve, _collinear, _along_an_axis, _there_and_back),
    *(_with_repeats, _saw),
]
_MOVES: list[Callable[[Rng, Points], Points]] = [
    lambda _, points: points,
    lambda _, points: -points,  # zeros become -0.0
    lambda rng, points: points * 10 ** rng.uniform(-4, 4) + rng.uniform(-3000, 3000, (2, 1)),
    lambda rng, points: points * 2.0 ** rng.integers(-30, 21),
    lambda rng, points: points + rng.choice([-1e9, 1e9], (2, 1)) * 0.999999,
    lambda rng, points: points * rng.uniform(0, 1, (2, 1)) ** 4,  # far from square
    lambda rng, points: points * [[1.0], [0.0]],
    lambda rng, points: points.astype(np.float32).astype(float) / 3,
]


def random_drawings(count: int, seed: int) -> list[list[list[list[float]]]]:
    """Return drawings of 1 to 12 strokes of every sort, size and place, as plain lists.

    About one in three has times. The same seed gives the same drawings.
    """
    rng = np.random.default_rng(seed)
    drawings = []
    for _ in range(count):
        move = _MOVES[rng.integers(len(_MOVES))]
        strokes = [_STROKES[rng.integers(len(_STROKES))](rng) for _ in range(rng.integers(1, 13))]
        ends = np.cumsum([stroke.shape[1] for stroke in strokes])
        moved = np.split(move(rng, np.concatenate(strokes, axis=1)), ends[:-1], axis=1)
        drawing = [stroke.tolist() for stroke in moved]
        if rng.random() < 0.3:
            drawing = [[xs, ys, list(range(len(xs)))] for xs, ys in drawing]
        drawings.append(drawing)
    return drawings


def spirals(count: int, seed: int) -> list[list[list[list[float]]]]:
    """Return drawings of a class that no packaged model knows, all a little different."""
    rng = np.random.default_rng(seed)
    drawings = []
    for _ in range(count):
        angle = np.linspace(0, 2 * np.pi * rng.uniform(2.2, 3.6), 60)
        radius = 127 * (angle / angle[-1]) ** rng.uniform(0.8, 1.2)
        turned = angle + rng.uniform(0, 2 * np.pi)
        stretch = rng.uniform(0.8, 1, 2)
        xs, ys = 127 + radius * np.stack([np.cos(turned), np.sin(turned)]) * stretch[:, None]
        drawings.append([[xs.tolist(), ys.tolist()]])
    return drawings


def _nested(depth: int) -> list:
    return [] if depth == 0 else [_nested(depth - 1)]


HOSTILE = {
    "null": None,
    "boolean": True,
    "number": 7.5,
    "text": "[[[0],[0]]]",
    "empty text": "",
    "object": {"drawing": [[[0], [0]]]},
    "no strokes": [],
    "no strokes, in an array": np.zeros(0),
    "numbers": [1, 2, 3],
    "numbers in an array": np.zeros(3),
    "strokes of null": [None],
    "strokes of text": ["ab"],
    "strokes of objects": [{"x": [0, 1], "y": [0, 1]}],
    "stroke without rows": [[]],
    "rows of text": [["ab", "cd"]],
    "rows of objects": [[{"length": 1, "0": 0}, {"length": 1, "0": 0}]],
    "one row": [[[0, 1, 2]]],
    "four rows": [[[0, 1], [2, 3], [4, 5], [6, 7]]],
    "four empty rows": [[[], [], [], []]],
    "one stroke, not a list": [[0, 1], [0, 1]],
    "points instead of rows": [[[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]],
    "one dimension too many": [[[[0, 1], [0, 1]]]],
    "empty and too deep": [[[[]], [[]]]],
    "far too deep": _nested(200),
    "shorter y": [[[0, 1], [0]]],
    "shorter times": [[[0, 1], [0, 1], [0]]],
    "empty times": [[[0, 1], [0, 1], []]],
    "mixed lengths in stroke 3": [[[0], [0]], [[1], [1]], [[0, 1], [0, 1, 2]]],
    "typed rows of mixed lengths": [[np.zeros(3), np.zeros(4)]],
    "text in a row": [[[0, "1"], [0, 1]]],
    "text in times": [[[0, 1], [0, 1], [0, "late"]]],
    "null in a row": [[[0, None], [0, 1]]],
    "list in a row": [[[0, [1]], [0, 1]]],
    "object in a row": [[[0, {}], [0, 1]]],
    "booleans": [[[True, False], [True, False]]],
    "empty stroke": [[[], []]],
    "empty stroke 2 with times": [[[0], [0]], [[], [], []]],
    "empty stroke after a NaN": [[[math.nan], [0]], [[], []]],
    "empty typed rows": [[np.zeros(0), np.zeros(0)]],
    "NaN": [[[0, math.nan], [0, 1]]],
    "NaN in y, infinity in a later x": [[[0], [math.nan]], [[math.inf], [0]]],
    "infinite": [[[0, 1], [0, math.inf]]],
    "minus infinity": [[[0, 1], [0, 1]], [[0, 1], [-math.inf, 1]]],
    "infinite in a typed row": [[np.array([0.0, math.inf]), np.zeros(2)]],
    "too large": [[[0, 1], [0, 2e9]]],
    "just too large": [[[0, 1], [0, math.nextafter(1e9, 2e9)]]],
    "largest number": [[[0, -1.7976931348623157e308], [0, 1]]],
    "endless scribble": [[[0, 1] * 300, [0, 1] * 300]],
    "endless scribble in many strokes": [[[0, 1, 0], [0, 0, 0]]] * 197,
}
"""Name → something that is no drawing, or (the last two) cannot be simplified."""
