"""JavaScript taken apart into code, comments and literals: just enough to know which is which."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from inkgrad.errors import InkgradError

__all__ = ["Piece", "pieces"]

# Where one of these stands before it, a slash begins a regular expression; after any other word or
# a closing bracket it divides.
_BEFORE_REGEX = re.compile(
    r"(?:^|[(,=:\[!&|?{;+\-*%<>~^]|(?<![\w$.])"
    r"(?:return|typeof|case|in|of|delete|void|throw|new|else|do|yield|await|instanceof))$"
)
_STRING = re.compile(r'"(?:\\[\s\S]|[^"\\\n])*"|' r"'(?:\\[\s\S]|[^'\\\n])*'")
_REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/[a-z]*")
_COMMENT = re.compile(r"//[^\n]*|/\*[\s\S]*?\*/")
_CODE = re.compile(r"[^\"'`/{}]+")
_TEMPLATE = re.compile(r"(?:\\[\s\S]|\$(?!\{)|[^`\\$])*")


class Piece(NamedTuple):
    """A piece of a source.

    Parameters
    ----------
    kind : "code", "comment" or "literal"
        A literal is a string, a regular expression, or what a template has between its ``${…}``.
    start, stop : int
        Where it stands.
    """

    kind: str
    start: int
    stop: int


def pieces(source: str, name: str) -> Iterator[Piece]:
    r"""Yield the pieces of a source, which together are all of it.

    Parameters
    ----------
    source : str
    name : str
        How an error calls the source.

    Raises
    ------
    InkgradError
        If a literal, a comment or a bracket is not closed. So is most of what is not understood:
        a slash is taken for a division after ``)`` and ``}``.

    Examples
    --------
    >>> source = 'a = "//"; // b'
    >>> [(piece.kind, source[piece.start : piece.stop]) for piece in pieces(source, "a.js")]
    [('code', 'a = '), ('literal', '"//"'), ('code', '; '), ('comment', '// b')]
    """
    brackets: list[str] = []  # "{", or "${" of a template
    before = ""  # the code since the last literal; of a literal, a letter
    at = 0
    while at < len(source):
        kind, stop = "code", at + 1
        letter = source[at]
        if letter == "`" or (letter == "}" and brackets[-1:] == ["${"]):
            if letter == "}":
                brackets.pop()
            kind = "literal"
            stop = _match(_TEMPLATE, source, at + 1, name)
            if stop == len(source):
                raise _unclosed(source, at, name)
            if source[stop] == "$":
                brackets.append("${")
                before, stop = "(", stop + 2
            else:
                before, stop = "x", stop + 1
        elif letter in "\"'":
            kind, before = "literal", "x"
            stop = _match(_STRING, source, at, name)
        elif source.startswith(("//", "/*"), at):
            kind = "comment"
            stop = _match(_COMMENT, source, at, name)
        elif letter == "/" and _BEFORE_REGEX.search(before.rstrip()):
            kind, before = "literal", "x"
            stop = _match(_REGEX, source, at, name)
        elif letter in "{}":
            if letter == "{":
                brackets.append("{")
            elif not brackets:
                raise _unclosed(source, at, name)
            else:
                brackets.pop()
            before = letter
        elif letter == "/":
            before = letter
        else:
            stop = _match(_CODE, source, at, name)
            before += source[at:stop]
        yield Piece(kind, at, stop)
        at = stop
    if brackets:
        raise _unclosed(source, at, name)


def _match(pattern: re.Pattern[str], source: str, at: int, name: str) -> int:
    """Return where what begins at `at` ends."""
    found = pattern.match(source, at)
    if found is None:
        raise _unclosed(source, at, name)
    return found.end()


def _unclosed(source: str, at: int, name: str) -> InkgradError:
    line = source.count("\n", 0, at) + 1
    return InkgradError(
        f"{name}: line {line}: a string, template, comment, regular expression or bracket has no "
        "end or no beginning; close it, or write it more plainly"
    )
