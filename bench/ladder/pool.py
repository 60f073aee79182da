"""ReLU and 2×2 max-pooling, from the plain loop to vectors that say who won by bits.

The operation: of each window's four cells the largest is kept if it is above 0, and else 0; and
which cell it was, for the gradient will go there. Cells are numbered in row-major order, and among
equals the first wins. A window with nothing above 0 is dead: `NOBODY` won it. Where a side is odd,
its last row or column is in no window.

In *planes* an array is [drawing][filter][row][column]; *channels last* it is
[drawing][row][column][filter].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from bench.ladder.rung import Prepared, Results, Rung, filled_up, zeros
from inkgrad.engines.cpu.simd import LANES, bits, greater, keep_bits, load, select, splat, store
from inkgrad.layers import MaxPool2D, ReLU
from inkgrad.memory import aligned_copy

__all__ = [
    "NOBODY",
    "RUNGS",
    "PoolCase",
    "channels_last",
    "compiled",
    "keep_strongest",
    "plain",
    "planes_of",
    "pooled_room",
    "read_winners",
    "vectors",
    "with_numpy",
]

NOBODY = 4
"""The winner's number where no cell is above 0."""

WORD = 64  # bits


def plain(z, pooled, winner):
    """Loop over windows, and over the four cells of each."""
    for n in range(len(z)):
        for k in range(len(z[n])):
            for u in range(len(pooled[n][k])):
                for v in range(len(pooled[n][k][u])):
                    best, number = z[n][k][2 * u][2 * v], 0
                    for i in range(1, 4):
                        cell = z[n][k][2 * u + i // 2][2 * v + i % 2]
                        if cell > best:
                            best, number = cell, i
                    pooled[n][k][u][v] = best if best > 0 else 0.0
                    winner[n][k][u][v] = number if best > 0 else NOBODY


def with_numpy(z):
    """Compare whole arrays, as the layers do: four passes over z instead of a loop."""
    rectified, _ = ReLU().forward(z)
    pooled, (_, winner) = MaxPool2D(2).forward(rectified)
    return pooled, np.where(pooled > 0, winner, NOBODY)


compiled = njit(plain)
"""The same loops as machine code: no Python object is made for a number any more."""


@njit
def channels_last(z, pooled, winner):
    """Walk along the filters of a window, which stand side by side, and never branch.

    Which cell wins is chance, so a processor that guesses the outcome of an `if` is wrong half of
    the time, and each wrong guess costs some 15 cycles. A choice between two values that are both
    there is no branch, and the compiler may make it for several filters at once.
    """
    drawings, rows, columns, filters = pooled.shape
    for n in range(drawings):
        for u in range(rows):
            for v in range(columns):
                for k in range(filters):
                    a, b = z[n, 2 * u, 2 * v, k], z[n, 2 * u, 2 * v + 1, k]
                    c, d = z[n, 2 * u + 1, 2 * v, k], z[n, 2 * u + 1, 2 * v + 1, k]
                    above, below = max(a, b), max(c, d)
                    best = max(above, below)
                    number = (2 + (d > c)) if below > above else np.int64(b > a)
                    pooled[n, u, v, k] = max(best, np.float32(0))
                    winner[n, u, v, k] = number if best > 0 else NOBODY


@njit(forceinline=True)
def keep_strongest(cells, pooled, k, won):
    """Write the largest of four vectors, and in which lanes each of the four won.

    won[i] has a bit for each filter: whether cell i won. That is an eighth of what a byte for each
    winner takes, and tells the backward pass at once which of 64 filters have a gradient.
    """
    right_above, right_below = greater(cells[1], cells[0]), greater(cells[3], cells[2])
    above, below = select(right_above, cells[1], cells[0]), select(right_below, cells[3], cells[2])
    lower = greater(below, above)
    best = select(lower, below, above)
    store(pooled, k, select(greater(splat(0.0), best), splat(0.0), best))
    alive = bits(greater(best, splat(0.0)))
    is_lower, word, place = bits(lower), k // WORD, k % WORD
    keep_bits(won[0], word, place, alive & ~is_lower & ~bits(right_above))
    keep_bits(won[1], word, place, alive & ~is_lower & bits(right_above))
    keep_bits(won[2], word, place, alive & is_lower & ~bits(right_below))
    keep_bits(won[3], word, place, alive & is_lower & bits(right_below))


@njit
def vectors(z, pooled, won):
    """Take LANES filters at once: three comparisons, and the winners as bits of a word."""
    drawings, rows, columns, filters = pooled.shape
    for n in range(drawings):
        for u in range(rows):
            for v in range(columns):
                for k in range(0, filters, LANES):
                    cells = (
                        load(z[n, 2 * u, 2 * v], k),
                        load(z[n, 2 * u, 2 * v + 1], k),
                        load(z[n, 2 * u + 1, 2 * v], k),
                        load(z[n, 2 * u + 1, 2 * v + 1], k),
                    )
                    keep_strongest(cells, pooled[n, u, v], k, won[n, u, v])


@dataclass(frozen=True)
class PoolCase:
    """A convolution's outputs.

    Attributes
    ----------
    z : (n, K, rows, columns) array
    """

    z: np.ndarray

    @property
    def drawings(self) -> int:
        """How many drawings there are."""
        return len(self.z)

    def first(self, count: int) -> PoolCase:
        """Return the same for the first drawings alone."""
        return PoolCase(self.z[:count])

    def check(self, found: Results, expected: Results) -> None:
        """Raise ValueError where results differ: nothing is rounded here."""
        for name in ("pooled", "winner"):
            if not np.array_equal(found[name], expected[name]):
                raise ValueError(f"{name} differs")


def read_winners(won: np.ndarray, filters: int) -> np.ndarray:
    """Return the winners' numbers in planes, (n, K, rows, columns), from their bits.

    Parameters
    ----------
    won : (n, rows, columns, 4, words) uint64 array
        As `keep_strongest` writes them.
    filters : int
        K.
    """
    each = np.unpackbits(won.astype("<u8").view(np.uint8), axis=-1, bitorder="little")
    each = each[..., :filters]  # (n, rows, columns, 4, K)
    number = np.where(each.any(axis=3), each.argmax(axis=3), NOBODY)
    return number.transpose(0, 3, 1, 2)


def planes_of(pooled: np.ndarray, filters: int) -> np.ndarray:
    """Return what is channels last in planes, without the filters that fill it up."""
    return pooled[..., :filters].transpose(0, 3, 1, 2)


def _in_lists(case: PoolCase) -> Prepared:
    z = case.z.tolist()
    shape = (*case.z.shape[:2], case.z.shape[2] // 2, case.z.shape[3] // 2)
    pooled, winner = (np.zeros(shape).tolist() for _ in "12")
    return Prepared(
        lambda: plain(z, pooled, winner),
        lambda: {
            "pooled": np.reshape(pooled, shape).astype(np.float32),
            "winner": np.reshape(winner, shape).astype(np.uint8),
        },
    )


def _in_arrays(case: PoolCase) -> Prepared:
    z, found = aligned_copy(case.z, np.float32), {}
    return Prepared(
        lambda: found.update(zip(("pooled", "winner"), with_numpy(z), strict=True)), lambda: found
    )


def _in_planes(case: PoolCase) -> Prepared:
    z = aligned_copy(case.z, np.float32)
    n, k, rows, columns = z.shape
    pooled = zeros(n, k, rows // 2, columns // 2)
    winner = zeros(*pooled.shape, dtype=np.uint8)
    return Prepared(
        lambda: compiled(z, pooled, winner), lambda: {"pooled": pooled, "winner": winner}
    )


def pooled_room(n: int, rows: int, columns: int, filters: int) -> tuple[Any, Any, Any]:
    """Return room, channels last, for what is pooled, for winners as numbers and as bits."""
    pooled = zeros(n, rows // 2, columns // 2, filters)
    winner = zeros(*pooled.shape, dtype=np.uint8)
    won = zeros(*pooled.shape[:3], 4, -(-filters // WORD), dtype=np.uint64)
    return pooled, winner, won


def _channels_last(case: PoolCase) -> Prepared:
    z = filled_up(case.z.transpose(0, 2, 3, 1), 1, 1, 1, LANES)
    pooled, winner, _ = pooled_room(*z.shape)
    k = case.z.shape[1]
    return Prepared(
        lambda: channels_last(z, pooled, winner),
        lambda: {"pooled": planes_of(pooled, k), "winner": planes_of(winner, k)},
    )


def _by_vectors(case: PoolCase) -> Prepared:
    z = filled_up(case.z.transpose(0, 2, 3, 1), 1, 1, 1, LANES)
    pooled, _, won = pooled_room(*z.shape)
    k = case.z.shape[1]
    return Prepared(
        lambda: vectors(z, pooled, won),
        lambda: {"pooled": planes_of(pooled, k), "winner": read_winners(won, k)},
    )


RUNGS = (
    Rung("plain loops", _in_lists, at_most=1),
    Rung("NumPy", _in_arrays),
    Rung("compiled loops", _in_planes),
    Rung("channels last", _channels_last),
    Rung("vectors and bits", _by_vectors),
)
"""From the bottom to the top. The next rung is the convolution's: a pool that reads no z."""
