"""Drawings as JSON: one a line (simplified and raw `.ndjson`), or a whole `.json` file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inkgrad.errors import DataError
from inkgrad.quickdraw.formats.record import (
    Record,
    parse_json,
    record_from_json,
    records_from_json,
)
from inkgrad.quickdraw.formats.text import lines

__all__ = ["MAX_FILE", "read_json", "read_ndjson"]

MAX_FILE = 64 * 1024 * 1024
"""Largest `.json` file that is read, in bytes; more drawings belong into `.ndjson`."""


def read_ndjson(path: Path) -> Iterator[Record]:
    r"""Yield the drawings of a file with one JSON object a line; blank lines are skipped.

    The data set's simplified and raw files differ only in their strokes: raw ones have
    coordinates of any size and times, which are dropped.

    Raises
    ------
    DataError
        With the line's number, if a line is not a drawing.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "line.ndjson"
    >>> _ = path.write_text('{"word": "line", "drawing": [[[0, 255], [3, 0]]]}\n')
    >>> [record.word for record in read_ndjson(path)]
    ['line']
    """
    for number, line in lines(path):
        if line.strip():
            where = f"{path}: line {number}"
            yield record_from_json(parse_json(line, where), where)


def read_json(path: Path) -> Iterator[Record]:
    """Yield the drawings of a `.json` file: one drawing, or a list of drawings.

    A drawing is a list of strokes, or an object with ``"drawing"``.

    Raises
    ------
    DataError
        With the drawing's number, if it is none; or if the file is larger than `MAX_FILE`.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "line.json"
    >>> _ = path.write_text("[[[0, 255], [3, 0]]]")
    >>> len(list(read_json(path)))
    1
    """
    size = path.stat().st_size
    if size > MAX_FILE:
        raise DataError(
            f"{path}: {size:,} bytes; a .json file may have {MAX_FILE:,}, so write the drawings "
            "one a line into an .ndjson file"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path} is not text in UTF-8; the file is damaged") from None
    yield from records_from_json(parse_json(text, str(path)), str(path))
