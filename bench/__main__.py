"""The benchmarks' command line: ``python -m bench training [--json FILE]``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from bench.answers import bench_answers
from bench.contention import bench_contention
from bench.curve import bench_curve
from bench.data import ROWS, bench_data
from bench.environment import MAX_ISA, NOT_LIMITED, restart_tuned
from bench.first_start import bench_first_start
from bench.inference import SEED, bench_inference, network_names
from bench.job import bench_job, find_job
from bench.ladder.climb import OPERATIONS, bench_ladder
from bench.machine import describe_machine, has_instructions
from bench.memory import bench_memory
from bench.networks import NETWORKS, bench_networks
from bench.page import bench_page
from bench.phases import bench_phases
from bench.pictures import bench_pictures
from bench.raster import bench_raster
from bench.recipe import RecipeError, bench_recipe
from bench.reports import publish
from bench.rounding import bench_rounding
from bench.segments import bench_segments
from bench.server import bench_server
from bench.simplification import bench_simplification
from bench.startup import bench_startup
from bench.suspicious import bench_suspicious
from bench.training import bench_training
from bench.tune import bench_tune
from inkgrad.packaged import PACKAGED

app = typer.Typer(no_args_is_help=True, add_completion=False)
console = Console()
if not console.is_terminal:
    console = Console(width=120)  # in a file nothing need be cut

Data = Annotated[
    str | None,
    typer.Option(help="A folder with the layout of Google's bucket; else $INKGRAD_DATA."),
]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the rows here.")]
PlotFile = Annotated[
    Path | None,
    typer.Option("--plot", help="Where the plot goes, if not beside the JSON file or here."),
]
Rounds = Annotated[int, typer.Option(help="Turns for everyone; the median counts.")]
Seconds = Annotated[float, typer.Option(help="How long a turn lasts.")]
Threads = Annotated[int, typer.Option(help="Threads for everyone.")]
MaxIsa = Annotated[
    str | None,
    typer.Option(
        help="Widest instruction set for everyone: avx2 measures as on a processor without "
        "AVX-512. By default whatever the processor has."
    ),
]


@app.callback()
def _benchmarks() -> None:
    """Speed, side by side with what a user would pick instead."""


@app.command()
def training(
    batch: Annotated[list[int], typer.Option(help="Batch sizes.")] = [64, 128, 256],  # noqa: B006
    threads: Threads = 2,
    rounds: Rounds = 9,
    seconds: Seconds = 1.0,
    max_isa: MaxIsa = None,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """Training throughput of the seed network, in drawings a second."""
    machine = _begin(threads, max_isa)
    with console.status("warming up") as status:
        rows = bench_training(
            batch,
            threads=threads,
            rounds=rounds,
            seconds_a_turn=seconds,
            on_round=lambda number: status.update(f"round {number} of {rounds}"),
        )
    title = f"training the seed network, {threads} threads, median of {rounds}"
    publish("training", title, rows, machine, console, json_file, plot_file)


@app.command()
def page(
    rounds: Annotated[int, typer.Option(help="Times that it is opened.")] = 9,
    slower: Annotated[
        float, typer.Option(min=1, help="How many times slower than this machine.")
    ] = 1,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """How soon the drawing page is there and answers, in Chromium, and its bytes."""
    machine = describe_machine()
    with console.status("opening") as status:
        rows = bench_page(
            rounds=rounds,
            times=slower,
            on_round=lambda number: status.update(f"round {number} of {rounds}"),
        )
    speed = f", {slower:g} times slower than this machine" if slower > 1 else ""
    title = f"the drawing page{speed}, milliseconds, median of {rounds}"
    publish("page", title, rows, machine, console, json_file, plot_file)


@app.command()
def answers(
    turns: Annotated[int, typer.Option(help="Times that each is measured.")] = 30,
    slower: Annotated[
        float, typer.Option(min=1, help="How many times slower than this machine.")
    ] = 1,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """How long the page's networks take for an answer, with WebAssembly and without."""
    machine = describe_machine()
    with console.status("measuring"):
        rows = bench_answers(turns=turns, times=slower)
    speed = f", {slower:g} times slower than this machine" if slower > 1 else ""
    title = f"an answer{speed}, milliseconds, median of {turns}"
    publish("answers", title, rows, machine, console, json_file, plot_file)


@app.command()
def inference(
    network: Annotated[str, typer.Option(help="seed, or a network's name in `networks`.")] = SEED,
    batch: Annotated[list[int], typer.Option(help="Batch sizes.")] = [1, 1024],  # noqa: B006
    threads: Annotated[int, typer.Option(help="Threads; for one drawing always one.")] = 2,
    rounds: Rounds = 9,
    seconds: Seconds = 1.0,
    max_isa: MaxIsa = None,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """How fast drawings become probabilities: one drawing, and many."""
    if network not in network_names():
        _refuse(f"--network is {network}; choose one of {'; '.join(network_names())}")
    machine = _begin(threads, max_isa)
    with console.status("warming up") as status:
        rows = bench_inference(
            [(size, 1 if size == 1 else threads) for size in batch],
            network=network,
            rounds=rounds,
            seconds_a_turn=seconds,
            on_round=lambda number: status.update(f"round {number} of {rounds}"),
        )
    title = f"recognising with the network {network}, median of {rounds}"
    publish("inference", title, rows, machine, console, json_file, plot_file)


@app.command()
def networks(
    network: Annotated[
        list[str] | None, typer.Option(help="Only those whose name contains this.")
    ] = None,
    batch: Annotated[int, typer.Option(help="Batch size.")] = 128,
    compiled: Annotated[bool, typer.Option(help="PyTorch compiled, too.")] = False,
    threads: Threads = 2,
    rounds: Rounds = 9,
    seconds: Seconds = 0.5,
    max_isa: MaxIsa = None,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """Training throughput of other networks, beside PyTorch."""
    names = [name for name in NETWORKS if any(part in name for part in network or [""])]
    if not names:
        _refuse(
            f"--network is {', '.join(network or [])}; give a part of one of these names: "
            f"{'; '.join(NETWORKS)}"
        )
    machine = _begin(threads, max_isa)
    with console.status("warming up") as status:
        rows = bench_networks(
            names,
            batch=batch,
            threads=threads,
            rounds=rounds,
            seconds_a_turn=seconds,
            compiled=compiled,
            on_network=status.update,
        )
    title = f"training other networks, batch {batch}, {threads} threads, median of {rounds}"
    publish("networks", title, rows, machine, console, json_file, plot_file)


@app.command()
def contention(
    batch: Annotated[int, typer.Option(help="Batch size.")] = 128,
    threads: Threads = 2,
    rounds: Rounds = 9,
    seconds: Seconds = 1.0,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """Training throughput beside a process that keeps one core busy."""
    machine = _begin(threads)
    with console.status("warming up") as status:
        rows = bench_contention(
            batch=batch,
            threads=threads,
            rounds=rounds,
            seconds_a_turn=seconds,
            on_round=lambda number: status.update(f"round {number} of {rounds}"),
        )
    title = f"training beside a busy process, batch {batch}, {threads} threads, median of {rounds}"
    publish("contention", title, rows, machine, console, json_file, plot_file)


@app.command()
def job(
    data: Annotated[
        str | None, typer.Option(help="A folder with numpy_bitmap/CLASS.npy; else $INKGRAD_DATA.")
    ] = None,
    classes: Annotated[str | None, typer.Option(help="Separated by commas.")] = None,
    task: Annotated[str, typer.Option(help="If no classes are named.")] = "twenty",
    drawings: Annotated[int, typer.Option(help="Of all classes together; a fifth is tested.")] = (
        50_000
    ),
    epochs: Annotated[int, typer.Option(help="How often each is learnt from.")] = 5,
    threads: Threads = 2,
    rounds: Annotated[int, typer.Option(help="Seeds: a job each for everyone.")] = 5,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """Time the whole of `inkgrad train`, start to end, beside a plain PyTorch script."""
    machine = _begin(threads)
    with (
        console.status("a tiny job first") as status,
        find_job(data, classes, task, drawings, epochs=epochs, threads=threads) as found,
    ):
        rows = bench_job(
            found,
            seeds=rounds,
            on_round=lambda number: status.update(f"seed {number} of {rounds} done"),
        )
    for row in rows:
        seconds = ", ".join(f"{value:.1f}" for value in row["seconds_by_seed"])
        shares = ", ".join(f"{value:.2%}" for value in row["accuracies"])
        console.print(f"{row['name']}: {seconds} s; right {shares}", highlight=False)
    title = f"{rows[0]['drawings']:,} drawings × {epochs} epochs, median of {rounds} seeds"
    publish("job", title, rows, machine, console, json_file, plot_file)


@app.command()
def memory(
    batch: Annotated[int, typer.Option(help="Batch size of the workspace.")] = 256,
    steps: Annotated[int, typer.Option(help="During which memory must not grow.")] = 10_000,
    threads: Threads = 2,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """How much memory training takes, and whether it grows."""
    machine = _begin(threads)
    with console.status("training") as status:
        rows = bench_memory(
            batch=batch,
            threads=threads,
            steps=steps,
            on_step=lambda number: number % 100 or status.update(f"step {number:,}"),
        )
    publish("memory", "memory of the seed network", rows, machine, console, json_file, plot_file)


@app.command()
def data(
    rows: Annotated[int, typer.Option(min=345, help="Drawings of the set of sparse files.")] = ROWS,
    seconds: Annotated[float, typer.Option(help="How long that set is sampled.")] = 20,
    turn: Annotated[float, typer.Option(help="How long each other rate is measured.")] = 6,
    cold_mb: Annotated[int, typer.Option(help="Megabytes that are written and read cold.")] = 500,
    threads: Threads = 2,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """How fast data in files is read, shuffled and learnt from, and what memory it takes."""
    machine = _begin(threads)
    with console.status("measuring") as status:
        found = bench_data(
            rows=rows,
            seconds=seconds,
            turn=turn,
            cold_mb=cold_mb,
            threads=threads,
            on_step=status.update,
        )
    title = f"data in files, {threads} threads"
    publish("data", title, found, machine, console, json_file, plot_file)


@app.command()
def phases(
    batch: Annotated[int, typer.Option(help="Batch size.")] = 128,
    rounds: Rounds = 9,
    max_isa: MaxIsa = None,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """How a training step's time splits, beside what its arithmetic takes at the least."""
    machine = _begin(1, max_isa)
    with console.status("taking steps apart"):
        rows = bench_phases(batch=batch, rounds=rounds)
    title = f"a step of the seed network, batch {batch}, one thread"
    publish("phases", title, rows, machine, console, json_file, plot_file)


@app.command()
def ladder(
    only: Annotated[
        list[str] | None,
        typer.Option(help=f"An operation: {'; '.join(OPERATIONS)}. By default all of them."),
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Drawings at a time.")] = 128,
    rounds: Rounds = 9,
    seconds: Seconds = 0.05,
    max_isa: MaxIsa = None,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """Time every rung from the plain loop to the engine's kernel, on one thread."""
    for operation in only or ():
        if operation not in OPERATIONS:
            _refuse(f"--only is {operation}; choose one of {'; '.join(OPERATIONS)}")
    machine = _begin(threads=1, max_isa=max_isa)
    with console.status("climbing") as status:
        rows = bench_ladder(
            [operation for operation in OPERATIONS if operation in (only or OPERATIONS)],
            batch=batch,
            rounds=rounds,
            seconds_a_turn=seconds,
            on_operation=status.update,
        )
    title = f"a drawing in the seed network, rung by rung, one thread, median of {rounds}"
    publish("ladder", title, rows, machine, console, json_file, plot_file)


@app.command()
def segments(
    batch: Annotated[int, typer.Option(help="Batch size.")] = 128,
    threads: Threads = 2,
    rounds: Rounds = 9,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """Time each segment of a network in the middle of which is a layer that no kernel knows."""
    machine = _begin(threads)
    with console.status("running segments"):
        rows = bench_segments(batch=batch, threads=threads, rounds=rounds)
    title = f"the seed network with dropout in it, batch {batch}, median of {rounds}"
    publish("segments", title, rows, machine, console, json_file, plot_file)


@app.command()
def startup(
    rounds: Rounds = 21,
    first_starts: Annotated[int, typer.Option(help="First starts to measure.")] = 3,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """How long starting takes, compared with importing NumPy; a first start, kernel by kernel."""
    with console.status("starting processes") as status:
        rows = bench_startup(rounds=rounds)
        status.update("compiling")
        rows += bench_first_start(rounds=first_starts)
    title = f"starting, median of {rounds}; first starts, of {first_starts}"
    publish("startup", title, rows, describe_machine(), console, json_file, plot_file)


@app.command()
def server(
    rate: Annotated[float, typer.Option(help="Requests a second.")] = 20.0,
    seconds: Annotated[float, typer.Option(help="How long each kind is asked.")] = 30.0,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """How long `inkgrad serve` takes to answer: strokes and pictures, at a steady rate."""
    with console.status("starting the server") as status:
        rows = bench_server(rate=rate, seconds=seconds, on_kind=status.update)
    title = f"inkgrad serve at {rate:g} requests a second"
    publish("server", title, rows, describe_machine(), console, json_file, plot_file)


@app.command()
def raster(
    data: Data = None,
    rounds: Rounds = 9,
    seconds: Seconds = 1.0,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """How fast strokes become pixels, and how near these are to Google's own."""
    machine = _begin(threads=2)
    with console.status("drawing") as status:
        rows = bench_raster(
            data,
            rounds=rounds,
            seconds_a_turn=seconds,
            on_round=lambda number: status.update(f"round {number} of {rounds}"),
        )
    title = f"{rows[0]['batch']:,} drawings at 28 pixels, median of {rounds}"
    if rows[0]["truth"]:
        title += f"; how near to {rows[0]['truth']}'s pixels"
    publish("raster", title, rows, machine, console, json_file, plot_file)


@app.command()
def simplification(
    data: Data = None,
    rounds: Rounds = 9,
    seconds: Seconds = 1.0,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """How fast raw strokes become simplified ones, and how often exactly Google's."""
    machine = _begin(threads=1)
    with console.status("simplifying") as status:
        rows = bench_simplification(
            data,
            rounds=rounds,
            seconds_a_turn=seconds,
            on_round=lambda number: status.update(f"round {number} of {rounds}"),
        )
    title = f"{rows[0]['batch']:,} drawings simplified, median of {rounds}"
    publish("simplification", title, rows, machine, console, json_file, plot_file)


@app.command()
def pictures(
    data: Data = None,
    model: Annotated[str, typer.Option(help="A packaged model's name, or a file.")] = "twenty",
    drawings: Annotated[int, typer.Option(help="Drawings of all classes together.")] = 400,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """Accuracy on photographs and scans of drawings, scene by scene, beside plain pictures."""
    machine = describe_machine()
    with console.status("drawing") as status:
        rows = bench_pictures(data, model=model, drawings=drawings, on_scene=status.update)
    title = f"{model}: {rows[0]['drawings']:,} {rows[0]['truth']} in every scene"
    publish("pictures", title, rows, machine, console, json_file, plot_file)


@app.command()
def rounding(
    model: Annotated[
        list[str] | None, typer.Option(help="Names or files; by default the packaged ones.")
    ] = None,
    data: Data = None,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """Accuracy in int8, and with weights rounded as exported pages have them, beside float32."""
    with console.status("judging"):
        rows = bench_rounding(model or list(PACKAGED), data)
    title = "in float32, and rounded, on the same drawings"
    publish("rounding", title, rows, describe_machine(), console, json_file, plot_file)


@app.command()
def suspicious(
    listed: Annotated[
        Path, typer.Argument(help="The suspicious.json of `inkgrad inspect --task twenty`.")
    ],
    seeds: Annotated[int, typer.Option(help="Runs each way.")] = 3,
    epochs: Annotated[int, typer.Option(help="Epochs of each run.")] = 6,
    data: Data = None,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """Accuracy of the seed network that learnt from all drawings, or fewer suspicious ones."""
    with console.status("training") as status:
        rows = bench_suspicious(listed, data, seeds=seeds, epochs=epochs, on_run=status.update)
    title = f"twenty, {epochs} epochs, mean of {seeds} seeds and its standard deviation"
    publish("suspicious", title, rows, describe_machine(), console, json_file, plot_file)


@app.command()
def curve(
    task: Annotated[str, typer.Option(help="As for `inkgrad train`.")] = "twenty",
    network: Annotated[str, typer.Option(help="As for `inkgrad train`.")] = "seed",
    epochs: Annotated[int, typer.Option(help="Over all drawings; all runs take as long.")] = 8,
    seeds: Annotated[int, typer.Option(help="Runs for each share.")] = 1,
    data: Data = None,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """Accuracy by how many drawings of each class there are to learn from."""
    with console.status("training") as status:
        rows = bench_curve(
            data, task=task, network=network, epochs=epochs, seeds=seeds, on_run=status.update
        )
    title = f"{task}, {network}, as many steps as {epochs} epochs of all drawings"
    publish("curve", title, rows, describe_machine(), console, json_file, plot_file)


@app.command()
def tune(
    model: Annotated[list[str] | None, typer.Option(help="Names or files.")] = None,
    trials: Annotated[int, typer.Option(help="Classes to add, one at a time.")] = 10,
    together: Annotated[int, typer.Option(help="Classes to add at once.")] = 10,
    data: Data = None,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """Recognition of classes added from ten drawings each, and what the old ones lose."""
    with console.status("adding") as status:
        rows = bench_tune(
            model or ["animals", "twenty"],
            data,
            trials=trials,
            together=together,
            on_run=status.update,
        )
    title = "classes added from ten drawings each, means over the trials"
    publish("tune", title, rows, describe_machine(), console, json_file, plot_file)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def recipe(
    context: typer.Context,
    seeds: Annotated[int, typer.Option(help="Runs, with the seeds 42, 43, …")] = 3,
    folds: Annotated[
        int | None, typer.Option(help="Instead of seeds: runs that hold out one part each.")
    ] = None,
    data: Data = None,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """Accuracy of what `inkgrad train` makes with the options that follow, over several runs."""
    with console.status("training") as status:
        try:
            rows = bench_recipe(context.args, data, seeds=seeds, folds=folds, on_run=status.update)
        except RecipeError as error:
            _refuse(str(error))
    title = f"inkgrad train {shlex.join(context.args)}"
    publish("recipe", title, rows, describe_machine(), console, json_file, plot_file)


def _refuse(sentence: str) -> NoReturn:
    """End with a sentence about the user's mistake."""
    typer.echo(f"error: {sentence}", err=True)
    raise typer.Exit(2)


def _begin(threads: int, max_isa: str | None = None) -> dict[str, str]:
    """See to it that this process is started as it must be, and say on what it runs."""
    if max_isa is not None and max_isa not in MAX_ISA:
        _refuse(f"--max-isa is {max_isa}; choose one of {', '.join(MAX_ISA)}")
    if max_isa is not None and not has_instructions(max_isa):
        _refuse(f"--max-isa is {max_isa}, which this processor does not have; leave the option out")
    restart_tuned(threads, max_isa)
    machine = describe_machine(max_isa)
    console.print(", ".join(f"{key} {value}" for key, value in machine.items()), highlight=False)
    if max_isa is not None:
        console.print(NOT_LIMITED, highlight=False)
    return machine


if __name__ == "__main__":
    app()
