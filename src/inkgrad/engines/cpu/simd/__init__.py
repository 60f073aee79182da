"""Vectors as values: the words in which the kernels are written.

Numba knows numbers and arrays. This package teaches it two more types, so that a kernel can say
what the processor does: a `Vector` of `LANES` float32 numbers, and a `Mask` of as many truth
values. Every word below becomes one machine instruction or a few; LLVM chooses them for whatever
processor it compiles for, so nothing here knows about x86 or ARM. How a word emits its instructions
is told in `emitting`.

Registers are where a kernel keeps what it uses again and again. Where one needs several (a tile of
sums), it holds them in a tuple of vectors, and the words of `tuples` and `sums` act on the whole
tuple: unrolling happens there, by emitting instructions in a loop, and nowhere else.

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
add_patches           the same for a pooling window's four cells at once
====================  ============================================================================
"""

from __future__ import annotations

from inkgrad.engines.cpu.simd.emitting import (
    Mask,
    Vector,
)
from inkgrad.engines.cpu.simd.masks import (
    bits,
    first_bit,
    greater,
    keep_bits,
    lanes,
    select,
    unequal,
)
from inkgrad.engines.cpu.simd.processor import (
    LANES,
    REGISTERS,
)
from inkgrad.engines.cpu.simd.sums import (
    add_outer,
    add_patch,
    add_patches,
    add_scaled,
    add_square,
    add_window,
)
from inkgrad.engines.cpu.simd.transposes import (
    transpose,
    transpose_bits,
    transpose_rows,
)
from inkgrad.engines.cpu.simd.tuples import (
    load_all,
    load_patch,
    load_tile,
    repeat,
    store_all,
    store_patch,
    store_tile,
    where_positive,
)
from inkgrad.engines.cpu.simd.vectors import (
    add,
    broadcast,
    div,
    fma,
    load,
    mul,
    prefetch,
    root,
    splat,
    store,
    sub,
    total,
)

__all__ = [
    "LANES",
    "REGISTERS",
    "Mask",
    "Vector",
    "add",
    "add_outer",
    "add_patch",
    "add_patches",
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
