"""Text files: decoded as they say themselves, and read a line at a time with a limit on each."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

from inkgrad.errors import DataError

__all__ = ["MAX_LINE", "decode", "encoding_of", "lines"]

MAX_LINE = 16 * 1024 * 1024
"""Longest line that is read, in bytes; the longest raw drawings have some hundred thousand."""

_NAMES = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8"}


def encoding_of(beginning: bytes) -> str:
    """Return how a text is encoded that begins so: UTF-8, or UTF-16 as Windows programs save it.

    Byte-order marks tell, or else zero bytes beside a first letter: what is read here begins
    with one of ASCII's.

    Examples
    --------
    >>> encoding_of("a,b".encode("utf-16")), encoding_of(b"a,b")
    ('utf-16', 'utf-8')
    """
    return json.detect_encoding(beginning[:4])


def decode(content: bytes, where: str) -> str:
    """Return a text without its byte-order mark.

    Raises
    ------
    DataError
        If it is not text in UTF-8 or, where it begins so, in UTF-16 or UTF-32.
    """
    encoding = encoding_of(content)
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise _not_text(where, encoding) from None


def lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""Yield the lines of a text file, each with its number.

    A byte-order mark at the beginning is skipped; line ends are kept.

    Raises
    ------
    DataError
        If a line is not text in UTF-8 (or in UTF-16 or UTF-32, where the file begins so), or
        longer than `MAX_LINE` bytes.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = path.write_text("one\n\nthree\n")
    >>> list(lines(path))
    [(1, 'one\n'), (2, '\n'), (3, 'three\n')]
    """
    with path.open("rb") as file:
        encoding = encoding_of(file.peek(4))
        if encoding not in _NAMES:
            yield from _wide_lines(file, encoding, path)
            return
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            where = f"{path}: line {number}"
            if len(line) > MAX_LINE:
                raise _too_long(where)
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            try:
                yield number, line.decode()
            except UnicodeDecodeError:
                raise _not_text(where, encoding) from None


def _wide_lines(file: io.BufferedReader, encoding: str, path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text whose letters take two bytes or more."""
    number = 1
    with io.TextIOWrapper(file, encoding, newline="\n") as text:
        try:
            while line := text.readline(MAX_LINE // 2 + 1):
                if len(line) > MAX_LINE // 2:
                    raise _too_long(f"{path}: line {number}")
                yield number, line.removeprefix("\ufeff")
                number += 1
        except UnicodeError:
            raise _not_text(f"{path}: line {number}", encoding) from None


def _too_long(where: str) -> DataError:
    return DataError(f"{where} is longer than {MAX_LINE:,} bytes; that is no drawing")


def _not_text(where: str, encoding: str) -> DataError:
    name = _NAMES.get(encoding, encoding.upper()[:6])
    return DataError(f"{where} is not text in {name}; save the file as text in UTF-8")
