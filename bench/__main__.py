"""The benchmarks' command line: ``python -m bench training [--json FILE]``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.machine import describe_machine
from bench.raster import compare_pixels
from bench.startup import bench_startup
from bench.training import bench_training, tune_allocator

app = typer.Typer(no_args_is_help=True, add_completion=False)
console = Console()


@app.callback()
def _benchmarks() -> None:
    """Speed, side by side with what a user would pick instead."""


@app.command()
def training(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here.")] = None,
    batch: Annotated[list[int], typer.Option(help="Batch sizes.")] = [64, 128, 256],  # noqa: B006
    threads: Annotated[int, typer.Option(help="Threads for everyone.")] = 2,
    rounds: Annotated[int, typer.Option(help="Turns for everyone; the median counts.")] = 9,
    seconds: Annotated[float, typer.Option(help="How long a turn lasts.")] = 1.0,
) -> None:
    """Training throughput of the seed network, in drawings a second."""
    tune_allocator(threads)
    machine = describe_machine()
    console.print(", ".join(f"{key} {value}" for key, value in machine.items()))
    with console.status("warming up") as status:
        rows = bench_training(
            batch,
            threads=threads,
            rounds=rounds,
            seconds_a_turn=seconds,
            on_round=lambda number: status.update(f"round {number} of {rounds}"),
        )
    table = Table(title=f"training the seed network, {threads} threads, median of {rounds}")
    for column in ("", "batch", "drawings/s", "slowest … fastest", "to best PyTorch"):
        table.add_column(column, justify="right" if column else "left", no_wrap=not column)
    for row in rows:
        table.add_row(
            row["name"],
            str(row["batch"]),
            f"{row['drawings_per_s']:,.0f}",
            f"{row['slowest']:,.0f} … {row['fastest']:,.0f}",
            f"{row['ratio_to_best_torch']:.2f}×" if "ratio_to_best_torch" in row else "",
        )
    console.print(table)
    if json_file is not None:
        json_file.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")


@app.command()
def startup(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here.")] = None,
    rounds: Annotated[int, typer.Option(help="Turns for everyone; the median counts.")] = 21,
) -> None:
    """How long importing inkgrad and `inkgrad --help` take, beside importing NumPy."""
    machine = describe_machine()
    with console.status("starting processes"):
        rows = bench_startup(rounds=rounds)
    table = Table(title=f"starting, median of {rounds}")
    for column in ("", "seconds", "beyond NumPy"):
        table.add_column(column, justify="left" if not column else "right")
    for row in rows:
        table.add_row(row["name"], f"{row['seconds']:.3f}", f"{row['beyond_numpy']:+.3f}")
    console.print(table)
    if json_file is not None:
        json_file.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")


@app.command()
def raster(
    folder: Annotated[Path, typer.Argument(help="Holds CLASS.ndjson and CLASS.npy, row by row.")],
) -> None:
    """How near strokes that inkgrad draws are to Google's own bitmaps."""
    for name, value in compare_pixels(folder).items():
        console.print(f"{name:<16}{value:,.5g}", highlight=False)


if __name__ == "__main__":
    app()
