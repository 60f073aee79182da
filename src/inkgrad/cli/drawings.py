"""The commands for drawings themselves: `download`, `preview`, `inspect` and `pack`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from inkgrad.cli.app import app
from inkgrad.cli.options import AsJson, Engine, Limit, Offline, Variation, option, strengths
from inkgrad.cli.output import print_json

__all__ = ["download", "inspect", "pack", "preview"]


@app.command()
def download(
    classes: Annotated[
        list[str] | None,
        typer.Argument(metavar="CLASS", help="Class names; capitals and spaces do not matter."),
    ] = None,
    task: Annotated[
        str | None,
        option("--task", "Classes by task name: animals, or all (345 classes).", "NAME"),
    ] = None,
    limit: Annotated[
        int | None,
        option("--limit", "Download the first N drawings per class.", "N"),
    ] = 10_000,
    everything: Annotated[
        bool, option("--all-rows", "Download every drawing of each class.")
    ] = False,
    kind: Annotated[
        str,
        option(
            "--kind",
            "File kind: numpy_bitmap, simplified, raw or binary.",
            "KIND",
        ),
    ] = "numpy_bitmap",
    source: Annotated[
        str | None, option("--from", "Download from a mirror of Google's bucket.", "ADDRESS")
    ] = None,
    to: Annotated[
        Path | None, option("--to", "Folder to write to (default: the cache).", "FOLDER")
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
    out: Annotated[Path, option("--out -o", "PNG file to write.", "FILE")] = Path("sheet.png"),
    n: Annotated[int, option("--n", "Number of drawings, equally many per class.", "N")] = 48,
    classes: Annotated[
        str | None,
        option("--class --classes", "Show only these classes, comma-separated.", "A,B,C"),
    ] = None,
    columns: Annotated[
        int | None, option("--columns", "Drawings per row (default: about as wide as high).", "N")
    ] = None,
    seed: Annotated[int, option("--seed", "Random seed that picks the drawings.", "N")] = 42,
    variants: Annotated[
        int,
        option("--variants", "Variants to show behind each drawing, as train --augment.", "N"),
    ] = 0,
    variation: Variation = None,
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
            variants=variants,
            variation=None if variation is None else strengths(variation),
            on_progress=display.on_progress,
        )
    terminal.show_files(console, {f"{previewed.title}: {previewed.facts}": previewed.path})


@app.command()
def inspect(
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="PLACE", help="Drawings to inspect, as for train --data (default: the same)."
        ),
    ] = None,
    classes: Annotated[
        str | None, option("--classes", "Classes to inspect, comma-separated.", "A,B,C")
    ] = None,
    task: Annotated[
        str | None, option("--task", "Classes by task name, as for train.", "NAME")
    ] = None,
    limit: Limit = None,
    out: Annotated[
        Path,
        option("--out -o", "Folder for suspicious.json and a CLASS.png per class.", "FOLDER"),
    ] = Path("suspicious"),
    n: Annotated[int, option("--n", "Maximum drawings on a sheet; the list has all.", "N")] = 48,
    folds: Annotated[int, option("--folds", "Folds of the cross-validation.", "N")] = 4,
    epochs: Annotated[
        int | None,
        option(
            "--epochs",
            "Passes over the drawings in each fold (default: to see 200,000, 3 to 30).",
            "N",
        ),
    ] = None,
    seed: Annotated[int, option("--seed", "Random seed of split, folds and training.", "N")] = 42,
    engine: Engine = "auto",
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Show drawings whose label is probably wrong."""
    from inkgrad import terminal, workflows

    console = terminal.make_console(sys.stderr if as_json else None)
    with terminal.TrainingDisplay(console) as display:
        found = workflows.inspect(
            data,
            out,
            classes=classes,
            task=task,
            limit=limit,
            n=n,
            folds=folds,
            epochs=epochs,
            seed=seed,
            engine=engine,
            offline=offline,
            on_progress=display.on_progress,
        )
    if as_json:
        print_json(found.to_dict())
        return
    rather = {name: [one.suggested for one in found.of(name)] for name in found.counts}
    terminal.show_inspection(console, found.counts, rather)
    what = (
        f"{len(found.suspicious):,} of {sum(found.counts.values()):,} drawings are suspicious "
        f"(networks that had not seen them were right about {found.accuracy:.1%})"
    )
    terminal.show_files(console, {what: found.path})


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
        option(
            "--out -o",
            "One file for all drawings if it ends in .npy; otherwise a folder, which gets one "
            "CLASS.npy per class.",
            "PLACE",
        ),
    ] = Path("bitmaps.npy"),
    side: Annotated[int, option("--side", "Width and height of a bitmap in pixels.", "N")] = 28,
    pen: Annotated[
        float, option("--pen", "Pen width, where a drawing is 255 units wide.", "X")
    ] = 16.0,
    padding: Annotated[float, option("--padding", "Margin, in the same units.", "X")] = 16.0,
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
