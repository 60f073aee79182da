"""The commands that train: `demo` and `train`."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inkgrad.cli.app import app
from inkgrad.cli.options import (
    Data,
    Engine,
    Limit,
    NetworkName,
    Offline,
    Own,
    Restart,
    Seed,
    Variation,
    given,
    option,
    strengths,
)
from inkgrad.cli.output import print_text
from inkgrad.cli.page import serve
from inkgrad.packaged import NAMES

if TYPE_CHECKING:
    from rich.console import Console

    from inkgrad.workflows import Trained

__all__ = ["demo", "train"]

_OUTLIERS = 0.25  # for each drawing, with --reject


@app.command()
def demo(
    data: Data = None,
    out: Annotated[Path, option("--out", "Folder to write to.", "FOLDER")] = Path("runs/demo"),
    limit: Limit = None,
    epochs: Annotated[
        int | None,
        option("--epochs", "Passes over the training set (default: a minute or two of them).", "N"),
    ] = None,
    seed: Seed = None,
    restart: Restart = False,
    engine: Engine = "auto",
    offline: Offline = False,
) -> None:
    """Train on five animals while you watch, in a minute or two."""
    from inkgrad import workflows

    choices = given(limit=limit, epochs=epochs, seed=seed, restart=restart or None)
    trained = _train(workflows.demo, data=data, out=out, engine=engine, offline=offline, **choices)
    _offer_page(trained.folder / "model.safetensors")


@app.command()
def train(
    task: Annotated[
        str | None,
        option("--task", "Classes to learn, by name: animals, all, or one in tasks.json.", "NAME"),
    ] = None,
    classes: Annotated[
        str | None, option("--classes", "Classes to learn, comma-separated.", "A,B,C")
    ] = None,
    network: NetworkName = None,
    start: Annotated[
        str | None,
        option(
            "--from",
            f"Start from the weights of this model, a .safetensors file, {NAMES}, and its network; "
            "only the weights of classes that it does not know start from chance.",
            "MODEL",
        ),
    ] = None,
    data: Data = None,
    own: Own = None,
    out: Annotated[
        Path | None, option("--out", "Folder to write to (default: runs/NAME).", "FOLDER")
    ] = None,
    limit: Limit = None,
    epochs: Annotated[
        int | None, option("--epochs", "Passes over the training set (default: 6).", "N")
    ] = None,
    batch_size: Annotated[
        int | None, option("--batch-size", "Drawings per step (default: 128).", "N")
    ] = None,
    optimizer: Annotated[
        str | None, option("--optimizer", "Optimiser: adam, adamw or sgd (default: adam).", "NAME")
    ] = None,
    learning_rate: Annotated[
        float | None,
        option("--learning-rate", "Peak learning rate (default: 0.002).", "X"),
    ] = None,
    schedule: Annotated[
        str | None,
        option(
            "--schedule",
            "Learning-rate schedule: constant, step, cosine or one-cycle (default: cosine).",
            "NAME",
        ),
    ] = None,
    momentum: Annotated[
        float | None, option("--momentum", "Momentum of sgd (default: 0.9).", "X")
    ] = None,
    nesterov: Annotated[bool, option("--nesterov", "Use Nesterov's momentum with sgd.")] = False,
    weight_decay: Annotated[
        float | None, option("--weight-decay", "Weight decay, not applied to biases.", "X")
    ] = None,
    clip_norm: Annotated[
        float | None, option("--clip-norm", "Clip the gradient norm to X.", "X")
    ] = None,
    label_smoothing: Annotated[
        float | None,
        option("--label-smoothing", "Share of the label spread over all classes.", "X"),
    ] = None,
    averaging: Annotated[
        float | None,
        option(
            "--averaging",
            "Answer by an average of the weights over the last steps, such as 0.999.",
            "X",
        ),
    ] = None,
    patience: Annotated[
        int | None,
        option(
            "--patience", "Stop after N epochs without improvement of the validation loss.", "N"
        ),
    ] = None,
    seed: Seed = None,
    split: Annotated[
        str | None,
        option(
            "--split",
            "Split: stratified, or the seed notebook's own, notebook (default: stratified).",
            "NAME",
        ),
    ] = None,
    split_seed: Annotated[
        int | None,
        option(
            "--split-seed",
            "Random seed of the split; without it, --seed decides the split too (default: 42).",
            "N",
        ),
    ] = None,
    fold: Annotated[
        str | None,
        option(
            "--fold",
            "Hold out the Ith of K parts for testing, as in 2/5: K runs judge by every drawing.",
            "I/K",
        ),
    ] = None,
    test_size: Annotated[
        float | None, option("--test-size", "Share held out for testing (default: 0.2).", "X")
    ] = None,
    validation_size: Annotated[
        float | None,
        option(
            "--validation-size",
            "Share of the rest held out for choosing the best epoch (default: 0.05).",
            "X",
        ),
    ] = None,
    balance: Annotated[
        bool, option("--balance", "Show drawings of rare classes more often.")
    ] = False,
    per_class: Annotated[
        int | None,
        option(
            "--per-class",
            "Show N drawings of each class per epoch: those of rare classes several times, of "
            "common ones others each time; by default all drawings, once.",
            "N",
        ),
    ] = None,
    augment: Annotated[
        int | None,
        option(
            "--augment",
            "Show each drawing N times per epoch, each time in a new variant: bent, turned, "
            "mirrored, without a stroke; 0 shows it as it is (default: 0).",
            "N",
        ),
    ] = None,
    variation: Variation = None,
    suspicious: Annotated[
        Path | None,
        option(
            "--suspicious",
            "List of drawings not to learn from: the suspicious.json that inspect has written.",
            "FILE",
        ),
    ] = None,
    reject: Annotated[
        bool,
        option(
            "--reject",
            "Learn, too, what is none of the classes: drawings of the data's other classes, dots, "
            "lines, scribbles and blanks.",
        ),
    ] = False,
    outliers: Annotated[
        float | None,
        option(
            "--outliers",
            "Drawings of none of the classes per drawing of theirs (default with --reject: 0.25).",
            "X",
        ),
    ] = None,
    resume: Annotated[bool, option("--resume", "Resume the run in FOLDER.")] = False,
    restart: Restart = False,
    engine: Engine = "auto",
    offline: Offline = False,
) -> None:
    """Train on any classes; Ctrl-C saves, --resume continues."""
    from inkgrad import workflows

    choices = given(
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
        split_seed=split_seed,
        fold=fold,
        test_size=test_size,
        validation_size=validation_size,
        balance=balance or None,
        per_class=per_class,
        augment=augment,
        variation=None if variation is None else strengths(variation),
        suspicious=suspicious,
        outliers=_OUTLIERS if reject and outliers is None else outliers,
        start=start,
        own=own,
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
        terminal.show_interruption(console, f"{program_name()} train --resume --out {folder}")
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
        print_text("")
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

    names = ("model.safetensors", "report.html", "card.html")
    model, report, card = (trained.folder / name for name in names)
    program, quoted = program_name(), shlex.quote(str(model))
    place = trained.settings.data
    same_data = "" if place is None else f" --data {shlex.quote(place)}"
    terminal.show_training(
        console,
        trained.figures(),
        METRICS,
        trained.examples(),
        files={
            "model": model,
            "report": f"{report}  (open it in a browser)",
            "card": f"{card}  (what users of the model must know)",
        },
        next_commands={
            f"{program} serve {quoted}": "draw in the browser, and watch it think",
            f"{program} predict {quoted} my-drawing.png": "draw one in any paint program",
            f"{program} evaluate {quoted}{same_data}": "the figures again, class by class",
            f"{program} check": "is every derivative right? measure them",
            f"{program} train --classes cat,octopus,t-shirt": "any of Google's 345 classes",
        },
    )


def program_name() -> str:
    """Return how the program was called, for commands that can be copied."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{Path(sys.executable).name} -m inkgrad"
    found = shutil.which("inkgrad")
    if found is None or Path(found).resolve() != called.resolve():
        return shlex.quote(sys.argv[0])
    return "inkgrad"
