"""Consoles for tests: a pipe, a terminal with or without colour, and one with few letters."""

from __future__ import annotations

import io

from rich.console import Console

from inkgrad.terminal import make_console


def pipe(width=80):
    """Return a console that is not a terminal."""
    return Console(
        file=io.StringIO(), width=width, highlight=False, markup=False, _environ={"TERM": "xterm"}
    )


def terminal(width=80, color="truecolor", **environment):
    """Return a console that takes itself for a terminal."""
    return Console(
        file=io.StringIO(),
        width=width,
        height=40,
        force_terminal=True,
        color_system=color,
        highlight=False,
        markup=False,
        legacy_windows=False,
        _environ={"TERM": "xterm-256color", **environment},
    )


def ascii_pipe(encoding="ascii"):
    """Return a console over a stream that has few letters; read it by `bytes_of`."""
    return make_console(io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True))


def bytes_of(console):
    """Return what was written to an `ascii_pipe`."""
    return console.file.buffer.getvalue()


def text_of(console):
    """Return what was printed."""
    return console.file.getvalue()


def printed(renderable, console):
    """Print something and return the lines, without the spaces at their ends."""
    console.print(renderable)
    return [line.rstrip() for line in text_of(console).splitlines()]
