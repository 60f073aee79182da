"""Stored drawings: a data set in memory-mapped files, of any size, read a batch at a time."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from inkgrad.drawing import to_input
from inkgrad.errors import DataError
from inkgrad.quickdraw.cache import location
from inkgrad.quickdraw.drawings import SIDE, Bitmaps, Indices
from inkgrad.quickdraw.formats.npy import MappedRows, map_rows
from inkgrad.quickdraw.permutation import checked_places, key_of
from inkgrad.quickdraw.shuffle import BlockShuffle

__all__ = ["ReadAhead", "StoredDrawings", "StoredOrder", "open_stored"]

_HURRY = 1.25  # the next window is asked for when four fifths of this one are looked at
_SPAN = 8192  # places of an order that are computed together: a call costs as much as 1,000 places


class ReadAhead(Protocol):
    """What can have blocks of its drawings read before they are asked for."""

    def read_ahead(self, begins: Indices, rows: int) -> None:
        """Have the system read the `rows` drawings that start at each of some numbers."""
        ...


class StoredDrawings:
    """Labelled bitmaps that stay in their files, class by class.

    The files are mapped into memory, never copied: the system reads what a batch asks for, keeps
    what it has room for, and drops it when others need the room. Nothing is stored for a drawing;
    its class follows from its number. `training.fit` takes this as it takes `Drawings`; its order
    is a `BlockShuffle`, and the next window is read while training uses this one.

    Parameters
    ----------
    files : mapping of str to MappedRows
        Of each class; all of one side.
    limit : int, optional
        Maximum drawings per class, the first ones; by default all.

    Raises
    ------
    DataError
        If there are no drawings, their sides differ, or the limit is not 1 or more.

    Examples
    --------
    >>> files = {"cat": MappedRows(np.zeros((3, 28, 28), np.uint8)),
    ...          "dog": MappedRows(np.full((2, 28, 28), 51, np.uint8))}
    >>> stored = StoredDrawings(files)
    >>> x, labels = stored.batch([4, 0])
    >>> x.shape, float(x.max()), labels
    ((2, 1, 28, 28), 0.20000000298023224, array([1, 0]))
    """

    takes_time = True
    """Batches are made ahead, in a thread (see `inkgrad.training.Batches`)."""

    def __init__(self, files: Mapping[str, MappedRows], limit: int | None = None) -> None:
        if limit is not None and limit < 1:
            raise DataError(f"limit is {limit}; give 1 or more, or None for all drawings")
        sides = sorted({file.bitmaps.shape[1] for file in files.values()})
        if len(sides) > 1:
            raise DataError(
                f"the bitmaps have sides of {' and '.join(map(str, sides))} pixels; give drawings "
                "of one size"
            )
        self.classes = tuple(files)
        self._files = tuple(files.values())
        counts = [len(file.bitmaps) for file in self._files]
        counts = counts if limit is None else [min(count, limit) for count in counts]
        self._begins = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)  # (K + 1,)
        if not len(self):
            raise DataError("there are no drawings in the files; fetch some, or name others")
        # Rows of bytes: taking rows (n, side²) is quicker than taking bitmaps (n, side, side).
        self.side = sides[0]
        self._rows = [file.bitmaps.reshape(-1, self.side**2) for file in self._files]

    def __len__(self) -> int:
        return int(self._begins[-1])

    def counts(self) -> dict[str, int]:
        """Return the number of drawings of each class."""
        return dict(zip(self.classes, np.diff(self._begins).tolist(), strict=True))

    def labels_of(self, indices: npt.ArrayLike) -> Indices:
        """Return the labels of some drawings, without reading them.

        Examples
        --------
        >>> StoredDrawings({"cat": MappedRows(np.zeros((3, 28, 28), np.uint8))}).labels_of([2])
        array([0])
        """
        wanted = np.asarray(indices, dtype=np.int64)
        return np.searchsorted(self._begins, wanted, side="right").astype(np.int64) - 1

    def bitmaps_of(self, indices: npt.ArrayLike) -> tuple[Bitmaps, Indices]:
        """Return the bytes of some drawings, (b, side, side), and their labels.

        They are read in the order of the files, whatever the order asked for.

        Raises
        ------
        DataError
            If a number is not from 0 to n − 1.
        """
        wanted = checked_places(indices, len(self))
        by_place = np.argsort(wanted)
        numbers = wanted[by_place]
        labels = self.labels_of(numbers)
        rows = numbers - self._begins[labels]
        ends = np.append(np.flatnonzero(np.diff(labels)) + 1, len(rows))[: len(rows)]
        read = np.empty((len(rows), self.side * self.side), dtype=np.uint8)
        begin = 0
        for label, end in zip(labels[ends - 1].tolist(), ends.tolist(), strict=True):
            # "clip" writes to `out` at once; all rows are inside.
            self._rows[label].take(rows[begin:end], 0, read[begin:end], "clip")
            begin = end
        back = np.empty_like(by_place)
        back[by_place] = np.arange(len(back))
        # (b, side²) -> (b, side, side)
        return read[back].reshape(len(wanted), self.side, self.side), labels[back]

    def batch(self, indices: npt.ArrayLike) -> tuple[npt.NDArray[np.float32], Indices]:
        """Return what a network is fed: the drawings at `indices` as numbers, and their labels."""
        bitmaps, labels = self.bitmaps_of(indices)
        return to_input(bitmaps), labels

    def order(self, seed: int, epoch: int) -> StoredOrder:
        """Return the order in which an epoch meets the drawings, in constant memory."""
        return StoredOrder(self, BlockShuffle(len(self), key_of("order", seed, epoch)))

    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits that depend on the classes, their counts and some bytes.

        Of each file the first, the middle and the last row that is used: all would be hours of
        reading, and the count changes whenever drawings are added or left out.
        """
        digest = hashlib.blake2b(digest_size=8)
        digest.update(json.dumps(["stored", self.side, self.counts()]).encode())
        for rows, count in zip(self._rows, np.diff(self._begins).tolist(), strict=True):
            for row in {0, count // 2, count - 1} if count else ():
                digest.update(rows[row].tobytes())
        return digest.hexdigest()

    def read_ahead(self, begins: Indices, rows: int) -> None:
        """Have the system read blocks of `rows` drawings soon, without waiting for them."""
        for begin in begins.tolist():
            end = min(begin + rows, len(self))
            first, last = self.labels_of([begin, end - 1]).tolist()
            for label in range(first, last + 1):
                start = max(begin - int(self._begins[label]), 0)
                stop = min(end, int(self._begins[label + 1])) - int(self._begins[label])
                self._files[label].read_ahead(start, stop - start)


class StoredOrder:
    """An order of stored drawings that has its next window read while one is looked at.

    Examples
    --------
    >>> stored = StoredDrawings({"cat": MappedRows(np.zeros((3, 28, 28), np.uint8))})
    >>> order = stored.order(seed=42, epoch=0)
    >>> sorted(order[0:3].tolist())
    [0, 1, 2]
    """

    def __init__(self, stored: ReadAhead, shuffle: BlockShuffle) -> None:
        self._stored, self.shuffle = stored, shuffle
        self._span, self._numbers = -1, np.empty(0, dtype=np.int64)
        self._window = -2  # the last one that was looked at
        self._next, self._asked = np.empty(0, dtype=np.int64), 0  # blocks of the one after it

    def __len__(self) -> int:
        return len(self.shuffle)

    def __getitem__(self, places: slice, /) -> Indices:
        """Return the drawings at neighbouring places, as `numpy` slices an array."""
        start, stop, step = places.indices(len(self))
        if step != 1:
            raise DataError(f"an order is sliced by steps of {step}; take neighbouring places")
        if stop <= start:
            return np.empty(0, dtype=np.int64)
        self._ask_for(stop - 1)
        parts = []
        for span in range(start // _SPAN, (stop - 1) // _SPAN + 1):
            begin = span * _SPAN
            numbers = self._numbers_of(span)
            parts.append(numbers[max(start - begin, 0) : stop - begin])
        return np.concatenate(parts)

    def _numbers_of(self, span: int) -> Indices:
        """Return all drawings of a span, computed once while it is looked at."""
        if span != self._span:
            end = min((span + 1) * _SPAN, len(self))
            self._numbers, self._span = self.shuffle(np.arange(span * _SPAN, end)), span
        return self._numbers

    def _ask_for(self, place: int) -> None:
        """Have a place's window read, unless it was, and as much of the next as is its turn.

        Asked for at once, the next window would make this one wait.
        """
        window = self.shuffle.window_of(place)
        if window != self._window:
            follows = window == self._window + 1
            rest = self._next[self._asked :] if follows else self.shuffle.blocks_of(window)
            self._stored.read_ahead(rest, self.shuffle.block)
            last = window + 1 == self.shuffle.windows
            self._next = self._next[:0] if last else self.shuffle.blocks_of(window + 1)
            self._window, self._asked = window, 0
        begin, end = self.shuffle.span_of(window)
        due = math.ceil(len(self._next) * min(_HURRY * (place + 1 - begin) / (end - begin), 1))
        if due > self._asked:
            self._stored.read_ahead(self._next[self._asked : due], self.shuffle.block)
            self._asked = due


def open_stored(
    folder: str | os.PathLike[str],
    classes: Sequence[str],
    *,
    limit: int | None = None,
    side: int = SIDE,
) -> StoredDrawings:
    """Open the bitmaps of classes in a folder with the layout of Google's bucket.

    Headers are read and compared with the sizes of the files, and 64 bitmaps of each are looked
    at; nothing else is read.

    Raises
    ------
    DataError
        If a class has no file, or a file is no array of bitmaps.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "numpy_bitmap").mkdir()
    >>> np.save(folder / "numpy_bitmap" / "cat.npy", np.zeros((5, 784), np.uint8))
    >>> open_stored(folder, ["cat"]).counts()
    {'cat': 5}
    """
    files = {}
    for name in classes:
        path = Path(folder) / location("numpy_bitmap", name)
        if not path.is_file():
            raise DataError(f"there is no file {path}; fetch the class, or leave it out")
        files[name] = map_rows(path, side=side)
    return StoredDrawings(files, limit)
