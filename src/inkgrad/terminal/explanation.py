"""Explanations: the strokes that mattered most, as bars."""

from __future__ import annotations

from collections.abc import Mapping
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
    >>> show_explanation(make_console(), {"class": "cat", "guesses": [], "strokes": []})
    There are no strokes to take away: bitmaps and pictures are pixels alone.
    """
    console.print(
        guess_bars([(guess["class"], guess["probability"]) for guess in facts["guesses"]])
    )
    falls = [stroke["fall"] for stroke in facts["strokes"]]
    if not falls:
        console.print("There are no strokes to take away: bitmaps and pictures are pixels alone.")
        return
    ranked = sorted(range(len(falls)), key=lambda i: -abs(falls[i]))
    most = max(abs(falls[ranked[0]]), 1e-300)
    name = clean(facts["class"])
    console.print(Text(f"\nWithout it, the log-odds of {name} fall by"))
    table = Table.grid(padding=(0, 1))
    for i in ranked[:_MOST]:
        color = RED if falls[i] > 0 else BLUE
        table.add_row(
            clean(facts["strokes"][i]["name"]),
            bar(abs(falls[i]) / most, 24, color),
            f"{falls[i]:+.2f}",
        )
    console.print(table)
    if len(falls) > _MOST:
        console.print(Text(f"and {len(falls) - _MOST} others less", DIM))
