"""Words for one vector."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from inkgrad.engines.cpu.simd.emitting import (
    F32S,
    F64S,
    I32,
    I64,
    Emission,
    Emitter,
    Value,
    Vector,
    constants,
    word,
)
from inkgrad.engines.cpu.simd.processor import LANES

__all__ = [
    "add",
    "broadcast",
    "div",
    "fma",
    "load",
    "mul",
    "prefetch",
    "root",
    "splat",
    "store",
    "sub",
    "total",
]

_LINE = 16  # numbers in a cache line


@word
def load(array: Any, i: Any) -> Emission:
    """load(array, i): the vector array[i : i + LANES]."""
    return Vector(array, i), lambda e: e.read(e.place(0))


@word
def store(array: Any, i: Any, x: Any) -> Emission:
    """store(array, i, x): array[i : i + LANES] = x."""
    return types.void(array, i, x), lambda e: e.write(e.values[2], e.place(0))


@word
def broadcast(array: Any, i: Any) -> Emission:
    """broadcast(array, i): array[i] in every lane."""
    return Vector(array, i), lambda e: e.read_spread(e.place(0))


@word
def splat(x: Any) -> Emission:
    """splat(x): the number x in every lane, as float32."""
    return Vector(x), lambda e: e.spread(e.number(0))


@word
def fma(x: Any, y: Any, z: Any) -> Emission:
    """fma(x, y, z): x·y + z, rounded once."""
    return Vector(x, y, z), lambda e: e.fused(*e.values)


@word
def add(x: Any, y: Any) -> Emission:
    """add(x, y): x + y."""
    return Vector(x, y), lambda e: e.builder.fadd(*e.values)


@word
def sub(x: Any, y: Any) -> Emission:
    """sub(x, y): x − y."""
    return Vector(x, y), lambda e: e.builder.fsub(*e.values)


@word
def mul(x: Any, y: Any) -> Emission:
    """mul(x, y): x · y."""
    return Vector(x, y), lambda e: e.builder.fmul(*e.values)


@word
def div(x: Any, y: Any) -> Emission:
    """div(x, y): x / y."""
    return Vector(x, y), lambda e: e.builder.fdiv(*e.values)


@word
def root(x: Any) -> Emission:
    """root(x): the square root."""
    return Vector(x), lambda e: e.call(f"llvm.sqrt.v{LANES}f32", F32S, *e.values)


@word
def total(x: Any) -> Emission:
    """total(x): the sum of the lanes, in float64; halves are added to halves."""

    def emit(e: Emitter) -> Value:
        rest, width = e.builder.fpext(e.values[0], F64S), LANES
        while width > 1:  # by hand: LLVM may not reorder, and would add lane after lane
            width //= 2
            undefined = ir.Constant(rest.type, ir.Undefined)
            low, high = (
                e.builder.shuffle_vector(rest, undefined, constants(range(start, start + width)))
                for start in (0, width)
            )
            rest = e.builder.fadd(low, high)
        return e.builder.extract_element(rest, ir.Constant(I32, 0))

    return types.float64(x), emit


@word
def prefetch(array: Any, i: Any, count: Any) -> Emission:
    """prefetch(array, i, count): have array[i : i + count] fetched into the second cache.

    The processor does it while it goes on with something else; nothing is computed.
    """

    def emit(e: Emitter) -> None:
        first, number = e.place(0), e.index(2)
        read, level, data = (ir.Constant(I32, n) for n in (0, 2, 1))
        with cgutils.for_range_slice(
            e.builder, ir.Constant(I64, 0), number, ir.Constant(I64, _LINE)
        ) as (offset, _step):
            place = e.builder.bitcast(e.builder.gep(first, [offset]), ir.IntType(8).as_pointer())
            e.call("llvm.prefetch.p0", ir.VoidType(), place, read, level, data)

    return types.void(array, i, count), emit
