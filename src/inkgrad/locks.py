"""File locks: the operating system's, which end with the process, however that ends."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO

from inkgrad.json_text import parse_json

__all__ = ["file_lock", "holder", "is_file_at", "try_lock"]

# What a file system without locks answers: some network and FUSE file systems.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}
_FAR_BEYOND = 1 << 30  # Windows locks a byte, which nobody can then read: one behind the text


@contextlib.contextmanager
def file_lock(path: Path, on_busy: Callable[[], object]) -> Iterator[bool]:
    """Hold a lock on the file `path` for this process, and for this thread, alone.

    While it is held, the file names its holder. It is removed at the end, unless the process is
    killed: then the next one takes it over.

    Parameters
    ----------
    path : Path
        The file to lock; it need not exist, nor its folder.
    on_busy : callable
        Called each time the lock is found to be another's: raises to give up, or waits a little.

    Yields
    ------
    held : bool
        False on a file system without locks, where nobody is kept out.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / ".a.lock"
    >>> with file_lock(path, on_busy=lambda: None) as held:
    ...     held, holder(path).startswith(f"process {os.getpid()} on ")
    (True, True)
    >>> path.exists()
    False
    """
    file, locked = _acquire(path, on_busy)
    with file:
        try:
            with contextlib.suppress(OSError):  # a name is a courtesy
                file.truncate(0)
                file.write(_description())
                file.flush()
            yield locked
        finally:
            # While it is still locked: who waits for it then sees that it is no longer the file
            # of that name. (Windows lets nobody remove what is open; there it stays.)
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def _acquire(path: Path, on_busy: Callable[[], object]) -> tuple[IO[bytes], bool]:
    """Return the open file that stands at `path`, locked, and whether locks are known there."""
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = open(path, "ab")  # noqa: SIM115 - is returned
        except FileNotFoundError:  # the former holder has just removed the folder
            continue
        try:
            locked = try_lock(file.fileno())
            if locked is not False and is_file_at(file.fileno(), path):
                return file, locked is True
        except BaseException:
            file.close()
            raise
        file.close()
        if locked is False:
            on_busy()


def holder(path: Path) -> str:
    """Return who holds the lock on `path`, as it says of itself: process, machine, since when."""
    time.sleep(0.05)  # who has just got the lock writes its name next
    try:
        facts = parse_json(path.read_bytes())
        return f"process {int(facts['pid'])} on {facts['host']} (since {facts['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def try_lock(descriptor: int) -> bool | None:
    """Lock an open file; False if it is locked already, None where there are no locks.

    The lock ends when the file is closed. Within one process too, a file that is opened twice can
    be locked once.
    """
    try:
        _lock(descriptor)
    except (BlockingIOError, PermissionError):
        return False
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return None
        raise
    return True


def is_file_at(descriptor: int, path: str | os.PathLike[str]) -> bool:
    """Whether `path` still names an open file: it may have been removed before it was locked."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":  # pragma: no cover
        import msvcrt

        os.lseek(descriptor, _FAR_BEYOND, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _description() -> bytes:
    import platform

    since = datetime.now().astimezone().isoformat(" ", timespec="seconds")
    return json.dumps({"pid": os.getpid(), "host": platform.node(), "since": since}).encode()
