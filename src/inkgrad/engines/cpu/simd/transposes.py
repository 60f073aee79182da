"""Words that turn squares of numbers, or of bits, in registers."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from inkgrad.engines.cpu.simd.emitting import I64, ZEROS, Emission, Emitter, Value, constants, word
from inkgrad.engines.cpu.simd.processor import LANES

__all__ = ["transpose", "transpose_bits", "transpose_rows"]


@word
def transpose(array: Any, i: Any, stride: Any, target: Any, j: Any, target_stride: Any) -> Emission:
    """target[j + c·target_stride + r] = array[i + r·stride + c] for r, c < LANES."""

    def emit(e: Emitter) -> None:
        source, aim, step, aim_step = e.place(0), e.place(3), e.index(2), e.index(5)
        rows = [e.read(e.after(source, r, step)) for r in range(LANES)]
        for c, column in enumerate(_columns(e, rows)):
            e.write(column, e.after(aim, c, aim_step))

    return types.void(array, i, stride, target, j, target_stride), emit


@word
def transpose_rows(
    array: Any,
    i: Any,
    table: Any,
    t: Any,
    stride: Any,
    target: Any,
    j: Any,
    target_stride: Any,
) -> Emission:
    """Transpose, of rows that a table names: row r begins at i + table[t + r]·stride.

    Where the table holds −1, the row counts as zeros.
    """

    def emit(e: Emitter) -> None:
        source, names, aim = e.place(0), e.place(2), e.place(5)
        step, aim_step = e.index(4), e.index(7)
        rows, nothing = [], ir.Constant(I64, 0)
        for r in range(LANES):
            name = e.builder.sext(e.builder.load(e.after(names, r, 1)), I64)
            known = e.builder.icmp_signed(">=", name, nothing)
            offset = e.builder.mul(e.builder.select(known, name, nothing), step)
            row = e.read(e.builder.gep(source, [offset]))
            rows.append(e.builder.select(known, row, ZEROS))
        for c, column in enumerate(_columns(e, rows)):
            e.write(column, e.after(aim, c, aim_step))

    return types.void(array, i, table, t, stride, target, j, target_stride), emit


def _columns(e: Emitter, rows: list[Value]) -> list[Value]:
    """Return the columns of a square block, given its rows.

    log2(LANES) rounds: in round s, blocks of s×s off the diagonal change places.
    """
    rows, s = list(rows), 1
    while s < LANES:
        kept = constants([k if not k & s else LANES + k - s for k in range(LANES)])
        moved = constants([k + s if not k & s else LANES + k for k in range(LANES)])
        for r in range(LANES):
            if not r & s:
                pair = rows[r], rows[r + s]
                rows[r], rows[r + s] = (e.builder.shuffle_vector(*pair, p) for p in (kept, moved))
        s *= 2
    return rows


@word
def transpose_bits(words: Any, i: Any) -> Emission:
    """Transpose the 64×64 bits of words[i : i + 64] in place.

    Six rounds: in round s, the squares of s×s bits off the diagonal change places. Eight words make
    a vector; rounds of 8 words and more are between vectors, smaller ones within them.
    """

    def emit(e: Emitter) -> None:
        kind = ir.VectorType(I64, 8)
        first = e.builder.bitcast(e.place(0), kind.as_pointer())
        places = [e.builder.gep(first, [ir.Constant(I64, k)]) for k in range(8)]
        rows = [e.builder.load(place) for place in places]
        for row in rows:
            row.align = 8
        s, mask = 32, 0x00000000FFFFFFFF
        while s:
            if s >= 8:
                for k in range(8):
                    if not k & (s // 8):
                        pair = rows[k], rows[k + s // 8]
                        rows[k], rows[k + s // 8] = _exchange(e, *pair, s, mask)
            else:
                for k in range(0, 8, 2):
                    rows[k], rows[k + 1] = _exchange_within(e, rows[k], rows[k + 1], s, mask)
            s //= 2
            mask ^= (mask << s) & 0xFFFFFFFFFFFFFFFF
        for place, row in zip(places, rows, strict=True):
            e.builder.store(row, place).align = 8

    return types.void(words, i), emit


def _exchange(e: Emitter, low: Value, high: Value, s: int, mask: int) -> tuple[Value, Value]:
    """Exchange bits between words that stand s apart: the upper of `low`, the lower of `high`."""
    b, shift, keep = e.builder, constants([s] * 8, I64), constants([mask] * 8, I64)
    change = b.and_(b.xor(b.lshr(low, shift), high), keep)
    return b.xor(low, b.shl(change, shift)), b.xor(high, change)


def _exchange_within(e: Emitter, x: Value, y: Value, s: int, mask: int) -> tuple[Value, Value]:
    """Do the same for words of the same vector, of two vectors at a time."""
    lows = [lane for lane in range(8) if not lane & s]
    order = lows + [lane + s for lane in lows]
    back = [order.index(lane) for lane in range(8)]
    low_lanes = [*lows, *(8 + lane for lane in lows)]  # of both vectors
    high_lanes = [lane + s for lane in low_lanes]
    low = e.builder.shuffle_vector(x, y, constants(low_lanes))
    high = e.builder.shuffle_vector(x, y, constants(high_lanes))
    low, high = _exchange(e, low, high, s, mask)
    first_half = [p if p < 4 else p + 4 for p in back]
    second_half = [p + 4 for p in first_half]
    return (
        e.builder.shuffle_vector(low, high, constants(first_half)),
        e.builder.shuffle_vector(low, high, constants(second_half)),
    )
