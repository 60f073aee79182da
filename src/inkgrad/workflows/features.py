"""Features: what a network's last layer is given for drawings and for variants of them."""

from __future__ import annotations

import numpy as np

from inkgrad.drawing import to_input
from inkgrad.engines import Engine
from inkgrad.features import Features, examples_per_class, measure_features
from inkgrad.layers import Array
from inkgrad.model import Model
from inkgrad.network import Parameters
from inkgrad.quickdraw import Drawings, OnProgress, Varied
from inkgrad.workflows.judging import get_ready
from inkgrad.workflows.predict import MANY
from inkgrad.workflows.settings import Parts

__all__ = ["features_of", "remembered_features", "variant_features"]

_AT_ONCE = 512
_VARIANTS = 16  # of a drawing, itself among them
_ENOUGH = 800  # rows of a class: of many drawings fewer variants are made


def features_of(
    model: Model,
    bitmaps: Array,
    engine: str | Engine = "auto",
    on_progress: OnProgress | None = None,
) -> Array:
    """Return what the model's last layer is given for bitmaps: (n, F) float32.

    Parameters
    ----------
    model : Model
    bitmaps : (n, side, side) uint8 array
    engine : str or Engine
        ``"auto"``: the reference engine for few, which begins at once.
    on_progress : callable, optional
        Told ``("compile", …)`` and ``("judge", "", done, n)``.

    Examples
    --------
    >>> from inkgrad.model import load
    >>> features_of(load("animals"), np.zeros((2, 28, 28), np.uint8)).shape
    (2, 128)
    """
    model = model.folded()
    if engine == "auto" and len(bitmaps) < MANY:
        engine = "reference"
    ready = get_ready(engine, model.network, on_progress)
    rows = []
    for start in range(0, len(bitmaps), _AT_ONCE):
        x = to_input(bitmaps[start : start + _AT_ONCE])
        rows.append(ready.features(model.parameters, x))
        if on_progress is not None:
            on_progress("judge", "", start + len(x), len(bitmaps))
    return np.concatenate(rows)


def variant_features(
    model: Model,
    drawings: Drawings,
    engine: str | Engine = "auto",
    on_progress: OnProgress | None = None,
) -> dict[str, Array]:
    """Return the features of each class's drawings and of variants of them.

    Returns
    -------
    features : dict of (n, variants, F) float32 arrays
        By class. The first of the variants is the drawing itself; the others depend on nothing but
        the drawings.
    """
    result = {}
    for label, name in enumerate(drawings.classes):
        own = drawings.subset(drawings.labels == label)
        times = max(1, min(_VARIANTS - 1, _ENOUGH // len(own)))
        varied = Varied(own, times, raster=model.raster)
        x = varied.batch(np.arange(len(varied)))[0]  # (times · n, 1, side, side)
        made = np.rint(x[:, 0] * 255).astype(np.uint8)
        rows = features_of(model, np.concatenate([own.bitmaps, made]), engine, on_progress)
        result[name] = rows.reshape(times + 1, len(own), -1).swapaxes(0, 1)  # (n, variants, F)
    return result


def remembered_features(engine: Engine, parameters: Parameters, parts: Parts) -> Features | None:
    """Measure the features that a model file remembers, of the validation part's drawings first.

    What was not learnt from shows better how features of other drawings are spread. None if the
    network cannot be tuned: see `measure_features`.
    """
    classes = parts.train.classes
    inputs = engine.network.stages[-1].input_shape
    n = examples_per_class(len(classes), inputs[0])

    def of_class(label: int) -> Array:
        chosen, missing = [], n
        for part in (parts.validation, parts.train):
            rows = np.flatnonzero(part.labels == label)
            if missing and len(rows):
                spread = np.linspace(0, len(rows) - 1, min(missing, len(rows)))
                chosen.append(part.batch(rows[spread.round().astype(int)])[0])
                missing -= len(spread)
        return np.concatenate(chosen)

    return measure_features(engine, parameters, (of_class(k) for k in range(len(classes))))
