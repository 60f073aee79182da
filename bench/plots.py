"""Plots: horizontal bars, the best at the top, ours highlighted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.rivals import installed
from bench.throughput import is_ours

__all__ = ["Bar", "Panel", "save_plot"]

_OURS, _OTHERS, _INK, _FAINT = "#e4572e", "#b9c0c8", "#24292f", "#6a737d"
_BAR, _HEAD, _FOOT = 0.36, 0.95, 0.35  # inches: a bar with its gap, above and below all bars
_CHARACTER = 0.0132
_TITLE = 0.62  # inches for a panel's title and axis


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes
    ----------
    name : str
    value : float
    note : str
        Written at its end.
    spread : (float, float), optional
        The smallest and the largest value that were measured.
    highlighted : bool, optional
        By default whether the name is one of ours.
    """

    name: str
    value: float
    note: str
    spread: tuple[float, float] | None = None
    highlighted: bool | None = None


@dataclass(frozen=True)
class Panel:
    """Bars that are compared with one another.

    Attributes
    ----------
    title : str
    bars : sequence of Bar
    line_at : float, optional
        Where to draw a line across.
    lower_is_better : bool
    climbs : bool
        Whether bars keep their order, the first at the bottom, on a logarithmic scale.
    """

    title: str
    bars: Sequence[Bar]
    line_at: float | None = None
    lower_is_better: bool = False
    climbs: bool = False


def save_plot(path: Path, title: str, subtitle: str, panels: Sequence[Panel]) -> bool:
    """Draw the panels one below the other into a PNG; without matplotlib, only say so."""
    if not installed("matplotlib", "a plot"):
        return False
    from matplotlib.figure import Figure

    bars = [len(panel.bars) for panel in panels]
    height = _HEAD + _FOOT + sum(_BAR * n + _TITLE for n in bars)
    figure = Figure(figsize=(9, height), facecolor="white", layout="constrained")
    figure.get_layout_engine().set(
        rect=(0.01, _FOOT / 2 / height, 0.97, 1 - (_HEAD + _FOOT / 2) / height),
        hspace=0,
        h_pad=0.12,
    )
    figure.text(0.02, 1 - 0.3 / height, title, size=15, weight="bold", color=_INK, va="center")
    figure.text(0.02, 1 - 0.62 / height, subtitle, size=9, color=_FAINT, va="center")
    axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=[n + 0.6 for n in bars])
    for axis, panel in zip(axes[:, 0], panels, strict=True):
        _draw(axis, panel)
    figure.savefig(path, dpi=150)
    return True


def _draw(axis: object, panel: Panel) -> None:
    """Draw one panel."""
    bars = (
        list(reversed(panel.bars))
        if panel.climbs
        else sorted(panel.bars, key=lambda bar: bar.value, reverse=not panel.lower_is_better)
    )
    ends = [max((bar.value, *(bar.spread or ()))) for bar in bars]
    first = _decade_below(bars) if panel.climbs else 0.0
    along, value_at = (math.log10, lambda x: 10.0**x) if panel.climbs else (float, float)
    # So wide that each bar's note fits beside it: `_CHARACTER` is a character's share of the width.
    width = max(
        (along(end) - first) / (1 - _CHARACTER * (len(bar.note) + 1))
        for bar, end in zip(bars, ends, strict=True)
    )
    for place, (bar, end) in enumerate(zip(bars, ends, strict=True)):
        ours = is_ours(bar.name) if bar.highlighted is None else bar.highlighted
        weight = "bold" if ours else "normal"
        axis.barh(place, bar.value, height=0.68, color=_OURS if ours else _OTHERS)
        if bar.spread is not None:
            axis.plot(bar.spread, (place, place), color=_INK, lw=1.2, solid_capstyle="butt")
        place_of_note = value_at(along(end) + width * _CHARACTER)
        axis.text(place_of_note, place, bar.note, va="center", size=9, color=_INK, weight=weight)
    axis.set_yticks(range(len(bars)), [bar.name for bar in bars], size=9, color=_INK)
    for label, bar in zip(axis.get_yticklabels(), bars, strict=True):
        ours = is_ours(bar.name) if bar.highlighted is None else bar.highlighted
        label.set_weight("bold" if ours else "normal")
    if panel.line_at is not None:
        axis.axvline(panel.line_at, color=_INK, lw=1, ls=(0, (4, 3)))
    axis.invert_yaxis()
    if panel.climbs:
        axis.set_xscale("log")
        axis.set_xticks([10.0**n for n in range(first, math.ceil(math.log10(max(ends))) + 1)])
        axis.minorticks_off()
        axis.set_xlim(10.0**first, 10.0 ** (first + width))
    else:
        axis.set_xlim(0, width or 1)
    axis.set_title(panel.title, loc="left", size=10.5, color=_INK)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.{15 if panel.climbs else 6}g}")
    axis.tick_params(axis="x", labelsize=8, colors=_FAINT, length=0)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", color="#e5e8eb", lw=0.8)
    axis.set_axisbelow(True)
    for side in ("top", "right", "bottom"):
        axis.spines[side].set_visible(False)
    axis.spines["left"].set_color(_FAINT)


def _decade_below(bars: Sequence[Bar]) -> int:
    """Return the power of ten where a logarithmic axis begins: the smallest bar is to be seen."""
    return math.floor(math.log10(min(bar.value for bar in bars)) - 0.1)
