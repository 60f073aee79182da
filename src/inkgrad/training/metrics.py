"""The metrics of a run as JSON lines: one object a line, in the order in which things happened."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from inkgrad.errors import DataError
from inkgrad.json_text import JsonError, parse_json
from inkgrad.storage import append_bytes, atomic_write_bytes

__all__ = ["append_metrics", "is_torn", "read_metrics", "write_metrics"]


def write_metrics(path: str | os.PathLike[str], records: Iterable[dict[str, Any]]) -> None:
    """Write the whole file anew, in one step.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "metrics.jsonl"
    >>> write_metrics(path, [{"event": "train", "step": 1, "loss": 1.5}])
    >>> append_metrics(path, {"event": "train", "step": 2, "loss": 1.25})
    >>> [record["loss"] for record in read_metrics(path)]
    [1.5, 1.25]
    """
    atomic_write_bytes(path, b"".join(_line(record) for record in records))


def append_metrics(path: str | os.PathLike[str], record: dict[str, Any]) -> None:
    """Add one line, all of it or nothing (see `inkgrad.storage.append_bytes`)."""
    append_bytes(path, _line(record))


def is_torn(path: str | os.PathLike[str]) -> bool:
    """Whether a metrics file ends within a line, as a killed process may leave it."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - 1, 0))
            return file.read(1) not in (b"", b"\n")
    except OSError:
        return False


def read_metrics(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Return the records of a metrics file; a last line that was cut short is left out.

    Raises
    ------
    DataError
        If the file cannot be read, or a line before the last is not a JSON object.
    """
    try:
        lines = Path(path).read_bytes().split(b"\n")
    except OSError as error:
        raise DataError(f"cannot read the metrics {path}: {error.strerror}") from error
    records = []
    for number, line in enumerate(lines[:-1], start=1):  # after the last line break: nothing, or
        try:  # what a killed process did not finish
            record = parse_json(line)
        except JsonError:
            record = None
        if not isinstance(record, dict):
            raise DataError(f"line {number} of {path} is not a JSON object; it is no metrics file")
        records.append(record)
    return records


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, allow_nan=False).encode() + b"\n"
