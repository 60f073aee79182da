"""The beginning of a file that is on its way: kept when the way is cut, never taken for whole."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, cast

from inkgrad.quickdraw.cache import Edition
from inkgrad.storage import atomic_write_bytes

__all__ = ["Part"]

_BLOCK = 1 << 20


class Part:
    """The first bytes of a server's file, in `TARGET.part`, byte for byte as the server has them.

    Beside it, `TARGET.part.json` tells of which edition of the file they are. Both stay when a
    download ends early, and the next one goes on from there. A part whose edition is not known,
    or that the server gave no tag for, is thrown away on opening: nothing could tell whether its
    continuation belongs to it.

    Parameters
    ----------
    target : Path
        Where the finished file shall stand.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "cat.npy"
    >>> with Part(target) as part:
    ...     part.begin(Edition('"a1"', total=5))
    ...     part.append(b"abc")
    >>> with Part(target) as part:
    ...     part.size, part.read(1, 2), target.exists()
    (3, b'bc', False)
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".part")
        self._note = target.with_name(target.name + ".part.json")
        self.edition: Edition | None = None
        self.size = 0
        self._file: BinaryIO | None = None

    def __enter__(self) -> Part:
        edition = self._read_note()
        self._file = _open(self.path)
        try:
            self.size = self._file.seek(0, 2)
            if edition is None or not edition.tag or self.size > edition.total:
                self.clear()
            else:
                self.edition = edition
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
        self.file.close()
        if self.size == 0:
            self.remove()

    @property
    def file(self) -> BinaryIO:
        """The open file, not buffered: what it holds is what is on the disk."""
        if self._file is None:
            raise RuntimeError("a Part is used inside its `with` block")
        return self._file

    def begin(self, edition: Edition) -> None:
        """Note, before the first byte is written, of which edition the bytes are."""
        if self.edition is None:
            atomic_write_bytes(self._note, json.dumps(asdict(edition)).encode())
            self.edition = edition

    def append(self, chunk: bytes) -> None:
        """Add bytes at the end."""
        rest = memoryview(chunk)
        while rest:
            written = self.file.write(rest)  # an unbuffered file may take less than it is given
            self.size += written
            rest = rest[written:]

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
        return base64.b64encode(digest.digest()).decode() == self.edition.md5

    def clear(self) -> None:
        """Throw the bytes away and forget the edition, to begin anew."""
        self.file.truncate(0)
        os.fsync(self.file.fileno())  # old bytes must not come back under a new note
        self._note.unlink(missing_ok=True)
        self.edition, self.size = None, 0

    def remove(self) -> None:
        """Remove both files, as the target is finished."""
        with contextlib.suppress(OSError):  # what stays is thrown away or resumed next time
            self._note.unlink(missing_ok=True)
            self.path.unlink(missing_ok=True)

    def _read_note(self) -> Edition | None:
        try:
            edition = Edition(**json.loads(self._note.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return edition if isinstance(edition.total, int) else None


def _open(path: Path) -> BinaryIO:
    """Open a part for reading anywhere and writing at its end."""
    return cast(BinaryIO, open(path, "a+b", buffering=0))
