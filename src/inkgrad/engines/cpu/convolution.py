"""Convolution of any size and stride, forward, with ReLU and 2×2 pooling if they follow.

A drawing's input stands in *groups* of channels, each a padded picture: either planes (a group is
one channel: what a first layer gets, 1 × 30 × 30 numbers) or slabs (a group is LANES channels side
by side in each cell). With slab = in_rows · in_columns · group, element (c, y, x) is at

    (c // group) · slab + (y · in_columns + x) · group + c % group.

The output stands in slabs with the padding that the next convolution needs.

*Blocking.* The tile of sums is four places (one pooling window, or four in a row) × 2 vectors of
filters: 8 sums, 2 weights and 1 broadcast, which any processor has registers for. Each weight read
serves four places, each number read two vectors. Blank paper is answered without arithmetic: where
the first layer's window sees no ink, its answer is max(bias, 0).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import inlined, kernel
from inkgrad.engines.cpu.pooling import keep_one, keep_strongest
from inkgrad.engines.cpu.simd import (
    LANES,
    REGISTERS,
    add_square,
    add_window,
    bits,
    load,
    load_all,
    splat,
    store,
    transpose,
    unequal,
)

__all__ = [
    "INWARDS",
    "OUTWARDS",
    "convolve",
    "copy_slabs",
    "find_ink",
    "lay_out",
    "pack_filters",
    "pack_mirrored",
]

INWARDS, OUTWARDS = np.bool_(True), np.bool_(False)
"""Which way `copy_slabs` copies; to Numba a plain `True` is a type of its own."""

_PAIR = 2 * LANES
_NO_INK = np.uint64(0)
_ONE = np.uint64(1)


@kernel
def pack_filters(block: Any, theta: Any, f: Any, pair: int) -> None:
    """Lay out one pair's weights [channel][row][column][filter of the pair], and its biases."""
    taps = block.size_y * block.size_x
    for lane in range(_PAIR):
        k = pair * _PAIR + lane
        known = k < block.filters
        has_bias = known and block.bias >= 0
        f[block.packed_bias + k] = theta[block.bias + k] if has_bias else np.float32(0)
        source = block.weight + k * block.channels * taps
        target = block.forward + pair * block.channels * taps * _PAIR + lane
        for tap in range(block.channels * taps):
            f[target + tap * _PAIR] = theta[source + tap] if known else np.float32(0)


@kernel
def pack_mirrored(mirror: Any, theta: Any, f: Any, pair: int) -> None:
    """Lay out a mirror's weights as `pack_filters` does.

    Filters and channels change places, and weights are turned by half a turn; see `layout`.
    """
    taps = mirror.size_y * mirror.size_x
    for lane in range(_PAIR):
        c = pair * _PAIR + lane
        target = mirror.forward + pair * mirror.channels * taps * _PAIR + lane
        for k in range(mirror.channels):
            source = mirror.weight + (k * mirror.filters + c) * taps
            for tap in range(taps):
                known = c < mirror.filters
                value = theta[source + taps - 1 - tap] if known else np.float32(0)
                f[target + (k * taps + tap) * _PAIR] = value


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


@kernel
def find_ink(block: Any, f: Any, at: int, words: Any, ink: int) -> None:
    """Note which cells of padded planes are not 0: bit x of word y, all channels together."""
    inside = (_ONE << np.uint64(block.in_columns)) - _ONE if block.in_columns < 64 else ~_NO_INK
    for y in range(block.in_rows):
        row = _NO_INK
        for c in range(block.channels):
            first = at + c * block.slab + y * block.in_columns
            for i in range(0, block.in_columns, LANES):
                row |= bits(unequal(load(f, first + i), splat(0.0))) << np.uint64(i)
        words[ink + y] = row & inside


@inlined
def _keep_row(
    z: Any,
    rectified: bool,
    f: Any,
    at: int,
    words: Any,
    word: int,
    step: int,
    place: int,
    count: int,
) -> None:
    """Write `count` cells of a row, where there is no pool; words of cells are `step` apart."""
    keep_one(z[0], rectified, f, at, words, word, place)
    if count > 1:
        keep_one(z[1], rectified, f, at + LANES, words, word + step, place)
    if count > 2:
        keep_one(z[2], rectified, f, at + 2 * LANES, words, word + 2 * step, place)
    if count > 3:
        keep_one(z[3], rectified, f, at + 3 * LANES, words, word + 3 * step, place)


@kernel
def convolve(
    block: Any, f: Any, x: int, out: int, words: Any, won: int, ink: int, out_ink: int
) -> None:
    """Carry out one drawing.

    Parameters
    ----------
    block : record
        See `layout.CONVOLUTION`.
    f, x, out : array and places
        Input and output of the drawing.
    words, won : array of words and place
        Who won each window: [window][cell][word], a bit a filter.
    ink, out_ink : places in `words`
        Where the input is not 0, a word a row (−1: not known), and where the output is more than
        blank paper gives (−1: not asked for).
    """
    size_y, size_x, group = block.size_y, block.size_x, block.group
    row_step = block.stride_y * block.in_columns * group
    step = block.stride_x * group
    pool = block.pool
    cells = pool * pool
    rectified = block.rectified != 0
    whole_window = (
        REGISTERS == 32 and size_y == size_x == 3 and block.stride_y == block.stride_x == 1
    )
    see = (_ONE << np.uint64((pool - 1) * block.stride_x + size_x)) - _ONE  # a window's columns
    across = 1 if pool == 2 else 4  # outputs of one tile
    tile = np.uint64((1 << across) - 1)
    for wy in range(block.out_rows):
        row_ink = ~_NO_INK
        top = wy * pool * block.stride_y
        if ink >= 0:
            row_ink = _NO_INK
            for y in range(top, top + (pool - 1) * block.stride_y + size_y):
                row_ink |= words[ink + y]
        seen = _NO_INK
        for wx in range(0, block.out_columns, across):
            left = wx * pool * block.stride_x
            window = wy * block.out_columns + wx
            target = (
                out + ((wy + block.out_pad_y) * block.out_in_columns + wx + block.out_pad_x) * LANES
            )
            blank = ink >= 0 and pool == 2 and (row_ink >> np.uint64(left)) & see == 0
            if not blank:
                seen |= tile << np.uint64(wx)
            for pair in range(block.pairs):
                bias = load_all(2, f, block.packed_bias + pair * _PAIR, LANES)
                acc = (bias[0], bias[1], bias[0], bias[1], bias[0], bias[1], bias[0], bias[1])
                weight = block.forward + pair * block.channels * size_y * size_x * _PAIR
                if not blank:
                    for c in range(block.channels):
                        first = x + (c // group) * block.slab + c % group
                        if whole_window:
                            at = first + (top * block.in_columns + left) * group
                            if pool == 2:
                                acc = add_window(acc, 2, f, at, row_step, step, f, weight)
                            else:
                                acc = add_window(acc, 4, f, at, row_step, step, f, weight)
                            weight += 9 * _PAIR
                            continue
                        for i in range(size_y):
                            at = first + ((top + i) * block.in_columns + left) * group
                            for j in range(size_x):
                                row = load_all(2, f, weight, LANES)
                                weight += _PAIR
                                if pool == 2:
                                    acc = add_square(acc, 2, f, at + j * group, row_step, step, row)
                                else:
                                    acc = add_square(acc, 4, f, at + j * group, row_step, step, row)
                both = 2 * pair + 1 < block.vectors
                place = pair * _PAIR
                word = won + window * cells * block.words + place // 64
                place %= 64
                to = target + 2 * pair * block.out_slab
                if pool == 2:
                    z = (acc[0], acc[2], acc[4], acc[6])
                    keep_strongest(z, rectified, f, to, words, word, block.words, place)
                    if both:
                        z = (acc[1], acc[3], acc[5], acc[7])
                        to += block.out_slab
                        keep_strongest(z, rectified, f, to, words, word, block.words, place + LANES)
                else:
                    count = min(4, block.out_columns - wx)
                    z = (acc[0], acc[2], acc[4], acc[6])
                    _keep_row(z, rectified, f, to, words, word, block.words, place, count)
                    if both:
                        z = (acc[1], acc[3], acc[5], acc[7])
                        to += block.out_slab
                        place += LANES
                        _keep_row(z, rectified, f, to, words, word, block.words, place, count)
        if out_ink >= 0:
            words[out_ink + wy + block.out_pad_y] = seen << np.uint64(block.out_pad_x)
