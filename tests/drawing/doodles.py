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
