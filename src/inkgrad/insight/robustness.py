"""Robustness: a model's accuracy on disturbed drawings, compared with that on the same as they are.

A model that names clean drawings right may fail on what people draw elsewhere: smaller, tilted,
with another pen, half finished, on paper. Each row is one disturbance of one strength.
"""

from __future__ import annotations

import importlib.util
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from inkgrad.drawing import (
    Drawing,
    Raster,
    Strokes,
    bitmap_from_image,
    check_strokes,
    into_frame,
    rasterize_many,
)
from inkgrad.errors import DataError
from inkgrad.insight.disturbances import DISTURBANCES, Disturbance
from inkgrad.insight.intervals import Interval, paired_difference
from inkgrad.insight.scenes import SCENES, make_scene
from inkgrad.model import Model

__all__ = ["ANY_SCENE", "PHOTOGRAPH", "Robustness", "RobustnessRow", "measure_robustness"]

PHOTOGRAPH = "photograph"
"""The name of the rows whose strengths are the scenes of `inkgrad.insight.scenes`."""

ANY_SCENE = "any scene"
"""The row of all photographs together."""

_AT_ONCE = 64  # drawings between two reports
_MANY = 1000  # drawings that take longer uncompiled than Numba takes to be loaded
_SEEDS = 1 << 32  # places of drawings for each seed

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Bitmaps = npt.NDArray[np.uint8]
Draw = Callable[[list[Strokes], Raster], Bitmaps]


@dataclass(frozen=True)
class RobustnessRow:
    """How often drawings with one disturbance are named right.

    Attributes
    ----------
    name, strength : str
        What was changed, and by how much.
    n : int
        Drawings, each named as it is and disturbed.
    top1, undisturbed : float
        The share of them named right when disturbed, and as they are.
    interval : Interval
        The 95 % interval of `difference` (`inkgrad.insight.intervals.paired_difference`).
    unread : int
        Photographs in which no drawing was found; they count as mistakes.
    """

    name: str
    strength: str
    n: int
    top1: float
    undisturbed: float
    interval: Interval
    unread: int = 0

    @property
    def difference(self) -> float:
        """Disturbed less undisturbed: below 0 where the disturbance costs something."""
        return self.top1 - self.undisturbed

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain values, ready for JSON."""
        return {**asdict(self), "difference": self.difference, "interval": list(self.interval)}


@dataclass(frozen=True)
class Robustness:
    """What `measure_robustness` found.

    Attributes
    ----------
    rows : tuple of RobustnessRow
    n : int
        Drawings that were taken; a row may have fewer.
    top1 : float
        The share of them named right as they are.
    seed : int
    """

    rows: tuple[RobustnessRow, ...]
    n: int
    top1: float
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON."""
        rows = [row.to_dict() for row in self.rows]
        return {"n": self.n, "top1": self.top1, "seed": self.seed, "rows": rows}


def measure_robustness(
    model: Model,
    strokes: Sequence[Drawing],
    labels: npt.ArrayLike,
    *,
    drawings: int = 1000,
    photographs: int = 25,
    seed: int = 0,
    on_progress: Callable[[str, str, int, int], object] | None = None,
) -> Robustness:
    """Measure what each disturbance costs a model.

    Disturbed strokes are brought into the frame as a user's are (`inkgrad.drawing.into_frame`) and
    drawn with the model's rasteriser. A pen of another width leaves the drawing's size as it is, as
    far as the rasteriser's padding has room for it.
    Photographs are read as a user's pictures are (`inkgrad.drawing.bitmap_from_image`).

    The drawings are taken evenly from all classes, in proportion to what there is of each. What
    happens to a drawing depends on the seed, on the name of the row and on its place in `strokes`
    alone, so a stronger disturbance is the same one, only stronger. Scenes share no drawings as
    long as there are enough, so that one row can sum them up.

    Parameters
    ----------
    model : Model
    strokes : sequence of n drawings
        The model was not trained on any of them.
    labels : (n,) whole numbers
        The places of their classes in ``model.classes``.
    drawings, photographs : int
        The most drawings in each row, and the number in each scene; 0 leaves the scenes out.
    seed : int
    on_progress : callable, optional
        Called with ``("disturb", "", done, drawings of all rows)``.

    Returns
    -------
    robustness : Robustness
        Without rows of what can happen to none of the drawings.

    Raises
    ------
    DataError
        If there are no drawings, a stroke is unusable, or a number is out of range.

    Examples
    --------
    >>> from inkgrad.model import load
    >>> from inkgrad.quickdraw.doodles import ANIMALS, doodles
    >>> strokes, labels = doodles(ANIMALS, 4)
    >>> model = load("animals", engine="reference")
    >>> found = measure_robustness(model, strokes, labels, drawings=10, photographs=0)
    >>> found.n, found.rows[0].name, found.rows[0].n
    (10, 'position', 10)
    """
    known = np.asarray(labels, np.int64)
    if len(strokes) != len(known) or len(known) == 0:
        raise DataError(
            f"there are {len(strokes)} drawings and {len(known)} labels; give one or more, and a "
            "label for each"
        )
    if drawings < 1 or photographs < 0:
        raise DataError(
            f"{drawings} drawings and {photographs} photographs are to be taken; give 1 or more, "
            "and 0 or more"
        )
    chosen = _choose(known, drawings, seed)
    checked = [check_strokes(strokes[k]) for k in chosen.tolist()]
    sample = _Sample(checked, chosen, known[chosen], np.zeros(len(chosen), bool))
    draw = partial(_draw, compiled=_worth_compiling(len(chosen) * len(DISTURBANCES)))
    bitmaps = draw(checked, model.raster)
    sample = replace(sample, right=_named_right(model, bitmaps, sample))
    jobs = [
        *((row.name, row.strength, sample, partial(_disturb, row, draw)) for row in DISTURBANCES),
        *(
            (PHOTOGRAPH, scene, sample.part(some), partial(_photograph, scene))
            for scene, some in zip(SCENES, _deal(sample.labels, photographs, seed), strict=True)
        ),
    ]
    done, total = 0, sum(len(part.labels) for _, _, part, _ in jobs)
    counted = []
    for name, strength, part, work in jobs:
        made = []
        for batch in part.batches():
            made.append(work(batch, model.raster, seed))
            done += len(batch.labels)
            if on_progress is not None:
                on_progress("disturb", "", done, total)
        counted.append(_count(model, name, strength, part, made))
    pictures = [row for row in counted if row.name == PHOTOGRAPH]
    if pictures:
        counted[len(DISTURBANCES) : len(DISTURBANCES)] = [_together(pictures)]
    rows = tuple(row.figures() for row in counted if len(row.after))
    return Robustness(rows, len(sample.labels), float(sample.right.mean()), seed)


@dataclass(frozen=True, eq=False)
class _Sample:
    """Some drawings: which of all, what they are, and whether they are named right as they are."""

    strokes: list[Strokes]
    places: Rows
    labels: Rows
    right: Mask

    def part(self, rows: Rows) -> _Sample:
        strokes = [self.strokes[k] for k in rows.tolist()]
        return _Sample(strokes, self.places[rows], self.labels[rows], self.right[rows])

    def batches(self) -> Iterator[_Sample]:
        for start in range(0, len(self.labels), _AT_ONCE):
            yield self.part(np.arange(start, min(start + _AT_ONCE, len(self.labels))))


class _Made(NamedTuple):
    """What became of n drawings: the bitmaps of those that have one, and which these are."""

    bitmaps: Bitmaps
    there: Mask


def _disturb(row: Disturbance, draw: Draw, batch: _Sample, raster: Raster, seed: int) -> _Made:
    code = zlib.crc32(row.name.encode())
    changed = [
        row.change(strokes, np.random.default_rng([seed, code, place]))
        for strokes, place in zip(batch.strokes, batch.places.tolist(), strict=True)
    ]
    pen = raster.pen * row.pen
    # The canvas has padding and half a pen at each side: their sum decides how large drawings are.
    padding = max(raster.padding + (raster.pen - pen) / 2, 0.0)
    bitmaps = draw([c for c in changed if c is not None], Raster(raster.side, pen, padding))
    return _Made(bitmaps, np.array([c is not None for c in changed]))


def _photograph(scene: str, batch: _Sample, raster: Raster, seed: int) -> _Made:
    from PIL import Image

    bitmaps: list[Bitmaps | None] = []
    for strokes, place in zip(batch.strokes, batch.places.tolist(), strict=True):
        picture = Image.fromarray(make_scene(scene, strokes, seed * _SEEDS + place))
        try:
            bitmaps.append(bitmap_from_image(picture, **raster.to_dict()))
        except DataError:  # no drawing is found in it
            bitmaps.append(None)
    found = [bitmap for bitmap in bitmaps if bitmap is not None]
    paper = np.zeros((0, raster.side, raster.side), np.uint8)
    return _Made(
        np.stack(found) if found else paper, np.array([bitmap is not None for bitmap in bitmaps])
    )


def _draw(drawings: list[Strokes], raster: Raster, compiled: bool | None = None) -> Bitmaps:
    """Return what `inkgrad.drawing.to_bitmaps` does; compiled, if few are given but many come."""
    framed = [into_frame(drawing) for drawing in drawings]
    return rasterize_many(framed, **raster.to_dict(), compiled=compiled)


def _worth_compiling(drawings: int) -> bool | None:
    """Whether so many drawings make up for loading Numba; None: leave it to the rasteriser."""
    return True if drawings >= _MANY and importlib.util.find_spec("numba") else None


class _Counted(NamedTuple):
    """Whether drawings were named right as they are, and disturbed."""

    name: str
    strength: str
    before: Mask
    after: Mask
    unread: int

    def figures(self) -> RobustnessRow:
        return RobustnessRow(
            self.name,
            self.strength,
            n=len(self.after),
            top1=float(self.after.mean()),
            undisturbed=float(self.before.mean()),
            interval=paired_difference(self.before, self.after),
            unread=self.unread,
        )


def _count(model: Model, name: str, strength: str, part: _Sample, made: list[_Made]) -> _Counted:
    there = np.concatenate([np.zeros(0, bool), *(batch.there for batch in made)])
    after = np.zeros(len(there), bool)
    if there.any():
        bitmaps = np.concatenate([batch.bitmaps for batch in made])
        after[there] = _named_right(model, bitmaps, part.part(np.flatnonzero(there)))
    # A photograph that cannot be read is a mistake; a stroke that is not there cannot be missing.
    counted = np.ones_like(there) if name == PHOTOGRAPH else there
    unread = int((counted & ~there).sum())
    return _Counted(name, strength, part.right[counted], after[counted], unread)


def _together(rows: list[_Counted]) -> _Counted:
    """Return photographs of all scenes as one row."""
    before = np.concatenate([row.before for row in rows])
    after = np.concatenate([row.after for row in rows])
    return _Counted(PHOTOGRAPH, ANY_SCENE, before, after, sum(row.unread for row in rows))


def _named_right(model: Model, bitmaps: Bitmaps, sample: _Sample) -> Mask:
    return np.asarray(model.predict_proba(bitmaps).argmax(axis=1) == sample.labels)


def _choose(labels: Rows, most: int, seed: int) -> Rows:
    """Return at most so many rows, in proportion to the classes; which of a class, by chance."""
    order = np.lexsort([np.random.default_rng(seed).random(len(labels)), labels])
    even = np.arange(min(most, len(order))) * len(order) // max(1, min(most, len(order)))
    return np.sort(order[even])


def _deal(labels: Rows, each: int, seed: int) -> list[Rows]:
    """Return `each` rows for every scene, none twice; scenes share some if there are too few."""
    each = min(each, len(labels))
    if each * len(SCENES) > len(labels):
        return [_choose(labels, each, seed + place) for place in range(len(SCENES))]
    pool = _choose(labels, each * len(SCENES), seed)
    return [pool[place :: len(SCENES)] for place in range(len(SCENES))]
