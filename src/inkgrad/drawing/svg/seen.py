"""Shapes, painted one over the other → the lines that somebody sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from inkgrad.drawing.svg.canvas import SIDE, Canvas, Patch, dense, swept
from inkgrad.drawing.svg.colours import Colour
from inkgrad.drawing.svg.lengths import times
from inkgrad.drawing.svg.middles import middle_lines, thickness
from inkgrad.drawing.svg.outlines import Matrix, flatten
from inkgrad.drawing.svg.tree import Region, Shape

__all__ = ["lines_seen"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_PAPERS = 2  # the most that lie behind a drawing
_FAINTEST = 24.0  # of 255: as in pictures, ink must differ from the paper at least by this,
_FAINTER = 0.4  # and by this part of how much most of the ink differs
_OPAQUE = 0.9  # what is more opaque hides what is behind it
_LIGHT = 192.0  # of 255: ink lighter than this, and no paper, was meant for black paper
_PEN = SIDE / 16  # pixels: the width of the pen that draws all this in the end
_SLENDER = 0.12  # a filled shape is a line if it is thinner than this part of its length
_ALIKE = 1.25  # … or at most so much thicker than others that are lines,
_SMALL = 0.05  # of the drawing: filled shapes of this area, among lines, stay filled
_CANVASES = 8  # at most, for lines that cross each other
_BROAD = 0.2 * SIDE  # … and than this,
_DOT = 0.04 * SIDE  # or if it is thinner than this: a dot is about as thick as it is long
_MOST_PAINTED = 1500  # figures; each takes milliseconds
_SHORTEST = 3  # pixels: a shorter rest of a line that is hidden is nothing
_SAMPLE = 400  # points that are looked at to see whether a paper lies behind them


@dataclass(eq=False)
class _Figure:
    """A shape with its outlines as points, and what of it is ink."""

    shape: Shape
    lines: list[Floats]
    lined: bool = field(default=False)
    filled: bool = field(default=False)

    @property
    def area(self) -> float:
        """Return about how much is filled: 0 if all is on one straight line."""
        total = 0.0
        for line in self.lines:
            x, y = line - line[:, :1]
            total += float(np.abs(x[:-1] * y[1:] - x[1:] * y[:-1]).sum()) / 2
        return total

    @property
    def length(self) -> float:
        return sum(float(np.hypot(*np.diff(line, axis=1)).sum()) for line in self.lines)

    @property
    def is_only_filled(self) -> bool:
        shape = self.shape
        alike = _difference(shape.stroke, shape.fill) < _FAINTEST
        return shape.fill.opacity > 0 and (shape.stroke.opacity == 0 or alike)


def lines_seen(
    shapes: Sequence[Shape],
    lines: Sequence[list[Floats]],
    page: Colour | None,
    size: tuple[float, float] | None,
) -> list[Floats]:
    """Return the lines of a drawing as somebody sees them who looks at it.

    Parameters
    ----------
    shapes : sequence of shapes
        In the order in which they are painted; none is transparent.
    lines : for each shape, the points of its outlines: float64 arrays (2, n)
    page : colour, optional
        Of the page behind all, if it is known.
    size : (width, height), optional
        Of the page, if it is known.

    Returns
    -------
    lines : list of float64 arrays (2, n)
        Papers, ink as faint as to be paper, and what is hidden are left out. Long thin filled
        shapes are the lines along their middle, all others the lines around them. If there is
        nothing to see, everything.
    """
    everything = [_Figure(shape, points) for shape, points in zip(shapes, lines, strict=True)]
    figures, page = _without_papers(everything, page, size)
    _find_ink(figures, page)
    found = _lines_of(figures) if any(f.lined or f.filled for f in figures) else []
    return found or [line for figure in everything for line in figure.lines]


def _without_papers(
    figures: list[_Figure], page: Colour | None, size: tuple[float, float] | None
) -> tuple[list[_Figure], Colour | None]:
    for _ in range(_PAPERS):
        first, rest = figures[0], figures[1:]
        bare = first.shape.is_bare and not first.shape.is_rect
        if not rest or bare or not first.is_only_filled or not _is_behind(first, rest, size):
            break
        page = _over(first.shape.fill, page or Colour(255, 255, 255))
        figures = rest
    return figures, page


def _is_behind(paper: _Figure, rest: Sequence[_Figure], size: tuple[float, float] | None) -> bool:
    """Tell whether a figure's area lies behind all others, but for a margin of one per cent.

    Where it lies behind the whole page, what others have outside of the page does not matter.
    """
    points = np.concatenate([line for figure in rest for line in figure.lines], axis=1)
    outer = np.concatenate(paper.lines, axis=1)
    low, high = outer.min(axis=1)[:, None], outer.max(axis=1)[:, None]
    margin = 0.01 * (high - low).max()
    if size is not None and (low <= margin).all() and (high >= np.array([size]).T - margin).all():
        points = points[:, ((points >= 0) & (points <= np.array([size]).T)).all(axis=0)]
        if points.size == 0:
            return False
    if (points < low - margin).any() or (points > high + margin).any():
        return False
    extremes = np.concatenate([points.argmin(axis=1), points.argmax(axis=1)])
    step = max(1, points.shape[1] // _SAMPLE)
    points = np.concatenate([points[:, extremes], points[:, ::step]], axis=1)
    middle = (low + high) / 2
    points = middle + (points - middle) * 0.97
    begins = outer
    ends = np.concatenate([np.roll(line, -1, axis=1) for line in paper.lines], axis=1)
    return all(
        bool(np.any(turns % 2 != 0 if paper.shape.evenodd else turns != 0))
        for turns in (_turns(point, begins, ends) for point in points.T)
    )


def _turns(point: Floats, begins: Floats, ends: Floats) -> npt.NDArray[np.int64]:
    """Return how often closed lines turn around a point."""
    x, y = begins - point[:, None]
    x_to, y_to = ends - point[:, None]
    crosses = (y <= 0) != (y_to <= 0)
    x, y, x_to, y_to = x[crosses], y[crosses], x_to[crosses], y_to[crosses]
    right = x - y * (x_to - x) / (y_to - y) > 0
    return np.asarray(np.where(y_to > y, 1, -1)[right].sum())


def _over(colour: Colour, page: Colour) -> Colour:
    a = colour.opacity
    return Colour(*(a * c + (1 - a) * p for c, p in zip(colour[:3], page[:3], strict=True)))


def _difference(colour: Colour, page: Colour) -> float:
    """Return how much a colour differs from the page behind it, of 255."""
    return max(abs(c - p) for c, p in zip(colour[:3], page[:3], strict=True)) * colour.opacity


def _find_ink(figures: Sequence[_Figure], page: Colour | None) -> None:
    """Find out which lines and areas are ink: what differs enough from the page."""
    strokes, fills = [], []
    for figure in figures:
        shape, area = figure.shape, figure.area
        as_line = shape.is_bare and (area == 0 or not all(o.closed for o in shape.outlines))
        if shape.stroke.opacity > 0 or as_line:
            colour = shape.fill if as_line else shape.stroke
            # A line that nobody gave a colour, and that encloses nothing, counts if alone.
            weight = 0.0 if as_line and area == 0 else figure.length * (shape.width or 1.0) + 1e-9
            strokes.append((figure, colour, weight))
        if shape.fill.opacity > 0 and area > 0 and not as_line:
            fills.append((figure, shape.fill, area))
    parts = strokes + fills
    weights = np.array([weight for _, _, weight in parts])
    if not weights.any():
        weights[:] = 1.0
    if page is None:
        light = all(sum(colour[:3]) / 3 > _LIGHT for _, colour, _ in parts)
        page = Colour(0, 0, 0) if light else Colour(255, 255, 255)
    differences = np.array([_difference(colour, page) for _, colour, _ in parts])
    counts = (differences > _FAINTEST) & (weights > 0)
    if not counts.any():
        return
    order = np.argsort(differences[counts])
    shares = np.cumsum(weights[counts][order])
    typical = differences[counts][order][np.searchsorted(shares, 0.9 * shares[-1])]
    is_ink = counts & (differences > _FAINTER * typical)
    for number, (figure, _, _) in enumerate(parts):
        if is_ink[number] and number < len(strokes):
            figure.lined = True
        elif is_ink[number]:
            figure.filled = True


def _lines_of(figures: Sequence[_Figure]) -> list[Floats]:
    """Return the lines of all ink; a canvas is needed only if something may be hidden or thin."""
    ink = [figure for figure in figures if figure.lined or figure.filled]
    after_ink = figures[figures.index(ink[0]) + 1 :]
    painted = sum(map(_may_be_slender, ink)) + sum(bool(f.shape.clips) for f in ink)
    painted += sum(map(_hides, after_ink))
    if 0 < painted <= _MOST_PAINTED:  # of more, all lines are taken as they are
        return _Painting(figures).lines()
    points = np.concatenate([line for figure in ink for line in figure.lines], axis=1)
    finest = float(np.ptp(points, axis=1).max()) / 32  # half the pen's width
    return [line for figure in ink for line in _drawn(figure, finest)]


def _hides(figure: _Figure) -> bool:
    """Tell whether what is behind a figure's area, or behind its line that is no ink, is hidden."""
    shape = figure.shape
    erases = shape.stroke.opacity >= _OPAQUE and not figure.lined
    return erases or (shape.fill.opacity >= _OPAQUE and (figure.filled or not shape.is_bare))


def _may_be_slender(figure: _Figure) -> bool:
    return figure.filled and (figure.is_only_filled or not figure.lined)


def _drawn(figure: _Figure, finest: float) -> Iterator[Floats]:
    """Yield the lines around a figure: closed if only its area is ink, or else its dashes."""
    for line, outline in zip(figure.lines, figure.shape.outlines, strict=True):
        if not figure.lined and not outline.closed:
            yield np.concatenate([line, line[:, :1]], axis=1)
        elif figure.lined and max(figure.shape.dashes[1::2], default=0.0) > finest:
            yield from _dashed(line, figure.shape.dashes, finest)
        else:
            yield line


def _dashed(line: Floats, dashes: tuple[float, ...], finest: float) -> Iterator[Floats]:
    """Yield the dashes of a line."""
    along = np.append(0.0, np.cumsum(np.hypot(*np.diff(line, axis=1))))
    period = sum(dashes)
    if not 0 < along[-1] < 1000 * period:
        yield line
        return
    begin, number = 0.0, 0
    while begin < along[-1]:
        end = min(begin + dashes[number % len(dashes)], float(along[-1]))
        if number % 2 == 0:
            inner = along[(along > begin) & (along < end)]
            at = np.concatenate([[begin], inner, [end]])
            yield np.stack([np.interp(at, along, row) for row in line])
        begin, number = end, number + 1


class _Painting:
    """All figures painted on one canvas, so that it shows which pixel belongs to which."""

    def __init__(self, figures: Sequence[_Figure]) -> None:
        self._figures = figures
        ink = [line for f in figures if f.lined or f.filled for line in f.lines]
        points = np.concatenate(ink, axis=1)
        self._canvas = Canvas(points.min(axis=1), points.max(axis=1))
        self._top = np.zeros(self._canvas.shape, dtype=np.int32)  # the last to cover a pixel, + 1
        self._regions: dict[tuple[int, Matrix], Mask] = {}
        self._areas: dict[int, Patch] = {}  # of figures that may be slender
        for number, figure in enumerate(figures):
            self._paint(number, figure)
        self._covered = _least(self._top)  # only what is well within an area is hidden by it

    def _paint(self, number: int, figure: _Figure) -> None:
        shape, lines = figure.shape, [self._canvas.to_pixels(line) for line in figure.lines]
        hides = _hides(figure)
        if _may_be_slender(figure):
            patch = self._canvas.filled(lines, shape.evenodd)
            patch = self._clipped(self._with_edges(patch, lines), shape)
            self._areas[number] = patch
            if hides:
                patch.of(self._top)[patch.mask] = number + 1
        elif hides and shape.fill.opacity >= _OPAQUE:
            patch = self._clipped(self._canvas.filled(lines, shape.evenodd), shape)
            patch.of(self._top)[patch.mask] = number + 1
        if hides and shape.stroke.opacity >= _OPAQUE and not figure.lined:
            radius = shape.width * self._canvas.scale / 2
            polygons = [polygon for line in lines for polygon in swept(line, radius)]
            patch = self._clipped(self._canvas.filled(polygons, evenodd=False), shape)
            patch.of(self._top)[patch.mask] = number + 1

    def _with_edges(self, patch: Patch, lines: Sequence[Floats]) -> Patch:
        """Add the pixels that edges touch, so that even the thinnest shape holds together."""
        x, y = np.concatenate([dense(line, 0.7) for line in lines], axis=1).astype(int)
        h, w = self._canvas.shape
        x, y = x.clip(0, w - 1), y.clip(0, h - 1)
        top, left, bottom, right = int(y.min()), int(x.min()), int(y.max()) + 1, int(x.max()) + 1
        canvas = np.zeros((h, w), dtype=bool)
        patch.of(canvas)[:] = patch.mask
        canvas[y, x] = True
        return Patch(top, left, canvas[top:bottom, left:right].copy())  # not all of it

    def _clipped(self, patch: Patch, shape: Shape) -> Patch:
        for region in shape.clips:
            patch = patch._replace(mask=patch.mask & patch.of(self._inside(region)))
        return patch

    def _inside(self, region: Region) -> Mask:
        """Return the pixels that a clip path leaves, those at its edge among them."""
        key = id(region.parts), region.matrix
        if key not in self._regions:
            inside = np.zeros(self._canvas.shape, dtype=bool)
            shapes = [(times(region.matrix, m), outlines) for m, outlines, _ in region.parts]
            for lines, (_, _, shown) in zip(flatten(shapes), region.parts, strict=True):
                in_pixels = [self._canvas.to_pixels(line) for line in lines]
                patch = self._canvas.filled(in_pixels, evenodd=False)
                patch.of(inside)[patch.mask] = shown
            self._regions[key] = ~_least(~inside)
        return self._regions[key]

    def lines(self) -> list[Floats]:
        """Return all lines that are seen, in the order in which they were painted."""
        masks = {
            number: patch._replace(mask=patch.mask & (patch.of(self._top) <= number + 1))
            for number, patch in self._areas.items()
        }
        thick = {number: thickness(patch.mask) for number, patch in masks.items()}
        slender = {n for n in masks if _is_slender(thick[n], masks[n].mask)}
        # What is no thicker than lines is a line, however short.
        thickest = max((thick[number] for number in slender), default=0.0)
        slender |= {number for number in masks if 0 < thick[number] <= _ALIKE * thickest}
        found: list[Floats] = []
        # A line that another one crosses is whole.
        crossing = np.zeros(len(self._figures) + 1, dtype=bool)
        crossing[[number + 1 for number in slender]] = True
        whole = [
            patch._replace(mask=masks[n].mask | (patch.mask & crossing[patch.of(self._top)]))
            for n, patch in self._areas.items()
            if n in slender
        ]
        for ink in self._apart(whole):
            found += map(self._canvas.from_pixels, middle_lines(ink, thickest))
        # Small areas between lines stay filled: pupils, buttons.
        fat = [n for n in masks if thick[n] > 0 and n not in slender]
        pens = [f.shape.width * self._canvas.scale for f in self._figures if f.lined]
        pen = float(np.median(pens)) if pens else thickest
        areas = sum(np.count_nonzero(masks[n].mask) for n in fat)
        bare = any(self._figures[n].shape.is_bare or self._figures[n].lined for n in fat)
        if fat and pen and not bare and areas <= _SMALL * self._top.size:
            for ink in self._apart([masks[n] for n in fat]):
                found += map(self._canvas.from_pixels, middle_lines(ink, pen))
            slender.update(fat)
        within = slender | {number for number in masks if thick[number] == 0}  # nothing is seen
        for number, figure in enumerate(self._figures):
            if number not in within and (figure.lined or figure.filled):
                for line in _drawn(figure, _PEN / 2 / self._canvas.scale):
                    found += self._uncovered(line, number)
        return found

    def _apart(self, patches: Sequence[Patch]) -> list[Mask]:
        """Distribute areas over several canvases so that they do not touch each other.

        Where two lines cross, the middle of both together is not the middle of either.
        """
        canvases: list[Mask] = []
        for patch in patches:
            near = ~_least(~patch.mask)
            for canvas in canvases:
                if not (patch.of(canvas) & near).any():
                    break
            else:
                if len(canvases) < _CANVASES:
                    canvases.append(np.zeros(self._canvas.shape, dtype=bool))
                canvas = canvases[-1]
            patch.of(canvas)[patch.mask] = True
        return canvases

    def _uncovered(self, line: Floats, number: int) -> list[Floats]:
        """Return the parts of a line that no later area hides and no clip path cuts off."""
        points = dense(self._canvas.to_pixels(line))
        h, w = self._canvas.shape
        x, y = points.astype(int)
        x, y = x.clip(0, w - 1), y.clip(0, h - 1)
        hidden = self._covered[y, x] > number + 1
        for region in self._figures[number].shape.clips:
            hidden |= ~self._inside(region)[y, x]
        if not hidden.any():
            return [line]
        found = []
        bounds = np.flatnonzero(np.diff(hidden)) + 1
        begins, ends = [0, *bounds], [*bounds, len(hidden)]
        begin = None  # of what is seen
        for start, end in zip(begins, ends, strict=True):
            if not hidden[start]:
                begin = start if begin is None else begin
                last = end
            elif begin is not None and end - start > _PEN:  # what is hidden for less, stays
                found.append((begin, last))
                begin = None
        if begin is not None:
            found.append((begin, last))
        return [self._canvas.from_pixels(points[:, a:b]) for a, b in found if b - a > _SHORTEST]


def _is_slender(thick: float, mask: Mask) -> bool:
    """Tell whether ink is a line: it has an area of thickness times length."""
    area = float(np.count_nonzero(mask))
    return 0 < thick <= _DOT or (0 < thick**2 <= _SLENDER * area and thick <= _BROAD)


def _least(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the least of every pixel and its eight neighbours."""
    framed = np.pad(pixels, 1, mode="edge")
    h, w = pixels.shape
    parts = [framed[y : y + h, x : x + w] for y in range(3) for x in range(3)]
    return np.asarray(np.min(parts, axis=0))
