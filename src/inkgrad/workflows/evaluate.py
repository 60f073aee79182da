"""How well a model recognises drawings that it was not trained on."""

from __future__ import annotations

import os
from dataclasses import dataclass

from inkgrad.engines import Engine
from inkgrad.errors import InkgradError
from inkgrad.insight import Evaluation
from inkgrad.insight import evaluate as measure
from inkgrad.layers import Array
from inkgrad.model import Model, load
from inkgrad.quickdraw import Drawings, OnProgress, load_drawings
from inkgrad.workflows.settings import Settings

__all__ = ["PARTS", "Evaluated", "evaluate"]

PARTS = ("auto", "test", "all")


@dataclass(frozen=True)
class Evaluated:
    """What `evaluate` found.

    Attributes
    ----------
    evaluation : Evaluation
        The figures.
    part : "test" or "all"
        Which of the drawings were used.
    source : str
        Where the drawings came from, in one line.
    drawings : Drawings
        The drawings used, and
    probabilities : (n, classes) array
        what the model said of them.
    """

    evaluation: Evaluation
    part: str
    source: str
    drawings: Drawings
    probabilities: Array


def evaluate(
    model: Model | str | os.PathLike[str],
    data: str | os.PathLike[str] | None = None,
    *,
    part: str = "auto",
    limit: int | None = None,
    engine: str | Engine = "auto",
    offline: bool = False,
    on_progress: OnProgress | None = None,
) -> Evaluated:
    """Measure a model on drawings.

    Parameters
    ----------
    model : Model or path of a model file
    data : path or address, optional
        Where the drawings are; by default the places that training looks in.
    part : "auto", "test" or "all"
        ``"test"``: only the drawings that training set aside, by the split that the model file
        records; ``"all"``: every drawing; ``"auto"``: the test part if these are the drawings
        that the model was trained on (their fingerprint is in the model file), else all.
    limit : int, optional
        At most so many drawings a class; by default as in training.
    engine : str or Engine
    offline : bool
        Ask no server.
    on_progress : callable, optional
        Told how the drawings' loading goes on.

    Raises
    ------
    InkgradError
        If the model or the drawings cannot be used, or ``part="test"`` is asked of drawings that
        the model was not trained on.
    """
    if part not in PARTS:
        raise InkgradError(f"part is {part!r}; choose one of {', '.join(PARTS)}")
    model = (model if isinstance(model, Model) else load(model)).with_engine(engine)
    record = model.record.get("data", {})
    loaded = load_drawings(
        model.classes,
        data=data,
        limit=record.get("limit") if limit is None else limit,
        offline=offline,
        on_progress=on_progress,
    )
    drawings = loaded.drawings
    is_training_data = record.get("fingerprint") == drawings.fingerprint()
    if part == "test" and not is_training_data:
        raise InkgradError(
            f"{loaded.source} is not the data that the model was trained on, so its test part is "
            "not known; use part 'all', or name the training data"
        )
    if part != "all" and is_training_data:
        part = "test"
        drawings = Settings.from_dict(model.record["settings"]).split(drawings).test
    else:
        part = "all"
    probabilities = model.predict_proba(drawings.bitmaps)
    return Evaluated(
        measure(probabilities, drawings.labels, model.classes),
        part,
        loaded.source,
        drawings,
        probabilities,
    )
