"""Drawings as records of bytes: the data set's `.bin` files.

A record, little-endian (github.com/googlecreativelab/quickdraw-dataset): u64 key_id, 2 bytes
country, i8 recognized, u32 timestamp, u16 number of strokes; then for each stroke u16 number of
points n, n bytes x, n bytes y.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from inkgrad.drawing.strokes import MAX_POINTS, Strokes
from inkgrad.errors import DataError
from inkgrad.quickdraw.formats.record import Record

__all__ = ["read_binary"]

_HEAD = struct.Struct("<Q2sbIH")
_COUNT = struct.Struct("<H")
_BITMAP = 784  # bytes of a bitmap of 28 × 28


def read_binary(path: Path) -> Iterator[Record]:
    """Yield the drawings of a `.bin` file.

    Raises
    ------
    DataError
        With the record's number, if a record is cut short, has no strokes, a stroke without
        points or more than `MAX_POINTS` points, or is neither recognised (1) nor not (0).

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "line.bin"
    >>> head = struct.pack("<Q2sbIH", 7, b"GB", 1, 1488000000, 1)
    >>> _ = path.write_bytes(head + struct.pack("<H2B2B", 2, 0, 255, 3, 0))
    >>> next(read_binary(path)).strokes
    [array([[  0., 255.],
           [  3.,   0.]])]
    """
    with path.open("rb") as file:
        number = 1
        while file.peek(1):
            where = f"{path}: record {number}"
            try:
                record = _record(file, where)
            except DataError as error:
                if number == 1 and path.stat().st_size % _BITMAP == 0:
                    raise DataError(
                        f"{path}: {_BITMAP} bytes a drawing and no header: bitmaps, not strokes; "
                        "save them with numpy.save as .npy"
                    ) from error
                raise
            yield record
            number += 1


def _record(file: IO[bytes], where: str) -> Record:
    """Read one record."""
    head = _HEAD.unpack(_take(file, _HEAD.size, where))
    key_id, _country, recognized, _timestamp, strokes = head
    if recognized not in (0, 1):
        raise DataError(f"{where}: recognized is {recognized}; 0 or 1 is expected")
    return Record(_strokes(file, strokes, where), None, bool(recognized), str(key_id))


def _strokes(file: IO[bytes], count: int, where: str) -> Strokes:
    """Read the strokes of one record."""
    if count == 0:
        raise DataError(f"{where}: there are no strokes; a drawing has at least one")
    strokes = Strokes()
    points = 0
    for number in range(1, count + 1):
        (length,) = _COUNT.unpack(_take(file, _COUNT.size, where))
        points += length
        if length == 0:
            raise DataError(f"{where}: stroke {number} is empty; a stroke has at least one point")
        if points > MAX_POINTS:
            raise DataError(f"{where}: more than {MAX_POINTS:,} points; that is no drawing")
        rows = np.frombuffer(_take(file, 2 * length, where), dtype=np.uint8)  # (2 n,)
        strokes.append(rows.reshape(2, length).astype(np.float64))  # (2 n,) -> (2, n)
    return strokes


def _take(file: IO[bytes], size: int, where: str) -> bytes:
    """Read exactly `size` bytes."""
    data = file.read(size)
    if len(data) < size:
        raise DataError(f"{where} is cut short: the file ends within it; fetch it again")
    return data
