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
    canvas = np.zeros((side + 2, side + 2), np.uint8)  # paper beyond the edge
    _look_through(
        bitmaps,
        *map(np.ascontiguousarray, view),
        tables,
        pens,
        canvas,
        np.empty((2, side)),
        variants,
    )


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
    for n in range(len(bitmaps)):
        table = tables[pens[n]]
        canvas[1:-1, 1:-1] = bitmaps[n]
        for v in range(side):
            # The places of a row first, which the processor works out several at a time.
            for u in range(side):
                across, down = 0.0, 0.0
                for wave in range(heights.shape[1]):
                    height = sin_across[n, wave, u] * cos_down[n, wave, v]
                    height += cos_across[n, wave, u] * sin_down[n, wave, v]
                    across += heights[n, wave, 0] * height
                    down += heights[n, wave, 1] * height
                x = origin[n, 0] + inverse[n, 0, 0] * u + inverse[n, 0, 1] * v - across
                y = origin[n, 1] + inverse[n, 1, 0] * u + inverse[n, 1, 1] * v - down
                at[0, u] = min(max(x + 1, 0.0), side + 1.0)
                at[1, u] = min(max(y + 1, 0.0), side + 1.0)
            for u in range(side):
                column, row = min(int(at[0, u]), side), min(int(at[1, u]), side)
                x, y = at[0, u] - column, at[1, u] - row
                upper = canvas[row, column] * (1 - x) + canvas[row, column + 1] * x
                lower = canvas[row + 1, column] * (1 - x) + canvas[row + 1, column + 1] * x
                variants[n, v, u] = table[int(np.rint(upper * (1 - y) + lower * y))]
