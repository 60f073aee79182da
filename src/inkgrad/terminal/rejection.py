"""Confidence in a terminal: calibration in a line, rejection as a table and a few lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table

from inkgrad.terminal.console import word
from inkgrad.terminal.guesses import percent

__all__ = ["calibration_line", "rejection_lines", "separation_table"]


def separation_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return how well scores tell known drawings from unknown ones, one a line.

    Parameters
    ----------
    rows : sequence of dict
        `inkgrad.insight.rejection.Separation` as plain values.

    Examples
    --------
    >>> from inkgrad.terminal import make_console
    >>> make_console().print(separation_table(
    ...     [{"score": "energy", "auroc": 0.9344, "accepted": 0.271}]))
    score     AUROC   unknown accepted at 95 % known
    ────────────────────────────────────────────────
    energy   93.4 %                           27.1 %
    """
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("score", no_wrap=True)
    for name in ("AUROC", "unknown accepted at 95 % known"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(word(row["score"]), percent(row["auroc"]), percent(row["accepted"]))
    return table


def calibration_line(found: Mapping[str, Any]) -> str:
    """Return the calibration error in words, beside what chance alone would show.

    Examples
    --------
    >>> calibration_line({"error": 0.0123, "perfect": 0.0101})
    'calibration error 1.2 % (a perfectly calibrated model, with as many drawings: 1.0 %)'
    """
    perfect = f"a perfectly calibrated model, with as many drawings: {percent(found['perfect'])}"
    return f"calibration error {percent(found['error'])} ({perfect})"


def rejection_lines(found: Mapping[str, Any]) -> list[str]:
    """Return what a model rejects by its threshold, and what that costs, in a few lines."""
    unknown = {"of unknown classes": found["unknown_rejected"]} if found["unknown"] else {}
    shares = {**unknown, **found["nothings"]}
    told = ", ".join(f"{name} {percent(share)}" for name, share in shares.items())
    right = [percent(found[f"accuracy{which}"]) for which in ("", "_rejecting", "_of_accepted")]
    return [
        f"none of these by its threshold: {told}",
        f"of {found['known']:,} known drawings {percent(found['known_accepted'])} are accepted",
        f"right: {right[0]}; {right[1]} if what is rejected counts as wrong; "
        f"{right[2]} of what is accepted",
    ]
