"""Row strokes: the strokes of those rows of a data set that came as strokes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inkgrad.drawing import Packed, Strokes, join_packed, pack
from inkgrad.errors import DataError

__all__ = ["RowStrokes"]

_NONE = -1  # in the place of a drawing: the row came as a bitmap


@dataclass(frozen=True, eq=False)
class RowStrokes:
    """For each row the drawing that its bitmap was drawn from, if that is known.

    Selecting rows selects numbers; the points stay where they are.

    Parameters
    ----------
    packed : Packed
        Drawings in the frame of Google's.
    drawing : int64 array of shape (rows,)
        The row's drawing in `packed`; −1 for a row that came as a bitmap.

    Raises
    ------
    DataError
        If a row names no drawing.

    Examples
    --------
    >>> line = Strokes([np.array([[0.0, 255.0], [0.0, 9.0]])])
    >>> rows = RowStrokes.join([RowStrokes.none(1), RowStrokes.all(pack([line]))])
    >>> rows.known.tolist(), rows.of(0), rows.of(1)[0].tolist()
    ([False, True], None, [[0.0, 255.0], [0.0, 9.0]])
    """

    packed: Packed
    drawing: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.drawing.dtype != np.int64 or self.drawing.ndim != 1:
            raise DataError("the numbers of the rows' drawings are not a list of int64")
        if len(self.drawing) and not (
            self.drawing.min() >= _NONE and self.drawing.max() < len(self.packed)
        ):
            raise DataError(f"a row names a drawing that is none of {len(self.packed):,}")

    def __len__(self) -> int:
        return len(self.drawing)

    @classmethod
    def none(cls, rows: int) -> RowStrokes:
        """Return so many rows without strokes."""
        return cls(pack([]), np.full(rows, _NONE, np.int64))

    @classmethod
    def all(cls, packed: Packed) -> RowStrokes:
        """Return a row for each drawing."""
        return cls(packed, np.arange(len(packed), dtype=np.int64))

    @classmethod
    def join(cls, parts: Sequence[RowStrokes]) -> RowStrokes:
        """Put rows one after the other."""
        numbers, first = [np.empty(0, np.int64)], 0
        for part in parts:
            numbers.append(np.where(part.known, part.drawing + first, _NONE))
            first += len(part.packed)
        return cls(join_packed([part.packed for part in parts]), np.concatenate(numbers))

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Which rows have strokes: bool of shape (rows,)."""
        return np.asarray(self.drawing != _NONE)

    def subset(self, rows: npt.NDArray[np.generic]) -> RowStrokes:
        """Return some rows, by their numbers or a mask."""
        return RowStrokes(self.packed, self.drawing[rows])

    def of(self, row: int) -> Strokes | None:
        """Return the strokes of a row, None if it came as a bitmap."""
        drawing = int(self.drawing[row])
        return None if drawing == _NONE else self.packed[drawing]

    def take(self, rows: npt.NDArray[np.int64]) -> Packed:
        """Return the drawings of some rows, all of which have strokes."""
        return self.packed.take(self.drawing[rows])
