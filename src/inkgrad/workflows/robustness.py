"""A model's robustness on those drawings of a data set that are known as strokes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inkgrad.errors import InkgradError
from inkgrad.insight.robustness import Robustness, measure_robustness
from inkgrad.model import Model
from inkgrad.quickdraw import Drawings, OnProgress

__all__ = ["DRAWINGS", "refuse_without_strokes", "robustness_of", "with_strokes"]

DRAWINGS = 1000
"""Drawings in each row of the table, if nobody says otherwise."""

_PHOTOGRAPHS = 40  # a picture is made and read in the time of a hundred drawings


def with_strokes(drawings: Drawings) -> npt.NDArray[np.int64]:
    """Return the rows of the drawings that are known as strokes."""
    if drawings.strokes is None:
        return np.zeros(0, np.int64)
    return np.flatnonzero(drawings.strokes.known)


def refuse_without_strokes(drawings: Drawings, source: str) -> None:
    """Refuse drawings among which there are no strokes: bitmaps cannot be disturbed in this way."""
    if len(with_strokes(drawings)) == 0:
        raise InkgradError(
            f"robustness is measured on strokes, and there are none among {len(drawings):,} "
            f"drawings of {source}; name data with strokes (.ndjson, .json, .svg), or leave out "
            "--robustness"
        )


def robustness_of(
    model: Model,
    drawings: Drawings,
    *,
    most: int = DRAWINGS,
    photographs: int | None = None,
    source: str = "the data",
    on_progress: OnProgress | None = None,
) -> Robustness:
    """Measure what disturbances cost a model, on those drawings that are known as strokes.

    Parameters
    ----------
    model : Model
    drawings : Drawings
        Loaded with their strokes; the model was not trained on any of them.
    most : int
        Drawings in each row of the table, at most.
    photographs : int, optional
        In each row of photographs; by default a fortieth of `most`.
    source : str
        How an error calls the drawings.

    Raises
    ------
    InkgradError
        If none of the drawings is known as strokes.
    """
    refuse_without_strokes(drawings, source)
    rows = with_strokes(drawings)
    strokes = [drawings.strokes_of(row) for row in rows.tolist()]
    return measure_robustness(
        model,
        [drawing for drawing in strokes if drawing is not None],
        drawings.labels[rows],
        drawings=most,
        photographs=-(-most // _PHOTOGRAPHS) if photographs is None else photographs,
        on_progress=on_progress,
    )
