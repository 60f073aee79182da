"""One class in a folder with the bucket's layout: its bitmaps, and its strokes drawn as such."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inkgrad.errors import DataError
from inkgrad.quickdraw.cache import location
from inkgrad.quickdraw.drawings import SIDE, Bitmaps
from inkgrad.quickdraw.duplicates import same_drawing
from inkgrad.quickdraw.portion import read_header
from inkgrad.quickdraw.rasters import count_lines, read_strokes

__all__ = ["ClassDrawings", "read_class"]


@dataclass(frozen=True, eq=False)
class ClassDrawings:
    """The drawings of one class, and where they come from.

    Parameters
    ----------
    bitmaps : uint8 array of shape (n, 28, 28)
        Google's own bitmaps (still on the disk: mapped into memory).
    strokes : uint8 array of shape (m, 28, 28)
        Strokes drawn as bitmaps.
    doubles : int
        Strokes left out because they are the same drawing as one of the bitmaps.
    """

    bitmaps: Bitmaps
    strokes: Bitmaps
    doubles: int = 0

    def __len__(self) -> int:
        return len(self.bitmaps) + len(self.strokes)


def read_class(
    folder: Path,
    category: str,
    *,
    limit: int | None = None,
    recognized: bool | None = None,
    cache: Path | None = None,
    on_progress: Callable[[int, int], object] | None = None,
) -> ClassDrawings:
    """Read the drawings of a class: first bitmaps, then strokes, none twice.

    Row i of Google's bitmap file is drawing i of its simplified file. So if the two files of a
    class have equally many drawings, they are the same ones, and the strokes are not used;
    otherwise those strokes are left out that are the same drawing as one of the bitmaps
    (`inkgrad.quickdraw.duplicates.same_drawing`).

    Parameters
    ----------
    folder : Path
        Holds ``numpy_bitmap/CATEGORY.npy``, ``simplified/CATEGORY.ndjson`` or both.
    category : str
        The class.
    limit : int, optional
        At most so many drawings; None: all. Only the first `limit` of each file are looked at.
    recognized : bool, optional
        Only drawings that the game recognised (True) or did not (False). Bitmaps do not tell, so
        only strokes are used then.
    cache : Path, optional
        Where bitmaps made of strokes are kept.
    on_progress : callable, optional
        Told the number of strokes that are drawn and to be drawn.

    Returns
    -------
    drawings : ClassDrawings
        Empty if neither file is there.

    Raises
    ------
    DataError
        If a file is damaged.
    """
    rows = _none()
    if recognized is None:
        rows = _map_bitmaps(folder / location("numpy_bitmap", category))
        if limit is not None and len(rows) >= limit:
            return ClassDrawings(rows[:limit], _none())
    path = folder / location("simplified", category)
    if not path.is_file() or (len(rows) and count_lines(path) == len(rows)):
        return ClassDrawings(rows, _none())
    drawn = read_strokes(
        path, limit=limit, recognized=recognized, cache=cache, on_progress=on_progress
    )
    new = drawn[~same_drawing(rows, drawn)] if len(rows) else drawn
    doubles = len(drawn) - len(new)
    return ClassDrawings(rows, new if limit is None else new[: limit - len(rows)], doubles)


def _none() -> Bitmaps:
    return np.empty((0, SIDE, SIDE), dtype=np.uint8)


def _map_bitmaps(path: Path) -> Bitmaps:
    """Map a file of bitmaps into memory, after its header was compared with its size."""
    if not path.is_file():
        return _none()
    with path.open("rb") as file:
        try:
            offset, rows = read_header(file)
        except ValueError as error:
            raise DataError(f"{path} is damaged: {error}; fetch it again") from error
        size = file.seek(0, 2)
        if size != offset + rows * SIDE * SIDE:
            raise DataError(
                f"{path} is damaged: its header tells of {rows:,} drawings, but it has {size:,} "
                "bytes; fetch it again"
            )
        return np.memmap(file, np.uint8, "r", offset, (rows, SIDE, SIDE))
