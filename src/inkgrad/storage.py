"""Writing a file so that it is either the old one or the new one, never half of each."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from inkgrad.locks import is_file_at, try_lock

__all__ = ["append_bytes", "atomic_write", "atomic_write_bytes", "sync_folder"]

_SUFFIX = ".inkgrad-tmp"
_STALE_AFTER = 24 * 3600.0  # seconds: where there are no locks, older temporaries are of the dead
_KEEPS_LOCKED = os.name != "nt"  # Windows replaces no file that is open, and so none that is locked


def atomic_write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path` in one step: see `atomic_write`.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> atomic_write_bytes(folder / "a.txt", b"new")
    >>> (folder / "a.txt").read_bytes()
    b'new'
    """
    with atomic_write(path) as file:
        file.write(data)


@contextlib.contextmanager
def atomic_write(
    path: str | os.PathLike[str],
    *,
    fsync: Callable[[int], None] = os.fsync,
    replace: Callable[[str, str], None] = os.replace,
) -> Iterator[IO[bytes]]:
    """Open a file for binary writing that appears under `path` only when it is complete.

    The bytes go to a temporary file in the same folder (a rename is atomic only within one file
    system); on leaving the block they are flushed to the disk, the file takes the place of
    `path` in one step, and the folder itself is flushed, so that a power cut leaves the old file
    or the new one. The file has the permissions that any new file gets (the process's umask). If
    anything fails, the old file stays and the temporary one is removed. Temporaries that killed
    processes left in the folder are swept. Missing parent folders are created.

    Parameters
    ----------
    path : path
        Where the finished file shall stand.
    fsync, replace : callable
        The operating system's own; tests put failing ones in their place.

    Yields
    ------
    file : binary file object

    Raises
    ------
    OSError
        As the operating system raises it (disk full, no permission); `path` is then unchanged,
        except where only the last step, flushing the folder, failed: then `path` is whole and
        new, but might not survive a power cut.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "numbers.bin"
    >>> with atomic_write(path) as file:
    ...     _ = file.write(b"123")
    ...     path.exists()
    False
    >>> path.read_bytes()
    b'123'
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target.parent)
    file = _open_temporary(target)
    temporary = file.name
    try:
        with file:
            yield file
            file.flush()
            fsync(file.fileno())
            if _KEEPS_LOCKED:  # until it has its name, so that nobody sweeps it before
                replace(temporary, str(target))
        if not _KEEPS_LOCKED:  # pragma: no cover
            replace(temporary, str(target))
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(target.parent, fsync=fsync)


def append_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Add `data` at the end of a file, all of it or nothing.

    If the disk takes only a part, what was taken is cut off again.

    Raises
    ------
    OSError
        As the operating system raises it (disk full, no permission).

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.txt"
    >>> for word in (b"one ", b"two"):
    ...     append_bytes(path, word)
    >>> path.read_bytes()
    b'one two'
    """
    with open(path, "ab", buffering=0) as file:
        before, rest = file.tell(), memoryview(data)
        try:
            while rest:
                written = file.write(rest)  # a file may take less than it is given
                if not written:
                    raise OSError(errno.EIO, "the file takes no more bytes", str(path))
                rest = rest[written:]
        except BaseException:
            with contextlib.suppress(OSError):
                file.truncate(before)
            raise


def sync_folder(folder: Path, *, fsync: Callable[[int], None] = os.fsync) -> None:
    """Flush a folder's list of names to the disk, so that a rename survives a power cut.

    Does nothing on systems that cannot open a folder (Windows).
    """
    if os.name == "nt":  # pragma: no cover
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_temporary(target: Path) -> IO[bytes]:
    """Return a new file beside `target`, locked for as long as it is open."""
    while True:
        path = target.with_name(f".{target.name}.{secrets.token_hex(4)}{_SUFFIX}")
        file = open(path, "xb")  # noqa: SIM115 - is returned
        try:
            # Between the two steps another writer may have swept it, or be about to.
            if _lock(file) is not False and is_file_at(file.fileno(), path):
                return file
        except BaseException:
            file.close()
            path.unlink(missing_ok=True)
            raise
        file.close()


def _sweep(folder: Path) -> None:
    """Remove the temporaries in a folder that no living process is writing."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") and entry.name.endswith(_SUFFIX):
                with contextlib.suppress(OSError):
                    _remove_dead(entry)


def _remove_dead(entry: os.DirEntry[str]) -> None:
    """Remove a temporary whose writer is dead: its lock has ended, or it is very old."""
    if not entry.is_file(follow_symlinks=False):
        return
    with open(entry.path, "r+b") as file:
        locked = _lock(file)
        if locked and is_file_at(file.fileno(), entry.path):
            os.unlink(entry.path)
    if locked is None and entry.stat().st_mtime < time.time() - _STALE_AFTER:
        os.unlink(entry.path)


def _lock(file: IO[bytes]) -> bool | None:
    """Lock a temporary, as `try_lock` does; None where that cannot be."""
    return try_lock(file.fileno()) if _KEEPS_LOCKED else None
