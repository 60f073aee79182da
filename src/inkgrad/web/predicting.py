"""A drawing that was sent → guesses, and how long that took."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from inkgrad.drawing import bitmap_from_image
from inkgrad.errors import DataError
from inkgrad.insight import read_drawings
from inkgrad.web.asking import PNG, Question, check_picture, read_question
from inkgrad.web.refusals import Refused
from inkgrad.web.served import Served

__all__ = ["SURE", "predict", "warm_up"]

SURE = 0.5
"""How probable the best guess must be for the network to count as sure; the page says the same."""


def predict(models: Mapping[str, Served], kind: str, body: bytes) -> dict[str, Any]:
    """Say what a drawing shows. It is drawn and recognised as `inkgrad predict` does it.

    Parameters
    ----------
    models : mapping of names to models, the one to ask by default first
    kind : str
        The body's content type.
    body : bytes

    Returns
    -------
    answer : dict
        ``guesses`` (each ``class`` and ``probability``, the likeliest first), ``sure``,
        ``familiarity``, ``rejected``, ``milliseconds``.

    Raises
    ------
    Refused
        If the body cannot be understood, or is no drawing.
    """
    start = time.perf_counter()
    question = Question(body) if kind == PNG else read_question(body)
    name = next(iter(models)) if question.model is None else question.model
    if name not in models:
        raise Refused(422, f"there is no model of that name; ask one of {', '.join(models)}")
    model = models[name].model
    try:
        if kind == PNG:
            check_picture(body)
            picture = bitmap_from_image(body, **model.raster.to_dict())
            bitmaps = picture[None]  # (1, side, side)
        else:
            bitmaps = model.bitmaps([question.strokes])
    except DataError as error:
        raise Refused(422, str(error)) from None
    found = model.recognise(bitmaps)
    rejected = model.rejects and bool(found.rejected[0])
    (reading,) = read_drawings(bitmaps, found.probabilities, model.classes, most=question.top)
    return {
        "guesses": [
            {"class": name, "probability": probability} for name, probability in reading.guesses
        ],
        "sure": reading.probability >= SURE and not rejected,
        "familiarity": float(found.familiarity[0]),
        "rejected": rejected,
        "milliseconds": round(1000 * (time.perf_counter() - start), 3),
    }


def warm_up(models: Mapping[str, Served]) -> None:
    """Have every model recognise something, so that the first who asks need not wait."""
    for served in models.values():
        served.model.recognise([[[[0.5, 99.5], [0.5, 70.5]]]])
