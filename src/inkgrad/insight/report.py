"""The report of a training run, for those who train: how it went, and what it gets wrong.

One HTML file that needs nothing but a browser, and no network. What those must know who are given
the model stands on its card (`inkgrad.insight.card`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from inkgrad.insight.calibration import Calibration, reliability_diagram
from inkgrad.insight.charts import Chart, learning_curve
from inkgrad.insight.evaluation import ClassScore, Evaluation
from inkgrad.insight.heatmap import heatmap
from inkgrad.insight.metrics import METRICS
from inkgrad.insight.pages import fact, render
from inkgrad.insight.readings import Reading
from inkgrad.storage import atomic_write_bytes

__all__ = ["render_report", "write_report"]

_CONFUSIONS = 12  # rows in the list of confusions


def write_report(
    path: str | os.PathLike[str],
    *,
    title: str,
    evaluation: Evaluation,
    history: Sequence[dict[str, Any]] = (),
    record: Mapping[str, Any] | None = None,
    mistakes: Sequence[Reading] = (),
    examples: Sequence[Reading] = (),
    card: str | None = None,
    calibration: Calibration | None = None,
) -> None:
    """Write the report of a training run, in one step.

    The file holds its own styles and pictures, runs no script and refers to no address. The same
    arguments give the same bytes.

    Parameters
    ----------
    path : path
        Where the HTML file shall stand.
    title : str
        What was learnt.
    evaluation : Evaluation
        Of the drawings held out.
    history : list of dict
        The lines of ``metrics.jsonl``; see `inkgrad.insight.charts.learning_curve`.
    record : dict
        The facts of the run, in the order in which they are shown: plain values, texts of several
        lines (shown as they are), lists and dicts of such.
    mistakes : list of Reading
        Misread drawings, those the network was surest of first: see
        `inkgrad.insight.most_confident_mistakes` and `inkgrad.insight.read_drawings`.
    examples : list of Reading
        Drawings that were recognised.
    card : str, optional
        The file name of the model card beside it, to which it links.
    calibration : Calibration, optional
        Of the same drawings, for the reliability diagram.

    Raises
    ------
    OSError
        If the file cannot be written; an older one is then unchanged.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from inkgrad.insight.evaluation import evaluate
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "report.html"
    >>> result = evaluate(np.array([[0.9, 0.1], [0.2, 0.8]]), [0, 1], ["cat", "dog"])
    >>> write_report(path, title="Cats and dogs", evaluation=result)
    >>> "Of 2 drawings" in path.read_text(encoding="utf-8")
    True
    """
    page = render_report(
        title=title,
        evaluation=evaluation,
        history=history,
        record=record or {},
        mistakes=mistakes,
        examples=examples,
        card=card,
        calibration=calibration,
    )
    atomic_write_bytes(path, page.encode("utf-8", "replace"))


def render_report(
    *,
    title: str,
    evaluation: Evaluation,
    history: Sequence[dict[str, Any]],
    record: Mapping[str, Any],
    mistakes: Sequence[Reading],
    examples: Sequence[Reading],
    card: str | None = None,
    calibration: Calibration | None = None,
) -> str:
    """Return the page that `write_report` writes."""
    return render(
        "report.html.j2",
        kind="report",
        title=title,
        card=card,
        evaluation=evaluation,
        metrics=METRICS,
        right=round(evaluation.top1 * evaluation.n),
        charts=_charts(history),
        heatmap=heatmap(evaluation),
        calibration=calibration,
        reliability=None if calibration is None else reliability_diagram(calibration),
        confusions=evaluation.confusions(_CONFUSIONS),
        scores=sorted(evaluation.per_class, key=_quality),
        mistakes=mistakes,
        examples=examples,
        facts=[fact(name, value) for name, value in record.items()],
    )


def _charts(history: Sequence[dict[str, Any]]) -> list[Chart]:
    curves = [learning_curve(history, quantity) for quantity in ("loss", "accuracy")]
    return [curve for curve in curves if curve is not None]


def _quality(score: ClassScore) -> tuple[bool, float]:
    """Sort by F1, the worst first; classes of which nothing is known last."""
    return score.f1 is None, score.f1 or 0.0
