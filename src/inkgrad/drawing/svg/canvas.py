"""A canvas of pixels, on which it is found out what of a drawing hides what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = ["SIDE", "Canvas", "Patch", "dense", "swept", "winding"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_Pixel = TypeVar("_Pixel", bound=np.generic)

SIDE = 512  # pixels: the longer side of what is drawn
_FRAME = 2  # empty pixels all around
_AT_ONCE = 2_000_000  # crossings of edges with rows that are worked out at a time
_CORNERS = 12  # of the polygon that stands for a round pen


class Patch(NamedTuple):
    """Some pixels of a canvas: those of a mask that lies at a row and a column."""

    row: int
    column: int
    mask: Mask

    def of(self, pixels: npt.NDArray[_Pixel]) -> npt.NDArray[_Pixel]:
        """Return the part of a canvas's pixels under the mask (h, w)."""
        h, w = self.mask.shape
        return pixels[self.row : self.row + h, self.column : self.column + w]


class Canvas:
    """A canvas around lines, and the way to its pixels and back.

    Parameters
    ----------
    low, high : float64 arrays (2,)
        The corners of what is drawn, in the drawing's units.

    Examples
    --------
    >>> canvas = Canvas(np.zeros(2), np.array([512.0, 256.0]))
    >>> canvas.shape, canvas.to_pixels(np.array([[5.0], [7.0]])).tolist()
    ((260, 516), [[7.0], [9.0]])
    """

    def __init__(self, low: Floats, high: Floats) -> None:
        extent = float((high - low).max())
        self.scale = SIDE / extent if extent > 0 else 1.0
        self._low = low[:, None]
        width, height = (int(np.ceil(v)) + 2 * _FRAME for v in (high - low) * self.scale)
        self.shape = (height, width)

    def to_pixels(self, line: Floats) -> Floats:
        """Return points (2, n) in pixels; the first pixel's centre is at 0.5."""
        return (line - self._low) * self.scale + _FRAME

    def from_pixels(self, line: Floats) -> Floats:
        """Return points (2, n) in the drawing's units."""
        return (line - _FRAME) / self.scale + self._low

    def filled(self, lines: Iterable[Floats], evenodd: bool) -> Patch:
        """Return the pixels within closed lines, given in pixels."""
        lines = [line for line in lines if line.shape[1] > 1]
        if not lines:
            return Patch(0, 0, np.zeros((0, 0), dtype=bool))
        points = np.concatenate(lines, axis=1)
        h, w = self.shape
        left, top = np.clip(np.floor(points.min(axis=1)), 0, (w, h)).astype(int)
        right, bottom = np.clip(np.ceil(points.max(axis=1)), 0, (w, h)).astype(int)
        shift = np.array([[left], [top]])
        turns = winding([line - shift for line in lines], bottom - top, right - left)
        return Patch(int(top), int(left), turns % 2 != 0 if evenodd else turns != 0)


def winding(lines: Sequence[Floats], rows: int, columns: int) -> npt.NDArray[np.int64]:
    """Return how often closed lines turn around the centre of every pixel.

    Parameters
    ----------
    lines : sequence of float64 arrays (2, n)
        In pixels; each is closed by a straight line.
    rows, columns : int
        How many pixels there are.

    Returns
    -------
    turns : int64 array (rows, columns)

    Examples
    --------
    >>> square = np.array([[1.0, 3.0, 3.0, 1.0], [0.0, 0.0, 2.0, 2.0]])
    >>> winding([square], 2, 4)
    array([[0, 1, 1, 0],
           [0, 1, 1, 0]])
    """
    turns = np.zeros(rows * (columns + 1))
    begins = np.concatenate(lines, axis=1)
    ends = np.concatenate([np.roll(line, -1, axis=1) for line in lines], axis=1)
    down = ends[1] > begins[1]
    x, y = np.where(down, begins, ends)
    x_to, y_to = np.where(down, ends, begins)
    # The rows whose middle an edge crosses: first <= row < last.
    first, last = (np.clip(np.ceil(v - 0.5), 0, rows).astype(int) for v in (y, y_to))
    count = last - first
    edges = np.flatnonzero(count)
    part = np.cumsum(count[edges]) // _AT_ONCE
    for number in range(int(part[-1]) + 1 if part.size else 0):
        some = edges[part == number]
        which = np.repeat(some, count[some])
        row = np.arange(len(which)) - np.repeat(np.cumsum(count[some]) - count[some], count[some])
        row += first[which]
        at = x[which] + (row + 0.5 - y[which]) * (
            (x_to[which] - x[which]) / (y_to[which] - y[which])
        )
        column = np.clip(np.ceil(at - 0.5), 0, columns).astype(int)
        sign = np.where(down[which], 1.0, -1.0)
        turns += np.bincount(row * (columns + 1) + column, weights=sign, minlength=turns.size)
    by_row = np.cumsum(turns.reshape(rows, columns + 1), axis=1)[:, :columns]
    return np.rint(-by_row).astype(np.int64)


def dense(line: Floats, spacing: float = 1.0) -> Floats:
    """Return a line with further points, so that none is farther from the next than `spacing`.

    Examples
    --------
    >>> dense(np.array([[0.0, 2.0], [0.0, 0.0]])).tolist()
    [[0.0, 1.0, 2.0], [0.0, 0.0, 0.0]]
    """
    steps = np.diff(line, axis=1)
    counts = np.maximum(1, np.ceil(np.hypot(*steps) / spacing)).astype(int)
    which = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    points = line[:, which] + steps[:, which] * (within / counts[which])
    return np.concatenate([points, line[:, -1:]], axis=1)


def swept(line: Floats, radius: float) -> list[Floats]:
    """Return polygons that a round pen covers together, all turning the same way.

    Examples
    --------
    >>> [polygon.shape for polygon in swept(np.array([[0.0, 4.0], [0.0, 0.0]]), 1.0)]
    [(2, 12), (2, 12), (2, 4)]
    """
    angles = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)
    pen = radius * np.stack([np.cos(angles), np.sin(angles)])
    polygons = [point[:, None] + pen for point in line.T]
    steps = np.diff(line, axis=1)
    lengths = np.hypot(*steps)
    for k in np.flatnonzero(lengths):
        aside = np.array([-steps[1, k], steps[0, k]]) * (radius / lengths[k])
        a, b = line[:, k], line[:, k + 1]
        polygons.append(np.stack([a - aside, b - aside, b + aside, a + aside], axis=1))
    return polygons
