"""Drawings: bitmaps with their labels, kept as bytes until a batch is made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inkgrad.drawing import Raster, Strokes, to_input
from inkgrad.errors import DataError
from inkgrad.quickdraw.row_strokes import RowStrokes

__all__ = ["GOOGLES", "SIDE", "Bitmaps", "Drawings", "Indices", "concatenate"]

GOOGLES = Raster()
"""The settings that Google drew its bitmaps with."""

SIDE = GOOGLES.side
"""Pixels along a side of Google's bitmaps."""

Bitmaps = npt.NDArray[np.uint8]
"""Bitmaps of shape (n, side, side): 0 is paper, 255 is ink."""

Indices = npt.NDArray[np.int64]
"""Row numbers of drawings, shape (n,)."""


@dataclass(frozen=True, eq=False)
class Drawings:
    """Labelled bitmaps of one or more classes.

    The bitmaps stay bytes (784 a drawing: 50,000 drawings take 39 MB); only `batch` makes the
    four times larger float32 numbers of the drawings that it is asked for.

    Parameters
    ----------
    bitmaps : uint8 array of shape (n, side, side)
        Ink 255 on 0. Not copied. Google's have 28 pixels a side.
    labels : int64 array of shape (n,)
        For each drawing the index of its class in `classes`.
    classes : tuple of str
        Distinct names. A class may have no drawings.
    strokes : RowStrokes, optional
        What those bitmaps were drawn from that came as strokes, if somebody asked for it.

    Raises
    ------
    DataError
        If the arrays have other shapes or types, a label names no class, or a class is unnamed
        or named twice.

    Examples
    --------
    >>> bitmaps = np.zeros((3, 28, 28), dtype=np.uint8)
    >>> drawings = Drawings(bitmaps, np.array([0, 1, 1]), ("cat", "dog"))
    >>> len(drawings), drawings.counts()
    (3, {'cat': 1, 'dog': 2})
    """

    bitmaps: Bitmaps
    labels: Indices
    classes: tuple[str, ...]
    strokes: RowStrokes | None = None

    def __post_init__(self) -> None:
        side = getattr(self.bitmaps, "shape", ())[2:] or (SIDE,)
        _check_array("bitmaps", self.bitmaps, np.dtype(np.uint8), ("n", side[0], side[0]))
        _check_array("labels", self.labels, np.dtype(np.int64), ("n",))
        _check_classes(self.classes)
        if len(self.labels) != len(self.bitmaps):
            raise DataError(
                f"there are {len(self.bitmaps)} bitmaps and {len(self.labels)} labels; "
                "give one label a bitmap"
            )
        if self.strokes is not None and len(self.strokes) != len(self):
            raise DataError(
                f"there are {len(self)} bitmaps and {len(self.strokes)} rows of strokes; "
                "give one row a bitmap"
            )
        if len(self.labels):
            low, high = int(self.labels.min()), int(self.labels.max())
            if low < 0 or high >= len(self.classes):
                raise DataError(
                    f"labels run from {low} to {high}; with {len(self.classes)} classes they "
                    f"must lie between 0 and {len(self.classes) - 1}"
                )

    def __len__(self) -> int:
        return len(self.bitmaps)

    @property
    def side(self) -> int:
        """Pixels along a side of each bitmap."""
        return int(self.bitmaps.shape[2])

    def subset(self, indices: npt.ArrayLike) -> Drawings:
        """Return the drawings at `indices` (row numbers, or a mask), with the same classes.

        Examples
        --------
        >>> bitmaps = np.zeros((3, 28, 28), dtype=np.uint8)
        >>> drawings = Drawings(bitmaps, np.array([0, 1, 1]), ("cat", "dog"))
        >>> drawings.subset([2, 0]).labels
        array([1, 0])
        """
        rows = _rows(indices)
        strokes = None if self.strokes is None else self.strokes.subset(rows)
        return Drawings(self.bitmaps[rows], self.labels[rows], self.classes, strokes)

    def strokes_of(self, row: int) -> Strokes | None:
        """Return the checked strokes of a row, in the frame of Google's simplified drawings.

        None if the row came as a bitmap, or the drawings were loaded without their strokes.

        Examples
        --------
        >>> drawings = Drawings(np.zeros((1, 28, 28), np.uint8), np.array([0]), ("cat",))
        >>> drawings.strokes_of(0) is None
        True
        """
        return None if self.strokes is None else self.strokes.of(row)

    def counts(self) -> dict[str, int]:
        """Return the number of drawings of each class, in the order of `classes`."""
        counts = np.bincount(self.labels, minlength=len(self.classes))
        return dict(zip(self.classes, counts.tolist(), strict=True))

    def batch(self, indices: npt.ArrayLike) -> tuple[npt.NDArray[np.float32], Indices]:
        """Return what a network is fed: the drawings at `indices` as numbers, and their labels.

        Parameters
        ----------
        indices : array_like
            Row numbers, b of them (or a mask over all drawings).

        Returns
        -------
        x : float32 array of shape (b, 1, side, side)
            Ink 1 on 0: the bytes divided by 255.
        labels : int64 array of shape (b,)

        Examples
        --------
        >>> drawings = Drawings(np.full((1, 28, 28), 51, np.uint8), np.array([0]), ("cat",))
        >>> x, labels = drawings.batch([0, 0])
        >>> x.shape, float(x.max()), labels
        ((2, 1, 28, 28), 0.20000000298023224, array([0, 0]))
        """
        rows = _rows(indices)
        return to_input(self.bitmaps[rows]), self.labels[rows]

    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits that depend on classes, labels and bytes, nothing else.

        The same drawings in the same order have the same fingerprint on every machine: a
        checkpoint uses it to refuse being continued on other drawings.

        Examples
        --------
        >>> bitmaps = np.zeros((1, 28, 28), dtype=np.uint8)
        >>> Drawings(bitmaps, np.array([0]), ("cat",)).fingerprint()
        '79bf7807d8bccd42'
        """
        digest = hashlib.blake2b(digest_size=8)
        digest.update(json.dumps([self.classes, len(self)]).encode())
        digest.update(np.ascontiguousarray(self.labels, dtype="<i8").data)
        digest.update(np.ascontiguousarray(self.bitmaps).data)
        return digest.hexdigest()


def concatenate(parts: Sequence[Drawings]) -> Drawings:
    """Put drawings one after the other; classes of the same name become one.

    Parameters
    ----------
    parts : sequence of Drawings
        At least one.

    Returns
    -------
    drawings : Drawings
        With the classes of all parts, in the order in which they first appear. They have strokes
        if a part has some.

    Raises
    ------
    DataError
        If there is no part, or their bitmaps are of different sizes.

    Examples
    --------
    >>> one = np.zeros((1, 28, 28), dtype=np.uint8)
    >>> cat = Drawings(one, np.array([0]), ("cat",))
    >>> dog = Drawings(one, np.array([0]), ("dog",))
    >>> both = concatenate([dog, cat, dog])
    >>> both.classes, both.labels
    (('dog', 'cat'), array([0, 1, 0]))
    """
    if not parts:
        raise DataError("there are no drawings to put together; give at least one part")
    sides = {part.side for part in parts}
    if len(sides) > 1:
        raise DataError(
            f"the bitmaps have sides of {' and '.join(map(str, sorted(sides)))} pixels; put "
            "together drawings of one size"
        )
    classes = tuple(dict.fromkeys(name for part in parts for name in part.classes))
    place = {name: index for index, name in enumerate(classes)}
    labels = [
        np.array([place[name] for name in part.classes], dtype=np.int64)[part.labels]
        for part in parts
    ]
    bitmaps = np.concatenate([part.bitmaps for part in parts])
    strokes = None
    if any(part.strokes is not None for part in parts):
        strokes = RowStrokes.join([part.strokes or RowStrokes.none(len(part)) for part in parts])
    return Drawings(bitmaps, np.concatenate(labels), classes, strokes)


def _check_array(
    name: str, array: object, dtype: np.dtype[np.generic], shape: tuple[str | int, ...]
) -> None:
    """Refuse what is not an array of `dtype` and `shape`, where "n" stands for any length."""
    needed = f"a {dtype} array of shape ({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
    if not isinstance(array, np.ndarray):
        raise DataError(f"{name} are a {type(array).__name__}; {needed} is needed")
    if array.dtype != dtype or array.ndim != len(shape) or array.shape[1:] != shape[1:]:
        raise DataError(f"{name} are {array.dtype} of shape {array.shape}; {needed} is needed")


def _check_classes(classes: object) -> None:
    """Refuse what is not a tuple of distinct names."""
    if not isinstance(classes, tuple) or not all(isinstance(c, str) and c for c in classes):
        raise DataError(f"classes are {classes!r}; give a tuple of names")
    if len(set(classes)) != len(classes):
        raise DataError(f"classes are {classes!r}; name each class once")


def _rows(indices: npt.ArrayLike) -> npt.NDArray[np.generic]:
    """Return row numbers or a mask as an array; an empty list means no rows."""
    rows = np.asarray(indices)
    return rows if rows.size else np.empty(0, dtype=np.int64)
