"""Reading a file of drawings of whatever format: the suffix says which."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from inkgrad.drawing import Raster, join_packed
from inkgrad.drawing.images import bitmap_from_image
from inkgrad.drawing.svg import strokes_from_svg
from inkgrad.errors import DataError, DrawingError
from inkgrad.quickdraw.drawings import GOOGLES, Bitmaps
from inkgrad.quickdraw.drawn import Drawn, draw
from inkgrad.quickdraw.formats.binary import read_binary
from inkgrad.quickdraw.formats.impostors import impostors_named
from inkgrad.quickdraw.formats.kaggle import read_kaggle
from inkgrad.quickdraw.formats.ndjson import read_inkml, read_json, read_ndjson
from inkgrad.quickdraw.formats.npy import read_npy
from inkgrad.quickdraw.formats.record import Record
from inkgrad.quickdraw.formats.sketchrnn import read_sketchrnn
from inkgrad.quickdraw.row_strokes import RowStrokes

__all__ = ["PICTURES", "SUFFIXES", "Read", "read_bitmaps", "read_file", "read_records"]


def _read_svg(path: Path) -> Iterator[Record]:
    """Yield the one drawing of an SVG file."""
    yield Record(strokes_from_svg(path))


_READERS: dict[str, Callable[[Path], Iterator[Record]]] = {
    ".bin": read_binary,
    ".csv": read_kaggle,
    ".excalidraw": read_json,
    ".inkml": read_inkml,
    ".json": read_json,
    ".jsonl": read_ndjson,
    ".ndjson": read_ndjson,
    ".svg": _read_svg,
    ".tldr": read_json,
    ".tsv": read_kaggle,
}
PICTURES = (
    *(".png", ".jpg", ".jpeg", ".jfif", ".gif", ".bmp", ".webp", ".tif", ".tiff"),
    *(".heic", ".heif"),
)
"""The suffixes of pictures, each of one drawing."""

_BITMAPS = (".npy", *PICTURES)
SUFFIXES = (".npz", *_READERS, *_BITMAPS)
"""The suffixes of the files that can be read; capital letters do not matter."""

_BATCH = 256  # drawings that are drawn at once


def read_records(
    path: str | os.PathLike[str], *, limit: int | None = None, part: str | None = None
) -> Iterator[Record]:
    """Yield the drawings of a file of strokes, one after the other, as the file has them.

    Parameters
    ----------
    path : path
        ``.ndjson`` (simplified or raw), ``.json``, ``.bin``, ``.csv`` (Kaggle), ``.npz``
        (Sketch-RNN) or ``.svg``.
    limit : int, optional
        Stop after so many drawings; what follows is not looked at.
    part : {"train", "valid", "test"}, optional
        For Sketch-RNN files only: which part to read; all three if None.

    Yields
    ------
    record : Record

    Raises
    ------
    DataError
        With the file's name and the record's number, if the file is missing, of another format,
        damaged or hostile, or holds no drawings.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "line.ndjson"
    >>> _ = path.write_text('{"key_id": "7", "drawing": [[[0, 255], [3, 0]]]}')
    >>> [record.key_id for record in read_records(path)]
    ['7']
    """
    path = _existing(path)
    _check_limit(limit)
    with impostors_named(path):
        records = islice(_records(path, part), limit)
        first = next(records, None)
        if first is None:
            raise DataError(f"{path} holds no drawings; fetch it again, or leave it out")
    yield first
    yield from records


def read_bitmaps(
    path: str | os.PathLike[str],
    *,
    limit: int | None = None,
    recognized: bool | None = None,
    part: str | None = None,
    raster: Raster = GOOGLES,
) -> Bitmaps:
    """Read a file of drawings of any format as bitmaps.

    Strokes are drawn as Google drew its own bitmaps: `inkgrad.drawing.to_bitmaps`.

    Parameters
    ----------
    path : path
        As for `read_records`, or ``.npy`` (bitmaps), or a picture of one drawing (``.png`` and
        other formats: `inkgrad.drawing.bitmap_from_image`).
    limit : int, optional
        Read at most so many drawings. Of a ``.npy`` file nothing else is read.
    recognized : bool, optional
        Keep only drawings that the game recognised (True) or did not recognise (False). Drawings
        of which this is not known are kept only if this is None.
    part : {"train", "valid", "test"}, optional
        For Sketch-RNN files only.
    raster : Raster
        How strokes and pictures are drawn; by default as Google did. Bitmaps are read as they
        are, and must have its side.

    Returns
    -------
    bitmaps : uint8 array of shape (n, side, side)
        Ink 255 on 0; n ≥ 1.

    Raises
    ------
    DataError
        As for `read_records`; also if `recognized` is asked of a format that does not know it,
        or leaves no drawings.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "line.json"
    >>> _ = path.write_text("[[[0, 99, 255], [3, 9, 0]]]")
    >>> read_bitmaps(path).shape
    (1, 28, 28)
    """
    return read_file(path, limit=limit, recognized=recognized, part=part, raster=raster).bitmaps


class Read(NamedTuple):
    """What a file of drawings holds."""

    bitmaps: Bitmaps
    """(n, side, side)"""
    words: list[str | None]
    """The word that belongs to each."""
    strokes: RowStrokes | None
    """What each was drawn from; None if that is not wanted."""


def read_file(
    path: str | os.PathLike[str],
    *,
    limit: int | None = None,
    recognized: bool | None = None,
    part: str | None = None,
    raster: Raster = GOOGLES,
    choose: Callable[[Record], bool] | None = None,
    on_drawn: Callable[[int], object] | None = None,
    strokes: bool = False,
) -> Read:
    """Do what `read_bitmaps` does, and return words and, if they are wanted, strokes too.

    `choose` is shown each record of a file of strokes and says whether it is wanted; there may be
    none. `on_drawn` is told now and then how many bitmaps there are, at last of all.
    """
    path = _existing(path)
    _check_limit(limit)
    suffix = path.suffix.lower()
    if recognized is not None and suffix in (".npz", *_BITMAPS):
        raise DataError(
            f"{path}: {suffix} files do not say which drawings were recognised; read the "
            "simplified .ndjson file, or take all drawings"
        )
    if suffix in _BITMAPS:
        _check_part(path, part)
        with impostors_named(path):
            if suffix == ".npy":
                bitmaps = read_npy(path, limit, side=raster.side)
            else:
                bitmaps = bitmap_from_image(path, **raster.to_dict())[None]  # (1, side, side)
            if len(bitmaps) == 0:
                raise DataError(f"{path} holds no drawings; fetch it again, or leave it out")
        if on_drawn is not None:
            on_drawn(len(bitmaps))
        rows = RowStrokes.none(len(bitmaps)) if strokes else None
        return Read(bitmaps, [None] * len(bitmaps), rows)
    numbered = (
        (number, record)
        for number, record in enumerate(read_records(path, part=part), start=1)
        if (recognized is None or record.recognized is recognized)
        and (choose is None or choose(record))
    )
    drawn: list[Drawn] = []
    words: list[str | None] = []
    wanted = islice(numbered, limit)
    while batch := list(islice(wanted, _BATCH)):
        drawn.append(_draw(batch, path, raster, strokes))
        words += [record.word for _, record in batch]
        if on_drawn is not None:
            on_drawn(len(words))
    if not drawn and choose is None:
        mark = "recognised" if recognized else "not recognised"
        raise DataError(f"{path}: none of its drawings is marked as {mark}; take all drawings")
    none = np.empty((0, raster.side, raster.side), np.uint8)
    bitmaps = np.concatenate([none, *(piece.bitmaps for piece in drawn)])
    if not strokes:
        return Read(bitmaps, words, None)
    packed = join_packed([piece.strokes for piece in drawn if piece.strokes is not None])
    return Read(bitmaps, words, RowStrokes.all(packed))


def _draw(batch: list[tuple[int, Record]], path: Path, raster: Raster, keep_strokes: bool) -> Drawn:
    """Draw numbered records; an error calls a drawing by its number in the file."""
    try:
        return draw([record.strokes for _, record in batch], raster, keep_strokes)
    except DrawingError as error:
        number, _ = batch[error.index or 0]
        raise DataError(f"{path}: drawing {number}: {error.reason}") from None


def _records(path: Path, part: str | None) -> Iterator[Record]:
    """Yield the records of a file by its suffix."""
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return read_sketchrnn(path, part)
    if suffix in _BITMAPS:
        raise DataError(f"{path} holds bitmaps, not strokes; use read_bitmaps")
    if suffix not in _READERS:
        raise DataError(
            f"{path}: files of drawings end in {', '.join(SUFFIXES)}; convert this one, or rename "
            "it if it is one of these"
        )
    _check_part(path, part)
    return _READERS[suffix](path)


def _existing(path: str | os.PathLike[str]) -> Path:
    path = Path(path)
    if not path.is_file():
        kind = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise DataError(f"{path} {kind}; give a file of drawings ({', '.join(SUFFIXES)})")
    return path


def _check_limit(limit: int | None) -> None:
    if limit is not None and limit < 1:
        raise DataError(f"limit is {limit}; give 1 or more, or None for all drawings")


def _check_part(path: Path, part: str | None) -> None:
    if part is not None:
        raise DataError(f"{path} has no part {part!r}; only Sketch-RNN files (.npz) have parts")
