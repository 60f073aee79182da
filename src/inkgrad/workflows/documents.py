"""Documents about a model: the report for those who train it, the card for those who use it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad.insight import (
    Evaluation,
    Reading,
    most_confident_mistakes,
    read_drawings,
    write_report,
)
from inkgrad.insight.calibration import measure_calibration
from inkgrad.insight.card import CARD_HTML, Known, Making, make_card, told, write_card
from inkgrad.insight.rejection import Rejection
from inkgrad.insight.robustness import Robustness
from inkgrad.layers import Array
from inkgrad.model import Model
from inkgrad.quickdraw import Drawings, Loaded, OnProgress
from inkgrad.text import listed
from inkgrad.workflows.machine import machine_line
from inkgrad.workflows.record import source_of
from inkgrad.workflows.robustness import robustness_of, with_strokes
from inkgrad.workflows.run import MODEL, REPORT

__all__ = ["Judgement", "readings", "write_documents", "write_model_card"]

_MISTAKES, _RECOGNISED = 40, 24  # pictures in the report
_LONG = 300.0  # seconds of training: to disturb
_FEW = 200  # drawings in every way takes about five percent of them


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a model said of drawings that are known.

    Attributes
    ----------
    loaded : Loaded
        The data that the drawings are a part of.
    drawings : Drawings
    evaluation : Evaluation
    probabilities : (n, classes) array
    part : "test" or "all"
    robustness : Robustness or None
        What disturbances cost, if that was measured.
    rejection : Rejection or None
        How well it notices what is none of its classes, if that was measured.
    """

    loaded: Loaded
    drawings: Drawings
    evaluation: Evaluation
    probabilities: Array
    part: str = "test"
    robustness: Robustness | None = None
    rejection: Rejection | None = None


def write_documents(
    folder: Path,
    model: Model,
    judged: Judgement,
    records: Sequence[Mapping[str, Any]],
    on_progress: OnProgress | None,
) -> Making:
    """Write the report and the card of a training, and return how it was made.

    Robustness is measured by few drawings, if that costs little beside the training.
    """
    _write_report(folder, model, judged, records)
    seconds = sum(record["seconds"] for record in records if record["event"] == "epoch")
    making = Making(float(seconds), machine_line())
    if making.seconds >= _LONG and len(with_strokes(judged.drawings)):
        robustness = robustness_of(
            model, judged.drawings, most=_FEW, photographs=0, on_progress=on_progress
        )
        judged = replace(judged, robustness=robustness)
    write_model_card(folder, model, judged, making, MODEL)
    return making


def write_model_card(
    folder: Path,
    model: Model,
    judged: Judgement,
    making: Making | None,
    model_file: str,
) -> list[Path]:
    """Write the card, ``card.md`` and ``card.html``; it links the report that lies beside it."""
    known = Known(
        model=model,
        evaluation=judged.evaluation,
        part=judged.part,
        source=source_of(judged.loaded),
        bitmaps=judged.drawings.bitmaps,
        labels=judged.drawings.labels,
        probabilities=judged.probabilities,
        attribution=judged.loaded.attribution,
        built_in=judged.loaded.built_in,
        robustness=judged.robustness,
        rejection=judged.rejection,
        robustness_command=_robustness_command(model_file, model.record),
        making=making,
    )
    report = REPORT if (folder / REPORT).is_file() else ""
    return list(write_card(folder, make_card(known, _title(model), report)).values())


def readings(drawings: Drawings, probabilities: Array, rows: Array) -> list[Reading]:
    """Return some drawings with what they are and what is read in them."""
    part = drawings.subset(rows)
    return read_drawings(part.bitmaps, probabilities[rows], part.classes, part.labels)


def _write_report(
    folder: Path, model: Model, judged: Judgement, history: Sequence[Mapping[str, Any]]
) -> None:
    """Write the report: curves, confusions, mistakes and what the model file records."""
    record, test, probabilities = model.record, judged.drawings, judged.probabilities
    wrong = most_confident_mistakes(probabilities, test.labels, _MISTAKES)
    right = np.flatnonzero(probabilities.argmax(axis=1) == test.labels)
    right = right[:: max(1, len(right) // _RECOGNISED)][:_RECOGNISED]  # from all classes
    write_report(
        folder / REPORT,
        title=_title(model),
        evaluation=judged.evaluation,
        history=[dict(line) for line in history],
        record={
            "drawings": record["data"]["source"],
            "licence of the drawings": record["data"]["attribution"] or None,
            **{f"to {what}": number for what, number in record["drawings"].items()},
            "command": record["command"],
            "recipe": record["settings"]["recipe"],
            "network": model.network.summary(),
        },
        mistakes=readings(test, probabilities, wrong),
        examples=readings(test, probabilities, right),
        card=CARD_HTML,
        calibration=measure_calibration(probabilities, test.labels),
    )


def _robustness_command(model_file: str, record: Mapping[str, Any]) -> str:
    """Return the command that measures robustness and writes the card again, beside this one.

    The data is called as in the command that trained the model: by name, not by its folder.
    """
    words = ["inkgrad", "evaluate", model_file, "--robustness", "--card", "."]
    try:
        trained = shlex.split(told.text(record, "command"))
    except ValueError:  # a quotation without end
        trained = []
    if "--data" in trained[:-1]:
        words += trained[(place := trained.index("--data")) : place + 2]
    return shlex.join(words)


def _title(model: Model) -> str:
    return told.text(model.record, "settings", "task") or listed(model.classes, 5)
