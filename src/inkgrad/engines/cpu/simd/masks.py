"""Words for masks, and for the words of bits that they are kept as."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from inkgrad.engines.cpu.simd.emitting import I1, I1S, I64, Emission, Emitter, Mask, word
from inkgrad.engines.cpu.simd.processor import LANES

__all__ = ["bits", "first_bit", "greater", "keep_bits", "lanes", "select", "unequal"]

_BITS = ir.IntType(LANES)


@word
def greater(x: Any, y: Any) -> Emission:
    """greater(x, y): where x > y; a NaN is greater than nothing."""
    return Mask(x, y), lambda e: e.builder.fcmp_ordered(">", *e.values)


@word
def unequal(x: Any, y: Any) -> Emission:
    """unequal(x, y): where x ≠ y; a NaN is unequal to everything."""
    return Mask(x, y), lambda e: e.builder.fcmp_unordered("!=", *e.values)


@word
def select(mask: Any, x: Any, y: Any) -> Emission:
    """select(mask, x, y): x where the mask is true, y elsewhere."""
    return x(mask, x, y), lambda e: e.builder.select(*e.values)


@word
def bits(mask: Any) -> Emission:
    """bits(mask): a uint64 whose lowest bit is the first lane."""
    return types.uint64(mask), lambda e: e.builder.zext(e.builder.bitcast(e.values[0], _BITS), I64)


@word
def lanes(bits: Any) -> Emission:
    """lanes(bits): the mask whose first lane is the lowest bit of a uint64."""
    return Mask(types.uint64), lambda e: e.builder.bitcast(e.builder.trunc(e.values[0], _BITS), I1S)


@word
def keep_bits(words: Any, word: Any, place: Any, mask_bits: Any) -> Emission:
    """keep_bits(words, word, place, b): write LANES bits from bit `place` of words[word] on.

    `place` is a multiple of LANES; other bits stay. (Words are little-endian, as everywhere that
    Numba runs.)
    """

    def emit(e: Emitter) -> None:
        first = e.builder.bitcast(e.place(0), _BITS.as_pointer())
        shift = ir.Constant(I64, LANES.bit_length() - 1)
        target = e.builder.gep(first, [e.builder.lshr(e.index(2), shift)])
        e.builder.store(e.builder.trunc(e.values[3], _BITS), target)

    return types.void(words, word, place, types.uint64), emit


@word
def first_bit(bits: Any) -> Emission:
    """first_bit(bits): the number of the lowest bit that is set; there must be one."""
    return types.intp(types.uint64), lambda e: e.call(
        "llvm.cttz.i64", I64, e.values[0], ir.Constant(I1, 1)
    )
