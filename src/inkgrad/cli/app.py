"""The program: how its commands end, whatever happens in them."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from inkgrad.cli.output import discard_output, in_words, notes, print_text, say
from inkgrad.errors import InkgradError
from inkgrad.signals import Stopped, raise_stopped
from inkgrad.text import printable, sentence
from inkgrad.version import __version__

__all__ = ["app", "main"]


UsageError: Any = typer.BadParameter.__base__  # what typer says, in its own words and frame


_ORDER = (
    *("demo", "train", "tune", "evaluate", "predict", "explain"),
    *("download", "preview", "inspect", "pack", "export", "info", "check", "serve"),
)
"""As help lists the commands."""


class Commands(TyperGroup):
    """The commands: a user's mistake ends one in a sentence and exit code 2, never a traceback."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the commands' names in the order in which they are shown."""
        return sorted(super().list_commands(ctx), key=_ORDER.index)

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> Any:
        """Parse the command line; show what typer refuses as harmless text."""
        name = None if info_name is None else printable(info_name)
        try:
            return super().make_context(name, args, *more, **extra)
        except UsageError as error:
            raise _harmless(error) from None

    def invoke(self, ctx: Any) -> Any:
        """Run a command, and turn what may go wrong into a sentence and an exit code."""
        try:
            with raise_stopped(), notes():
                return super().invoke(ctx)
        except UsageError as error:
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
            message, code = in_words(error), 2
        say(message)
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


def _print_version(wanted: bool) -> None:
    if wanted:
        print_text(f"inkgrad {__version__}")
        raise typer.Exit


@app.callback()
def _inkgrad(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line, and flush what it printed."""
    try:
        try:
            app()
        finally:
            if sys.stdout is not None:  # a program without a console has none
                sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe has seen enough
        discard_output()
        sys.exit(1)
    except OSError as error:
        discard_output()
        say(in_words(error))
        sys.exit(2)
