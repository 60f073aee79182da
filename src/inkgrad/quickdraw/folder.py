"""Folders with the bucket's layout: bitmaps, and strokes drawn as bitmaps, no drawing twice."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inkgrad.drawing import Raster
from inkgrad.errors import DataError
from inkgrad.quickdraw.cache import location
from inkgrad.quickdraw.drawings import GOOGLES, Bitmaps, Drawings
from inkgrad.quickdraw.formats.npy import map_npy
from inkgrad.quickdraw.loaded import ATTRIBUTION, Counts, Loaded, OnProgress
from inkgrad.quickdraw.rasters import count_lines, read_strokes

__all__ = ["ClassDrawings", "listed", "read_class", "read_classes", "uses_bitmaps"]


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
    """

    bitmaps: Bitmaps
    strokes: Bitmaps
    doubles: int = 0

    def __len__(self) -> int:
        return len(self.bitmaps) + len(self.strokes)


def uses_bitmaps(recognized: bool | None, raster: Raster) -> bool:
    """Tell whether Google's bitmaps may be used, or only strokes.

    Bitmaps do not tell whether the game recognised them, and they are drawn already, in one way.

    Examples
    --------
    >>> uses_bitmaps(None, Raster()), uses_bitmaps(True, Raster()), uses_bitmaps(None, Raster(56))
    (True, False, False)
    """
    return recognized is None and raster == GOOGLES


def read_class(
    folder: Path,
    category: str,
    *,
    limit: int | None = None,
    recognized: bool | None = None,
    raster: Raster = GOOGLES,
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
        At most so many drawings, the first ones; None: all.
    recognized : bool, optional
        Only drawings that the game recognised (True) or did not (False). Bitmaps do not tell, so
        only strokes are used then.
    raster : Raster
        How they are to be drawn. Bitmaps are drawn already, as Google did, so only strokes are
        used for any other way.
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
    rows = _none(raster)
    if uses_bitmaps(recognized, raster):
        path = folder / location("numpy_bitmap", category)
        rows = map_npy(path) if path.is_file() else rows
        if limit is not None and len(rows) >= limit:
            return ClassDrawings(rows[:limit], _none(raster))
    path = folder / location("simplified", category)
    lines = count_lines(path) if path.is_file() else 0
    if lines in {0, len(rows)}:
        return ClassDrawings(rows, _none(raster))
    new = read_strokes(
        path,
        besides=rows if len(rows) else None,
        limit=limit,
        recognized=recognized,
        raster=raster,
        cache=cache,
        on_progress=on_progress,
    )
    looked_at = lines if limit is None else min(limit, lines)
    doubles = looked_at - len(new) if recognized is None else 0
    room = len(new) if limit is None else limit - len(rows)
    return ClassDrawings(rows, new[:room], doubles)


def read_classes(
    folder: Path,
    classes: Sequence[str],
    source: str,
    *,
    limit: int | None = None,
    recognized: bool | None = None,
    raster: Raster = GOOGLES,
    cache: Path | None = None,
    on_progress: OnProgress | None = None,
) -> Loaded:
    """Read the drawings of several classes, each as `read_class` does.

    Parameters
    ----------
    folder, limit, recognized, raster, cache
        As for `read_class`.
    classes : sequence of str
        The classes.
    source : str
        How the place is called in `Loaded.source` and in errors.
    on_progress : callable, optional
        Told how drawing the strokes goes on.

    Raises
    ------
    DataError
        If a file is damaged, or there are no drawings of a class.
    """
    usable = uses_bitmaps(recognized, raster)
    kinds = ("numpy_bitmap", "simplified") if usable else ("simplified",)
    absent = [
        name
        for name in classes
        if not any((folder / location(kind, name)).is_file() for kind in kinds)
    ]
    if absent:  # told before much time is spent on the others
        raise _missing(absent, source, recognized, raster)
    parts: dict[str, ClassDrawings] = {}
    for name in classes:
        tell = None if on_progress is None else functools.partial(on_progress, "draw", name)
        parts[name] = read_class(
            folder,
            name,
            limit=limit,
            recognized=recognized,
            raster=raster,
            cache=cache,
            on_progress=tell,
        )
    empty = [name for name, part in parts.items() if len(part) == 0]
    if empty:
        raise _missing(empty, source, recognized, raster)
    counts = {
        name: Counts(len(part.bitmaps), len(part.strokes), part.doubles)
        for name, part in parts.items()
    }
    return Loaded(_join(parts, raster.side), source, counts, attribution=ATTRIBUTION)


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
    return Drawings(bitmaps, labels, tuple(parts))


def _missing(names: list[str], source: str, recognized: bool | None, raster: Raster) -> DataError:
    """Say of which classes there are no drawings, and where they were looked for."""
    if recognized is not None:
        mark = "recognised" if recognized else "not recognised"
        return DataError(
            f"there are no drawings of {listed(names)} marked as {mark} in {source}, where "
            f"{location('simplified', names[0])} would tell; take all drawings"
        )
    if raster != GOOGLES:
        return DataError(
            f"there are no strokes of {listed(names)} in {source}, and Google's bitmaps are of "
            f"{GOOGLES}, where {raster} is needed; put {location('simplified', names[0])} there, "
            "or leave the class out"
        )
    return DataError(
        f"there are no drawings of {listed(names)} in {source}, neither in "
        f"{location('numpy_bitmap', names[0])} nor in {location('simplified', names[0])}; check "
        "the name, or leave the class out"
    )


def listed(names: list[str]) -> str:
    """Return some names for a sentence."""
    more = f" and {len(names) - 3} more classes" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _none(raster: Raster) -> Bitmaps:
    return np.empty((0, raster.side, raster.side), dtype=np.uint8)
