"""Nothings: dots, lines, scribbles and blank paper, drawn by a program, which show no thing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from inkgrad.drawing import Raster, rasterize_many
from inkgrad.errors import DataError
from inkgrad.quickdraw.drawings import GOOGLES, Bitmaps

__all__ = ["NOTHINGS", "draw_nothing", "nothing_bitmaps", "nothings_beside"]

Points = npt.NDArray[np.float64]
"""Points of a stroke, (n, 2): x and y in any unit, y downwards."""

NOTHINGS = ("dots", "lines", "scribbles", "dense scribbles", "blanks")
"""The kinds, by name. Dense scribbles are those scribbles that cover the paper."""

# Classes of which a line is a drawing, and those of which a loose scribble may be one.
_LINES = {"line", "stick", "the great wall of china"}
_SCRIBBLES = {*_LINES, "squiggle", "zigzag", "scribble", "scribbles"}
_SMALL = 0.25  # share of drawings that do not fill the frame, as bitmaps from elsewhere may not
_FRAME = 255


def nothings_beside(classes: Sequence[str]) -> tuple[str, ...]:
    """Return the kinds that show none of these classes.

    A line is a drawing of the class *line*; a loose scribble may be one of *squiggle* or *zigzag*.

    Examples
    --------
    >>> nothings_beside(("cat", "dog"))
    ('dots', 'lines', 'scribbles', 'blanks')
    >>> nothings_beside(("cat", "line", "zigzag"))
    ('dots', 'dense scribbles', 'blanks')
    """
    names = {name.casefold() for name in classes}
    lines = () if names & _LINES else ("lines",)
    return "dots", *lines, "dense scribbles" if names & _SCRIBBLES else "scribbles", "blanks"


def nothing_bitmaps(kind: str, n: int, seed: int, raster: Raster = GOOGLES) -> Bitmaps:
    """Return n drawings of a kind as bitmaps (n, side, side).

    Drawing i depends on nothing but kind, seed and i. A quarter of them are small, anywhere on the
    paper; the others fill the frame, as drawings do that come as strokes or pictures.

    Parameters
    ----------
    kind : str
        One of `NOTHINGS`.
    n : int
    seed : int
        0 or more.
    raster : Raster
        How they are drawn.

    Raises
    ------
    DataError
        If there is no such kind.

    Examples
    --------
    >>> nothing_bitmaps("scribbles", 3, seed=0).shape
    (3, 28, 28)
    >>> int(nothing_bitmaps("blanks", 1, seed=0).max())
    0
    """
    draw, number = _kind(kind), NOTHINGS.index(kind)
    if kind == "blanks" or n == 0:
        return np.zeros((n, raster.side, raster.side), np.uint8)
    rngs = [np.random.default_rng([seed, number, i]) for i in range(n)]
    sizes = [rng.uniform(0.05, 1) if rng.random() < _SMALL else 1.0 for rng in rngs]
    drawings = [_framed(draw(rng), size) for rng, size in zip(rngs, sizes, strict=True)]
    bitmaps = rasterize_many(drawings, **raster.to_dict())
    for i, size in enumerate(sizes):
        if size < 1:
            bitmaps[i] = _moved(bitmaps[i], rngs[i])
    return bitmaps


def draw_nothing(kind: str, rng: np.random.Generator) -> list[list[list[int]]]:
    """Return one drawing of a kind as strokes in the frame of Google's simplified drawings.

    Parameters
    ----------
    kind : str
        One of `NOTHINGS`, but for ``"blanks"``, which have no strokes.
    rng : numpy.random.Generator
        Every choice is drawn from it.

    Raises
    ------
    DataError
        If there is no such kind of strokes.

    Examples
    --------
    >>> strokes = draw_nothing("lines", np.random.default_rng(0))
    >>> max(max(xs + ys) for xs, ys in strokes)
    255
    """
    if kind == "blanks":
        raise DataError("a blank has no strokes; take it as a bitmap")
    return [stroke.astype(int).tolist() for stroke in _framed(_kind(kind)(rng), 1.0)]


def _kind(kind: str) -> Callable[[np.random.Generator], list[Points]]:
    if kind not in NOTHINGS:
        raise DataError(f"the kind is {kind!r}; choose one of {', '.join(NOTHINGS)}")
    return {
        "dots": _dots,
        "lines": _lines,
        "scribbles": _scribbles,
        "dense scribbles": _dense_scribbles,
        "blanks": lambda rng: [],
    }[kind]


def _framed(strokes: list[Points], size: float) -> list[Points]:
    """Return strokes as (2, n) arrays of whole numbers from 0, of which the longer side is full."""
    points = np.concatenate(strokes)
    low = points.min(axis=0)
    span = float((points - low).max())
    factor = size * _FRAME / span if span > 0 else 1.0
    return [np.rint((stroke - low) * factor).T for stroke in strokes]


def _moved(bitmap: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return a bitmap with its ink somewhere else, all of it on the paper."""
    for axis in (0, 1):
        (inked,) = np.nonzero(bitmap.any(axis=1 - axis))
        first, last = int(inked[0]), int(inked[-1])
        bitmap = np.roll(bitmap, int(rng.integers(-first, bitmap.shape[axis] - last)), axis)
    return bitmap


# ------------------------------------------------------------------ dots


def _dots(rng: np.random.Generator) -> list[Points]:
    """Draw one dot or a few, each a point, a disc or a short hook."""
    count = 1 if rng.random() < 0.6 else int(rng.integers(2, 9))
    places = rng.uniform(0, 1, (count, 2))
    if count > 1 and rng.random() < 0.5:  # of one size, as by one hand
        sizes = np.full(count, _dot_size(rng))
    else:
        sizes = np.array([_dot_size(rng) for _ in range(count)])
    return [place + size * _dot(rng) for place, size in zip(places, sizes, strict=True)]


def _dot_size(rng: np.random.Generator) -> float:
    return 0.0 if rng.random() < 0.4 else float(np.exp(rng.uniform(math.log(0.02), math.log(0.3))))


def _dot(rng: np.random.Generator) -> Points:
    """Draw a dot of radius 1: filled by a spiral, or what a trembling pen leaves."""
    if rng.random() < 0.6:
        turns = rng.uniform(3, 9)
        angle = np.linspace(0, 2 * math.pi * turns, int(16 * turns)) + rng.uniform(0, 6)
        radius = np.linspace(0, 1, len(angle)) + rng.normal(0, 0.05, len(angle))
        spiral: Points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return spiral  # (n, 2)
    return np.cumsum(rng.normal(0, 0.5, (int(rng.integers(2, 7)), 2)), axis=0)


# ------------------------------------------------------------------ lines


def _lines(rng: np.random.Generator) -> list[Points]:
    """Draw a line or, now and then, two or three that have nothing to do with each other."""
    count = 1 if rng.random() < 0.7 else int(rng.integers(2, 4))
    return [_line(rng) + rng.uniform(-0.7, 0.7, 2) * (count > 1) for _ in range(count)]


def _line(rng: np.random.Generator) -> Points:
    """Draw a line of any direction: straight, curved or bent; a hand's, not a ruler's."""
    kind = rng.choice(3, p=[0.5, 0.3, 0.2])
    t = np.linspace(-1, 1, 24)
    if kind == 2:  # with one or two corners
        corners = np.sort(rng.uniform(-0.7, 0.7, int(rng.integers(1, 3))))
        x = np.concatenate([[-1], corners, [1]])
        points = np.stack([x, rng.uniform(-0.8, 0.8, len(x))], axis=1)
    else:
        bow = rng.uniform(-0.9, 0.9) if kind == 1 else 0.0
        points = np.stack([t, bow * (1 - t * t)], axis=1)  # (24, 2)
        wave = rng.normal(0, 0.02) * np.sin(rng.uniform(2, 7) * t + rng.uniform(0, 6))
        points[:, 1] += wave
    return float(np.exp(rng.uniform(-1.5, 0))) * _turned(points, rng.uniform(0, 2 * math.pi))


# ------------------------------------------------------------------ scribbles


def _scribbles(rng: np.random.Generator) -> list[Points]:
    """Draw a scribble, dense or loose."""
    if rng.random() < 0.6:
        return _dense_scribbles(rng)
    kind = rng.integers(3)
    if kind == 0:
        return [_walk(rng, int(rng.integers(12, 50)))]
    if kind == 1:
        return [_zigzag(rng, int(rng.integers(4, 9)))]
    return _strokes(rng, int(rng.integers(3, 7)))


def _dense_scribbles(rng: np.random.Generator) -> list[Points]:
    """Draw a scribble that covers the paper: to and fro, round and round, criss-cross."""
    kind = rng.integers(6)
    if kind == 0:
        return [_zigzag(rng, int(rng.integers(10, 40)))]
    if kind == 1:
        return [_loops(rng, float(rng.uniform(5, 16)))]
    if kind == 2:
        return [_walk(rng, int(rng.integers(80, 260)))]
    if kind == 3:
        return [_tangle(rng, int(rng.integers(12, 40)))]
    if kind == 4:
        return _strokes(rng, int(rng.integers(8, 25)))
    crossing = _zigzag(rng, int(rng.integers(8, 20))), _zigzag(rng, int(rng.integers(8, 20)))
    return [*crossing, *([_walk(rng, 60)] if rng.random() < 0.5 else [])]


def _zigzag(rng: np.random.Generator, turns: int) -> Points:
    """Go to and fro, in rows that are not quite even."""
    x = np.linspace(-1, 1, turns) + rng.normal(0, 0.3 / turns, turns)
    y = np.where(np.arange(turns) % 2, 1.0, -1.0) * rng.uniform(0.3, 1.1)
    y += rng.normal(0, rng.uniform(0.02, 0.25), turns) + rng.uniform(-0.6, 0.6) * x
    points = np.stack([x, y], axis=1)  # (turns, 2)
    if rng.random() < 0.5:
        points = _smooth(points)
    return _turned(points, rng.uniform(0, 2 * math.pi))


def _loops(rng: np.random.Generator, turns: float) -> Points:
    """Go round and round, along a way or about one place."""
    angle = np.linspace(0, 2 * math.pi * turns, int(18 * turns))
    t = angle / angle[-1]
    radius = (
        1 + rng.uniform(-0.8, 0.8) * t + rng.normal(0, 0.08) * np.sin(rng.uniform(1, 5) * angle)
    )
    along = rng.uniform(0, 0.35) * turns * t
    x = radius * np.cos(angle) * rng.uniform(0.4, 1) + along
    y = radius * np.sin(angle) + rng.uniform(-0.5, 0.5) * along
    wander = np.cumsum(rng.normal(0, 0.02, (len(angle), 2)), axis=0)
    return _turned(np.stack([x, y], axis=1) + wander, rng.uniform(0, 2 * math.pi))


def _walk(rng: np.random.Generator, steps: int) -> Points:
    """Go on in a direction that changes by chance, and turn back at the edges."""
    bend = np.cumsum(rng.normal(0, 0.35, steps)) + rng.normal(0, rng.uniform(0.1, 0.8), steps)
    step = rng.uniform(0.1, 0.3) * np.stack([np.cos(bend), np.sin(bend)], axis=1)  # (steps, 2)
    walked = np.cumsum(step, axis=0)
    return np.abs((walked + 1) % 4 - 2) - 1  # folded back into −1 … 1


def _tangle(rng: np.random.Generator, corners: int) -> Points:
    """Join places by chance in one stroke, by straight lines or curves."""
    points = rng.normal(0, 0.5, (corners, 2))
    return points if rng.random() < 0.4 else _smooth(points)


def _strokes(rng: np.random.Generator, count: int) -> list[Points]:
    """Draw straight strokes across each other, as one crosses something out."""
    if rng.random() < 0.5:  # all of about one direction, or two
        turn = rng.uniform(0, math.pi) + rng.choice([0, math.pi / 2], count) * rng.integers(2)
        turn = turn + rng.normal(0, 0.15, count)
    else:
        turn = rng.uniform(0, math.pi, count)
    middles = rng.uniform(-0.6, 0.6, (count, 2))
    half = rng.uniform(0.4, 1.1, count)[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    bow = rng.normal(0, 0.1, (count, 2))
    t = np.linspace(-1, 1, 6)[:, None, None]  # (6, 1, 1)
    points = middles + t * half + (1 - t * t) * bow  # (6, count, 2)
    return list(points.transpose(1, 0, 2))


def _smooth(points: Points) -> Points:
    """Round the corners, by Chaikin's cutting (1974), twice."""
    for _ in range(2):
        near, far = points[:-1], points[1:]
        cut = np.stack([0.75 * near + 0.25 * far, 0.25 * near + 0.75 * far], axis=1)  # (n, 2, 2)
        points = np.concatenate([points[:1], cut.reshape(-1, 2), points[-1:]])
    return points


def _turned(points: Points, angle: float) -> Points:
    cos, sin = math.cos(angle), math.sin(angle)
    turned: Points = points @ np.array([[cos, sin], [-sin, cos]])
    return turned
