"""Convolution 3×3, ReLU and 2×2 pooling at once, by Winograd's minimal filtering F(2×2, 3×3).

The four outputs that one pooling window sees come from a 4×4 patch d of the input. With the
matrices B, G, A of Lavin and Gray, *Fast Algorithms for Convolutional Neural Networks* (2016,
section 4.1),

    Y = Aᵀ [ Σ_c (G g_c Gᵀ) ⊙ (Bᵀ d_c B) ] A            Y: 2×2, g: 3×3 filter, ⊙: element by element

so a window costs 16 products a channel and filter instead of 36. For each of the 16 elements
("points") the sum over channels is a matrix product, windows × channels times channels × filters.
Because the tile Y *is* the pooling window, bias, ReLU, maximum and winner are found on it while it
is in registers; the convolution's own output is never written.

*Blocking.* `TILE` windows are gathered (from one drawing or several: only those that see ink) and
their transforms V laid out [point][window][channel]. A product takes TILE windows × 2 vectors of
filters as its tile of sums: 14·2 = 28 sums + 2 rows of U + 1 broadcast fill AVX-512's 32 registers;
6·2 + 3 fill AVX's 16. V is 16·14·C·4 bytes (28 KB for 32 channels) and a product's part of U 128·C
bytes, so both stay in the second cache, and U's part in the first. Products run at nineteen
twentieths of the processor's peak.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import inlined, kernel
from inkgrad.engines.cpu.pooling import keep_strongest
from inkgrad.engines.cpu.simd import (
    LANES,
    REGISTERS,
    add,
    add_outer,
    load,
    load_all,
    mul,
    repeat,
    splat,
    store,
    store_all,
    sub,
)

__all__ = ["POINTS", "TILE", "flush", "pack_transformed", "take_windows"]

POINTS = 16
"""Elements of a transformed patch."""

TILE = 14 if REGISTERS == 32 else 6
"""Windows in one product: as many as the registers have room for."""

_SUMS = TILE * 2
_PAIR = 2 * LANES


@kernel
def transform_filters(
    taps: Any, t: int, tap_stride: int, u: Any, at: int, point_stride: int
) -> None:
    """U = G g Gᵀ for LANES filters and one channel.

    Parameters
    ----------
    taps, t, tap_stride : array and places
        g's element (i, j) of the filters stands at t + (3i + j)·tap_stride.
    u, at, point_stride : array and places
        Where U's 16 elements go.

    Notes
    -----
    G has rows (1, 0, 0), (½, ½, ½), (½, −½, ½), (0, 0, 1): along one axis, three numbers become
    a, (a + b + c)/2, (a − b + c)/2, c.
    """
    half = splat(0.5)
    for column in range(
        3
    ):  # G g, in place of a temporary: the 4×3 result goes to U's first columns
        a = load(taps, t + column * tap_stride)
        b = load(taps, t + (3 + column) * tap_stride)
        c = load(taps, t + (6 + column) * tap_stride)
        outer, inner = mul(half, add(a, c)), mul(half, b)
        store(u, at + column * point_stride, a)
        store(u, at + (4 + column) * point_stride, add(outer, inner))
        store(u, at + (8 + column) * point_stride, sub(outer, inner))
        store(u, at + (12 + column) * point_stride, c)
    for row in range(4):
        first = at + 4 * row * point_stride
        a = load(u, first)
        b = load(u, first + point_stride)
        c = load(u, first + 2 * point_stride)
        outer, inner = mul(half, add(a, c)), mul(half, b)
        store(u, first + point_stride, add(outer, inner))
        store(u, first + 2 * point_stride, sub(outer, inner))
        store(u, first + 3 * point_stride, c)


@inlined
def _mix(a: Any, b: Any, c: Any, d: Any) -> Any:
    """Return Bᵀ(a, b, c, d) = (a − c, b + c, c − b, b − d)."""
    return sub(a, c), add(b, c), sub(c, b), sub(b, d)


@inlined
def _mixed_column(x: Any, p: int, row_stride: int) -> Any:
    """Return one column of Bᵀ d."""
    a, b, c, d = load_all(4, x, p, row_stride)
    return _mix(a, b, c, d)


@inlined
def transform_patch(x: Any, at: int, row_stride: int, v: Any, to: int, point_stride: int) -> None:
    """V = Bᵀ d B for a 4×4 patch of LANES channels; 32 additions.

    The patch's element (r, c) stands at at + r·row_stride + c·LANES; V's elements go to `to` and
    on, `point_stride` apart.
    """
    first = _mixed_column(x, at, row_stride)
    second = _mixed_column(x, at + LANES, row_stride)
    third = _mixed_column(x, at + 2 * LANES, row_stride)
    fourth = _mixed_column(x, at + 3 * LANES, row_stride)
    row = 4 * point_stride
    store_all(v, to, point_stride, _mix(first[0], second[0], third[0], fourth[0]))
    store_all(v, to + row, point_stride, _mix(first[1], second[1], third[1], fourth[1]))
    store_all(v, to + 2 * row, point_stride, _mix(first[2], second[2], third[2], fourth[2]))
    store_all(v, to + 3 * row, point_stride, _mix(first[3], second[3], third[3], fourth[3]))


@kernel
def multiply(
    v: Any,
    at: int,
    v_stride: int,
    channels: int,
    u: Any,
    filters: int,
    u_stride: int,
    m: Any,
    to: int,
) -> None:
    """M = V U for one pair of vectors of filters: 16 products of TILE windows.

    Parameters
    ----------
    v, at, v_stride : array and places
        V [point][window][channel] from `at` on, `v_stride` from window to window.
    channels : int
    u, filters, u_stride : array and places
        U [channel][pair of vectors] from `filters` on, `u_stride` from point to point.
    m, to : array and place
        M [point][window][pair of vectors] is written there.
    """
    for point in range(POINTS):
        row = at + point * TILE * v_stride
        column = filters + point * u_stride
        acc = repeat(_SUMS, splat(0.0))
        for c in range(channels):
            acc = add_outer(acc, v, row + c, v_stride, load_all(2, u, column + c * _PAIR, LANES))
        store_all(m, to + point * TILE * _PAIR, LANES, acc)


@inlined
def _fold(a: Any, b: Any, c: Any, d: Any) -> Any:
    """Return Aᵀ(a, b, c, d) = (a + b + c, b − c − d)."""
    return add(a, add(b, c)), sub(sub(b, c), d)


@inlined
def transform_products(m: Any, at: int, bias: Any) -> Any:
    """Return Y = Aᵀ M A + bias for one window and LANES filters: its four outputs, in row order.

    M's elements stand TILE·2·LANES apart, from `at` on.
    """
    step = TILE * _PAIR
    a, b, c, d = load_all(4, m, at, 4 * step)
    top0, low0 = _fold(a, b, c, d)
    a, b, c, d = load_all(4, m, at + step, 4 * step)
    top1, low1 = _fold(a, b, c, d)
    a, b, c, d = load_all(4, m, at + 2 * step, 4 * step)
    top2, low2 = _fold(a, b, c, d)
    a, b, c, d = load_all(4, m, at + 3 * step, 4 * step)
    top3, low3 = _fold(a, b, c, d)
    top = _fold(add(top0, bias), top1, top2, sub(top3, bias))
    low = _fold(add(low0, bias), low1, low2, sub(low3, bias))
    return top[0], top[1], low[0], low[1]


@kernel
def pack_transformed(block: Any, theta: Any, f: Any, pair: int, temporary: int) -> None:
    """Lay out one pair's U, [point][channel][filter of the pair], and its biases.

    `temporary` is a place for 9 pairs of vectors.
    """
    for lane in range(_PAIR):
        k = pair * _PAIR + lane
        has_bias = k < block.filters and block.bias >= 0
        f[block.packed_bias + k] = theta[block.bias + k] if has_bias else np.float32(0)
    for c in range(block.channels):
        for lane in range(_PAIR):
            k = pair * _PAIR + lane
            source = block.weight + (k * block.channels + c) * 9
            for tap in range(9):
                value = theta[source + tap] if k < block.filters else np.float32(0)
                f[temporary + tap * _PAIR + lane] = value
        to = block.forward + pair * POINTS * block.point_step + c * _PAIR
        for half in range(0, _PAIR, LANES):
            transform_filters(f, temporary + half, _PAIR, f, to + half, block.point_step)


@kernel
def take_windows(
    block: Any,
    f: Any,
    x: int,
    out: int,
    words: Any,
    won: int,
    ink: int,
    out_ink: int,
    scratch: int,
    own_words: int,
    stamp: int,
    waiting: int,
) -> int:
    """Take up one drawing's windows; return how many are left waiting for a product.

    Where a window sees only blank paper's features (known by `ink`, or −1), its answer is the
    same for every drawing: it is worked out once in a step (told by `stamp`) and then copied.
    Where the others are is noted in `out_ink` (or −1) for the next block.
    """
    step = TILE * block.groups * LANES
    row_stride = block.in_columns * LANES
    for wy in range(block.out_rows):
        row_ink = ~np.uint64(0)
        if ink >= 0:
            first = ink + 2 * wy
            row_ink = words[first] | words[first + 1] | words[first + 2] | words[first + 3]
        seen = np.uint64(0)
        for wx in range(block.out_columns):
            w = wy * block.out_columns + wx
            target = (wy + block.out_pad_y) * block.out_in_columns + wx + block.out_pad_x
            target = out + target * LANES
            winners = won + w * 4 * block.words
            blank = ink >= 0 and (row_ink >> np.uint64(2 * wx)) & np.uint64(15) == 0
            if not blank:
                seen |= np.uint64(1) << np.uint64(wx)
            if blank and words[own_words + block.stamps + w] == np.uint64(stamp):
                _copy_answer(block, f, target, words, winners, scratch, own_words, w)
                continue
            patch = x + 2 * wy * row_stride + 2 * wx * LANES
            column = scratch + block.v + waiting * block.groups * LANES
            for group in range(block.groups):
                transform_patch(
                    f, patch + group * block.slab, row_stride, f, column + group * LANES, step
                )
            note = own_words + block.waiting + 4 * waiting
            words[note], words[note + 1] = np.uint64(target), np.uint64(winners)
            words[note + 2], words[note + 3] = np.uint64(w), np.uint64(blank)
            waiting += 1
            if waiting == TILE:
                flush(block, f, words, scratch, own_words, stamp, waiting)
                waiting = np.int64(0)
        if out_ink >= 0:
            words[out_ink + wy + block.out_pad_y] = seen << np.uint64(block.out_pad_x)
    return waiting


@kernel
def flush(
    block: Any, f: Any, words: Any, scratch: int, own_words: int, stamp: int, waiting: int
) -> None:
    """Work out the windows that wait."""
    v, m, width = scratch + block.v, scratch + block.m, block.groups * LANES
    for pair in range(block.pairs):
        filters = block.forward + pair * POINTS * block.point_step
        multiply(f, v, width, block.channels, f, filters, block.point_step, f, m)
        for i in range(waiting):
            note = own_words + block.waiting + 4 * i
            target, winners = np.int64(words[note]), np.int64(words[note + 1])
            for half in range(min(2, block.vectors - 2 * pair)):
                vector = 2 * pair + half
                bias = load(f, block.packed_bias + vector * LANES)
                z = transform_products(f, m + i * _PAIR + half * LANES, bias)
                keep_strongest(
                    z,
                    block.rectified != 0,
                    f,
                    target + vector * block.out_slab,
                    words,
                    winners + vector * LANES // 64,
                    block.words,
                    vector * LANES % 64,
                )
    for i in range(waiting):
        note = own_words + block.waiting + 4 * i
        if words[note + 3] != 0:
            _keep_answer(block, f, words, note, scratch, own_words, stamp)


@inlined
def _keep_answer(
    block: Any, f: Any, words: Any, note: int, scratch: int, own_words: int, stamp: int
) -> None:
    """Remember what a window of blank paper gave."""
    target, winners, w = np.int64(words[note]), np.int64(words[note + 1]), np.int64(words[note + 2])
    answer = scratch + block.answers + w * block.vectors * LANES
    for vector in range(block.vectors):
        store(f, answer + vector * LANES, load(f, target + vector * block.out_slab))
    for i in range(4 * block.words):
        words[own_words + block.answer_words + w * 4 * block.words + i] = words[winners + i]
    words[own_words + block.stamps + w] = np.uint64(stamp)


@inlined
def _copy_answer(
    block: Any, f: Any, target: int, words: Any, winners: int, scratch: int, own_words: int, w: int
) -> None:
    """Answer a window of blank paper."""
    answer = scratch + block.answers + w * block.vectors * LANES
    for vector in range(block.vectors):
        store(f, target + vector * block.out_slab, load(f, answer + vector * LANES))
    for i in range(4 * block.words):
        words[winners + i] = words[own_words + block.answer_words + w * 4 * block.words + i]
