"""Vectors of whole numbers: the words that the kernels for bytes add to those of `simd`.

A `Whole` is a vector of `LANES` int32 sums. One instruction of today's processors, VNNI's
``vpdpbusd``, adds to each of them four products of a byte (0 … 255) and a weight (−127 … 127),
exactly; where there is none, the same is done by several.

====================  ============================================================================
word                  meaning
====================  ============================================================================
no_sums               a tuple of sums, all 0
add_products          sums[p, v] + Σ₄ bytes of place p · weights of vector v: the tile of a product
add_row               the same for one place, 16 bytes at once
sum_of_four           what `add_row` leaves, added
strongest             of a tile's places, each four in a row: the larger sums
load_whole            a vector of sums from an array
store_all_whole       a tuple of them to an array
less_times            sums − a number · sums
to_numbers            sums as float32
nearest               float32 rounded to whole numbers, halves to the even one
store_bytes           a vector of numbers 0 … 255 as bytes
live_bytes            which of 64 bytes are not 0, as bits
====================  ============================================================================
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import config
from numba.core.codegen import get_host_cpu_features
from numba.extending import models, register_model

from inkgrad.engines.cpu.simd import LANES, REGISTERS, Vector
from inkgrad.engines.cpu.simd.emitting import (
    F32S,
    I32,
    I64,
    Emission,
    Emitter,
    Value,
    constants,
    word,
    word_of_constants,
)

__all__ = [
    "HAS_DOT_PRODUCTS",
    "TILE",
    "WORD",
    "Whole",
    "add_products",
    "add_row",
    "less_times",
    "live_bytes",
    "load_whole",
    "nearest",
    "no_sums",
    "store_all_whole",
    "store_bytes",
    "strongest",
    "sum_of_four",
    "to_numbers",
]

TILE = 8 if REGISTERS == 32 else 4
"""Places of one tile of sums, each with two vectors of filters."""

WORD = 64
"""How many bytes `live_bytes` looks at."""


def _has_dot_products() -> bool:
    """Whether Numba compiles for a processor with ``vpdpbusd``; see `simd.processor`."""
    if config.CPU_FEATURES is not None:
        features = config.CPU_FEATURES.split(",")
    else:
        features = get_host_cpu_features().split(",") if config.CPU_NAME is None else []
    return "+avx512vnni" in features if LANES == 16 else "+avxvnni" in features


HAS_DOT_PRODUCTS = _has_dot_products()
"""Whether the processor multiplies and adds bytes by one instruction."""

_I8 = ir.IntType(8)
_WHOLE, _BYTES = ir.VectorType(I32, LANES), ir.VectorType(_I8, LANES)
_WORD = ir.VectorType(_I8, WORD)


class _WholeType(types.Type):
    def __init__(self) -> None:
        super().__init__(name=f"int32x{LANES}")


@register_model(_WholeType)
class _WholeModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _WHOLE)


Whole = _WholeType()


def _sums(count: int) -> Any:
    return types.UniTuple(Whole, count)


def _all(value: int) -> Value:
    return constants([value] * LANES)


def _spread(e: Emitter, value: Value) -> Value:
    """Return an int32 in every lane."""
    undefined = ir.Constant(_WHOLE, ir.Undefined)
    one = e.builder.insert_element(undefined, value, ir.Constant(I32, 0))
    return e.builder.shuffle_vector(one, undefined, _all(0))


def _read(e: Emitter, pointer: Value, kind: Any = _WHOLE) -> Value:
    """Read a vector, or a number, from anywhere."""
    value = e.builder.load(e.builder.bitcast(pointer, kind.as_pointer()))
    value.align = 4 if kind is _WHOLE else 1
    return value


def _write(e: Emitter, value: Value, pointer: Value, align: int) -> None:
    e.builder.store(value, e.builder.bitcast(pointer, value.type.as_pointer())).align = align


def _read_four(e: Emitter, pointer: Value) -> Value:
    """Return four bytes in every lane."""
    return _spread(e, _read(e, pointer, I32))


def _dot(e: Emitter, sums: Value, four: Value, weights: Value) -> Value:
    """Return sums + the four products in each lane: bytes without a sign, weights with one."""
    if HAS_DOT_PRODUCTS:
        return e.call(f"llvm.x86.avx512.vpdpbusd.{32 * LANES}", _WHOLE, sums, four, weights)
    build = e.builder
    for shift in (0, 8, 16, 24):
        x = build.and_(build.lshr(four, _all(shift)), _all(255))
        w = build.ashr(build.shl(weights, _all(24 - shift)), _all(24))
        sums = build.add(sums, build.mul(x, w))
    return sums


@word_of_constants
def no_sums(count: Any) -> Emission:
    """no_sums(count): a tuple of `count` (a constant) sums, all 0."""
    number = count.literal_value
    return _sums(number)(count), lambda e: e.pack([_all(0)] * number)


@word
def add_products(acc: Any, at: Any, array: Any, offset: Any, weights: Any, w: Any) -> Emission:
    """acc[p, v] + Σ_j array[at[p] + offset + j] · (byte j of weights[w + v·LANES …]), j < 4.

    `at` is a tuple with each place's index; for each there are two sums.
    """

    def emit(e: Emitter) -> Value:
        first, taps = e.place(2), e.place(4)
        both = [_read(e, e.after(taps, v, LANES)) for v in range(2)]
        old, sums = e.parts(0), []
        for p, place in enumerate(e.parts(1)):
            four = _read_four(e, e.builder.gep(first, [place]))
            sums += [_dot(e, old[2 * p + v], four, both[v]) for v in range(2)]
        return e.pack(sums)

    return acc(acc, at, array, offset, weights, w), emit


@word
def add_row(acc: Any, array: Any, i: Any, weights: Any, w: Any) -> Emission:
    """acc[k, v] + Σ_j array[i + 4k + j] · (byte j of weights[w + (2k + v)·LANES …]), j < 4.

    acc has eight sums, so that none waits for the one before.
    """

    def emit(e: Emitter) -> Value:
        first, taps, sums = e.place(1), e.place(3), []
        fours = [_read_four(e, e.after(first, k, 4)) for k in range(4)]
        for k, old in enumerate(e.parts(0)):
            sums.append(_dot(e, old, fours[k // 2], _read(e, e.after(taps, k, LANES))))
        return e.pack(sums)

    return acc(acc, array, i, weights, w), emit


@word
def sum_of_four(acc: Any) -> Emission:
    """acc[0, v] + acc[1, v] + acc[2, v] + acc[3, v]: two sums of eight."""

    def emit(e: Emitter) -> Value:
        a, add = e.parts(0), e.builder.add
        return e.pack([add(add(a[v], a[v + 2]), add(a[v + 4], a[v + 6])) for v in range(2)])

    return _sums(2)(acc), emit


@word
def strongest(acc: Any) -> Emission:
    """Return the largest of each four places' sums, lane by lane: a tile a quarter as high."""

    def larger(e: Emitter, a: Value, b: Value) -> Value:
        return e.builder.select(e.builder.icmp_signed(">", a, b), a, b)

    def emit(e: Emitter) -> Value:
        z, best = e.parts(0), []
        for k in range(0, acc.count, 8):
            for v in (k, k + 1):
                best.append(larger(e, larger(e, z[v], z[v + 2]), larger(e, z[v + 4], z[v + 6])))
        return e.pack(best)

    return _sums(acc.count // 4)(acc), emit


@word
def load_whole(array: Any, i: Any) -> Emission:
    """load_whole(array, i): the vector array[i : i + LANES] of an int32 array."""
    return Whole(array, i), lambda e: _read(e, e.place(0))


@word
def store_all_whole(array: Any, i: Any, xs: Any) -> Emission:
    """store_all_whole(array, i, xs): write a tuple of sums, one after the other."""

    def emit(e: Emitter) -> None:
        first = e.place(0)
        for k, x in enumerate(e.parts(2)):
            _write(e, x, e.after(first, k, LANES), 4)

    return types.void(array, i, xs), emit


@word
def less_times(x: Any, number: Any, y: Any) -> Emission:
    """less_times(x, number, y): x − number·y, for sums x and y and a whole number."""

    def emit(e: Emitter) -> Value:
        factor = e.builder.trunc(e.index(1), I32)
        return e.builder.sub(e.values[0], e.builder.mul(_spread(e, factor), e.values[2]))

    return Whole(x, number, y), emit


@word
def to_numbers(x: Any) -> Emission:
    """to_numbers(x): sums as float32, each rounded to the nearest."""
    return Vector(x), lambda e: e.builder.sitofp(e.values[0], F32S)


@word
def nearest(x: Any) -> Emission:
    """nearest(x): each number rounded to a whole one, halves to the even one."""
    return Vector(x), lambda e: e.call(f"llvm.nearbyint.v{LANES}f32", F32S, *e.values)


@word
def store_bytes(array: Any, i: Any, x: Any) -> Emission:
    """store_bytes(array, i, x): array[i : i + LANES] = x, which are whole numbers 0 … 255."""

    def emit(e: Emitter) -> None:
        small = e.builder.trunc(e.builder.fptosi(e.values[2], _WHOLE), _BYTES)
        _write(e, small, e.place(0), 1)

    return types.void(array, i, x), emit


@word
def live_bytes(array: Any, i: Any) -> Emission:
    """live_bytes(array, i): the word whose bit k says whether array[i + k] is not 0, k < 64."""

    def emit(e: Emitter) -> Value:
        live = e.builder.icmp_unsigned(
            "!=", _read(e, e.place(0), _WORD), constants([0] * WORD, _I8)
        )
        return e.builder.bitcast(live, I64)

    return types.uint64(array, i), emit
