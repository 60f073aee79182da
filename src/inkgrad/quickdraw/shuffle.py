"""Shuffled orders of an epoch in constant memory: full, or by blocks of neighbouring rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inkgrad.errors import DataError
from inkgrad.quickdraw.drawings import Indices
from inkgrad.quickdraw.permutation import (
    Permutation,
    Words,
    checked_places,
    key_of,
    permuted,
    width_of,
)

__all__ = ["BLOCK", "BlockShuffle", "Quality", "quality_of"]

BLOCK = 256
"""Neighbouring rows that are read together: 200 kB at 28 pixels, 49 pages of a disk."""

_SPREAD = np.uint64(0xD6E8FEB86659FD93)  # odd: distinct strata have distinct keys
_WINDOW = 1024  # blocks that are mixed with one another: 2¹⁸ rows, 206 MB at 28 pixels


class BlockShuffle:
    """An order of n rows that reads a disk nearly in sequence, and mixes what it reads.

    The rows are divided into blocks of neighbours. The blocks, in the order of the file, are
    divided into `window` strata of the same size; a *window* takes one block of every stratum, by a
    keyed permutation of each, and all rows of the window are permuted. So every window is a cut
    through the whole data: where the rows are sorted by class, each has all classes in nearly
    their proportions. What does not fill a window is mixed into the last, which is up to twice as
    large.

    Row number i is computed from (key, i) alone, by `inkgrad.quickdraw.permutation`: nothing is
    stored, and an epoch can be resumed at any place. Data of at most one window is shuffled fully.

    Parameters
    ----------
    n : int
        Rows, 1 or more.
    key : int
        See `inkgrad.quickdraw.permutation.key_of`.
    block, window : int
        Rows of a block and blocks of a window, 1 or more.

    Raises
    ------
    DataError
        If a number is out of its range.

    Examples
    --------
    >>> order = BlockShuffle(10, key=1, block=2, window=2)
    >>> sorted(order(np.arange(10)).tolist()) == list(range(10)), order.windows
    (True, 2)
    """

    def __init__(self, n: int, key: int, *, block: int = BLOCK, window: int = _WINDOW) -> None:
        for name, number in (("n", n), ("block", block), ("window", window)):
            if number < 1:
                raise DataError(f"{name} is {number}; give 1 or more")
        self.n, self.key, self.block = n, key, min(block, n)
        self._blocks = n // self.block  # whole ones; the rows left over go to the last window
        self._strata = min(window, self._blocks)
        self._size = self.block * self._strata  # rows of a window that is not the last
        self.windows = self._blocks // self._strata

    def __len__(self) -> int:
        return self.n

    def __call__(self, positions: npt.ArrayLike) -> Indices:
        """Return the rows at some positions: int64, shape (b,).

        Raises
        ------
        DataError
            If a position is not from 0 to n − 1.
        """
        places = checked_places(positions, self.n)
        windows = np.minimum(places // self._size, self.windows - 1)
        inside = places - windows * self._size
        rows = np.empty(len(places), dtype=np.int64)
        for number in np.unique(windows).tolist():  # one or two, in a batch
            here = windows == number
            rows[here] = self._in_window(number, inside[here])
        return rows

    def blocks_of(self, window: int) -> Indices:
        """Return the first rows of the blocks that a window reads, in the order of the file.

        Examples
        --------
        >>> order = BlockShuffle(10, key=1, block=2, window=2)
        >>> np.sort(np.concatenate([order.blocks_of(w) for w in range(2)]))
        array([0, 2, 4, 6, 8])
        """
        return np.sort(self._starts(window, np.arange(-(-self._rows_in(window) // self.block))))

    def window_of(self, position: int) -> int:
        """Return the number of the window that a position is in."""
        return min(position // self._size, self.windows - 1)

    def span_of(self, window: int) -> tuple[int, int]:
        """Return the first position in a window, and the first one after it."""
        return window * self._size, window * self._size + self._rows_in(window)

    def _rows_in(self, window: int) -> int:
        """Return how many rows a window has."""
        return self._size if window < self.windows - 1 else self.n - window * self._size

    def _in_window(self, window: int, inside: Indices) -> Indices:
        """Return the rows at positions in one window."""
        length = self._rows_in(window)
        mixed = Permutation(length, key_of(self.key, "window", window))(inside)
        slots, offsets = np.divmod(mixed, self.block)
        used = np.zeros(-(-length // self.block), dtype=np.bool_)
        used[slots] = True
        (wanted,) = np.nonzero(used)
        starts = np.zeros(len(used), dtype=np.int64)
        starts[wanted] = self._starts(window, wanted)
        return starts[slots] + offsets

    def _starts(self, window: int, slots: Indices) -> Indices:
        """Return the first rows of the blocks in some slots of a window."""
        longer = np.flatnonzero(self._lengths(np.arange(self._strata)) > self.windows)
        strata = np.concatenate([np.arange(self._strata), longer, [self._strata]])[slots]
        turns = window + (slots >= self._strata)  # the longer strata have one block more to give
        real = strata < self._strata
        strata, turns = strata[real], turns[real]
        with np.errstate(over="ignore"):  # a key of its own for every stratum
            numbers: Words = strata.astype(np.uint64) + np.uint64(1)
            keys = np.uint64(key_of(self.key, "strata")) ^ (numbers * _SPREAD)
        chosen = permuted(turns, self._lengths(strata), keys, width_of(self.windows + 1))
        starts = np.full(len(slots), self._blocks * self.block, dtype=np.int64)  # left over
        starts[real] = (self._begins(strata) + chosen) * self.block
        return starts

    def _begins(self, strata: Indices) -> Indices:
        """Return the number of the first block of each stratum."""
        return strata * self._blocks // self._strata

    def _lengths(self, strata: Indices) -> Indices:
        """Return how many blocks each stratum has."""
        return self._begins(strata + 1) - self._begins(strata)


@dataclass(frozen=True)
class Quality:
    """How irregular an order is; in brackets what is expected of one by pure chance.

    Attributes
    ----------
    longest_run : int
        The most equal labels in a row [about log n / log K, for K even classes].
    equal_neighbours : float
        How often a label follows itself, over how often it would by chance [1].
    correlation : float
        Pearson's correlation of the row numbers of neighbours [0 ± 1/√n].
    lumpiness : float
        Pearson's χ² of the labels of each batch against the labels of all, over its degrees of
        freedom [1]. Above it, a batch has too much of some classes; below it, classes are dealt
        out more evenly than by chance.
    drift : float
        The same of spans of 64 batches [1].
    """

    longest_run: int
    equal_neighbours: float
    correlation: float
    lumpiness: float
    drift: float


def quality_of(rows: Indices, labels: Indices, batch_size: int = 512) -> Quality:
    """Measure an order: its runs of a label, the correlation of neighbours, its batches.

    Parameters
    ----------
    rows : int64 array of shape (n,)
        Row numbers, in the order to be measured; n ≥ 2.
    labels : int64 array of shape (n,)
        Of each of these rows.
    batch_size : int
        At most n.

    Raises
    ------
    DataError
        If there are fewer than two rows or a batch, or all labels are the same.

    Examples
    --------
    >>> rows = np.arange(100)
    >>> quality_of(rows, rows // 50, batch_size=10).longest_run
    50
    """
    n = len(rows)
    shares = np.bincount(labels) / max(n, 1)
    if n < max(2, batch_size) or (shares > 0).sum() < 2 or batch_size < 1:
        raise DataError(
            f"{n} rows and batches of {batch_size}; an order is measured of two classes or more, "
            "and at least a batch"
        )
    changes = np.flatnonzero(np.diff(labels))
    runs = np.diff(np.concatenate([[-1], changes, [n - 1]]))
    equal = 1 - len(changes) / (n - 1)
    return Quality(
        int(runs.max()),
        equal / float((shares**2).sum()),
        float(np.corrcoef(rows[:-1], rows[1:])[0, 1]),
        _unevenness(labels, shares, batch_size),
        _unevenness(labels, shares, min(64 * batch_size, n)),
    )


def _unevenness(labels: Indices, shares: npt.NDArray[np.float64], length: int) -> float:
    """Return the mean χ² of spans of `length` labels, over K − 1."""
    known = shares > 0
    expected = length * shares[known]
    total, spans = 0.0, len(labels) // length
    for number in range(spans):
        part = labels[number * length : (number + 1) * length]
        counts = np.bincount(part, minlength=len(shares))[known]
        total += float((((counts - expected) ** 2) / expected).sum())
    return total / spans / (int(known.sum()) - 1)
