"""Tables: figures of merit, confusions, classes, gradient checks, and what the data is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Group
from rich.table import Table
from rich.text import Text

from inkgrad.terminal.console import BLUE, DIM, RED, word
from inkgrad.terminal.guesses import bar, percent

__all__ = [
    "check_table",
    "class_table",
    "confusion_list",
    "confusion_matrix",
    "data_summary",
    "figures",
    "robustness_table",
]

_MOST_CLASSES = 20  # in a matrix; beyond, a list of confusions says more
_LONGEST_NAME = 20
_MOST_COUNTS = 12  # classes whose numbers are listed one by one

# The ends of the ramps that cells are coloured by; white is legible on all of them.
_HIT = (np.array([38, 44, 66]), np.array([40, 74, 190]))
_MISS = (np.array([60, 38, 38]), np.array([176, 46, 26]))

Counts = NDArray[np.int64] | Sequence[Sequence[int]]


def figures(evaluation: Mapping[str, Any], metrics: Mapping[str, Any]) -> Table:
    """Return the figures of merit in one row, above their 95 % intervals.

    Parameters
    ----------
    evaluation : dict
        As `inkgrad.insight.Evaluation.to_dict` gives it.
    metrics : dict of str to `inkgrad.insight.Metric`
        Which figures of it to show.
    """
    shown = {
        metric.short: percent(evaluation[name]) if metric.is_share else f"{evaluation[name]:.3f}"
        for name, metric in metrics.items()
    }
    intervals = evaluation["intervals"]
    between = [
        _interval(intervals[name], metric.is_share) if name in intervals else ""
        for name, metric in metrics.items()
    ]
    shown["drawings"] = f"{evaluation['n']:,}"
    styles = [f"bold {BLUE}", "bold"]  # of the first two
    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in shown:
        table.add_column(no_wrap=True)
    table.add_row(*(Text(title, DIM) for title in shown))
    table.add_row(
        *(Text(text, style) for text, style in zip_longest(shown.values(), styles, fillvalue=""))
    )
    table.add_row(*(Text(text, DIM) for text in between), Text("95 % interval", DIM))
    return table


def _interval(interval: Sequence[float], is_share: bool) -> str:
    low, high = interval
    return f"{100 * low:.1f}–{100 * high:.1f} %" if is_share else f"{low:.3f}–{high:.3f}"


def confusion_matrix(confusion: Counts, classes: Sequence[str], width: int) -> Group | None:
    """Return the confusion matrix in % of each row, coloured by share.

    Parameters
    ----------
    confusion : (K, K) whole numbers
        Row: drawn; column: read.
    classes : sequence of K str
    width : int
        Columns that there are. Where the names do not fit over the columns, numbers stand in.

    Returns
    -------
    renderable, or None
        None with more than 20 classes, or if even the numbers do not fit: `confusion_list` is for
        that.
    """
    counts = np.asarray(confusion)
    names = [word(name).plain for name in classes]
    if len(names) > _MOST_CLASSES:
        return None
    label = min(max(map(cell_len, names)), _LONGEST_NAME)
    cell = max(5, label + 1)
    numbered = label + 1 + cell * len(names) > width
    if numbered:
        label, cell = label + 3, 4
        if label + 1 + cell * len(names) > width:
            cell = 3
        if label + 1 + cell * len(names) > width:
            return None
    head = Text(" " * (label + 1))
    lines = [head]
    for place, (name, row) in enumerate(zip(names, counts, strict=True)):
        heading = str(place + 1) if numbered else set_cell_size(name, min(cell_len(name), cell - 1))
        head.append(" " * (cell - 1 - cell_len(heading)) + heading + " ", DIM if numbered else "")
        line = Text(set_cell_size(f"{place + 1:>2} {name}" if numbered else name, label) + " ")
        total = int(row.sum())
        for column, count in enumerate(row.tolist()):
            line.append(*_cell(count, total, column == place, cell))
        if not total:
            line.stylize(DIM)
        lines.append(line)
    note = Text("rows: drawn; columns: read; in % of the row", DIM)
    return Group(*lines, note)


def _cell(count: int, total: int, is_hit: bool, width: int) -> tuple[str, str]:
    """Return one cell's text and style."""
    if count == 0:
        return " " * width, ""
    share = count / total
    low, high = _HIT if is_hit else _MISS
    # Mistakes by the square root, fully from 25 % on, so that small ones are seen.
    strength = share if is_hit else min(1.0, 2 * math.sqrt(share))
    red, green, blue = (round(v) for v in low + strength * (high - low))
    percents = min(round(100 * share), 100 if count == total else 99)  # 100: every one of them
    text = str(percents) if percents else "·"
    return f"{text:>{width - 1}} "[:width], f"#ffffff on #{red:02x}{green:02x}{blue:02x}"


def confusion_list(confusions: Sequence[Mapping[str, Any]]) -> Table:
    """Return the most frequent confusions, one a line.

    Parameters
    ----------
    confusions : sequence of dict
        With ``drawn``, ``read``, ``count`` and ``share``, as `inkgrad.insight.Evaluation.to_dict`
        gives them.
    """
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("drawn")
    table.add_column("read as")
    table.add_column("drawings", justify="right", no_wrap=True)
    table.add_column("of the class", justify="right", no_wrap=True)
    table.add_column("", min_width=2)
    most = max((pair["share"] for pair in confusions), default=1.0)
    for pair in confusions:
        table.add_row(
            word(pair["drawn"]),
            word(pair["read"], RED),
            f"{pair['count']:,}",
            percent(pair["share"]),
            bar(pair["share"] / most, 10, RED),
        )
    return table


def class_table(per_class: Sequence[Mapping[str, Any]], *, most: int | None = None) -> Table:
    """Return precision, recall and F1 of every class, the hardest first.

    Parameters
    ----------
    per_class : sequence of dict
        With ``class``, ``support``, ``precision``, ``recall`` and ``f1``, the last three None where
        they are 0 / 0, as `inkgrad.insight.Evaluation.to_dict` gives them.
    most : int, optional
        Show only so many, and say how many more there are.
    """
    ordered = sorted(per_class, key=lambda row: (row["f1"] is None, row["f1"] or 0.0))
    shown = ordered if most is None else ordered[:most]
    more = len(ordered) - len(shown)
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        caption=f"and {more:,} easier {'class' if more == 1 else 'classes'}" if more else None,
        caption_justify="left",
    )
    table.add_column("class")
    for name in ("drawings", "precision", "recall", "F1"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", min_width=2)
    for row in shown:
        table.add_row(
            word(row["class"]),
            f"{row['support']:,}",
            percent(row["precision"]),
            percent(row["recall"]),
            percent(row["f1"]),
            bar(row["f1"] or 0.0, 10),
        )
    return table


def robustness_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return what each disturbance costs, one a line; those that surely cost something in red.

    Parameters
    ----------
    rows : sequence of dict
        With ``name``, ``strength``, ``n``, ``top1``, ``difference`` and ``interval``, as
        `inkgrad.insight.robustness.RobustnessRow.to_dict` gives them.
    """
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("disturbed", no_wrap=True)
    table.add_column("by", no_wrap=True)
    for name in ("drawings", "top-1", "points", "95 % interval"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", min_width=2)
    last = ""
    for row in rows:
        low, high = row["interval"]
        table.add_row(
            word("" if row["name"] == last else row["name"]),
            word(row["strength"]),
            f"{row['n']:,}",
            percent(row["top1"]),
            Text(_points(row["difference"]), RED if high < 0 else ""),
            f"{_points(low)} to {_points(high)}",
            bar(max(-row["difference"], 0.0), 10, RED),
        )
        last = row["name"]
    return table


def _points(difference: float) -> str:
    """Return a difference of shares in points, with its sign."""
    return f"{100 * difference:+.1f}".replace("+0.0", "0.0").replace("-0.0", "0.0")


def check_table(checks: Sequence[Mapping[str, Any]]) -> Table:
    """Return gradient checks, one line a gradient and one column a method.

    Parameters
    ----------
    checks : sequence of dict
        With ``layer``, ``quantity``, ``method``, ``relative_error`` (None: not a number) and
        ``passed``, as `inkgrad.insight.Check.to_dict` gives them.
    """
    methods = list(dict.fromkeys(check["method"] for check in checks))
    lines: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for check in checks:
        lines.setdefault((check["layer"], check["quantity"]), {})[check["method"]] = check
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("layer")
    table.add_column("gradient")
    for method in methods:
        table.add_column(method, justify="right", no_wrap=True)
    table.add_column("")
    last = ""
    for (layer, quantity), found in lines.items():
        cells = [_error(found[method]) if method in found else "" for method in methods]
        passed = all(check["passed"] for check in found.values())
        mark = Text("✓", BLUE) if passed else Text("✗", RED)
        table.add_row(word("" if layer == last else layer), word(quantity), *cells, mark)
        last = layer
    return table


def _error(check: Mapping[str, Any]) -> Text:
    error = check["relative_error"]
    text = "not finite" if error is None else f"{error:.1e}"
    return Text(text, "" if check["passed"] else f"bold {RED}")


def data_summary(source: str, counts: Mapping[str, int], parts: Mapping[str, int]) -> Group:
    """Return where drawings came from, how many there are of each class, and how they are parted.

    Parameters
    ----------
    source : str
    counts : dict of str to int
        Drawings of each class.
    parts : dict of str to int
        Drawings to train on, to validate and to test by.
    """
    total = sum(counts.values())
    if len(counts) <= _MOST_COUNTS:
        each = Text(", ").join(
            Text.assemble(word(name), " ", (f"{count:,}", "bold")) for name, count in counts.items()
        )
    else:
        least, most = min(counts.values()), max(counts.values())
        spread = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        each = Text(f"{total:,} drawings of {len(counts)} classes, {spread} of each")
    parted = ", ".join(f"{name} {count:,}" for name, count in parts.items())
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style=DIM)
    table.add_column()
    table.add_row("source", word(source))
    table.add_row("drawings", each)
    table.add_row("parts", word(parted))
    return Group(table)
