"""The commands that show drawings to a model: `evaluate`, `predict` and `explain`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from inkgrad.cli.app import app
from inkgrad.cli.options import (
    AsJson,
    Data,
    Engine,
    Limit,
    ModelFile,
    Offline,
    Own,
    Precision,
    given,
    option,
)
from inkgrad.cli.output import print_json
from inkgrad.errors import InkgradError
from inkgrad.packaged import DEFAULT_MODEL, is_model

__all__ = ["evaluate", "explain", "predict"]


@app.command()
def evaluate(
    model: ModelFile,
    data: Data = None,
    own: Own = None,
    part: Annotated[
        str,
        option(
            "--part",
            "Drawings to measure on: test (held out from training), all, or auto: test if the "
            "model was trained on these drawings, else all.",
            "NAME",
        ),
    ] = "auto",
    limit: Limit = None,
    robustness: Annotated[
        bool,
        option(
            "--robustness",
            "Also measure what it costs when drawings are moved, turned, cut off, photographed …",
        ),
    ] = False,
    sample: Annotated[
        int | None,
        option(
            "--sample",
            "With --robustness: use at most N drawings for each disturbance, and N/40 photographs "
            "for each kind of these (default: 1000).",
            "N",
        ),
    ] = None,
    reject: Annotated[
        bool | None,
        typer.Option(
            "--reject/--no-reject",
            help="Also measure how well the model notices what is none of its classes (default: "
            "if it was trained with --reject).",
            show_default=False,
        ),
    ] = None,
    card: Annotated[
        Path | None,
        option("--card", "Write the model card, card.md and card.html, into FOLDER.", "FOLDER"),
    ] = None,
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
            own=own,
            part=part,
            limit=limit,
            engine=engine,
            precision=precision,
            offline=offline,
            robustness=robustness,
            reject=reject,
            on_progress=display.on_progress,
            **given(sample=sample),
        )
    files = [] if card is None else evaluated.write_card(card, str(model))
    if as_json:
        print_json({**evaluated.to_dict(), "model": str(model)})
    else:
        terminal.show_evaluation(console, evaluated.to_dict(), METRICS)
        if files:
            terminal.show_written(console, {file.name: file for file in files})


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
        Path | None, option("--model", f"Model to use (default: {DEFAULT_MODEL}).", "MODEL")
    ] = None,
    top: Annotated[int, option("--top", "Guesses per drawing.", "N")] = 3,
    reject: Annotated[
        bool | None,
        typer.Option(
            "--reject/--no-reject",
            help="Say which drawings are none of the classes (default: if the model was trained "
            "with --reject).",
            show_default=False,
        ),
    ] = None,
    engine: Engine = "auto",
    precision: Precision = "float32",
    as_json: AsJson = False,
) -> None:
    """Recognise drawings from files or standard input."""
    from inkgrad import terminal, workflows

    if model is None and is_model(drawings[0]):
        model, drawings = Path(drawings[0]), drawings[1:]
    console = terminal.make_console(sys.stderr if as_json else None)
    with terminal.TrainingDisplay(console) as display:
        predictions = workflows.predict(
            DEFAULT_MODEL if model is None else model,
            drawings,
            top=top,
            reject=reject,
            engine=engine,
            precision=precision,
            on_progress=display.on_progress,
        )
    if as_json:
        print_json([prediction.to_dict() for prediction in predictions])
    else:
        terminal.show_predictions(console, predictions)


@app.command()
def explain(
    named: Annotated[
        list[str],
        typer.Argument(
            metavar="[MODEL] FILE",
            help=f"The model, by name or file (default: {DEFAULT_MODEL}), and one drawing: strokes "
            "(.json, .ndjson, .svg …), an image, .npy, or - to read it from standard input.",
        ),
    ],
    class_name: Annotated[
        str | None, option("--class", "Class to explain (default: the likeliest).", "NAME")
    ] = None,
    number: Annotated[
        int | None,
        option("--number", "Drawing to explain, of a file that holds several (default: 1).", "K"),
    ] = None,
    out: Annotated[
        Path | None,
        option(
            "--out -o",
            "Picture to write, .png or .svg (default: why.png; none with --json).",
            "FILE",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show why: gradient, Grad-CAM, occlusion, and which strokes mattered."""
    from inkgrad import terminal, workflows

    if len(named) > 2:
        raise InkgradError(
            f"{len(named)} files are given; give a drawing, or a model and a drawing"
        )
    model, drawing = named if len(named) == 2 else (DEFAULT_MODEL, named[0])
    if out is None and not as_json:
        out = Path("why.png")
    console = terminal.make_console(sys.stderr if as_json else None)
    with terminal.working(console, "explaining"):
        why = workflows.explain(model, drawing, class_name, number=number, out=out)
    if as_json:
        print_json({**why.to_dict(), "model": model, "drawing": drawing})
        return
    terminal.show_explanation(console, why.to_dict())
    if out is not None:
        terminal.show_files(console, {f"why {why.class_name}": out})
