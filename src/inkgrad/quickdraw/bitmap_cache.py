"""Files of strokes as bitmaps: drawn once, and then kept in the cache."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from inkgrad.drawing import Raster, to_bitmaps
from inkgrad.errors import DataError
from inkgrad.quickdraw.drawings import GOOGLES, Bitmaps
from inkgrad.quickdraw.duplicates import same_drawing
from inkgrad.quickdraw.formats import read_bitmaps, read_records
from inkgrad.quickdraw.loaded import Wanted
from inkgrad.storage import atomic_write

__all__ = ["Scan", "hash_of_source", "keep", "read_strokes", "scan"]

_BATCH = 256  # drawings between two reports of progress
_ALL = Wanted()


class Scan(NamedTuple):
    """What is seen of a file without understanding it, in one reading."""

    lines: int
    """Those that are not blank: the drawings of an ndjson file."""
    digest: str
    """A hash of all its bytes."""


def scan(path: Path) -> Scan:
    r"""Count a file's lines that are not blank, and hash it.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "line.ndjson"
    >>> _ = path.write_text("{}\n\n{}")
    >>> scan(path).lines
    2
    """
    digest, lines = hashlib.sha256(), 0
    with path.open("rb") as file:
        for line in file:
            digest.update(line)
            lines += not line.isspace()
    return Scan(lines, digest.hexdigest())


def read_strokes(
    path: Path,
    wanted: Wanted = _ALL,
    *,
    besides: Bitmaps | None = None,
    scanned: Scan | None = None,
    on_progress: Callable[[int, int], object] | None = None,
) -> Bitmaps:
    """Draw the strokes of an ndjson file as bitmaps, or take them from the cache.

    A cached file counts only for the same strokes and bitmaps (by a hash of all their bytes), the
    same choice of drawings, and the same rasteriser (its settings, and a hash of its source):
    nothing needs to be cleared when one of them changes. That the cache cannot be written is no
    error.

    Parameters
    ----------
    path : Path
        Its strokes are drawn as `inkgrad.drawing.to_bitmaps` draws them.
    wanted : Wanted
        Its limit counts those left out for `besides` too.
    besides : uint8 array of shape (m, side, side), optional
        Bitmaps that there are already: a drawing that is the same as one of them (`same_drawing`)
        is left out.
    scanned : Scan, optional
        Of the file, if it has been scanned already.
    on_progress : callable, optional
        Called with the number of drawings that are drawn and to be drawn.

    Returns
    -------
    bitmaps : uint8 array of shape (n, side, side)
        n ≥ 0, in the order of the file.

    Raises
    ------
    DataError
        If the file is damaged, with its name and the line.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "line.ndjson"
    >>> _ = path.write_text('{"drawing": [[[0, 255], [3, 0]]], "recognized": true}')
    >>> read_strokes(path).shape, read_strokes(path, Wanted(recognized=False)).shape
    ((1, 28, 28), (0, 28, 28))
    """
    found = scan(path) if scanned is None else scanned

    def draw() -> Bitmaps:
        drawn = _draw_file(path, found.lines, wanted, on_progress)
        return drawn if besides is None else drawn[~same_drawing(besides, drawn)]

    digest = hashlib.sha256(f"{hash_of_source('inkgrad.drawing')} {found.digest}".encode())
    if besides is not None:
        digest.update((resources.files("inkgrad.quickdraw") / "duplicates.py").read_bytes())
        digest.update(f"{len(besides)}".encode())
        digest.update(np.ascontiguousarray(besides).data)
    wish = f"{path.resolve()} {wanted.limit} {wanted.recognized}"
    return keep(wanted.cache, wish, digest.hexdigest(), draw, wanted.raster)


def keep(
    cache: Path | None,
    wish: str,
    content: str,
    draw: Callable[[], Bitmaps],
    raster: Raster = GOOGLES,
) -> Bitmaps:
    """Return bitmaps from the cache; draw them, and keep them there, if they are not in it.

    Parameters
    ----------
    cache : Path or None
        The cache folder; None: always draw, keep nothing.
    wish : str
        What is wanted, for instance a file's name. Newer content takes the place of older.
    content : str
        A hash of everything that decides what is drawn, but for the rasteriser's settings.
    draw : callable
        Returns the bitmaps, uint8 of shape (n, side, side).
    raster : Raster
        The settings that they are drawn with.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> black = np.zeros((2, 28, 28), np.uint8)
    >>> keep(folder, "two", "abc", lambda: black).shape
    (2, 28, 28)
    >>> keep(folder, "two", "abc", lambda: None).shape  # not drawn again
    (2, 28, 28)
    """
    if cache is None:
        return draw()
    folder = cache / "rasters"
    name = hashlib.sha256(f"{wish} {raster}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
    kept = folder / f"{name}-{content[:32]}.npy"
    with contextlib.suppress(DataError):  # not there, empty or damaged: drawn again
        return read_bitmaps(kept, raster=raster)
    bitmaps = draw()
    with contextlib.suppress(OSError):
        if len(bitmaps):
            with atomic_write(kept) as file:
                np.save(file, bitmaps)
            for old in folder.glob(f"{name}-*.npy"):
                if old != kept:
                    old.unlink()
    return bitmaps


@functools.cache
def hash_of_source(*packages: str) -> str:
    """Return a hash of the source of some packages: it changes when they may draw otherwise.

    Examples
    --------
    >>> hash_of_source("inkgrad.drawing") == hash_of_source("inkgrad.quickdraw")
    False
    """
    digest = hashlib.sha256()
    for package in packages:
        files = sorted(resources.files(package).iterdir(), key=lambda file: file.name)
        for file in files:
            if file.name.endswith(".py"):
                digest.update(file.read_bytes())
    return digest.hexdigest()


def _draw_file(
    path: Path, lines: int, wanted: Wanted, on_progress: Callable[[int, int], object] | None
) -> Bitmaps:
    """Draw the wanted drawings of a file."""
    raster = wanted.raster
    total = lines if wanted.limit is None else min(wanted.limit, lines)
    bitmaps = np.empty((total, raster.side, raster.side), dtype=np.uint8)
    every = (
        record.strokes
        for record in read_records(path)
        if wanted.recognized in (None, record.recognized)
    )
    chosen, done = islice(every, total), 0
    while batch := list(islice(chosen, _BATCH)):
        bitmaps[done : done + len(batch)] = to_bitmaps(batch, **raster.to_dict())
        done += len(batch)
        if on_progress is not None:
            on_progress(done, total)
    return bitmaps[:done]
