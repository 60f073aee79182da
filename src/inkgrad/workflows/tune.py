"""Tune a model: classes added from a few drawings, refined, removed and renamed, in seconds."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad.confidence import Confidence
from inkgrad.engines import Engine
from inkgrad.errors import InkgradError, ModelError
from inkgrad.layers import Array
from inkgrad.model import Model, load
from inkgrad.quickdraw import Drawings, OnProgress, load_drawings
from inkgrad.quickdraw.data_locations import find_data_location
from inkgrad.quickdraw.mixed import own_place
from inkgrad.text import listed
from inkgrad.tuning import (
    Change,
    Head,
    add_classes,
    head_of,
    refine_classes,
    remove_classes,
    with_head,
)
from inkgrad.version import __version__
from inkgrad.workflows.features import features_of, variant_features
from inkgrad.workflows.held_out import Found, find_drawings

__all__ = ["FEWEST", "Learnt", "Old", "Tuned", "tune"]

FEWEST = 5
"""Drawings of a class from which it can be learnt; ten or more are better."""

_JUDGED = 300  # drawings of each old class
_KNOWN = 0.05  # of the drawings of a class that was added may be rejected


@dataclass(frozen=True)
class Learnt:
    """A class that was added or refined.

    Attributes
    ----------
    name : str
    drawings : int
    recall : float
        Share of these drawings that is recognised by what was learnt from the others: each fifth of
        them is held out once.
    is_new : bool
    """

    name: str
    drawings: int
    recall: float
    is_new: bool


@dataclass(frozen=True)
class Old:
    """What the classes that stay lost.

    Attributes
    ----------
    before, after : float
        Accuracy on their drawings.
    n : int
        How many were looked at.
    kind : "test", "all" or "remembered"
        The model's own test part, other drawings at hand, or what the model file remembers of its
        drawings (then `after` is an estimate with a fifth of them held out at a time).
    source : str
        Where the drawings come from.
    """

    before: float
    after: float
    n: int
    kind: str
    source: str


@dataclass(frozen=True)
class Tuned:
    """What `tune` did.

    Attributes
    ----------
    path : Path
        The file that was written.
    model : Model
    learnt : tuple of Learnt
    removed : tuple of str
    renamed : dict
        New names by old ones.
    old : Old or None
        None if nothing was learnt, and so nothing can be lost; or nothing is known of it.
    """

    path: Path
    model: Model
    learnt: tuple[Learnt, ...]
    removed: tuple[str, ...]
    renamed: Mapping[str, str]
    old: Old | None

    def to_dict(self) -> dict[str, Any]:
        """Return all but the model as plain values, ready for JSON."""
        return {
            "model": str(self.path),
            "classes": list(self.model.classes),
            "learnt": [vars(one) for one in self.learnt],
            "removed": list(self.removed),
            "renamed": dict(self.renamed),
            "old": None if self.old is None else vars(self.old),
        }


def tune(
    model: Model | str | os.PathLike[str],
    own: str | os.PathLike[str] | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    remove: Sequence[str] = (),
    rename: Mapping[str, str] | None = None,
    data: str | os.PathLike[str] | None = None,
    engine: str | Engine = "auto",
    on_progress: OnProgress | None = None,
) -> Tuned:
    """Change the classes of a model, and write it as a new file.

    First classes are removed, then renamed, then learnt: those in `own` that the model has are
    refined, others are added. Only the last layer changes: see `inkgrad.tuning`.

    Parameters
    ----------
    model : Model, or path or name of one as `inkgrad.load` takes it
    own : path, optional
        A folder with a subfolder for each class, or a file or folder of strokes with a word for
        each drawing, such as the drawing page saves.
    out : path, optional
        The file to write; it may be the model's own. By default ``NAME-tuned.safetensors``: beside
        the model's file, or here for a packaged model; then no file is overwritten.
    remove : sequence of str
    rename : mapping, optional
        New names by old ones.
    data : path or address, optional
        Drawings of the old classes, to measure what they lose; by default what ``INKGRAD_DATA``
        names, if it has any. The model's own test part is found in it. Without any it is estimated.
    engine : str or Engine
    on_progress : callable, optional
        Told how reading, compiling and judging go on.

    Raises
    ------
    InkgradError
        If there is nothing to do, a class is unknown or exists already, fewer than two would be
        left, there are too few drawings, or the model cannot be tuned. Nothing is written then.

    Examples
    --------
    >>> import tempfile
    >>> out = Path(tempfile.mkdtemp()) / "pets.safetensors"
    >>> tuned = tune("animals", out=out, remove=["dolphin"], rename={"zebra": "horse"})
    >>> load(out).classes
    ('cat', 'dog', 'elephant', 'horse')
    """
    rename = dict(rename or {})
    if own is None and not remove and not rename:
        raise InkgradError("nothing to tune; give drawings (--own), --remove or --rename")
    path = _path_for(model, out)
    before = model if isinstance(model, Model) else load(model)
    head = head_of(before)
    gone = [_find(name, before.classes, "remove") for name in remove]
    stay = [name for k, name in enumerate(before.classes) if k not in gone]
    classes = _renamed(stay, rename)
    drawings = None if own is None else _read_own(own, before, on_progress)
    new = [] if drawings is None else [name for name in drawings.classes if name not in classes]
    if len(classes) + len(new) < 2:
        raise InkgradError(
            f"{len(classes) + len(new)} class would be left of {listed(before.classes)}; a model "
            "needs two or more"
        )
    if not classes:
        raise InkgradError("every class is removed; one at least must stay to learn others beside")
    head = remove_classes(head, gone)
    learnt: tuple[Learnt, ...] = ()
    old, confidence = None, _restored(before, classes) if gone else before.confidence
    if drawings is not None:
        features = variant_features(before, drawings, engine, on_progress)
        found = _old_drawings(before, data, on_progress)
        start = head
        changes, head = _learn(head, classes, features)
        learnt = tuple(_learnt(changes, features, classes))
        confidence = _accepting(confidence, head, features)
        old = _judge_old(before, found, start, head, gone, changes, engine, on_progress)
    classes = [*classes, *new]
    after = with_head(before, head, classes)
    step = {
        "inkgrad": __version__,
        "learnt": {one.name: one.drawings for one in learnt},
        "removed": list(remove),
        "renamed": rename,
        "threshold": None if before.confidence is None else before.confidence.threshold,
    }
    record = {**before.record, "tuned": [*_tuned_in(before), step]}
    after = replace(after, record=record, confidence=confidence)
    after.save(path)
    return Tuned(path, after, learnt, tuple(remove), rename, old)


def _path_for(model: Model | str | os.PathLike[str], out: str | os.PathLike[str] | None) -> Path:
    """Return where to write."""
    if out is not None:
        return Path(out)
    if isinstance(model, Model):
        raise InkgradError("no file to write is named; give out=")
    given = Path(model)
    path = given.with_name(f"{given.name.removesuffix('.safetensors')}-tuned.safetensors")
    if path.exists():
        raise InkgradError(f"{path} is there already; name the file to write with -o")
    return path


def _find(name: str, classes: Sequence[str], purpose: str) -> int:
    if name not in classes:
        raise InkgradError(f"there is no class {name!r} to {purpose}; there are {listed(classes)}")
    return list(classes).index(name)


def _renamed(classes: Sequence[str], rename: Mapping[str, str]) -> list[str]:
    """Return the classes by their new names."""
    result = list(classes)
    for old, new in rename.items():
        result[_find(old, classes, "rename")] = new
    for new in rename.values():
        if not new.strip():
            raise InkgradError("a class cannot be renamed to nothing; write --rename OLD=NEW")
        if result.count(new) > 1:
            raise InkgradError(
                f"there would be two classes {new!r}; choose another name, or remove one of them"
            )
    return result


def _read_own(
    own: str | os.PathLike[str], model: Model, on_progress: OnProgress | None
) -> Drawings:
    """Read one's own drawings, enough of each class."""
    place = own_place(own)
    loaded = load_drawings(
        place.classes(), data=own, raster=model.raster, strokes=True, on_progress=on_progress
    )
    for name, count in loaded.drawings.counts().items():
        if count < FEWEST:
            raise InkgradError(
                f"{place} has {count} drawing{'s' if count != 1 else ''} of {name!r}; give "
                f"{FEWEST} or more, better ten"
            )
    return loaded.drawings


def _learn(
    head: Head, classes: Sequence[str], features: Mapping[str, Array]
) -> tuple[list[Change], Head]:
    """Return the changes, first of classes that are there and then of new ones, and the layer."""
    known = {classes.index(name): rows for name, rows in features.items() if name in classes}
    new = [rows for name, rows in features.items() if name not in classes]
    changes = []
    if known:
        changes.append(refine_classes(head, known))
    if new:
        changes.append(add_classes(changes[-1].head if changes else head, new))
    return changes, changes[-1].head


def _learnt(
    changes: Sequence[Change], features: Mapping[str, Array], classes: Sequence[str]
) -> list[Learnt]:
    found = [mask for change in changes for mask in change.found]
    known = sorted((n for n in features if n in classes), key=list(classes).index)
    order = [*known, *(name for name in features if name not in classes)]
    return [
        Learnt(name, len(mask), float(mask.mean()), name not in classes)
        for name, mask in zip(order, found, strict=True)
    ]


def _accepting(
    confidence: Confidence | None, head: Head, features: Mapping[str, Array]
) -> Confidence | None:
    """Return a confidence that takes 95 in 100 drawings of every class learnt for known."""
    if confidence is None or confidence.threshold is None:
        return confidence
    for rows in features.values():
        familiar = np.sort(confidence.familiarity(head.logits(rows.reshape(-1, rows.shape[2]))))
        least = float(familiar[int(_KNOWN * len(familiar))])
        confidence = replace(confidence, threshold=min(confidence.threshold or 0.0, least))
    return confidence


def _restored(model: Model, classes: Sequence[str]) -> Confidence | None:
    """Return the confidence of before any class was learnt, if all such classes are removed."""
    confidence, learnt, first = model.confidence, set[str](), None
    if confidence is None:
        return None
    try:
        for step in _tuned_in(model):
            names = learnt - set(step["removed"])
            learnt = {step["renamed"].get(name, name) for name in names} | set(step["learnt"])
            first = first or (step if step["learnt"] else None)
        if first is None or learnt & set(classes):
            return confidence
        return replace(confidence, threshold=first["threshold"])
    except (KeyError, TypeError, AttributeError, ModelError):  # a file may hold anything there
        return confidence


def _old_drawings(
    model: Model, data: str | os.PathLike[str] | None, on_progress: OnProgress | None
) -> Found | None:
    """Return drawings of the old classes, if there are some at hand."""
    if find_data_location(data) is None:
        return None
    try:
        return find_drawings(model, data, limit=_JUDGED, on_progress=on_progress)
    except InkgradError:
        if data is not None:
            raise
        return None


def _judge_old(
    model: Model,
    found: Found | None,
    start: Head,
    head: Head,
    gone: Sequence[int],
    changes: Sequence[Change],
    engine: str | Engine,
    on_progress: OnProgress | None,
) -> Old | None:
    """Return what the classes that stay lost from one layer to the other."""
    rows, labels = start.remembered, start.labels
    if found is not None:
        labels = np.cumsum(~np.isin(np.arange(len(model.classes)), gone)) - 1  # of those that stay
        some = found.drawings.subset(~np.isin(found.drawings.labels, gone))
        if len(some):
            rows = features_of(model, some.bitmaps, engine, on_progress)
            right, now = (layer.read(rows) == labels[some.labels] for layer in (start, head))
            return Old(
                float(right.mean()), float(now.mean()), len(rows), found.part, found.loaded.source
            )
    before = float((start.read(rows) == start.labels).mean())
    lost = sum(change.lost for change in changes) / len(rows)
    return Old(before, before - lost, len(rows), "remembered", "the model file")


def _tuned_in(model: Model) -> list[Any]:
    """Return what a model's record says of earlier tuning; files may hold anything there."""
    tuned = model.record.get("tuned")
    return list(tuned) if isinstance(tuned, list) else []
