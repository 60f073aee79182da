"""What `inkgrad tune` shows when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from inkgrad.terminal.console import DIM, word
from inkgrad.terminal.guesses import percent

__all__ = ["show_tuning"]

_HELD_OUT = (
    "recognised by what was learnt without them: each fifth of the drawings is held out once"
)


def show_tuning(console: Console, tuned: Mapping[str, Any]) -> None:
    """Show what became of the classes, what the old ones lost, and where the model is.

    Parameters
    ----------
    tuned : dict
        As `inkgrad.workflows.Tuned.to_dict` gives it.
    """
    for old, new in tuned["renamed"].items():
        console.print(Text.assemble(word(old), " is now ", word(new)))
    if tuned["removed"]:
        console.print(Text("removed ").append_text(word(", ".join(tuned["removed"]))))
    if tuned["learnt"]:
        console.print(_learnt(tuned["learnt"]))
        console.print(Text(_HELD_OUT, DIM))
        console.print()
    if tuned["old"] is not None:
        console.print(_kept(tuned["old"]), soft_wrap=True)
    console.print(
        Text.assemble("model   ", word(tuned["model"]), f", {len(tuned['classes'])} classes"),
        soft_wrap=True,
    )


def _learnt(learnt: list[dict[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("class")
    table.add_column("")
    table.add_column("drawings", justify="right")
    table.add_column("recognised", justify="right")
    for one in learnt:
        how = "new" if one["is_new"] else "refined"
        table.add_row(word(one["name"]), how, f"{one['drawings']:,}", percent(one["recall"]))
    return table


def _kept(old: Mapping[str, Any]) -> Text:
    """Return what the old classes lost, and how that is known."""
    figures = f"the other classes: {percent(old['before'])} before, {percent(old['after'])} after"
    n = f"{old['n']:,}"
    if old["kind"] == "remembered":
        return Text(f"{figures}, estimated by {n} drawings that the model remembers")
    held = "held out from training" if old["kind"] == "test" else "at hand"
    return Text.assemble(f"{figures}, on {n} drawings {held}, from ", word(old["source"]))
