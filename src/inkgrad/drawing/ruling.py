"""Straight lines from edge to edge of a sheet: ruled, squared, a margin, a fold, a thin frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["without_ruling"]

Floats = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_SIDE = 256  # about the length of lines when they are looked for
_STRIP = 16  # columns in which a line's pieces are counted, before whole lines are
_STEEPEST = 0.3  # rows a column
_COVERED = 0.85  # of its way, a line is seen while it is looked for,
_ASKEW = 0.06  # rows a column: ruled lines differ by less in their slopes, even in perspective
_LONG = 0.6  # of the sheet's length is the least that a line runs,
_SHORT = 0.1  # unless it is one of several that are parallel
_SURELY = 0.9  # and once its course is known
_ALONE = 0.25  # of its way, at least, a line has no ink upon it
_THICKEST = 0.03  # of the sheet's side
_BESIDE = 3  # pixels: what lies so near to a line that could not be followed is the same line
_RULED = 6  # lines or more are ruled paper, even if there is nothing else on the sheet
_TIGHT = 0.02  # of the side: a drawing that comes so near to most edges was cropped there


def without_ruling(contrast: Floats, on: Mask, faintest: float) -> Floats:
    """Take straight lines from edge to edge out of a sheet's contrast.

    Where a line of the pen crosses, its ink stays: what is darker than the ruled line, or goes on
    at either side of it. Nothing is taken if a few lines are all that there is, or if they are as
    strong as the ink of a picture that is cropped closely.

    Parameters
    ----------
    contrast : float array (h, w)
        How far pixels differ from paper.
    on : bool array (h, w)
        Where the sheet is.
    faintest : float
        Less is no ink.

    Returns
    -------
    contrast : float array (h, w)
    """
    rest = contrast
    strengths: list[float] = []
    for turned in (False, True):
        view, sheet = (rest.T, on.T) if turned else (rest, on)
        if _reaches_both_ends(view > 0.6 * faintest, sheet):
            cleared, found = _without_rows(view, sheet, 0.6 * faintest)
            strengths += found
            rest = cleared.T if turned else cleared
    if not strengths:
        return contrast
    ink = rest > faintest
    if ink.sum() < 12:
        return rest if len(strengths) >= _RULED else contrast
    if np.median(strengths) > 0.7 * np.quantile(rest[ink], 0.8) and _is_tight(ink):
        return contrast
    return rest


def _reaches_both_ends(weak: Mask, on: Mask) -> bool:
    """Tell quickly whether there may be a line: at both ends of the columns there is something."""
    columns = np.flatnonzero(on.any(axis=0))
    if columns.size < 32:
        return False
    near = max(3, columns.size // 30)
    ends = weak[:, columns[:near]], weak[:, columns[-near:]]
    return all(bool(end.any()) for end in ends)


def _is_tight(ink: Mask) -> bool:
    h, w = ink.shape
    y, x = np.nonzero(ink)
    gaps = np.array([y.min() / h, 1 - (y.max() + 1) / h, x.min() / w, 1 - (x.max() + 1) / w])
    return bool((gaps < _TIGHT).sum() >= 3)


def _without_rows(contrast: Floats, on: Mask, weak: float) -> tuple[Floats, list[float]]:
    """Take lines out that run from left to right, and return how strong each was."""
    w = contrast.shape[1]
    cleared = contrast.copy()
    strengths: list[float] = []
    seen = contrast > weak
    x = np.arange(w)
    taken = failed = np.zeros((0, 2))
    outermost: list[tuple[Floats, float]] = []
    slopes: tuple[float, float] = -_STEEPEST, _STEEPEST
    for shortest in (_LONG, _SHORT):
        for start, end in _candidates(seen, on, slopes, shortest):
            ends = np.array([start, end])
            if len(strengths) >= 3:
                usual = float(np.median(taken[:, 1] - taken[:, 0]))
                if abs(end - start - usual) > _ASKEW * w:
                    continue
            if taken.size and (np.abs(taken - ends).max(axis=1) < 4).any():
                continue
            if failed.size and (np.abs(failed - ends).max(axis=1) <= _BESIDE).any():
                continue
            course = start + (end - start) * x / max(1, w - 1)
            traced = _trace(seen, on, course, 0.9 * shortest)
            if traced is None:
                failed = np.vstack([failed, ends])
                continue
            course, half = traced
            taken = np.vstack([taken, ends, [[course[0], course[-1]]]])
            strength = _clear(cleared, contrast, course, half, on, ruled=False)
            if strength is None:
                outermost.append((course, half))
            else:
                strengths.append(strength)
        slope = float(np.median(taken[:, 1] - taken[:, 0])) / w if len(taken) > 5 else 0.0
        if abs(slope) * w < 6:
            break
        failed = np.zeros((0, 2))
        slopes = slope - 0.03, slope + 0.03  # parallel to the others, cut short by a corner
    if len(strengths) >= 3:
        for course, half in outermost:
            _clear(cleared, contrast, course, half, on, ruled=True)
    return cleared, strengths


def _candidates(
    seen: Mask, on: Mask, slopes: tuple[float, float], shortest: float
) -> list[tuple[float, float]]:
    """Return the rows at which lines begin and end, the best covered first.

    Lines of every slope are counted as a fast Radon transform does: first pieces of `_STRIP`
    columns, then whole lines put together from pieces.
    """
    w = seen.shape[1]
    factor = -(-w // _SIDE)
    small = _any(seen, factor)
    small[1:] |= small[:-1].copy()
    small[:-1] |= small[1:].copy()
    sheet = _any(on, factor)
    rows, columns = small.shape
    strips = -(-columns // _STRIP)
    columns = strips * _STRIP
    margin = int(np.ceil(_STEEPEST * columns / 2)) + _STRIP
    pads = (margin, margin), (0, columns - small.shape[1])
    counts = []
    leans = range(-5, 6)
    for mask in (small, sheet):
        padded = np.pad(mask, pads).astype(np.int16).reshape(-1, strips, _STRIP)
        pieces = np.zeros((len(leans), rows + 2 * margin, strips), np.int16)
        for k, lean in enumerate(leans):
            for column in range(_STRIP):
                shift = round(lean * (column - (_STRIP - 1) / 2) / (_STRIP - 1))
                pieces[k] += np.roll(padded[:, :, column], -shift, axis=0)
        counts.append(pieces)
    middle = (np.arange(strips) - (strips - 1) / 2) * _STRIP
    steps = int(_STEEPEST * columns / 1.5)
    found: list[tuple[float, float, float]] = []
    row = np.arange(margin // 2, rows + 2 * margin - margin // 2)
    for slope in np.linspace(-_STEEPEST, _STEEPEST, 2 * steps + 1):
        if not slopes[0] <= slope <= slopes[1]:
            continue
        k = round(slope * (_STRIP - 1)) - leans[0]
        places = (row[:, None] + np.rint(slope * middle).astype(int)).clip(0, rows + 2 * margin - 1)
        votes, length = (pieces[k][places, np.arange(strips)].sum(axis=1) for pieces in counts)
        good = (length >= shortest * small.shape[1]) & (votes >= _COVERED * length)
        for r in np.flatnonzero(good):
            centre = row[r] - margin + 0.5
            half = slope * (columns - 1) / 2
            rest = slope * (small.shape[1] - columns)
            found.append(
                (votes[r] / length[r], (centre - half) * factor, (centre + half + rest) * factor)
            )
    found.sort(key=lambda line: (-line[0], abs(line[1] - line[2])))
    return [(start, end) for _, start, end in found]


def _any(mask: Mask, factor: int) -> Mask:
    h, w = mask.shape
    if factor == 1:
        return np.array(mask)
    padded = np.pad(mask, ((0, -h % factor), (0, -w % factor)))
    blocks = padded.reshape(padded.shape[0] // factor, factor, padded.shape[1] // factor, factor)
    return np.asarray(blocks.any(axis=(1, 3)))


def _trace(seen: Mask, on: Mask, course: Floats, shortest: float) -> tuple[Floats, float] | None:
    """Follow a line pixel by pixel; return its course, a parabola, and half its thickness."""
    h, w = seen.shape
    x = np.arange(w)
    t = np.linspace(-1, 1, w)
    for reach in (5, 3, 1):  # on squared paper, whatever is 3 pixels away from anywhere is seen
        window = np.arange(-reach, reach + 1)[:, None]
        rows = np.rint(course - 0.5).astype(int) + window
        inside = (rows >= 0) & (rows < h)
        hit = seen[rows.clip(0, h - 1), x] & inside
        there = on[rows[reach].clip(0, h - 1), x] & inside[reach]
        covered = hit.any(axis=0) & there
        if there.sum() < shortest * w or covered.sum() < _SURELY * there.sum():
            return None
        if reach == 1:
            break
        thickness = hit.sum(axis=0)
        usual = covered & (thickness <= np.quantile(thickness[covered], _ALONE) + 1)
        if usual.sum() < 8:
            return None
        centre = (rows * hit).sum(axis=0)[usual] / thickness[usual] + 0.5
        bends = 2 if shortest > _SHORT else 1
        course = np.polyval(np.polyfit(t[usual], centre, bends), t)
    tallest = max(3, int(_THICKEST * max(h, w)))
    rows = np.rint(course - 0.5).astype(int) + np.arange(-tallest, tallest + 1)[:, None]
    hit = seen[rows.clip(0, h - 1), x] & (rows >= 0) & (rows < h)
    up = np.cumprod(hit[: tallest + 1][::-1], axis=0).sum(axis=0)
    down = np.cumprod(hit[tallest:], axis=0).sum(axis=0)
    thick = float(np.quantile((up + down - 1)[covered], _ALONE))
    return None if thick > tallest else (course, max(0.5, thick / 2))


def _clear(
    cleared: Floats, contrast: Floats, course: Floats, half: float, on: Mask, *, ruled: bool
) -> float | None:
    """Wipe a line out where no ink crosses it, and return how strong it was.

    Unless the sheet is known to be ruled, a line along the very edge stays, and gives None, if ink
    as strong hangs on it: that may be the outermost line of a drawing that was cropped closely.
    """
    h, w = contrast.shape
    x = np.arange(w)
    middle = np.rint(course - 0.5).astype(int)
    reach = int(np.ceil(half)) + 1
    rows = middle + np.arange(-reach, reach + 1)[:, None]
    inside = (rows >= 0) & (rows < h)
    strongest = np.where(inside, contrast[rows.clip(0, h - 1), x], 0).max(axis=0)
    there = on[middle.clip(0, h - 1), x] & (middle >= 0) & (middle < h)
    strength = float(np.quantile(strongest[there], _ALONE))
    above, below = (
        np.where((row >= 0) & (row < h), cleared[row.clip(0, h - 1), x], 0)
        for row in (middle - reach - 1, middle + reach + 1)
    )
    pale = strength < 0.6 * np.quantile(contrast[contrast > 0.5 * strength], 0.995)
    beside = np.minimum(above, below) if pale else np.maximum(above, below)
    outermost = min(middle.min(), h - 1 - middle.max()) <= 2 * half + 1
    ends = int(0.04 * w + 4 * half)  # where other sides of a frame begin
    hanging = np.maximum(above, below)[ends : w - ends]
    if outermost and not ruled and (hanging > 0.6 * strength).sum() > 2 * half:
        return None
    for row in rows:
        safe = (row >= 0) & (row < h)
        r, c = row[safe], x[safe]
        old = cleared[r, c]
        stronger = contrast[r, c] > 1.5 * strength + 15
        cleared[r, c] = np.where(stronger, old, np.minimum(old, beside[safe]))
    return strength
