"""A dense layer there and back, from the plain loop to sums over live numbers in the first cache.

Forward, for a batch of n drawings, I inputs and O outputs:

    y[n, o] = β[o] + Σ_i x[n, i] · w[i, o]

Backward, with d = dL/dy; x comes out of a ReLU, so where it is 0 nothing goes back:

    dw[i, o] = Σ_n x[n, i] · d[n, o]
    dx[n, i] = Σ_o d[n, o] · w[i, o]        where x[n, i] > 0, else 0

Sides are filled up with zeros to what a rung takes at once: outputs to `WIDTH`, inputs and
(backward) drawings to `CHUNK`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from bench.ladder.rung import Prepared, Results, Rung, check_numbers, filled_up, zeros
from inkgrad.engines.cpu.simd import (
    LANES,
    add_scaled,
    bits,
    broadcast,
    first_bit,
    load,
    load_all,
    repeat,
    splat,
    store_all,
    transpose,
    unequal,
    where_positive,
)
from inkgrad.layers import Dense, ReLU
from inkgrad.memory import aligned_copy

__all__ = [
    "BACKWARD",
    "CHUNK",
    "FORWARD",
    "WIDTH",
    "DenseCase",
    "by_rows",
    "chunks",
    "chunks_backward",
    "compiled",
    "compiled_backward",
    "live",
    "live_backward",
    "plain",
    "plain_backward",
    "vectors",
    "with_numpy",
    "with_numpy_backward",
]

WIDTH = 8 * LANES
"""Outputs whose sums are held in registers together: eight vectors."""

CHUNK = 64
"""Inputs that are taken together: their rows of 128 weights are 32 KB, the first cache."""

VECTORS = CHUNK // LANES
ONE = np.uint64(1)


def plain(x, weight, bias, y):
    """Write the formula down as it stands: a sum for every drawing and output."""
    for n in range(len(x)):
        for o in range(len(bias)):
            total = bias[o]
            for i in range(len(weight)):
                total += x[n][i] * weight[i][o]
            y[n][o] = total


def with_numpy(x, weight, bias):
    """Leave everything to BLAS, as the layer does."""
    y, _ = Dense(len(bias)).forward(x, weight, bias)
    return y


compiled = njit(plain)
"""The same loops as machine code.

Each product takes a weight from another row, so that of every 64 bytes that come from memory, four
are used; and each addition waits for the one before.
"""


@njit
def by_rows(x, weight, bias, y):
    """Exchange the loops: a number of x meets a whole row of weights, in the order of memory.

    The sums of a row do not wait for each other, so the compiler may do LANES of them at once. But
    y is read and written for every product.
    """
    drawings, inputs = x.shape
    for n in range(drawings):
        for o in range(len(bias)):
            y[n, o] = bias[o]
        for i in range(inputs):
            for o in range(len(bias)):
                y[n, o] += x[n, i] * weight[i, o]


@njit
def vectors(x, weight, bias, y):
    """Hold the sums of WIDTH outputs in eight registers, and read only weights.

    A multiply-add takes its weights straight from memory, so this could run at the speed of
    arithmetic, if memory could deliver: every drawing reads all weights (1.6 MB in the seed
    network) from the second cache, or the third.
    """
    drawings, inputs = x.shape
    for n in range(drawings):
        for o in range(0, len(bias), WIDTH):
            sums = load_all(8, bias, o, LANES)
            for i in range(inputs):
                sums = add_scaled(sums, broadcast(x[n], i), weight[i], o, 0)
            store_all(y[n], o, LANES, sums)


@njit
def chunks(x, weight, bias, y):
    """Take 64 inputs through the whole batch before the next 64.

    Their rows of weights are in the first cache after the first drawing, and serve all others from
    there. The price is that sums are read and written once for 64 inputs, not once for all.
    """
    drawings, inputs = x.shape
    for n in range(drawings):
        for o in range(0, len(bias), WIDTH):
            store_all(y[n], o, LANES, load_all(8, bias, o, LANES))
    for first in range(0, inputs, CHUNK):
        for o in range(0, len(bias), WIDTH):
            for n in range(drawings):
                sums = load_all(8, y[n], o, LANES)
                for i in range(first, first + CHUNK):
                    sums = add_scaled(sums, broadcast(x[n], i), weight[i], o, 0)
                store_all(y[n], o, LANES, sums)


@njit(forceinline=True)
def live_bits(numbers, first):
    """Return a word whose bit e says whether numbers[first + e] is not 0, for 64 numbers."""
    word = np.uint64(0)
    for e in range(0, CHUNK, LANES):
        word |= bits(unequal(load(numbers, first + e), splat(0.0))) << np.uint64(e)
    return word


@njit(forceinline=True)
def add_live(sums, numbers, first, matrix, row, column):
    """Add numbers[first + e] · matrix[row + e, column …] for those of 64 numbers that are not 0.

    To find the lowest bit that is set takes one instruction, to delete it another: the loop has as
    many turns as there are live numbers, and does not look at the others.
    """
    word = live_bits(numbers, first)
    while word != 0:
        e = first_bit(word)
        word &= word - ONE
        sums = add_scaled(sums, broadcast(numbers, first + e), matrix[row + e], column, 0)
    return sums


@njit
def live(x, weight, bias, y):
    """Leave out products with 0. After a ReLU and a pool half of x is 0, or more."""
    drawings, inputs = x.shape
    for n in range(drawings):
        for o in range(0, len(bias), WIDTH):
            store_all(y[n], o, LANES, load_all(8, bias, o, LANES))
    for first in range(0, inputs, CHUNK):
        for o in range(0, len(bias), WIDTH):
            for n in range(drawings):
                sums = load_all(8, y[n], o, LANES)
                store_all(y[n], o, LANES, add_live(sums, x[n], first, weight, first, o))


def plain_backward(x, weight, d, dw, dx):
    """Write both formulas down as they stand."""
    for i in range(len(weight)):
        for o in range(len(weight[i])):
            total = x[0][i] * d[0][o]
            for n in range(1, len(x)):
                total += x[n][i] * d[n][o]
            dw[i][o] = total
    for n in range(len(x)):
        for i in range(len(weight)):
            total = d[n][0] * weight[i][0]
            for o in range(1, len(weight[i])):
                total += d[n][o] * weight[i][o]
            dx[n][i] = total if x[n][i] > 0 else 0.0


def with_numpy_backward(x, weight, d):
    """Leave everything to BLAS, as the layers do: dW = xᵀ d and dx = d Wᵀ, and then the ReLU."""
    dx, gradients = Dense(weight.shape[1]).backward(d, (x, weight))
    return gradients["weight"], ReLU().backward(dx, (x > 0,))[0]


compiled_backward = njit(plain_backward)
"""The same loops as machine code."""


@njit(forceinline=True)
def turn(matrix, row, rows, column, columns, turned):
    """Transpose a part of a matrix into `turned`, by squares of LANES × LANES in registers."""
    width, height = matrix.shape[1], turned.shape[1]
    for r in range(0, rows, LANES):
        for c in range(0, columns, LANES):
            source = (row + r) * width + column + c
            transpose(matrix, source, width, turned, c * height + r, height)


@njit
def chunks_backward(x, weight, d, dw, dx, turned):
    """Take 64 inputs from end to end: their rows of dw, and then their part of every dx.

    A row of dw is a sum of rows of d, in eight registers. A row of dx is a sum of rows of Wᵀ, which
    does not exist: the 64 rows of W that are at hand are transposed, through registers.
    """
    inputs, outputs = weight.shape
    for first in range(0, inputs, CHUNK):
        for i in range(first, first + CHUNK):
            for o in range(0, outputs, WIDTH):
                sums = repeat(8, splat(0.0))
                for n in range(len(x)):
                    sums = add_scaled(sums, broadcast(x[n], i), d[n], o, 0)
                store_all(dw[i], o, LANES, sums)
        turn(weight, first, CHUNK, 0, outputs, turned)
        for n in range(len(x)):
            back = repeat(VECTORS, splat(0.0))
            for o in range(outputs):
                back = add_scaled(back, broadcast(d[n], o), turned[o], 0, 0)
            store_all(dx[n], first, LANES, where_positive(x[n], first, LANES, back))


@njit
def live_backward(x, weight, d, dw, dx, turned, columns):
    """Leave out products with 0 on the way back, too.

    For dw the bits must say which drawings are live at an input, so x is transposed as well, 64
    drawings by 64 inputs. For dx they say which outputs have a gradient: the next ReLU kept them.
    """
    inputs, outputs = weight.shape
    for first in range(0, inputs, CHUNK):
        for start in range(0, len(x), CHUNK):
            turn(x, start, CHUNK, first, CHUNK, columns)
            for i in range(CHUNK):
                for o in range(0, outputs, WIDTH):
                    sums = repeat(8, splat(0.0))
                    if start > 0:
                        sums = load_all(8, dw[first + i], o, LANES)
                    sums = add_live(sums, columns[i], 0, d, start, o)
                    store_all(dw[first + i], o, LANES, sums)
        turn(weight, first, CHUNK, 0, outputs, turned)
        for n in range(len(x)):
            back = repeat(VECTORS, splat(0.0))
            for o in range(0, outputs, CHUNK):
                back = add_live(back, d[n], o, turned, o, 0)
            store_all(dx[n], first, LANES, where_positive(x[n], first, LANES, back))


@dataclass(frozen=True)
class DenseCase:
    """A dense layer's inputs, weights and the gradient of its outputs.

    Attributes
    ----------
    x : (n, I) array
        Nothing in it is below 0.
    weight : (I, O) array
    bias : (O,) array
    d : (n, O) array
    """

    x: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    d: np.ndarray

    @property
    def drawings(self) -> int:
        """How many drawings there are."""
        return len(self.x)

    def first(self, count: int) -> DenseCase:
        """Return the same for the first drawings alone."""
        return DenseCase(self.x[:count], self.weight, self.bias, self.d[:count])

    @functools.cached_property
    def sizes(self) -> dict[str, tuple[int, float]]:
        """By result: how many terms its sums have, and the largest sum of the terms' sizes."""
        x, weight, bias, d = (
            abs(a.astype(np.float64)) for a in (self.x, self.weight, self.bias, self.d)
        )
        inputs, outputs = weight.shape
        return {
            "y": (inputs + 1, (x @ weight + bias).max(initial=0.0)),
            "dw": (len(x), (x.T @ d).max(initial=0.0)),
            "dx": (outputs, (d @ weight.T).max(initial=0.0)),
        }

    def check(self, found: Results, expected: Results) -> None:
        """Raise ValueError where results differ by more than rounding explains."""
        for name, values in found.items():
            check_numbers(name, values, expected[name], *self.sizes[name])


def _in_lists(case: DenseCase) -> Prepared:
    x, weight, bias = case.x.tolist(), case.weight.tolist(), case.bias.tolist()
    y = [[0.0] * len(bias) for _ in x]
    return Prepared(lambda: plain(x, weight, bias, y), lambda: {"y": np.array(y)})


def _arrays(case: DenseCase) -> tuple[Any, ...]:
    return tuple(aligned_copy(a, np.float32) for a in (case.x, case.weight, case.bias, case.d))


def _in_arrays(case: DenseCase) -> Prepared:
    x, weight, bias, _ = _arrays(case)
    found: dict[str, np.ndarray] = {}
    return Prepared(lambda: found.update(y=with_numpy(x, weight, bias)), lambda: found)


def _filled_up(case: DenseCase, drawings: int = 1) -> tuple[Any, ...]:
    """Return x, w, β and d, filled up to whole chunks, widths and `drawings`."""
    x, weight = filled_up(case.x, drawings, CHUNK), filled_up(case.weight, CHUNK, WIDTH)
    return x, weight, filled_up(case.bias, WIDTH), filled_up(case.d, drawings, WIDTH)


def _forward(kernel: Any, case: DenseCase) -> Prepared:
    x, weight, bias, _ = _arrays(case) if kernel is compiled else _filled_up(case)
    y = zeros(len(x), len(bias))
    outputs = len(case.bias)
    return Prepared(lambda: kernel(x, weight, bias, y), lambda: {"y": y[:, :outputs]})


def _in_lists_backward(case: DenseCase) -> Prepared:
    x, weight, d = case.x.tolist(), case.weight.tolist(), case.d.tolist()
    dw, dx = np.zeros(case.weight.shape).tolist(), np.zeros(case.x.shape).tolist()
    return Prepared(
        lambda: plain_backward(x, weight, d, dw, dx),
        lambda: {"dw": np.array(dw), "dx": np.array(dx)},
    )


def _in_arrays_backward(case: DenseCase) -> Prepared:
    x, weight, _, d = _arrays(case)
    found: dict[str, np.ndarray] = {}
    return Prepared(
        lambda: found.update(zip(("dw", "dx"), with_numpy_backward(x, weight, d), strict=True)),
        lambda: found,
    )


def _compiled_backward(case: DenseCase) -> Prepared:
    x, weight, _, d = _arrays(case)
    dw, dx = zeros(*weight.shape), zeros(*x.shape)
    return Prepared(lambda: compiled_backward(x, weight, d, dw, dx), lambda: {"dw": dw, "dx": dx})


def _backward(kernel: Any, case: DenseCase) -> Prepared:
    x, weight, _, d = _filled_up(case, CHUNK)
    dw, dx = zeros(*weight.shape), zeros(*x.shape)
    room = [zeros(weight.shape[1], CHUNK)]
    if kernel is live_backward:
        room.append(zeros(CHUNK, CHUNK))
    drawings, (inputs, outputs) = case.drawings, case.weight.shape
    return Prepared(
        lambda: kernel(x, weight, d, dw, dx, *room),
        lambda: {"dw": dw[:inputs, :outputs], "dx": dx[:drawings, :inputs]},
    )


def _all(case: DenseCase) -> float:
    return float(case.drawings * case.weight.size)


def _live(case: DenseCase) -> float:
    return float(np.count_nonzero(case.x) * len(case.bias))


def _all_backward(case: DenseCase) -> float:
    return 2 * _all(case)


def _live_backward(case: DenseCase) -> float:
    return _live(case) + float(np.count_nonzero(case.d) * len(case.weight))


FORWARD = (
    Rung("plain loops", _in_lists, _all, at_most=1),
    Rung("NumPy", _in_arrays, _all),
    Rung("compiled loops", functools.partial(_forward, compiled), _all),
    Rung("row by row", functools.partial(_forward, by_rows), _all),
    Rung("vectors", functools.partial(_forward, vectors), _all),
    Rung("chunks of 64 inputs", functools.partial(_forward, chunks), _all),
    Rung("live numbers only", functools.partial(_forward, live), _live),
)
"""There, from the bottom to the top."""

BACKWARD = (
    Rung("plain loops", _in_lists_backward, _all_backward, at_most=1),
    Rung("NumPy", _in_arrays_backward, _all_backward),
    Rung("compiled loops", _compiled_backward, _all_backward),
    Rung("chunks of 64 inputs", functools.partial(_backward, chunks_backward), _all_backward),
    Rung("live numbers only", functools.partial(_backward, live_backward), _live_backward),
)
"""And back."""
