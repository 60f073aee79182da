"""Made-up drawings for the tests, hypothesis strategies for more, and how to compare bitmaps."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

HOUSE = [
    [[0, 0, 200, 200, 0], [255, 110, 110, 255, 255]],
    [[0, 100, 200], [110, 0, 110]],
    [[80, 80, 120, 120], [255, 180, 180, 255]],
]
FACE = [
    [
        np.rint(127.5 + 127.5 * np.cos(np.linspace(0, 2 * np.pi, 33))).tolist(),
        np.rint(127.5 + 127.5 * np.sin(np.linspace(0, 2 * np.pi, 33))).tolist(),
    ],
    [[85, 85], [95, 96]],
    [[170, 171], [95, 95]],
    [[70, 100, 155, 185], [165, 195, 195, 165]],
]
ZIGZAG = [[[0, 60, 70, 130, 150, 255], [40, 200, 0, 220, 30, 255]]]
DOODLES = {"house": HOUSE, "face": FACE, "zigzag": ZIGZAG}


def strokes_between(low: int, high: int, *, most: int = 4):
    """Draw whole-number drawings of 1 to `most` strokes of 1 to 6 points."""
    number = st.integers(low, high)
    stroke = st.lists(st.tuples(number, number), min_size=1, max_size=6).map(
        lambda points: [list(row) for row in zip(*points, strict=True)]
    )
    return st.lists(stroke, min_size=1, max_size=most)


def correlation(a, b):
    return float(np.corrcoef(a.ravel().astype(float), b.ravel().astype(float))[0, 1])


KINDS = (
    "usual",
    "long",
    "tiny",
    "dots",
    "reversals",
    "collinear",
    "outside",
    "floats",
    "walk",
    "points",
)
"""Kinds of random drawings: what a hand, a program and a prankster draw."""


def random_drawing(rng, kind):
    """Return a random drawing of 1 to 60 strokes (the long ones: 1 to 3) as nested lists."""
    strokes = 1 + rng.integers(3 if kind == "long" else 60)
    return [_random_stroke(rng, kind).tolist() for _ in range(strokes)]


def _random_stroke(rng, kind):
    n = int(rng.integers(1, 30))
    if kind == "long":
        return rng.integers(0, 256, (2, rng.integers(100, 1000))).astype(float)
    if kind == "tiny":
        return rng.uniform(3, 250, (2, 1)) + rng.uniform(-3, 3, (2, n))
    if kind == "dots":
        return np.repeat(rng.integers(0, 256, (2, 1)), rng.integers(1, 4), axis=1).astype(float)
    if kind == "reversals":
        way = rng.integers(0, 256, (2, max(2, n // 4)))
        return np.concatenate([way, way[:, ::-1], way[:, 1:]], axis=1).astype(float)
    if kind == "collinear":
        along = rng.integers(0, 50, n)
        if rng.random() < 0.6:
            along.sort()
        return (rng.integers(0, 100, (2, 1)) + rng.integers(-3, 4, (2, 1)) * along).astype(float)
    if kind == "outside":
        return rng.integers(-200, 500, (2, n)).astype(float)
    if kind == "floats":
        return rng.uniform(0, 255, (2, n))
    if kind == "walk":
        path = 128 + np.cumsum(rng.normal(0, 10, (2, n)), axis=1)
        return np.rint(path).clip(0, 255)
    if kind == "points":
        return rng.integers(0, 256, (2, 1 + n // 15)).astype(float)
    return rng.integers(0, 256, (2, n)).astype(float)
