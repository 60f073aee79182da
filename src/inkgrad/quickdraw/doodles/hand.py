"""What a human hand makes of a drawing: unsteady lines, a pose, an early end."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Doodle", "Hand", "Points"]

Points = npt.NDArray[np.float64]
"""Points of one stroke or of several in a row: (n, 2), x and y, y downwards."""

Doodle = list[list[list[int]]]
"""Strokes `[xs, ys]` in the frame of Google's simplified drawings: whole numbers, 0 to 255."""

EARLY_END = 0.2  # probability that the drawing is stopped once it is recognisable
LEAN = 0.2  # largest rotation, radians
STRETCH = 0.42  # largest logarithm by which width over height is changed
SLANT = 0.2  # largest shift sideways, of the height
WARP = 0.025  # how far parts are displaced, of the drawing's longer side

# Tremor: wavelengths of three waves along the way of the pen, of the longer side; their strengths.
WAVELENGTHS = np.array([[0.5], [0.19], [0.08]])
STRENGTHS = np.array([[1.5], [0.8], [0.25]])


@dataclass(frozen=True)
class Hand:
    """The habits of one hand.

    Parameters
    ----------
    shakiness : float
        Strength of the tremor, of the drawing's longer side.
    carelessness : float
        From 0 to 1: how far strokes miss their place and outlines their beginning.
    """

    shakiness: float
    carelessness: float

    @classmethod
    def of_somebody(cls, rng: np.random.Generator) -> Hand:
        """Draw the habits of one of us."""
        return cls(rng.uniform(0.002, 0.010), rng.uniform(0.2, 1.0) ** 2)

    def close(self, outline: Points, rng: np.random.Generator) -> Points:
        """Let an outline end a little before, beyond or beside the point where it began."""
        missing, *beside = rng.uniform((-0.06, -0.1, -0.1), (0.08, 0.1, 0.1)) * self.carelessness
        count = int(missing * len(outline))
        if count > 0:
            outline = outline[:-count]
        elif count < 0:
            outline = np.concatenate([outline, outline[1 : 1 - count]])
        drift = np.ptp(outline, axis=0) * beside
        return np.asarray(outline + np.linspace(0, 1, len(outline))[:, None] ** 2 * drift)

    def finish(self, paths: list[Points], recognisable: int, rng: np.random.Generator) -> Doodle:
        """Make the strokes of a doodle from ideal paths.

        Parameters
        ----------
        paths : list of (n, 2) arrays
            In any unit, facing right.
        recognisable : int
            The number of paths after which one sees what it is: the game, which stops a drawing
            when it is recognised, may stop it there.
        rng : numpy.random.Generator

        Returns
        -------
        strokes : list of [xs, ys]
            The smallest x and y are 0, the largest coordinate is 255.
        """
        if rng.random() < EARLY_END:
            paths = _cut_short(paths, recognisable, rng)
        lengths = [len(path) for path in paths]
        points = np.concatenate(paths)  # (n, 2), all strokes in a row
        low, size = points.min(axis=0), np.ptp(points, axis=0)
        points = (points - low - size / 2) / size.max()  # longer side 1, centred on 0
        points = points + self._misplaced(lengths, rng) + _warped(points, rng)
        points = (points + self._shaken(points, rng)) @ _pose(rng)
        points = points - points.min(axis=0)
        rows = np.rint(points * (255 / points.max())).astype(np.int64).T  # (2, n)
        return [stroke.tolist() for stroke in np.split(rows, np.cumsum(lengths)[:-1], axis=1)]

    def _misplaced(self, lengths: list[int], rng: np.random.Generator) -> Points:
        """Every stroke stands a little beside its place."""
        off = rng.normal(0, 0.012 * self.carelessness, (len(lengths), 2))
        return np.repeat(off, lengths, axis=0)

    def _shaken(self, points: Points, rng: np.random.Generator) -> Points:
        """Tremor: waves along the way of the pen, different ones in x and y."""
        way = np.cumsum(np.hypot(*np.diff(points, axis=0, prepend=points[:1]).T))  # (n,)
        frequencies = 2 * math.pi / (WAVELENGTHS * rng.uniform(0.7, 1.4))
        phases = rng.uniform(0, 2 * math.pi, (2, 3, 1))
        waves = STRENGTHS * np.sin(way * frequencies + phases)  # (2, 3, n)
        return np.asarray(waves.sum(axis=1).T * self.shakiness)


def _cut_short(paths: list[Points], recognisable: int, rng: np.random.Generator) -> list[Points]:
    kept = paths[: rng.integers(recognisable, len(paths) + 1)]
    if len(kept) > recognisable and len(kept[-1]) > 8:
        kept[-1] = kept[-1][: rng.integers(4, len(kept[-1]))]
    return kept


def _warped(points: Points, rng: np.random.Generator) -> Points:
    """Proportions: the whole drawing is displaced by one slow wave along each axis."""
    waves = points @ rng.normal(0, 2.5, (2, 2)) + rng.uniform(0, 2 * math.pi, 2)
    return np.asarray(WARP * np.sin(waves))


def _pose(rng: np.random.Generator) -> Points:
    """Stretch, slant, perhaps mirror and rotate: rows are the images of x and of y."""
    angle, stretch, slant = rng.uniform(-1, 1, 3) * (LEAN, STRETCH, SLANT)
    wide, facing = math.exp(stretch / 2), 1 if rng.random() < 0.5 else -1
    c, s = math.cos(angle), math.sin(angle)
    shape = np.array([[facing * wide, 0.0], [facing * slant, 1 / wide]])
    return np.asarray(shape @ np.array([[c, s], [-s, c]]))
