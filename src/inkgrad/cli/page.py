"""The command that opens the drawing page: `serve`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from inkgrad.cli.app import app
from inkgrad.cli.options import Engine, Precision, option
from inkgrad.cli.output import print_text
from inkgrad.packaged import DEFAULT_MODEL, NAMES
from inkgrad.signals import leave_to_system

__all__ = ["serve"]


@app.command()
def serve(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL", help=f"A .safetensors file, {NAMES} (default: {DEFAULT_MODEL})."
        ),
    ] = None,
    port: Annotated[int, option("--port", "Port to listen on; 0 picks a free one.", "N")] = 8028,
    host: Annotated[
        str,
        option(
            "--host", "Address to listen on; by default, only this machine can connect.", "ADDRESS"
        ),
    ] = "127.0.0.1",
    no_open: Annotated[bool, option("--no-open", "Do not open a browser.")] = False,
    allow_frames: Annotated[
        bool, option("--allow-frames", "Let slides and other pages show the page in a frame.")
    ] = False,
    engine: Engine = "auto",
    precision: Precision = "float32",
) -> None:
    """Open the drawing page in your browser; Ctrl-C ends it."""
    from inkgrad import web  # and nothing that loads NumPy before the server has seen to it

    leave_to_system()
    if sys.stderr.isatty():
        print_text("getting ready (the first time that takes some seconds) …", err=True)
    web.serve(
        model,
        host=host,
        port=port,
        engine=engine,
        precision=precision,
        open_browser=not no_open,
        allow_frames=allow_frames,
        on_ready=lambda address: print_text(f"the page is at {address}  (Ctrl-C ends)"),
    )
    print_text("ended")
