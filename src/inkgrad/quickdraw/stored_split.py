"""Splits of stored drawings: by a hash of the pixels, in one pass, with a bit for each drawing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from inkgrad.errors import DataError
from inkgrad.quickdraw.drawings import Indices
from inkgrad.quickdraw.permutation import checked_places, key_of
from inkgrad.quickdraw.shuffle import BlockShuffle
from inkgrad.quickdraw.stored import StoredDrawings, StoredOrder

__all__ = ["StoredPart", "stored_split"]

_AT_ONCE = 8192  # drawings: 6 MB; a multiple of 64
_GROUP = 64  # drawings whose bits are counted together

Bits = npt.NDArray[np.uint8]


class StoredPart:
    """Some of the drawings in files, numbered anew from 0: a bit says of each whether it is in.

    Bits and their counts take a quarter of a byte per drawing: 13 MB for fifty million.

    Parameters
    ----------
    stored : StoredDrawings
    bits : uint8 array of shape (⌈n / 8⌉,)
        As ``numpy.packbits`` makes them.

    Raises
    ------
    DataError
        If there are not as many bits as drawings.

    Examples
    --------
    >>> from inkgrad.quickdraw.formats.npy import MappedRows
    >>> stored = StoredDrawings({"cat": MappedRows(np.zeros((5, 28, 28), np.uint8))})
    >>> part = StoredPart(stored, np.packbits([0, 1, 0, 1, 1]))
    >>> len(part), part.rows_of([2, 0])
    (3, array([4, 1]))
    """

    takes_time = True
    """Batches are made ahead, in a thread (see `inkgrad.training.Batches`)."""

    def __init__(self, stored: StoredDrawings, bits: Bits) -> None:
        if bits.shape != (-(-len(stored) // 8),) or bits.dtype != np.uint8:
            raise DataError(
                f"bits are {bits.dtype} of shape {bits.shape}; for {len(stored):,} drawings "
                f"uint8 of shape ({-(-len(stored) // 8)},) is needed"
            )
        self.stored = stored
        self.classes, self.side = stored.classes, stored.side
        size = _GROUP // 8
        padded = np.zeros(-(-len(bits) // size) * size, dtype=np.uint8)
        padded[: len(bits)] = bits
        self._groups = padded.reshape(-1, size)  # (⌈n / 64⌉, 8)
        counts = _ONES[self._groups].sum(axis=1, dtype=np.int64)
        self._ends = np.cumsum(counts)  # (⌈n / 64⌉,)

    def __len__(self) -> int:
        return int(self._ends[-1])

    def rows_of(self, indices: npt.ArrayLike) -> Indices:
        """Return the numbers in `stored` of some drawings of this part.

        Raises
        ------
        DataError
            If a number is not from 0 to n − 1.
        """
        wanted = checked_places(indices, len(self))
        group = np.searchsorted(self._ends, wanted, side="right")
        is_in = np.unpackbits(self._groups[group], axis=1)  # (b, 64)
        found = is_in.cumsum(axis=1, dtype=np.int64)
        before = self._ends[group] - found[:, -1]
        at = (found == (wanted - before + 1)[:, None]).argmax(axis=1)  # the first such one
        rows: Indices = group * _GROUP + at
        return rows

    def batch(self, indices: npt.ArrayLike) -> tuple[npt.NDArray[np.float32], Indices]:
        """Return what a network is fed: the drawings at `indices` as numbers, and their labels."""
        return self.stored.batch(self.rows_of(indices))

    def order(self, seed: int, epoch: int) -> StoredOrder:
        """Return the order in which an epoch meets the drawings, in constant memory."""
        return StoredOrder(self, BlockShuffle(len(self), key_of("order", seed, epoch)))

    def read_ahead(self, begins: Indices, rows: int) -> None:
        """Have the system read blocks of `rows` drawings soon, without waiting for them."""
        firsts = self.rows_of(begins)
        lasts = self.rows_of(np.minimum(begins + rows, len(self)) - 1)
        for first, last in zip(firsts, lasts, strict=True):
            self.stored.read_ahead(np.array([first]), int(last - first) + 1)

    def fingerprint(self) -> str:
        """Return hexadecimal digits that depend on the files' fingerprint and on all bits."""
        bits = hashlib.blake2b(self._groups.data, digest_size=8).hexdigest()
        return f"{bits} of {self.stored.fingerprint()}"


_ONES = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1, dtype=np.uint8)


def stored_split(
    stored: StoredDrawings,
    *,
    test_size: float = 0.2,
    seed: int = 42,
    on_progress: Callable[[int, int], object] | None = None,
) -> tuple[StoredPart, StoredPart]:
    """Divide stored drawings into a part to train on and a part to test on.

    `inkgrad.quickdraw.split` ranks the hashes of a class, for which it must have all of them. Here
    a drawing is for testing if its hash, the same one, is among the lowest ``test_size`` of all
    that there can be. So one pass is enough, in constant memory but for a bit for each drawing, and

    - copies of one drawing are always on the same side, whatever their labels;
    - more drawings, or more classes, move no drawing to the other side;
    - shares are met by chance alone: of n distinct drawings of a class, n · test_size ± √(n ·
      test_size · (1 − test_size)) are for testing, in 100,000 a fifth ± 0.13 %.

    The two rules give different parts. This one is for data that does not fit in memory.

    Parameters
    ----------
    stored : StoredDrawings
    test_size : float
        Above 0 and below 1.
    seed : int
    on_progress : callable, optional
        Called with the drawings that have been read, and how many there are.

    Returns
    -------
    train, test : StoredPart

    Raises
    ------
    DataError
        If `test_size` is not between 0 and 1, or a part would be empty.

    Examples
    --------
    >>> from inkgrad.quickdraw.formats.npy import MappedRows
    >>> shades = np.arange(200, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)
    >>> train, test = stored_split(StoredDrawings({"cat": MappedRows(shades)}))
    >>> len(train) + len(test), 20 < len(test) < 60
    (200, True)
    """
    if not 0 < test_size < 1:
        raise DataError(f"the part for testing is {test_size}; give a number between 0 and 1")
    key = hashlib.blake2b(f"test {seed}".encode()).digest()
    limit = int(test_size * 2**64).to_bytes(8, "big")
    bits = np.empty(-(-len(stored) // 8), dtype=np.uint8)
    for begin in range(0, len(stored), _AT_ONCE):
        end = min(begin + _AT_ONCE, len(stored))
        bitmaps, _ = stored.bitmaps_of(np.arange(begin, end))
        tested = [
            hashlib.blake2b(bitmap.data, key=key, digest_size=16).digest() < limit
            for bitmap in bitmaps
        ]
        bits[begin // 8 : -(-end // 8)] = np.packbits(tested)
        if on_progress is not None:
            on_progress(end, len(stored))
    others = ~bits
    if len(stored) % 8:
        others[-1] &= 255 << (8 - len(stored) % 8) & 255
    train, test = StoredPart(stored, others), StoredPart(stored, bits)
    if not len(train) or not len(test):
        raise DataError(
            f"{len(stored):,} drawings cannot be divided with test_size {test_size}: all distinct "
            "ones are on one side; give more drawings"
        )
    return train, test
