"""The parts of a drawing that can be taken away: its strokes, of long ones pieces."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inkgrad.drawing import Raster, Strokes, rasterize_many

__all__ = ["Part", "bitmaps_without", "parts_of"]

_LONG = 0.5  # of the drawing's length: a stroke that has so much or more says too little as a whole
_PIECES = 6  # that a whole drawing would be cut into
_MOST = 48  # parts; where there are more strokes, neighbours are one part

_Points = npt.NDArray[np.float64]
_Piece = tuple[int, int, int]
"""A stroke's number, and its first and last point that belong to the piece."""


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a drawing.

    Attributes
    ----------
    first, last : int
        The numbers of its strokes, from 1.
    piece : int
        Which piece of its stroke it is, from 1; 0 for whole strokes.
    strokes : Strokes
        What belongs to it.
    rest : Strokes
        The drawing without it; there may be nothing left.
    """

    first: int
    last: int
    piece: int
    strokes: Strokes
    rest: Strokes

    @property
    def name(self) -> str:
        """What it is called: "stroke 3", "stroke 3, piece 2", "strokes 3 to 5"."""
        if self.first < self.last:
            return f"strokes {self.first} to {self.last}"
        return f"stroke {self.first}, piece {self.piece}" if self.piece else f"stroke {self.first}"


def parts_of(strokes: Strokes) -> list[Part]:
    """Divide a drawing into the parts that are taken away in turn.

    These are its strokes. A stroke that is half of the whole drawing or more is cut into pieces of
    about a sixth of it, at points of the stroke where one is near: those of a simplified stroke are
    where it bends. Of more than 48 strokes, neighbours are taken away together.

    Examples
    --------
    >>> from inkgrad.drawing import check_strokes
    >>> square = check_strokes([[[0, 90, 90, 0, 0], [0, 0, 90, 90, 0]]])
    >>> for part in parts_of(square):
    ...     print(part.name, [stroke.tolist() for stroke in part.strokes])
    stroke 1, piece 1 [[[0.0, 90.0], [0.0, 0.0]]]
    stroke 1, piece 2 [[[90.0, 90.0], [0.0, 90.0]]]
    stroke 1, piece 3 [[[90.0, 0.0], [90.0, 90.0]]]
    stroke 1, piece 4 [[[0.0, 0.0], [90.0, 0.0]]]
    """
    points, pieces = _cut(strokes)
    each = max(1, -(-len(pieces) // _MOST))
    return [
        Part(
            pieces[start][0] + 1,
            pieces[min(start + each, len(pieces)) - 1][0] + 1,
            _number(points, pieces, start),
            _drawn(points, pieces[start : start + each]),
            _drawn(points, pieces[:start] + pieces[start + each :]),
        )
        for start in range(0, len(pieces), each)
    ]


def bitmaps_without(parts: Sequence[Part], whole: Strokes, raster: Raster) -> npt.NDArray[np.uint8]:
    """Draw a drawing without each of its parts: the same place and size, only its ink is missing.

    Parameters
    ----------
    parts : sequence of Part
    whole : Strokes
        The drawing that they are of, in the frame of Google's simplified drawings.
    raster : Raster

    Returns
    -------
    bitmaps : uint8 array (parts, side, side)

    Examples
    --------
    >>> from inkgrad.drawing import check_strokes
    >>> gate = check_strokes([[[0, 0], [0, 255]], [[0, 255], [0, 0]], [[255, 255], [0, 255]]])
    >>> bitmaps_without(parts_of(gate), gate, Raster())[:, 2, 14] > 0   # in the middle of its top
    array([ True, False,  True])
    """
    bitmaps = np.zeros((len(parts), raster.side, raster.side), np.uint8)
    left = [i for i, part in enumerate(parts) if part.rest]
    rests = [_framed(parts[i].rest, whole) for i in left]
    bitmaps[left] = rasterize_many(rests, **raster.to_dict())
    return bitmaps


def _framed(rest: Strokes, whole: Strokes) -> Strokes:
    """Move what is left so that the rasteriser draws it where it stands in the whole drawing.

    It moves a drawing by (256 − largest coordinate) / 2. What is left is moved by d beforehand, the
    difference of its largest coordinate and the whole's, which makes it
    d + (256 − (largest of the rest + d)) / 2 = (256 − largest of the whole) / 2.
    """
    shift = _largest(rest) - _largest(whole)  # (2,)
    return Strokes(stroke + shift[:, None] for stroke in rest)


def _largest(strokes: Strokes) -> _Points:
    return np.asarray(np.concatenate(strokes, axis=1).max(axis=1))


def _drawn(points: Sequence[_Points], pieces: Sequence[_Piece]) -> Strokes:
    """Return pieces as strokes; those that follow each other in one stroke are one."""
    runs: list[_Piece] = []
    for stroke, first, last in pieces:
        if runs and runs[-1][0] == stroke and runs[-1][2] == first:
            runs[-1] = (stroke, runs[-1][1], last)
        else:
            runs.append((stroke, first, last))
    return Strokes(points[stroke][:, first : last + 1] for stroke, first, last in runs)


def _number(points: Sequence[_Points], pieces: Sequence[_Piece], at: int) -> int:
    """Return which piece of its stroke a piece is, from 1; 0 for a whole stroke."""
    stroke, first, last = pieces[at]
    if first == 0 and last == points[stroke].shape[1] - 1:
        return 0
    return 1 + sum(piece[0] == stroke for piece in pieces[max(0, at - _PIECES) : at])


def _cut(strokes: Strokes) -> tuple[list[_Points], list[_Piece]]:
    """Cut long strokes; return all with the points where they are cut, and the pieces."""
    lengths = [_along(stroke) for stroke in strokes]
    total = sum(along[-1] for along in lengths)
    points, pieces = [], []
    for k, (stroke, along) in enumerate(zip(strokes, lengths, strict=True)):
        is_long = total > 0 and along[-1] >= _LONG * total
        number = int(_PIECES * along[-1] / total + 0.5) if is_long else 1
        cut, places = _with_points(stroke, along, list(_cuts(along, number)))
        points.append(cut)
        ends = [0, *places, cut.shape[1] - 1]
        pieces += [(k, first, last) for first, last in itertools.pairwise(ends)]
    return points, pieces


def _along(stroke: _Points) -> _Points:
    """Return how far along a stroke each of its points is: (points,)."""
    dx, dy = np.diff(stroke, axis=1)
    return np.append(0.0, np.cumsum(np.sqrt(dx * dx + dy * dy)))


def _cuts(along: _Points, number: int) -> Iterator[float]:
    """Yield how far along a stroke it is cut into about `number` pieces, in order."""
    piece = float(along[-1]) / number
    inner = along[(along > 0) & (along < along[-1])]
    last = 0.0
    for k in range(1, number):
        place = k * piece
        if len(inner):
            near = float(inner[np.abs(inner - place).argmin()])
            place = near if abs(near - place) <= piece / 2 else place
        if place > last:
            yield place
            last = place


def _with_points(
    stroke: _Points, along: _Points, cuts: Sequence[float]
) -> tuple[_Points, list[int]]:
    """Return a stroke that has a point at each cut, and the numbers of these points."""
    places = []
    for place in cuts:
        at = int(np.searchsorted(along, place))  # the first point that is not before it
        if along[at] != place:
            t = (place - along[at - 1]) / (along[at] - along[at - 1])
            point = stroke[:, at - 1] * (1 - t) + stroke[:, at] * t
            stroke = np.insert(stroke, at, point, axis=1)
            along = np.insert(along, at, place)
        places.append(at)
    return stroke, places
