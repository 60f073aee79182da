"""The forms of strokes in JSON: Google's rows, and what drawing pages save.

Google writes a stroke as rows, ``[xs, ys]`` or ``[xs, ys, ts]``. Pages write points, ``[x, y]``,
``[x, y, pressure or time]`` or ``{"x": …, "y": …}``, often in objects that also tell colour and
width (signature_pad, react-sketch-canvas, react-canvas-draw, perfect-freehand, Konva, Turi Create).
Three points ``[x, y]`` look like two points ``[xs, ys, ts]``, so the form is decided on the whole
drawing, and what could be either is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Literal

from inkgrad.drawing.documents import strokes_of_document
from inkgrad.drawing.strokes import MAX_COORDINATE, Drawing
from inkgrad.errors import DataError

__all__ = ["POINTS", "ROWS", "Place", "depth_of", "strokes_from_json"]

Place = Literal["rows", "points", "field", "list"]
"""Where strokes are found: among rows, as in Google's records, or among points; in a field that is
documented to hold rows; in a list that says nothing."""

ROWS = "rows [xs, ys]"
"""The name of Google's own form."""

POINTS = "points [x, y]"
"""The name of its transpose."""

_OBJECTS = "points {x, y}"
_COLUMNS = "rows {x, y}"
_FLAT = "points x, y, x, y"
_GROUPS = ("points", "lines", "paths", "strokes", "drawing", "path", "stroke", "data")
_ERASERS = {
    "drawMode": (False,),  # react-sketch-canvas
    "tool": ("eraser",),  # Konva's example
    "type": ("eraser",),
    "mode": ("eraser", "erase"),
    "compositeOperation": ("destination-out",),  # signature_pad
    "globalCompositeOperation": ("destination-out",),
}


def strokes_from_json(
    value: Any, where: str = "drawing", *, place: Place = "list"
) -> tuple[Drawing, str]:
    """Find the strokes in parsed JSON, and say in which form they were.

    Parameters
    ----------
    value : list or dict
        One drawing: a list of strokes, one stroke, an object with a list of them, or a document
        of Excalidraw or tldraw.
    where : str
        How an error calls the drawing.
    place : {"rows", "points", "field", "list"}
        Where it was found, which decides between rows and points if nothing else does.

    Returns
    -------
    strokes : list of strokes [xs, ys] or [xs, ys, ts]
        Still to be checked by `check_strokes`.
    form : str
        For instance ``"points {x, y}"``.

    Raises
    ------
    DataError
        If the strokes may be rows as well as points, are of two forms, or were partly erased.

    Examples
    --------
    >>> strokes_from_json([[[1, 2], [3, 4], [5, 6], [7, 8]]])
    ([[[1, 3, 5, 7], [2, 4, 6, 8]]], 'points [x, y]')
    >>> strokes_from_json({"lines": [{"points": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}]})
    ([[[1, 3], [2, 4]]], 'points {x, y}')
    >>> strokes_from_json([[[1, 2], [3, 4]]], "a.json")
    Traceback (most recent call last):
    inkgrad.errors.DataError: a.json: the strokes may be rows [xs, ys] or points [x, y]; write
    {"drawing": [[xs, ys], …]} for rows without times, or {"x": …, "y": …} for points
    """
    document = strokes_of_document(value, where)
    if document is not None:
        return document
    depth = depth_of(value)
    while depth > 2 and isinstance(value, dict) and (key := _group(value, where)):
        value = value[key]
    alone = depth == 2 and not (isinstance(value, list) and len(value) == 1)
    strokes = [value] if alone else value
    if not isinstance(strokes, list) or not strokes:
        return strokes, ROWS  # which is refused by its check, in its words
    found = [_open(stroke, number, where) for number, stroke in enumerate(strokes, start=1)]
    forms = [form for form, _ in found]
    opened = [stroke for _, stroke in found]
    if len(set(forms)) > 1:
        other = next(number for number, form in enumerate(forms) if form != forms[0])
        raise DataError(
            f"{where}: stroke {other + 1} is of another form than stroke 1; "
            "give all strokes as [xs, ys]"
        )
    return (opened, forms[0]) if forms[0] else _decide(opened, where, place)


def depth_of(value: Any) -> int:
    """Return how many lists are around the first number: 2 in a stroke, 3 in a drawing.

    Objects with one list in them count as that list, ``{"x": …, "y": …}`` as what it stands for.

    Examples
    --------
    >>> depth_of([[[1, 2], [3, 4]]]), depth_of([{"points": [{"x": 1, "y": 2}]}])
    (3, 3)
    """
    depth = 0
    while isinstance(value, (list, dict)):
        if isinstance(value, list):
            depth += 1
            if not value:
                break
            value = value[0]
        elif "x" in value and "y" in value:
            return depth + (2 if isinstance(value["x"], list) else 1)
        else:
            key = _group(value)
            if key is None:
                break
            value = value[key]
            if isinstance(value, list) and value and _is_number(value[0]):
                return depth + 2  # x, y, x, y, …
    return depth


def _group(value: dict[str, Any], where: str = "") -> str | None:
    """Return the key under which an object has its list of points or strokes."""
    keys = [key for key in _GROUPS if isinstance(value.get(key), (list, dict))]
    if where and len(keys) > 1:
        raise DataError(
            f'{where}: both "{keys[0]}" and "{keys[1]}" hold lists; keep the one with the strokes'
        )
    return keys[0] if keys else None


def _open(stroke: Any, number: int, where: str) -> tuple[str, Any]:
    """Return one stroke as [xs, ys] and its form; as it is, and "", if that is still to be told."""
    if isinstance(stroke, dict):
        for key, values in _ERASERS.items():
            if any(stroke.get(key) is value or stroke.get(key) == value != 0 for value in values):
                raise DataError(
                    f"{where}: stroke {number} is an eraser's, which strokes cannot show; "
                    "save the drawing as a picture (PNG)"
                )
        if isinstance(stroke.get("x"), list) and isinstance(stroke.get("y"), list):
            return _COLUMNS, [stroke["x"], stroke["y"]]
        group = _group(stroke, where)
        stroke = stroke if group is None else stroke[group]
        if isinstance(stroke, list) and stroke and _is_number(stroke[0]):
            if len(stroke) % 2:
                raise DataError(
                    f"{where}: stroke {number} has {len(stroke):,} numbers; x, y, x, y, … are even"
                )
            return _FLAT, [stroke[::2], stroke[1::2]]
    if isinstance(stroke, list) and any(isinstance(point, dict) for point in stroke):
        if not all(isinstance(point, dict) and "x" in point and "y" in point for point in stroke):
            raise DataError(
                f"{where}: stroke {number} holds something else than points; give every point as "
                '{"x": …, "y": …}'
            )
        return _OBJECTS, [[point["x"] for point in stroke], [point["y"] for point in stroke]]
    return "", stroke


def _decide(strokes: list[Any], where: str, place: Place) -> tuple[Drawing, str]:
    """Return lists of lists as strokes: as rows or as points, whichever they are."""
    as_rows: tuple[Drawing, str] = strokes, ROWS
    rows = all(_is_table(stroke) and len(stroke) in (2, 3) for stroke in strokes)
    if rows and (place == "rows" or not all(len(s[0]) in (2, 3) for s in strokes)):
        return as_rows
    lengths = {len(s[0]) if _is_table(s) else 0 for s in strokes}
    if len(lengths) > 1 or not 2 <= min(lengths) <= 8 or not all(map(_is_numeric, strokes)):
        return as_rows  # or neither, which is refused by its check
    (length,) = lengths
    points = [[[point[0] for point in s], [point[1] for point in s]] for s in strokes]
    as_points: tuple[Drawing, str] = points, POINTS
    if not rows:
        return as_points if _is_a_drawing(points) else as_rows
    without_times = all(len(stroke) == 2 for stroke in strokes)
    if points == [stroke[:2] for stroke in strokes] or (place == "field" and without_times):
        return as_rows
    if place == "points":
        return as_points
    sense = _is_believable_as_rows(strokes), _is_believable_as_points(strokes, points)
    if sense[0] != sense[1]:
        return as_rows if sense[0] else as_points
    if place == "field" and all(len(s) == 3 for s in strokes) and strokes[0][2][0] == 0:
        return as_rows  # with times from 0
    if place == "list":  # nobody but Google draws in Google's frame
        framed = _fills_frame(strokes), _fills_frame(points)
        if framed[0] != framed[1]:
            return as_rows if framed[0] else as_points
    times = "" if without_times else ", ts"
    more = "" if length == 2 else ", pressure or time"
    raise DataError(
        f"{where}: the strokes may be rows [xs, ys{times}] or points [x, y{more}]; "
        'write {"drawing": [[xs, ys], …]} for rows without times, or {"x": …, "y": …} for points'
    )


def _is_believable_as_rows(strokes: list[Any]) -> bool:
    """Whether times, if there are any, go forward, and last values are not pressures."""
    if not _goes_forward([t for stroke in strokes for row in stroke[2:] for t in row]):
        return False
    rows = [row for stroke in strokes for row in stroke[:2]]
    if not _is_within_bounds(rows):
        return False
    last = [row[2] for row in rows if len(row) == 3]
    return not (
        _all(last, _is_pressure)
        and any(z % 1 for z in last)
        and any(not _is_pressure(x) for row in rows for x in row)
    )


def _is_believable_as_points(strokes: list[Any], points: list[Any]) -> bool:
    """Whether what follows x and y, if anything does, are pressures or times, and it is no dot."""
    third = [point[2] for stroke in strokes for point in stroke if len(point) == 3]
    if third and not _all(third, _is_pressure) and not _goes_forward(third):
        return False
    return _is_a_drawing(points)


def _is_a_drawing(points: list[Any]) -> bool:
    """Whether strokes are more than a dot, and within the bounds of coordinates."""
    axes = [[value for stroke in points for value in stroke[row]] for row in (0, 1)]
    return any(max(axis) > min(axis) for axis in axes) and _is_within_bounds(axes)


def _fills_frame(strokes: list[Any]) -> bool:
    """Whether strokes begin at 0 on both axes and end at 255 on the longer, as Google's all do.

    Exactly so: rows and their transpose may both come near it (`is_simplified`).
    """
    axes = [[value for stroke in strokes for value in stroke[row]] for row in (0, 1)]
    return all(min(axis) == 0 for axis in axes) and max(map(max, axes)) == 255


def _is_within_bounds(rows: list[Any]) -> bool:
    return all(min(row) >= -MAX_COORDINATE and max(row) <= MAX_COORDINATE for row in rows)


def _is_pressure(value: float) -> bool:
    return 0 <= value <= 1


def _all(numbers: Sequence[Any], holds: Callable[[Any], bool]) -> bool:
    """Whether there are numbers, and something holds for all of them."""
    return bool(numbers) and all(map(holds, numbers))


def _goes_forward(numbers: Sequence[Any]) -> bool:
    return all(a <= b for a, b in pairwise(numbers))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_table(stroke: object) -> bool:
    """Whether a stroke is a list of equally long lists, which are not empty."""
    if not isinstance(stroke, list):
        return False
    lengths = {len(row) if isinstance(row, list) else 0 for row in stroke}
    return len(lengths) == 1 and lengths != {0}


def _is_numeric(stroke: list[Any]) -> bool:
    return all(_is_number(value) for row in stroke for value in row)
