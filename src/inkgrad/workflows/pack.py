"""Packing: drawings of any kind become files of bitmaps, in the format of Google's own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inkgrad.drawing import Raster
from inkgrad.errors import InkgradError
from inkgrad.quickdraw import OnProgress, read_records
from inkgrad.quickdraw.bitmap_cache import scan
from inkgrad.quickdraw.cache import location
from inkgrad.quickdraw.data_locations import Group, find_groups
from inkgrad.quickdraw.drawings import Bitmaps
from inkgrad.quickdraw.formats import PICTURES
from inkgrad.quickdraw.formats.npy import map_npy
from inkgrad.quickdraw.formats.reading import read_file
from inkgrad.storage import atomic_write

__all__ = ["Packed", "pack"]

Bitmap = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Packed:
    """A file that `pack` has written.

    Attributes
    ----------
    path : Path
        The file.
    label : str or None
        The class of its drawings; None if they were not to be told apart.
    drawings : int
        How many are in it.
    """

    path: Path
    label: str | None
    drawings: int


def pack(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str] = "bitmaps.npy",
    *,
    side: int = 28,
    pen: float = 16.0,
    padding: float = 16.0,
    on_progress: OnProgress | None = None,
) -> list[Packed]:
    """Draw strokes and pictures as bitmaps, and write these as Google's ``.npy`` files are.

    Such a file is a uint8 array of shape (n, side²), ink 255 on 0, a row a drawing.

    Parameters
    ----------
    paths : path or list of paths
        Files of drawings of any format, and folders: see
        `inkgrad.quickdraw.data_locations.find_groups`.
    out : path
        A file that ends in ``.npy``, for all drawings in the order of their files; or else a
        folder, for a file ``CLASS.npy`` of each class. Files of these names are replaced.
    side, pen, padding
        See `inkgrad.drawing.Raster`; by default Google's.
    on_progress : callable, optional
        Told how drawing goes on.

    Returns
    -------
    packed : list of Packed
        What was written; classes in alphabetical order.

    Raises
    ------
    InkgradError
        If drawings cannot be read, are of no known class where that is needed, a setting is
        impossible, or `out` cannot be written or is one of the drawings. Nothing is written then.

    Examples
    --------
    >>> import json, tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> line = json.dumps({"word": "line", "drawing": [[[0, 255], [3, 0]]]})
    >>> _ = (folder / "line.ndjson").write_text(line)
    >>> packed = pack(folder / "line.ndjson", folder / "bitmaps")
    >>> packed[0].path.name, np.load(packed[0].path).shape
    ('line.npy', (1, 784))
    """
    raster = Raster(side, pen, padding)
    named = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    if not named:
        raise InkgradError("no drawings are given; name a file or folder of drawings")
    groups = [group for path in named for group in find_groups(path)]
    target = Path(out)
    in_one = target.suffix.lower() == ".npy"
    _check_target(target, in_one, groups)
    drawn: dict[str | None, list[Bitmap]] = {}
    for group in groups:
        for label, bitmap in _draw(group, raster, on_progress):
            drawn.setdefault(None if in_one else label, []).append(bitmap)
    files = {name: target if name is None else target / _file_name(name) for name in drawn}
    for file in files.values():
        _refuse_to_overwrite(file, groups)
    return [
        _write(files[name], name, np.stack(drawn[name]))
        for name in sorted(drawn, key=lambda name: name or "")
    ]


def _check_target(target: Path, in_one: bool, groups: Sequence[Group]) -> None:
    """Refuse, before anything is drawn, what cannot be written to."""
    if target.is_dir() if in_one else target.is_file():
        what = "a folder whose name" if in_one else "a file whose name does not"
        raise InkgradError(
            f"{target} is {what} {'ends' if in_one else 'end'} in .npy; name a file such as "
            "bitmaps.npy, or a folder for a file a class"
        )
    nameless = [group.files[0] for group in groups if group.label is None]
    if nameless and not in_one:
        raise InkgradError(
            f"nothing says of which class {nameless[0]} is; put it into a folder of that name "
            "(CLASS/*.png|svg|json), or name a single file to write to, such as bitmaps.npy"
        )


def _draw(
    group: Group, raster: Raster, on_progress: OnProgress | None
) -> Iterator[tuple[str | None, Bitmap]]:
    """Yield every drawing of a group with its class."""
    total = sum(_count(path, raster) for path in group.files)
    done = 0

    def tell(number: int) -> None:
        if on_progress is not None:
            on_progress("draw", group.label or "", done + number, total)

    for path in group.files:
        bitmaps, words, _ = read_file(path, raster=raster, on_drawn=tell)
        done += len(bitmaps)
        for bitmap, word in zip(bitmaps, words, strict=True):
            yield group.class_of(word), bitmap


def _count(path: Path, raster: Raster) -> int:
    """Return how many drawings a file has."""
    suffix = path.suffix.lower()
    if suffix in PICTURES:
        return 1
    if suffix == ".npy":
        return len(map_npy(path, side=raster.side))
    if suffix in (".ndjson", ".jsonl"):
        return scan(path).lines
    return sum(1 for _ in read_records(path))


def _file_name(label: str) -> str:
    """Return how Google calls a class's file.

    Examples
    --------
    >>> _file_name("alarm clock")
    'alarm clock.npy'
    """
    return Path(location("numpy_bitmap", label)).name


def _refuse_to_overwrite(file: Path, groups: Sequence[Group]) -> None:
    """Refuse to write where one of the drawings lies."""
    if file.exists() and any(file.samefile(path) for group in groups for path in group.files):
        raise InkgradError(f"{file} is one of the drawings; write to another place with -o")


def _write(file: Path, label: str | None, bitmaps: Bitmaps) -> Packed:
    """Write a file as Google's are: a row a drawing."""
    try:
        with atomic_write(file) as stream:
            np.save(stream, bitmaps.reshape(len(bitmaps), -1))  # (n, side, side) -> (n, side²)
    except OSError as error:
        raise InkgradError(
            f"cannot write {file}: {error.strerror or error}; make room or get permission, or "
            "name another place with -o"
        ) from error
    return Packed(file, label, len(bitmaps))
