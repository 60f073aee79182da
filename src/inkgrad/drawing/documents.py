"""Documents of drawing programs, parsed from JSON: Excalidraw and tldraw → strokes.

Lines, arrows (without their heads) and shapes become strokes, with their rotations; text and
pictures are passed over, as in SVG.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from inkgrad.drawing.strokes import Drawing
from inkgrad.errors import DataError

__all__ = ["strokes_of_document"]

Points = npt.NDArray[np.float64]
"""Points of a line, of shape (n, 2)."""

_MAX_NESTING = 100
_TURN = np.linspace(0, 2 * np.pi, 65)
_SHAPES: dict[str, Points] = {  # in a square of side 1
    "rectangle": np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], dtype=np.float64),
    "diamond": np.array([[0.5, 0], [1, 0.5], [0.5, 1], [0, 0.5], [0.5, 0]]),
    "triangle": np.array([[0.5, 0], [1, 1], [0, 1], [0.5, 0]]),
    "ellipse": np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1) / 2 + 0.5,  # (65, 2)
}
_UNUSABLE = (
    *(KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError),
    binascii.Error,
)


def strokes_of_document(value: Any, where: str) -> tuple[Drawing, str] | None:
    """Return the strokes of a document and whose it is; None if it is of neither program.

    Parameters
    ----------
    value : parsed JSON
        Excalidraw's file (``.excalidraw``) or clipboard; tldraw's file (``.tldr``), snapshot or
        clipboard.
    where : str
        How an error calls it.

    Raises
    ------
    DataError
        If nothing is drawn in it, it has drawings on several pages, or an element cannot be
        understood.

    Examples
    --------
    >>> line = {"type": "line", "x": 10, "y": 20, "points": [[0, 0], [5, 5]]}
    >>> strokes_of_document({"type": "excalidraw", "elements": [line]}, "a.excalidraw")
    ([[[10.0, 15.0], [20.0, 25.0]]], 'an Excalidraw document')
    """
    if not isinstance(value, dict):
        return None
    records = _tldraw_records(value)
    if records is not None:
        form, lines = "a tldraw document", _lines_of_tldraw(records, where)
    elif isinstance(value.get("elements"), list):
        form, lines = "an Excalidraw document", _lines_of_excalidraw(value["elements"])
    else:
        return None
    try:
        with np.errstate(all="ignore"):  # what is not finite is refused when it is checked
            strokes = [line.T.tolist() for line in lines]  # (n, 2) -> (2, n)
    except DataError:
        raise
    except _UNUSABLE:
        raise DataError(
            f"{where}: {form} with an element that cannot be understood; export it as SVG or PNG"
        ) from None
    if not strokes:
        raise DataError(
            f"{where}: {form} without lines or shapes (text and pictures are not read); draw some"
        )
    return strokes, form


def _lines_of_excalidraw(elements: list[Any]) -> Iterator[Points]:
    """Yield what is drawn, turned about the middle of each element."""
    for element in elements:
        invisible = element.get("strokeColor") == element.get("backgroundColor") == "transparent"
        if element.get("isDeleted") or element.get("opacity") == 0 or invisible:
            continue
        kind = element["type"]
        if kind in ("freedraw", "line", "arrow"):
            line = _array([point[:2] for point in element["points"]])
        elif kind in _SHAPES:
            line = _SHAPES[kind] * _array([element["width"], element["height"]])
        else:  # text, a picture, a frame
            continue
        if not len(line):
            continue
        middle = (line.min(axis=0) + line.max(axis=0)) / 2
        turned = _turn(line - middle, element.get("angle", 0)) + middle
        yield turned + _array([element["x"], element["y"]])


def _tldraw_records(value: dict[str, Any]) -> list[Any] | None:
    """Return the records of a document of tldraw; None if it is none."""
    inner = value.get("document")
    store = value.get("store", inner.get("store") if isinstance(inner, dict) else None)
    if isinstance(store, dict):
        return list(store.values())
    listed = value.get("records", value.get("shapes"))
    return listed if isinstance(listed, list) and "schema" in value else None


def _lines_of_tldraw(records: list[Any], where: str) -> Iterator[Points]:
    """Yield what is drawn, each shape moved and turned with those that it lies in."""
    named = {record["id"]: record for record in records if isinstance(record, dict)}
    pages = set()
    for shape in named.values():
        if shape.get("typeName", "shape") != "shape" or shape.get("opacity") == 0:
            continue
        line = _line_of_tldraw(shape["type"], shape["props"], where)
        if line is None or not len(line):
            continue
        for _ in range(_MAX_NESTING):
            line = _turn(line, shape.get("rotation", 0)) + _array([shape["x"], shape["y"]])
            parent = shape.get("parentId")
            shape = named.get(parent, {})
            if shape.get("typeName") != "shape":
                break
        pages.add(parent)
        if len(pages) > 1:
            raise DataError(f"{where}: a tldraw document with drawings on several pages; keep one")
        yield line


def _line_of_tldraw(kind: str, props: dict[str, Any], where: str) -> Points | None:
    """Return a shape's line in its own coordinates; None if it is text or a picture."""
    if kind in ("draw", "highlight"):
        parts = [_segment(segment) for segment in props["segments"]]
        line = np.concatenate([np.empty((0, 2)), *parts])  # (n, 2)
        line = line * _array([props.get("scaleX", 1), props.get("scaleY", 1)])
        return np.concatenate([line, line[:1]]) if props.get("isClosed") else line
    if kind == "line":
        points = props.get("points", props.get("handles"))
        ordered = (
            sorted(points.values(), key=lambda point: str(point["index"]))
            if isinstance(points, dict)
            else points
        )
        return _pairs(ordered)
    if kind == "arrow":
        return _pairs([props["start"], props["end"]])
    if kind == "geo":
        if props["geo"] not in _SHAPES:
            raise DataError(
                f"{where}: a tldraw document with a shape {props['geo']!r:.40}; export it as SVG"
            )
        return _SHAPES[props["geo"]] * _array([props["w"], props["h"]])
    return None


def _segment(segment: dict[str, Any]) -> Points:
    """Return the points of a part of a line.

    Newer files have them as base64: x, y, pressure of the first point as float32, then as float16
    the differences to the point before; for a time, all points were float16.
    """
    packed = segment["path"] if "path" in segment else segment["points"]
    if not isinstance(packed, str):
        return _pairs(packed)
    data = base64.b64decode(packed, validate=True)
    if "path" not in segment:
        return np.frombuffer(data, "<f2").astype(np.float64).reshape(-1, 3)[:, :2]
    first = np.frombuffer(data[:12], "<f4").astype(np.float64)  # (3,)
    steps = np.frombuffer(data[12:], "<f2").astype(np.float64)
    moves = np.concatenate([first, steps]).reshape(-1, 3)  # (points, 3)
    return np.cumsum(moves, axis=0)[:, :2]


def _pairs(points: Any) -> Points:
    """Return points {x, y} as an array (n, 2)."""
    return _array([[point["x"], point["y"]] for point in points]).reshape(-1, 2)


def _array(numbers: Any) -> Points:
    """Return numbers as an array; a `TypeError` if some are none."""
    array = np.array(numbers)
    if array.dtype.kind not in "iuf":
        raise TypeError
    return array.astype(np.float64)


def _turn(line: Points, angle: Any) -> Points:
    """Turn points (n, 2) about the origin by an angle in radians, from x towards y."""
    if not angle:
        return line
    c, s = math.cos(angle), math.sin(angle)
    x, y = line.T
    return np.stack([c * x - s * y, s * x + c * y], axis=1)  # (n, 2)
