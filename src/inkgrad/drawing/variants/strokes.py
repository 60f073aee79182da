"""Variants of strokes: dropped, cut off, split, merged, moved; then bent, and framed again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from inkgrad.drawing.packed import Packed
from inkgrad.drawing.strokes import Points
from inkgrad.drawing.variants.chance import Keys, keys_of_members, uniform
from inkgrad.drawing.variants.maps import (
    MAP_NUMBERS,
    WAVE_NUMBERS,
    Reals,
    Waves,
    affine_maps,
    waves,
)
from inkgrad.drawing.variants.variation import Variation

__all__ = ["vary_strokes"]

_SIZE = 255.0  # of the frame
_UNIT = 64  # parts of a unit in which lengths are counted: sums of whole numbers are exact
_LONGEST_DROPPED = 0.4  # of a drawing's length: what is longer is what it is a drawing of
_STEP = 64  # units between two points of a line that a wave may bend
_NEAR = 32.0  # units between two strokes that a hand may join
_STROKE_NUMBERS = 8

_Whole = npt.NDArray[np.int64]


class _Path(NamedTuple):
    """The points of many drawings: where they are, and which begin a stroke or a drawing."""

    x: Reals
    y: Reals
    begins: npt.NDArray[np.bool_]  # a stroke
    owner: _Whole  # the point's drawing

    def lengths(self) -> _Whole:
        """Return how far each point is from the one before in its stroke, in 1/64 unit: (points,).

        Whole numbers, because a sum of them does not depend on what else is in a batch.
        """
        dx, dy = np.diff(self.x, prepend=0.0), np.diff(self.y, prepend=0.0)
        lengths = np.rint(_UNIT * np.sqrt(dx * dx + dy * dy)).astype(np.int64)
        lengths[self.begins] = 0
        return np.asarray(lengths)

    def keep(self, kept: npt.NDArray[np.bool_] | _Whole) -> _Path:
        """Return some of the points."""
        return _Path(self.x[kept], self.y[kept], self.begins[kept], self.owner[kept])


def vary_strokes(
    packed: Packed, keys: Keys, how: Variation, may_mirror: npt.NDArray[np.bool_]
) -> Points:
    """Return a variant of each drawing, in the frame of Google's simplified drawings.

    Parameters
    ----------
    packed : Packed
        n drawings.
    keys : uint64 array of shape (n,)
        Decide all chance: `inkgrad.drawing.variants.chance_keys`.
    how : Variation
        Its pen is of no concern here.
    may_mirror : bool array of shape (n,)

    Returns
    -------
    points : Points
        Whole numbers from 0 to 255 in float64. No drawing is empty; a dot stays one.

    Notes
    -----
    Removing strokes, rather the short and late ones, and bending them is how Yu et al. (*Sketch-a-
    Net: a Deep Neural Network that Beats Humans*, IJCV 2017, section 3.4) made variants of
    sketches.

    Examples
    --------
    >>> from inkgrad.drawing import Strokes, pack
    >>> from inkgrad.drawing.variants import chance_keys
    >>> line = pack([Strokes([np.array([[0.0, 255.0], [9.0, 0.0]])])])
    >>> mirrored = vary_strokes(
    ...     line, chance_keys(0, 0, np.arange(1)), Variation.none(mirror=1), np.array([True])
    ... )
    >>> mirrored.x.tolist(), mirrored.y.tolist()
    ([255.0, 0.0], [9.0, 0.0])
    """
    if not len(packed):
        return packed.points()
    chance = uniform(keys, _STROKE_NUMBERS + MAP_NUMBERS + WAVE_NUMBERS)  # (numbers, n)
    for_strokes, for_map, for_waves = np.split(
        chance, [_STROKE_NUMBERS, _STROKE_NUMBERS + MAP_NUMBERS]
    )
    path = _unpack(packed)
    path = _without_one(path, for_strokes[:3], how.drop)
    path = _cut_off(path, for_strokes[3:5], how)
    path = _merged(path, for_strokes[5:7], how.merge)
    path = _split(path, for_strokes[7], how)
    path = _framed(path)
    matrix = affine_maps(for_map, how, may_mirror)
    path = _bent(path, waves(for_waves, how), matrix, keys, how)
    return _points(_framed(path), len(packed))


def _unpack(packed: Packed) -> _Path:
    points = packed.points()
    begins = np.zeros(len(packed.x), np.bool_)
    begins[packed.strokes[:-1]] = True
    owner = np.repeat(np.arange(len(packed)), np.diff(packed.strokes[packed.drawings]))
    return _Path(np.asarray(points.x), np.asarray(points.y), begins, owner)


def _points(path: _Path, drawings: int) -> Points:
    """Return the points, rounded to whole numbers."""
    strokes = np.flatnonzero(path.begins)
    firsts = np.searchsorted(path.owner[strokes], np.arange(drawings + 1))
    ends = np.append(strokes, len(path.x))
    return Points(np.rint(path.x) + 0.0, np.rint(path.y) + 0.0, ends, firsts)


def _drawings(path: _Path) -> _Whole:
    """Return where each drawing begins among the points."""
    return np.flatnonzero(np.diff(path.owner, prepend=-1))


def _apart(path: _Path, at: _Whole) -> Reals:
    """Return how far some points are from those before them."""
    dx, dy = (axis[at] - axis[at - 1] for axis in (path.x, path.y))
    return np.asarray(np.sqrt(dx * dx + dy * dy))


def _without_one(path: _Path, chance: Reals, share: float) -> _Path:
    """Drop a stroke of some drawings: the shorter of two that chance names."""
    if share == 0:
        return path
    strokes = np.flatnonzero(path.begins)
    lengths = np.add.reduceat(path.lengths(), strokes)
    firsts = np.searchsorted(path.owner[strokes], np.arange(chance.shape[1] + 1))
    first, count = firsts[:-1], np.diff(firsts)
    one, other = (first + (number * count).astype(np.int64) for number in chance[1:])
    shorter = np.where(lengths[other] < lengths[one], other, one)
    total = np.add.reduceat(lengths, first)
    loses = (chance[0] < share) & (count > 1) & (lengths[shorter] <= _LONGEST_DROPPED * total)
    kept = np.ones(len(strokes), np.bool_)
    kept[shorter[loses]] = False
    return path.keep(np.repeat(kept, np.diff(np.append(strokes, len(path.x)))))


def _cut_off(path: _Path, chance: Reals, how: Variation) -> _Path:
    """Cut the end of some drawings off: the pen stops somewhere on its way."""
    if how.cut == 0 or how.cut_most == 0:
        return path
    steps = path.lengths()
    along = np.cumsum(steps)  # exact, and so independent of the drawings before
    begins = _drawings(path)
    before = along[begins]
    total = np.append(before[1:] - steps[begins[1:]], along[-1]) - before
    missing = np.where(chance[0] < how.cut, how.cut_most * chance[1], 0.0)
    limit = (total * (1 - missing)).astype(np.int64)[path.owner]
    along -= before[path.owner]
    beyond = along > limit
    on_the_way = beyond & (along - steps < limit) & ~path.begins
    at = np.flatnonzero(on_the_way)
    share = (limit[at] - along[at] + steps[at]) / steps[at]
    x, y = path.x.copy(), path.y.copy()
    x[at] = x[at - 1] + share * (x[at] - x[at - 1])
    y[at] = y[at - 1] + share * (y[at] - y[at - 1])
    return path._replace(x=x, y=y).keep(~beyond | on_the_way)


def _merged(path: _Path, chance: Reals, share: float) -> _Path:
    """Do not lift the pen between two strokes of some drawings, if it is not far."""
    if share == 0:
        return path
    drawings = _drawings(path)
    strokes = np.flatnonzero(path.begins)
    point, _ = _one_of_each(path, chance[1])
    at = strokes[np.searchsorted(strokes, point, side="right") - 1]  # where its stroke begins
    joined = (at != drawings) & (_apart(path, at) <= _NEAR) & (chance[0] < share)
    begins = path.begins.copy()
    begins[at[joined]] = False
    return path._replace(begins=begins)


def _split(path: _Path, chance: Reals, how: Variation) -> _Path:
    """Lift the pen within a stroke of some drawings; give long lines the points to bend at."""
    pieces = np.ones(len(path.x), np.int64)
    if how.wobble:
        pieces += path.lengths() // (_STEP * _UNIT)
    splits = np.zeros(len(path.x), np.bool_)
    if how.split:
        at, rest = _one_of_each(path, chance)
        is_inside = ~path.begins[at] & ~np.append(path.begins[1:], True)[at]
        splits[at[is_inside & (rest < how.split)]] = True
    return _with_more_points(path, pieces, splits)


def _one_of_each(path: _Path, chance: Reals) -> tuple[_Whole, Reals]:
    """Return one of the points of each drawing, and the chance that is left over, in [0, 1)."""
    drawings = _drawings(path)
    number = chance * np.diff(np.append(drawings, len(path.x)))
    return drawings + number.astype(np.int64), number % 1


def _with_more_points(path: _Path, pieces: _Whole, splits: npt.NDArray[np.bool_]) -> _Path:
    """Reach each point from the one before in so many pieces; put the pen down anew at some."""
    copies = pieces + splits
    source = np.repeat(np.arange(len(copies)), copies)
    first = np.cumsum(copies) - copies
    piece = np.arange(len(source)) - first[source]  # 0, 1, … of each point
    left = np.maximum(pieces[source] - 1 - piece, 0) / pieces[source]
    last = np.maximum(source - 1, 0)
    x = path.x[source] - left * (path.x[source] - path.x[last])
    y = path.y[source] - left * (path.y[source] - path.y[last])
    begins = np.where(piece == pieces[source], True, path.begins[source])
    return _Path(x, y, begins, path.owner[source])


def _bent(path: _Path, wave: Waves, matrix: Reals, keys: Keys, how: Variation) -> _Path:
    """Move each stroke a little, then every point by its drawing's wave and linear map."""
    owner = path.owner
    x, y = path.x - _SIZE / 2, path.y - _SIZE / 2
    if how.wobble:
        across, along, phase, right, down = (numbers[:, owner] for numbers in wave)
        height = np.sin(across * x + along * y + phase)  # (waves, points)
        dx, dy = (right * height).sum(axis=0), (down * height).sum(axis=0)
        x, y = x + dx, y + dy
    if how.shift:
        strokes = np.flatnonzero(path.begins)
        owners = owner[strokes]
        number = np.arange(len(strokes)) - np.searchsorted(owners, owners)
        moves = 2 * uniform(keys_of_members(keys[owners], number), 2) - 1  # (2, strokes)
        dx, dy = (how.shift * moves)[:, np.cumsum(path.begins) - 1]
        x, y = x + dx, y + dy
    m = matrix[:, :, owner]
    return path._replace(x=m[0, 0] * x + m[0, 1] * y, y=m[1, 0] * x + m[1, 1] * y)


def _framed(path: _Path) -> _Path:
    """Align each drawing at 0 and scale it evenly until its longer side measures 255."""
    begins = _drawings(path)
    low = [np.minimum.reduceat(axis, begins) for axis in (path.x, path.y)]
    high = [np.maximum.reduceat(axis, begins) for axis in (path.x, path.y)]
    extent = np.maximum(high[0] - low[0], high[1] - low[1])
    # What is smaller than half a unit is a dot, whatever roundings make of it: it stays one.
    scale = np.where(extent < 0.5, 0.0, _SIZE / np.maximum(extent, 0.5))[path.owner]
    return path._replace(
        x=(path.x - low[0][path.owner]) * scale, y=(path.y - low[1][path.owner]) * scale
    )
