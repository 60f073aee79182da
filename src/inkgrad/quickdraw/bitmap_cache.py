"""A cache of drawn bitmaps: strokes are drawn once, and kept with their points if need be."""

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
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from inkgrad.drawing import Packed, join_packed
from inkgrad.errors import DataError
from inkgrad.quickdraw.drawings import Bitmaps
from inkgrad.quickdraw.drawn import Drawn, draw
from inkgrad.quickdraw.duplicates import same_drawing
from inkgrad.quickdraw.formats import read_bitmaps, read_records
from inkgrad.quickdraw.loaded import Wanted
from inkgrad.storage import atomic_write, atomic_write_bytes

__all__ = ["Scan", "hash_of_source", "keep", "read_strokes", "scan"]

_BATCH = 256  # drawings between two reports of progress
_ALL = Wanted()
_POINTS = ".safetensors"


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
) -> Drawn:
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
    drawn : Drawn
        n ≥ 0 bitmaps in the order of the file, and their strokes if `wanted` says so.

    Raises
    ------
    DataError
        If the file is damaged, with its name and the line.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "line.ndjson"
    >>> _ = path.write_text('{"drawing": [[[0, 255], [3, 0]]], "recognized": true}')
    >>> read_strokes(path).bitmaps.shape, len(read_strokes(path, Wanted(strokes=True)).strokes)
    ((1, 28, 28), 1)
    """
    found = scan(path) if scanned is None else scanned

    def draw_all() -> Drawn:
        drawn = _draw_file(path, found.lines, wanted, on_progress)
        if besides is None:
            return drawn
        new = np.flatnonzero(~same_drawing(besides, drawn.bitmaps))
        return Drawn(drawn.bitmaps[new], drawn.strokes and drawn.strokes.take(new))

    digest = hashlib.sha256(f"{hash_of_source('inkgrad.drawing')} {found.digest}".encode())
    if besides is not None:
        digest.update((resources.files("inkgrad.quickdraw") / "duplicates.py").read_bytes())
        digest.update(f"{len(besides)}".encode())
        digest.update(np.ascontiguousarray(besides).data)
    wish = f"{path.resolve()} {wanted.limit} {wanted.recognized}"
    return keep(wanted, wish, digest.hexdigest(), draw_all)


def keep(wanted: Wanted, wish: str, content: str, draw_all: Callable[[], Drawn]) -> Drawn:
    """Return drawings from the cache; draw them, and keep them there, if they are not in it.

    Parameters
    ----------
    wanted : Wanted
        Its cache, its rasteriser's settings, and whether strokes are kept as well.
    wish : str
        What is wanted, for instance a file's name. Newer content takes the place of older.
    content : str
        A hash of everything that decides what is drawn, but for the rasteriser's settings.
    draw_all : callable
        Draws them.

    Examples
    --------
    >>> import tempfile
    >>> wanted = Wanted(cache=Path(tempfile.mkdtemp()))
    >>> black = np.zeros((2, 28, 28), np.uint8)
    >>> keep(wanted, "two", "abc", lambda: Drawn(black, None)).bitmaps.shape
    (2, 28, 28)
    >>> keep(wanted, "two", "abc", lambda: None).bitmaps.shape  # not drawn again
    (2, 28, 28)
    """
    if wanted.cache is None:
        return draw_all()
    folder = wanted.cache / "rasters"
    named = f"{wish} {wanted.raster}".encode("utf-8", "surrogatepass")
    name = hashlib.sha256(named).hexdigest()[:16]
    kept = folder / f"{name}-{content[:32]}.npy"
    with contextlib.suppress(DataError):  # not there, empty or damaged: drawn again
        bitmaps = read_bitmaps(kept, raster=wanted.raster)
        return Drawn(bitmaps, _load_packed(kept, len(bitmaps)) if wanted.strokes else None)
    drawn = draw_all()
    with contextlib.suppress(OSError):
        if len(drawn.bitmaps):
            with atomic_write(kept) as file:
                np.save(file, drawn.bitmaps)
            if drawn.strokes is not None:
                atomic_write_bytes(kept.with_suffix(_POINTS), save(vars(drawn.strokes)))
            for old in folder.glob(f"{name}-*"):
                if old.stem != kept.stem:
                    old.unlink()
    return drawn


def _load_packed(kept: Path, drawings: int) -> Packed:
    """Load the strokes that are kept beside bitmaps."""
    path = kept.with_suffix(_POINTS)
    try:
        packed = Packed(**load_file(path))
    except (OSError, SafetensorError, TypeError) as error:
        raise DataError(f"{path} is not there or damaged: {error}") from None
    if len(packed) != drawings:
        raise DataError(f"{path} has {len(packed)} drawings, not {drawings}")
    return packed


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
) -> Drawn:
    """Draw the wanted drawings of a file."""
    side = wanted.raster.side
    total = lines if wanted.limit is None else min(wanted.limit, lines)
    bitmaps = np.empty((total, side, side), dtype=np.uint8)
    strokes: list[Packed] = []
    every = (
        record.strokes
        for record in read_records(path)
        if wanted.recognized in (None, record.recognized)
    )
    chosen, done = islice(every, total), 0
    while batch := list(islice(chosen, _BATCH)):
        drawn = draw(batch, wanted.raster, wanted.strokes)
        bitmaps[done : done + len(batch)] = drawn.bitmaps
        if drawn.strokes is not None:
            strokes.append(drawn.strokes)
        done += len(batch)
        if on_progress is not None:
            on_progress(done, total)
    return Drawn(bitmaps[:done], join_packed(strokes) if wanted.strokes else None)
