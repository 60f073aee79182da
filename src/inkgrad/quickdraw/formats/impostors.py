"""Refusing what was saved in place of drawings."""

from __future__ import annotations

from pathlib import Path

from inkgrad.errors import DataError
from inkgrad.impostors import impostor

__all__ = ["refuse_impostor"]


def refuse_impostor(path: Path) -> None:
    """Refuse a file that holds something else than drawings, under whatever name.

    Raises
    ------
    DataError
        If it is a web page or a Git LFS pointer: see `inkgrad.impostors.impostor`.
    """
    what = impostor(path, "drawings")
    if what is not None:
        raise DataError(f"{path} {what}")
