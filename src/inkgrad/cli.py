"""The command line: one function a command, no logic of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from inkgrad.errors import InkgradError
from inkgrad.version import __version__

if TYPE_CHECKING:
    from inkgrad.workflows import Trained

__all__ = ["app", "main"]

app = typer.Typer(
    name="inkgrad",
    help="A convolutional network you can read: it learns to recognise doodles.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="PLACE",
        envvar="INKGRAD_DATA",
        help="A folder or an address (file://, http(s)://) with the layout of Google's bucket, or "
        "a folder of your own drawings, CLASS/*.png|svg|json.",
        show_envvar=True,
    ),
]
Engine = Annotated[str, typer.Option("--engine", help="Who carries the network out.")]
Offline = Annotated[bool, typer.Option("--offline", help="Ask no server.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Limit = Annotated[
    int | None, typer.Option("--limit", metavar="N", help="At most N drawings a class.")
]
Seed = Annotated[int, typer.Option("--seed", help="Same seed, same data, same result.")]


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"inkgrad {__version__}")
        raise typer.Exit


@app.command()
def demo(
    data: Data = None,
    out: Annotated[Path, typer.Option("--out", help="Where to write.")] = Path("runs/demo"),
    epochs: Annotated[int | None, typer.Option("--epochs", help="Instead of the usual.")] = None,
    seed: Seed = 42,
    engine: Engine = "auto",
    offline: Offline = False,
) -> None:
    """Train the seed network on five animals, before your eyes, in a minute or two."""
    from inkgrad import terminal, workflows

    with terminal.TrainingDisplay() as display:
        trained = workflows.demo(
            data,
            out=out,
            epochs=epochs,
            seed=seed,
            engine=engine,
            offline=offline,
            on_progress=display.on_progress,
            on_loaded=display.on_loaded,
            on_event=display.on_event,
        )
    _show_trained(trained)


def main() -> NoReturn:
    """Run the command line: a user's mistake is one sentence and exit code 2, no traceback."""
    try:
        app(standalone_mode=False)
    except InkgradError as error:
        raise SystemExit(_fail(str(error))) from None
    raise SystemExit(0)
