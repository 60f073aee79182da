"""Folders with the bucket's layout: bitmaps, and strokes drawn as bitmaps, no drawing twice."""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inkgrad.errors import DataError
from inkgrad.quickdraw.bitmap_cache import Scan, read_strokes, scan
from inkgrad.quickdraw.cache import location
from inkgrad.quickdraw.drawings import GOOGLES, Bitmaps, Drawings
from inkgrad.quickdraw.drawn import Drawn
from inkgrad.quickdraw.formats.npy import map_npy
from inkgrad.quickdraw.loaded import ATTRIBUTION, Counts, Loaded, OnProgress, Wanted
from inkgrad.quickdraw.row_strokes import RowStrokes
from inkgrad.text import listed

__all__ = ["ClassDrawings", "read_class", "read_classes"]

_MANY_CLASSES = 25  # whose drawings, of a hundred each, take a second or two without Numba


@dataclass(frozen=True, eq=False)
class ClassDrawings:
    """The drawings of one class, and where they come from.

    Parameters
    ----------
    bitmaps : uint8 array of shape (n, side, side)
        Google's own bitmaps (still on the disk: mapped into memory).
    strokes : uint8 array of shape (m, side, side)
        Strokes drawn as bitmaps.
    doubles : int
        Strokes left out because they are the same drawing as one of the bitmaps.
    rows : RowStrokes, optional
        The strokes of all n + m rows, if they are wanted.
    """

    bitmaps: Bitmaps
    strokes: Bitmaps
    doubles: int = 0
    rows: RowStrokes | None = None

    def __len__(self) -> int:
        return len(self.bitmaps) + len(self.strokes)


def read_class(
    folder: Path,
    category: str,
    wanted: Wanted,
    on_progress: Callable[[int, int], object] | None = None,
) -> ClassDrawings:
    """Read the drawings of a class: first bitmaps, then strokes, none twice.

    Row i of Google's bitmap file is drawing i of its simplified file. So if the two files of a
    class have equally many drawings, they are the same ones, and the strokes are not drawn, only
    put beside the bitmaps where they are wanted; otherwise those strokes are left out that are the
    same drawing as one of the bitmaps (`inkgrad.quickdraw.duplicates.same_drawing`).

    Parameters
    ----------
    folder : Path
        Holds ``numpy_bitmap/CATEGORY.npy``, ``simplified/CATEGORY.ndjson`` or both.
    category : str
        The class.
    wanted : Wanted
        If bitmaps do not tell what it asks for (`Wanted.takes_bitmaps`), only strokes are used.
    on_progress : callable, optional
        Called with the number of strokes that are drawn and to be drawn.

    Returns
    -------
    drawings : ClassDrawings
        Empty if neither file is there.

    Raises
    ------
    DataError
        If a file is damaged.
    """
    limit, none = wanted.limit, np.empty((0, wanted.raster.side, wanted.raster.side), np.uint8)
    bitmaps = none
    if wanted.takes_bitmaps:
        path = folder / location("numpy_bitmap", category)
        bitmaps = map_npy(path) if path.is_file() else none
        if limit is not None and len(bitmaps) >= limit and not wanted.strokes:
            return ClassDrawings(bitmaps[:limit], none)
    path = folder / location("simplified", category)
    scanned = scan(path) if path.is_file() else Scan(0, "")
    read = functools.partial(read_strokes, path, wanted, scanned=scanned, on_progress=on_progress)
    if scanned.lines in {0, len(bitmaps)} or (limit is not None and len(bitmaps) >= limit):
        may_match = wanted.strokes and scanned.lines == len(bitmaps) > 0
        rows = _strokes_behind(bitmaps[:limit], read()) if may_match else None
        return ClassDrawings(bitmaps[:limit], none, rows=rows)
    new = read(besides=bitmaps if len(bitmaps) else None)
    looked_at = scanned.lines if limit is None else min(limit, scanned.lines)
    doubles = looked_at - len(new.bitmaps) if wanted.recognized is None else 0
    room = len(new.bitmaps) if limit is None else limit - len(bitmaps)
    rows = None
    if new.strokes is not None:
        rows = RowStrokes.join([RowStrokes.none(len(bitmaps)), RowStrokes.all(new.strokes)])
        rows = rows.subset(np.arange(min(len(rows), len(bitmaps) + room)))
    return ClassDrawings(bitmaps, new.bitmaps[:room], doubles, rows)


def _strokes_behind(bitmaps: Bitmaps, drawn: Drawn) -> RowStrokes | None:
    """Return the strokes that bitmaps were drawn from: those that become the very same bytes.

    Files of equally many drawings might not be of the same ones, for all that is known.
    """
    if drawn.strokes is None:
        return None
    same = (bitmaps == drawn.bitmaps).all(axis=(1, 2))
    return RowStrokes(drawn.strokes, np.where(same, np.arange(len(same)), -1))


def read_classes(
    folder: Path,
    classes: Sequence[str],
    source: str,
    wanted: Wanted,
    on_progress: OnProgress | None = None,
) -> Loaded:
    """Read the drawings of several classes, each as `read_class` does.

    `source` is how the folder is called in `Loaded.source` and in errors.

    Raises
    ------
    DataError
        If a file is damaged, or there are no drawings of a class.
    """
    kinds = ("numpy_bitmap", "simplified") if wanted.takes_bitmaps else ("simplified",)
    absent = [
        name
        for name in classes
        if not any((folder / location(kind, name)).is_file() for kind in kinds)
    ]
    if absent:  # told before much time is spent on the others
        raise _missing(absent, source, wanted)
    if len(classes) >= _MANY_CLASSES:
        _expect_many_drawings()
    parts: dict[str, ClassDrawings] = {}
    for name in classes:
        tell = None if on_progress is None else functools.partial(on_progress, "draw", name)
        parts[name] = read_class(folder, name, wanted, tell)
    empty = [name for name, part in parts.items() if len(part) == 0]
    if empty:
        raise _missing(empty, source, wanted)
    counts = {
        name: Counts(len(part.bitmaps), len(part.strokes), part.doubles)
        for name, part in parts.items()
    }
    return Loaded(_join(parts, wanted.raster.side), source, counts, attribution=ATTRIBUTION)


def _expect_many_drawings() -> None:
    """Load the compiled rasteriser, for which a single class may have too few drawings."""
    with contextlib.suppress(ImportError):  # without Numba it is slower
        importlib.import_module("inkgrad.drawing.compiled")


def _join(parts: dict[str, ClassDrawings], side: int) -> Drawings:
    """Copy the drawings of all classes into one array, each once."""
    lengths = [len(part) for part in parts.values()]
    bitmaps = np.empty((sum(lengths), side, side), dtype=np.uint8)
    start = 0
    for part in parts.values():
        for rows in (part.bitmaps, part.strokes):
            bitmaps[start : start + len(rows)] = rows
            start += len(rows)
    labels = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
    strokes = None
    if any(part.rows is not None for part in parts.values()):
        strokes = RowStrokes.join([p.rows or RowStrokes.none(len(p)) for p in parts.values()])
    return Drawings(bitmaps, labels, tuple(parts), strokes)


def _missing(names: list[str], source: str, wanted: Wanted) -> DataError:
    """Say of which classes there are no drawings, and where they were looked for."""
    if wanted.recognized is not None:
        mark = "recognised" if wanted.recognized else "not recognised"
        return DataError(
            f"there are no drawings of {listed(names, 3)} marked as {mark} in {source}, where "
            f"{location('simplified', names[0])} would tell; take all drawings"
        )
    if wanted.raster != GOOGLES:
        return DataError(
            f"there are no strokes of {listed(names, 3)} in {source}, and Google's bitmaps are of "
            f"{GOOGLES}, where {wanted.raster} is needed; put {location('simplified', names[0])} "
            "there, or leave the class out"
        )
    return DataError(
        f"there are no drawings of {listed(names, 3)} in {source}, neither in "
        f"{location('numpy_bitmap', names[0])} nor in {location('simplified', names[0])}; check "
        "the name, or leave the class out"
    )
