"""The command line: one function a command, no logic of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from inkgrad.errors import DataWarning, InkgradError
from inkgrad.signals import Stopped, leave_to_system, raise_stopped
from inkgrad.text import printable, sentence
from inkgrad.version import __version__

if TYPE_CHECKING:
    from rich.console import Console

    from inkgrad.workflows import Trained

__all__ = ["app", "main"]


_UsageError: Any = typer.BadParameter.__base__  # what typer says, in its own words and frame


class Commands(TyperGroup):
    """The commands: a user's mistake ends one in a sentence and exit code 2, never a traceback."""

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> Any:
        """Take the command line apart; what typer refuses of it, it shows as harmless text."""
        name = None if info_name is None else printable(info_name)
        try:
            return super().make_context(name, args, *more, **extra)
        except _UsageError as error:
            raise _harmless(error) from None

    def invoke(self, ctx: Any) -> Any:
        """Carry a command out, and turn what may go wrong into a sentence and an exit code."""
        try:
            with raise_stopped(), _notes():
                return super().invoke(ctx)
        except _UsageError as error:
            raise _harmless(error) from None
        except InkgradError as error:
            message, code = str(error), 2
        except Stopped as stopped:
            message, code = str(stopped), stopped.code
        except KeyboardInterrupt:
            message, code = "interrupted", 130
        except BrokenPipeError:  # the reader of a pipe has seen enough: see `main`
            raise
        except OSError as error:
            message, code = _sentence(error), 2
        _say(message)
        raise typer.Exit(code)


def _harmless(error: Any) -> Any:
    """Return an error of typer's in which words of the user's cannot command the terminal."""
    if not type(error).__name__.startswith("NoArgs"):  # that one is the help
        error.message = sentence(error.message)
    return error


app = typer.Typer(
    name="inkgrad",
    cls=Commands,
    help="A convolutional network you can read: it learns to recognise doodles.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _option(names: str, help: str, metavar: str | None = None) -> Any:
    """Return an option as typer declares it; without a metavar, a switch."""
    return typer.Option(*names.split(), metavar=metavar, help=help)


Data = Annotated[
    str | None,
    _option(
        "--data",
        "Where the drawings are: a folder or address (file://, http(s)://) with the layout of "
        "Google's bucket, a folder of your own, CLASS/*.png|svg|json, or a file of strokes with a "
        "word for each (.ndjson), such as the drawing page saves. Otherwise $INKGRAD_DATA, the "
        "local cache, Google's bucket, or built-in doodles.",
        "PLACE",
    ),
]
Limit = Annotated[int | None, _option("--limit", "At most N drawings a class.", "N")]
Seed = Annotated[
    int | None, _option("--seed", "Decides split, first weights and order (default: 42).", "N")
]
Restart = Annotated[bool, _option("--restart", "Forget an interrupted run in FOLDER.")]
Engine = Annotated[str, _option("--engine", "Who computes: auto, cpu or reference.", "NAME")]
Offline = Annotated[bool, _option("--offline", "Ask no server.")]
AsJson = Annotated[bool, _option("--json", "Print JSON, for programs.")]
ModelFile = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A .safetensors file, animals or twenty.")
]


def _print_version(wanted: bool) -> None:
    if wanted:
        _echo(f"inkgrad {__version__}")
        raise typer.Exit


@app.callback()
def _inkgrad(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Say which one."),
    ] = False,
) -> None:
    pass


@app.command()
def demo(
    data: Data = None,
    out: Annotated[Path, _option("--out", "Where to write.", "FOLDER")] = Path("runs/demo"),
    limit: Limit = None,
    epochs: Annotated[
        int | None, _option("--epochs", "By default as many as take a minute or two.", "N")
    ] = None,
    seed: Seed = None,
    restart: Restart = False,
    engine: Engine = "auto",
    offline: Offline = False,
) -> None:
    """Train the seed network on five animals before your eyes, in a minute or two."""
    from inkgrad import workflows

    choices = _given(limit=limit, epochs=epochs, seed=seed, restart=restart or None)
    trained = _train(workflows.demo, data=data, out=out, engine=engine, offline=offline, **choices)
    _offer_page(trained.folder / "model.safetensors")


@app.command()
def train(
    task: Annotated[
        str | None, _option("--task", "animals, all, or a name in tasks.json.", "NAME")
    ] = None,
    classes: Annotated[str | None, _option("--classes", "What to tell apart.", "A,B,C")] = None,
    data: Data = None,
    out: Annotated[
        Path | None, _option("--out", "Where to write (default: runs/NAME).", "FOLDER")
    ] = None,
    limit: Limit = None,
    epochs: Annotated[
        int | None, _option("--epochs", "How often to look at each drawing (default: 6).", "N")
    ] = None,
    batch_size: Annotated[
        int | None, _option("--batch-size", "Drawings in a step (default: 128).", "N")
    ] = None,
    optimizer: Annotated[
        str | None, _option("--optimizer", "adam, adamw or sgd (default: adam).", "NAME")
    ] = None,
    learning_rate: Annotated[
        float | None,
        _option("--learning-rate", "The highest of the schedule (default: 0.002).", "X"),
    ] = None,
    schedule: Annotated[
        str | None,
        _option("--schedule", "constant, step, cosine or one-cycle (default: cosine).", "NAME"),
    ] = None,
    momentum: Annotated[float | None, _option("--momentum", "Of sgd (default: 0.9).", "X")] = None,
    nesterov: Annotated[bool, _option("--nesterov", "Nesterov's momentum.")] = False,
    weight_decay: Annotated[float | None, _option("--weight-decay", "Spares biases.", "X")] = None,
    clip_norm: Annotated[float | None, _option("--clip-norm", "Longest gradient.", "X")] = None,
    label_smoothing: Annotated[
        float | None, _option("--label-smoothing", "Share spread over all classes.", "X")
    ] = None,
    patience: Annotated[
        int | None, _option("--patience", "Stop after N epochs without improvement.", "N")
    ] = None,
    seed: Seed = None,
    split: Annotated[
        str | None,
        _option(
            "--split",
            "stratified, or notebook: the seed notebook's own (default: stratified).",
            "NAME",
        ),
    ] = None,
    test_size: Annotated[
        float | None, _option("--test-size", "Share kept to judge by (default: 0.2).", "X")
    ] = None,
    validation_size: Annotated[
        float | None,
        _option(
            "--validation-size",
            "Share of the rest, to choose the best epoch by (default: 0.05).",
            "X",
        ),
    ] = None,
    balance: Annotated[
        bool, _option("--balance", "Show drawings of rare classes more often.")
    ] = False,
    augment: Annotated[
        int | None,
        _option("--augment", "Show each drawing in N variants, turned, stretched, mirrored …", "N"),
    ] = None,
    resume: Annotated[bool, _option("--resume", "Go on with the run in FOLDER.")] = False,
    restart: Restart = False,
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
        split=split,
        test_size=test_size,
        validation_size=validation_size,
        balance=balance or None,
        augment=augment,
    )
    _train(
        workflows.train,
        classes=classes,
        task=task,
        data=data,
        out=out,
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
        _option(
            "--part",
            "test: what training kept aside; all; auto: test if these are the drawings that the "
            "model was trained on, else all.",
            "NAME",
        ),
    ] = "auto",
    limit: Limit = None,
    engine: Engine = "auto",
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Measure a model on drawings: top-1, top-3, MAP@3, balanced accuracy, class by class."""
    from inkgrad import terminal, workflows

    console = terminal.make_console(sys.stderr if as_json else None)
    with terminal.TrainingDisplay(console) as display:
        evaluated = workflows.evaluate(
            model,
            data,
            part=part,
            limit=limit,
            engine=engine,
            offline=offline,
            on_progress=display.on_progress,
        )
    if as_json:
        _print_json({**evaluated.to_dict(), "model": str(model)})
    else:
        terminal.show_evaluation(console, evaluated.to_dict())


@app.command()
def predict(
    drawings: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="Pictures (.png …), .svg, .npy, strokes (.json, .ndjson), or - for any of these "
            "from standard input. If the first is a model, by name or file, it is the one to ask.",
        ),
    ],
    model: Annotated[
        Path | None, _option("--model", "Whom to ask (default: animals).", "MODEL")
    ] = None,
    top: Annotated[int, _option("--top", "Guesses a drawing.", "N")] = 3,
    engine: Engine = "auto",
    as_json: AsJson = False,
) -> None:
    """Say what drawings show, and how sure the network is."""
    from inkgrad import terminal, workflows
    from inkgrad.packaged import DEFAULT_MODEL, is_model

    if model is None and is_model(drawings[0]):
        model, drawings = Path(drawings[0]), drawings[1:]
    console = terminal.make_console(sys.stderr if as_json else None)
    with terminal.TrainingDisplay(console) as display:
        predictions = workflows.predict(
            DEFAULT_MODEL if model is None else model,
            drawings,
            top=top,
            engine=engine,
            on_progress=display.on_progress,
        )
    if as_json:
        _print_json([prediction.to_dict() for prediction in predictions])
    else:
        terminal.show_predictions(console, predictions)


@app.command()
def download(
    classes: Annotated[
        list[str] | None, typer.Argument(metavar="CLASS", help="Names, as you would say them.")
    ] = None,
    task: Annotated[str | None, _option("--task", "animals, or all 345.", "NAME")] = None,
    limit: Annotated[int | None, _option("--limit", "The first N drawings a class.", "N")] = 10_000,
    everything: Annotated[bool, _option("--all-rows", "No limit.")] = False,
    kind: Annotated[
        str, _option("--kind", "numpy_bitmap, simplified, raw or binary.", "KIND")
    ] = "numpy_bitmap",
    source: Annotated[str | None, _option("--from", "A mirror of the bucket.", "ADDRESS")] = None,
    to: Annotated[Path | None, _option("--to", "Instead of the cache.", "FOLDER")] = None,
) -> None:
    """Fetch drawings from Google's bucket or a mirror; never twice."""
    from inkgrad import terminal, workflows

    console = terminal.make_console()
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
    terminal.show_files(console, files)


@app.command()
def preview(
    drawings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DRAWINGS",
            help="Files of drawings, or folders: of such files, of your own drawings "
            "(CLASS/*.png|svg|json), or with the layout of Google's bucket. Otherwise "
            "$INKGRAD_DATA, or the built-in doodles.",
        ),
    ] = None,
    out: Annotated[Path, _option("--out -o", "The PNG to write.", "FILE")] = Path("sheet.png"),
    n: Annotated[int, _option("--n", "How many, the same number of each class.", "N")] = 48,
    classes: Annotated[
        str | None, _option("--class --classes", "Only drawings of these classes.", "A,B,C")
    ] = None,
    columns: Annotated[
        int | None, _option("--columns", "Drawings in a row (default: a handy shape).", "N")
    ] = None,
    seed: Annotated[int, _option("--seed", "Decides which are shown.", "N")] = 42,
) -> None:
    """Draw a contact sheet: strokes, the pixels that a network sees, and class of each drawing."""
    from inkgrad import terminal, workflows

    console = terminal.make_console()
    with terminal.TrainingDisplay(console, patience=1.0) as display:
        previewed = workflows.preview(
            drawings or (),
            out,
            n=n,
            classes=classes,
            columns=columns,
            seed=seed,
            on_progress=display.on_progress,
        )
    terminal.show_files(console, {f"{previewed.title}: {previewed.facts}": previewed.path})


@app.command()
def pack(
    drawings: Annotated[
        list[str],
        typer.Argument(
            metavar="DRAWINGS",
            help="Files of drawings, or folders: of such files, of your own drawings "
            "(CLASS/*.png|svg|json), or with the layout of Google's bucket.",
        ),
    ],
    out: Annotated[
        Path,
        _option(
            "--out -o",
            "One file for all if it ends in .npy; otherwise a folder, for a file CLASS.npy of "
            "each class.",
            "PLACE",
        ),
    ] = Path("bitmaps.npy"),
    side: Annotated[int, _option("--side", "Width and height in pixels.", "N")] = 28,
    pen: Annotated[
        float, _option("--pen", "The pen's width, where a drawing measures 255.", "X")
    ] = 16.0,
    padding: Annotated[float, _option("--padding", "The margin, likewise.", "X")] = 16.0,
) -> None:
    """Draw strokes and pictures as bitmaps, in files like Google's."""
    from inkgrad import terminal, workflows

    console = terminal.make_console()
    with terminal.TrainingDisplay(console, patience=1.0) as display:
        packed = workflows.pack(
            drawings,
            out,
            side=side,
            pen=pen,
            padding=padding,
            on_progress=display.on_progress,
        )
    terminal.show_files(
        console,
        {f"{file.label or 'drawings'}: {file.drawings:,}": file.path for file in packed},
    )


@app.command()
def export(
    model: ModelFile,
    as_html: Annotated[
        bool, _option("--html", "The drawing page in one file, which opens without a server.")
    ] = False,
    out: Annotated[Path, _option("--out -o", "The file to write.", "FILE")] = Path("doodles.html"),
) -> None:
    """Write a model in another form, to give away."""
    from inkgrad import terminal, workflows

    if not as_html:
        raise InkgradError("it is not said what to write; there is --html, the drawing page")
    console = terminal.make_console()
    with terminal.working(console, "packing"):
        exported = workflows.export_html(model, out)
    terminal.show_files(console, {f"the page in one file, {exported.size:,} bytes": exported.path})


@app.command()
def info(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="A model, by name or file, or drawings (default: the seed network).",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Describe the seed network, a model file or a file of drawings."""
    from inkgrad import terminal, workflows

    console = terminal.make_console(sys.stderr if as_json else None)
    with terminal.working(console, "reading"):
        facts = workflows.info(path)
    if as_json:
        _print_json(facts)
    else:
        terminal.show_facts(console, facts)


@app.command()
def check(
    model: Annotated[
        Path | None,
        typer.Argument(metavar="MODEL", help="As for evaluate (default: the seed network)."),
    ] = None,
    seed: Annotated[int, _option("--seed", "Draws the numbers.", "N")] = 0,
    as_json: AsJson = False,
) -> None:
    """Check every derivative against differences, in float64, layer by layer."""
    from inkgrad import load, terminal, workflows

    console = terminal.make_console(sys.stderr if as_json else None)
    with terminal.working(console, "differentiating"):
        checks = workflows.check(None if model is None else load(model).network, seed=seed)
    rows = [check.to_dict() for check in checks]
    if as_json:
        _print_json(rows)
    else:
        terminal.show_checks(console, rows)
    if not all(row["passed"] for row in rows):
        raise typer.Exit(1)


@app.command()
def serve(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL", help="A .safetensors file (default: the packaged animals)."
        ),
    ] = None,
    port: Annotated[int, _option("--port", "0 takes any that is free.", "N")] = 8028,
    host: Annotated[
        str, _option("--host", "Where to listen; by default only this machine can ask.", "ADDRESS")
    ] = "127.0.0.1",
    no_open: Annotated[bool, _option("--no-open", "Leave the browser closed.")] = False,
    engine: Engine = "auto",
) -> None:
    """Open the drawing page in the browser: draw, and watch the network think; Ctrl-C ends."""
    from inkgrad import web  # and nothing that loads NumPy before the server has seen to it

    leave_to_system()
    if sys.stderr.isatty():
        _echo("getting ready (the first time that takes some seconds) …", err=True)
    web.serve(
        model,
        host=host,
        port=port,
        engine=engine,
        open_browser=not no_open,
        on_ready=lambda address: _echo(f"the page is at {address}  (Ctrl-C ends)"),
    )
    _echo("ended")


def main() -> None:
    """Run the command line, and see that what it printed arrives."""
    try:
        try:
            app()
        finally:
            if sys.stdout is not None:  # a program without a console has none
                sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe has seen enough
        _discard_output()
        sys.exit(1)
    except OSError as error:
        _discard_output()
        _say(_sentence(error))
        sys.exit(2)


def _train(workflow: Any, **options: Any) -> Trained:
    """Run a training workflow with the live display, and show what came of it."""
    from inkgrad import terminal

    console = terminal.make_console()
    with terminal.TrainingDisplay(console) as display:
        trained: Trained = workflow(
            on_progress=display.on_progress,
            on_loaded=display.on_loaded,
            on_event=display.on_event,
            **options,
        )
    if trained.stopped == "interrupted":
        folder = shlex.quote(str(trained.folder))
        terminal.show_interruption(console, f"{_program()} train --resume --out {folder}")
        raise typer.Exit(128 + (trained.signal or signal.SIGINT))
    if trained.stopped != "finished already":  # which a note has said
        _show(console, trained)
    return trained


def _offer_page(model: Path) -> None:
    """Ask a person who sits at a terminal whether the drawing page shall be opened."""
    if not _somebody_is_there():
        return
    try:
        wanted = typer.confirm("Open the drawing page now?", default=True)
    except typer.Abort:  # Ctrl-C, or the end of the input: the demo itself is done
        _echo("")
        return
    if wanted:
        serve(str(model))


def _somebody_is_there() -> bool:
    """Tell whether a question would be seen, and could be answered."""
    streams = (sys.stdin, sys.stdout)
    return not os.environ.get("CI") and all(s is not None and s.isatty() for s in streams)


def _show(console: Console, trained: Trained) -> None:
    """Show what a training run has come to, and what to do next."""
    from inkgrad import terminal

    model, report = (trained.folder / name for name in ("model.safetensors", "report.html"))
    program, quoted = _program(), shlex.quote(str(model))
    place = trained.settings.data
    same_data = "" if place is None else f" --data {shlex.quote(place)}"
    terminal.show_training(
        console,
        trained.figures(),
        trained.examples(),
        files={"model": model, "report": f"{report}  (open it in a browser)"},
        next_commands={
            f"{program} serve {quoted}": "draw in the browser, and watch it think",
            f"{program} predict {quoted} my-drawing.png": "draw one in any paint program",
            f"{program} evaluate {quoted}{same_data}": "the figures again, class by class",
            f"{program} check": "is every derivative right? measure them",
            f"{program} train --classes cat,octopus,t-shirt": "any of Google's 345 classes",
        },
    )


def _program() -> str:
    """Return how the program was called, for commands that can be copied."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{Path(sys.executable).name} -m inkgrad"
    found = shutil.which("inkgrad")
    if found is None or Path(found).resolve() != called.resolve():
        return shlex.quote(sys.argv[0])
    return "inkgrad"


def _given(**options: Any) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def _print_json(value: Any) -> None:
    """Print a value as JSON, in ASCII, which every pipe lets through."""
    text = json.dumps(value, indent=1, allow_nan=False)
    _echo(text.replace("\x7f", r"\u007f"))  # the one control character that JSON lets through


def _say(message: str) -> None:
    """Say on standard error what is wrong, if there is still anybody to hear it."""
    red = "red" if sys.stderr.isatty() else None
    with contextlib.suppress(OSError):  # a terminal that was closed
        _echo(sentence(f"inkgrad: {message}"), err=True, fg=red)


@contextlib.contextmanager
def _notes() -> Iterator[None]:
    """Print what the readers of drawings warn of on standard error, each sentence once."""
    told: set[str] = set()

    def tell(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if not issubclass(category, DataWarning):
            usual(message, category, *where, **more)
        elif str(message) not in told:
            told.add(str(message))
            _echo(f"note: {message}", err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("always", DataWarning)
        usual, warnings.showwarning = warnings.showwarning, tell
        yield


def _echo(text: str, *, err: bool = False, fg: str | None = None) -> None:
    """Print lines in which nothing can command the terminal: the way out for all text here."""
    typer.secho("\n".join(map(printable, text.split("\n"))), err=err, fg=fg)


def _sentence(error: OSError) -> str:
    """Return what the system refused, in a sentence."""
    what = error.strerror or str(error)
    where = f": {error.filename}" if error.filename else ""
    return f"{what}{where}; check the path, its permissions, and that the disk has room"


def _discard_output() -> None:
    """Let what is still to be printed go nowhere: nobody can take it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
