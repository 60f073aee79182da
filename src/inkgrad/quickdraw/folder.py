"""One class in a folder with the bucket's layout: its bitmaps, and its strokes drawn as such."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inkgrad.quickdraw.cache import location
from inkgrad.quickdraw.drawings import SIDE, Bitmaps
from inkgrad.quickdraw.formats.npy import map_npy
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
        path = folder / location("numpy_bitmap", category)
        rows = map_npy(path) if path.is_file() else rows
        if limit is not None and len(rows) >= limit:
            return ClassDrawings(rows[:limit], _none())
    path = folder / location("simplified", category)
    lines = count_lines(path) if path.is_file() else 0
    if lines in {0, len(rows)}:
        return ClassDrawings(rows, _none())
    new = read_strokes(
        path,
        besides=rows if len(rows) else None,
        limit=limit,
        recognized=recognized,
        cache=cache,
        on_progress=on_progress,
    )
    looked_at = lines if limit is None else min(limit, lines)
    doubles = looked_at - len(new) if recognized is None else 0
    room = len(new) if limit is None else limit - len(rows)
    return ClassDrawings(rows, new[:room], doubles)


def _none() -> Bitmaps:
    return np.empty((0, SIDE, SIDE), dtype=np.uint8)
