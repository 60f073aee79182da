"""A run's folder belongs to one training at a time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from inkgrad.errors import InkgradError
from inkgrad.locks import file_lock, holder
from inkgrad.training import Event, Notice
from inkgrad.workflows.run import writing_to

__all__ = ["LOCK", "claim"]

LOCK = ".inkgrad-run.lock"
"""The file that is locked while a folder is in use; it names the process."""

_held = threading.local()  # in each thread: the folders that it has claimed


@contextlib.contextmanager
def claim(folder: Path, on_event: Callable[[Event], None] | None = None) -> Iterator[None]:
    """Have a run's folder for this process and thread alone; a claim within a claim is the same.

    The folder is made if it is missing, and removed if nothing is put into it.

    Parameters
    ----------
    folder : Path
    on_event : callable, optional
        Told a `Notice` where the file system knows no locks, so that nobody is kept out.

    Raises
    ------
    InkgradError
        If another process or thread has it, or it is a file or cannot be written to.
    """
    mine: set[Path] = _held.__dict__.setdefault("folders", set())
    place = folder.absolute()
    if place in mine:
        yield
        return
    if folder.exists() and not folder.is_dir():
        raise InkgradError(f"{folder} is a file; name a folder to write to")
    lock = folder / LOCK

    def refuse() -> None:
        raise InkgradError(
            f"{folder} is in use by {holder(lock)}, and holds one training at a time; wait for its "
            "end, or name another folder with --out"
        )

    with contextlib.ExitStack() as stack:
        for missing in [path for path in (folder, *folder.parents) if not path.exists()][::-1]:
            stack.callback(_remove_if_empty, missing)
        with writing_to(folder):
            locked = stack.enter_context(file_lock(lock, refuse))
        mine.add(place)
        stack.callback(mine.discard, place)
        if not locked and on_event is not None:
            on_event(
                Notice(
                    f"the file system of {folder} knows no locks: take care that no other training "
                    "writes there"
                )
            )
        yield


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
