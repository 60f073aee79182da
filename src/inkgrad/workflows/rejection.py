"""Measuring rejection: a model's own drawings against those of classes that it does not know."""

from __future__ import annotations

import os

import numpy as np

from inkgrad.drawing import to_input
from inkgrad.engines import Engine, ready_engine
from inkgrad.insight.rejection import (
    Rejection,
    feature_scores,
    logit_scores,
    measure_rejection,
)
from inkgrad.layers import Array
from inkgrad.model import Model
from inkgrad.quickdraw import Drawings, OnProgress, load_drawings
from inkgrad.quickdraw.nothings import nothing_bitmaps, nothings_beside
from inkgrad.quickdraw.outliers import local_classes, other_classes, unknown_classes
from inkgrad.workflows.judging import judge_logits
from inkgrad.workflows.outliers import others_of
from inkgrad.workflows.record import origin_of

__all__ = ["rejection_of"]

_NOTHINGS = 200  # of each kind
_SEED = 2_000_003  # of theirs: far from those that anything was learnt from
_PER_CLASS = 500  # unknown drawings
_LEARNT = 5_000  # drawings that features are fitted on
_AT_ONCE = 512


def rejection_of(
    model: Model,
    drawings: Drawings,
    *,
    data: str | os.PathLike[str] | None = None,
    learnt: Drawings | None = None,
    on_progress: OnProgress | None = None,
) -> Rejection:
    """Measure how well a model rejects what is none of its classes.

    The unknown classes are those that the data's ``unknown.txt`` names and the model does not
    know; without such a file, the data's other classes, of which a model that was trained on
    outliers is shown the drawings that were held out. Where the data has no other classes, as for a
    model of all of them, it is evaluated on nothings alone.

    Parameters
    ----------
    model : Model
        With an engine that is ready.
    drawings : Drawings
        Of its classes, which it was not trained on.
    data : path or address, optional
        Where the other classes are.
    learnt : Drawings, optional
        What it was trained on, for distances of features.
    on_progress : callable, optional
    """
    unknown = _unknown(model, data, on_progress)
    logits = judge_logits(model, drawings.bitmaps, on_progress)
    found = model.recognised(logits)
    known_scores = {"its own": found.familiarity, **logit_scores(logits)}
    unknown_scores: dict[str, Array] = {}
    rejected = {"known": found.rejected}
    if unknown is not None:
        others = judge_logits(model, unknown.bitmaps, on_progress)
        foreign = model.recognised(others)
        unknown_scores = {"its own": foreign.familiarity, **logit_scores(others)}
        rejected["unknown"] = foreign.rejected
        if learnt is not None and len(learnt):
            near = _feature_scores(model, learnt, drawings.bitmaps, unknown.bitmaps)
            known_scores["features"], unknown_scores["features"] = near
    for kind in nothings_beside(model.classes):
        made = nothing_bitmaps(kind, _NOTHINGS, _SEED, model.raster)
        rejected[kind] = model.recognise(made).rejected
    return measure_rejection(
        known=known_scores,
        unknown=unknown_scores,
        unknown_classes=0 if unknown is None else len(np.unique(unknown.labels)),
        rejected=rejected,
        right=found.probabilities.argmax(axis=1) == drawings.labels,
    )


def _unknown(
    model: Model, data: str | os.PathLike[str] | None, on_progress: OnProgress | None
) -> Drawings | None:
    """Return drawings of classes that the model does not know and has not learnt from, if any."""
    known = {name.casefold() for name in model.classes}
    there = set(local_classes(data))
    names = [n for n in unknown_classes(data) if n in there and n.casefold() not in known]
    if names:
        return load_drawings(
            names, data=data, limit=_PER_CLASS, raster=model.raster, on_progress=on_progress
        ).drawings
    origin = origin_of(model)
    if origin is not None and origin.settings.outliers > 0:
        parts = others_of(origin.settings, data, model.raster, on_progress)
        if parts is not None and len(parts.test):
            return parts.test
    others = other_classes(model.classes, data)
    if not others:
        return None
    limit = max(10, 60_000 // len(others))
    return load_drawings(
        others, data=data, limit=limit, raster=model.raster, on_progress=on_progress
    ).drawings


def _feature_scores(
    model: Model, learnt: Drawings, known: Array, unknown: Array
) -> tuple[Array, Array]:
    """Return how near known and unknown drawings are to the classes, by features."""
    engine = ready_engine(model.engine, model.network)
    rows = np.unique(np.linspace(0, len(learnt) - 1, min(_LEARNT, len(learnt))).astype(np.int64))
    some = learnt.subset(rows)
    bitmaps = (some.bitmaps, known, unknown)
    fitted, near, far = (_features(engine, model, each) for each in bitmaps)
    scores = feature_scores(fitted, some.labels, near, far)
    return scores[0], scores[1]


def _features(engine: Engine, model: Model, bitmaps: Array) -> Array:
    """Return what the last layer is given for each bitmap, (n, F)."""
    parts = [
        engine.features(model.parameters, to_input(bitmaps[start : start + _AT_ONCE]))
        for start in range(0, len(bitmaps), _AT_ONCE)
    ]
    return np.concatenate([part.reshape(len(part), -1) for part in parts])
