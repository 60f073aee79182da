"""One drawing of a file of any format: its strokes where the file has them, else its pixels."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inkgrad.drawing import Raster, Strokes
from inkgrad.errors import DataError
from inkgrad.quickdraw.drawings import GOOGLES
from inkgrad.quickdraw.formats.reading import PICTURES, read_bitmaps, read_records

__all__ = ["read_drawing"]


def read_drawing(
    path: str | os.PathLike[str], number: int = 1, *, raster: Raster = GOOGLES
) -> tuple[Strokes | npt.NDArray[np.uint8], bool]:
    r"""Read one drawing of a file, and whether there is another one after it.

    Parameters
    ----------
    path : path
        As for `read_bitmaps`.
    number : int
        Which drawing of the file, from 1.
    raster : Raster
        How pictures are drawn, and the side of bitmaps.

    Returns
    -------
    drawing : Strokes, or uint8 array (side, side)
        Strokes in the file's own coordinates; of pictures and ``.npy`` files a bitmap.
    has_more : bool

    Raises
    ------
    DataError
        If the file cannot be read, or has fewer drawings.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "lines.ndjson"
    >>> _ = path.write_text('{"drawing": [[[0, 9], [0, 3]]]}\n{"drawing": [[[5, 7], [2, 2]]]}')
    >>> read_drawing(path, 2)
    ([array([[5., 7.],
           [2., 2.]])], False)
    """
    if number < 1:
        raise DataError(f"number is {number}; a file's drawings are numbered from 1")
    path = Path(path)
    wanted = number + 1
    found: list[Strokes | npt.NDArray[np.uint8]]
    if path.suffix.lower() in (".npy", *PICTURES):
        bitmaps = read_bitmaps(path, limit=wanted, raster=raster)
        count, found = len(bitmaps), [*bitmaps[number - 1 :]]
    else:
        records = enumerate(islice(read_records(path), wanted), start=1)
        count, found = 0, []
        for count, record in records:
            if count >= number:
                found.append(record.strokes)
    if not found:
        what = "1 drawing" if count == 1 else f"{count:,} drawings"
        raise DataError(f"{path} holds {what}, but number is {number:,}; give {count:,} or less")
    return found[0], len(found) > 1
