"""The way back through pool, ReLU and convolution, from the plain loop to sums over winners.

The gradient g of a window goes to the cell that won it, and nowhere if nobody did. With p the place
of window w's winner for filter k, and n, c the drawing and the channel:

    dw[k, c, i, j] = Σ_{n,w} g[n, k, w] · x̄[n, c, p + (i, j)]
    dx[n, c, p + (i, j)] = Σ_{k,w} g[n, k, w] · w[k, c, i, j]

summed over the windows that somebody won: of all places of a convolution at most a quarter. x̄ is x
with its padding; what dx has there is dropped.

In *planes* and *channels last* arrays stand as in `convolution`, but weights and dw have channels
last. In *slabs* x̄ and dx are [drawing][group][row][column][channel], w and dw
[group][filter][tap][channel], where a group is LANES channels; g is [drawing][window][filter].
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import njit

from bench.ladder.pool import NOBODY, WORD
from bench.ladder.rung import Prepared, Results, Rung, check_numbers, filled_up, zeros
from inkgrad.engines.cpu.simd import (
    LANES,
    add_scaled,
    broadcast,
    first_bit,
    load_all,
    load_tile,
    store_all,
    store_tile,
    transpose_bits,
)
from inkgrad.layers import Conv2D, MaxPool2D
from inkgrad.memory import aligned_copy

__all__ = [
    "RUNGS",
    "BackpropCase",
    "by_bits",
    "channels_last",
    "compiled",
    "nine_sums",
    "plain",
    "planes",
    "with_numpy",
]

ONE = np.uint64(1)
TAPS = 9


def plain(x, weight, g, winner, dw, dx):
    """Go through the windows: filters learn from the patch that the winner saw, and x from them."""
    for n in range(len(x)):
        for k in range(len(weight)):
            for u in range(len(g[n][k])):
                for v in range(len(g[n][k][u])):
                    cell = winner[n][k][u][v]
                    if cell == NOBODY:
                        continue
                    top, left = 2 * u + cell // 2, 2 * v + cell % 2
                    for c in range(len(weight[k])):
                        for i in range(len(weight[k][c])):
                            for j in range(len(weight[k][c][i])):
                                number = g[n][k][u][v]
                                dw[k][c][i][j] += number * x[n][c][top + i][left + j]
                                dx[n][c][top + i][left + j] += number * weight[k][c][i][j]


def with_numpy(conv, saved, z_shape, g, winner):
    """Go back as the layers do: spread g out, and then two products of matrices.

    Three quarters of what is multiplied, or more, are the zeros that were just spread out.
    """
    dz, _ = MaxPool2D(2).backward(g * (winner != NOBODY), (z_shape, winner))
    dx, gradients = conv.backward(dz, saved)
    return gradients["weight"], dx


compiled = njit(plain)
"""The same loops as machine code."""


@njit
def channels_last(x, weight, g, winner, dw, dx):
    """Walk along the channels, which stand side by side, in the innermost loop.

    The compiler may do LANES of them at once. For every product a sum is read and written.
    """
    drawings, rows, columns, filters = g.shape
    _, size_y, size_x, channels = weight.shape
    for n in range(drawings):
        for u in range(rows):
            for v in range(columns):
                for k in range(filters):
                    cell, number = winner[n, u, v, k], g[n, u, v, k]
                    if cell == NOBODY:
                        continue
                    top, left = 2 * u + cell // 2, 2 * v + cell % 2
                    for i in range(size_y):
                        for j in range(size_x):
                            for c in range(channels):
                                dw[k, i, j, c] += number * x[n, top + i, left + j, c]
                            for c in range(channels):
                                dx[n, top + i, left + j, c] += number * weight[k, i, j, c]


@njit
def nine_sums(x, weight, g, winner, dw, dx):
    """Hold a filter's nine sums of dw in registers while going through the windows of a drawing.

    For dw that leaves one read for each multiply-add: `add_scaled` with nine sums reads a patch of
    3×3 vectors straight into them. For dx every window still reads and writes its patch.
    """
    drawings, groups, _, columns, _ = x.shape
    row_step, across = columns * LANES, (columns - 2) // 2
    windows, filters = g.shape[1:]
    for n in range(drawings):
        for group in range(groups):
            for k in range(filters):
                sums = load_all(TAPS, dw[group, k], 0, LANES)
                for w in range(windows):
                    cell = winner[n, w, k]
                    if cell == NOBODY:
                        continue
                    row, column = 2 * (w // across) + cell // 2, 2 * (w % across) + cell % 2
                    at = row * row_step + column * LANES
                    number = broadcast(g[n, w], k)
                    sums = add_scaled(sums, number, x[n, group], at, row_step)
                    patch = load_tile(3, 3, dx[n, group], at, row_step, LANES)
                    patch = add_scaled(patch, number, weight[group, k], 0, 3 * LANES)
                    store_tile(3, dx[n, group], at, row_step, LANES, patch)
                store_all(dw[group, k], 0, LANES, sums)


@njit
def by_filter(won, square, turned):
    """Turn winners around: bit k of won[w, cell] becomes bit w of turned[k, cell].

    64 windows × 64 filters at a time, as a square of bits that is transposed in registers.
    """
    windows, _, words = won.shape
    for cell in range(4):
        for word in range(words):
            for first in range(0, windows, WORD):
                for e in range(WORD):
                    inside = first + e < windows
                    square[e] = won[first + e, cell, word] if inside else np.uint64(0)
                transpose_bits(square, 0)
                for e in range(WORD):
                    turned[word * WORD + e, cell, first // WORD] = square[e]


@njit
def filter_gradients(x, g, turned, places, row_step, dw):
    """Add a drawing's part to dw: for each filter go through the windows that it is live in."""
    for group in range(len(x)):
        for k in range(g.shape[1]):
            sums = load_all(TAPS, dw[group, k], 0, LANES)
            for cell in range(4):
                for i in range(turned.shape[2]):
                    word = turned[k, cell, i]
                    while word != 0:
                        w = i * WORD + first_bit(word)
                        word &= word - ONE
                        at = places[cell, w]
                        sums = add_scaled(sums, broadcast(g[w], k), x[group], at, row_step)
            store_all(dw[group, k], 0, LANES, sums)


@njit
def input_gradients(weight, g, won, places, row_step, dx):
    """Write a drawing's dx: at each cell go through the filters whose window it won.

    They all add to the same patch of 3×3 cells, whose nine sums stay in registers meanwhile.
    """
    for group in range(len(dx)):
        for w in range(len(g)):
            for cell in range(4):
                at = places[cell, w]
                sums = load_tile(3, 3, dx[group], at, row_step, LANES)
                for i in range(won.shape[2]):
                    word = won[w, cell, i]
                    while word != 0:
                        k = i * WORD + first_bit(word)
                        word &= word - ONE
                        number = broadcast(g[w], k)
                        sums = add_scaled(sums, number, weight[group, k], 0, 3 * LANES)
                store_tile(3, dx[group], at, row_step, LANES, sums)


@njit
def by_bits(x, weight, g, won, places, square, turned, dw, dx):
    """Take the live ones from words of bits, and hold the sums of dx in registers, too.

    Nothing asks any more who won: the bits say it, 64 answers at a time. dw wants them by filter,
    dx by window, so each drawing's are turned around once.
    """
    row_step = x.shape[3] * LANES
    for n in range(len(x)):
        by_filter(won[n], square, turned)
        filter_gradients(x[n], g[n], turned, places, row_step, dw)
        input_gradients(weight, g[n], won[n], places, row_step, dx[n])


@dataclass(frozen=True)
class BackpropCase:
    """What a convolution with ReLU and pool was given, who won, and the gradient that comes back.

    Attributes
    ----------
    x : (n, C, rows, columns) array
    weight : (K, C, f, f) array
    padding : int
    g : (n, K, u, v) array
        The gradient of what was pooled.
    winner : (n, K, u, v) array of uint8
        The cell that won each window, or `NOBODY`.
    parameters, pictures : Parameters and (n, 1, …) array, optional
        Where x comes from, as in `ConvolutionCase`.
    """

    x: np.ndarray
    weight: np.ndarray
    padding: int
    g: np.ndarray
    winner: np.ndarray
    parameters: Any = None
    pictures: Any = None

    @property
    def drawings(self) -> int:
        """How many drawings there are."""
        return len(self.x)

    def first(self, count: int) -> BackpropCase:
        """Return the same for the first drawings alone."""
        some = {name: getattr(self, name)[:count] for name in ("x", "g", "winner")}
        pictures = None if self.pictures is None else self.pictures[:count]
        return replace(self, **some, pictures=pictures)

    @property
    def live(self) -> int:
        """How many windows have a winner, all filters together."""
        return int(np.count_nonzero(self.winner != NOBODY))

    @functools.cached_property
    def sizes(self) -> dict[str, float]:
        """The largest sum of the sizes of a result's terms, by its name."""
        of_sizes = replace(self, x=abs(self.x), weight=abs(self.weight), g=abs(self.g))
        return {name: a.max(initial=0.0) for name, a in _in_arrays(of_sizes).finished().items()}

    def check(self, found: Results, expected: Results) -> None:
        """Raise ValueError where results differ by more than rounding explains."""
        filters, _, *size = self.weight.shape
        terms = {"dw": self.g.size // filters, "dx": filters * int(np.prod(size))}
        for name, values in found.items():
            check_numbers(name, values, expected[name], terms[name], self.sizes[name])


def _padded(case: BackpropCase) -> np.ndarray:
    return np.pad(case.x, ((0, 0), (0, 0), *2 * [(case.padding, case.padding)]))


def _inside(case: BackpropCase, dx: Any) -> np.ndarray:
    """Return dx, in planes, without its padding."""
    rows, columns = case.x.shape[2:]
    p = case.padding
    return np.asarray(dx)[:, : case.x.shape[1], p : p + rows, p : p + columns]


def _in_lists(case: BackpropCase) -> Prepared:
    padded = _padded(case)
    x, weight, g, winner = (a.tolist() for a in (padded, case.weight, case.g, case.winner))
    found: dict[str, Any] = {}

    def run() -> None:
        found["dw"], found["dx"] = (np.zeros(a.shape).tolist() for a in (case.weight, padded))
        plain(x, weight, g, winner, found["dw"], found["dx"])

    return Prepared(run, lambda: {"dw": found["dw"], "dx": _inside(case, found["dx"])})


def _in_arrays(case: BackpropCase) -> Prepared:
    x, weight, g = (aligned_copy(a, np.float32) for a in (case.x, case.weight, case.g))
    filters, _, *size = weight.shape
    conv = Conv2D(filters, tuple(size), padding=case.padding, bias=False)
    z, saved = conv.forward(x, weight)
    found: dict[str, np.ndarray] = {}

    def run() -> None:
        found["dw"], found["dx"] = with_numpy(conv, saved, z.shape, g, case.winner)

    return Prepared(run, lambda: found)


def _in_planes(case: BackpropCase) -> Prepared:
    x, weight, g = (aligned_copy(a, np.float32) for a in (_padded(case), case.weight, case.g))
    dw, dx = zeros(*weight.shape), zeros(*x.shape)

    def run() -> None:
        dw[...], dx[...] = 0, 0
        compiled(x, weight, g, case.winner, dw, dx)

    return Prepared(run, lambda: {"dw": dw, "dx": _inside(case, dx)})


def _channels_last(case: BackpropCase) -> Prepared:
    x, weight, g, winner = (
        np.ascontiguousarray(a.transpose(0, 2, 3, 1))
        for a in (_padded(case), case.weight, case.g, case.winner)
    )
    x, weight, g = (aligned_copy(a, np.float32) for a in (x, weight, g))
    dw, dx = zeros(*weight.shape), zeros(*x.shape)

    def run() -> None:
        dw[...], dx[...] = 0, 0
        channels_last(x, weight, g, winner, dw, dx)

    return Prepared(
        run,
        lambda: {
            "dw": dw.transpose(0, 3, 1, 2),
            "dx": _inside(case, dx.transpose(0, 3, 1, 2)),
        },
    )


def slabs(planes: np.ndarray) -> np.ndarray:
    """Return (n, C, rows, columns) as [drawing][group][row][column][channel]."""
    n, _, rows, columns = planes.shape
    grouped = filled_up(planes, 1, LANES, 1, 1).reshape(n, -1, LANES, rows, columns)
    return aligned_copy(grouped.transpose(0, 1, 3, 4, 2), np.float32)


def planes(slabs: np.ndarray) -> np.ndarray:
    """Return what `slabs` made of planes, with the channels that it was filled up with."""
    n, groups, rows, columns, lanes = slabs.shape
    return slabs.transpose(0, 1, 4, 2, 3).reshape(n, groups * lanes, rows, columns)


def _in_slabs(case: BackpropCase, bits: bool) -> Prepared:
    n, filters, u, v = case.g.shape
    x = slabs(_padded(case))
    # [group][filter][tap][channel]
    weight = slabs(case.weight).transpose(1, 0, 2, 3, 4)
    weight = aligned_copy(weight.reshape(len(weight), filters, TAPS, LANES), np.float32)
    g = aligned_copy(case.g.reshape(n, filters, u * v).transpose(0, 2, 1), np.float32)
    winner = np.ascontiguousarray(case.winner.reshape(n, filters, u * v).transpose(0, 2, 1))
    dw, dx = zeros(*weight.shape), zeros(*x.shape)
    room: tuple[np.ndarray, ...] = (winner,)
    if bits:
        cells, row_step = np.arange(4)[:, None], x.shape[3] * LANES
        row, column = np.divmod(np.arange(u * v), v)
        places = (2 * row + cells // 2) * row_step + (2 * column + cells % 2) * LANES
        words = -(-filters // WORD)
        turned = zeros(words * WORD, 4, -(-u * v // WORD), dtype=np.uint64)
        room = (_winners_as_bits(winner, words), places, zeros(WORD, dtype=np.uint64), turned)
    kernel = by_bits if bits else nine_sums

    def run() -> None:
        dw[...], dx[...] = 0, 0
        kernel(x, weight, g, *room, dw, dx)

    def read() -> dict[str, np.ndarray]:
        found = dw.transpose(1, 0, 3, 2).reshape(filters, -1, 3, 3)
        return {"dw": found[:, : case.x.shape[1]], "dx": _inside(case, planes(dx))}

    return Prepared(run, read)


def _winners_as_bits(winner: np.ndarray, words: int) -> np.ndarray:
    """Return winners (n, windows, K) as words of bits, [drawing][window][cell][word]."""
    each = winner[:, :, None, :] == np.arange(4)[:, None]
    each = np.pad(each, ((0, 0), (0, 0), (0, 0), (0, -each.shape[3] % WORD)))
    return np.packbits(each, axis=-1, bitorder="little").view("<u8").astype(np.uint64)


def _all(case: BackpropCase) -> float:
    """Return the multiply-adds of two products of matrices."""
    rows, columns = (
        case.x.shape[axis] + 2 * case.padding - case.weight.shape[axis] + 1 for axis in (2, 3)
    )
    return 2.0 * case.drawings * rows * columns * case.weight.size


def _live(case: BackpropCase) -> float:
    return 2.0 * case.live * float(np.prod(case.weight.shape[1:]))


def _is_3_by_3(case: BackpropCase) -> bool:
    return case.weight.shape[2:] == (3, 3)


RUNGS = (
    Rung("plain loops", _in_lists, _live, at_most=1),
    Rung("NumPy", _in_arrays, _all),
    Rung("compiled loops", _in_planes, _live),
    Rung("channels last", _channels_last, _live),
    Rung("nine sums", functools.partial(_in_slabs, bits=False), _live, takes=_is_3_by_3),
    Rung("winners as bits", functools.partial(_in_slabs, bits=True), _live, takes=_is_3_by_3),
)
"""From the bottom to the top."""
