"""How each benchmark's rows are shown: the table's columns and the plot's panels."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.ladder.climb import THE_ENGINE
from bench.machine import machine_line
from bench.plots import Bar, Panel, save_plot
from bench.tables import Column, make_table
from bench.throughput import is_ours

__all__ = ["REPORTS", "Report", "publish"]

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Report:
    """How to show the rows of a benchmark.

    Attributes
    ----------
    columns : sequence of Column
    panels : callable
        Turns the rows into the plot's panels.
    """

    columns: Sequence[Column]
    panels: Callable[[Sequence[Row]], list[Panel]]


def publish(
    name: str,
    title: str,
    rows: Sequence[Row],
    machine: dict[str, str],
    console: Console,
    json_file: Path | None,
    plot_file: Path | None,
) -> None:
    """Print the table, and write the JSON file (if one is named) and the plot.

    The plot stands beside the JSON file if no other place is named, else in this folder.
    """
    report = REPORTS[name]
    console.print(make_table(title, report.columns, rows))
    if json_file is not None:
        json_file.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")
    if plot_file is None:
        beside = Path(f"bench-{name}.png") if json_file is None else json_file
        plot_file = beside.with_suffix(".png")
    if save_plot(plot_file, title, machine_line(machine), report.panels(rows)):
        console.print(f"plot: {plot_file}", highlight=False)


def _speeds(rows: Sequence[Row], unit: str = "drawings/s") -> list[Panel]:
    """Return a panel for each batch size."""
    return [
        Panel(
            f"batch {batch}, {threads} thread{'s' * (threads > 1)}: {unit}",
            [
                Bar(
                    row["name"],
                    row["drawings_per_s"],
                    f"{row['drawings_per_s']:,.0f}{_times(row.get('ratio_to_best_torch'))}",
                    (row["slowest"], row["fastest"]),
                )
                for row in some
            ],
        )
        for (batch, threads), some in _grouped(rows, "batch", "threads")
    ]


def _inference(rows: Sequence[Row]) -> list[Panel]:
    """Return microseconds where it is about one drawing, else drawings a second."""
    single = [row for row in rows if row["batch"] == 1]
    panels = [
        Panel(
            f"one drawing, {threads} thread{'s' * (threads > 1)}: microseconds (less is better)",
            [
                Bar(
                    row["name"],
                    row["microseconds"],
                    f"{row['microseconds']:,.0f} µs"
                    + _times(row.get("ratio_to_onnxruntime"), "ONNX Runtime"),
                    (1e6 / row["fastest"], 1e6 / row["slowest"]),
                )
                for row in some
            ],
            lower_is_better=True,
        )
        for (threads,), some in _grouped(single, "threads")
    ]
    return panels + _speeds([row for row in rows if row["batch"] > 1])


def _networks(rows: Sequence[Row]) -> list[Panel]:
    """Return how many times as fast as PyTorch's best ours is, or else how fast it is."""
    ours = [row for row in rows if is_ours(row["name"])]
    if any("ratio_to_best_torch" not in row for row in ours):
        bars = [
            Bar(row["network"], row["drawings_per_s"], f"{row['drawings_per_s']:,.0f}", None, True)
            for row in ours
        ]
        return [Panel("drawings/s", bars)]
    bars = [
        Bar(
            row["network"],
            row["ratio_to_best_torch"],
            f"{row['ratio_to_best_torch']:.2f}×   {row['drawings_per_s']:,.0f} drawings/s",
            None,
            row["ratio_to_best_torch"] >= 1,
        )
        for row in ours
    ]
    return [Panel(f"{ours[0]['name']}: times PyTorch's best", bars, line_at=1)]


def _contention(rows: Sequence[Row]) -> list[Panel]:
    """Return a panel for each state of the machine."""
    titles = {"idle": "alone: drawings/s", "busy": "one core kept busy by another: drawings/s"}
    return [
        Panel(
            title,
            [
                Bar(
                    row["name"],
                    row[state],
                    f"{row[state]:,.0f}{_times(row.get(f'{state}_ratio'))}"
                    + (f"   keeps {row['kept']:.0%}" if state == "busy" else ""),
                )
                for row in rows
            ],
        )
        for state, title in titles.items()
    ]


def _job(rows: Sequence[Row]) -> list[Panel]:
    """Return the wall times."""
    bars = [
        Bar(
            row["name"],
            row["seconds"],
            f"{row['seconds']:.1f} s   {row['accuracy']:.1%} right",
            (row["fastest"], row["slowest"]),
        )
        for row in rows
    ]
    return [Panel("seconds from start to end (less is better)", bars, lower_is_better=True)]


def _data(rows: Sequence[Row]) -> list[Panel]:
    """Return drawings a second."""
    bars = [
        Bar(row["name"], row["value"], row["shown"], None, "in memory" not in row["name"])
        for row in rows
        if row["unit"] == "drawings/s"
    ]
    return [Panel("drawings/s", bars)]


def _memory(rows: Sequence[Row]) -> list[Panel]:
    """Return mebibytes."""
    bars = [
        Bar(row["name"], row["bytes"] / 2**20, f"{row['bytes'] / 2**20:,.2f} MiB") for row in rows
    ]
    return [Panel("MiB", bars)]


def _phases(rows: Sequence[Row]) -> list[Panel]:
    """Return microseconds, and of how many the arithmetic is the cause."""
    bars = [
        Bar(
            row["name"],
            row["microseconds"],
            f"{row['microseconds']:.1f} µs"
            + (f"   arithmetic {row['floor']:.1f}" if "floor" in row else ""),
            None,
            True,
        )
        for row in rows
    ]
    return [Panel("microseconds a drawing, one thread (less is better)", bars, None, True)]


def _ladder(rows: Sequence[Row]) -> list[Panel]:
    """Return the rungs of each operation, from the bottom to the top."""
    return [
        Panel(
            f"{operation}: drawings/s (logarithmic), to the rung before, share of the peak",
            [
                Bar(
                    row["name"],
                    row["drawings_per_s"],
                    f"{row['drawings_per_s']:,.0f}"
                    + (f"   {_short(row['times_before'])}×" if "times_before" in row else "")
                    + (f"   {row['share_of_peak']:.0%}" if "gflops" in row else ""),
                    (row["slowest"], row["fastest"]),
                    row["name"].startswith(THE_ENGINE),
                )
                for row in some
            ],
            climbs=True,
        )
        for (operation,), some in _grouped(rows, "operation")
    ]


def _segments(rows: Sequence[Row]) -> list[Panel]:
    """Return microseconds."""
    bars = [
        Bar(
            f"{row['name']} ({row['by']})",
            row["microseconds"],
            f"{row['microseconds']:.1f} µs",
            None,
            row["by"] != "reference",
        )
        for row in rows
    ]
    return [Panel("microseconds a drawing (less is better)", bars, lower_is_better=True)]


def _startup(rows: Sequence[Row]) -> list[Panel]:
    """Return the wall times of starts, of first starts, and what each kernel costs."""
    starts = [row for row in rows if "beyond_numpy" in row]
    first = [row for row in rows if "seconds" in row and "processor" in row]
    kernels = [row for row in rows if "seconds" not in row]
    panels = []
    for title, shown, key in (
        ("seconds (less is better)", starts, "seconds"),
        ("first start, seconds (less is better)", first, "seconds"),
        ("compiling, processor seconds", kernels, "processor"),
    ):
        bars = [
            Bar(row["name"], row[key], f"{row[key]:.3f} s", None, "inkgrad" in row["name"])
            for row in shown
        ]
        panels.append(Panel(title, bars, lower_is_better=True))
    return panels


def _answers(rows: Sequence[Row]) -> list[Panel]:
    """Return the time that an answer takes, a panel for each network."""
    return [
        Panel(
            f"{network}: milliseconds an answer (less is better)",
            [
                Bar(
                    f"{row['where']}, {row['way']}",
                    row["ms"],
                    f"{row['ms']:.2f} ms",
                    (row["least"], row["most"]),
                    row["way"] == "WebAssembly",
                )
                for row in some
            ],
            lower_is_better=True,
        )
        for (network,), some in _grouped(sorted(rows, key=lambda row: row["network"]), "network")
    ]


def _page(rows: Sequence[Row]) -> list[Panel]:
    """Return how long the page lets one wait, and how large it is."""
    waits = {"first_paint": "first paint", "first_answer": "first answer", "answer": "an answer"}
    bars = [
        Bar(f"{row['name']}: {wait}", row[key], f"{row[key]:.1f} ms", None, True)
        for key, wait in waits.items()
        for row in rows
    ]
    return [Panel("milliseconds (less is better)", bars, lower_is_better=True)]


def _server(rows: Sequence[Row]) -> list[Panel]:
    """Return the time within which 99 answers in 100 are there."""
    bars = [
        Bar(
            row["name"], row["p99_ms"], f"{row['p99_ms']:.1f} ms   half of them {row['p50_ms']:.1f}"
        )
        for row in rows
    ]
    return [Panel("milliseconds for 99 in 100 (less is better)", bars, lower_is_better=True)]


def _rounding(rows: Sequence[Row]) -> list[Panel]:
    """Return the share of right answers each way."""
    bars = [
        Bar(f"{row['name']}, {kind}", row[key], f"{row[key]:.2%}", None, key == "top1_rounded")
        for row in rows
        for kind, key in (("float32", "top1"), (row["weights"], "top1_rounded"))
    ]
    return [Panel("right answers", bars)]


def _suspicious(rows: Sequence[Row]) -> list[Panel]:
    """Return the share of right answers each way, of all drawings and of those looked at."""
    return [
        Panel(what, [Bar(row["name"], row[key], f"{row[key]:.2%}", None, False) for row in rows])
        for what, key in (("test part", "top1"), ("looked at", "top1_clean"))
    ]


def _recipe(rows: Sequence[Row]) -> list[Panel]:
    """Return the share of right answers of each run, and the balanced one."""
    return [
        Panel(
            what,
            [Bar(row["name"], row[key], f"{row[key]:.2%}", None, row is rows[-1]) for row in rows],
        )
        for what, key in (("top-1", "top1"), ("balanced", "balanced"))
    ]


def _curve(rows: Sequence[Row]) -> list[Panel]:
    """Return the share of right answers by how many drawings there are to learn from."""
    bars = [Bar(row["name"], row["top1"], f"{row['top1']:.1%}", None, False) for row in rows]
    return [Panel("right answers", bars)]


def _tune(rows: Sequence[Row]) -> list[Panel]:
    """Return how many drawings of the new classes are recognised, and what the old ones lost."""
    return [
        Panel(
            what,
            [Bar(row["name"], row[key], f"{row[key]:.1%}", None, False) for row in rows],
            **how,
        )
        for what, key, how in (
            ("new classes recognised", "recall", {}),
            ("old classes lost", "lost", {"lower_is_better": True}),
        )
    ]


def _pictures(rows: Sequence[Row]) -> list[Panel]:
    """Return the share of right answers in each scene."""
    bars = [
        Bar(row["name"], row["top1"], f"{row['top1']:.1%}", None, row["name"] == "plain")
        for row in rows
    ]
    return [Panel("right answers", bars)]


def _raster(rows: Sequence[Row]) -> list[Panel]:
    """Return drawings a second, and how far the pixels are from the truth."""
    panels = _bars_of_speed(rows, "ratio_to_cairo", "cairo")
    if not rows[0]["truth"]:
        return panels
    bars = [
        Bar(
            row["name"],
            row["mean_error"],
            f"{row['mean_error']:.2f}   {row['identical']:.1%} of the drawings identical",
        )
        for row in rows
    ]
    title = f"mean error near ink, of 255, beside {rows[0]['truth']}'s pixels (less is better)"
    return [*panels, Panel(title, bars, lower_is_better=True)]


def _simplification(rows: Sequence[Row]) -> list[Panel]:
    """Return drawings a second."""
    return _bars_of_speed(rows)


def _bars_of_speed(rows: Sequence[Row], ratio: str = "", rival: str = "") -> list[Panel]:
    """Return one panel of drawings a second, with ours' ratio to the rival."""
    bars = [
        Bar(
            row["name"],
            row["drawings_per_s"],
            f"{row['drawings_per_s']:,.0f}{_times(row.get(ratio), rival)}",
            (row["slowest"], row["fastest"]),
        )
        for row in rows
    ]
    return [Panel("drawings/s", bars)]


def _short(ratio: float) -> str:
    """Return a ratio with as many digits as are of use."""
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"


def _times(ratio: float | None, rival: str = "PyTorch's best") -> str:
    """Return what is added to ours: how many times as fast it is."""
    return "" if ratio is None else f"   {ratio:.2f}× {rival}"


def _grouped(rows: Sequence[Row], *keys: str) -> list[tuple[tuple[Any, ...], list[Row]]]:
    """Return rows that follow one another and agree in these keys."""
    groups = itertools.groupby(rows, key=lambda row: tuple(row[key] for key in keys))
    return [(values, list(some)) for values, some in groups]


_SPEED = (
    Column("drawings/s", "{drawings_per_s:,.0f}"),
    Column("slowest … fastest", "{slowest:,.0f} … {fastest:,.0f}"),
)
_TO_TORCH = Column("to best PyTorch", "{ratio_to_best_torch:.2f}×")

REPORTS: dict[str, Report] = {
    "phases": Report(
        (
            Column("phase", "{name}"),
            Column("µs a drawing", "{microseconds:.2f}"),
            Column("share", "{share:.0%}"),
            Column("arithmetic takes", "{floor:.2f}"),
            Column("of it", "{efficiency:.0%}"),
        ),
        _phases,
    ),
    "ladder": Report(
        (
            Column("rung", "{operation}: {name}"),
            Column("µs", "{microseconds:,.1f}"),
            Column("drawings/s", "{drawings_per_s:,.0f}"),
            Column("to before", "{times_before:.2f}×"),
            Column("multiply-adds", "{multiply_adds:,.0f}"),
            Column("GFLOP/s", "{gflops:.1f}"),
            Column("of the peak", "{share_of_peak:.1%}"),
        ),
        _ladder,
    ),
    "segments": Report(
        (
            Column("segment", "{name}"),
            Column("by", "{by}"),
            Column("µs a drawing", "{microseconds:.1f}"),
        ),
        _segments,
    ),
    "training": Report(
        (Column("", "{name}"), Column("batch", "{batch}"), *_SPEED, _TO_TORCH), _speeds
    ),
    "inference": Report(
        (
            Column("", "{name}"),
            Column("batch", "{batch}"),
            Column("threads", "{threads}"),
            Column("µs a call", "{microseconds:,.1f}"),
            *_SPEED,
            _TO_TORCH,
            Column("to ONNX Runtime", "{ratio_to_onnxruntime:.2f}×"),
        ),
        _inference,
    ),
    "networks": Report(
        (Column("", "{network}"), Column("by", "{name}"), *_SPEED, _TO_TORCH), _networks
    ),
    "contention": Report(
        (
            Column("", "{name}"),
            Column("alone", "{idle:,.0f}"),
            Column("to best PyTorch", "{idle_ratio:.2f}×"),
            Column("beside another", "{busy:,.0f}"),
            Column("to best PyTorch", "{busy_ratio:.2f}×"),
            Column("keeps", "{kept:.0%}"),
        ),
        _contention,
    ),
    "job": Report(
        (
            Column("", "{name}"),
            Column("seconds", "{seconds:.1f}"),
            Column("fastest … slowest", "{fastest:.1f} … {slowest:.1f}"),
            Column("to PyTorch", "{ratio_to_torch:.2f}×"),
            Column("right", "{accuracy:.2%} ± {accuracy_sd:.2%}"),
            Column("a tiny job first", "{first_start:.1f}"),
        ),
        _job,
    ),
    "pictures": Report(
        (
            Column("scene", "{name}"),
            Column("right", "{top1:.1%}"),
            Column("to plain", "{to_plain:+.1%}"),
            Column("among the first 3", "{top3:.1%}"),
            Column("refused", "{unread}"),
        ),
        _pictures,
    ),
    "data": Report((Column("", "{name}"), Column("", "{shown}")), _data),
    "memory": Report((Column("", "{name}"), Column("bytes", "{bytes:,}")), _memory),
    "raster": Report(
        (
            Column("", "{name}"),
            *_SPEED,
            Column("to cairo", "{ratio_to_cairo:.2f}×"),
            Column("identical", "{identical:.1%}"),
            Column("equal", "{equal:.1%}"),
            Column("within 2", "{within_2:.1%}"),
            Column("mean error", "{mean_error:.2f}"),
        ),
        _raster,
    ),
    "simplification": Report(
        (
            Column("", "{name}"),
            *_SPEED,
            Column("identical", "{same:.2%}"),
            Column("others", "{others:,}"),
            Column("their error", "{mean_error:.2f}"),
            Column("at most", "{max_error:.0f}"),
            Column("correlation", "{correlation:.4f}"),
        ),
        _simplification,
    ),
    "startup": Report(
        (
            Column("", "{name}"),
            Column("seconds", "{seconds:.3f}"),
            Column("beyond NumPy", "{beyond_numpy:+.3f}"),
            Column("processor seconds", "{processor:.2f}"),
        ),
        _startup,
    ),
    "rounding": Report(
        (
            Column("", "{name}"),
            Column("classes", "{classes}"),
            Column("drawings", "{drawings:,}"),
            Column("part", "{part}"),
            Column("seed", "{seed}"),
            Column("right in float32", "{top1:.2%}"),
            Column("rounded to", "{weights}"),
            Column("right then", "{top1_rounded:.2%}"),
            Column("others", "{others:,}"),
            Column("most", "{largest:.4f}"),
        ),
        _rounding,
    ),
    "suspicious": Report(
        (
            Column("suspicious ones in an epoch", "{name}"),
            Column("drawings", "{drawings:,}"),
            Column("test part", "{tested:,}"),
            Column("right", "{top1:.2%} ± {spread:.2%}"),
            Column("looked at", "{clean:,}"),
            Column("right", "{top1_clean:.2%} ± {spread_clean:.2%}"),
        ),
        _suspicious,
    ),
    "recipe": Report(
        (
            Column("", "{name}"),
            Column("parameters", "{parameters:,.0f}"),
            Column("seconds", "{seconds:.0f}"),
            Column("judged by", "{n:,.0f}"),
            Column("top-1", "{top1:.2%}"),
            Column("±", "{spread_top1:.2%}"),
            Column("top-3", "{top3:.2%}"),
            Column("balanced", "{balanced:.2%}"),
            Column("±", "{spread_balanced:.2%}"),
            Column("95 % interval", "{low:.1%} to {high:.1%}"),
            Column("calibration error", "{calibration:.1%}, perfect {perfect:.1%}"),
            Column("AUROC", "{auroc:.1%}"),
            Column("unknown accepted", "{accepted:.0%}"),
        ),
        _recipe,
    ),
    "curve": Report(
        (
            Column("of the drawings", "{name}"),
            Column("to learn from", "{drawings:,}"),
            Column("a class", "{per_class:,.0f}"),
            Column("judged by", "{tested:,}"),
            Column("top-1", "{top1:.2%} ± {spread:.2%}"),
            Column("balanced", "{balanced:.2%}"),
        ),
        _curve,
    ),
    "tune": Report(
        (
            Column("model", "{name}"),
            Column("trials", "{trials}"),
            Column("old classes lost", "{lost:.1%}"),
            Column("at most", "{most_lost:.1%}"),
            Column("new ones recognised", "{recall:.1%}"),
            Column("at least", "{least_recall:.1%}"),
            Column("none of these", "{refused:.1%}"),
            Column("seconds", "{seconds:.1f}"),
        ),
        _tune,
    ),
    "answers": Report(
        (
            Column("", "{where}"),
            Column("network", "{network}"),
            Column("by", "{way}"),
            Column("ms an answer", "{ms:.2f}"),
            Column("quickest", "{least:.2f}"),
            Column("slowest", "{most:.2f}"),
        ),
        _answers,
    ),
    "page": Report(
        (
            Column("", "{name}"),
            Column("first paint", "{first_paint:.0f}"),
            Column("model there", "{ready:.0f}"),
            Column("first answer", "{first_answer:.0f}"),
            Column("an answer", "{answer:.1f}"),
            Column("of it in the engine", "{engine:.1f}"),
            Column("bytes", "{bytes:,.0f}"),
        ),
        _page,
    ),
    "server": Report(
        (
            Column("", "{name}"),
            Column("requests", "{requests}"),
            Column("a second", "{rate:g}"),
            Column("p50, ms", "{p50_ms:.1f}"),
            Column("p99, ms", "{p99_ms:.1f}"),
            Column("longest, ms", "{longest_ms:.1f}"),
        ),
        _server,
    ),
}
"""By the benchmark's name."""
