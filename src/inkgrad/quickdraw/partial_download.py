"""The beginning of a file that is on its way: kept when the way is cut, never taken for whole."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, cast

from inkgrad.quickdraw.edition import LARGEST_NOTE, Edition, parse_note
from inkgrad.storage import atomic_write_bytes

__all__ = ["PartialDownload"]

_BLOCK = 1 << 20
_SUMMED = 1 << 16  # bytes after which their sum is noted: at most so many are lost by a crash
_SUM = re.compile(rb"([0-9]{1,18}) ([0-9]{1,10})\n")


class PartialDownload:
    """The first bytes of a server's file, in `TARGET.part`, byte for byte as the server has them.

    Beside it stands a note, `TARGET.part.json`. Its first line tells of which edition of the file
    the bytes are; each of the following the length of a beginning of the part, and the CRC-32 of
    that beginning. Both stay when a download ends early, and the next one goes on from there.

    On opening, the part is read and cut back to the last length whose sum is right: bytes that
    never reached the disk, or that the disk has damaged, are fetched again. A part whose edition
    is not known, or of which the server told nothing but the length, is thrown away: nothing
    could tell whether its continuation belongs to it.

    Parameters
    ----------
    target : Path
        Where the finished file will stand.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "cat.npy"
    >>> with PartialDownload(target) as part:
    ...     part.begin(Edition('"a1"', total=5))
    ...     part.append(b"abc")
    >>> with PartialDownload(target) as part:
    ...     part.size, part.read(1, 2), target.exists()
    (3, b'bc', False)
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".part")
        self._note = target.with_name(target.name + ".part.json")
        self.edition: Edition | None = None
        self.size = 0
        self._sum = 0  # CRC-32 of the first `size` bytes
        self._sums: list[tuple[int, int]] = []  # (length, CRC-32), as they stand in the note
        self._file: BinaryIO | None = None

    def __enter__(self) -> PartialDownload:
        self._file = _open(self.path)
        try:
            self._restore()
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):  # bytes without a sum are fetched again
            self._note_sum()
        self.file.close()
        if self.edition is None or self.size == 0 or not self.edition.told:
            self.remove()

    @property
    def file(self) -> BinaryIO:
        """The open file, not buffered: what it holds is what is on the disk."""
        if self._file is None:
            raise RuntimeError("a PartialDownload is used inside its `with` block")
        return self._file

    def begin(self, edition: Edition) -> None:
        """Note, before a byte is written, of which edition the bytes are.

        Later answers about the same edition may tell more of it; that is noted too.
        """
        known = edition if self.edition is None else self.edition.joined(edition)
        if known != self.edition:
            self.edition = known
            self._write_note()

    def append(self, chunk: bytes) -> None:
        """Add bytes at the end."""
        rest = memoryview(chunk)
        while rest:
            written = self.file.write(rest)  # an unbuffered file may take less than it is given
            self._sum = zlib.crc32(rest[:written], self._sum)
            self.size += written
            rest = rest[written:]
        if self.size - self._noted >= _SUMMED:
            self._note_sum()

    def accept(self, position: int, piece: bytes) -> bool:
        """Append what is new of bytes that begin at `position`, which is not beyond the end.

        Returns False, and appends nothing, if those that are here already are not the same.
        """
        known = piece[: self.size - position]
        if known and self.read(position, len(known)) != known:
            return False
        self.append(piece[len(known) :])
        return True

    def read(self, start: int, count: int) -> bytes:
        """Return up to `count` bytes from `start`."""
        self.file.seek(start)
        return self.file.read(count)

    def copy_to(self, file: IO[bytes], start: int, stop: int) -> None:
        """Write the bytes from `start` to `stop` into another file."""
        for position in range(start, stop, _BLOCK):
            count = min(_BLOCK, stop - position)
            block = self.read(position, count)
            if len(block) != count:
                raise OSError(f"{self.path} was shortened by someone else")
            file.write(block)

    def sound(self) -> bool:
        """Whether the MD5 sum is the server's; True if it tells none or bytes are missing."""
        if self.edition is None or not self.edition.md5 or self.size < self.edition.total:
            return True
        digest = hashlib.md5(usedforsecurity=False)
        for position in range(0, self.size, _BLOCK):
            digest.update(self.read(position, _BLOCK))
        return digest.digest() == base64.b64decode(self.edition.md5)

    def clear(self) -> None:
        """Throw the bytes away and forget the edition, to begin again."""
        self.file.truncate(0)
        self._note.unlink(missing_ok=True)
        self.edition, self.size, self._sum, self._sums = None, 0, 0, []

    def remove(self) -> None:
        """Remove both files, as the target is finished."""
        with contextlib.suppress(OSError):  # what stays is thrown away or resumed next time
            self._note.unlink(missing_ok=True)
            self.path.unlink(missing_ok=True)

    @property
    def _noted(self) -> int:
        """The greatest length whose sum stands in the note."""
        return self._sums[-1][0] if self._sums else 0

    def _restore(self) -> None:
        """Go on with the part that is on the disk, as far as its sums are right."""
        edition, sums = self._read_note()
        if edition is not None and edition.told:
            for length, expected in sums:
                if length > edition.total or self._extended_sum(length) != expected:
                    break
                self.size, self._sum = length, expected
                self._sums.append((length, expected))
        if self.size == 0:
            self.clear()
            return
        self.file.truncate(self.size)
        self.edition = edition
        self._write_note()

    def _extended_sum(self, length: int) -> int | None:
        """Return the sum of the first `length` bytes, more than `size`; None if there are fewer."""
        value = self._sum
        for position in range(self.size, length, _BLOCK):
            count = min(_BLOCK, length - position)
            block = self.read(position, count)
            if len(block) != count:
                return None
            value = zlib.crc32(block, value)
        return value

    def _read_note(self) -> tuple[Edition | None, list[tuple[int, int]]]:
        """Return the edition, None if the note is not sound, and the sums."""
        try:
            with open(self._note, "rb") as file:
                edition = Edition.from_note(parse_note(file.readline(LARGEST_NOTE + 1)))
                return edition, list(_read_sums(file))
        except (OSError, ValueError):
            return None, []

    def _write_note(self) -> None:
        """Write the whole note."""
        lines = [json.dumps(asdict(self.edition))] if self.edition is not None else []
        lines += [f"{length} {value}" for length, value in self._sums]
        atomic_write_bytes(self._note, "".join(f"{line}\n" for line in lines).encode())

    def _note_sum(self) -> None:
        """Add the sum of the bytes that are here to the note."""
        if self.size > self._noted:
            with open(self._note, "ab") as file:
                file.write(f"{self.size} {self._sum}\n".encode())
            self._sums.append((self.size, self._sum))


def _read_sums(file: IO[bytes]) -> Iterator[tuple[int, int]]:
    """Yield the lines of sums up to the first that is damaged or does not go further."""
    length = 0
    while (line := _SUM.fullmatch(file.readline(32))) and int(line[1]) > length:
        length = int(line[1])
        yield length, int(line[2])


def _open(path: Path) -> BinaryIO:
    """Open a part for reading anywhere and writing at its end."""
    return cast(BinaryIO, open(path, "a+b", buffering=0))
