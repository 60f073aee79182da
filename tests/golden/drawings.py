"""Random drawings of every sort that a rasteriser may find hard, in the frame that it draws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["KINDS", "Drawing", "random_drawing", "random_drawings"]

Rng = np.random.Generator
Points = np.ndarray  # (2, n)
Drawing = list[list[list[float]]]


def _whole(rng: Rng) -> Points:
    return rng.integers(0, 256, (2, rng.integers(1, 30)))


def _floats(rng: Rng) -> Points:
    return rng.uniform(0, 255, (2, rng.integers(1, 30))).round(3)


def _long(rng: Rng) -> Points:
    return rng.integers(0, 256, (2, rng.integers(100, 600)))


def _tiny(rng: Rng) -> Points:
    """Return a scribble smaller than the pen, even than a pixel."""
    size = 10 ** rng.uniform(-1.5, 0.7)
    points = rng.uniform(0, 250, (2, 1)) + rng.uniform(-size, size, (2, rng.integers(1, 30)))
    return points.round(3)


def _dot(rng: Rng) -> Points:
    return np.repeat(rng.integers(0, 256, (2, 1)), rng.integers(1, 4), axis=1)


def _reversals(rng: Rng) -> Points:
    there = rng.integers(0, 256, (2, rng.integers(2, 8)))
    return np.concatenate([there, there[:, ::-1], there[:, 1:]], axis=1)


def _collinear(rng: Rng) -> Points:
    """Return points on one line, going on and on or to and fro, some repeated."""
    start, step = rng.integers(0, 100, (2, 1)), rng.integers(-3, 4, (2, 1))
    along = rng.integers(0, 50, rng.integers(1, 30))
    return start + step * (np.sort(along) if rng.random() < 0.6 else along)


def _outside(rng: Rng) -> Points:
    return rng.integers(-200, 500, (2, rng.integers(1, 30)))


def _by_hand(rng: Rng) -> Points:
    steps = rng.normal(0, 10, (2, rng.integers(2, 30)))
    return np.clip(128 + np.cumsum(steps, axis=1).round(), 0, 255)


def _axes(rng: Rng) -> Points:
    """Return a walk along the axes and the diagonals, where directions are exactly equal."""
    steps = rng.integers(-1, 2, (2, rng.integers(2, 20))) * rng.integers(1, 60)
    return np.clip(128 + np.cumsum(steps, axis=1), 0, 255)


KINDS: dict[str, Callable[[Rng], Points]] = {
    "whole": _whole,
    "floats": _floats,
    "long": _long,
    "tiny": _tiny,
    "dots": _dot,
    "reversals": _reversals,
    "collinear": _collinear,
    "outside": _outside,
    "by hand": _by_hand,
    "axes": _axes,
}
"""Name → a random stroke of that kind."""


def random_drawing(rng: Rng, kind: str, strokes: int) -> Drawing:
    """Return a drawing of so many strokes of one kind, or of any kinds if it is "mixed"."""
    kinds = list(KINDS)
    drawn = (
        KINDS[kinds[rng.integers(len(kinds))] if kind == "mixed" else kind](rng).tolist()
        for _ in range(strokes)
    )
    return [*drawn]


def random_drawings(count: int, seed: int) -> list[Drawing]:
    """Return drawings of 1 to 60 strokes (long ones: 1 to 3); the same seed gives the same."""
    rng = np.random.default_rng(seed)
    kinds = [*KINDS, "mixed"]
    drawings = []
    for _ in range(count):
        kind = kinds[rng.integers(len(kinds))]
        most = 3 if kind == "long" else 60
        drawings.append(random_drawing(rng, kind, int(rng.integers(1, most + 1))))
    return drawings
