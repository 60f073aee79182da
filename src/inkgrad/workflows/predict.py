"""What a model sees in drawings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inkgrad.engines import Engine
from inkgrad.errors import InkgradError
from inkgrad.insight import Reading, read_drawings
from inkgrad.model import Model, load
from inkgrad.quickdraw import read_bitmaps
from inkgrad.workflows.stdin import NAME, read_standard_input

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

    def to_dict(self) -> dict[str, Any]:
        """Return name and guesses as plain values, ready for JSON."""
        guesses = [{"class": name, "probability": share} for name, share in self.reading.guesses]
        return {"name": self.name, "guesses": guesses}


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
        any other file that `inkgrad.quickdraw.read_bitmaps` reads; ``"-"`` stands for standard
        input, see `inkgrad.workflows.stdin`.
    top : int
        How many guesses to give for each drawing.
    engine : str or Engine

    Returns
    -------
    predictions : list of Prediction
        One for each drawing, in order.

    Raises
    ------
    InkgradError
        If there are no paths, a file cannot be read as drawings, or `top` is less than 1.
    """
    if top < 1:
        raise InkgradError(f"top is {top}; ask for at least 1 guess")
    model = (model if isinstance(model, Model) else load(model)).with_engine(engine)
    if not paths:
        raise InkgradError("no drawings are given; name a file, or - for standard input")
    predictions = []
    for path in paths:
        source, bitmaps = (
            (NAME, read_standard_input()) if path == "-" else (path, read_bitmaps(path))
        )
        probabilities = model.predict_proba(bitmaps)
        readings = read_drawings(bitmaps, probabilities, model.classes, most=top)
        for number, reading in enumerate(readings, start=1):
            name = f"{source}" if len(readings) == 1 else f"{source}:{number}"
            predictions.append(Prediction(name, reading))
    return predictions
