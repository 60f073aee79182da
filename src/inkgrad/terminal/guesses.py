"""Guesses as bars: a name, how sure, and a bar as long as that."""

from __future__ import annotations

from collections.abc import Sequence

from rich.progress_bar import ProgressBar
from rich.table import Table

from inkgrad.terminal.console import BLUE, DIM, RED, word

__all__ = ["bar", "guess_bars", "percent"]


def guess_bars(
    guesses: Sequence[tuple[str, float]],
    *,
    truth: str | None = None,
    width: int = 24,
    subdued: bool = False,
) -> Table:
    """Return a network's guesses, one a line: name, bar, probability.

    Parameters
    ----------
    guesses : sequence of (str, float)
        Classes and probabilities, the likeliest first.
    truth : str, optional
        The right answer: a first guess that differs is shown in red.
    width : int
        Of the bars, in columns.
    subdued : bool
        Whether none of them is thought to be right.

    Examples
    --------
    >>> from inkgrad.terminal import make_console
    >>> make_console().print(guess_bars([("cat", 0.75), ("dog", 0.2)], width=8))
    cat ━━━━━━    75.0 %
    dog ━╸        20.0 %
    """
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True, overflow="ellipsis")
    table.add_column(width=width + 1)
    table.add_column(justify="right", no_wrap=True)
    for place, (name, probability) in enumerate(guesses):
        is_wrong = truth is not None and place == 0 and name != truth
        color = RED if is_wrong else DIM if subdued else BLUE
        style = f"bold {color}" if is_wrong else ("bold" if place == 0 or name == truth else "")
        style = DIM if subdued else style
        table.add_row(word(name, style), bar(probability, width, color), percent(probability))
    return table


def bar(share: float, width: int, color: str = BLUE) -> ProgressBar:
    """Return a bar of which `share` is filled."""
    return ProgressBar(
        total=1.0,
        completed=min(max(share, 0.0), 1.0),
        width=width,
        style=DIM,
        complete_style=color,
        finished_style=color,
    )


def percent(share: float | None) -> str:
    """Return a share as text; None as a dash.

    Examples
    --------
    >>> percent(0.12345), percent(None)
    ('12.3 %', '–')
    """
    return "–" if share is None else f"{100 * share:.1f} %"
