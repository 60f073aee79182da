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
from inkgrad.engines.cpu.ink import columns_of_ink, is_blank
from inkgrad.engines.cpu.pooling import keep_one, keep_strongest
from inkgrad.engines.cpu.simd import LANES, add_square, add_window, load_all

__all__ = ["convolve", "pack_filters", "pack_mirrored"]

_PAIR = 2 * LANES


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


def _sum_in_rows_of(columns: int) -> Any:
    """Return the function that sums up a tile whose four places stand in rows of `columns`."""

    @inlined
    def sum_tile(acc: Any, block: Any, f: Any, corner: int, weight: int) -> Any:
        """Add what all channels give; x begins at `corner`, the weights at `weight`."""
        row_step = block.stride_y * block.in_columns * block.group
        step = block.stride_x * block.group
        is_plain = block.size_y == block.size_x == 3 and block.stride_y == block.stride_x == 1
        lane = 0  # the channel's, in its group: a division would take longer than the products
        for _ in range(block.channels):
            first = corner + lane
            if is_plain:
                acc = add_window(acc, columns, f, first, row_step, step, f, weight)
                weight += 9 * _PAIR
            else:
                for i in range(block.size_y):
                    at = first + i * block.in_columns * block.group
                    for j in range(block.size_x):
                        row = load_all(2, f, weight, LANES)
                        acc = add_square(acc, columns, f, at + j * block.group, row_step, step, row)
                        weight += _PAIR
            lane += 1
            if lane == block.group:
                lane = 0
                corner += block.slab
        return acc

    return sum_tile


_sum_window, _sum_row = _sum_in_rows_of(2), _sum_in_rows_of(4)


@inlined
def _keep(
    z: Any, block: Any, f: Any, to: int, words: Any, won: int, vector: int, count: int
) -> None:
    """Write one vector of filters at a window, or at `count` places in a row, and who won."""
    rectified, step = block.rectified != 0, block.words
    to += vector * block.out_slab
    word, place = won + vector * LANES // 64, vector * LANES % 64
    if block.pool == 2:
        keep_strongest(z, rectified, f, to, words, word, step, place)
        return
    keep_one(z[0], rectified, f, to, words, word, place)
    if count > 1:
        keep_one(z[1], rectified, f, to + LANES, words, word + step, place)
    if count > 2:
        keep_one(z[2], rectified, f, to + 2 * LANES, words, word + 2 * step, place)
    if count > 3:
        keep_one(z[3], rectified, f, to + 3 * LANES, words, word + 3 * step, place)


@kernel
def convolve(
    block: Any, f: Any, x: int, out: int, words: Any, won: int, ink: int, out_ink: int
) -> None:
    """Run one drawing.

    Parameters
    ----------
    block : record
        See `records.CONVOLUTION`.
    f, x, out : array and places
        Input and output of the drawing.
    words, won : array of words and place
        Who won each window: [window][cell][word], a bit a filter.
    ink, out_ink : places in `words`
        Where the input is not 0, a word a row (−1: not known), and where the output is more than
        blank paper gives (−1: not asked for).
    """
    pool = block.pool
    across = 1 if pool == 2 else 4  # outputs of one tile
    tile = np.uint64((1 << across) - 1)
    for wy in range(block.out_rows):
        columns, seen = columns_of_ink(block, words, ink, wy), np.uint64(0)
        for wx in range(0, block.out_columns, across):
            blank = pool == 2 and is_blank(block, columns, ink, wx)
            if not blank:
                seen |= tile << np.uint64(wx)
            top, left = wy * pool * block.stride_y, wx * pool * block.stride_x
            corner = x + (top * block.in_columns + left) * block.group
            to = (wy + block.out_pad_y) * block.out_in_columns + wx + block.out_pad_x
            to = out + to * LANES
            winners = won + (wy * block.out_columns + wx) * pool * pool * block.words
            count = min(across, block.out_columns - wx)
            for pair in range(block.pairs):
                bias = load_all(2, f, block.packed_bias + pair * _PAIR, LANES)
                a = (bias[0], bias[1], bias[0], bias[1], bias[0], bias[1], bias[0], bias[1])
                weight = block.forward + pair * block.channels * block.size_y * block.size_x * _PAIR
                if not blank:
                    if pool == 2:
                        a = _sum_window(a, block, f, corner, weight)
                    else:
                        a = _sum_row(a, block, f, corner, weight)
                first, second = (a[0], a[2], a[4], a[6]), (a[1], a[3], a[5], a[7])
                _keep(first, block, f, to, words, winners, 2 * pair, count)
                if 2 * pair + 1 < block.vectors:
                    _keep(second, block, f, to, words, winners, 2 * pair + 1, count)
        if out_ink >= 0:
            words[out_ink + wy + block.out_pad_y] = seen << np.uint64(block.out_pad_x)
