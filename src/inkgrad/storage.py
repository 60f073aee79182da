"""Writing a file so that it is either the old one or the new one, never half of each."""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

__all__ = ["atomic_write", "atomic_write_bytes", "sync_folder"]

_SUFFIX = ".inkgrad-tmp"
_STALE_AFTER = 24 * 3600.0  # seconds: older temporaries belong to a process that died


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
    anything fails, the old file stays and the temporary one is removed. Temporaries older than a
    day, left by processes that were killed, are swept. Missing parent folders are created.

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
    _sweep_stale(target)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}{_SUFFIX}")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            fsync(file.fileno())
        replace(str(temporary), str(target))
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(target.parent, fsync=fsync)


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


def _sweep_stale(target: Path) -> None:
    """Remove temporaries of `target` that no living process can still be writing."""
    limit = time.time() - _STALE_AFTER
    for leftover in target.parent.glob(f".{glob.escape(target.name)}.*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            if leftover.stat().st_mtime < limit:
                leftover.unlink()
