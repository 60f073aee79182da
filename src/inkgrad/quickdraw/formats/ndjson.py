"""Drawings as text: JSON, one a line (`.ndjson`, `.jsonl`) or a whole file, and InkML."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from inkgrad.drawing.inkml import strokes_from_inkml
from inkgrad.drawing.stroke_forms import POINTS, ROWS, Place
from inkgrad.errors import DataError
from inkgrad.quickdraw.formats.record import (
    Record,
    parse_json,
    record_from_json,
    records_from_json,
)
from inkgrad.quickdraw.formats.text import decode, lines

__all__ = ["MAX_FILE", "read_inkml", "read_json", "read_ndjson"]

_PLACES: dict[str, Place] = {ROWS: "rows", POINTS: "points"}

MAX_FILE = 64 * 1024 * 1024
"""Largest file that is read as a whole, in bytes; more drawings belong into `.ndjson`."""


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
    place: Place = "list"
    for number, line in lines(path):
        if line.strip():
            where = f"{path}: line {number}"
            record = record_from_json(parse_json(line, where), where, place=place)
            place = _PLACES.get(record.form, place)  # what may be rows or points is as the last
            yield record


def read_json(path: Path) -> Iterator[Record]:
    """Yield the drawings of a `.json` file: one drawing, a list of drawings, or one a line.

    A drawing is an object with ``"drawing"``, a list of strokes, or what drawing pages and programs
    save: see `inkgrad.drawing.stroke_forms`.

    Raises
    ------
    DataError
        With the drawing's number, if it is none; or if the file is larger than `MAX_FILE`.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "line.json"
    >>> _ = path.write_text("[[[0, 99, 255], [3, 9, 0]]]")
    >>> len(list(read_json(path)))
    1
    """
    text = _whole(path)
    try:
        value = parse_json(text, str(path))
    except DataError:
        if not _is_lines(text):
            raise
        yield from read_ndjson(path)
    else:
        yield from records_from_json(value, str(path))


def read_inkml(path: Path) -> Iterator[Record]:
    """Yield the one drawing of an InkML file.

    Raises
    ------
    DataError
        If it is none, or larger than `MAX_FILE`.
    """
    yield Record(strokes_from_inkml(_whole(path), str(path)), form="InkML")


def _is_lines(text: str) -> bool:
    """Tell whether a text that is not JSON as a whole may be JSON one a line."""
    first, _, rest = text.lstrip().partition("\n")
    with contextlib.suppress(DataError):
        return bool(rest.strip()) and isinstance(parse_json(first, ""), (dict, list))
    return False


def _whole(path: Path) -> str:
    """Return the text of a file of limited size."""
    size = path.stat().st_size
    if size > MAX_FILE:
        raise DataError(
            f"{path}: {size:,} bytes; a {path.suffix} file may have {MAX_FILE:,}, so write the "
            "drawings one a line into an .ndjson file"
        )
    return decode(path.read_bytes(), str(path))
