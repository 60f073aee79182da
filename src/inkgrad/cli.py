"""Command line: one function per command, no logic of its own."""

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
        """Parse the command line; show what typer refuses as harmless text."""
        name = None if info_name is None else printable(info_name)
        try:
            return super().make_context(name, args, *more, **extra)
        except _UsageError as error:
            raise _harmless(error) from None

    def invoke(self, ctx: Any) -> Any:
        """Run a command, and turn what may go wrong into a sentence and an exit code."""
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
    help="A convolutional network you can read, which learns to recognise doodles.",
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
        "Drawings to use: a folder or address (file://, http(s)://) with the layout of Google's "
        "bucket; your own folder, CLASS/*.png|svg|json; or a file of strokes with a word for each "
        "(.ndjson), such as the drawing page saves. Default: $INKGRAD_DATA, the local cache, "
        "Google's bucket, or built-in doodles.",
        "PLACE",
    ),
]
Limit = Annotated[int | None, _option("--limit", "Use at most N drawings per class.", "N")]
Seed = Annotated[
    int | None,
    _option("--seed", "Random seed of split, initial weights and order (default: 42).", "N"),
]
Restart = Annotated[bool, _option("--restart", "Discard an interrupted run in FOLDER.")]
Engine = Annotated[
    str, _option("--engine", "Engine that runs the network: auto, cpu or reference.", "NAME")
]
Precision = Annotated[
    str,
    _option(
        "--precision",
        "What the network computes in: float32, or int8, which is faster on many processors and "
        "almost as accurate.",
        "NAME",
    ),
]
Offline = Annotated[bool, _option("--offline", "Download nothing.")]
NetworkName = Annotated[
    str | None,
    _option(
        "--network",
        "Network: seed, or a JSON file with what `inkgrad info --json` prints (default: seed).",
        "NAME|FILE",
    ),
]
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
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


@app.command()
def demo(
    data: Data = None,
    out: Annotated[Path, _option("--out", "Folder to write to.", "FOLDER")] = Path("runs/demo"),
    limit: Limit = None,
    epochs: Annotated[
        int | None,
        _option(
            "--epochs", "Passes over the training set (default: a minute or two of them).", "N"
        ),
    ] = None,
    seed: Seed = None,
    restart: Restart = False,
    engine: Engine = "auto",
    offline: Offline = False,
) -> None:
    """Train on five animals while you watch, in a minute or two."""
    from inkgrad import workflows

    choices = _given(limit=limit, epochs=epochs, seed=seed, restart=restart or None)
    trained = _train(workflows.demo, data=data, out=out, engine=engine, offline=offline, **choices)
    _offer_page(trained.folder / "model.safetensors")


@app.command()
def train(
    task: Annotated[
        str | None,
        _option("--task", "Classes to learn, by name: animals, all, or one in tasks.json.", "NAME"),
    ] = None,
    classes: Annotated[
        str | None, _option("--classes", "Classes to learn, comma-separated.", "A,B,C")
    ] = None,
    network: NetworkName = None,
    data: Data = None,
    out: Annotated[
        Path | None, _option("--out", "Folder to write to (default: runs/NAME).", "FOLDER")
    ] = None,
    limit: Limit = None,
    epochs: Annotated[
        int | None, _option("--epochs", "Passes over the training set (default: 6).", "N")
    ] = None,
    batch_size: Annotated[
        int | None, _option("--batch-size", "Drawings per step (default: 128).", "N")
    ] = None,
    optimizer: Annotated[
        str | None, _option("--optimizer", "Optimiser: adam, adamw or sgd (default: adam).", "NAME")
    ] = None,
    learning_rate: Annotated[
        float | None,
        _option("--learning-rate", "Peak learning rate (default: 0.002).", "X"),
    ] = None,
    schedule: Annotated[
        str | None,
        _option(
            "--schedule",
            "Learning-rate schedule: constant, step, cosine or one-cycle (default: cosine).",
            "NAME",
        ),
    ] = None,
    momentum: Annotated[
        float | None, _option("--momentum", "Momentum of sgd (default: 0.9).", "X")
    ] = None,
    nesterov: Annotated[bool, _option("--nesterov", "Use Nesterov's momentum with sgd.")] = False,
    weight_decay: Annotated[
        float | None, _option("--weight-decay", "Weight decay, not applied to biases.", "X")
    ] = None,
    clip_norm: Annotated[
        float | None, _option("--clip-norm", "Clip the gradient norm to X.", "X")
    ] = None,
    label_smoothing: Annotated[
        float | None,
        _option("--label-smoothing", "Share of the label spread over all classes.", "X"),
    ] = None,
    averaging: Annotated[
        float | None,
        _option(
            "--averaging",
            "Answer by an average of the weights over the last steps, such as 0.999.",
            "X",
        ),
    ] = None,
    patience: Annotated[
        int | None,
        _option(
            "--patience", "Stop after N epochs without improvement of the validation loss.", "N"
        ),
    ] = None,
    seed: Seed = None,
    split: Annotated[
        str | None,
        _option(
            "--split",
            "Split: stratified, or the seed notebook's own, notebook (default: stratified).",
            "NAME",
        ),
    ] = None,
    test_size: Annotated[
        float | None, _option("--test-size", "Share held out for testing (default: 0.2).", "X")
    ] = None,
    validation_size: Annotated[
        float | None,
        _option(
            "--validation-size",
            "Share of the rest held out for choosing the best epoch (default: 0.05).",
            "X",
        ),
    ] = None,
    balance: Annotated[
        bool, _option("--balance", "Show drawings of rare classes more often.")
    ] = False,
    augment: Annotated[
        int | None,
        _option(
            "--augment", "Train on N variants of each drawing: turned, stretched, mirrored …", "N"
        ),
    ] = None,
    resume: Annotated[bool, _option("--resume", "Resume the run in FOLDER.")] = False,
    restart: Restart = False,
    engine: Engine = "auto",
    offline: Offline = False,
) -> None:
    """Train on any classes; Ctrl-C saves, --resume continues."""
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
        averaging=averaging,
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
        network=network,
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
            "Drawings to measure on: test (held out from training), all, or auto: test if the "
            "model was trained on these drawings, else all.",
            "NAME",
        ),
    ] = "auto",
    limit: Limit = None,
    engine: Engine = "auto",
    precision: Precision = "float32",
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Measure a model's accuracy, overall and per class."""
    from inkgrad import terminal, workflows
    from inkgrad.insight import METRICS

    console = terminal.make_console(sys.stderr if as_json else None)
    with terminal.TrainingDisplay(console) as display:
        evaluated = workflows.evaluate(
            model,
            data,
            part=part,
            limit=limit,
            engine=engine,
            precision=precision,
            offline=offline,
            on_progress=display.on_progress,
        )
    if as_json:
        _print_json({**evaluated.to_dict(), "model": str(model)})
    else:
        terminal.show_evaluation(console, evaluated.to_dict(), METRICS)


@app.command()
def predict(
    drawings: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="Images (.png …), .svg, .npy, strokes (.json, .ndjson), folders of these, or - to "
            "read any of these from standard input. The first may be the model to use, by name or "
            "file.",
        ),
    ],
    model: Annotated[
        Path | None, _option("--model", "Model to use (default: animals).", "MODEL")
    ] = None,
    top: Annotated[int, _option("--top", "Guesses per drawing.", "N")] = 3,
    engine: Engine = "auto",
    precision: Precision = "float32",
    as_json: AsJson = False,
) -> None:
    """Recognise drawings from files or standard input."""
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
            precision=precision,
            on_progress=display.on_progress,
        )
    if as_json:
        _print_json([prediction.to_dict() for prediction in predictions])
    else:
        terminal.show_predictions(console, predictions)


@app.command()
def download(
    classes: Annotated[
        list[str] | None,
        typer.Argument(metavar="CLASS", help="Class names; capitals and spaces do not matter."),
    ] = None,
    task: Annotated[
        str | None,
        _option("--task", "Classes by task name: animals, or all (345 classes).", "NAME"),
    ] = None,
    limit: Annotated[
        int | None,
        _option("--limit", "Download the first N drawings per class.", "N"),
    ] = 10_000,
    everything: Annotated[
        bool, _option("--all-rows", "Download every drawing of each class.")
    ] = False,
    kind: Annotated[
        str,
        _option(
            "--kind",
            "File kind: numpy_bitmap, simplified, raw or binary.",
            "KIND",
        ),
    ] = "numpy_bitmap",
    source: Annotated[
        str | None, _option("--from", "Download from a mirror of Google's bucket.", "ADDRESS")
    ] = None,
    to: Annotated[
        Path | None, _option("--to", "Folder to write to (default: the cache).", "FOLDER")
    ] = None,
) -> None:
    """Download drawings from Google or a mirror, each only once."""
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
            "(CLASS/*.png|svg|json), or with the layout of Google's bucket. Default: "
            "$INKGRAD_DATA, or the built-in doodles.",
        ),
    ] = None,
    out: Annotated[Path, _option("--out -o", "PNG file to write.", "FILE")] = Path("sheet.png"),
    n: Annotated[int, _option("--n", "Number of drawings, equally many per class.", "N")] = 48,
    classes: Annotated[
        str | None,
        _option("--class --classes", "Show only these classes, comma-separated.", "A,B,C"),
    ] = None,
    columns: Annotated[
        int | None, _option("--columns", "Drawings per row (default: about as wide as high).", "N")
    ] = None,
    seed: Annotated[int, _option("--seed", "Random seed that picks the drawings.", "N")] = 42,
) -> None:
    """Draw a contact sheet: strokes and the pixels a network sees."""
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
            "One file for all drawings if it ends in .npy; otherwise a folder, which gets one "
            "CLASS.npy per class.",
            "PLACE",
        ),
    ] = Path("bitmaps.npy"),
    side: Annotated[int, _option("--side", "Width and height of a bitmap in pixels.", "N")] = 28,
    pen: Annotated[
        float, _option("--pen", "Pen width, where a drawing is 255 units wide.", "X")
    ] = 16.0,
    padding: Annotated[float, _option("--padding", "Margin, in the same units.", "X")] = 16.0,
) -> None:
    """Convert strokes and images to .npy bitmaps like Google's."""
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
        bool, _option("--html", "Write the drawing page as one HTML file that needs no server.")
    ] = False,
    out: Annotated[Path, _option("--out -o", "File to write.", "FILE")] = Path("doodles.html"),
    weights: Annotated[
        str | None,
        _option(
            "--weights",
            "float16 or int8 (default: int8 for more than 400,000 parameters).",
            "KIND",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        _option("--data", "Drawings by which to measure what rounding the weights costs.", "PATH"),
    ] = None,
) -> None:
    """Write a model in another form, such as one HTML page."""
    from inkgrad import terminal, workflows

    if not as_html:
        raise InkgradError("no format given; add --html for the drawing page")
    console = terminal.make_console()
    with terminal.working(console, "packing"):
        exported = workflows.export_html(model, out, weights=weights, data=data)
    what = f"the page in one file, {exported.size:,} bytes, weights in {exported.weights}"
    terminal.show_files(console, {what: exported.path})
    if exported.before is not None and exported.after is not None:
        terminal.show_rounding(console, exported.before, exported.after, exported.drawings)


@app.command()
def info(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="A model, by name or file, or a file of drawings (default: the seed network).",
        ),
    ] = None,
    network: NetworkName = None,
    as_json: AsJson = False,
) -> None:
    """Describe a model, a file of drawings or the seed network."""
    from inkgrad import terminal, workflows

    console = terminal.make_console(sys.stderr if as_json else None)
    with terminal.working(console, "reading"):
        facts = workflows.info(path, network=network)
    if as_json:
        _print_json(facts)
    else:
        terminal.show_facts(console, facts)


@app.command()
def check(
    model: Annotated[
        Path | None,
        typer.Argument(
            metavar="MODEL",
            help="A .safetensors file, animals or twenty (default: the seed network).",
        ),
    ] = None,
    network: NetworkName = None,
    seed: Annotated[int, _option("--seed", "Random seed of parameters and inputs.", "N")] = 0,
    exact: Annotated[
        bool,
        _option("--exact", "Check all kinds of layers in fractions, where nothing is rounded."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check every derivative numerically, layer by layer."""
    from inkgrad import load, terminal, workflows

    console = terminal.make_console(sys.stderr if as_json else None)
    if sum([model is not None, network is not None, exact]) > 1:
        raise InkgradError(
            "a model, --network and --exact (all kinds of layers, in any network) are different "
            "things to check; name one of them"
        )
    if exact:
        with terminal.working(console, "differentiating in fractions"):
            facts = workflows.check_exact(seed=seed)
        if as_json:
            _print_json(facts)
        else:
            terminal.show_exact_checks(console, facts)
        if not facts["passed"]:
            raise typer.Exit(1)
        return
    with terminal.working(console, "differentiating"):
        if model is not None:
            checked = load(model).network
        else:
            checked = workflows.find_network("seed" if network is None else network)
        checks = workflows.check(checked, seed=seed)
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
            metavar="MODEL", help="A .safetensors file, animals or twenty (default: twenty)."
        ),
    ] = None,
    port: Annotated[int, _option("--port", "Port to listen on; 0 picks a free one.", "N")] = 8028,
    host: Annotated[
        str,
        _option(
            "--host", "Address to listen on; by default, only this machine can connect.", "ADDRESS"
        ),
    ] = "127.0.0.1",
    no_open: Annotated[bool, _option("--no-open", "Do not open a browser.")] = False,
    allow_frames: Annotated[
        bool, _option("--allow-frames", "Let slides and other pages show the page in a frame.")
    ] = False,
    engine: Engine = "auto",
    precision: Precision = "float32",
) -> None:
    """Open the drawing page in your browser; Ctrl-C ends it."""
    from inkgrad import web  # and nothing that loads NumPy before the server has seen to it

    leave_to_system()
    if sys.stderr.isatty():
        _echo("getting ready (the first time that takes some seconds) …", err=True)
    web.serve(
        model,
        host=host,
        port=port,
        engine=engine,
        precision=precision,
        open_browser=not no_open,
        allow_frames=allow_frames,
        on_ready=lambda address: _echo(f"the page is at {address}  (Ctrl-C ends)"),
    )
    _echo("ended")


def main() -> None:
    """Run the command line, and flush what it printed."""
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
    """Ask a person at a terminal whether to open the drawing page."""
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
    """Return whether a question would be seen and could be answered."""
    streams = (sys.stdin, sys.stdout)
    return not os.environ.get("CI") and all(s is not None and s.isatty() for s in streams)


def _show(console: Console, trained: Trained) -> None:
    """Show the results of a training run, and what to do next."""
    from inkgrad import terminal
    from inkgrad.insight import METRICS

    model, report = (trained.folder / name for name in ("model.safetensors", "report.html"))
    program, quoted = _program(), shlex.quote(str(model))
    place = trained.settings.data
    same_data = "" if place is None else f" --data {shlex.quote(place)}"
    terminal.show_training(
        console,
        trained.figures(),
        METRICS,
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
    """Print what is wrong to standard error, if it is still open."""
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
    """Discard what is still to be printed: nobody can read it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
