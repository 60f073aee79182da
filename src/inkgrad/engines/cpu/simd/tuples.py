"""Words for tuples of vectors: into registers and back.

A tile of nine vectors is a patch of 3×3 in memory (and `sums` of nine go over a patch); a tile of
any other size is one row.
"""

from __future__ import annotations

from typing import Any

from numba import types

from inkgrad.engines.cpu.simd.emitting import (
    ZEROS,
    Emission,
    Emitter,
    Value,
    vectors,
    word,
    word_of_constants,
)
from inkgrad.engines.cpu.simd.processor import LANES

__all__ = [
    "load_all",
    "load_patch",
    "load_tile",
    "repeat",
    "row_of",
    "store_all",
    "store_patch",
    "store_tile",
    "where_positive",
]


def row_of(count: int) -> int:
    """Return how many of a tile's vectors stand in a row: nine make a 3×3 patch, others one row."""
    return 3 if count == 9 else count


@word_of_constants
def repeat(count: Any, x: Any) -> Emission:
    """repeat(count, x): a tuple of `count` (a constant) times the vector x."""
    number = count.literal_value
    return vectors(number)(count, x), lambda e: e.pack([e.values[1]] * number)


@word_of_constants
def load_all(count: Any, array: Any, i: Any, stride: Any) -> Emission:
    """load_all(count, array, i, stride): `count` vectors, one every `stride`.

    `count` is a constant, or a tuple of as many vectors.
    """
    number = count.count if isinstance(count, types.UniTuple) else count.literal_value

    def emit(e: Emitter) -> Value:
        first, step = e.place(1), e.index(3)
        return e.pack([e.read(e.after(first, k, step)) for k in range(number)])

    return vectors(number)(count, array, i, stride), emit


@word
def store_all(array: Any, i: Any, stride: Any, xs: Any) -> Emission:
    """store_all(array, i, stride, xs): write a tuple of vectors, one every `stride`."""

    def emit(e: Emitter) -> None:
        first, step = e.place(0), e.index(2)
        for k, x in enumerate(e.parts(3)):
            e.write(x, e.after(first, k, step))

    return types.void(array, i, stride, xs), emit


@word_of_constants
def load_tile(
    rows: Any, columns: Any, array: Any, i: Any, stride: Any, column_stride: Any
) -> Emission:
    """Return `rows` rows of `columns` vectors (both constants), row by row."""
    height, width = rows.literal_value, columns.literal_value

    def emit(e: Emitter) -> Value:
        first, down, right = e.place(2), e.index(4), e.index(5)
        starts = [e.after(first, r, down) for r in range(height)]
        return e.pack([e.read(e.after(row, c, right)) for row in starts for c in range(width)])

    return vectors(height * width)(rows, columns, array, i, stride, column_stride), emit


@word_of_constants
def store_tile(
    columns: Any, array: Any, i: Any, stride: Any, column_stride: Any, xs: Any
) -> Emission:
    """Write a tuple of vectors as rows of `columns` (a constant)."""
    width = columns.literal_value

    def emit(e: Emitter) -> None:
        first, down, right = e.place(1), e.index(3), e.index(4)
        for k, x in enumerate(e.parts(5)):
            e.write(x, e.after(e.after(first, k // width, down), k % width, right))

    return types.void(columns, array, i, stride, column_stride, xs), emit


@word
def load_patch(tile: Any, array: Any, i: Any, row_stride: Any) -> Emission:
    """array[i + r·row_stride + c·LANES …], as many vectors as a tile has; see `row_of`."""
    width = row_of(tile.count)

    def emit(e: Emitter) -> Value:
        first, step = e.place(1), e.index(3)
        rows = [e.after(first, k // width, step) for k in range(tile.count)]
        return e.pack([e.read(e.after(row, k % width, LANES)) for k, row in enumerate(rows)])

    return tile(tile, array, i, row_stride), emit


@word
def store_patch(array: Any, i: Any, row_stride: Any, tile: Any) -> Emission:
    """Write a tile where `load_patch` reads one."""
    width = row_of(tile.count)

    def emit(e: Emitter) -> None:
        first, step = e.place(0), e.index(2)
        for k, x in enumerate(e.parts(3)):
            e.write(x, e.after(e.after(first, k // width, step), k % width, LANES))

    return types.void(array, i, row_stride, tile), emit


@word
def where_positive(array: Any, i: Any, stride: Any, xs: Any) -> Emission:
    """xs[k] in the lanes where array[i + k·stride …] is above 0, and 0 elsewhere."""

    def emit(e: Emitter) -> Value:
        first, step, kept = e.place(0), e.index(2), []
        for k, x in enumerate(e.parts(3)):
            above = e.builder.fcmp_ordered(">", e.read(e.after(first, k, step)), ZEROS)
            kept.append(e.builder.select(above, x, ZEROS))
        return e.pack(kept)

    return xs(array, i, stride, xs), emit
