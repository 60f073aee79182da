"""Dense layers, forward and backward, as sparse sums over what is not zero.

With activations A (n, I), weights W (I, O) and the gradient D = dL/dZ (n, O):

    forward     Z[n]  = β + Σ_{i: A[n,i] ≠ 0} A[n,i] · W[i]            rows of W
    backward    dW[i] = Σ_{n: A[n,i] ≠ 0} A[n,i] · D[n]                rows of D
                dA[n] = Σ_{o: D[n,o] ≠ 0} D[n,o] · Wᵀ[o]               rows of Wᵀ

All three are `sparse` sums: after a ReLU about half of A and of D is zero, and drawings are mostly
paper. Inputs are taken `CHUNK` = 64 at a time, one word of bits: 64 rows of 128 outputs are 32 KB,
the first cache, and serve every drawing of the batch before the next 64 come. In the backward pass
one task does a chunk from end to end: it transposes the chunk's W and A, forms dW (and makes the
optimiser's step on it at once, while it is in the cache) and writes dA over A.

Weights are read where they are, in the network's own parameter vector, if O is a multiple of LANES;
otherwise from a packed copy whose rows are filled up with zeros. Inputs may stand in another order
than the network's (slabs of a convolution): `rows` says which of W's rows belongs to each, −1 to
none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import inlined, kernel
from inkgrad.engines.cpu.optimizer import adam
from inkgrad.engines.cpu.pooling import rectify
from inkgrad.engines.cpu.simd import (
    LANES,
    REGISTERS,
    add,
    first_bit,
    load,
    load_all,
    prefetch,
    repeat,
    splat,
    store,
    store_all,
    transpose,
    transpose_rows,
    where_positive,
)
from inkgrad.engines.cpu.sparse import WORD, live_bits, sum_rows, sum_rows_of, sum_rows_twice
from inkgrad.engines.cpu.tiles import along_rows

__all__ = ["CHUNK", "backward", "bias_gradient", "forward", "pack_rows", "unpack_rows"]

CHUNK = WORD
"""Inputs that are taken together."""

_VECTORS = CHUNK // LANES
_APART = np.int64(CHUNK)  # of the same type as other strides
_ONE = np.uint64(1)
_HAS_ROOM = REGISTERS == 32  # for two drawings' sums
_VERY_FEW = 2  # drawings


@kernel
def pack_rows(layer: Any, theta: Any, f: Any, first: int, last: int) -> None:
    """Copy rows first … last−1 of the weights to where they are filled up with zeros."""
    for i in range(first, last):
        source, target = layer.weight + i * layer.outputs, layer.packed + i * layer.width
        for o in range(layer.outputs):
            f[target + o] = theta[source + o]


@kernel
def unpack_rows(layer: Any, f: Any, gradient: Any, first: int, last: int) -> None:
    """Copy rows of the weights' gradient from where they are filled up to their own place."""
    for i in range(first, last):
        source, target = layer.packed_gradient + i * layer.width, layer.weight + i * layer.outputs
        for o in range(layer.outputs):
            gradient[target + o] = f[source + o]


@along_rows
def _add_chunk(
    tile: Any,
    o: int,
    layer: Any,
    f: Any,
    matrix: Any,
    weights: int,
    rows: Any,
    chunk: int,
    first: int,
    last: int,
) -> None:
    """Add what a chunk of inputs gives to a tile of outputs, drawing after drawing."""
    for n in range(first, last):
        if o == 0 and chunk + 1 < layer.chunks:
            _fetch_ahead(layer, f, matrix, weights, rows, chunk + 1, n, first, last)
        a = layer.input + n * layer.input_step + chunk * CHUNK
        z = layer.output + n * layer.output_step + o
        acc = load_all(tile, f, z, LANES)
        acc = sum_rows_of(acc, live_bits(f, a), f, a, matrix, weights + o, rows, chunk * CHUNK)
        store_all(f, z, LANES, acc)


@kernel
def forward(layer: Any, f: Any, theta: Any, tables: Any, first: int, last: int) -> None:
    """Write Z (or max(Z, 0)) of drawings first … last−1."""
    matrix, weights = (f, layer.packed) if layer.is_packed else (theta, layer.weight)
    rows = tables[layer.row_at :]
    z, step = layer.output, layer.output_step
    for n in range(first, last):
        for o in range(0, layer.width, LANES):
            store(f, z + n * step + o, load(f, layer.packed_bias + o))
    for chunk in range(layer.chunks):
        _add_chunk(layer.width, layer, f, matrix, weights, rows, chunk, first, last)
    if layer.rectified:
        for n in range(first, last):
            for o in range(z + n * step, z + n * step + layer.width, LANES):
                store(f, o, rectify(load(f, o)))


@kernel
def _fetch_ahead(
    layer: Any,
    f: Any,
    matrix: Any,
    weights: int,
    rows: Any,
    chunk: int,
    n: int,
    first: int,
    last: int,
) -> None:
    """Have rows of the next chunk fetched: drawing n's share of all.

    Of very few drawings most inputs are 0 in each, so that only those rows are fetched that this
    one needs.
    """
    if last - first <= _VERY_FEW:
        live = live_bits(f, layer.input + n * layer.input_step + chunk * CHUNK)
        while live != 0:
            row = rows[chunk * CHUNK + first_bit(live)]
            live &= live - _ONE
            prefetch(matrix, weights + row, layer.width)
        return
    part, parts = n - first, last - first
    for i in range(CHUNK * part // parts, CHUNK * (part + 1) // parts):
        row = rows[chunk * CHUNK + i]
        if row >= 0:
            prefetch(matrix, weights + row, layer.width)


@kernel
def bias_gradient(layer: Any, f: Any, gradient: Any, n: int, scratch: int) -> None:
    """Write dβ = the sum of D's rows, drawing after drawing."""
    for o in range(0, layer.width, LANES):
        acc = splat(0.0)
        for i in range(n):
            acc = add(acc, load(f, layer.output + i * layer.output_step + o))
        store(f, scratch, acc)
        for lane in range(min(LANES, layer.outputs - o)):
            gradient[layer.bias + o + lane] = f[scratch + lane]


@kernel
def backward(
    layer: Any,
    f: Any,
    theta: Any,
    gradient: Any,
    m: Any,
    v: Any,
    rule: Any,
    tables: Any,
    chunk: int,
    n: int,
    scratch: int,
) -> float:
    """Do one chunk of inputs: dW and the step on it, and dA in place of A.

    Parameters
    ----------
    layer : record
        See `records.DENSE`.
    f, theta, gradient, m, v : arrays
        The buffers; parameters and their gradient; the optimiser's two averages.
    rule : record
        The optimiser's settings; with rule.fused, W, m and v are changed in place and `gradient` is
        not written.
    n : int
        Drawings.
    scratch : place
        For Wᵀ (width × 64), Aᵀ (64 × 64) and dW (64 × width).

    Returns
    -------
    float
        The sum of the squares of dW, if the step was made here; otherwise 0.
    """
    rows = tables[layer.row_at + chunk * CHUNK :]
    a = layer.input + chunk * CHUNK
    turned = scratch
    columns = turned + layer.width * CHUNK
    sums = columns + CHUNK * CHUNK
    if layer.passes_back:
        _turn_weights(layer, f, theta, rows, turned)
    for start in range(0, n, CHUNK):
        count = min(CHUNK, n - start)
        _turn_inputs(layer, f, a + start * layer.input_step, count, columns)
        there = (_ONE << np.uint64(count)) - _ONE if count < 64 else ~np.uint64(0)
        d = layer.output + start * layer.output_step
        for i in range(CHUNK):
            if rows[i] >= 0:
                if start == 0 and rule.fused and not layer.is_packed:
                    prefetch(m, layer.weight + rows[i], layer.width)
                    prefetch(v, layer.weight + rows[i], layer.width)
                column, dw = columns + i * CHUNK, sums + i * layer.width
                live = live_bits(f, column) & there
                _weight_row(layer.width, layer, f, live, column, d, dw, start == 0)
    total = 0.0
    for i in range(CHUNK):
        if rows[i] >= 0:
            dw, at = sums + i * layer.width, layer.weight + rows[i]
            if layer.is_packed:
                _copy(f, dw, f, layer.packed_gradient + rows[i], layer.width)
            elif rule.fused:
                total += adam(rule, theta, m, v, f, dw, at, layer.width)
            else:
                _copy(f, dw, gradient, at, layer.width)
    if layer.passes_back:
        _write_input_gradients(layer, f, a, n, turned)
    return total


@inlined
def _turn_weights(layer: Any, f: Any, theta: Any, rows: Any, turned: int) -> None:
    """Write Wᵀ of a chunk, (width, 64)."""
    matrix, weights = (f, layer.packed) if layer.is_packed else (theta, layer.weight)
    for i in range(0, CHUNK, LANES):
        for o in range(0, layer.width, LANES):
            to = turned + o * CHUNK + i
            transpose_rows(matrix, weights + o, rows, i, 1, f, to, CHUNK)


@inlined
def _turn_inputs(layer: Any, f: Any, a: int, count: int, columns: int) -> None:
    """Write Aᵀ of up to 64 drawings, (64, 64)."""
    for i in range(0, CHUNK, LANES):
        for r in range(0, count, LANES):
            source, to = a + r * layer.input_step + i, columns + i * CHUNK + r
            transpose(f, source, layer.input_step, f, to, CHUNK)


@inlined
def _write_input_gradients(layer: Any, f: Any, a: int, n: int, turned: int) -> None:
    """Write a chunk of dA over A, for all drawings; two at a time where there is room."""
    i = 0
    while i < n:
        acc = repeat(_VECTORS, splat(0.0))
        d, at = layer.output + i * layer.output_step, a + i * layer.input_step
        if _HAS_ROOM and i + 1 < n:
            other, next_d = acc, d + layer.output_step
            for o in range(0, layer.width, WORD):
                row = turned + o * CHUNK
                acc, other = sum_rows_twice(acc, other, f, d + o, next_d + o, f, row, _APART)
            _put_input_gradient(layer, f, at + layer.input_step, other)
        else:
            for o in range(0, layer.width, WORD):
                row = turned + o * CHUNK
                acc = sum_rows(acc, live_bits(f, d + o), f, d + o, 1, f, row, _APART)
        _put_input_gradient(layer, f, at, acc)
        i += 2 if _HAS_ROOM else 1


@inlined
def _put_input_gradient(layer: Any, f: Any, at: int, acc: Any) -> None:
    """Write a chunk of one drawing's dA over A."""
    if layer.input_rectified:  # the ReLU between this layer and the one before
        acc = where_positive(f, at, LANES, acc)
    store_all(f, at, LANES, acc)


@inlined
def _copy(source: Any, s: int, target: Any, t: int, count: int) -> None:
    for i in range(0, count, LANES):
        store(target, t + i, load(source, s + i))


@along_rows
def _weight_row(
    tile: Any, o: int, layer: Any, f: Any, live: Any, a: int, d: int, to: int, is_first: bool
) -> None:
    """Add what up to 64 drawings give to a tile of one row of dW."""
    acc = tile if is_first else load_all(tile, f, to + o, LANES)
    acc = sum_rows(acc, live, f, a, 1, f, d + o, layer.output_step)
    store_all(f, to + o, LANES, acc)
