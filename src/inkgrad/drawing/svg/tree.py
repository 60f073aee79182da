"""A tree of elements → the shapes that are painted, one after the other."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from inkgrad.drawing.svg.colours import BLACK, Colour, parse_colour
from inkgrad.drawing.svg.lengths import (
    IDENTITY,
    numbers,
    opacity,
    parse_length,
    parse_transform,
    times,
    view_box,
)
from inkgrad.drawing.svg.outlines import Matrix, Outline, ellipse, parse_path, polyline, rect
from inkgrad.drawing.svg.source import MAX_ELEMENTS, Element, reference, tag
from inkgrad.drawing.svg.styles import Style, StyleSheet, inherited, resolved

__all__ = ["Region", "Shape", "page_colour", "page_size", "shapes_of"]


class Region(NamedTuple):
    """What a clip path or a mask leaves: it shows or hides, one after the other, some areas."""

    matrix: Matrix
    parts: tuple[tuple[Matrix, list[Outline], bool], ...]


_UNKNOWN = 1000.0  # pixels: the window's width and height, if a drawing does not say its own
_EM = 16.0  # pixels, as browsers have it where nobody chose a font
_SHAPES = {"path", "line", "polyline", "polygon", "rect", "circle", "ellipse"}
_GROUPS = {"g", "a"}
_PAINTED = _SHAPES | _GROUPS | {"svg", "switch", "use", "image", "text", "foreignObject"}
_CUTTERS = {"clip-path": "clipPath", "mask": "mask"}
_URL = re.compile(r"""url\(\s*["']?#([^"')]*)["']?\s*\)\s*(.*)""")
_WORDS = {
    **{"left": "0%", "top": "0%", "center": "50%"},
    **{"right": "100%", "bottom": "100%"},
}


@dataclass(frozen=True)
class Shape:
    """One shape, where it stands, and how it is painted.

    Parameters
    ----------
    outlines : list of outlines
    matrix : Matrix
        From the outlines' units to the drawing's.
    fill, stroke : Colour
        Of opacity 0 if there is none.
    width : float
        Of the stroke, in the drawing's units.
    dashes : tuple of float
        Lengths of dashes and gaps in the drawing's units; none if the line is not dashed.
    evenodd : bool
        Whether what is enclosed twice is outside.
    is_bare : bool
        Whether neither fill nor stroke is declared anywhere.
    is_rect : bool
    clips : tuple of regions
        Only what lies within each of them is shown.
    """

    outlines: list[Outline]
    matrix: Matrix
    fill: Colour
    stroke: Colour
    width: float
    dashes: tuple[float, ...]
    evenodd: bool
    is_bare: bool
    is_rect: bool
    clips: tuple[Region, ...]


@dataclass(frozen=True)
class _Surroundings:
    """What an element finds where it stands."""

    matrix: Matrix
    width: float  # of the viewport, in its own units
    height: float
    style: Style
    opacity: float = 1.0
    clips: tuple[Region, ...] = ()
    clipping: bool = False  # whether this is the inside of a clip path


def shapes_of(root: Element, sheet: StyleSheet) -> list[Shape]:
    """Return the shapes of a drawing in the order in which they are painted.

    What is not displayed, not visible or out of use is left out.

    Raises
    ------
    ValueError
        If a number, a length or a transformation cannot be understood.

    Examples
    --------
    >>> from inkgrad.drawing.svg.source import read_tree
    >>> root, name = read_tree('<svg><g display="none"><path d="M0 0h5"/></g><circle r="3"/></svg>')
    >>> [len(shape.outlines) for shape in shapes_of(root, StyleSheet(root, name))]
    [1]
    """
    walk = _Walk(root, sheet)
    return list(walk.visit(root, _Surroundings(IDENTITY, _UNKNOWN, _UNKNOWN, {})))


def page_colour(root: Element, sheet: StyleSheet) -> Colour | None:
    """Return the colour of the page, if the drawing itself declares one.

    Examples
    --------
    >>> from inkgrad.drawing.svg.source import read_tree
    >>> root, name = read_tree('<svg style="background: #fff"/>')
    >>> page_colour(root, StyleSheet(root, name))
    Colour(red=255, green=255, blue=255, opacity=1.0)
    """
    style = sheet.declared(root)
    for name in ("background-color", "background"):
        colour = parse_colour(resolved(style.get(name, "none"), style))
        if colour is not None and colour.opacity > 0:
            return colour
    return None


def page_size(root: Element, sheet: StyleSheet) -> tuple[float, float] | None:
    """Return the width and the height of the page, if the drawing declares them.

    Examples
    --------
    >>> from inkgrad.drawing.svg.source import read_tree
    >>> root, name = read_tree('<svg viewBox="0 0 30 10" width="60"/>')
    >>> page_size(root, StyleSheet(root, name))
    (60.0, 20.0)
    """
    style = sheet.declared(root)
    box = _box(style)
    width, height = _own_size(style, box)
    known = box or {"width", "height"} <= style.keys()
    return (width, height) if known else None


class _Walk:
    def __init__(self, root: Element, sheet: StyleSheet) -> None:
        self._root = root
        self._sheet = sheet
        self._targets: dict[str, Element] = {}
        for element in root.iter():
            self._targets.setdefault(element.get("id", ""), element)
        self._regions: dict[Element, Region | None] = {}
        self._visits = 0

    def visit(
        self, element: Element, where: _Surroundings, user: Style | None = None
    ) -> Iterator[Shape]:
        """Yield the shapes of an element; `user` is the style of the `<use>` that it stands for."""
        self._visits += 1
        if self._visits > 2 * MAX_ELEMENTS:  # there may be some more in clip paths
            raise ValueError(f"more than {MAX_ELEMENTS:,} elements are repeated in clip paths")
        name, style = tag(element), self._sheet.declared(element)
        if style.get("display", "").strip() == "none" or not _is_meant(element):
            return
        seen = where.opacity * opacity(style.get("opacity", "1"))
        if seen <= 0:
            return
        here = replace(where, style=inherited(where.style, style), opacity=seen)
        here = replace(here, matrix=times(here.matrix, self._transform(style, here)))
        here = self._clipped(style, here)
        if name in _SHAPES:
            yield from self._shape(name, style, here)
        elif name in ("svg", "symbol"):
            inner = self._viewport(element, style, here, user)
            if inner is not None:
                yield from self._children(element, inner)
        elif name in _GROUPS:
            yield from self._children(element, here)
        elif name == "switch":
            for child in element:
                if tag(child) in _PAINTED and _is_meant(child):
                    yield from self.visit(child, here)
                    break
        elif name == "use":
            target = self._targets.get(reference(element) or "-")
            if target is not None and tag(target) in _PAINTED | {"symbol"}:
                x, y = (self._length(style, key, here.width) for key in ("x", "y"))
                moved = times(here.matrix, (1.0, 0.0, 0.0, 1.0, x, y))
                yield from self.visit(target, replace(here, matrix=moved), style)

    def _children(self, element: Element, where: _Surroundings) -> Iterator[Shape]:
        for child in element:
            if tag(child) in _PAINTED:
                yield from self.visit(child, where)

    def _transform(self, style: Style, where: _Surroundings) -> Matrix:
        text = style.get("transform", "")
        if not text:
            return IDENTITY
        matrix = parse_transform(text, where.width, where.height)
        origin = style.get("transform-origin", "").split()
        if origin and style.get("transform-box", "view-box") == "view-box":
            words = [_WORDS.get(word, word) for word in (*origin, "50%")[:2]]
            x = parse_length(words[0], where.width) or 0.0
            y = parse_length(words[1], where.height) or 0.0
            there = times((1.0, 0.0, 0.0, 1.0, x, y), matrix)
            return times(there, (1.0, 0.0, 0.0, 1.0, -x, -y))
        return matrix

    def _viewport(
        self, element: Element, style: Style, where: _Surroundings, user: Style | None
    ) -> _Surroundings | None:
        """Return what is found within ``<svg>`` or ``<symbol>``; None if nothing is drawn."""
        box = _box(style)
        if box and min(box[2:]) == 0:
            return None
        is_root = element is self._root and user is None
        if is_root:
            x = y = 0.0
            width, height = _own_size(style, box)
        else:
            x = self._length(style, "x", where.width)
            y = self._length(style, "y", where.height)
            sizes = {**style, **{k: v for k, v in (user or {}).items() if k in ("width", "height")}}
            width = self._length(sizes, "width", where.width, where.width)
            height = self._length(sizes, "height", where.height, where.height)
        if not (width > 0 and height > 0):
            return None
        clips = where.clips
        if not is_root and style.get("overflow", "hidden") not in ("visible", "auto"):
            clips += (Region(where.matrix, ((IDENTITY, rect(x, y, width, height, 0, 0), True),)),)
        if box:
            aspect = style.get("preserveAspectRatio", "")
            inner = view_box(box, x, y, width, height, aspect)
            width, height = box[2:]
        else:
            inner = (1.0, 0.0, 0.0, 1.0, x, y)
        matrix = times(where.matrix, inner)
        return replace(where, matrix=matrix, width=width, height=height, clips=clips)

    def _clipped(self, style: Style, where: _Surroundings) -> _Surroundings:
        """Take account of an element's clip path and mask."""
        for name in ("clip-path", "mask"):
            found = _URL.match(style.get(name, "").strip())
            target = self._targets.get(found[1]) if found else None
            if target is None or tag(target) != _CUTTERS[name] or where.clipping:
                continue
            if target not in self._regions:
                inner = _Surroundings(IDENTITY, where.width, where.height, {}, clipping=True)
                self._regions[target] = self._region(target, inner)
            region = self._regions[target]
            if region is not None:
                region = region._replace(matrix=where.matrix)
                where = replace(where, clips=(*where.clips, region))
        return where

    def _region(self, target: Element, where: _Surroundings) -> Region | None:
        """Return what a clip path or a mask leaves; None if that is too hard to tell."""
        style, is_mask = self._sheet.declared(target), tag(target) == "mask"
        units = style.get("maskContentUnits" if is_mask else "clipPathUnits")
        drawn = [child for child in target.iter() if tag(child) in _PAINTED]
        hard = any(tag(child) in ("image", "text", "foreignObject") for child in drawn)
        if units == "objectBoundingBox" or hard:
            return None
        handed_down = inherited({}, style) if is_mask else {}
        where = replace(where, style=handed_down)
        where = replace(where, matrix=self._transform(style, where))
        parts = []
        for child in target:
            if tag(child) in (_PAINTED if is_mask else _SHAPES | {"use"}):
                for shape in self.visit(child, where):
                    shown = sum(shape.fill[:3]) / 765 * shape.fill.opacity > 0.5 or not is_mask
                    if is_mask and shape.stroke.opacity > 0:
                        return None  # its lines would count too
                    if not is_mask or shape.fill.opacity > 0.5:
                        parts.append((shape.matrix, shape.outlines, shown))
        return Region(IDENTITY, tuple(parts))

    def _shape(self, name: str, style: Style, where: _Surroundings) -> Iterator[Shape]:
        paint = where.style
        if paint.get("visibility", "visible").strip() in ("hidden", "collapse"):
            return
        outlines = self._outlines(name, style, where)
        if not outlines:
            return
        a, b, c, d, _, _ = where.matrix
        scale = math.sqrt(abs(a * d - b * c))
        diagonal = math.hypot(where.width, where.height) / math.sqrt(2)
        width = parse_length(resolved(paint.get("stroke-width", "1"), paint), diagonal)
        width = 1.0 if width is None or width < 0 else width
        stroke = self._paint("stroke", paint, where.opacity)
        yield Shape(
            outlines=outlines,
            matrix=where.matrix,
            fill=self._paint("fill", paint, where.opacity),
            stroke=stroke if width > 0 else stroke._replace(opacity=0.0),
            width=width * scale,
            dashes=_dashes(paint, width, scale),
            evenodd=paint.get("fill-rule", "").strip() == "evenodd",
            is_bare="fill" not in paint and "stroke" not in paint,
            is_rect=name == "rect",
            clips=where.clips,
        )

    def _outlines(self, name: str, style: Style, where: _Surroundings) -> list[Outline]:
        if name == "path":
            data = style.get("d", "").strip()
            if data.startswith("path("):
                data = data[5:].strip("\"') ")
            return parse_path(data)
        if name in ("polyline", "polygon"):
            return polyline(numbers(style.get("points", "")), closed=name == "polygon")
        diagonal = math.hypot(where.width, where.height) / math.sqrt(2)
        across = {"x", "x1", "x2", "cx", "rx", "width"}

        def length(key: str) -> float:
            whole = where.width if key in across else diagonal if key == "r" else where.height
            return self._length(style, key, whole)

        if name == "line":
            return polyline([length(key) for key in ("x1", "y1", "x2", "y2")], closed=False)
        if name == "circle":
            return ellipse(length("cx"), length("cy"), length("r"), length("r"))
        # Of two radii one may be left out; the other stands for both.
        rx, ry = (self._radius(style, *keys, where) for keys in (("rx", "ry"), ("ry", "rx")))
        if name == "ellipse":
            return ellipse(length("cx"), length("cy"), rx, ry)
        return rect(length("x"), length("y"), length("width"), length("height"), rx, ry)

    def _radius(self, style: Style, key: str, other: str, where: _Surroundings) -> float:
        for name in (key, other):
            whole = where.width if name == "rx" else where.height
            radius = parse_length(style.get(name, ""), whole)
            if radius is not None and radius >= 0:
                return radius
        return 0.0

    def _length(self, style: Style, key: str, whole: float, otherwise: float = 0.0) -> float:
        length = parse_length(resolved(style[key], style), whole) if key in style else None
        return otherwise if length is None else length

    def _paint(self, name: str, style: Style, seen: float) -> Colour:
        """Return the colour of fill or stroke, all opacities in it."""
        otherwise = "black" if name == "fill" else "none"
        text = resolved(style.get(name, otherwise), style).strip()
        found = _URL.match(text)
        if found:
            server = self._targets.get(found[1])
            if server is not None:
                colour: Colour | None = self._server(server)
            else:
                colour = parse_colour(found[2] or "none")
        else:
            if text.lower() == "currentcolor":
                text = resolved(style.get("color", "black"), style)
            colour = parse_colour(text)
        if colour is None:
            colour = parse_colour(otherwise) or BLACK
        own = opacity(resolved(style.get(f"{name}-opacity", "1"), style))
        return colour._replace(opacity=colour.opacity * own * seen)

    def _server(self, server: Element) -> Colour:
        """Return the mean of a gradient's colours; a pattern is some ink."""
        for _ in range(5):  # gradients may borrow each other's stops
            stops = [self._sheet.declared(stop) for stop in server if tag(stop) == "stop"]
            if stops or not reference(server):
                break
            server = self._targets.get(reference(server), server)
        colours = []
        for style in stops:
            colour = parse_colour(resolved(style.get("stop-color", "black"), style)) or BLACK
            share = opacity(style.get("stop-opacity", "1"))
            colours.append(colour._replace(opacity=colour.opacity * share))
        if not colours:
            return BLACK._replace(opacity=float(tag(server) == "pattern"))
        return Colour(*(sum(values) / len(colours) for values in zip(*colours, strict=True)))


def _is_meant(element: Element) -> bool:
    """Tell whether an element is for us: of our language, and without extensions."""
    languages = element.get("systemLanguage", "en").split(",")
    ours = any(language.strip().lower().split("-")[0] == "en" for language in languages)
    return ours and "requiredExtensions" not in element.attrib


def _box(style: Style) -> list[float]:
    box = numbers(style.get("viewBox", ""))
    return box if len(box) == 4 and min(box[2:]) >= 0 else []


def _own_size(style: Style, box: list[float]) -> tuple[float, float]:
    """Return the width and the height of a drawing in pixels."""
    sizes: list[float | None] = []
    for key in ("width", "height"):
        text = style.get(key, "").strip()
        em = re.fullmatch(r"([\d.]+)r?em", text)
        if em and len(numbers(em[1])) == 1:
            sizes.append(_EM * numbers(em[1])[0])
        else:
            sizes.append(None if text.endswith("%") else parse_length(text, 0.0))
    width, height = sizes
    if not box:
        return (_UNKNOWN if width is None else width), (_UNKNOWN if height is None else height)
    if (width is None and height is None) or min(box[2:]) == 0:
        return box[2], box[3]
    if width is None:
        width = (height or 0.0) * box[2] / box[3]
    if height is None:
        height = width * box[3] / box[2]
    return width, height


def _dashes(style: Style, width: float, scale: float) -> tuple[float, ...]:
    """Return the lengths of dashes and gaps that a line shows, its caps being part of dashes."""
    lengths = numbers(style.get("stroke-dasharray", ""))
    if len(lengths) % 2:
        lengths *= 2
    if not lengths or min(lengths) < 0 or sum(lengths) <= 0:
        return ()
    cap = 0.0 if style.get("stroke-linecap", "butt").strip() == "butt" else width
    if all(gap <= cap for gap in lengths[1::2]):
        return ()
    return tuple(length * scale for length in lengths)
