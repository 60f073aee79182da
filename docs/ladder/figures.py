"""The ladders' tables and pictures, from the figures that `python -m bench ladder` measured."""

from __future__ import annotations

import html
import json
from pathlib import Path

import matplotlib.pyplot as plt
from IPython.display import HTML

import pictures

MEASURED = json.loads((Path(__file__).parent / "measured.json").read_text("utf-8"))


def rows(operation: str) -> list[dict]:
    """Return the rows of one ladder, from the bottom to the top."""
    return [row for row in MEASURED["rows"] if row["operation"] == operation]


def table(operation: str) -> HTML:
    """Return a ladder's figures as a table."""
    shown, machine = rows(operation), MEASURED["machine"]
    head = ["rung", "µs a drawing", "drawings/s", "to the rung before"]
    if "gflops" in shown[0]:
        head += ["multiply-adds", "GFLOP/s", "of the peak"]
    lines = [line("th", head)]
    for row in shown:
        cells = [row["name"], f"{row['microseconds']:,.1f}", f"{row['drawings_per_s']:,.0f}"]
        cells.append(times(row["times_before"]) if "times_before" in row else "")
        if "gflops" in row:
            cells += [f"{row['multiply_adds']:,.0f}", f"{row['gflops']:.1f}"]
            cells.append(f"{row['share_of_peak']:.0%}")
        lines.append(line("td", cells))
    return HTML(
        f'<table class="docutils align-default">{"".join(lines)}</table>'
        f"<p>One thread of an {machine['processor']}, Numba {machine['numba']}, NumPy "
        f"{machine['numpy']} with its own BLAS; {shown[-1]['batch']} drawings at a time. The "
        "machine is shared, so that its speed varies: rungs take turns, the median counts, and "
        "ratios are taken within a turn.</p>"
    )


def line(kind: str, cells: list[str]) -> str:
    """Return a row of a table, the numbers to the right."""
    first, *others = cells
    right = "".join(f'<{kind} class="text-right">{html.escape(cell)}</{kind}>' for cell in others)
    return f"<tr><{kind}>{html.escape(first)}</{kind}>{right}</tr>"


def chart(operation: str) -> None:
    """Draw a ladder: a bar for each rung, drawings a second on a logarithmic scale."""
    shown = rows(operation)
    figure, axis = plt.subplots(figsize=(pictures.WIDTH, 0.5 + 0.3 * len(shown)))
    speeds = [row["drawings_per_s"] for row in shown]
    colours = [colour(row["name"]) for row in shown]
    axis.barh(range(len(shown)), speeds, height=0.7, color=colours)
    for place, row in enumerate(shown):
        note = f"{row['drawings_per_s']:,.0f}"
        if "times_before" in row:
            note += f"   {times(row['times_before'])}"
        axis.annotate(
            note,
            (row["drawings_per_s"], place),
            (5, 0),
            textcoords="offset points",
            va="center",
            color=pictures.INK,
            fontsize=8.5,
        )
    axis.set_xscale("log")
    axis.set_xlim(min(speeds) / 2, max(speeds) * 12)
    axis.minorticks_off()
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    axis.set_yticks(range(len(shown)), [row["name"] for row in shown])
    axis.tick_params(length=0)
    axis.grid(axis="x", color=pictures.PALE, lw=0.8)
    axis.set_axisbelow(True)
    axis.set_xlabel("drawings/s; and how many times as fast as the rung below")
    figure.show()


def colour(name: str) -> str:
    """Return a bar's colour: the layers' NumPy pale, the engine's own kernels bright."""
    if name == "NumPy":
        return "#a9b3c4"
    return pictures.PLUS if name.startswith("the engine's") else pictures.MINUS


def times(ratio: float) -> str:
    """Return a ratio with as many digits as are of use."""
    return f"× {ratio:,.0f}" if ratio >= 100 else f"× {ratio:.3g}"
