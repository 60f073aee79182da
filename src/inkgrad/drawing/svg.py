"""SVG drawings → strokes, without trusting the file."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import numpy as np

from inkgrad.drawing.strokes import Strokes, check_strokes
from inkgrad.errors import DataError

__all__ = ["MAX_CHARACTERS", "MAX_ELEMENTS", "strokes_from_svg"]

MAX_CHARACTERS = 2_000_000  # of text, and of all attributes where elements are used repeatedly
MAX_ELEMENTS = 10_000
_MAX_DEPTH = 100
_SHAPES = {"path", "line", "polyline", "polygon", "rect", "circle", "ellipse"}
_KEPT = _SHAPES | {"svg", "g", "a", "switch", "defs", "symbol", "use"}
_CURVE_POINTS = 64  # a full circle deviates from so many chords by 0.1 % of its radius
_NAMESPACE = "{http://www.w3.org/2000/svg}"


def strokes_from_svg(source: str | os.PathLike[str] | bytes) -> Strokes:
    """Read the lines of an SVG drawing as strokes.

    Paths, lines, polylines, polygons, rectangles, circles and ellipses are taken, with their
    transformations, in the order in which they are painted; each connected part is a stroke, and
    curves become short straight lines. How they are painted does not matter, except that a
    filled rectangle without a line around it, behind everything else, is paper. Text, pictures,
    style sheets and all else are passed over, and nothing outside the file is ever opened.

    Parameters
    ----------
    source : path, text or bytes
        A file's path or its contents; a text that begins with ``<`` is taken for contents.

    Returns
    -------
    strokes : list of float64 arrays (2, n), in the drawing's own units, y downwards

    Raises
    ------
    DataError
        If the file is missing, too large, not SVG, defines entities, nests or repeats elements
        beyond reason, or has no shapes or unusable coordinates; it is named.

    Examples
    --------
    >>> strokes_from_svg('<svg><g transform="translate(10 0)"><path d="M0 0 H5 V5"/></g></svg>')
    [array([[10., 15., 15.],
           [ 0.,  0.,  5.]])]
    """
    text, name = _read(source)
    root = _parse(text, name)
    _check_size(root, name)
    return check_strokes(_flatten(root, name), where=name)


def _read(source: str | os.PathLike[str] | bytes) -> tuple[str, str]:
    """Return an SVG's text and how errors call it."""
    name = "SVG text"
    if isinstance(source, str) and source.lstrip("\ufeff \t\r\n").startswith("<"):
        text = source
    else:
        data = source
        if not isinstance(data, bytes):
            name = os.fspath(data)
            try:
                with open(name, "rb") as file:
                    data = file.read(4 * MAX_CHARACTERS + 1)
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or error
                raise DataError(
                    f"{name}: cannot be read ({reason}); give the path of an SVG file"
                ) from None
        utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        try:
            text = data.decode("utf-16" if utf16 else "utf-8-sig")
        except UnicodeDecodeError:
            raise DataError(f"{name}: this is not SVG text in UTF-8 or UTF-16") from None
    if len(text) > MAX_CHARACTERS:
        raise DataError(
            f"{name}: more than {MAX_CHARACTERS:,} characters; simplify the drawing first"
        )
    return text, name


def _parse(text: str, name: str) -> ElementTree.Element:
    """Return the tree of the elements that matter here, without any others."""
    if "<!ENTITY" in text:  # they can stand for gigabytes, or for files
        raise DataError(f"{name}: entity definitions are refused; save the file as plain SVG")
    try:
        root = ElementTree.fromstring(text.lstrip("\ufeff \t\r\n"))
    except (ElementTree.ParseError, ValueError) as error:
        raise DataError(f"{name}: this is not well-formed XML ({error})") from None
    if _tag(root) != "svg":
        raise DataError(f"{name}: the outermost element is <{_tag(root)}>; SVG has <svg>")
    waiting = [root]
    while waiting:
        element = waiting.pop()
        element[:] = [child for child in element if _tag(child) in _KEPT]
        waiting.extend(element)
    return root


def _tag(element: ElementTree.Element) -> str:
    return element.tag.removeprefix(_NAMESPACE)


def _check_size(root: ElementTree.Element, name: str) -> None:
    """Refuse drawings that a few lines of `<use>` blow up, or that refer to themselves."""
    targets = {element.get("id", ""): element for element in root.iter()}
    characters = 0
    for number, element in enumerate(_unrolled(root, targets, name)):
        characters += sum(len(value) for value in element.attrib.values())
        if number >= MAX_ELEMENTS or characters > MAX_CHARACTERS:
            raise DataError(
                f"{name}: more than {MAX_ELEMENTS:,} elements or {MAX_CHARACTERS:,} characters "
                "once repeated ones are counted; simplify the drawing first"
            )


def _unrolled(
    element: ElementTree.Element, targets: dict[str, ElementTree.Element], name: str, depth: int = 0
) -> Iterator[ElementTree.Element]:
    """Yield every element as often as it is drawn."""
    if depth > _MAX_DEPTH:
        raise DataError(
            f"{name}: elements are nested more than {_MAX_DEPTH} deep, or one uses itself; "
            "simplify the drawing first"
        )
    yield element
    inner = list(element)
    for key, value in element.attrib.items():
        if key.endswith("href") and value[1:] in targets:
            inner.append(targets[value[1:]])
    for child in inner:
        yield from _unrolled(child, targets, name, depth + 1)


def _flatten(root: ElementTree.Element, name: str) -> list[Any]:
    """Return strokes [xs, ys], not yet checked, of all shapes in a harmless tree."""
    import svgelements

    # svgelements does the geometry: units, view boxes, transformations, path data, arcs.
    text = ElementTree.tostring(root, encoding="unicode")
    try:
        drawing = svgelements.SVG.parse(io.StringIO(text), reify=True)
        elements = drawing.elements() if isinstance(drawing, svgelements.SVG) else []
        shapes = [shape for shape in elements if isinstance(shape, svgelements.Shape)]
        drawn = [(_is_paper(shape), _subpaths(shape)) for shape in shapes]
    except Exception as error:  # malformed numbers and units make it raise almost anything
        raise DataError(f"{name}: a shape cannot be understood ({error})") from None
    drawn = [(is_paper, strokes) for is_paper, strokes in drawn if strokes]
    if not drawn:
        raise DataError(
            f"{name}: there are no shapes; draw with paths, lines or other shapes (text and "
            "pictures are not read)"
        )
    is_paper, strokes = drawn[0]
    rest = [stroke for _, strokes in drawn[1:] for stroke in strokes]
    return rest if is_paper and rest and _encloses(strokes, rest) else strokes + rest


def _is_paper(shape: Any) -> bool:
    """Tell whether a shape may be paper: a rectangle without a line around it."""
    import svgelements

    return isinstance(shape, svgelements.Rect) and shape.stroke.value is None


def _subpaths(shape: Any) -> list[Any]:
    """Return the connected parts of one shape as strokes of shape (2, n)."""
    import svgelements

    strokes = []
    for part in svgelements.Path(shape).as_subpaths():
        # After "close" a path may go on without a "move to", from where the closed part began.
        points: list[Any] = [] if isinstance(part[0], svgelements.Move) else [part[0].start]
        for segment in part:
            if isinstance(segment, (svgelements.Move, svgelements.Line, svgelements.Close)):
                points.append(segment.end)
            else:
                points += [segment.point(i / _CURVE_POINTS) for i in range(1, _CURVE_POINTS + 1)]
        if len(points) > 1:  # a mere "move to" draws nothing
            stroke = np.array([(point.x, point.y) for point in points]).T
            if stroke.dtype == object:  # svgelements keeps what it cannot turn into pixels
                raise ValueError("a length in ex, em or vw; give it in px")
            strokes.append(stroke)
    return strokes


def _encloses(outer: list[Any], inner: list[Any]) -> bool:
    """Tell whether the box around some strokes encloses some others."""
    out, within = np.concatenate(outer, axis=1), np.concatenate(inner, axis=1)
    low = (out.min(axis=1) <= within.min(axis=1)).all()
    return bool(low and (out.max(axis=1) >= within.max(axis=1)).all())
