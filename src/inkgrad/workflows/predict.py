"""What a model sees in drawings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from inkgrad.engines import Engine
from inkgrad.errors import InkgradError
from inkgrad.insight import Reading, read_drawings
from inkgrad.model import Model, load
from inkgrad.quickdraw import read_bitmaps

__all__ = ["Prediction", "predict"]


@dataclass(frozen=True)
class Prediction:
    """What a model says of one drawing.

    Attributes
    ----------
    name : str
        The file that the drawing came from, with its number if the file holds several.
    reading : Reading
        The drawing as the network saw it, and its guesses, best first.
    """

    name: str
    reading: Reading


def predict(
    model: Model | str | os.PathLike[str],
    paths: Sequence[str | os.PathLike[str]],
    *,
    top: int = 3,
    engine: str | Engine = "auto",
) -> list[Prediction]:
    """Recognise the drawings in files.

    Parameters
    ----------
    model : Model or path of a model file
    paths : list of paths
        Pictures (PNG and the like), SVG, bitmaps (``.npy``), strokes (``.json``, ``.ndjson``) or
        any other file that `inkgrad.quickdraw.read_bitmaps` reads.
    top : int
        How many guesses to give for each drawing.
    engine : str or Engine

    Raises
    ------
    InkgradError
        If a file cannot be read as drawings, or `top` is less than 1.
    """
    if top < 1:
        raise InkgradError(f"top is {top}; ask for at least 1 guess")
    model = (model if isinstance(model, Model) else load(model)).with_engine(engine)
    predictions = []
    for path in paths:
        bitmaps = read_bitmaps(path)
        probabilities = model.predict_proba(bitmaps)
        readings = read_drawings(bitmaps, probabilities, model.classes, most=top)
        for number, reading in enumerate(readings, start=1):
            name = f"{path}" if len(readings) == 1 else f"{path}:{number}"
            predictions.append(Prediction(name, reading))
    return predictions
