"""Drawings of one's own among Quick, Draw!'s: more of a class, or classes that it has not got."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from inkgrad.errors import DataError
from inkgrad.quickdraw.categories import CATEGORIES
from inkgrad.quickdraw.data_locations import (
    DataLocation,
    Mirror,
    OwnFiles,
    OwnFolder,
    find_data_location,
)
from inkgrad.quickdraw.drawings import concatenate
from inkgrad.quickdraw.loaded import Counts, Loaded
from inkgrad.quickdraw.loading import load_drawings
from inkgrad.quickdraw.tasks import class_names, find_task

__all__ = ["load_mixed", "mixed_classes", "own_place"]


def own_place(own: str | os.PathLike[str]) -> OwnFolder | OwnFiles:
    """Return the place of drawings of one's own.

    Raises
    ------
    DataError
        If it is another kind of place.
    """
    place = find_data_location(own)
    if not isinstance(place, OwnFolder | OwnFiles):
        raise DataError(
            f"{place} is not a folder of your own drawings; give one with a subfolder for each "
            "class, or a file of strokes such as the drawing page saves"
        )
    return place


def mixed_classes(
    own: str | os.PathLike[str],
    classes: str | Sequence[str] | None = None,
    *,
    task: str | None = None,
    data: str | os.PathLike[str] | None = None,
    offline: bool = False,
) -> tuple[str, ...]:
    """Return the classes that are asked for, and behind them those of one's own that are not.

    Parameters
    ----------
    own : path
        A folder or file of one's own drawings.
    classes, task, data, offline
        See `inkgrad.quickdraw.find_task`. Neither classes nor a task: one's own classes alone. A
        class that is one's own need not be in the data.

    Raises
    ------
    DataError
        As there, and if `own` is another kind of place.
    """
    mine = own_place(own).classes()
    if task is not None or classes is None:
        named = () if task is None else find_task(classes, task=task, data=data, offline=offline)
    else:
        given = class_names(classes)
        asked = [name for name in given if name not in mine]
        others = iter(find_task(asked, data=data, offline=offline) if asked else ())
        named = tuple(name if name in mine else next(others) for name in given)
        if twice := [name for name in named if named.count(name) > 1]:
            raise DataError(f"the class {twice[0]} is given twice; name each class once")
    return tuple(dict.fromkeys((*named, *mine)))


def load_mixed(
    classes: Sequence[str],
    own: str | os.PathLike[str],
    *,
    data: str | os.PathLike[str] | None = None,
    **options: Any,
) -> Loaded:
    """Load drawings of some classes from two places: one's own, and those of others.

    A class that both places have has the drawings of both.

    Parameters
    ----------
    classes : sequence of str
    own : path
        A folder or file of one's own drawings.
    data, **options
        See `inkgrad.quickdraw.load_drawings`. A limit holds for each place.

    Returns
    -------
    loaded : Loaded
        `Loaded.parts` has the two.

    Raises
    ------
    DataError
        As there, and if a class has no drawings at all.
    """
    classes, mine, place = tuple(classes), own_place(own), find_data_location(data)
    theirs = [name for name in classes if not mine.has(name) or _may_have(place, name)]
    parts = []
    if theirs:
        parts.append(load_drawings(theirs, data=data, **options))
    if both := [name for name in classes if mine.has(name)]:
        parts.append(load_drawings(both, data=own, **options))
    drawings = concatenate([part.drawings for part in parts])
    # Class after class as asked for, whichever place has them.
    label_of = np.array([classes.index(name) for name in drawings.classes], dtype=np.int64)
    drawings = replace(drawings, labels=label_of[drawings.labels], classes=classes)
    drawings = drawings.subset(np.argsort(drawings.labels, kind="stable"))
    return Loaded(
        drawings,
        " and ".join(part.source for part in parts),
        {name: _sum([part.counts.get(name, Counts()) for part in parts]) for name in classes},
        built_in=any(part.built_in for part in parts),
        attribution=next((part.attribution for part in parts if part.attribution), ""),
        parts=tuple(parts),
    )


def _may_have(place: DataLocation | None, name: str) -> bool:
    """Whether a place has drawings of a class that is one's own; of a server: by its name."""
    return name in CATEGORIES if place is None or isinstance(place, Mirror) else place.has(name)


def _sum(counts: Sequence[Counts]) -> Counts:
    return Counts(
        sum(each.bitmaps for each in counts),
        sum(each.strokes for each in counts),
        sum(each.doubles for each in counts),
    )
