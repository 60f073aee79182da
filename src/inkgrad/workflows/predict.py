"""What a model sees in drawings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad.engines import Engine
from inkgrad.errors import InkgradError
from inkgrad.insight import Reading, read_drawings
from inkgrad.model import Model, load
from inkgrad.quickdraw import OnProgress, read_bitmaps
from inkgrad.quickdraw.data_locations import find_groups
from inkgrad.workflows.judging import get_ready, judge_logits
from inkgrad.workflows.stdin import NAME, read_standard_input

__all__ = ["MANY", "Prediction", "predict"]

MANY = 3000
"""From so many drawings on, a fast engine pays.

Importing Numba and loading what it has compiled takes about a second; in that time the reference
engine has recognised so many."""


@dataclass(frozen=True)
class Prediction:
    """What a model says of one drawing.

    Attributes
    ----------
    name : str
        The file that the drawing came from, with its number if the file holds several.
    reading : Reading
        The drawing as the network saw it, and its guesses, best first.
    familiarity : float
        How much it is like those that the model knows, 0 to 1.
    rejected : bool
        Whether it is none of the classes.
    """

    name: str
    reading: Reading
    familiarity: float = 1.0
    rejected: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return name, guesses, familiarity and rejection as plain values, ready for JSON."""
        guesses = [{"class": name, "probability": share} for name, share in self.reading.guesses]
        return {
            "name": self.name,
            "guesses": guesses,
            "familiarity": self.familiarity,
            "rejected": self.rejected,
        }


def predict(
    model: Model | str | os.PathLike[str],
    paths: Sequence[str | os.PathLike[str]],
    *,
    top: int = 3,
    reject: bool | None = None,
    engine: str | Engine = "auto",
    precision: str = "float32",
    on_progress: OnProgress | None = None,
) -> list[Prediction]:
    """Recognise the drawings in files.

    Parameters
    ----------
    model : Model, or path or name of one as `inkgrad.load` takes it
    paths : list of paths
        Pictures (PNG and the like), SVG, bitmaps (``.npy``), strokes (``.json``, ``.ndjson``) or
        any other file that `inkgrad.quickdraw.read_bitmaps` reads; folders, of whose files all
        are read (`inkgrad.quickdraw.data_locations.find_groups`); ``"-"`` stands for standard
        input, see `inkgrad.workflows.stdin`. Strokes and pictures are drawn with the model's
        settings; bitmaps must have its side.
    top : int
        How many guesses to give for each drawing.
    reject : bool, optional
        Whether to say what is none of the classes; by default, if the model was trained to.
    engine : str or Engine
        ``"auto"`` begins with the reference engine. For many drawings it changes to a faster one as
        soon as the kernels are ready (see `inkgrad.engines.make_predictor`).
    precision : str
        In what the model computes: see `inkgrad.Model`.
    on_progress : callable, optional
        Told how reading, compiling and judging go on.

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
    model = (model if isinstance(model, Model) else load(model)).with_engine(engine, precision)
    if not paths:
        raise InkgradError("no drawings are given; name a file, or - for standard input")
    names: list[str] = []
    parts = []
    files = [file for path in paths for file in _files_of(path)]
    for number, path in enumerate(files):
        if on_progress is not None:
            on_progress("read", "", number, len(files))
        source, bitmaps = (
            (NAME, read_standard_input(raster=model.raster))
            if path == "-"
            else (path, read_bitmaps(path, raster=model.raster))
        )
        alone = len(bitmaps) == 1
        names += [f"{source}" if alone else f"{source}:{n + 1}" for n in range(len(bitmaps))]
        parts.append(bitmaps)
    if on_progress is not None:
        on_progress("read", "", len(files), len(files))
    bitmaps = np.concatenate(parts)
    if engine == "auto" and len(bitmaps) < MANY:
        engine = "reference"
    if engine != "auto":  # which begins at once, and changes to a faster one when that is ready
        model = model.with_engine(get_ready(engine, model.network, on_progress, precision))
    found = model.recognised(judge_logits(model, bitmaps, on_progress))
    rejected = found.rejected & (model.rejects if reject is None else reject)
    readings = read_drawings(bitmaps, found.probabilities, model.classes, most=top)
    told = zip(names, readings, found.familiarity.tolist(), rejected.tolist(), strict=True)
    return [Prediction(*each) for each in told]


def _files_of(path: str | os.PathLike[str]) -> list[str | os.PathLike[str]]:
    """Return the files of a folder; a file, or ``"-"``, as it is."""
    if path == "-" or not Path(path).is_dir():
        return [path]
    return [file for group in find_groups(path) for file in group.files]
