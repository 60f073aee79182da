"""The strokes of a drawing: checked once at the door, plain arrays from there on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from numbers import Number
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from inkgrad.errors import DrawingError

__all__ = [
    "MAX_COORDINATE",
    "MAX_POINTS",
    "Drawing",
    "Points",
    "Reals",
    "Strokes",
    "align",
    "bounding_box",
    "check_strokes",
    "fit",
    "in_words_of_json",
    "is_simplified",
    "join_drawings",
    "numbered",
    "some_drawings",
]


class Strokes(list[npt.NDArray[np.float64]]):
    """Checked strokes: one array of shape (2, points) a stroke, x in the first row, y downwards.

    Only what has been checked is put into one, so that `check_strokes` hands it on as it is.
    """


Drawing = Sequence[Any]
"""What a caller may hand in: strokes `[xs, ys]` or `[xs, ys, ts]`, lists or arrays."""

Reals = Sequence[float] | npt.NDArray[np.float64]


class Points(NamedTuple):
    """The points of many drawings, one after the other, and where strokes and drawings begin."""

    x: Reals
    y: Reals
    strokes: Sequence[int] | npt.NDArray[np.int64]
    """Stroke k has the points strokes[k] … strokes[k + 1] − 1."""
    drawings: Sequence[int] | npt.NDArray[np.int64]
    """Drawing d has the strokes drawings[d] … drawings[d + 1] − 1."""


MAX_POINTS = 1_000_000  # the longest real drawings have some thousands
MAX_COORDINATE = 1e9  # far beyond any screen; differences of such numbers are still exact
_BORDER = 16  # by how much a simplified drawing may miss 0 and 255: the width of the pen


def check_strokes(strokes: Drawing, *, where: str = "drawing") -> Strokes:
    """Turn strokes from outside into checked arrays, or say what is wrong with them.

    Parameters
    ----------
    strokes : sequence of strokes
        In the form of the Quick, Draw! data set: a stroke is `[xs, ys]` or `[xs, ys, ts]`, two or
        three equally long sequences of numbers. Times are dropped. Nothing handed in is modified.
    where : str
        How an error calls the drawing, for instance ``"cat.ndjson, line 7"``.

    Returns
    -------
    strokes : Strokes
        Float64 arrays of shape (2, n), n ≥ 1. What is one already is returned as it is: a drawing
        is checked once.

    Raises
    ------
    DrawingError
        If there is no stroke, or a stroke is empty, is not made of two or three equally long
        rows of numbers, or holds a number that is not finite or is beyond ±1e9, or if there are
        more than `MAX_POINTS` points in all.

    Examples
    --------
    >>> check_strokes([[[0, 3], [0, 4], [0, 16]]])
    [array([[0., 3.],
           [0., 4.]])]
    >>> check_strokes([[[0, 3], [0]]], where="cat.ndjson, line 7")
    Traceback (most recent call last):
    inkgrad.errors.DrawingError: cat.ndjson, line 7: stroke 1 is not two or three equally long rows
    of numbers; give every stroke as [xs, ys] or [xs, ys, ts]
    """
    if isinstance(strokes, Strokes):
        return strokes
    if not _is_list(strokes):
        raise DrawingError(
            f"strokes are {in_words_of_json(strokes)}; "
            "give a list of strokes, each [xs, ys] or [xs, ys, ts]",
            where,
        )
    if len(strokes) == 0:
        raise DrawingError("there are no strokes; a drawing has at least one", where)
    rows: list[npt.NDArray[np.generic]] = []
    ends: list[int] = []  # where each stroke ends among all points
    for number, stroke in enumerate(strokes, start=1):
        rows.append(_stroke_rows(stroke, number, where))
        ends.append(rows[-1].shape[1] + (ends[-1] if ends else 0))
        if ends[-1] > MAX_POINTS:
            raise DrawingError(
                f"{ends[-1]:,} points up to stroke {number}; at most {MAX_POINTS:,} can be drawn",
                where,
            )
    with np.errstate(over="ignore"):  # a long double may become infinite, which is refused below
        points = np.concatenate(rows, axis=1, dtype=np.float64)  # (2, all points)
    usable = np.abs(points) <= MAX_COORDINATE  # false for NaN and infinity too
    if not usable.all():
        value = np.format_float_scientific(points[~usable][0], trim="-", exp_digits=1)
        raise DrawingError(
            f"a coordinate is {value}; every coordinate must be a number within ±1e9", where
        )
    points += 0.0  # -0.0 becomes 0.0, so that the same drawing is the same bits
    return Strokes(
        points[:, end - stroke.shape[1] : end] for stroke, end in zip(rows, ends, strict=True)
    )


def join_drawings(drawings: Sequence[Drawing], first: int = 0, total: int | None = None) -> Points:
    """Check some drawings and lay their points one after the other: quicker than one by one.

    Parameters
    ----------
    drawings : sequence of drawings, at least one
    first, total : int
        If they are part of more: where in these they begin, and how many these are.

    Raises
    ------
    DrawingError
        If a drawing is unusable (see `check_strokes`); it is named by its index.

    Examples
    --------
    >>> points = join_drawings([[[[0, 3], [0, 4]], [[7], [8]]], [[[5], [6]]]])
    >>> points.x.tolist(), points.strokes.tolist(), points.drawings.tolist()
    ([0.0, 3.0, 7.0, 5.0], [0, 2, 3, 4], [0, 2, 3])
    """
    points = _join_lists(drawings)
    if points is not None:
        return points
    checked = []
    for index, drawing in enumerate(drawings, start=first):
        with numbered(index, total or len(drawings)):
            checked.append(check_strokes(drawing))
    strokes = [stroke for drawing in checked for stroke in drawing]
    x, y = np.concatenate(strokes, axis=1)
    return Points(
        x,
        y,
        _begins([stroke.shape[1] for stroke in strokes]),
        _begins([len(drawing) for drawing in checked]),
    )


def _join_lists(drawings: Sequence[Drawing]) -> Points | None:
    """Join drawings that are lists of lists, as they are read from files.

    Returns None if there is anything about them that `check_strokes` should look at.
    """
    xs: list[Any] = []
    ys: list[Any] = []
    times: list[Any] = []
    lengths, counts = [], []
    for drawing in drawings:
        if type(drawing) is not list or not drawing:
            return None
        begin = len(xs)
        for stroke in drawing:
            if type(stroke) is not list or not 2 <= len(stroke) <= 3:
                return None
            rows = {len(row) if type(row) is list else 0 for row in stroke}
            if len(rows) != 1 or 0 in rows:
                return None
            xs += stroke[0]
            ys += stroke[1]
            if len(stroke) == 3:
                times += stroke[2]
            lengths.append(len(stroke[0]))
            if len(xs) - begin > MAX_POINTS:
                return None
        counts.append(len(drawing))
    # A stroke of booleans must not become numbers by standing among other strokes.
    if not {*map(type, xs), *map(type, ys), *map(type, times)} <= {int, float}:
        return None
    points, dropped = np.array([xs, ys]), np.array(times)  # (2, all points), (some points,)
    if points.dtype.kind not in "iuf" or dropped.dtype.kind not in "iuf":  # beyond 64 bits
        return None
    x, y = points.astype(np.float64) + 0.0  # no negative zero
    if not (np.abs(x) <= MAX_COORDINATE).all() or not (np.abs(y) <= MAX_COORDINATE).all():
        return None
    return Points(x, y, _begins(lengths), _begins(counts))


def some_drawings(points: Points, first: int, stop: int) -> Points:
    """Return the points of the drawings from `first` to before `stop`, of arrays.

    Examples
    --------
    >>> points = join_drawings([[[[0, 3], [0, 4]], [[7], [8]]], [[[5], [6]]]])
    >>> some_drawings(points, 1, 2)
    Points(x=array([5.]), y=array([6.]), strokes=array([0, 1]), drawings=array([0, 1]))
    """
    drawings = np.asarray(points.drawings)[first : stop + 1]
    strokes = np.asarray(points.strokes)[drawings[0] : drawings[-1] + 1]
    part = slice(strokes[0], strokes[-1])
    return Points(points.x[part], points.y[part], strokes - strokes[0], drawings - drawings[0])


def _begins(lengths: list[int]) -> npt.NDArray[np.int64]:
    return np.append(0, np.cumsum(lengths, dtype=np.int64))


@contextlib.contextmanager
def numbered(index: int, drawings: int) -> Iterator[None]:
    """Have an error say which drawing it is about: the one at `index`, of `drawings`.

    Examples
    --------
    >>> with numbered(7, 9):
    ...     check_strokes([])
    Traceback (most recent call last):
    inkgrad.errors.DrawingError: drawing 7: there are no strokes; a drawing has at least one
    """
    try:
        yield
    except DrawingError as error:
        name = "drawing" if drawings == 1 else f"drawing {index}"
        raise DrawingError(error.reason, name, index) from None


def _is_list(value: object) -> bool:
    """Tell sequences of anything from texts, mappings and the rest."""
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def in_words_of_json(value: object) -> str:
    """Say what a value is, in the words that errors of JavaScript use too.

    Examples
    --------
    >>> [in_words_of_json(value) for value in ("7", 7, None, {})]
    ['a string', 'a number', 'null', 'an object']
    """
    if value is None:
        return "null"
    if isinstance(value, (bool, np.bool_)):
        return "a boolean"
    if isinstance(value, Number):
        return "a number"
    return "a string" if isinstance(value, (str, bytes)) else "an object"


def _stroke_rows(stroke: object, number: int, where: str) -> npt.NDArray[np.generic]:
    """Return one stroke's rows of x and y as a numeric array (2, n), not yet checked for NaN."""
    try:
        rows = np.asarray(stroke)
    except (ValueError, TypeError, OverflowError):  # rows of different lengths, or a strange type
        rows = np.empty(0, dtype=object)
    if rows.ndim != 2 or rows.shape[0] not in (2, 3) or rows.dtype.kind not in "iufb":
        raise DrawingError(
            f"stroke {number} is not two or three equally long rows of numbers; "
            "give every stroke as [xs, ys] or [xs, ys, ts]",
            where,
        )
    if rows.dtype.kind == "b" or (not isinstance(stroke, np.ndarray) and _holds_booleans(stroke)):
        raise DrawingError(
            f"stroke {number} holds a boolean; every coordinate must be a number", where
        )
    if rows.shape[1] == 0:
        raise DrawingError(f"stroke {number} is empty; a stroke has at least one point", where)
    return rows[:2]


def _holds_booleans(rows: Any) -> bool:
    """Tell whether there are booleans among numbers, which NumPy takes for 1 and 0."""
    return any(
        row.dtype.kind == "b"
        if isinstance(row, np.ndarray)
        else not {bool, np.bool_}.isdisjoint(map(type, row))
        for row in rows
    )


def bounding_box(strokes: Strokes) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the lowest and the highest x and y of checked strokes: two arrays of shape (2,).

    Examples
    --------
    >>> bounding_box(check_strokes([[[1, 3], [7, 4]], [[2], [9]]]))
    (array([1., 4.]), array([3., 9.]))
    """
    points = np.concatenate(strokes, axis=1)
    return points.min(axis=1), points.max(axis=1)


def align(strokes: Strokes) -> Strokes:
    """Shift checked strokes so that their smallest x and their smallest y are 0.

    Examples
    --------
    >>> align(check_strokes([[[5, 7], [-1, 3]]]))
    [array([[0., 2.],
           [0., 4.]])]
    """
    low, _ = bounding_box(strokes)
    return Strokes(stroke - low[:, None] for stroke in strokes)


def fit(strokes: Strokes, size: float = 255.0) -> Strokes:
    """Align checked strokes and scale them evenly until the longer side measures `size`.

    A drawing without extent (a single dot) is only shifted.

    Examples
    --------
    >>> fit(check_strokes([[[10, 30], [10, 20]]]))
    [array([[  0. , 255. ],
           [  0. , 127.5]])]
    """
    low, high = bounding_box(strokes)
    extent = float((high - low).max())
    if extent == 0:
        return align(strokes)
    # Multiplied before divided: Google's roundings, which `simplify` must share to the last bit.
    return Strokes((stroke - low[:, None]) * size / extent for stroke in strokes)


def is_simplified(strokes: Strokes) -> bool:
    """Tell whether checked strokes already lie in the frame of Google's simplified drawings.

    This is the one rule that decides whether a drawing is drawn as it is or scaled to fill the
    frame first, whatever file, command, server or page it comes by: whole numbers from 0 to 255
    that reach to within 16, the width of the pen, of 0 on both axes and of 255 on the longer one.

    Google's simplification puts every drawing at 0 and makes its longer side 255 long, but drops
    outermost points that lie less than 2 from the line through their neighbours. So of 84,125
    simplified drawings 28 % miss 0 or 255, 184 of them by more than 5, 12 by more than 16 and
    none by more than 46. What misses the frame by no more than the pen's width is drawn as it is,
    to Google's own bytes; anything smaller, such as one's own drawing on a small canvas, is scaled.

    Examples
    --------
    >>> is_simplified(check_strokes([[[0, 255], [12, 0]]]))
    True
    >>> is_simplified(check_strokes([[[0, 400], [12, 0]]]))
    False
    >>> is_simplified(check_strokes([[[0, 100], [12, 0]]]))
    False
    """
    points = np.concatenate(strokes, axis=1)
    low, high = points.min(axis=1), points.max(axis=1)
    framed = low.min() >= 0 and low.max() <= _BORDER and 255 - _BORDER <= high.max() <= 255
    return bool(framed and (points == np.rint(points)).all())
