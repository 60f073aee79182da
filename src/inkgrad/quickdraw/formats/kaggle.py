"""Drawings as a table: the `.csv` files of Kaggle's Quick, Draw! Doodle Recognition."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from inkgrad.errors import DataError
from inkgrad.quickdraw.formats.record import Record, parse_json, record_from_json
from inkgrad.quickdraw.formats.text import MAX_LINE, lines

__all__ = ["read_kaggle"]

_COLUMNS = ("drawing", "word", "recognized", "key_id")
_RECOGNIZED = {
    **dict.fromkeys(("true", "1", "1.0", "t", "yes"), True),
    **dict.fromkeys(("false", "0", "0.0", "f", "no"), False),
    "": None,
}
_OPENING = re.compile(r"sep=([,;\t])\s*")  # a line by which Excel tells itself the separator


def read_kaggle(path: Path) -> Iterator[Record]:
    r"""Yield the drawings of a `.csv` file, one a row.

    The columns are found by the names in the first row, in capitals or not: ``drawing`` (the
    strokes as JSON) must be there; ``word``, ``recognized`` and ``key_id`` are used if they are;
    others are ignored. Columns are separated by commas, semicolons or tabs.

    Raises
    ------
    DataError
        With the line's number, if a row is not a drawing.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "line.csv"
    >>> _ = path.write_text('drawing,recognized,word\n"[[[0, 255], [3, 0]]]",True,line\n')
    >>> record = next(read_kaggle(path))
    >>> record.word, record.recognized
    ('line', True)
    """
    texts = (line for _, line in lines(path))
    first = next(texts, "")
    opening = _OPENING.fullmatch(first)
    beginning = [] if opening else [first]
    separator = opening[1] if opening else _separator(first)
    rows = csv.reader(chain(beginning, texts), delimiter=separator, strict=True)
    header = [name.strip().lower() for name in _next_row(rows, path) or ()]
    if "drawing" not in header:
        raise DataError(
            f'{path}: the first row names no column "drawing"; Kaggle\'s files begin with '
            "countrycode,drawing,key_id,recognized,timestamp,word"
        )
    twice = [name for name in _COLUMNS if header.count(name) > 1]
    if twice:
        raise DataError(f'{path}: the first row names the column "{twice[0]}" twice; remove one')
    while (row := _next_row(rows, path)) is not None:
        if not row:  # a blank line
            continue
        where = f"{path}: line {rows.line_num}"
        if len(row) != len(header):
            raise DataError(f"{where} has {len(row)} fields; the first row names {len(header)}")
        yield _record(dict(zip(header, row, strict=True)), where)


def _record(fields: dict[str, str], where: str) -> Record:
    """Make a record of one row."""
    recognized = fields.get("recognized", "")
    if recognized.strip().lower() not in _RECOGNIZED:
        raise DataError(f"{where}: recognized is {recognized!r:.40}; True or False is expected")
    value = {
        **{key: fields.get(key) or None for key in ("countrycode", "timestamp", "word", "key_id")},
        "drawing": parse_json(fields["drawing"], where),
        "recognized": _RECOGNIZED[recognized.strip().lower()],
    }
    return record_from_json(value, where)


def _separator(header: str) -> str:
    """Return what separates the columns: that by which one of them is the drawings'."""
    for separator in ",;\t":
        if "drawing" in (name.strip(' \t\r\n"').lower() for name in header.split(separator)):
            return separator
    return ","


def _next_row(rows: Any, path: Path) -> list[str] | None:
    """Return the next row, or None at the end.

    Raw drawings are longer than the 131,072 characters that the csv module takes for a field
    unless told otherwise; its limit is one for the whole process, so it is put back at once.
    """
    limit = csv.field_size_limit(MAX_LINE)
    try:
        row: list[str] | None = next(rows, None)
    except csv.Error as error:
        raise DataError(f"{path}: line {rows.line_num} is not a row of a table ({error})") from None
    finally:
        csv.field_size_limit(limit)
    return row
