"""Files of strokes as bitmaps: drawn once, and then kept in the cache."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable, Iterator
from importlib import resources
from itertools import islice
from pathlib import Path

import numpy as np

from inkgrad.drawing import Raster, Strokes, to_bitmaps
from inkgrad.errors import DataError
from inkgrad.quickdraw.drawings import GOOGLES, Bitmaps
from inkgrad.quickdraw.duplicates import same_drawing
from inkgrad.quickdraw.formats import read_bitmaps, read_records
from inkgrad.storage import atomic_write

__all__ = ["count_lines", "hash_of_source", "keep", "read_strokes"]

_BATCH = 256  # drawings between two reports of progress
_BLOCK = 1 << 20


def read_strokes(
    path: Path,
    *,
    besides: Bitmaps | None = None,
    limit: int | None = None,
    recognized: bool | None = None,
    raster: Raster = GOOGLES,
    cache: Path | None = None,
    on_progress: Callable[[int, int], object] | None = None,
) -> Bitmaps:
    """Draw the strokes of a ``simplified`` file as bitmaps, or take them from the cache.

    A cached file counts only for the same strokes and bitmaps (by a hash of all their bytes), the
    same choice of drawings, and the same rasteriser (its settings, and a hash of its source):
    nothing needs to be cleared when one of them changes. That the cache cannot be written is no
    error.

    Parameters
    ----------
    path : Path
        An ndjson file of strokes, which are drawn as `inkgrad.drawing.to_bitmaps` draws them.
    besides : uint8 array of shape (m, side, side), optional
        Bitmaps that there are already: a drawing that is the same as one of them (`same_drawing`)
        is left out.
    limit : int, optional
        Draw at most so many, those left out included.
    recognized : bool, optional
        Only drawings that the game recognised (True) or did not (False).
    raster : Raster
        How they are drawn; by default as Google did.
    cache : Path, optional
        The folder to keep bitmaps in; None: keep none.
    on_progress : callable, optional
        Told the number of drawings that are drawn and to be drawn.

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
    >>> read_strokes(path).shape, read_strokes(path, recognized=False).shape
    ((1, 28, 28), (0, 28, 28))
    """

    def draw() -> Bitmaps:
        drawn = _draw_file(path, limit, recognized, raster, on_progress)
        return drawn if besides is None else drawn[~same_drawing(besides, drawn)]

    wish = f"{path.resolve()} {limit} {recognized}"
    return keep(cache, wish, _content(path, besides), draw, raster)


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


def count_lines(path: Path) -> int:
    r"""Return how many drawings an ndjson file has: its lines that are not blank.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "line.ndjson"
    >>> _ = path.write_text("{}\n\n{}")
    >>> count_lines(path)
    2
    """
    with path.open("rb") as file:
        return sum(not line.isspace() for line in file)


def _draw_file(
    path: Path,
    limit: int | None,
    recognized: bool | None,
    raster: Raster,
    on_progress: Callable[[int, int], object] | None,
) -> Bitmaps:
    """Draw the wanted drawings of a file."""
    wanted = (
        record.strokes
        for record in read_records(path)
        if recognized is None or record.recognized is recognized
    )
    lines = count_lines(path)
    total = lines if limit is None else min(limit, lines)
    bitmaps = np.empty((total, raster.side, raster.side), dtype=np.uint8)
    done = 0
    for batch in _batches(islice(wanted, total)):
        bitmaps[done : done + len(batch)] = to_bitmaps(batch, **raster.to_dict())
        done += len(batch)
        if on_progress is not None:
            on_progress(done, total)
    return bitmaps[:done]


def _batches(drawings: Iterator[Strokes]) -> Iterator[list[Strokes]]:
    """Yield drawings by the batch."""
    while batch := list(islice(drawings, _BATCH)):
        yield batch


def _content(path: Path, besides: Bitmaps | None) -> str:
    """Return a hash of all that decides what `read_strokes` returns, but for its choice."""
    digest = hashlib.sha256(hash_of_source("inkgrad.drawing").encode())
    if besides is not None:
        digest.update((resources.files("inkgrad.quickdraw") / "duplicates.py").read_bytes())
        digest.update(f"{len(besides)}".encode())
        digest.update(np.ascontiguousarray(besides).data)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
