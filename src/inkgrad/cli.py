"""The command line: one function a command, no logic of its own."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inkgrad.errors import InkgradError
from inkgrad.version import __version__

if TYPE_CHECKING:
    from rich.console import Console

    from inkgrad.workflows import Trained

__all__ = ["app", "main"]

app = typer.Typer(
    name="inkgrad",
    help="A convolutional network you can read: it learns to recognise doodles.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="PLACE",
        help="Where the drawings are: a folder or address (file://, http(s)://) with the layout "
        "of Google's bucket, or a folder of your own, CLASS/*.png|svg|json. Otherwise "
        "$INKGRAD_DATA, the local cache, Google's bucket, or built-in doodles.",
    ),
]
Engine = Annotated[str, typer.Option("--engine", help="Who computes: auto or reference.")]
Offline = Annotated[bool, typer.Option("--offline", help="Ask no server.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Limit = Annotated[
    int | None, typer.Option("--limit", metavar="N", help="At most N drawings a class.")
]
ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="A .safetensors file.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"inkgrad {__version__}")
        raise typer.Exit


@app.callback()
def _inkgrad(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say which."),
    ] = False,
) -> None:
    pass


@app.command()
def demo(
    data: Data = None,
    out: Annotated[Path, typer.Option("--out", help="Where to write.")] = Path("runs/demo"),
    limit: Limit = None,
    epochs: Annotated[int | None, typer.Option("--epochs", metavar="N")] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N")] = 42,
    engine: Engine = "auto",
    offline: Offline = False,
) -> None:
    """Train the seed network on five animals before your eyes, in a minute or two."""
    from inkgrad import workflows

    _train(
        workflows.demo,
        data=data,
        out=out,
        engine=engine,
        offline=offline,
        **_given(limit=limit, epochs=epochs, seed=seed),
    )


@app.command()
def train(
    task: Annotated[
        str | None,
        typer.Option("--task", metavar="NAME", help="animals, all, or a name in tasks.json."),
    ] = None,
    classes: Annotated[
        str | None, typer.Option("--classes", metavar="A,B,C", help="What to tell apart.")
    ] = None,
    data: Data = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Where to write.  [default: runs/NAME]")
    ] = None,
    limit: Limit = None,
    epochs: Annotated[int | None, typer.Option("--epochs", metavar="N")] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", metavar="N")] = None,
    optimizer: Annotated[
        str | None, typer.Option("--optimizer", help="adam, adamw or sgd.")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option("--learning-rate", metavar="X")] = None,
    schedule: Annotated[
        str | None, typer.Option("--schedule", help="constant, step, cosine or one-cycle.")
    ] = None,
    momentum: Annotated[float | None, typer.Option("--momentum", metavar="X")] = None,
    nesterov: Annotated[bool, typer.Option("--nesterov", help="With sgd.")] = False,
    weight_decay: Annotated[float | None, typer.Option("--weight-decay", metavar="X")] = None,
    clip_norm: Annotated[
        float | None, typer.Option("--clip-norm", metavar="X", help="Longest gradient.")
    ] = None,
    label_smoothing: Annotated[float | None, typer.Option("--label-smoothing", metavar="X")] = None,
    patience: Annotated[
        int | None,
        typer.Option("--patience", metavar="N", help="Stop after N epochs without improvement."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", help="Decides split, first weights and order."),
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="stratified, or the seed's own: notebook.")
    ] = None,
    test_size: Annotated[
        float | None, typer.Option("--test-size", metavar="X", help="Share kept to judge by.")
    ] = None,
    validation_size: Annotated[
        float | None, typer.Option("--validation-size", metavar="X", help="Share of the rest.")
    ] = None,
    balance: Annotated[
        bool, typer.Option("--balance", help="Show drawings of rare classes more often.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the interrupted run in OUT.")
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget the interrupted run in OUT.")
    ] = False,
    engine: Engine = "auto",
    offline: Offline = False,
) -> None:
    """Train a network on any classes; Ctrl-C saves, --resume goes on."""
    from inkgrad import workflows

    choices = _given(
        limit=limit,
        epochs=epochs,
        batch_size=batch_size,
        optimizer=optimizer,
        learning_rate=learning_rate,
        schedule=schedule,
        momentum=momentum,
        nesterov=nesterov or None,
        weight_decay=weight_decay,
        clip_norm=clip_norm,
        label_smoothing=label_smoothing,
        patience=patience,
        seed=seed,
        split_kind=split,
        test_size=test_size,
        validation_size=validation_size,
        balance=balance or None,
    )
    _train(
        workflows.train,
        classes=classes,
        task=task,
        data=data,
        out=out if out is not None else Path("runs") / (task or "own"),
        engine=engine,
        resume=resume,
        restart=restart,
        offline=offline,
        **choices,
    )


@app.command()
def evaluate(
    model: ModelFile,
    data: Data = None,
    part: Annotated[
        str,
        typer.Option(
            "--part",
            help="test: what training kept aside; all; auto: test if these are the drawings that "
            "the model was trained on, else all.",
        ),
    ] = "auto",
    limit: Limit = None,
    engine: Engine = "auto",
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Measure a model on drawings: top-1, top-3, MAP@3, balanced accuracy, class by class."""
    from inkgrad import terminal, workflows

    console = _console(quiet=as_json)
    with terminal.TrainingDisplay(console) as display:
        result = workflows.evaluate(
            model,
            data,
            part=part,
            limit=limit,
            engine=engine,
            offline=offline,
            on_progress=display.on_progress,
        )
    figures = result.evaluation.to_dict()
    if as_json:
        _print_json({**figures, "part": result.part, "source": result.source, "model": str(model)})
        return
    console.print(f"{result.source}, part: {result.part}", highlight=False, markup=False)
    console.print(terminal.figures_line(figures), highlight=False)
    console.print(terminal.confusion_table(figures["classes"], figures["confusion"]))
    console.print(terminal.per_class_table(figures["per_class"]))


@app.command()
def predict(
    drawings: Annotated[
        list[str],
        typer.Argument(
            metavar="[MODEL] DRAWING...",
            help="Pictures (.png …), .svg, .npy, strokes (.json, .ndjson), or - for standard "
            "input. A first argument that ends in .safetensors is the model.",
        ),
    ],
    model: Annotated[Path, typer.Option("--model", "-m", help="The model to ask.")] = Path(
        "runs/demo/model.safetensors"
    ),
    top: Annotated[int, typer.Option("--top", metavar="N", help="Guesses a drawing.")] = 3,
    engine: Engine = "auto",
    as_json: AsJson = False,
) -> None:
    """Say what drawings show, and how sure the network is."""
    from inkgrad import terminal, workflows

    if drawings[0].endswith(".safetensors"):
        model, drawings = Path(drawings[0]), drawings[1:]
    predictions = workflows.predict(model, drawings, top=top, engine=engine)
    if as_json:
        _print_json(
            [
                {
                    "name": p.name,
                    "guesses": [
                        {"class": name, "probability": share} for name, share in p.reading.guesses
                    ],
                }
                for p in predictions
            ]
        )
        return
    console = _console()
    for p in predictions:
        console.print(terminal.reading_beside_guesses(console, p.name, p.reading))


@app.command()
def download(
    classes: Annotated[
        list[str] | None, typer.Argument(metavar="CLASS...", help="Names, as you would say them.")
    ] = None,
    task: Annotated[
        str | None, typer.Option("--task", metavar="NAME", help="animals, or all 345.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", help="The first N drawings a class.")
    ] = 10_000,
    everything: Annotated[bool, typer.Option("--all-rows", help="No limit.")] = False,
    kind: Annotated[
        str, typer.Option("--kind", help="numpy_bitmap, simplified, raw or binary.")
    ] = "numpy_bitmap",
    source: Annotated[
        str | None, typer.Option("--from", metavar="ADDRESS", help="A mirror of the bucket.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FOLDER", help="Instead of the cache.")
    ] = None,
) -> None:
    """Fetch drawings from Google's bucket or a mirror; never twice."""
    from inkgrad import terminal, workflows

    console = _console()
    with terminal.TrainingDisplay(console) as display:
        files = workflows.download(
            classes,
            task=task,
            limit=None if everything else limit,
            kind=kind,
            source=source,
            to=to,
            on_progress=display.on_progress,
        )
    for name, path in files.items():
        size = path.stat().st_size / 1e6
        console.print(f"{name}: {path} ({size:.1f} MB)", highlight=False, soft_wrap=True)


@app.command()
def info(
    path: Annotated[
        Path | None, typer.Argument(help="A model or a file of drawings.  [default: the network]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Describe the seed network, a model file or a file of drawings."""
    from inkgrad import terminal, workflows

    facts = workflows.info(path)
    if as_json:
        _print_json(facts)
    else:
        _console().print(terminal.facts_text(facts), highlight=False)


@app.command()
def check(
    model: Annotated[
        Path | None, typer.Argument(help="A model's network.  [default: the seed network]")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N")] = 0,
    as_json: AsJson = False,
) -> None:
    """Check every derivative against differences, in float64, layer by layer."""
    from inkgrad import load, terminal, workflows

    rows = workflows.check(None if model is None else load(model).network, seed=seed)
    if as_json:
        _print_json([row.to_dict() for row in rows])
    else:
        _console().print(terminal.checks_table(rows))
    if not all(row.passed for row in rows):
        raise typer.Exit(1)


def main() -> None:
    """Run the command line: a user's mistake is one sentence and exit code 2, never a traceback."""
    try:
        app()
    except InkgradError as error:
        _fail(str(error), 2)
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        _fail(f"{error.strerror or error}: {error.filename or 'the file system'}", 2)


def _train(workflow: Any, **options: Any) -> None:
    """Run a training workflow with the live display, and show what came of it."""
    from inkgrad import terminal

    console = _console()
    with terminal.TrainingDisplay(console) as display:

        def on_loaded(loaded: Any, parts: Any) -> None:
            names = ("train on", "validate by", "test by")
            sizes = {name: len(part) for name, part in zip(names, parts, strict=True)}
            display.on_loaded(loaded.source, loaded.drawings.counts(), sizes)

        trained: Trained = workflow(
            on_progress=display.on_progress,
            on_loaded=on_loaded,
            on_event=display.on_event,
            **options,
        )
    if trained.stopped == "interrupted":
        console.print(
            f"Interrupted; saved. Go on with: inkgrad train --resume --out {trained.folder}",
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(130)
    _show(console, trained)


def _show(console: Console, trained: Trained) -> None:
    """Show what a training run has come to, and what to do next."""
    from inkgrad import terminal

    figures = trained.figures()
    console.print()
    console.print(terminal.figures_line(figures), highlight=False)
    console.print(terminal.confusion_table(figures["classes"], figures["confusion"]))
    console.print(terminal.readings_in_rows(console, trained.examples()))
    model, report = trained.folder / "model.safetensors", trained.folder / "report.html"
    console.print(
        f"Model:  {model}\nReport: {report}  (open it in a browser)\n\nTry next:\n"
        f"  inkgrad predict {model} YOUR_DRAWING.png\n"
        f"  inkgrad evaluate {model}\n"
        "  inkgrad check\n"
        "  inkgrad train --classes cat,octopus,t-shirt --out runs/three",
        highlight=False,
        soft_wrap=True,
    )


def _console(*, quiet: bool = False) -> Console:
    """Return where to print: standard output, or standard error when that is for JSON."""
    from rich.console import Console

    return Console(stderr=quiet)


def _given(**options: Any) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def _print_json(value: Any) -> None:
    """Print a value as JSON."""
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))


def _fail(message: str, code: int) -> None:
    """Say what is wrong on standard error and leave."""
    typer.secho(f"inkgrad: {message}", err=True, fg="red" if sys.stderr.isatty() else None)
    sys.exit(code)
