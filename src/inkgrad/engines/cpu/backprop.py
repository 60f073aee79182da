"""The backward pass of a convolution with its ReLU and pool, from the list of what won: dW and dβ.

The gradient of a pooled output goes to one cell of its window, and nowhere if the window is dead:
of the convolution's own outputs, at most a quarter have a gradient. So nothing is spread out into
a picture of the convolution's size. For every live (window w, filter k) with gradient g that cell p
won:

    dW[k] += g · (the patch of x that cell p of window w saw)      `filter_gradients`
    dx[that patch] += g · W[k]                                     the module `input_gradients`

Both are sparse sums (see `sparse`). For dW the sums of one filter and LANES input channels stay in
registers while its windows are gone through; for dx those of one window's patch while its filters
are. The first needs the winners by filter, the second by window: `by_filter` turns one into the
other, a square of 64×64 bits at a time.

*Cache.* One slab of a drawing's input (16·16·64 bytes in the seed network) is gone through for all
filters before the next, and likewise the weights of LANES input channels: each fits the first
cache, or nearly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import kernel
from inkgrad.engines.cpu.ink import columns_of_ink, is_blank
from inkgrad.engines.cpu.simd import (
    LANES,
    REGISTERS,
    add,
    add_patch,
    add_scaled,
    broadcast,
    first_bit,
    lanes,
    load,
    load_all,
    select,
    splat,
    store,
    store_all,
    transpose_bits,
)
from inkgrad.engines.cpu.tiles import over_taps

__all__ = [
    "bias_gradients",
    "by_filter",
    "dense_filter_gradients",
    "filter_gradients",
    "plane_gradients",
]

_ONE = np.uint64(1)
_LIVE, _RIGHT, _LOWER = range(3)
_TOGETHER = 3 if REGISTERS == 32 else 1  # filters whose patches of 9 sums there is room for


@kernel
def by_filter(block: Any, words: Any, won: int, square: int, to: int) -> None:
    """Turn the winners [window][cell][filter bits] into [filter][window word][LIVE, RIGHT, LOWER].

    For each filter three words of 64 windows' bits: whether the window is live, and whether its
    winner stands on the right and in the lower row. `square` is a place for 64 words.
    """
    windows, words_each = block.out_rows * block.out_columns, block.words
    for kw in range(words_each):
        for ww in range(block.window_words):
            n = min(64, windows - ww * 64)
            for which in range(3 if block.pool == 2 else 1):
                for i in range(n):
                    if block.pool == 2:
                        cell = won + (ww * 64 + i) * 4 * words_each + kw
                        last = words[cell + 3 * words_each]
                        if which == _LIVE:
                            last |= words[cell] | words[cell + words_each]
                            last |= words[cell + 2 * words_each]
                        elif which == _RIGHT:
                            last |= words[cell + words_each]
                        else:
                            last |= words[cell + 2 * words_each]
                        words[square + i] = last
                    else:
                        words[square + i] = words[won + (ww * 64 + i) * words_each + kw]
                for i in range(n, 64):
                    words[square + i] = 0
                transpose_bits(words, square)
                for i in range(64):
                    k = kw * 64 + i
                    words[to + (k * block.window_words + ww) * 3 + which] = words[square + i]


@kernel
def bias_gradients(
    block: Any, f: Any, g: int, tables: Any, words: Any, won: int, sums: int
) -> None:
    """Add the gradients of one drawing's live windows, filter by filter."""
    cells = block.pool * block.pool
    windows = block.out_rows * block.out_columns
    for v in range(block.vectors):
        acc, zero = load(f, sums + v * LANES), splat(0.0)
        word, place = v * LANES // 64, np.uint64(v * LANES % 64)
        for w in range(windows):
            live = np.uint64(0)
            for cell in range(cells):
                live |= words[won + (w * cells + cell) * block.words + word]
            row = load(f, g + v * block.out_slab + tables[block.error_at + w])
            acc = add(acc, select(lanes(live >> place), row, zero))
        store(f, sums + v * LANES, acc)


@kernel
def plane_gradients(
    block: Any,
    f: Any,
    x: int,
    g: int,
    tables: Any,
    words: Any,
    won: int,
    ink: int,
    sums: int,
    bias_sums: int,
) -> None:
    """Add one drawing's part to dW and dβ where the input stands in planes.

    dW is [vector of filters][channel][tap][filter]: lanes are filters.
    """
    each = block.size_y * block.size_x * LANES
    for v in range(block.vectors):
        for c in range(block.channels):
            to = sums + (v * block.channels + c) * each
            bias = bias_sums + v * LANES if c == 0 else -1
            _plane_taps(block, f, x + c * block.slab, g, tables, words, won, ink, v, to, bias)


@over_taps
def _plane_taps(
    tile: Any,
    i: int,
    j: int,
    block: Any,
    f: Any,
    plane: int,
    g: int,
    tables: Any,
    words: Any,
    won: int,
    ink: int,
    v: int,
    to: int,
    bias: int,
) -> None:
    """Go through all windows with the sums of a few taps, and the bias's (if `bias` is not −1).

    Where a window sees no ink, only the bias learns.
    """
    plane += i * block.in_columns + j
    to += (i * block.size_x + j) * LANES
    acc, total, zero = load_all(tile, f, to, LANES), splat(0.0), splat(0.0)
    pool = block.pool
    cells = pool * pool
    word, place = v * LANES // 64, np.uint64(v * LANES % 64)
    w = 0
    for wy in range(block.out_rows):
        top, columns = wy * pool * block.stride_y, columns_of_ink(block, words, ink, wy)
        for wx in range(block.out_columns):
            left = wx * pool * block.stride_x
            error = load(f, g + v * block.out_slab + tables[block.error_at + w])
            first = won + w * cells * block.words + word
            if is_blank(block, columns, ink, wx):  # all cells are alike: the first won, if any
                total = add(total, select(lanes(words[first] >> place), error, zero))
            else:
                for cell in range(cells):
                    own = select(lanes(words[first + cell * block.words] >> place), error, zero)
                    total = add(total, own)
                    # A pool is of 2×2 or none; a division by `pool` would take as long as the sums.
                    y, s = top + cell // 2 * block.stride_y, left + cell % 2 * block.stride_x
                    at = plane + y * block.in_columns + s
                    acc = add_patch(acc, f, at, block.in_columns, own)
            w += 1
    store_all(f, to, LANES, acc)
    if bias >= 0 and i == 0 and j == 0:
        store(f, bias, add(load(f, bias), total))


@kernel
def filter_gradients(
    block: Any, f: Any, x: int, g: int, tables: Any, words: Any, turned: int, sums: int
) -> None:
    """Add one drawing's part to dW where the input stands in slabs: [group][filter][tap][channel].

    `turned` holds the winners by filter (see `by_filter`), g the gradient of the output's slabs.
    """
    each = block.size_y * block.size_x * LANES
    for group in range(block.groups):
        slab = x + group * block.slab
        for k in range(block.filters):
            to = sums + (group * block.padded_filters + k) * each
            own = g + (k // LANES) * block.out_slab + k % LANES
            first = turned + k * block.window_words * 3
            _filter_taps(block, f, slab, own, tables, words, first, to)


@over_taps
def _filter_taps(
    tile: Any,
    i: int,
    j: int,
    block: Any,
    f: Any,
    slab: int,
    own: int,
    tables: Any,
    words: Any,
    first: int,
    to: int,
) -> None:
    """Add what all live windows of one filter give to a few of its taps.

    One loop for all four cells: each loop's end is a surprise to the processor, which costs it as
    much as two windows' arithmetic.
    """
    to += (i * block.size_x + j) * LANES
    row_stride = block.in_columns * LANES
    start = slab + i * row_stride + j * LANES
    right_step, lower_step = block.stride_x * LANES, block.stride_y * row_stride
    acc = load_all(tile, f, to, LANES)
    for ww in range(block.window_words):
        live = words[first + 3 * ww + _LIVE]
        right, lower = words[first + 3 * ww + _RIGHT], words[first + 3 * ww + _LOWER]
        errors, patches = block.error_at + 64 * ww, block.input_at + 64 * ww
        while live != 0:
            w = first_bit(live)
            live &= live - _ONE
            patch = start + tables[patches + w]
            patch += np.int64((right >> np.uint64(w)) & _ONE) * right_step
            patch += np.int64((lower >> np.uint64(w)) & _ONE) * lower_step
            acc = add_scaled(acc, broadcast(f, own + tables[errors + w]), f, patch, row_stride)
    store_all(f, to, LANES, acc)


@kernel
def dense_filter_gradients(block: Any, f: Any, x: int, g: int, sums: int) -> None:
    """Do what `filter_gradients` does, where every output has a gradient and filters are 3×3.

    No bits are asked then, and each number of x that is read serves several filters.
    """
    row_stride, each, last = block.in_columns * LANES, 9 * LANES, block.filters - 1
    for k in range(0, block.filters, _TOGETHER):
        second, third = min(k + 1, last), min(k + 2, last)  # at the end, one again: not written
        at_a = g + k // LANES * block.out_slab + k % LANES
        at_b = g + second // LANES * block.out_slab + second % LANES
        at_c = g + third // LANES * block.out_slab + third % LANES
        for group in range(block.groups):
            to = sums + (group * block.padded_filters + k) * each
            to_b, to_c = to + (second - k) * each, to + (third - k) * each
            a = load_all(9, f, to, LANES)
            b, c = a, a
            if _TOGETHER == 3:
                b, c = load_all(9, f, to_b, LANES), load_all(9, f, to_c, LANES)
            for wy in range(block.out_rows):
                patch = x + group * block.slab + wy * block.stride_y * row_stride
                w = ((wy + block.out_pad_y) * block.out_in_columns + block.out_pad_x) * LANES
                for _ in range(block.out_columns):
                    a = add_scaled(a, broadcast(f, at_a + w), f, patch, row_stride)
                    if _TOGETHER == 3:
                        b = add_scaled(b, broadcast(f, at_b + w), f, patch, row_stride)
                        c = add_scaled(c, broadcast(f, at_c + w), f, patch, row_stride)
                    w += LANES
                    patch += block.stride_x * LANES
            store_all(f, to, LANES, a)
            if _TOGETHER == 3 and k + 1 <= last:
                store_all(f, to_b, LANES, b)
            if _TOGETHER == 3 and k + 2 <= last:
                store_all(f, to_c, LANES, c)
