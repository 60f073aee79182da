"""Convolution with ReLU and 2×2 pooling, from the plain loop to Winograd's method in one tile.

The operation, for filters of f×f cells and stride 1:

    z[n, k, u, v] = β[k] + Σ_{c,i,j} w[k, c, i, j] · x̄[n, c, u + i, v + j]

where x̄ is x with its padding, and then `pool`'s: of each window's four cells the largest, if it is
above 0, and which it was. All rungs do all of that; those that write z call a rung of `pool` for
the rest.

In *planes* x̄ is [drawing][channel][row][column] and w is [filter][channel][i][j]. *Channels last*
they are [drawing][row][column][channel] and [i][j][channel][filter], and filters are filled up with
zeros to whole pairs of vectors. The rungs from `blank_skipped` on are also told where there is ink,
and their last drawing is blank paper.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import njit

from bench.ladder import pool
from bench.ladder.rung import Prepared, Results, Rung, check_numbers, filled_up, zeros
from inkgrad.engines.cpu.simd import (
    LANES,
    REGISTERS,
    add,
    add_outer,
    broadcast,
    fma,
    load,
    load_all,
    repeat,
    splat,
    store,
    store_all,
    sub,
)
from inkgrad.layers import Conv2D
from inkgrad.memory import aligned_copy

__all__ = [
    "PAIR",
    "RUNGS",
    "TILE",
    "ConvolutionCase",
    "blank_skipped",
    "channels_last",
    "compiled",
    "fused",
    "plain",
    "tile",
    "vectors",
    "winograd",
    "with_numpy",
]

PAIR = 2 * LANES
"""Filters in a pair of vectors."""

TILE = 14 if REGISTERS == 32 else 6
"""Windows in one of Winograd's products: 14·2 sums + 2 of U + 1 of V are 31 of 32 registers."""

SUMS = 2 * TILE
POINTS = 16


def plain(x, weight, bias, z):
    """Write the formula down as it stands: seven loops, a sum in the middle."""
    for n in range(len(x)):
        for k in range(len(weight)):
            for u in range(len(z[n][k])):
                for v in range(len(z[n][k][u])):
                    total = bias[k]
                    for c in range(len(weight[k])):
                        for i in range(len(weight[k][c])):
                            for j in range(len(weight[k][c][i])):
                                total += weight[k][c][i][j] * x[n][c][u + i][v + j]
                    z[n][k][u][v] = total


def with_numpy(x, weight, bias, padding):
    """Write each place's patch as a column, and leave all loops to one product of matrices.

    x is not padded here. Every number of it is copied f² times, and then BLAS multiplies as fast as
    it can: somebody else has climbed this ladder.
    """
    filters, _, *size = weight.shape
    z, _ = Conv2D(filters, tuple(size), padding=padding).forward(x, weight, bias)
    return z


compiled = njit(plain)
"""The same loops as machine code.

One number is multiplied at a time, and each addition waits for the one before: the compiler must
not change the order of a sum, for that would change its rounding.
"""


@njit
def channels_last(x, weight, bias, z):
    """Exchange the loops, so that the innermost one walks along filters that stand side by side.

    Its sums belong to different filters and do not wait for each other, and its numbers follow one
    another in memory. So the compiler may do LANES of them in one instruction. But now z is read
    and written for every product: three accesses to memory for one multiply-add.
    """
    drawings, rows, columns, filters = z.shape
    size_y, size_x, channels, _ = weight.shape
    for n in range(drawings):
        for u in range(rows):
            for v in range(columns):
                for k in range(filters):
                    z[n, u, v, k] = bias[k]
                for i in range(size_y):
                    for j in range(size_x):
                        for c in range(channels):
                            number = x[n, u + i, v + j, c]
                            for k in range(filters):
                                z[n, u, v, k] += number * weight[i, j, c, k]


@njit
def vectors(x, weight, bias, z):
    """Hold the sum of LANES filters in a register until it is complete.

    z is written once. A multiply-add takes one vector of weights and one number of x, the same for
    all lanes: two reads for one multiply-add. And each of them waits for the one before, which
    takes four cycles, in which the processor could begin eight.
    """
    drawings, rows, columns, filters = z.shape
    size_y, size_x, channels, _ = weight.shape
    for n in range(drawings):
        for u in range(rows):
            for v in range(columns):
                for k in range(0, filters, LANES):
                    total = load(bias, k)
                    for i in range(size_y):
                        for j in range(size_x):
                            for c in range(channels):
                                number = broadcast(x[n, u + i, v + j], c)
                                total = fma(number, load(weight[i, j, c], k), total)
                    store(z[n, u, v], k, total)


@njit(forceinline=True)
def window_sums(x, weight, bias, n, u, v, k):
    """Return the sums of one pooling window, (u, v) at its top left, for a pair of vectors.

    Four places × two vectors are eight sums, which do not wait for each other. Six reads serve
    eight multiply-adds: each vector of weights four places, each number of x two vectors.
    """
    size_y, size_x, channels, _ = weight.shape
    a = b = c = d = load(bias, k)  # the four cells' sums of the first vector
    e = f = g = h = load(bias, k + LANES)  # and of the second
    for i in range(size_y):
        for j in range(size_x):
            for channel in range(channels):
                first = load(weight[i, j, channel], k)
                second = load(weight[i, j, channel], k + LANES)
                number = broadcast(x[n, u + i, v + j], channel)
                a, e = fma(number, first, a), fma(number, second, e)
                number = broadcast(x[n, u + i, v + j + 1], channel)
                b, f = fma(number, first, b), fma(number, second, f)
                number = broadcast(x[n, u + i + 1, v + j], channel)
                c, g = fma(number, first, c), fma(number, second, g)
                number = broadcast(x[n, u + i + 1, v + j + 1], channel)
                d, h = fma(number, first, d), fma(number, second, h)
    return (a, b, c, d), (e, f, g, h)


@njit(forceinline=True)
def write_window(z, n, u, v, k, cells):
    """Write a window's four cells for one vector of filters."""
    store(z[n, u, v], k, cells[0])
    store(z[n, u, v + 1], k, cells[1])
    store(z[n, u + 1, v], k, cells[2])
    store(z[n, u + 1, v + 1], k, cells[3])


@njit
def tile(x, weight, bias, z):
    """Sum eight vectors at once: a tile that stays in registers."""
    drawings, rows, columns, filters = z.shape
    for n in range(drawings):
        for u in range(0, rows - 1, 2):
            for v in range(0, columns - 1, 2):
                for k in range(0, filters, PAIR):
                    both = window_sums(x, weight, bias, n, u, v, k)
                    write_window(z, n, u, v, k, both[0])
                    write_window(z, n, u, v, k + LANES, both[1])


@njit
def sees_ink(ink, n, u, v, size_y, size_x):
    """Whether there is ink in what the window at (u, v) sees: four patches that overlap."""
    for y in range(u, u + size_y + 1):
        for x in range(v, v + size_x + 1):
            if ink[n, y, x]:
                return True
    return False


@njit
def find_windows(ink, size_y, size_x, windows):
    """List the windows that see ink, each as drawing, row, column; return how many they are.

    The others follow them in the list.
    """
    drawings, rows, columns = ink.shape
    found, blank = 0, len(windows)
    for n in range(drawings):
        for u in range(0, rows - size_y, 2):
            for v in range(0, columns - size_x, 2):
                if sees_ink(ink, n, u, v, size_y, size_x):
                    w = found
                    found += 1
                else:
                    blank -= 1
                    w = blank
                windows[w, 0], windows[w, 1], windows[w, 2] = n, u, v
    return found


@njit
def copy_blank_cells(z, windows, first):
    """Copy blank paper's answer into windows number `first` and on."""
    for w in range(first, len(windows)):
        n, u, v = windows[w]
        for i in range(u, u + 2):
            for j in range(v, v + 2):
                for k in range(0, z.shape[3], LANES):
                    store(z[n, i, j], k, load(z[-1, i, j], k))


@njit
def blank_skipped(x, weight, bias, ink, windows, z):
    """Compute only windows that see ink, and copy blank paper's answer into the others.

    The last drawing is blank paper, and counts as ink all over, so that its windows are computed
    once for all drawings. They need not be 0: a bias makes features even of nothing.
    """
    found = find_windows(ink, weight.shape[0], weight.shape[1], windows)
    for w in range(found):
        n, u, v = windows[w]
        for k in range(0, z.shape[3], PAIR):
            both = window_sums(x, weight, bias, n, u, v, k)
            write_window(z, n, u, v, k, both[0])
            write_window(z, n, u, v, k + LANES, both[1])
    copy_blank_cells(z, windows, found)


@njit(forceinline=True)
def mix(a, b, c, d):
    """Return Bᵀ(a, b, c, d) = (a − c, b + c, c − b, b − d)."""
    return sub(a, c), add(b, c), sub(c, b), sub(b, d)


@njit(forceinline=True)
def mixed_column(x, n, u, v, c):
    """Return one column of Bᵀ d, where d is a 4×4 patch of x."""
    cells = load(x[n, u, v], c), load(x[n, u + 1, v], c), load(x[n, u + 2, v], c)
    return mix(cells[0], cells[1], cells[2], load(x[n, u + 3, v], c))


@njit(forceinline=True)
def fold(a, b, c, d):
    """Return Aᵀ(a, b, c, d) = (a + b + c, b − c − d)."""
    return add(a, add(b, c)), sub(sub(b, c), d)


@njit
def transform_patches(x, windows, V):
    """V = Bᵀ d B for the 4×4 patch d of each window, LANES channels at a time: 32 additions."""
    for t in range(len(windows)):
        n, u, v = windows[t]
        for c in range(0, x.shape[3], LANES):
            left, right = mixed_column(x, n, u, v, c), mixed_column(x, n, u, v + 3, c)
            second, third = mixed_column(x, n, u, v + 1, c), mixed_column(x, n, u, v + 2, c)
            for row in range(4):
                mixed = mix(left[row], second[row], third[row], right[row])
                for column in range(4):
                    store(V[4 * row + column, t], c, mixed[column])


@njit
def multiply(V, U, M):
    """M = V U at each of the 16 points: TILE windows × a pair of vectors, all in registers."""
    width = V.shape[2]
    for point in range(POINTS):
        sums = repeat(SUMS, splat(0.0))
        for c in range(U.shape[1]):
            sums = add_outer(sums, V[point], c, width, load_all(2, U[point, c], 0, LANES))
        store_all(M[point], 0, LANES, sums)


@njit(forceinline=True)
def transform_products(M, t, half, bias):
    """Return Y = Aᵀ M A + β, a window's four cells in row-major order, for LANES filters."""
    step = TILE * PAIR
    at = t * PAIR + half
    top, low = (bias, bias, bias, bias), (bias, bias, bias, bias)
    a = load_all(4, M, at, 4 * step)
    b = load_all(4, M, at + step, 4 * step)
    c = load_all(4, M, at + 2 * step, 4 * step)
    d = load_all(4, M, at + 3 * step, 4 * step)
    top_a, low_a = fold(a[0], a[1], a[2], a[3])
    top_b, low_b = fold(b[0], b[1], b[2], b[3])
    top_c, low_c = fold(c[0], c[1], c[2], c[3])
    top_d, low_d = fold(d[0], d[1], d[2], d[3])
    top = fold(add(top_a, bias), top_b, top_c, sub(top_d, bias))
    low = fold(add(low_a, bias), low_b, low_c, sub(low_d, bias))
    return top[0], top[1], low[0], low[1]


@njit
def winograd(x, U, bias, ink, windows, V, M, z):
    """Compute a window's four cells by 16 products a channel and filter instead of 36.

    Winograd's F(2×2, 3×3): Y = Aᵀ [Σ_c (G g Gᵀ) ⊙ (Bᵀ d B)] A, with d the window's 4×4 patch and g
    the filter. U = G g Gᵀ is made once for all drawings. ⊙ is a product of 16 pairs of numbers; for
    TILE windows and all filters it is 16 products of matrices, whose tile fills the registers.
    """
    found = find_windows(ink, 3, 3, windows)
    for first in range(0, found, TILE):
        some = windows[first : min(first + TILE, found)]
        transform_patches(x, some, V)
        for pair in range(len(U)):
            multiply(V, U[pair], M)
            for t in range(len(some)):
                n, u, v = some[t]
                for half in range(0, PAIR, LANES):
                    k = pair * PAIR + half
                    write_window(z, n, u, v, k, transform_products(M, t, half, load(bias, k)))
    copy_blank_cells(z, windows, found)


@njit
def copy_blank_answers(pooled, won, windows, first):
    """Copy blank paper's answer, which is pooled, into windows number `first` and on."""
    for w in range(first, len(windows)):
        n, u, v = windows[w, 0], windows[w, 1] // 2, windows[w, 2] // 2
        for k in range(0, pooled.shape[3], LANES):
            store(pooled[n, u, v], k, load(pooled[-1, u, v], k))
        for cell in range(4):
            for word in range(won.shape[4]):
                won[n, u, v, cell, word] = won[-1, u, v, cell, word]


@njit
def fused(x, U, bias, ink, windows, V, M, pooled, won):
    """Pool Winograd's tile while it is in registers: it is the pooling window. z is gone."""
    found = find_windows(ink, 3, 3, windows)
    for first in range(0, found, TILE):
        some = windows[first : min(first + TILE, found)]
        transform_patches(x, some, V)
        for pair in range(len(U)):
            multiply(V, U[pair], M)
            for t in range(len(some)):
                n, u, v = some[t][0], some[t][1] // 2, some[t][2] // 2
                for half in range(0, PAIR, LANES):
                    k = pair * PAIR + half
                    cells = transform_products(M, t, half, load(bias, k))
                    pool.keep_strongest(cells, pooled[n, u, v], k, won[n, u, v])
    copy_blank_answers(pooled, won, windows, found)


G = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])


def transform_filters(weight: np.ndarray) -> np.ndarray:
    """Return U = G g Gᵀ, [pair of vectors][point][channel][filter of the pair]."""
    weight = np.pad(weight, ((0, -len(weight) % PAIR), (0, 0), (0, 0), (0, 0)))
    U = np.einsum("ai,kcij,bj->abck", G, weight, G)
    U = U.reshape(POINTS, weight.shape[1], -1, PAIR).transpose(2, 0, 1, 3)
    return aligned_copy(U, np.float32)


@dataclass(frozen=True)
class ConvolutionCase:
    """A convolution's inputs and weights.

    Attributes
    ----------
    x : (n, C, rows, columns) array
    weight : (K, C, f, f) array
    bias : (K,) array
    padding : int
        Rows and columns of zeros added on every side; its cells are never ink.
    blank : (C, rows, columns) array
        What x is for blank paper.
    ink : (n, rows, columns) array of bool
        Where x may differ from that.
    parameters, pictures : Parameters and (n, 1, …) array, optional
        Where x comes from: a network of two such blocks, of which this is the second, and its
        input. The engine needs them.
    """

    x: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    padding: int
    blank: np.ndarray
    ink: np.ndarray
    parameters: Any = None
    pictures: Any = None

    @classmethod
    def of(cls, parameters: Any, pictures: np.ndarray) -> ConvolutionCase:
        """Return the second of a network's two blocks of convolution, ReLU and pool.

        The first has 3×3 filters and padding 1, so a window of its pool sees 4×4 cells.
        """
        first, second = parameters.network.stages[:3], parameters.network.stages[3]
        x = np.concatenate([pictures, np.zeros_like(pictures[:1])])
        windows = np.lib.stride_tricks.sliding_window_view(_padded(x, 1), (4, 4), (2, 3))
        ink = windows[:, :, ::2, ::2].any(axis=(1, 4, 5))
        for stage in first:
            x, _ = stage.layer.forward(x, **parameters.of(stage))
        padding, _ = second.layer.padding
        numbers = parameters.of(second)
        weight, bias = numbers["weight"], numbers["bias"]
        return cls(x[:-1], weight, bias, padding, x[-1], ink[:-1], parameters, pictures)

    @property
    def drawings(self) -> int:
        """How many drawings there are."""
        return len(self.x)

    def first(self, count: int) -> ConvolutionCase:
        """Return the same for the first drawings alone."""
        pictures = None if self.pictures is None else self.pictures[:count]
        return replace(self, x=self.x[:count], ink=self.ink[:count], pictures=pictures)

    @property
    def filters(self) -> int:
        """K."""
        return len(self.weight)

    @property
    def terms(self) -> int:
        """How many products a sum has."""
        return int(np.prod(self.weight.shape[1:]))

    @functools.cached_property
    def exact(self) -> tuple[np.ndarray, float]:
        """The outputs z in float64, and the largest sum of the sizes of an output's terms."""
        x, weight, bias = (a.astype(np.float64) for a in (self.x, self.weight, self.bias))
        z = with_numpy(x, weight, bias, self.padding)
        return z, with_numpy(abs(x), abs(weight), abs(bias), self.padding).max(initial=0.0)

    def check(self, found: Results, expected: Results) -> None:
        """Raise ValueError where results differ by more than rounding explains.

        Another cell may win a window, or nobody, if its z is as large but for rounding.
        """
        z, size = self.exact
        check_numbers("pooled", found["pooled"], expected["pooled"], self.terms, size)
        rows, columns = z.shape[2] // 2 * 2, z.shape[3] // 2 * 2
        windows = z[:, :, :rows, :columns].reshape(*z.shape[:2], rows // 2, 2, columns // 2, 2)
        cells = windows.transpose(0, 1, 2, 4, 3, 5).reshape(*windows.shape[:3], columns // 2, 4)
        cells = np.concatenate([cells, np.zeros((*cells.shape[:4], 1))], axis=-1)  # NOBODY gives 0
        winners = (
            np.take_along_axis(cells, r["winner"][..., None].astype(int), -1)
            for r in (found, expected)
        )
        check_numbers("the winner's z", *winners, self.terms, size)


def _padded(x: np.ndarray, padding: int) -> np.ndarray:
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def _places(case: ConvolutionCase) -> tuple[int, int]:
    """Return rows and columns of z."""
    rows, columns = (
        case.x.shape[axis] + 2 * case.padding - case.weight.shape[axis] + 1 for axis in (2, 3)
    )
    return rows, columns


def _in_lists(case: ConvolutionCase) -> Prepared:
    x, weight, bias = (
        _padded(case.x, case.padding).tolist(),
        case.weight.tolist(),
        case.bias.tolist(),
    )
    shape = (case.drawings, case.filters, *_places(case))
    z = np.zeros(shape).tolist()
    pooled, winner = (np.zeros((*shape[:2], shape[2] // 2, shape[3] // 2)).tolist() for _ in "12")

    def run() -> None:
        plain(x, weight, bias, z)
        pool.plain(z, pooled, winner)

    return Prepared(run, lambda: {"pooled": np.array(pooled), "winner": np.array(winner)})


def _in_arrays(case: ConvolutionCase) -> Prepared:
    x, weight, bias = (aligned_copy(a, np.float32) for a in (case.x, case.weight, case.bias))
    found: dict[str, np.ndarray] = {}

    def run() -> None:
        z = with_numpy(x, weight, bias, case.padding)
        found["pooled"], found["winner"] = pool.with_numpy(z)

    return Prepared(run, lambda: found)


def _in_planes(case: ConvolutionCase) -> Prepared:
    x = aligned_copy(_padded(case.x, case.padding), np.float32)
    weight, bias = (aligned_copy(a, np.float32) for a in (case.weight, case.bias))
    z = zeros(case.drawings, case.filters, *_places(case))
    pooled = zeros(*z.shape[:2], z.shape[2] // 2, z.shape[3] // 2)
    winner = zeros(*pooled.shape, dtype=np.uint8)

    def run() -> None:
        compiled(x, weight, bias, z)
        pool.compiled(z, pooled, winner)

    return Prepared(run, lambda: {"pooled": pooled, "winner": winner})


def _turned(case: ConvolutionCase, blank: bool = False) -> tuple[np.ndarray, ...]:
    """Return x (with blank paper as the last drawing, if asked for), w and β, channels last."""
    x = np.concatenate([case.x, case.blank[None]]) if blank else case.x
    x = _padded(x, case.padding).transpose(0, 2, 3, 1)
    weight = filled_up(case.weight.transpose(2, 3, 1, 0), 1, 1, 1, PAIR)
    return filled_up(x, 1, 1, 1, LANES), weight, filled_up(case.bias, PAIR)


def _channels_last(case: ConvolutionCase) -> Prepared:
    x, weight, bias = _turned(case)
    z = zeros(case.drawings, *_places(case), len(bias))
    pooled, winner, _ = pool.pooled_room(*z.shape)

    def run() -> None:
        channels_last(x, weight, bias, z)
        pool.channels_last(z, pooled, winner)

    return Prepared(
        run,
        lambda: {
            "pooled": pool.planes_of(pooled, case.filters),
            "winner": pool.planes_of(winner, case.filters),
        },
    )


def _by_vectors(kernel: Any, case: ConvolutionCase) -> Prepared:
    x, weight, bias = _turned(case)
    z = zeros(case.drawings, *_places(case), len(bias))
    pooled, _, won = pool.pooled_room(*z.shape)

    def run() -> None:
        kernel(x, weight, bias, z)
        pool.vectors(z, pooled, won)

    return Prepared(run, _reader(case, pooled, won))


def _ink_of(case: ConvolutionCase) -> tuple[np.ndarray, np.ndarray]:
    """Return where the padded drawings have ink, blank paper behind them; and room for windows."""
    ink = np.pad(case.ink, ((0, 0), *2 * [(case.padding, case.padding)]))
    ink = np.concatenate([ink, np.ones_like(ink[:1])])
    rows, columns = _places(case)
    return ink, np.zeros((len(ink) * (rows // 2) * (columns // 2), 3), np.int64)


def _with_ink(case: ConvolutionCase) -> Prepared:
    x, weight, bias = _turned(case, blank=True)
    ink, windows = _ink_of(case)
    z = zeros(case.drawings + 1, *_places(case), len(bias))
    pooled, _, won = pool.pooled_room(*z.shape)

    def run() -> None:
        blank_skipped(x, weight, bias, ink, windows, z)
        pool.vectors(z, pooled, won)

    return Prepared(run, _reader(case, pooled, won))


def _by_winograd(case: ConvolutionCase, writes_z: bool) -> Prepared:
    x, _, bias = _turned(case, blank=True)
    U = transform_filters(case.weight)
    ink, windows = _ink_of(case)
    V, M = zeros(POINTS, TILE, x.shape[3]), zeros(POINTS, TILE, PAIR)
    shape = (case.drawings + 1, *_places(case), len(bias))
    z = zeros(*shape) if writes_z else None
    pooled, _, won = pool.pooled_room(*shape)

    def run() -> None:
        if writes_z:
            winograd(x, U, bias, ink, windows, V, M, z)
            pool.vectors(z, pooled, won)
        else:
            fused(x, U, bias, ink, windows, V, M, pooled, won)

    return Prepared(run, _reader(case, pooled, won))


def _reader(case: ConvolutionCase, pooled: np.ndarray, won: np.ndarray) -> Any:
    n, k = case.drawings, case.filters
    return lambda: {
        "pooled": pool.planes_of(pooled[:n], k),
        "winner": pool.read_winners(won[:n], k),
    }


def _all(case: ConvolutionCase) -> float:
    """Return the multiply-adds of every output."""
    return float(case.drawings * case.filters * np.prod(_places(case)) * case.terms)


def _inked_windows(case: ConvolutionCase) -> int:
    """Return how many windows see ink, those of blank paper among them."""
    ink, windows = _ink_of(case)
    return int(find_windows(ink, *case.weight.shape[2:], windows))


def _inked(case: ConvolutionCase) -> float:
    return float(_inked_windows(case) * 4 * case.filters * case.terms)


def _by_points(case: ConvolutionCase) -> float:
    return float(_inked_windows(case) * POINTS * case.filters * case.weight.shape[1])


def _is_3_by_3(case: ConvolutionCase) -> bool:
    return case.weight.shape[2:] == (3, 3)


RUNGS = (
    Rung("plain loops", _in_lists, _all, at_most=1),
    Rung("NumPy", _in_arrays, _all),
    Rung("compiled loops", _in_planes, _all),
    Rung("channels last", _channels_last, _all),
    Rung("vectors", functools.partial(_by_vectors, vectors), _all),
    Rung("a tile of sums", functools.partial(_by_vectors, tile), _all),
    Rung("blank paper skipped", _with_ink, _inked),
    Rung("Winograd", functools.partial(_by_winograd, writes_z=True), _by_points, takes=_is_3_by_3),
    Rung(
        "pooled in the tile",
        functools.partial(_by_winograd, writes_z=False),
        _by_points,
        takes=_is_3_by_3,
    ),
)
"""From the bottom to the top."""
