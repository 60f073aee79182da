"""One's own drawings as labelled bitmaps: files with words, folders with a subfolder a class."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad.drawing import Raster
from inkgrad.errors import DataError
from inkgrad.quickdraw.data_locations import Group, find_own_folder
from inkgrad.quickdraw.drawings import GOOGLES, Bitmaps, Drawings
from inkgrad.quickdraw.formats import Record
from inkgrad.quickdraw.formats.reading import Read, read_file
from inkgrad.quickdraw.loaded import Wanted
from inkgrad.quickdraw.row_strokes import RowStrokes

__all__ = ["read_drawings", "read_folder", "read_groups"]


def read_groups(
    groups: Iterable[Group],
    classes: Sequence[str],
    wanted: Wanted,
    on_record: Callable[[Record], object] = id,
) -> Drawings:
    """Read the drawings of some classes, each with its class (`Group.class_of`).

    Parameters
    ----------
    groups : iterable of Group
    classes : sequence of str
        There may be no drawings of some.
    wanted : Wanted
        Of each class; `recognized` counts for files with words only.
    on_record : callable, optional
        Called with each record of a file with words that is taken.

    Raises
    ------
    DataError
        If a file cannot be read, or the limit is less than 1.
    """
    limit, raster = wanted.limit, wanted.raster
    if limit is not None and limit < 1:
        raise DataError(f"limit is {limit}; give 1 or more, or None for all drawings")
    taken: Counter[str | None] = Counter()
    read: list[Read] = []
    names: list[str | None] = []

    def choose(record: Record) -> bool:  # of files whose words say which class
        name = group.class_of(record.word)
        is_wanted = name in classes and wanted.recognized in (None, record.recognized)
        if not is_wanted or taken[name] == limit:
            return False
        taken[name] += 1
        on_record(record)
        return True

    for group in groups:
        for path in group.files:
            if group.is_certain and taken[group.label] == limit:
                break
            room = limit - taken[group.label] if group.is_certain and limit is not None else None
            how: dict[str, Any] = {"limit": room} if group.is_certain else {"choose": choose}
            part = read_file(path, raster=raster, strokes=wanted.strokes, **how)
            if group.is_certain:
                taken[group.label] += len(part.words)
            read.append(part)
            names += [group.class_of(word) for word in part.words]
    none = np.empty((0, raster.side, raster.side), np.uint8)
    drawings = _label(np.concatenate([none, *(part.bitmaps for part in read)]), names, classes)
    if not wanted.strokes:
        return drawings
    known = [part.strokes for part in read if part.strokes is not None]
    return replace(drawings, strokes=RowStrokes.join(known))


def read_drawings(
    path: str | os.PathLike[str],
    *,
    limit: int | None = None,
    recognized: bool | None = None,
    part: str | None = None,
    raster: Raster = GOOGLES,
) -> Drawings:
    """Read a file of any format, or a folder of one's own drawings, as labelled bitmaps.

    Parameters
    ----------
    path : path
        A file, as `read_bitmaps` takes it: the classes are the words in it (Kaggle's files and
        the data set's own files of strokes have them), in alphabetical order; where a drawing
        has none, the name of the file without its suffix. Or a folder: see `read_folder`.
    limit : int, optional
        Maximum drawings (of a folder: per class).
    recognized, part
        As for `read_bitmaps`; not for folders.
    raster : Raster
        As for `read_bitmaps`.

    Raises
    ------
    DataError
        As for `read_bitmaps` and `read_folder`.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "line.json"
    >>> _ = path.write_text("[[[0, 99, 255], [3, 9, 0]]]")
    >>> read_drawings(path).classes
    ('line',)
    """
    path = Path(path)
    if path.is_dir():
        if recognized is not None or part is not None:
            raise DataError(
                f"{path} is a folder of own drawings, which has no parts and does not say what "
                "was recognised; take all of it"
            )
        return read_folder(path, limit=limit, raster=raster)
    read = read_file(path, limit=limit, recognized=recognized, part=part, raster=raster)
    group = Group(path.stem, (path,))
    names = [str(group.class_of(word)) for word in read.words]
    return _label(read.bitmaps, names, sorted({*names}))


def read_folder(
    root: str | os.PathLike[str],
    *,
    classes: Sequence[str] | None = None,
    limit: int | None = None,
    raster: Raster = GOOGLES,
) -> Drawings:
    """Read ``<root>/<class>/*``: the subfolders' names are the classes.

    Files that lie directly in `root`, and what systems leave behind (hidden files, ``Thumbs.db``,
    ``desktop.ini`` and the like), are passed over; any other file must be a drawing, so that none
    is left out unnoticed.

    Parameters
    ----------
    root : path
    classes : sequence of str, optional
        Read only these subfolders; all of them by default.
    limit : int, optional
        Maximum drawings per class, the files taken in alphabetical order.
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
    folder = find_own_folder(Path(root))
    names = folder.classes() if classes is None else classes
    return read_groups(folder.to_train(names), names, Wanted(limit, raster=raster))


def _label(bitmaps: Bitmaps, names: Sequence[str | None], classes: Sequence[str]) -> Drawings:
    """Return bitmaps with the names of their classes as drawings."""
    index = {name: k for k, name in enumerate(classes)}
    labels = np.array([index[str(name)] for name in names], dtype=np.int64)
    return Drawings(bitmaps, labels, tuple(classes))
