"""Drawings near the frame of Google's simplified ones, and far from it: each kind of the rule."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["FRAMES", "random_frames"]


def _bent(left: float, top: float, right: float, bottom: float) -> list[Any]:
    """Return a drawing of two strokes that spans a rectangle."""
    middle = (left + right) // 2
    return [[[left, middle, right], [top, bottom, top]], [[left, right], [bottom, bottom]]]


FRAMES: dict[str, tuple[list[Any], bool]] = {
    # name: the drawing, and whether it is drawn as it is
    "in the frame": (_bent(0, 0, 255, 180), True),
    "reaches the frame but for 5": (_bent(5, 5, 250, 240), True),
    "misses it by 6": (_bent(0, 0, 194, 249), True),
    "misses it by the pen's width": (_bent(16, 3, 239, 120), True),
    "misses it by more": (_bent(17, 3, 255, 120), False),
    "ends too early": (_bent(0, 0, 238, 120), False),
    "small, from 0": (_bent(0, 0, 100, 60), False),
    "small, in the middle": (_bent(90, 80, 170, 150), False),
    "fractional, in the frame": (_bent(0, 0.5, 255, 120), False),
    "fractional and small": (_bent(20.25, 30.5, 80.75, 90), False),
    "just outside": (_bent(0, 0, 256, 120), False),
    "just before 0": (_bent(-1, 0, 254, 120), False),
    "large": (_bent(300, 100, 1200, 700), False),
    "a dot": ([[[40], [40]]], False),
    "a dot in the frame's corner": ([[[255], [0]]], False),
}
"""Drawings that either of the two rules of old, or one of them alone, would have drawn as they are:
"inside 0 … 255", and "whole numbers that reach the frame but for 5"."""


def random_frames(number: int, seed: int) -> list[list[Any]]:
    """Return random drawings: whole or not, of any size, inside, across or outside the frame."""
    rng = np.random.default_rng(seed)
    drawings = []
    for index in range(number):
        low = rng.choice([0, 3, 12, 20, 60, -40, 500])
        extent = rng.choice([2, 30, 120, 220, 238, 245, 255, 300, 2000])
        strokes = []
        for _ in range(rng.integers(1, 5)):
            points = low + rng.uniform(0, extent, (2, rng.integers(1, 12)))
            strokes.append((points if index % 3 == 0 else np.rint(points)).tolist())
        drawings.append(strokes)
    return drawings
