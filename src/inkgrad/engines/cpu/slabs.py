"""Slabs: LANES channels side by side in each cell of a padded picture; to and from planes."""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import kernel
from inkgrad.engines.cpu.simd import LANES, load, store, transpose

__all__ = ["INWARDS", "OUTWARDS", "copy_slabs", "lay_out"]

INWARDS, OUTWARDS = np.bool_(True), np.bool_(False)
"""Which way `copy_slabs` copies; to Numba a plain `True` is a type of its own."""


@kernel
def lay_out(block: Any, x: Any, drawing: int, f: Any, at: int) -> None:
    """Copy a drawing (channels, rows, columns) into the inside of its padded groups."""
    if block.group != 1:
        first = at + (block.pad_y * block.in_columns + block.pad_x) * LANES
        copy_slabs(
            block.channels,
            block.rows,
            block.columns,
            x,
            drawing * block.channels * block.rows * block.columns,
            f,
            first,
            block.slab,
            block.in_columns * LANES,
            INWARDS,
        )
        return
    for c in range(block.channels):
        for y in range(block.rows):
            source = ((drawing * block.channels + c) * block.rows + y) * block.columns
            target = at + c * block.slab + (y + block.pad_y) * block.in_columns + block.pad_x
            if block.columns >= LANES:
                for i in range(0, block.columns - LANES, LANES):
                    store(f, target + i, load(x, source + i))
                last = block.columns - LANES  # overlaps the one before
                store(f, target + last, load(x, source + last))
            else:
                for i in range(block.columns):
                    f[target + i] = x[source + i]


@kernel
def copy_slabs(
    channels: int,
    rows: int,
    columns: int,
    planes: Any,
    place: int,
    f: Any,
    first: int,
    slab: int,
    row_stride: int,
    inwards: bool,
) -> None:
    """Copy between planes (channels, rows, columns) and the inside of slabs, in or out.

    Squares of LANES channels and columns are turned in registers; what is left, one by one.
    """
    size = rows * columns
    for c in range(0, channels, LANES):
        whole = c + LANES <= channels and columns >= LANES
        for y in range(rows):
            outer = place + c * size + y * columns
            inner = first + c // LANES * slab + y * row_stride
            if whole:
                i = 0
                while i < columns:
                    i = min(i, columns - LANES)  # the last overlaps the one before
                    if inwards:
                        transpose(planes, outer + i, size, f, inner + i * LANES, LANES)
                    else:
                        transpose(f, inner + i * LANES, LANES, planes, outer + i, size)
                    i += LANES
                continue
            for lane in range(min(LANES, channels - c)):
                for i in range(columns):
                    if inwards:
                        f[inner + i * LANES + lane] = planes[outer + lane * size + i]
                    else:
                        planes[outer + lane * size + i] = f[inner + i * LANES + lane]
