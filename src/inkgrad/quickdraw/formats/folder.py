"""A folder of one's own drawings: a subfolder for each class, files of any format in it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from inkgrad.drawing import Raster
from inkgrad.errors import DataError
from inkgrad.quickdraw.drawings import GOOGLES, Bitmaps, Drawings, concatenate
from inkgrad.quickdraw.formats.reading import read_bitmaps
from inkgrad.text import listed

__all__ = ["read_folder", "visible"]


def read_folder(
    root: str | os.PathLike[str],
    *,
    classes: Sequence[str] | None = None,
    limit: int | None = None,
    raster: Raster = GOOGLES,
) -> Drawings:
    """Read ``<root>/<class>/*``: the subfolders' names are the classes.

    Files that lie directly in `root`, and those whose names begin with a dot, are ignored; any
    other file must be a drawing, so that none is left out unnoticed.

    Parameters
    ----------
    root : path
    classes : sequence of str, optional
        Read only these subfolders; all of them by default.
    limit : int, optional
        At most so many drawings a class, the files taken in alphabetical order.
    raster : Raster
        How strokes and pictures are drawn: see `read_bitmaps`.

    Returns
    -------
    drawings : Drawings
        Classes in the order of `classes`, by default in alphabetical order.

    Raises
    ------
    DataError
        If there are no subfolders or not those asked for, one is empty, or a file cannot be read
        (`read_bitmaps`).

    Examples
    --------
    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> for name in ("zigzag", "line"):
    ...     (root / name).mkdir()
    ...     _ = (root / name / "mine.json").write_text("[[[0, 99, 255], [3, 9, 0]]]")
    >>> read_folder(root).counts()
    {'line': 1, 'zigzag': 1}
    """
    root = Path(root)
    if not root.is_dir():
        raise DataError(f"{root} is not a folder; give one with a subfolder for each class")
    folders = [path for path in visible(root) if path.is_dir()]
    if not folders:
        raise DataError(f"{root} has no subfolders; put the drawings of each class into one")
    if classes is not None:
        named = {folder.name: folder for folder in folders}
        missing = [name for name in classes if name not in named]
        if missing:
            raise DataError(
                f"{root} has no subfolder {missing[0]!r}; there are {listed(list(named))}"
            )
        folders = [named[name] for name in classes]
    return concatenate([_read_class(folder, limit, raster) for folder in folders])


def _read_class(folder: Path, limit: int | None, raster: Raster) -> Drawings:
    """Read the files of one class."""
    read: list[Bitmaps] = []
    missing = limit
    for path in visible(folder):
        if read and missing == 0:
            break
        read.append(read_bitmaps(path, limit=missing, raster=raster))
        missing = None if missing is None else missing - len(read[-1])
    if not read:
        raise DataError(f"{folder} holds no drawings; put some there, or remove the folder")
    bitmaps = np.concatenate(read)
    return Drawings(bitmaps, np.zeros(len(bitmaps), dtype=np.int64), (folder.name,))


def visible(folder: Path) -> list[Path]:
    """Return what lies in a folder, in alphabetical order, hidden files left out."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
