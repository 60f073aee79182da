"""Naming what was saved in place of drawings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from inkgrad.errors import DataError
from inkgrad.impostors import impostor

__all__ = ["impostors_named", "refuse_impostor"]


@contextlib.contextmanager
def impostors_named(path: Path) -> Iterator[None]:
    """Where a file cannot be read within, say so if it is something else than drawings.

    It is opened for that only then, so that a file of drawings is opened once.

    Raises
    ------
    DataError
        The reader's own, or that of `refuse_impostor`.
    """
    try:
        yield
    except DataError:
        if path.is_file():
            refuse_impostor(path)
        raise


def refuse_impostor(path: Path) -> None:
    """Refuse a file that holds something else than drawings, under whatever name.

    Raises
    ------
    DataError
        If it is a web page or a Git LFS pointer: see `inkgrad.impostors.impostor`.
    """
    what = impostor(path, "drawings")
    if what is not None:
        raise DataError(f"{path} {what}") from None
