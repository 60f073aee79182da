"""Ink: which cells of a drawing are not blank, as bits, and which windows see any.

Drawings are mostly blank paper, and what blank paper gives is known without arithmetic. So the
first layer's input is noted as a word of bits a row (bit x: column x), all channels together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import inlined, kernel
from inkgrad.engines.cpu.simd import LANES, bits, load, splat, unequal

__all__ = ["columns_of_ink", "find_ink", "is_blank"]

_NOTHING, _ONE = np.uint64(0), np.uint64(1)


@kernel
def find_ink(block: Any, f: Any, at: int, words: Any, ink: int) -> None:
    """Note which cells of padded planes are not 0: bit x of word y, all channels together."""
    inside = (_ONE << np.uint64(block.in_columns)) - _ONE if block.in_columns < 64 else ~_NOTHING
    for y in range(block.in_rows):
        row = _NOTHING
        for c in range(block.channels):
            first = at + c * block.slab + y * block.in_columns
            for i in range(0, block.in_columns, LANES):
                row |= bits(unequal(load(f, first + i), splat(0.0))) << np.uint64(i)
        words[ink + y] = row & inside


@inlined
def columns_of_ink(block: Any, words: Any, ink: int, wy: int) -> Any:
    """Return in which columns the windows of row wy see ink; in all, if `ink` is −1: not known."""
    if ink < 0:
        return ~_NOTHING
    columns = _NOTHING
    top = wy * block.pool * block.stride_y
    for y in range(top, top + (block.pool - 1) * block.stride_y + block.size_y):
        columns |= words[ink + y]
    return columns


@inlined
def is_blank(block: Any, columns: Any, ink: int, wx: int) -> bool:
    """Whether window wx of a row sees no ink, given the row's `columns_of_ink`."""
    if ink < 0:  # there may be more columns than a word has bits
        return False
    width = (block.pool - 1) * block.stride_x + block.size_x
    seen = (_ONE << np.uint64(width)) - _ONE
    return (columns >> np.uint64(wx * block.pool * block.stride_x)) & seen == 0
