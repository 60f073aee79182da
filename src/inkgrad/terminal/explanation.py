"""Explanations: the strokes that mattered most, as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from inkgrad.terminal.console import BLUE, DIM, RED, clean
from inkgrad.terminal.guesses import bar, guess_bars

__all__ = ["show_explanation"]

_MOST = 8  # strokes


def show_explanation(console: Console, facts: Mapping[str, Any]) -> None:
    """Show a network's guesses, and by how much each stroke mattered for the class explained.

    Parameters
    ----------
    console : rich.console.Console
    facts : dict
        As `inkgrad.insight.attribution.Explanation.to_dict` gives it.

    Examples
    --------
    >>> from inkgrad.terminal import make_console
    >>> show_explanation(make_console(), {"guesses": [], "is_rejected": False, "strokes": []})
    There are no strokes to take away: bitmaps and pictures are pixels alone.
    """
    guesses = [(guess["class"], guess["probability"]) for guess in facts["guesses"]]
    console.print(guess_bars(guesses))
    if facts["is_rejected"]:
        console.print("The model takes it for none of its classes.")
    if not facts["strokes"]:
        console.print("There are no strokes to take away: bitmaps and pictures are pixels alone.")
        return
    console.print(Text(f"\nWithout it, the log-odds of {clean(facts['class'])} fall by"))
    console.print(_bars(facts["strokes"]))
    if len(facts["strokes"]) > _MOST:
        console.print(Text(f"and {len(facts['strokes']) - _MOST} others less", DIM))


def _bars(strokes: Sequence[Mapping[str, Any]]) -> Table:
    """Return the strokes that matter most, one a line: name, bar, fall."""
    ranked = sorted(strokes, key=lambda stroke: -abs(stroke["fall"]))
    most = max(abs(ranked[0]["fall"]), 1e-300)
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_column(justify="right", no_wrap=True)
    for stroke in ranked[:_MOST]:
        fall = stroke["fall"]
        color = RED if fall > 0 else BLUE
        table.add_row(clean(stroke["name"]), bar(abs(fall) / most, 24, color), f"{fall:+.2f}")
    return table
