"""Packed strokes: the points of many framed drawings in two arrays of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inkgrad.drawing.strokes import Points, Strokes
from inkgrad.errors import DataError

__all__ = ["Packed", "join_packed", "pack"]

_Bytes = npt.NDArray[np.uint8]
_Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Packed:
    """The strokes of many drawings in the frame of Google's, two bytes per point.

    Framed strokes (`inkgrad.drawing.into_frame`) are whole numbers from 0 to 255, so nothing is
    lost. Real drawings have 47 points on average: 84,000 of them take 13 MB.

    Parameters
    ----------
    x, y : uint8 arrays of shape (points,)
    strokes : int64 array of shape (strokes + 1,)
        Stroke k has the points strokes[k] … strokes[k + 1] − 1, at least one.
    drawings : int64 array of shape (drawings + 1,)
        Drawing d has the strokes drawings[d] … drawings[d + 1] − 1, at least one.

    Raises
    ------
    DataError
        If the arrays are of other types or do not belong together.

    Examples
    --------
    >>> packed = pack([Strokes([np.array([[0.0, 255.0], [9.0, 0.0]])])])
    >>> len(packed), packed[0]
    (1, [array([[  0., 255.],
           [  9.,   0.]])])
    """

    x: _Bytes
    y: _Bytes
    strokes: _Offsets
    drawings: _Offsets

    def __post_init__(self) -> None:
        if self.x.dtype != np.uint8 or self.y.dtype != np.uint8 or self.x.shape != self.y.shape:
            raise DataError("packed points are not two equally long arrays of bytes")
        _check_offsets("strokes", self.strokes, len(self.x))
        _check_offsets("drawings", self.drawings, len(self.strokes) - 1)

    def __len__(self) -> int:
        return len(self.drawings) - 1

    def __getitem__(self, drawing: int) -> Strokes:
        """Return one drawing's strokes."""
        first, stop = self.drawings[drawing], self.drawings[drawing + 1]
        ends = self.strokes[first : stop + 1].tolist()
        points = np.stack([axis[ends[0] : ends[-1]] for axis in (self.x, self.y)])  # (2, points)
        return Strokes(np.split(points.astype(np.float64), np.subtract(ends[1:-1], ends[0]), 1))

    def take(self, rows: _Offsets) -> Packed:
        """Return some drawings, in the order of `rows`; one may be taken several times."""
        strokes, drawings = _gather(self.drawings, rows)
        points, ends = _gather(self.strokes, strokes)
        return Packed(self.x[points], self.y[points], ends, drawings)

    def points(self) -> Points:
        """Return the points as the rasteriser takes them, in float64."""
        x, y = (axis.astype(np.float64) for axis in (self.x, self.y))
        return Points(x, y, self.strokes, self.drawings)


def pack(drawings: Sequence[Strokes]) -> Packed:
    """Pack drawings in the frame of Google's: see `Packed`.

    Examples
    --------
    >>> dot = Strokes([np.array([[7.0], [8.0]])])
    >>> pack([dot, dot]).x.tolist(), len(pack([]))
    ([7, 7], 0)
    """
    strokes = [stroke for drawing in drawings for stroke in drawing]
    x, y = np.concatenate([np.empty((2, 0)), *strokes], axis=1).astype(np.uint8)
    lengths = [stroke.shape[1] for stroke in strokes]
    return Packed(x, y, _ends(lengths), _ends([len(drawing) for drawing in drawings]))


def join_packed(parts: Sequence[Packed]) -> Packed:
    """Put packed drawings one after the other.

    Examples
    --------
    >>> dot = pack([Strokes([np.array([[7.0], [8.0]])])])
    >>> joined = join_packed([dot, dot])
    >>> joined.strokes.tolist(), joined.drawings.tolist()
    ([0, 1, 2], [0, 1, 2])
    """
    parts = [pack([]), *parts]
    x, y = (np.concatenate([getattr(part, axis) for part in parts]) for axis in "xy")
    lengths = np.concatenate([np.diff(part.strokes) for part in parts])
    counts = np.concatenate([np.diff(part.drawings) for part in parts])
    return Packed(x, y, _ends(lengths), _ends(counts))


def _ends(lengths: npt.ArrayLike) -> _Offsets:
    return np.append(0, np.cumsum(lengths, dtype=np.int64))


def _gather(offsets: _Offsets, rows: _Offsets) -> tuple[_Offsets, _Offsets]:
    """Return which members some groups have, and where each group's begin and end among them."""
    begins = offsets[rows]
    lengths = offsets[rows + 1] - begins
    ends = _ends(lengths)
    return np.arange(ends[-1]) + np.repeat(begins - ends[:-1], lengths), ends


def _check_offsets(name: str, offsets: _Offsets, total: int) -> None:
    """Refuse offsets that do not run from 0 to `total`, or leave a group empty."""
    fits = offsets.dtype == np.int64 and offsets.ndim == 1 and len(offsets) > 0
    if not fits or offsets[0] != 0 or offsets[-1] != total or (np.diff(offsets) < 1).any():
        raise DataError(f"the offsets of {name} do not fit {total:,} members")
