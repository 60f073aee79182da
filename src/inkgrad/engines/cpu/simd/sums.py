"""Words for sums of products: what all of the kernels' time should go into.

Each is given a tile of sums in registers, adds one product to each, and returns the tile.
"""

from __future__ import annotations

from typing import Any

from inkgrad.engines.cpu.simd.emitting import Emission, Emitter, Value, word, word_of_constants
from inkgrad.engines.cpu.simd.processor import LANES
from inkgrad.engines.cpu.simd.tuples import row_of

__all__ = ["add_outer", "add_patch", "add_patches", "add_scaled", "add_square", "add_window"]


@word
def add_scaled(acc: Any, x: Any, array: Any, i: Any, row_stride: Any) -> Emission:
    """acc[r, c] + x · array[i + r·row_stride + c·LANES …]; see `row_of` for the tile."""
    width = row_of(acc.count)

    def emit(e: Emitter) -> Value:
        first, step, sums = e.place(2), e.index(4), []
        for k, old in enumerate(e.parts(0)):
            row = e.after(first, k // width, step) if k >= width else first
            vector = e.read(e.after(row, k % width, LANES))
            sums.append(e.fused(e.values[1], vector, old))
        return e.pack(sums)

    return acc(acc, x, array, i, row_stride), emit


@word
def add_patch(acc: Any, array: Any, i: Any, row_stride: Any, x: Any) -> Emission:
    """acc[r, c] + array[i + r·row_stride + c] · x; see `row_of` for the tile."""
    width = row_of(acc.count)

    def emit(e: Emitter) -> Value:
        first, step, sums = e.place(1), e.index(3), []
        for k, old in enumerate(e.parts(0)):
            row = e.after(first, k // width, step) if k >= width else first
            number = e.read_spread(e.after(row, k % width, 1))
            sums.append(e.fused(number, e.values[4], old))
        return e.pack(sums)

    return acc(acc, array, i, row_stride, x), emit


@word
def add_patches(acc: Any, array: Any, i: Any, row_stride: Any, xs: Any) -> Emission:
    """Add to nine sums what a pooling window's four cells give: add_patch for each x of `xs`.

    Cells are one apart; each number of the 4×4 that their patches make is read once.
    """

    def emit(e: Emitter) -> Value:
        first, step, sums, cells = e.place(1), e.index(3), e.parts(0), e.parts(4)
        for r in range(4):
            row = e.after(first, r, step)
            for c in range(4):
                number = e.read_spread(e.after(row, c, 1))
                for cell, x in enumerate(cells):
                    i, j = r - cell // 2, c - cell % 2
                    if 0 <= i < 3 and 0 <= j < 3:
                        sums[3 * i + j] = e.fused(number, x, sums[3 * i + j])
        return e.pack(sums)

    return acc(acc, array, i, row_stride, xs), emit


@word
def add_outer(acc: Any, array: Any, i: Any, row_stride: Any, row: Any) -> Emission:
    """acc[r, c] + array[i + r·row_stride] · row[c], for a tile as wide as `row`."""
    width = row.count

    def emit(e: Emitter) -> Value:
        first, step, sums = e.place(1), e.index(3), []
        old, own = e.parts(0), e.parts(4)
        for r in range(acc.count // width):
            x = e.read_spread(e.after(first, r, step))
            sums += [e.fused(x, v, old[r * width + c]) for c, v in enumerate(own)]
        return e.pack(sums)

    return acc(acc, array, i, row_stride, row), emit


@word_of_constants
def add_square(
    acc: Any, columns: Any, array: Any, i: Any, row_stride: Any, step: Any, row: Any
) -> Emission:
    """add_outer over places on a grid: acc[(r, s), c] + array[i + r·row_stride + s·step] · row[c].

    The tile has places of `columns` (a constant) in a row.
    """
    across, width = columns.literal_value, row.count

    def emit(e: Emitter) -> Value:
        first, down, right, sums = e.place(2), e.index(4), e.index(5), []
        old, own = e.parts(0), e.parts(6)
        for place in range(acc.count // width):
            start = e.after(first, place // across, down)
            x = e.read_spread(e.after(start, place % across, right))
            sums += [e.fused(x, v, old[place * width + c]) for c, v in enumerate(own)]
        return e.pack(sums)

    return acc(acc, columns, array, i, row_stride, step, row), emit


@word_of_constants
def add_window(
    acc: Any,
    columns: Any,
    array: Any,
    i: Any,
    row_stride: Any,
    step: Any,
    weights: Any,
    w: Any,
) -> Emission:
    """Add a 3×3 convolution at four cells, for a pair of vectors of filters.

    The cells stand in rows of `columns` (a constant): 2, a pooling window, or 4. acc holds (cell
    0, both), (cell 1, both), …; the patch that they see stands at i + r·row_stride + c·step, tap
    (i, j) of both vectors at w + (3i + j)·2·LANES. Sixteen registers have room for it.
    """
    across = columns.literal_value

    def emit(e: Emitter) -> Value:
        first, down, right, taps = e.place(2), e.index(4), e.index(5), e.place(6)
        sums = e.parts(0)
        for i in range(3):  # a row of the filters at a time: 6 vectors, beside 8 sums and a number
            row = [e.read(e.after(taps, 6 * i + k, LANES)) for k in range(6)]
            for y in range(4 // across):
                start = e.after(first, i + y, down)
                for c in range(2 + across):
                    x = e.read_spread(e.after(start, c, right))
                    for s in range(max(0, c - 2), min(across, c + 1)):
                        for half in range(2):
                            k = 2 * (y * across + s) + half
                            sums[k] = e.fused(x, row[2 * (c - s) + half], sums[k])
        return e.pack(sums)

    return acc(acc, columns, array, i, row_stride, step, weights, w), emit
