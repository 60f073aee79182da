"""The backward pass of a convolution with its ReLU and pool, from the list of what won: dx.

For every live (window w, filter k) with gradient g that cell p won, see `filter_gradients`:

    dx[the patch that cell p of window w saw] += g · W[k]

The sums of a patch stay in registers for all live filters of a cell. Where there is room, those of
a window do: the patches of its four cells overlap, 3×3 each in a square of 4×4.
"""

from __future__ import annotations

from typing import Any

from inkgrad.engines.cpu.compiling import inlined, kernel
from inkgrad.engines.cpu.simd import (
    LANES,
    REGISTERS,
    load_all,
    load_patch,
    splat,
    store,
    store_all,
    store_patch,
)
from inkgrad.engines.cpu.sparse import sum_rows_at
from inkgrad.engines.cpu.tiles import over_taps

__all__ = ["input_gradients", "pack_filters_backward"]

_HAS_ROOM = REGISTERS == 32  # for a square of 16 sums


@kernel
def pack_filters_backward(block: Any, theta: Any, f: Any, k: int) -> None:
    """Lay out one filter's weights for `input_gradients`: [group][filter][row][column][channel]."""
    taps = block.size_y * block.size_x
    source = block.weight + k * block.channels * taps
    for c in range(block.channels):
        target = (
            block.backward + ((c // LANES) * block.padded_filters + k) * taps * LANES + c % LANES
        )
        for tap in range(taps):
            f[target + tap * LANES] = theta[source + c * taps + tap]


@kernel
def input_gradients(block: Any, f: Any, dx: int, g: int, tables: Any, words: Any, won: int) -> None:
    """Write one drawing's dx, in slabs like x (its padding is written too, and means nothing).

    `won` holds the winners by window.
    """
    zero = splat(0.0)
    for i in range(dx, dx + block.groups * block.slab, LANES):
        store(f, i, zero)
    cells = block.pool * block.pool
    windows = block.out_rows * block.out_columns
    taps = block.size_y * block.size_x
    errors, filters = tables[block.filter_error_at :], tables[block.filter_at :]
    square = (
        _HAS_ROOM
        and block.pool == 2
        and block.size_y == 3
        and block.size_x == 3
        and block.stride_y == 1
        and block.stride_x == 1
    )
    for group in range(block.groups):
        weights = block.backward + group * block.padded_filters * taps * LANES
        for w in range(windows):
            own = g + tables[block.error_at + w]
            first = won + w * cells * block.words
            start = dx + group * block.slab + tables[block.input_at + w]
            if square:
                _square_gradients(block, f, start, own, errors, weights, filters, words, first)
                continue
            for cell in range(cells):
                at, live = start + _cell_offset(block, cell), first + cell * block.words
                _patch_taps(block, f, at, own, errors, weights, filters, words, live)


@inlined
def _cell_offset(block: Any, cell: int) -> int:
    """Return how far cell `cell` of a window, of 2×2 or one, begins behind it, in a slab."""
    y, x = cell // 2 * block.stride_y, cell % 2 * block.stride_x
    return (y * block.in_columns + x) * LANES


@over_taps
def _patch_taps(
    tile: Any,
    i: int,
    j: int,
    block: Any,
    f: Any,
    at: int,
    own: int,
    errors: Any,
    weights: int,
    filters: Any,
    words: Any,
    live: int,
) -> None:
    """Add what all live filters of one cell give to what a few of its taps saw."""
    row_stride = block.in_columns * LANES
    at += i * row_stride + j * LANES
    tap = weights + (i * block.size_x + j) * LANES
    acc = load_patch(tile, f, at, row_stride)
    acc = _over_filters(acc, block, f, own, errors, tap, filters, words, live)
    store_patch(f, at, row_stride, acc)


@inlined
def _over_filters(
    acc: Any,
    block: Any,
    f: Any,
    own: int,
    errors: Any,
    tap: int,
    filters: Any,
    words: Any,
    first: int,
) -> Any:
    """Add what all live filters of one cell give to a few of its patch's cells."""
    for kw in range(block.words):
        acc = sum_rows_at(
            acc, words[first + kw], f, own, errors, f, tap, filters, kw * 64, 3 * LANES
        )
    return acc


@inlined
def _square_gradients(
    block: Any,
    f: Any,
    start: int,
    own: int,
    errors: Any,
    weights: int,
    filters: Any,
    words: Any,
    first: int,
) -> None:
    """Do the four cells of a window at once: their 3×3 patches make a square of 4×4 sums."""
    n, row = block.words, block.in_columns * LANES
    a, b = load_all(4, f, start, LANES), load_all(4, f, start + row, LANES)
    c, d = load_all(4, f, start + 2 * row, LANES), load_all(4, f, start + 3 * row, LANES)

    s = (a[0], a[1], a[2], b[0], b[1], b[2], c[0], c[1], c[2])
    s = _over_filters(s, block, f, own, errors, weights, filters, words, first)
    a, b, c = (s[0], s[1], s[2], a[3]), (s[3], s[4], s[5], b[3]), (s[6], s[7], s[8], c[3])

    s = (a[1], a[2], a[3], b[1], b[2], b[3], c[1], c[2], c[3])
    s = _over_filters(s, block, f, own, errors, weights, filters, words, first + n)
    a, b, c = (a[0], s[0], s[1], s[2]), (b[0], s[3], s[4], s[5]), (c[0], s[6], s[7], s[8])

    s = (b[0], b[1], b[2], c[0], c[1], c[2], d[0], d[1], d[2])
    s = _over_filters(s, block, f, own, errors, weights, filters, words, first + 2 * n)
    b, c, d = (s[0], s[1], s[2], b[3]), (s[3], s[4], s[5], c[3]), (s[6], s[7], s[8], d[3])

    s = (b[1], b[2], b[3], c[1], c[2], c[3], d[1], d[2], d[3])
    s = _over_filters(s, block, f, own, errors, weights, filters, words, first + 3 * n)
    b, c, d = (b[0], s[0], s[1], s[2]), (c[0], s[3], s[4], s[5]), (d[0], s[6], s[7], s[8])

    store_all(f, start, LANES, a)
    store_all(f, start + row, LANES, b)
    store_all(f, start + 2 * row, LANES, c)
    store_all(f, start + 3 * row, LANES, d)
