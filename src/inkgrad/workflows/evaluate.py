"""How well a model recognises drawings that it was not trained on."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inkgrad.engines import Engine
from inkgrad.errors import InkgradError
from inkgrad.insight import Evaluation
from inkgrad.insight import evaluate as measure
from inkgrad.insight.calibration import Calibration, measure_calibration
from inkgrad.insight.rejection import Rejection
from inkgrad.insight.robustness import Robustness
from inkgrad.layers import Array
from inkgrad.model import Model, load
from inkgrad.quickdraw import Drawings, Loaded, OnProgress
from inkgrad.workflows.documents import Judgement, write_model_card
from inkgrad.workflows.held_out import find_drawings
from inkgrad.workflows.judging import get_ready, judge
from inkgrad.workflows.record import origin_of
from inkgrad.workflows.rejection import rejection_of
from inkgrad.workflows.robustness import DRAWINGS, refuse_without_strokes, robustness_of
from inkgrad.workflows.run import read_making

__all__ = ["Evaluated", "evaluate"]


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
    missing : tuple of str
        The model's classes of which there are no drawings; they count for nothing.
    model : Model
    loaded : Loaded
        The data that the drawings are a part of.
    drawings : Drawings
        The drawings used, and
    probabilities : (n, classes) array
        what the model said of them.
    robustness : Robustness or None
        What disturbances cost, if that was asked for.
    calibration : Calibration or None
        Whether the model is right as often as it says.
    rejection : Rejection or None
        How well it rejects what is none of its classes, if that was measured.
    """

    evaluation: Evaluation
    part: str
    source: str
    missing: tuple[str, ...]
    model: Model
    loaded: Loaded
    drawings: Drawings
    probabilities: Array
    robustness: Robustness | None = None
    calibration: Calibration | None = None
    rejection: Rejection | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return figures, part, source and missing classes as plain values, ready for JSON.

        With ``"calibration"``, ``"robustness"`` and ``"rejection"``, if they were measured.
        """
        plain = {
            **self.evaluation.to_dict(),
            "part": self.part,
            "source": self.source,
            "missing": list(self.missing),
        }
        for name in ("calibration", "robustness", "rejection"):
            measured = getattr(self, name)
            if measured is not None:
                plain[name] = measured.to_dict()
        return plain

    def write_card(self, folder: str | os.PathLike[str], model_file: str = "MODEL") -> list[Path]:
        """Write the model card, ``card.md`` and ``card.html``, into a folder; return their paths.

        Time and machine of the training are on it if the folder is that of the training's run.

        Parameters
        ----------
        folder : path
            Made if it is missing.
        model_file : str
            How the card's command calls the model.

        Raises
        ------
        OSError
            If the files cannot be written.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        origin = origin_of(self.model)
        making = None if origin is None else read_making(folder, origin.settings)
        judged = Judgement(
            self.loaded,
            self.drawings,
            self.evaluation,
            self.probabilities,
            self.part,
            self.robustness,
            self.rejection,
        )
        return write_model_card(folder, self.model, judged, making, model_file)


def evaluate(
    model: Model | str | os.PathLike[str],
    data: str | os.PathLike[str] | None = None,
    *,
    own: str | os.PathLike[str] | None = None,
    part: str = "auto",
    limit: int | None = None,
    engine: str | Engine = "auto",
    precision: str = "float32",
    offline: bool = False,
    robustness: bool = False,
    sample: int = DRAWINGS,
    reject: bool | None = None,
    on_progress: OnProgress | None = None,
) -> Evaluated:
    """Measure a model on drawings.

    Parameters
    ----------
    model : Model, or path or name of one as `inkgrad.load` takes it
    data : path or address, optional
        Where the drawings are; by default the places that training looks in. A folder need not
        have drawings of every class of the model. Strokes are drawn with the model's settings;
        Google's bitmaps are used only if these are Google's.
    own : path, optional
        Drawings of one's own, besides: those that the model was trained on, too.
    part : "auto", "test" or "all"
        ``"test"``: only the drawings that training set aside, by the split that the model file
        records; ``"all"``: every drawing; ``"auto"``: the test part if these are the drawings
        that the model was trained on (their fingerprint is in the model file), else all.
    limit : int, optional
        At most so many drawings a class. Of the training's own drawings the test part is taken
        first, so that none that was learnt from comes in.
    engine : str or Engine
    precision : str
        In what the model computes: see `inkgrad.Model`.
    offline : bool
        Ask no server.
    robustness : bool
        Measure what disturbances cost, too: see `inkgrad.insight.robustness`.
    sample : int
        For `robustness`: most drawings for each disturbance, and 40 times fewer photographs
        for each scene.
    reject : bool, optional
        Measure how well the model rejects what is none of its classes, too: see
        `inkgrad.workflows.rejection.rejection_of`. By default, if it was trained to.
    on_progress : callable, optional
        Told how loading, compiling and judging go on.

    Returns
    -------
    evaluated : Evaluated

    Raises
    ------
    InkgradError
        If the model or the drawings cannot be used, or ``part="test"`` is asked of drawings that
        the model was not trained on.
    """
    if sample < 1:
        raise InkgradError(f"sample is {sample}; give 1 or more drawings")
    model = (model if isinstance(model, Model) else load(model)).with_engine(engine, precision)
    part, loaded, missing, drawings, learnt = find_drawings(
        model,
        data,
        own=own,
        part=part,
        limit=limit,
        offline=offline,
        strokes=robustness,
        on_progress=on_progress,
    )
    if robustness:
        refuse_without_strokes(drawings, loaded.source)
    model = model.with_engine(get_ready(engine, model.network, on_progress, precision))
    probabilities = judge(model, drawings.bitmaps, on_progress)
    evaluation = measure(probabilities, drawings.labels, model.classes)
    found = Evaluated(
        evaluation,
        part,
        loaded.source,
        missing,
        model,
        loaded,
        drawings,
        probabilities,
        calibration=measure_calibration(probabilities, drawings.labels),
    )
    if robustness:
        disturbed = robustness_of(
            model, drawings, most=sample, source=loaded.source, on_progress=on_progress
        )
        found = replace(found, robustness=disturbed)
    if reject or (reject is None and model.rejects):
        rejection = rejection_of(model, drawings, data=data, learnt=learnt, on_progress=on_progress)
        found = replace(found, rejection=rejection)
    return found
