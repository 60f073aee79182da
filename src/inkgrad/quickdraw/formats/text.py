"""Lines of a text file, read one at a time with a limit on each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inkgrad.errors import DataError

__all__ = ["MAX_LINE", "lines"]

MAX_LINE = 16 * 1024 * 1024
"""Longest line that is read, in bytes; the longest raw drawings have some hundred thousand."""


def lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""Yield the lines of a UTF-8 file, each with its number.

    A byte-order mark at the beginning is skipped; line ends are kept.

    Raises
    ------
    DataError
        If a line is not UTF-8 or longer than `MAX_LINE` bytes.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = path.write_text("one\n\nthree\n")
    >>> list(lines(path))
    [(1, 'one\n'), (2, '\n'), (3, 'three\n')]
    """
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            where = f"{path}: line {number}"
            if len(line) > MAX_LINE:
                raise DataError(f"{where} is longer than {MAX_LINE:,} bytes; that is no drawing")
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            try:
                yield number, line.decode()
            except UnicodeDecodeError:
                raise DataError(f"{where} is not text in UTF-8; the file is damaged") from None
