"""The backward pass of a convolution with its ReLU and pool, from the list of what won: dW and dβ.

The gradient of a pooled output goes to one cell of its window, and nowhere if the window is dead:
of the convolution's own outputs, at most a quarter have a gradient. So nothing is spread out into
a picture of the convolution's size. For every live (window w, filter k) with gradient g that cell p
won:

    dW[k] += g · (the patch of x that cell p of window w saw)      `filter_gradients`
    dx[that patch] += g · W[k]                                     the module `input_gradients`

Both are sparse sums (see `sparse`). For dW the sums of one filter and LANES input channels stay in
registers for all of its windows; for dx those of one window's patch, for all of its filters. The
second finds its winners by window, as they were noted; for the first `list_live` lists
them by filter, once for all channels, so that the innermost loop has little to do but multiply.

*Cache.* One slab of a drawing's input (16·16·64 bytes in the seed network) serves all filters
before the next slab is read, and likewise the weights of LANES input channels: each fits the first
cache, or nearly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import inlined, kernel
from inkgrad.engines.cpu.ink import columns_of_ink, is_blank
from inkgrad.engines.cpu.simd import (
    LANES,
    REGISTERS,
    add,
    add_patch,
    add_patches,
    add_scaled,
    broadcast,
    first_bit,
    lanes,
    load,
    load_all,
    prefetch,
    select,
    splat,
    store,
    store_all,
)
from inkgrad.engines.cpu.tiles import over_taps

__all__ = [
    "bias_gradients",
    "dense_filter_gradients",
    "filter_gradients",
    "list_live",
    "plane_gradients",
]

_ONE = np.uint64(1)
_NOBODY = np.uint64(0)
_HALF, _LOWER = np.uint64(32), np.uint64(0xFFFFFFFF)  # of a word
_TOGETHER = 3 if REGISTERS == 32 else 1  # filters whose patches of 9 sums there is room for


@kernel
def list_live(
    block: Any,
    f: Any,
    g: int,
    tables: Any,
    words: Any,
    won: int,
    kw: int,
    lists: int,
    ends: int,
    bias_sums: int,
) -> None:
    """List one drawing's live windows filter by filter, for 64 filters, and add to dβ's sums.

    A filter's list has a word for each window: how far the patch that its winner saw begins behind
    the slab of x, and in the upper half how far its gradient stands behind g.

    Parameters
    ----------
    g : place
        The gradient of the output's slabs.
    won : place
        The winners [window][cell][filter bits].
    kw : int
        Which 64 filters.
    lists, ends : places in `words`
        Where the lists go, one every `windows` words, and where each one's end is noted.
    """
    windows, n = block.out_rows * block.out_columns, block.words
    known = min(64, block.filters - 64 * kw)
    valid = ~np.uint64(0) >> np.uint64(64 - known)
    right_step = np.uint64(block.stride_x * LANES)
    lower_step = np.uint64(block.stride_y * block.in_columns * LANES)
    errors, patches = tables[block.error_at :], tables[block.input_at :]
    filter_errors = tables[block.filter_error_at + 64 * kw :]
    own_ends, sums = words[ends:], f[bias_sums + 64 * kw :]
    for k in range(known):
        own_ends[k] = np.uint64(lists + k * windows)
    for w in range(windows):
        cell = won + w * block.pool * block.pool * n + kw
        live, right, lower = words[cell], _NOBODY, _NOBODY
        if block.pool == 2:
            right = words[cell + n] | words[cell + 3 * n]
            lower = words[cell + 2 * n] | words[cell + 3 * n]
            live |= right | lower
        live &= valid
        of_window = np.uint64(errors[w]) << _HALF | np.uint64(patches[w])
        gradients = f[g + errors[w] :]
        while live != 0:
            k = first_bit(live)
            live &= live - _ONE
            error, end = np.uint64(filter_errors[k]), own_ends[k]
            patch = (right >> np.uint64(k) & _ONE) * right_step
            patch += (lower >> np.uint64(k) & _ONE) * lower_step
            words[end] = of_window + (error << _HALF) + patch
            own_ends[k] = end + _ONE
            sums[k] += gradients[error]


@kernel
def bias_gradients(block: Any, f: Any, g: int, tables: Any, sums: int) -> None:
    """Add the gradients of one drawing's outputs, filter by filter, where all have one."""
    errors = tables[block.error_at :]
    for v in range(block.vectors):
        acc = load(f, sums + v * LANES)
        for w in range(block.out_rows * block.out_columns):
            acc = add(acc, load(f, g + v * block.out_slab + errors[w]))
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
    is_3x3 = block.size_y == block.size_x == 3
    whole = is_3x3 and block.pool == 2 and block.stride_y == block.stride_x == 1
    for v in range(block.vectors):
        for c in range(block.channels):
            plane, to = x + c * block.slab, sums + (v * block.channels + c) * each
            bias = bias_sums + v * LANES if c == 0 else -1
            if whole:
                _plane_windows(block, f, plane, g, tables, words, won, ink, v, to, bias)
            else:
                _plane_taps(block, f, plane, g, tables, words, won, ink, v, to, bias)


@inlined
def _plane_windows(
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
    """Do what `_plane_taps` does, for all nine taps and the four cells of a window at once."""
    acc, total, zero = load_all(9, f, to, LANES), splat(0.0), splat(0.0)
    step, place = block.words, np.uint64(v * LANES % 64)
    errors, g = tables[block.error_at :], g + v * block.out_slab
    w, first = 0, won + v * LANES // 64
    for wy in range(block.out_rows):
        columns = columns_of_ink(block, words, ink, wy)
        for wx in range(block.out_columns):
            error = load(f, g + errors[w])
            own = select(lanes(words[first] >> place), error, zero)
            if not is_blank(block, columns, ink, wx):
                b = select(lanes(words[first + step] >> place), error, zero)
                c = select(lanes(words[first + 2 * step] >> place), error, zero)
                d = select(lanes(words[first + 3 * step] >> place), error, zero)
                at = plane + 2 * wy * block.in_columns + 2 * wx
                acc = add_patches(acc, f, at, block.in_columns, (own, b, c, d))
                own = add(add(own, b), add(c, d))  # of one filter only one is not 0
            total = add(total, own)
            first += 4 * step
            w += 1
    store_all(f, to, LANES, acc)
    if bias >= 0:
        store(f, bias, add(load(f, bias), total))


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
    block: Any, f: Any, x: int, g: int, words: Any, kw: int, lists: int, ends: int, sums: int
) -> None:
    """Add one drawing's part to dW where the input stands in slabs: [group][filter][tap][channel].

    For 64 filters, whose live windows are listed (see `list_live`). Meanwhile the next drawing's
    input is fetched: it was written long ago.
    """
    each = block.size_y * block.size_x * LANES
    windows = block.out_rows * block.out_columns
    known = min(64, block.filters - 64 * kw)
    share = -(-block.slab // known) if kw == 0 else 0
    for group in range(block.groups):
        slab = x + group * block.slab
        for k in range(known):
            prefetch(f, slab + block.input_step + k * share, share)
            to = sums + (group * block.padded_filters + 64 * kw + k) * each
            live = words[lists + k * windows : np.int64(words[ends + k])]
            _filter_taps(block, f, slab, g, live, to)


@over_taps
def _filter_taps(
    tile: Any, i: int, j: int, block: Any, f: Any, slab: int, g: int, live: Any, to: int
) -> None:
    """Add what all live windows of one filter give to a few of its taps."""
    to += (i * block.size_x + j) * LANES
    row_stride = block.in_columns * LANES
    start = slab + i * row_stride + j * LANES
    acc = load_all(tile, f, to, LANES)
    for n in range(len(live)):
        x = broadcast(f, g + np.int64(live[n] >> _HALF))
        acc = add_scaled(acc, x, f, start + np.int64(live[n] & _LOWER), row_stride)
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
