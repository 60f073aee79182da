"""Outliers for a run: other classes of the data, and nothings; parted as the drawings are."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from inkgrad.drawing import Raster
from inkgrad.errors import DataError
from inkgrad.quickdraw import Drawings, OnProgress, concatenate
from inkgrad.quickdraw.nothings import NOTHINGS, nothing_bitmaps, nothings_beside
from inkgrad.quickdraw.outliers import load_outliers
from inkgrad.workflows.settings import Parts, Settings

__all__ = [
    "NOWHERE",
    "Nowhere",
    "describe_outliers",
    "find_outliers",
    "others_of",
    "outliers_in_words",
]


class Nowhere:
    """The place of drawings that come from no place."""


NOWHERE = Nowhere()
"""For drawings that a program made: a place of others must not be found by the environment."""

_MOST, _LEAST = 5000, 30  # nothings of each kind to learn from
_TO_CHOOSE_BY = 200  # of each kind, to choose score and threshold by
_BLANKS = 50  # all of them are alike


def find_outliers(
    settings: Settings,
    drawings: int,
    data: str | os.PathLike[str] | Nowhere | None,
    raster: Raster,
    on_progress: OnProgress | None = None,
) -> Parts:
    """Return outliers to learn from, to choose score and threshold by, and to judge by.

    Parameters
    ----------
    settings : Settings
    drawings : int
        To learn from.
    data : path or address, optional
        Where the other classes are; or `NOWHERE`, for nothings alone.
    raster : Raster
        How strokes and nothings are drawn.
    on_progress : callable, optional
    """
    parts: Parts | None = None
    if not isinstance(data, Nowhere):
        parts = others_of(settings, data, raster, on_progress)
    per_kind = int(np.clip(settings.outliers * drawings / 4, _LEAST, _MOST))
    seed = 3 * settings.recipe.seed  # others for each part: they are no drawings to be divided
    made = [
        list(_nothings(settings.classes, n, seed + k, raster))
        for k, n in enumerate((per_kind, _TO_CHOOSE_BY))
    ]
    train, validation = (concatenate(part) for part in made)
    if parts is None:
        return Parts(train, validation, train.subset([]))
    aside = parts.validation
    return Parts(concatenate([parts.train, train]), concatenate([aside, validation]), parts.test)


def others_of(
    settings: Settings,
    data: str | os.PathLike[str] | None,
    raster: Raster,
    on_progress: OnProgress | None = None,
) -> Parts | None:
    """Return the drawings of other classes, divided as the classes' own are; None without any."""
    strokes = settings.augment > 0
    others = load_outliers(
        settings.classes, data, raster=raster, strokes=strokes, on_progress=on_progress
    )
    if others is None:
        return None
    try:
        return settings.divide(others)
    except DataError:  # too few to divide
        return Parts(others, others.subset([]), others.subset([]))


def describe_outliers(parts: Parts) -> dict[str, object]:
    """Return what a model file says of the outliers that were learnt from, in plain values."""
    counts = parts.train.counts()
    return {
        "classes": sum(count > 0 for count in counts.values()),
        "drawings": {"train": len(parts.train), "validation": len(parts.validation)},
    }


def outliers_in_words(parts: Parts) -> str:
    """Return what is learnt as none of the classes, as a line for the user.

    Examples
    --------
    >>> nothing = np.zeros((3, 28, 28), np.uint8)
    >>> some = Drawings(nothing, np.array([0, 0, 1]), ("cat", "dots"))
    >>> outliers_in_words(Parts(some, some, some))
    'none of the classes: 3 drawings (cat 2, dots 1)'
    """
    counts = {name: count for name, count in parts.train.counts().items() if count}
    others = [name for name in counts if name not in NOTHINGS]
    many = len(others) > 1
    words = [f"{len(others)} other classes {sum(counts[name] for name in others):,}"] * many
    words += [
        f"{name} {count:,}" for name, count in counts.items() if not many or name not in others
    ]
    return f"none of the classes: {len(parts.train):,} drawings ({', '.join(words)})"


def _nothings(
    classes: tuple[str, ...], per_kind: int, seed: int, raster: Raster
) -> Iterator[Drawings]:
    """Yield nothings kind by kind."""
    for kind in nothings_beside(classes):
        n = min(per_kind, _BLANKS) if kind == "blanks" else per_kind
        bitmaps = nothing_bitmaps(kind, n, seed, raster)
        yield Drawings(bitmaps, np.zeros(n, np.int64), (kind,))
