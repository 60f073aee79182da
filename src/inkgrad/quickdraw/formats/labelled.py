"""Labelled drawings: from the words in a file, or from a folder with a subfolder a class."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from inkgrad.drawing import Raster
from inkgrad.errors import DataError
from inkgrad.quickdraw.drawings import GOOGLES, Drawings
from inkgrad.quickdraw.formats.folder import read_folder
from inkgrad.quickdraw.formats.reading import read_bitmaps_and_words

__all__ = ["read_drawings"]


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
        At most so many drawings (of a folder: a class).
    recognized, part
        As for `read_bitmaps`; not for folders.
    raster : Raster
        As for `read_bitmaps`.

    Returns
    -------
    drawings : Drawings

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
    bitmaps, words = read_bitmaps_and_words(
        path, limit=limit, recognized=recognized, part=part, raster=raster
    )
    names = [word or path.stem for word in words]
    classes = sorted(set(names))
    place = {name: index for index, name in enumerate(classes)}
    labels = np.array([place[name] for name in names], dtype=np.int64)
    return Drawings(bitmaps, labels, tuple(classes))
