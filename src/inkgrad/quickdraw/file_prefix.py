"""How many bytes of a server's file the first N drawings are, and what is kept of them."""

from __future__ import annotations

import io
from itertools import islice
from typing import IO, BinaryIO

import numpy as np

from inkgrad.errors import DataError, DownloadError
from inkgrad.quickdraw.formats.npy import count_bitmaps
from inkgrad.quickdraw.formats.record import parse_json
from inkgrad.quickdraw.formats.text import lines
from inkgrad.quickdraw.partial_download import PartialDownload

__all__ = ["HEAD", "BitmapRows", "Lines", "RefusedError", "WholeFile", "file_prefix"]

HEAD = 1024  # bytes asked for first: more than the header of any .npy file of bitmaps
_ROW = 784  # bytes of one 28×28 bitmap
_BLOCK = 1 << 20
_LINE = 1024  # bytes that a line is guessed to have before the first one is seen


class RefusedError(DownloadError):
    """What the server sent is not a file of drawings; none of it may be used."""


class WholeFile:
    """The whole of a file whose records are not looked at (``binary``).

    Parameters
    ----------
    rows : int, optional
        Drawings wanted, counted from the first; None: all.
    """

    def __init__(self, rows: int | None = None) -> None:
        self.rows = rows

    def needed(self, part: PartialDownload) -> int:
        """Return how long the part must be, as far as can be told from what it holds.

        Raises
        ------
        RefusedError
            If it is not the beginning of a file of drawings.
        """
        return _total(part)

    def usable(self, file: BinaryIO, records: int) -> bool:
        """Whether a file from the cache is sound as far as can be told without reading it all."""
        return True

    def seed(self, part: PartialDownload, file: BinaryIO) -> bool:
        """Append to the part what a shorter file in the cache holds beyond it.

        Returns False if bytes that both hold are not the same.
        """
        return _take_over(part, file, 0)

    def check(self, part: PartialDownload) -> None:
        """Look at the wanted records, as far as their form can show damage.

        Raises
        ------
        RefusedError
            If one of them is none.
        """

    def write(self, part: PartialDownload, file: IO[bytes]) -> int:
        """Write the finished file, and return the number of drawings in it (0: not known)."""
        part.copy_to(file, 0, _total(part))
        return 0

    def complete(self, part: PartialDownload, records: int) -> bool:
        """Whether the finished file has all drawings that the server's has."""
        return True


class Lines(WholeFile):
    """The first lines of an ndjson file (``simplified``, ``raw``), one drawing in each."""

    def needed(self, part: PartialDownload) -> int:
        """Return where the last wanted line ends; a guess while it has not yet come."""
        total = _total(part)
        if not part.read(0, 1).startswith(b"{"):
            raise RefusedError("it does not begin as a file of drawings does, with '{'")
        if self.rows is None:
            return total
        count, end = self._scan(part)
        if count >= self.rows or part.size == total:
            return end
        average = part.size // count if count else _LINE
        return min(total, part.size + (self.rows - count) * average * 9 // 8 + _LINE)

    def check(self, part: PartialDownload) -> None:
        """See that every wanted line is a JSON object with a drawing, or blank."""
        wanted, _ = self._scan(part)
        try:
            for number, line in islice(lines(part.path), wanted):
                record = parse_json(line, f"line {number:,}") if line.strip() else {"drawing": []}
                if not isinstance(record, dict) or not isinstance(record.get("drawing"), list):
                    raise RefusedError(f"line {number:,}: not an object with a drawing")
        except DataError as error:
            raise RefusedError(str(error)) from error

    def write(self, part: PartialDownload, file: IO[bytes]) -> int:
        """Write the wanted lines, and return their number."""
        count, end = self._scan(part)
        part.copy_to(file, 0, end)
        return count

    def complete(self, part: PartialDownload, records: int) -> bool:
        """Whether the last line written is the file's last."""
        return self._scan(part)[1] == _total(part)

    def _scan(self, part: PartialDownload) -> tuple[int, int]:
        """Count lines up to the wanted number; return it, and where the last of them ends.

        A last line without a line feed counts if the file ends with it.
        """
        count = end = 0
        for start in range(0, part.size, _BLOCK):
            block = np.frombuffer(part.read(start, _BLOCK), np.uint8)
            ends = start + 1 + np.flatnonzero(block == 0x0A)  # (line feeds,)
            if self.rows is not None:
                ends = ends[: self.rows - count]
            count += len(ends)
            end = int(ends[-1]) if len(ends) else end
        wanted = self.rows is None or count < self.rows
        if wanted and part.size == _total(part) and end < part.size:
            return count + 1, part.size
        return count, end


class BitmapRows(WholeFile):
    """The first rows of a ``numpy_bitmap`` file: (n, 784) uint8 behind a .npy header."""

    def needed(self, part: PartialDownload) -> int:
        """Return where the last wanted row ends."""
        total = _total(part)
        offset, rows = self._header(part)
        if offset + rows * _ROW != total:
            raise RefusedError(
                f"its header tells of {rows:,} drawings, {offset + rows * _ROW:,} bytes, but it "
                f"has {total:,}"
            )
        return offset + self._wanted(rows) * _ROW

    def usable(self, file: BinaryIO, records: int) -> bool:
        """Whether header, number of drawings and length agree."""
        try:
            rows = count_bitmaps(file, "")
        except DataError:
            return False
        return rows == records and file.tell() + rows * _ROW == file.seek(0, 2)

    def seed(self, part: PartialDownload, file: BinaryIO) -> bool:
        """Append the rows of a shorter file; its header may be longer than the server's."""
        count_bitmaps(file, "")
        return _take_over(part, file, self._header(part)[0])

    def write(self, part: PartialDownload, file: IO[bytes]) -> int:
        """Write a header of our own and the wanted rows; return their number."""
        offset, rows = self._header(part)
        wanted = self._wanted(rows)
        form = {"descr": "|u1", "fortran_order": False, "shape": (wanted, _ROW)}
        np.lib.format.write_array_header_1_0(file, form)
        part.copy_to(file, offset, offset + wanted * _ROW)
        return wanted

    def complete(self, part: PartialDownload, records: int) -> bool:
        """Whether all rows were wanted."""
        return records == self._header(part)[1]

    def _wanted(self, rows: int) -> int:
        return rows if self.rows is None else min(self.rows, rows)

    def _header(self, part: PartialDownload) -> tuple[int, int]:
        """Return where the server's rows begin, and how many its header promises."""
        file = io.BytesIO(part.read(0, HEAD))
        try:
            rows = count_bitmaps(file, "its header")
        except DataError as error:
            raise RefusedError(str(error)) from error
        if rows == 0:
            raise RefusedError("it holds no drawings")
        return file.tell(), rows


_KINDS = {"numpy_bitmap": BitmapRows, "simplified": Lines, "raw": Lines, "binary": WholeFile}


def file_prefix(kind: str, rows: int | None) -> WholeFile:
    """Return what is wanted of a file of some kind.

    Examples
    --------
    >>> type(file_prefix("simplified", 100)).__name__
    'Lines'
    """
    return _KINDS[kind](rows)


def _total(part: PartialDownload) -> int:
    """Return the length of the server's file, which must not be empty."""
    if part.edition is None or part.size == 0:
        raise RefusedError("it is empty")
    return part.edition.total


def _take_over(part: PartialDownload, file: BinaryIO, position: int) -> bool:
    """Append the rest of a file, which is from `position` on in the server's, as far as it is new.

    Returns False if bytes that both hold are not the same.
    """
    while block := file.read(_BLOCK):
        if not part.accept(position, block):
            return False
        position += len(block)
    return True
