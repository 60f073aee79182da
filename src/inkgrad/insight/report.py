"""The report of a training run: one HTML file that needs nothing but a browser, and no network."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkgrad.insight.charts import Chart, learning_curve
from inkgrad.insight.evaluation import ClassScore, Evaluation
from inkgrad.insight.heatmap import heatmap
from inkgrad.insight.intervals import Interval
from inkgrad.insight.metrics import METRICS
from inkgrad.insight.readings import Reading
from inkgrad.storage import atomic_write_bytes
from inkgrad.version import __version__

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

    Raises
    ------
    OSError
        If the file cannot be written; an older one is then unchanged.

    Examples
    --------
    >>> import pathlib, tempfile
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
) -> str:
    """Return the page that `write_report` writes."""
    from importlib import resources

    import jinja2

    template = resources.files(__package__).joinpath("report.html.j2")
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["percent"] = _percent
    environment.filters["between"] = _between
    environment.filters["picture"] = _picture
    return environment.from_string(template.read_text(encoding="utf-8")).render(
        title=title,
        version=__version__,
        evaluation=evaluation,
        metrics=METRICS,
        right=round(evaluation.top1 * evaluation.n),
        charts=_charts(history),
        heatmap=heatmap(evaluation),
        confusions=evaluation.confusions(_CONFUSIONS),
        scores=sorted(evaluation.per_class, key=_quality),
        mistakes=mistakes,
        examples=examples,
        facts=[_fact(name, value) for name, value in record.items()],
    )


def _charts(history: Sequence[dict[str, Any]]) -> list[Chart]:
    curves = [learning_curve(history, quantity) for quantity in ("loss", "accuracy")]
    return [curve for curve in curves if curve is not None]


def _quality(score: ClassScore) -> tuple[bool, float]:
    """Sort by F1, the worst first; classes of which nothing is known last."""
    return score.f1 is None, score.f1 or 0.0


def _percent(share: float | None, decimals: int = 1) -> str:
    return "–" if share is None else f"{100 * share:.{decimals}f}\u202f%"


def _between(interval: Interval, is_share: bool = True) -> str:
    low, high = interval
    if is_share:
        return f"{100 * low:.1f}–{100 * high:.1f}\u202f%"
    return f"{low:.3f}–{high:.3f}"


def _picture(bitmap: NDArray[np.uint8]) -> str:
    """Return a drawing as the address of a PNG in itself: black ink on nothing.

    The paper is transparent, so that it takes the page's colour, light or dark.
    """
    from PIL import Image

    ink = np.asarray(bitmap, np.uint8)
    pixels = np.stack([np.zeros_like(ink), ink], axis=-1)  # (rows, columns, grey and opacity)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _fact(name: str, value: Any) -> dict[str, Any]:
    """Return one line of the facts table: its name, and its value in the shape to show it in."""
    name = str(name).replace("_", " ")
    if isinstance(value, Mapping):
        return {"name": name, "facts": [_fact(key, inner) for key, inner in value.items()]}
    if isinstance(value, (list, tuple)):
        return {"name": name, "text": ", ".join(_plain(item) for item in value) or "–"}
    if isinstance(value, str) and "\n" in value:
        return {"name": name, "lines": value}
    return {"name": name, "text": _plain(value)}


def _plain(value: Any) -> str:
    """Return a value as a reader likes it: 1,234 · 0.93 · yes · –."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value)
