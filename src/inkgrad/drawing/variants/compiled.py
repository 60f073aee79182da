"""Variants of bitmaps by compiled loops: to the last bit what NumPy makes in `bitmaps`."""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.drawing.compiled import entry

__all__ = ["boxes", "look_through"]


def boxes(bitmaps: Any, matrix: Any, ink: int) -> Any:
    """Return what `inkgrad.drawing.variants.bitmaps.boxes` does."""
    found = np.zeros((len(bitmaps), 8))
    _boxes(bitmaps, matrix, ink, found)
    return found


def look_through(bitmaps: Any, view: Any, tables: Any, pens: Any, variants: Any) -> None:
    """Write what `inkgrad.drawing.variants.bitmaps.look_through` does."""
    side = bitmaps.shape[1]
    canvas = np.zeros((side + 2) ** 2, np.uint8)  # with paper beyond the edge
    numbers = map(np.ascontiguousarray, view)
    _look_through(bitmaps, *numbers, tables, pens, canvas, np.empty((4, side)), variants)


@entry
def _boxes(bitmaps: Any, matrix: Any, ink: int, found: Any) -> None:
    for n in range(len(bitmaps)):
        a, b, c, d = matrix[n, 0, 0], matrix[n, 0, 1], matrix[n, 1, 0], matrix[n, 1, 1]
        is_blank = True
        box = found[n]
        for v in range(bitmaps.shape[1]):
            for u in range(bitmaps.shape[2]):
                if bitmaps[n, v, u] < ink:
                    continue
                right, down = a * u + b * v, c * u + d * v
                if is_blank:
                    is_blank = False
                    box[0], box[1], box[2], box[3] = u, v, u, v
                    box[4], box[5], box[6], box[7] = right, down, right, down
                    continue
                box[0], box[1] = min(box[0], u), min(box[1], v)
                box[2], box[3] = max(box[2], u), max(box[3], v)
                box[4], box[5] = min(box[4], right), min(box[5], down)
                box[6], box[7] = max(box[6], right), max(box[7], down)


@entry
def _look_through(
    bitmaps: Any,
    inverse: Any,
    origin: Any,
    sin_across: Any,
    cos_across: Any,
    sin_down: Any,
    cos_down: Any,
    heights: Any,
    tables: Any,
    pens: Any,
    canvas: Any,
    at: Any,
    variants: Any,
) -> None:
    side = bitmaps.shape[1]
    line = side + 2
    across, down, x, y = at[0], at[1], at[2], at[3]
    for n in range(len(bitmaps)):
        table = tables[pens[n]]
        for v in range(side):
            for u in range(side):
                canvas[(v + 1) * line + u + 1] = bitmaps[n, v, u]
        for v in range(side):
            # The places of a row, wave by wave: the processor works out several at a time.
            across[:] = 0.0
            down[:] = 0.0
            for wave in range(heights.shape[1]):
                right, below = heights[n, wave, 0], heights[n, wave, 1]
                sine, cosine = sin_down[n, wave, v], cos_down[n, wave, v]
                for u in range(side):
                    height = sin_across[n, wave, u] * cosine + cos_across[n, wave, u] * sine
                    across[u] += right * height
                    down[u] += below * height
            for u in range(side):
                to_x = origin[n, 0] + inverse[n, 0, 0] * u + inverse[n, 0, 1] * v - across[u]
                to_y = origin[n, 1] + inverse[n, 1, 0] * u + inverse[n, 1, 1] * v - down[u]
                x[u] = min(max(to_x + 1, 0.0), side + 1.0)
                y[u] = min(max(to_y + 1, 0.0), side + 1.0)
            for u in range(side):
                column, row = min(int(x[u]), side), min(int(y[u]), side)
                right, below = x[u] - column, y[u] - row
                first = np.uint64(row * line + column)  # no index is negative, so none is checked
                second = np.uint64((row + 1) * line + column)
                one = np.uint64(1)
                upper = canvas[first] * (1 - right) + canvas[first + one] * right
                lower = canvas[second] * (1 - right) + canvas[second + one] * right
                seen = np.rint(upper * (1 - below) + lower * below)
                variants[n, v, u] = table[np.uint64(seen)]
