"""Drawings as a table: the `.csv` files of Kaggle's Quick, Draw! Doodle Recognition."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inkgrad.errors import DataError
from inkgrad.quickdraw.formats.record import Record, parse_json, record_from_json
from inkgrad.quickdraw.formats.text import MAX_LINE, lines

__all__ = ["read_kaggle"]

_COLUMNS = ("drawing", "word", "recognized", "key_id")
_RECOGNIZED = {"True": True, "False": False, "true": True, "false": False, "": None}


def read_kaggle(path: Path) -> Iterator[Record]:
    r"""Yield the drawings of a `.csv` file, one a row.

    The columns are found by the names in the first row: ``drawing`` (the strokes as JSON) must
    be there; ``word``, ``recognized`` and ``key_id`` are used if they are; others are ignored.

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
    rows = csv.reader((line for _, line in lines(path)), strict=True)
    header = _next_row(rows, path)
    if header is None or "drawing" not in header:
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
    if recognized not in _RECOGNIZED:
        raise DataError(f"{where}: recognized is {recognized!r:.40}; True or False is expected")
    value = {
        "drawing": parse_json(fields["drawing"], where),
        "word": fields.get("word") or None,
        "recognized": _RECOGNIZED[recognized],
        "key_id": fields.get("key_id") or None,
    }
    return record_from_json(value, where)


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
