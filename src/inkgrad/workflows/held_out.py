"""Drawings to measure a model on: of its own training's data those that it did not learn from."""

from __future__ import annotations

import functools
import os
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from inkgrad.errors import InkgradError
from inkgrad.model import Model
from inkgrad.quickdraw import Drawings, Loaded, OnProgress, load_drawings, load_mixed
from inkgrad.quickdraw.data_locations import BucketFolder, OwnFiles, OwnFolder, find_data_location
from inkgrad.workflows.record import origin_of

__all__ = ["PARTS", "Found", "find_drawings"]

PARTS = ("auto", "test", "all")


class Found(NamedTuple):
    """Drawings to measure a model on.

    Attributes
    ----------
    part : "test" or "all"
        Which of the drawings they are.
    loaded : Loaded
        What was loaded, of which they are a part.
    missing : tuple of str
        The model's classes of which there are no drawings.
    drawings : Drawings
    learnt : Drawings or None
        Those that the model was trained on, if they are at hand.
    """

    part: str
    loaded: Loaded
    missing: tuple[str, ...]
    drawings: Drawings
    learnt: Drawings | None


def find_drawings(
    model: Model,
    data: str | os.PathLike[str] | None = None,
    *,
    own: str | os.PathLike[str] | None = None,
    part: str = "auto",
    limit: int | None = None,
    offline: bool = False,
    strokes: bool = False,
    on_progress: OnProgress | None = None,
) -> Found:
    """Load the drawings that `inkgrad.evaluate` measures a model on: see there.

    Raises
    ------
    InkgradError
        As there.
    """
    if part not in PARTS:
        raise InkgradError(f"part is {part!r}; choose one of {', '.join(PARTS)}")
    if limit is not None and limit < 1:
        raise InkgradError(f"limit is {limit}; give 1 or more")
    origin = origin_of(model)
    get = functools.partial(
        _load,
        model.classes,
        data=data,
        own=own,
        raster=model.raster,
        offline=offline,
        strokes=strokes,
        on_progress=on_progress,
    )
    # First as in training: only then can it be told whether these are the training's drawings.
    loaded, missing = get(limit=limit if origin is None else origin.settings.limit)
    drawings, learnt = loaded.drawings, None
    if origin is not None and drawings.fingerprint() == origin.fingerprint:
        if part != "all":
            part = "test"
            divided = origin.settings.divide(drawings)
            drawings, learnt = divided.test, divided.train
    elif part == "auto" and own is None and origin is not None and origin.settings.own is not None:
        raise InkgradError(
            f"the model was trained on drawings of one's own, too ({origin.settings.own}), so what "
            f"it learnt from is not known by {loaded.source} alone; name them with --own, or "
            "choose all drawings (--part all)"
        )
    elif part == "test":
        raise InkgradError(
            f"{loaded.source} is not the data that the model was trained on, so its test part is "
            "not known; choose all of it (--part all), or name the training's data"
        )
    else:
        part = "all"
        if origin is not None and limit != origin.settings.limit:
            loaded, missing = get(limit=limit)
            drawings = loaded.drawings
    return Found(part, loaded, missing, _first(drawings, limit), learnt)


def _load(
    classes: tuple[str, ...],
    data: str | os.PathLike[str] | None,
    own: str | os.PathLike[str] | None,
    **options: Any,
) -> tuple[Loaded, tuple[str, ...]]:
    """Load what there is of these classes, and return which have no drawings in a folder."""
    if own is not None:
        return load_mixed(classes, own, data=data, **options), ()
    place = find_data_location(data)
    there = classes
    if isinstance(place, (BucketFolder, OwnFolder, OwnFiles)):
        # If none is there, the loader says what is wrong with the place.
        there = tuple(name for name in classes if place.has(name)) or classes
    loaded = load_drawings(there, data=data, **options)
    numbers = np.array([classes.index(name) for name in there], dtype=np.int64)
    labels = numbers[loaded.drawings.labels]
    drawings = replace(loaded.drawings, labels=labels, classes=classes)
    return replace(loaded, drawings=drawings), tuple(n for n in classes if n not in there)


def _first(drawings: Drawings, limit: int | None) -> Drawings:
    """Return at most `limit` drawings of each class."""
    if limit is None or max(drawings.counts().values()) <= limit:
        return drawings
    firsts = [np.flatnonzero(drawings.labels == k)[:limit] for k in range(len(drawings.classes))]
    return drawings.subset(np.sort(np.concatenate(firsts)))
