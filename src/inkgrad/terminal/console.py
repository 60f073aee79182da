"""The console that everything is shown on: any terminal, a pipe, a file, whatever its letters."""

from __future__ import annotations

import codecs
import sys
import unicodedata
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from inkgrad.text import printable as clean

__all__ = ["clean", "make_console", "word", "working"]

BLUE, RED, YELLOW, DIM = "#7f9bff", "#ff7b66", "#e0b04a", "bright_black"

_STAND_INS = {
    "–": "-",
    "—": "-",
    "−": "-",
    "·": ".",
    "…": ".",
    "×": "x",
    "✓": "+",
    "✗": "x",
    "★": "*",
    "→": ">",
    "≤": "<",
    "━": "#",
    "╸": "#",
    "╺": " ",
    "─": "-",
    "⟨": "<",
    "⟩": ">",
    "ᵀ": "'",
    "\u202f": " ",
    "\u00a0": " ",
}
"""One letter of ASCII for each of ours, so that columns stay aligned."""


def make_console(file: TextIO | None = None) -> Console:
    r"""Return a console for a stream, by default the standard output.

    Colour and live display are used only on a terminal, and no colour where ``NO_COLOR`` is set
    (both by rich). Letters that the stream's encoding does not have are replaced by similar ones;
    nothing that is printed can fail for them. Control characters are replaced by question marks,
    wherever they come from.

    Examples
    --------
    >>> import io
    >>> raw = io.BytesIO()
    >>> console = make_console(io.TextIOWrapper(raw, encoding="ascii"))
    >>> console.print("café – 3 × 4 ✓ 猫")
    >>> raw.getvalue()
    b'cafe - 3 x 4 + ?\n'
    """
    stream = sys.stdout if file is None else file
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        codecs.register_error("inkgrad", _replace)
        reconfigure(errors="inkgrad")
    return _SafeConsole(file=stream, highlight=False, markup=False, emoji=False)


class _SafeConsole(Console):
    """A console on which only rich can command the terminal, whatever text it is given."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the pieces of text that are to be printed, each made harmless."""
        for piece in super().render(renderable, options):
            if piece.control or piece.text.isprintable():
                yield piece
            else:
                yield Segment("\n".join(map(clean, piece.text.split("\n"))), piece.style)


def working(console: Console, text: str) -> AbstractContextManager[object]:
    """Return a context in which a terminal shows that something is under way; a pipe nothing.

    Examples
    --------
    >>> with working(make_console(), "checking"):
    ...     pass
    """
    if not console.is_terminal or console.is_dumb_terminal:
        return nullcontext()
    spinner = "line" if console.options.ascii_only else "dots"
    return console.status(Text(text, DIM), spinner=spinner, spinner_style=BLUE)


def word(text: str, style: str = "") -> Text:
    """Return text that came from outside, to be shown as it is."""
    return Text(clean(text), style)


def _replace(error: UnicodeError) -> tuple[str, int]:
    """Stand in for letters that an encoding lacks (an error handler, see `codecs`)."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(_stand_in(letter) for letter in letters), error.end


def _stand_in(letter: str) -> str:
    """Return a letter of ASCII for any other: ours by the table, é as e, the rest as ?."""
    base = unicodedata.normalize("NFKD", letter)[:1]
    return _STAND_INS.get(letter) or (base if base.isascii() else "?")
