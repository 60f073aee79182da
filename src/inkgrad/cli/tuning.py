"""The command that changes a model's classes: `tune`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from inkgrad.cli.app import app
from inkgrad.cli.options import AsJson, Engine, ModelFile, option
from inkgrad.cli.output import print_json
from inkgrad.errors import InkgradError

__all__ = ["tune"]


@app.command()
def tune(
    model: ModelFile,
    own: Annotated[
        str | None,
        option(
            "--own",
            "Your drawings of classes to add or refine: a folder, CLASS/*.png|svg|json, or a file "
            "of strokes with a word for each (.ndjson), such as the drawing page saves.",
            "PLACE",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        option("--out -o", "File to write (default: MODEL-tuned.safetensors, a new one).", "FILE"),
    ] = None,
    remove: Annotated[
        str | None, option("--remove", "Classes to remove, comma-separated.", "A,B")
    ] = None,
    rename: Annotated[
        list[str] | None,
        option("--rename", "Rename a class; may be given several times.", "OLD=NEW"),
    ] = None,
    data: Annotated[
        str | None,
        option(
            "--data",
            "Drawings of the old classes, to measure what they lose: the data that the model was "
            "trained on, or other drawings. Default: $INKGRAD_DATA; without it, an estimate.",
            "PLACE",
        ),
    ] = None,
    engine: Engine = "auto",
    as_json: AsJson = False,
) -> None:
    """Add classes from ten drawings each, refine, remove or rename them, in seconds."""
    from inkgrad import terminal, workflows
    from inkgrad.quickdraw.tasks import class_names

    console = terminal.make_console(sys.stderr if as_json else None)
    with terminal.TrainingDisplay(console, patience=1.0) as display:
        tuned = workflows.tune(
            model,
            own,
            out=out,
            remove=() if remove is None else class_names(remove),
            rename=dict(map(_renaming, rename or ())),
            data=data,
            engine=engine,
            on_progress=display.on_progress,
        )
    if as_json:
        print_json(tuned.to_dict())
    else:
        terminal.show_tuning(console, tuned.to_dict())


def _renaming(words: str) -> tuple[str, str]:
    old, equals, new = words.partition("=")
    if not equals:
        raise InkgradError(f"{words!r} does not say what a class is renamed to; write OLD=NEW")
    return old.strip(), new.strip()
