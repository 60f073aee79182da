"""Thin ink on a canvas → lines along its middle, from end to end."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from inkgrad.drawing.thinning import thin

__all__ = ["middle_lines", "thickness"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_LOOK = 6  # pixels back, to see where a line leads
_BEFORE_TIP = (0.2, 0.36, 0.52, 0.68, 0.84)  # half widths before a line's tip: there, on average,
_FLAT = 0.88  # a round end has 0.84 of the line's width, a flat one 0.94 or more


def thickness(ink: Mask) -> float:
    """Return how thick ink is on average: twice its area by its perimeter; of a line, its width.

    The perimeter is that of a shape with edges in all directions (Crofton's formula with two
    directions): π / 4 times the number of times that ink begins or ends along rows and columns.

    Examples
    --------
    >>> round(thickness(np.ones((4, 400), dtype=bool)) * np.pi / 4, 1)
    4.0
    """
    framed = np.pad(ink, 1)
    edges = sum(int(np.count_nonzero(np.diff(framed, axis=axis))) for axis in (0, 1))
    return 2 * int(np.count_nonzero(ink)) / (edges * np.pi / 4) if edges else 0.0


def middle_lines(ink: Mask, thick: float) -> list[Floats]:
    """Return lines along the middle of ink that is about `thick` pixels wide.

    What is much thicker is hatched. A line ends where the pen was: at a flat end, or as far
    before a round one as the line is thick.

    Parameters
    ----------
    ink : bool array (h, w)
    thick : float
        See `thickness`.

    Returns
    -------
    lines : list of float64 arrays (2, n)
        x and y in pixels; the first pixel's centre is at 0.5. Lines that meet share a point.

    Examples
    --------
    >>> ink = np.zeros((9, 30), dtype=bool)
    >>> ink[3:6, 5:25] = True
    >>> (line,) = middle_lines(ink, 3.0)
    >>> np.rint([line.min(axis=1), line.max(axis=1)]).astype(int).tolist()
    [[5, 4], [25, 4]]
    """
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    around = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    peeled = np.zeros_like(ink)
    peeled[around] = thin(ink[around], layers=round(0.8 * thick) + 2)
    lines = _without_spurs(_trace(peeled), thick)
    peeled[:] = False
    for x, y in lines:
        peeled[y.astype(int), x.astype(int)] = True
    return [_to_the_ends(line, ink, peeled, thick) for line in lines]


def _without_spurs(lines: Sequence[tuple[Floats, int]], thick: float) -> list[Floats]:
    """Leave out what leads into the corners of a thick line's flat end: one corner, or both."""
    ends = {tuple(line[:, end]) for line, _ in lines for end in (0, -1)}
    kept = []
    for line, meets in lines:
        is_spur = meets == 1 and line.shape[1] <= thick
        is_short = meets == 0 and line.shape[1] <= 2 * thick
        if not is_spur and not (is_short and ends & set(map(tuple, line[:, 1:-1].T))):
            kept.append(line)
    return kept


def _to_the_ends(line: Floats, ink: Mask, peeled: Mask, thick: float) -> Floats:
    """Give back to a line what its free ends lost when the ink was peeled."""
    for end in (0, 1):
        line = line[:, ::-1] if end else line
        whole = line.shape[1] - 1
        if whole > thick and _is_free(line[:, 0], peeled):  # else a dot, a spur, a crossing
            inner = line[:, min(whole, round(1.5 * thick))]
            wide = _width(ink, inner, _aside(line[:, min(whole, round(thick))] - inner), thick)
            half = min(whole // 2, round(0.6 * wide))  # nearer to the end it turns to a corner
            point, inner = line[:, half], line[:, min(whole, 3 * half)]
            away = (point - inner) / max(1e-9, float(np.hypot(*(point - inner))))
            tip = _reach(ink, point, away, 4 * thick)
            last = [tip - wide / 2 * part for part in _BEFORE_TIP]
            widths = [_width(ink, point + away * at, _aside(away), thick) for at in last]
            is_flat = sum(widths) > _FLAT * wide * len(widths)
            further = tip if is_flat else max(0.0, tip - wide / 2)
            line = np.concatenate([(point + away * further)[:, None], line[:, half:]], axis=1)
        line = line[:, ::-1] if end else line
    return line


def _aside(direction: Floats) -> Floats:
    """Return the unit vector at right angles to a direction."""
    length = max(1e-9, float(np.hypot(*direction)))
    return np.array([-direction[1], direction[0]]) / length


def _is_free(point: Floats, peeled: Mask) -> bool:
    """Tell whether a line ends at a point, where no other begins."""
    x, y = point.astype(int)
    return int(np.count_nonzero(peeled[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2])) == 2


def _width(ink: Mask, point: Floats, aside: Floats, most: float) -> float:
    return _reach(ink, point, aside, most) + _reach(ink, point, -aside, most)


def _reach(ink: Mask, point: Floats, direction: Floats, most: float) -> float:
    """Return how far ink goes from a point in one direction, in quarters of a pixel."""
    steps = np.arange(0.0, most, 0.25)
    x, y = np.floor(point[:, None] + direction[:, None] * steps).astype(int)
    h, w = ink.shape
    inside = (x >= 0) & (x < w) & (y >= 0) & (y < h)
    inside[inside] = ink[y[inside], x[inside]]
    ends = np.flatnonzero(~inside)
    return float(steps[ends[0]]) if ends.size else most


def _trace(peeled: Mask) -> list[tuple[Floats, int]]:
    """Follow lines one pixel wide, each from end to end; thicker ink is hatched.

    With every line stands at how many of its ends it meets others.
    """
    framed = np.pad(peeled, 1)
    width = framed.shape[1]
    around = {
        row * width + column: (row, column)  # straight ones first
        for row, column in sorted(np.ndindex(3, 3), key=lambda at: (at[0] + at[1]) % 2 == 0)
        for row, column in [(row - 1, column - 1)]
        if (row, column) != (0, 0)
    }
    ink = framed.ravel()
    pixels = np.flatnonzero(ink)
    neighbours = sum(ink[pixels + step].astype(int) for step in around)
    order = pixels[np.argsort(neighbours != 1, kind="stable")].tolist()  # ends of lines first
    left = set(order)
    lines = []
    for start in order:
        if start not in left:
            continue
        left.remove(start)
        met = [start + step for step in around if ink[start + step] and start + step not in left]
        line = [met[0], start] if met else [start]
        while ahead := [step for step in around if line[-1] + step in left]:
            best = ahead[0]
            if len(ahead) > 1:  # as straight on as possible
                (y, x), (y_before, x_before) = (
                    divmod(at, width) for at in (line[-1], line[-_LOOK:][0])
                )
                best = max(
                    ahead,
                    key=lambda step: _along(around[step], (y - y_before, x - x_before)),
                )
            line.append(line[-1] + best)
            left.remove(line[-1])
        at = line[-1]
        met = [at + step for step in around if ink[at + step] and at + step not in line[-3:]]
        meets = (line[0] != start) + bool(met)
        if met:
            line.append(met[0])
        rows, columns = np.divmod(np.array(line), width)
        lines.append((np.stack([columns - 0.5, rows - 0.5]), meets))
    return lines


def _along(step: tuple[int, int], direction: tuple[int, int]) -> float:
    """Return how far a step of unit length leads in a direction."""
    return (step[0] * direction[0] + step[1] * direction[1]) / math.hypot(*step)
