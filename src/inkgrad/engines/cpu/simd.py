"""Vectors as values: the words in which the kernels are written.

Numba knows numbers and arrays. This module teaches it two more types, so that a kernel can say what
the processor does: a `Vector` of `LANES` float32 numbers, and a `Mask` of as many truth values.
Every word below becomes one machine instruction or a few; LLVM chooses them for whatever processor
it compiles for, so nothing here knows about x86 or ARM.

Registers are where a kernel keeps what it uses again and again. Where one needs several (a tile of
sums), it holds them in a tuple of vectors, and the words that end in ``_all`` or ``_rows`` act on
the whole tuple: unrolling happens here, by emitting instructions in a loop, and nowhere else.

====================  ============================================================================
word                  meaning
====================  ============================================================================
load, store           a vector from or to an array, from one index on
broadcast             one element of an array, in every lane
splat                 one number, in every lane
prefetch              have part of an array fetched while computing goes on
fma, add, sub, mul,   arithmetic, lane by lane (fma(x, y, z) = x·y + z, rounded once)
div, root
greater, unequal      comparisons: a mask
total                 the sum of the lanes, in float64
select                lanes of one vector where the mask is true, of another elsewhere
bits, lanes           a mask as the low bits of a word, and back
keep_bits             a mask into an array of words, at a lane's place
first_bit             the number of the lowest bit that is set
transpose             a square block of LANES×LANES, through registers
transpose_bits        a square of 64×64 bits
repeat                a tuple of equal vectors
load_all, store_all   a tuple of vectors, one every `stride` elements
load_tile, store_tile the same for rows of several vectors each
load_patch,           the same for a row, or a patch of 3×3 vectors, by how many a tile has
store_patch
where_positive        a tuple's lanes where an array is above 0, and 0 elsewhere
add_scaled            acc[r, c] + x · (a row or patch of vectors in memory): what sparse sums need
add_outer             acc[r, c] + a[r] · row[c]: what dense products need
add_square            the same where a[r] are the cells of a window: for convolutions
add_window            a whole 3×3 convolution at four cells: of a window, or in a row
add_patch             acc[r, c] + (a row or patch of numbers in memory) · x: for filters' gradients
====================  ============================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.core.codegen import get_host_cpu_features
from numba.extending import intrinsic, models, register_model

__all__ = [
    "LANES",
    "REGISTERS",
    "add",
    "add_outer",
    "add_patch",
    "add_scaled",
    "add_square",
    "add_window",
    "bits",
    "broadcast",
    "div",
    "first_bit",
    "fma",
    "greater",
    "keep_bits",
    "lanes",
    "load",
    "load_all",
    "load_patch",
    "load_tile",
    "mul",
    "prefetch",
    "repeat",
    "root",
    "select",
    "splat",
    "store",
    "store_all",
    "store_patch",
    "store_tile",
    "sub",
    "total",
    "transpose",
    "transpose_bits",
    "transpose_rows",
    "unequal",
    "where_positive",
]


def _has_avx512() -> bool:
    """Whether Numba compiles for a processor with 512-bit vectors.

    It tells LLVM the processor's name and its features, both the host's unless the user says
    otherwise (NUMBA_CPU_NAME, NUMBA_CPU_FEATURES, NUMBA_ENABLE_AVX). A name alone only takes away:
    what the host cannot do, its features forbid.
    """
    if config.CPU_FEATURES is not None:
        return "+avx512f" in config.CPU_FEATURES.split(",")
    named = config.CPU_NAME is None or config.CPU_NAME in _AVX512_PROCESSORS
    return named and "+avx512f" in get_host_cpu_features().split(",")


_AVX512_PROCESSORS = {
    *("skylake-avx512", "cascadelake", "cooperlake", "cannonlake", "rocketlake", "tigerlake"),
    *("icelake-client", "icelake-server", "sapphirerapids", "emeraldrapids", "graniterapids"),
    *("x86-64-v4", "znver4", "znver5"),
}

LANES = 16 if _has_avx512() else 8
"""How many numbers a vector holds: a register's worth of AVX-512 or AVX; two NEON or SSE ones."""

REGISTERS = 32 if _has_avx512() else 16
"""How many vectors of `LANES` numbers the processor can hold at once."""

_F32, _I1, _I32, _I64 = ir.FloatType(), ir.IntType(1), ir.IntType(32), ir.IntType(64)
_F32S, _I1S = ir.VectorType(_F32, LANES), ir.VectorType(_I1, LANES)
_F64, _F64S = ir.DoubleType(), ir.VectorType(ir.DoubleType(), LANES)

_LINE = 16  # numbers in a cache line

Pointer = Any
Value = Any
Generator = Callable[..., Any]


class _VectorType(types.Type):
    def __init__(self) -> None:
        super().__init__(name=f"float32x{LANES}")


class _MaskType(types.Type):
    def __init__(self) -> None:
        super().__init__(name=f"bool1x{LANES}")


@register_model(_VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _F32S)


@register_model(_MaskType)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _I1S)


Vector, Mask = _VectorType(), _MaskType()


# What the words are made of. Each takes the LLVM builder first.


def _index(context: Any, builder: Any, kind: Any, value: Value) -> Value:
    """Return an index of any integer type as the processor's own."""
    return context.cast(builder, value, kind, types.intp)


def _place(context: Any, builder: Any, signature: Any, values: Any, array: int = 0) -> Pointer:
    """Return the address of a[i], where a and i are two of a word's arguments in a row."""
    data = context.make_array(signature.args[array])(context, builder, values[array]).data
    i = _index(context, builder, signature.args[array + 1], values[array + 1])
    return builder.gep(data, [i])


def _after(builder: Any, pointer: Pointer, count: int, stride: Value) -> Pointer:
    """Return pointer + count · stride, in elements."""
    if isinstance(stride, int):
        return builder.gep(pointer, [ir.Constant(_I64, count * stride)])
    return builder.gep(pointer, [builder.mul(stride, ir.Constant(_I64, count))])


def _read(builder: Any, pointer: Pointer) -> Value:
    """Read a vector; it need not be aligned to more than an element."""
    value = builder.load(builder.bitcast(pointer, _F32S.as_pointer()))
    value.align = 4
    return value


def _write(builder: Any, value: Value, pointer: Pointer) -> None:
    """Write a vector; it need not be aligned to more than an element."""
    builder.store(value, builder.bitcast(pointer, _F32S.as_pointer())).align = 4


def _spread(builder: Any, value: Value) -> Value:
    """Return a number in every lane."""
    undefined = ir.Constant(_F32S, ir.Undefined)
    one = builder.insert_element(undefined, value, ir.Constant(_I32, 0))
    zeros = ir.Constant(ir.VectorType(_I32, LANES), [0] * LANES)
    return builder.shuffle_vector(one, undefined, zeros)


def _call(builder: Any, name: str, result: Any, *values: Value) -> Value:
    """Call an operation that LLVM has a name for."""
    kind = ir.FunctionType(result, [value.type for value in values])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), values)


def _fused(builder: Any, x: Value, y: Value, z: Value) -> Value:
    """Return x·y + z, rounded once."""
    return _call(builder, f"llvm.fma.v{LANES}f32", _F32S, x, y, z)


def _parts(builder: Any, values: Value, count: int) -> list[Value]:
    """Return the vectors of a tuple."""
    return [builder.extract_value(values, k) for k in range(count)]


def _vectors(count: int) -> Any:
    """Return the type of a tuple of so many vectors."""
    return types.UniTuple(Vector, count)


# One vector.


@intrinsic
def load(_: Any, array: Any, i: Any) -> tuple[Any, Generator]:
    """load(array, i): the vector array[i : i + LANES]."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        return _read(builder, _place(context, builder, signature, values))

    return Vector(array, i), generate


@intrinsic
def store(_: Any, array: Any, i: Any, x: Any) -> tuple[Any, Generator]:
    """store(array, i, x): array[i : i + LANES] = x."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        _write(builder, values[2], _place(context, builder, signature, values))
        return context.get_dummy_value()

    return types.void(array, i, x), generate


@intrinsic
def broadcast(_: Any, array: Any, i: Any) -> tuple[Any, Generator]:
    """broadcast(array, i): array[i] in every lane."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        return _spread(builder, builder.load(_place(context, builder, signature, values)))

    return Vector(array, i), generate


@intrinsic
def splat(_: Any, x: Any) -> tuple[Any, Generator]:
    """splat(x): the number x in every lane, as float32."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        return _spread(builder, context.cast(builder, values[0], signature.args[0], types.float32))

    return Vector(x), generate


@intrinsic
def fma(_: Any, x: Any, y: Any, z: Any) -> tuple[Any, Generator]:
    """fma(x, y, z): x·y + z, rounded once."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        return _fused(builder, *values)

    return Vector(x, y, z), generate


def _arithmetic(operation: str) -> Any:
    """Return the word for an operation on two vectors."""

    @intrinsic
    def word(_: Any, x: Any, y: Any) -> tuple[Any, Generator]:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
            return getattr(builder, operation)(*values)

        return Vector(x, y), generate

    return word


add, sub, mul, div = (_arithmetic(name) for name in ("fadd", "fsub", "fmul", "fdiv"))


@intrinsic
def root(_: Any, x: Any) -> tuple[Any, Generator]:
    """root(x): the square root."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        return _call(builder, f"llvm.sqrt.v{LANES}f32", _F32S, *values)

    return Vector(x), generate


@intrinsic
def total(_: Any, x: Any) -> tuple[Any, Generator]:
    """total(x): the sum of the lanes, in float64; halves are added to halves."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        rest, width = builder.fpext(values[0], _F64S), LANES
        while width > 1:  # by hand: LLVM may not reorder, and would add lane after lane
            width //= 2
            undefined = ir.Constant(rest.type, ir.Undefined)
            low, high = (
                builder.shuffle_vector(
                    rest,
                    undefined,
                    ir.Constant(ir.VectorType(_I32, width), list(range(start, start + width))),
                )
                for start in (0, width)
            )
            rest = builder.fadd(low, high)
        return builder.extract_element(rest, ir.Constant(_I32, 0))

    return types.float64(x), generate


@intrinsic
def prefetch(_: Any, array: Any, i: Any, count: Any) -> tuple[Any, Generator]:
    """prefetch(array, i, count): have array[i : i + count] fetched into the second cache.

    The processor does it while it goes on with something else; nothing is computed.
    """

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        first = _place(context, builder, signature, values)
        number = _index(context, builder, signature.args[2], values[2])
        read, level, data = (ir.Constant(_I32, n) for n in (0, 2, 1))
        with cgutils.for_range_slice(
            builder, ir.Constant(_I64, 0), number, ir.Constant(_I64, _LINE)
        ) as (offset, _step):
            place = builder.bitcast(builder.gep(first, [offset]), ir.IntType(8).as_pointer())
            kind = ir.FunctionType(ir.VoidType(), [place.type, _I32, _I32, _I32])
            function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
            builder.call(function, [place, read, level, data])
        return context.get_dummy_value()

    return types.void(array, i, count), generate


# Masks.


def _comparison(operator: str) -> Any:
    """Return the word for a comparison of two vectors."""

    @intrinsic
    def word(_: Any, x: Any, y: Any) -> tuple[Any, Generator]:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
            compare = builder.fcmp_unordered if operator == "!=" else builder.fcmp_ordered
            return compare(operator, *values)  # a NaN is unequal to everything, greater than none

        return Mask(x, y), generate

    return word


greater, unequal = _comparison(">"), _comparison("!=")


@intrinsic
def select(_: Any, mask: Any, x: Any, y: Any) -> tuple[Any, Generator]:
    """select(mask, x, y): x where the mask is true, y elsewhere."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        return builder.select(*values)

    return x(mask, x, y), generate


@intrinsic
def bits(_: Any, mask: Any) -> tuple[Any, Generator]:
    """bits(mask): a uint64 whose lowest bit is the first lane."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        return builder.zext(builder.bitcast(values[0], ir.IntType(LANES)), _I64)

    return types.uint64(mask), generate


@intrinsic
def lanes(_: Any, word: Any) -> tuple[Any, Generator]:
    """lanes(word): the mask whose first lane is the word's lowest bit."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        return builder.bitcast(builder.trunc(values[0], ir.IntType(LANES)), _I1S)

    return Mask(types.uint64), generate


@intrinsic
def keep_bits(_: Any, words: Any, word: Any, place: Any, mask_bits: Any) -> tuple[Any, Generator]:
    """keep_bits(words, word, place, b): write LANES bits from bit `place` of words[word] on.

    `place` is a multiple of LANES; other bits stay. (Words are little-endian, as everywhere that
    Numba runs.)
    """
    kind = ir.IntType(LANES)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        first = builder.bitcast(_place(context, builder, signature, values), kind.as_pointer())
        place = _index(context, builder, signature.args[2], values[2])
        shift = ir.Constant(_I64, LANES.bit_length() - 1)
        target = builder.gep(first, [builder.lshr(place, shift)])
        builder.store(builder.trunc(values[3], kind), target)
        return context.get_dummy_value()

    return types.void(words, word, place, types.uint64), generate


@intrinsic
def first_bit(_: Any, word: Any) -> tuple[Any, Generator]:
    """first_bit(word): the number of the lowest bit set; the word must not be 0."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        return _call(builder, "llvm.cttz.i64", _I64, values[0], ir.Constant(_I1, 1))

    return types.intp(types.uint64), generate


@intrinsic
def transpose_bits(_: Any, words: Any, i: Any) -> tuple[Any, Generator]:
    """Transpose the 64×64 bits of words[i : i + 64] in place.

    Six rounds: in round s, the squares of s×s bits off the diagonal change places. Eight words make
    a vector; rounds of 8 words and more are between vectors, smaller ones within them.
    """
    kind = ir.VectorType(_I64, 8)

    def numbers(values: list[int], element: Any = _I64) -> Value:
        return ir.Constant(ir.VectorType(element, 8), values)

    def exchange(builder: Any, low: Value, high: Value, s: int, mask: int) -> tuple[Value, Value]:
        shift, keep = numbers([s] * 8), numbers([mask] * 8)
        change = builder.and_(builder.xor(builder.lshr(low, shift), high), keep)
        return builder.xor(low, builder.shl(change, shift)), builder.xor(high, change)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        first = builder.bitcast(_place(context, builder, signature, values), kind.as_pointer())
        places = [builder.gep(first, [ir.Constant(_I64, k)]) for k in range(8)]
        rows = [builder.load(place) for place in places]
        for row in rows:
            row.align = 8
        s, mask = 32, 0x00000000FFFFFFFF
        while s:
            if s >= 8:
                for k in range(8):
                    if not k & (s // 8):
                        pair = rows[k], rows[k + s // 8]
                        rows[k], rows[k + s // 8] = exchange(builder, *pair, s, mask)
            else:
                lows = [lane for lane in range(8) if not lane & s]
                order = lows + [lane + s for lane in lows]
                back = [order.index(lane) for lane in range(8)]
                for k in range(0, 8, 2):  # the lows of two vectors, and the highs
                    a, b = rows[k], rows[k + 1]
                    low_lanes = [*lows, *(8 + lane for lane in lows)]
                    high_lanes = [lane + s for lane in low_lanes]
                    low = builder.shuffle_vector(a, b, numbers(low_lanes, _I32))
                    high = builder.shuffle_vector(a, b, numbers(high_lanes, _I32))
                    low, high = exchange(builder, low, high, s, mask)
                    first_half = [p if p < 4 else p + 4 for p in back]
                    second_half = [p + 4 for p in first_half]
                    rows[k] = builder.shuffle_vector(low, high, numbers(first_half, _I32))
                    rows[k + 1] = builder.shuffle_vector(low, high, numbers(second_half, _I32))
            s //= 2
            mask ^= (mask << s) & 0xFFFFFFFFFFFFFFFF
        for place, row in zip(places, rows, strict=True):
            builder.store(row, place).align = 8
        return context.get_dummy_value()

    return types.void(words, i), generate


# Several vectors at once.


@intrinsic(prefer_literal=True)
def repeat(_: Any, count: Any, x: Any) -> tuple[Any, Generator]:
    """repeat(count, x): a tuple of `count` (a constant) times the vector x."""
    number = count.literal_value

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        return cgutils.pack_array(builder, [values[1]] * number)

    return _vectors(number)(count, x), generate


@intrinsic(prefer_literal=True)
def load_all(_: Any, count: Any, array: Any, i: Any, stride: Any) -> tuple[Any, Generator]:
    """load_all(count, array, i, stride): `count` vectors, one every `stride`.

    `count` is a constant, or a tuple of as many vectors.
    """
    number = count.count if isinstance(count, types.UniTuple) else count.literal_value

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        first = _place(context, builder, signature, values, array=1)
        step = _index(context, builder, signature.args[3], values[3])
        return cgutils.pack_array(
            builder, [_read(builder, _after(builder, first, k, step)) for k in range(number)]
        )

    return _vectors(number)(count, array, i, stride), generate


@intrinsic
def store_all(_: Any, array: Any, i: Any, stride: Any, xs: Any) -> tuple[Any, Generator]:
    """store_all(array, i, stride, xs): write a tuple of vectors, one every `stride`."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        first = _place(context, builder, signature, values)
        step = _index(context, builder, signature.args[2], values[2])
        for k, x in enumerate(_parts(builder, values[3], xs.count)):
            _write(builder, x, _after(builder, first, k, step))
        return context.get_dummy_value()

    return types.void(array, i, stride, xs), generate


@intrinsic(prefer_literal=True)
def load_tile(
    _: Any, rows: Any, columns: Any, array: Any, i: Any, stride: Any, column_stride: Any
) -> tuple[Any, Generator]:
    """Return `rows` rows of `columns` vectors (both constants), row by row."""
    height, width = rows.literal_value, columns.literal_value

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        first = _place(context, builder, signature, values, array=2)
        down = _index(context, builder, signature.args[4], values[4])
        right = _index(context, builder, signature.args[5], values[5])
        starts = [_after(builder, first, r, down) for r in range(height)]
        return cgutils.pack_array(
            builder,
            [
                _read(builder, _after(builder, row, c, right))
                for row in starts
                for c in range(width)
            ],
        )

    return _vectors(height * width)(rows, columns, array, i, stride, column_stride), generate


@intrinsic(prefer_literal=True)
def store_tile(
    _: Any, columns: Any, array: Any, i: Any, stride: Any, column_stride: Any, xs: Any
) -> tuple[Any, Generator]:
    """Write a tuple of vectors as rows of `columns` (a constant)."""
    width = columns.literal_value

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        first = _place(context, builder, signature, values, array=1)
        down = _index(context, builder, signature.args[3], values[3])
        right = _index(context, builder, signature.args[4], values[4])
        for k, x in enumerate(_parts(builder, values[5], xs.count)):
            row = _after(builder, first, k // width, down)
            _write(builder, x, _after(builder, row, k % width, right))
        return context.get_dummy_value()

    return types.void(columns, array, i, stride, column_stride, xs), generate


def _tile_width(count: int) -> int:
    """Return how many of a tile's sums stand in a row: nine make a 3×3 patch, others one row."""
    return 3 if count == 9 else count


@intrinsic
def load_patch(_: Any, tile: Any, array: Any, i: Any, row_stride: Any) -> tuple[Any, Generator]:
    """array[i + r·row_stride + c·LANES …], as many vectors as a tile has; see `_tile_width`."""
    width = _tile_width(tile.count)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        first = _place(context, builder, signature, values, array=1)
        step = _index(context, builder, signature.args[3], values[3])
        rows = [_after(builder, first, k // width, step) for k in range(tile.count)]
        vectors = [_read(builder, _after(builder, r, k % width, LANES)) for k, r in enumerate(rows)]
        return cgutils.pack_array(builder, vectors)

    return tile(tile, array, i, row_stride), generate


@intrinsic
def store_patch(_: Any, array: Any, i: Any, row_stride: Any, tile: Any) -> tuple[Any, Generator]:
    """Write a tile where `load_patch` reads one."""
    width = _tile_width(tile.count)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        first = _place(context, builder, signature, values)
        step = _index(context, builder, signature.args[2], values[2])
        for k, x in enumerate(_parts(builder, values[3], tile.count)):
            row = _after(builder, first, k // width, step)
            _write(builder, x, _after(builder, row, k % width, LANES))
        return context.get_dummy_value()

    return types.void(array, i, row_stride, tile), generate


@intrinsic
def add_scaled(
    _: Any, acc: Any, x: Any, array: Any, i: Any, row_stride: Any
) -> tuple[Any, Generator]:
    """acc[r, c] + x · array[i + r·row_stride + c·LANES …]; see `_tile_width` for the tile."""
    width = _tile_width(acc.count)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        first = _place(context, builder, signature, values, array=2)
        step = _index(context, builder, signature.args[4], values[4])
        sums = []
        for k, old in enumerate(_parts(builder, values[0], acc.count)):
            row = _after(builder, first, k // width, step) if k >= width else first
            vector = _read(builder, _after(builder, row, k % width, LANES))
            sums.append(_fused(builder, values[1], vector, old))
        return cgutils.pack_array(builder, sums)

    return acc(acc, x, array, i, row_stride), generate


@intrinsic
def add_outer(
    _: Any, acc: Any, array: Any, i: Any, row_stride: Any, row: Any
) -> tuple[Any, Generator]:
    """acc[r, c] + array[i + r·row_stride] · row[c], for a tile as wide as `row`."""
    width = row.count

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        first = _place(context, builder, signature, values, array=1)
        step = _index(context, builder, signature.args[3], values[3])
        old, vectors = _parts(builder, values[0], acc.count), _parts(builder, values[4], width)
        sums = []
        for r in range(acc.count // width):
            x = _spread(builder, builder.load(_after(builder, first, r, step)))
            sums += [_fused(builder, x, v, old[r * width + c]) for c, v in enumerate(vectors)]
        return cgutils.pack_array(builder, sums)

    return acc(acc, array, i, row_stride, row), generate


@intrinsic(prefer_literal=True)
def add_square(
    _: Any, acc: Any, columns: Any, array: Any, i: Any, row_stride: Any, step: Any, row: Any
) -> tuple[Any, Generator]:
    """add_outer over places on a grid: acc[(r, s), c] + array[i + r·row_stride + s·step] · row[c].

    The tile has places of `columns` (a constant) in a row.
    """
    across, width = columns.literal_value, row.count

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        first = _place(context, builder, signature, values, array=2)
        down = _index(context, builder, signature.args[4], values[4])
        right = _index(context, builder, signature.args[5], values[5])
        old, vectors = _parts(builder, values[0], acc.count), _parts(builder, values[6], width)
        sums = []
        for place in range(acc.count // width):
            start = _after(builder, first, place // across, down)
            x = _spread(builder, builder.load(_after(builder, start, place % across, right)))
            sums += [_fused(builder, x, v, old[place * width + c]) for c, v in enumerate(vectors)]
        return cgutils.pack_array(builder, sums)

    return acc(acc, columns, array, i, row_stride, step, row), generate


@intrinsic(prefer_literal=True)
def add_window(
    _: Any,
    acc: Any,
    columns: Any,
    array: Any,
    i: Any,
    row_stride: Any,
    step: Any,
    weights: Any,
    w: Any,
) -> tuple[Any, Generator]:
    """Add a 3×3 convolution at four cells, for a pair of vectors of filters.

    The cells stand in rows of `columns` (a constant): 2, a pooling window, or 4. acc holds (cell
    0, both), (cell 1, both), …; the patch that they see stands at i + r·row_stride + c·step, tap
    (i, j) of both vectors at w + (3i + j)·2·LANES. Each number is read once.
    """
    across = columns.literal_value

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        first = _place(context, builder, signature, values, array=2)
        down = _index(context, builder, signature.args[4], values[4])
        right = _index(context, builder, signature.args[5], values[5])
        taps = _place(context, builder, signature, values, array=6)
        filters = [_read(builder, _after(builder, taps, k, LANES)) for k in range(18)]
        sums = _parts(builder, values[0], 8)
        for r in range(2 + 4 // across):
            row = _after(builder, first, r, down)
            for c in range(2 + across):
                x = _spread(builder, builder.load(_after(builder, row, c, right)))
                for cell in range(4):
                    ti, tj = r - cell // across, c - cell % across
                    if 0 <= ti < 3 and 0 <= tj < 3:
                        for half in range(2):
                            k, tap = 2 * cell + half, 2 * (3 * ti + tj) + half
                            sums[k] = _fused(builder, x, filters[tap], sums[k])
        return cgutils.pack_array(builder, sums)

    return acc(acc, columns, array, i, row_stride, step, weights, w), generate


@intrinsic
def add_patch(
    _: Any, acc: Any, array: Any, i: Any, row_stride: Any, x: Any
) -> tuple[Any, Generator]:
    """acc[r, c] + array[i + r·row_stride + c] · x; see `_tile_width` for the tile."""
    width = _tile_width(acc.count)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        first = _place(context, builder, signature, values, array=1)
        step = _index(context, builder, signature.args[3], values[3])
        sums = []
        for k, old in enumerate(_parts(builder, values[0], acc.count)):
            row = _after(builder, first, k // width, step) if k >= width else first
            number = builder.load(_after(builder, row, k % width, 1))
            sums.append(_fused(builder, _spread(builder, number), values[4], old))
        return cgutils.pack_array(builder, sums)

    return acc(acc, array, i, row_stride, x), generate


@intrinsic
def where_positive(_: Any, array: Any, i: Any, stride: Any, xs: Any) -> tuple[Any, Generator]:
    """xs[k] in the lanes where array[i + k·stride …] is above 0, and 0 elsewhere."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        first = _place(context, builder, signature, values)
        step = _index(context, builder, signature.args[2], values[2])
        zero, kept = ir.Constant(_F32S, [0.0] * LANES), []
        for k, x in enumerate(_parts(builder, values[3], xs.count)):
            above = builder.fcmp_ordered(">", _read(builder, _after(builder, first, k, step)), zero)
            kept.append(builder.select(above, x, zero))
        return cgutils.pack_array(builder, kept)

    return xs(array, i, stride, xs), generate


@intrinsic
def transpose(
    _: Any, array: Any, i: Any, stride: Any, target: Any, j: Any, target_stride: Any
) -> tuple[Any, Generator]:
    """target[j + c·target_stride + r] = array[i + r·stride + c] for r, c < LANES."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        source = _place(context, builder, signature, values)
        aim = _place(context, builder, signature, values, array=3)
        step = _index(context, builder, signature.args[2], values[2])
        aim_step = _index(context, builder, signature.args[5], values[5])
        rows = [_read(builder, _after(builder, source, r, step)) for r in range(LANES)]
        for c, column in enumerate(_columns(builder, rows)):
            _write(builder, column, _after(builder, aim, c, aim_step))
        return context.get_dummy_value()

    return types.void(array, i, stride, target, j, target_stride), generate


@intrinsic
def transpose_rows(
    _: Any,
    array: Any,
    i: Any,
    table: Any,
    t: Any,
    stride: Any,
    target: Any,
    j: Any,
    target_stride: Any,
) -> tuple[Any, Generator]:
    """Transpose, of rows that a table names: row r begins at i + table[t + r]·stride.

    Where the table holds −1, the row counts as zeros.
    """

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
        source = _place(context, builder, signature, values)
        names = _place(context, builder, signature, values, array=2)
        aim = _place(context, builder, signature, values, array=5)
        step = _index(context, builder, signature.args[4], values[4])
        aim_step = _index(context, builder, signature.args[7], values[7])
        rows, nothing = [], ir.Constant(_I64, 0)
        for r in range(LANES):
            name = builder.sext(builder.load(_after(builder, names, r, 1)), _I64)
            known = builder.icmp_signed(">=", name, nothing)
            row = builder.gep(source, [builder.mul(builder.select(known, name, nothing), step)])
            rows.append(
                builder.select(known, _read(builder, row), ir.Constant(_F32S, [0.0] * LANES))
            )
        for c, column in enumerate(_columns(builder, rows)):
            _write(builder, column, _after(builder, aim, c, aim_step))
        return context.get_dummy_value()

    return types.void(array, i, table, t, stride, target, j, target_stride), generate


def _columns(builder: Any, rows: list[Value]) -> list[Value]:
    """Return the columns of a square block, given its rows.

    log2(LANES) rounds: in round s, blocks of s×s off the diagonal change places.
    """
    rows, s = list(rows), 1
    while s < LANES:
        kept = [k if not k & s else LANES + k - s for k in range(LANES)]
        moved = [k + s if not k & s else LANES + k for k in range(LANES)]
        patterns = [ir.Constant(ir.VectorType(_I32, LANES), p) for p in (kept, moved)]
        for r in range(LANES):
            if not r & s:
                pair = rows[r], rows[r + s]
                rows[r], rows[r + s] = (builder.shuffle_vector(*pair, p) for p in patterns)
        s *= 2
    return rows
