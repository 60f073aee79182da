"""What the command line prints: in text that cannot command the terminal."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import typer

from inkgrad.errors import DataWarning
from inkgrad.text import printable, sentence

__all__ = ["discard_output", "in_words", "notes", "print_json", "print_text", "say"]


def print_text(text: str, *, err: bool = False, fg: str | None = None) -> None:
    """Print lines in which nothing can command the terminal: the way out for all text here."""
    typer.secho("\n".join(map(printable, text.split("\n"))), err=err, fg=fg)


def print_json(value: Any) -> None:
    """Print a value as JSON, in ASCII, which every pipe lets through."""
    text = json.dumps(value, indent=1, allow_nan=False)
    print_text(text.replace("\x7f", r"\u007f"))  # the one control character that JSON lets through


def say(message: str) -> None:
    """Print what is wrong to standard error, if it is still open."""
    red = "red" if sys.stderr.isatty() else None
    with contextlib.suppress(OSError):  # a terminal that was closed
        print_text(sentence(f"inkgrad: {message}"), err=True, fg=red)


@contextlib.contextmanager
def notes() -> Iterator[None]:
    """Print what the readers of drawings warn of on standard error, each sentence once."""
    told: set[str] = set()

    def tell(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if not issubclass(category, DataWarning):
            usual(message, category, *where, **more)
        elif str(message) not in told:
            told.add(str(message))
            print_text(f"note: {message}", err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("always", DataWarning)
        usual, warnings.showwarning = warnings.showwarning, tell
        yield


def in_words(error: OSError) -> str:
    """Return what the system refused, in a sentence."""
    what = error.strerror or str(error)
    where = f": {error.filename}" if error.filename else ""
    return f"{what}{where}; check the path, its permissions, and that the disk has room"


def discard_output() -> None:
    """Discard what is still to be printed: nobody can read it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
