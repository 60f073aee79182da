"""Shelves: the files of drawings that a path names, sorted by class, none of them opened yet."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from inkgrad.errors import DataError
from inkgrad.quickdraw.cache import KINDS
from inkgrad.quickdraw.formats import PICTURES, SUFFIXES
from inkgrad.quickdraw.formats.folder import visible
from inkgrad.quickdraw.places import (
    BucketFolder,
    Mirror,
    OwnFiles,
    OwnFolder,
    find_place,
    local_path,
)

__all__ = ["Shelf", "find_shelves"]

_PREFERRED = ("simplified", "raw", "binary", "numpy_bitmap")  # strokes tell more than bitmaps
_ONE_DRAWING = (
    ".svg",
    ".inkml",
    ".excalidraw",
    ".tldr",
    *PICTURES,
)  # such a file is called what its owner likes, not by its class


@dataclass(frozen=True)
class Shelf:
    """Files of drawings, all of one class as far as their names tell.

    Parameters
    ----------
    label : str or None
        The class; None if nothing says which.
    files : tuple of Path
        One at least, in alphabetical order.
    is_certain : bool
        Whether the label stands, whatever words the files may hold.
    """

    label: str | None
    files: tuple[Path, ...]
    is_certain: bool = False


def find_shelves(named: str | os.PathLike[str]) -> list[Shelf]:
    """Return the shelves of a file or folder, in alphabetical order.

    Parameters
    ----------
    named : path or file:// address
        A file of drawings; a folder of such files; a folder of one's own drawings, with a
        subfolder a class; or a folder with the layout of Google's bucket, of which each class's
        strokes are taken, or its bitmaps if there are no strokes.

    Raises
    ------
    DataError
        If it does not exist, is a server's address, or holds no drawings.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("dog.npy", "cat.ndjson", "README.md"):
    ...     (folder / name).touch()
    >>> [shelf.label for shelf in find_shelves(folder)]
    ['cat', 'dog']
    """
    path = local_path(os.fspath(named))
    if path is None:
        raise DataError(
            f"{Mirror(os.fspath(named))} cannot be leafed through; fetch drawings with inkgrad "
            "download CLASS --from ADDRESS --to FOLDER, and name that folder"
        )
    if path.is_file():
        return [_shelf_of(path)]
    if not path.is_dir():
        raise DataError(f"{path} does not exist; name a file or folder of drawings")
    return _shelves_of(path)


def _shelf_of(path: Path) -> Shelf:
    """Return the shelf of a file that lies in no class's folder."""
    return Shelf(None if path.suffix.lower() in _ONE_DRAWING else path.stem, (path,))


def _shelves_of(folder: Path) -> list[Shelf]:
    """Return the shelves of a folder."""
    entries = visible(folder)
    files = [path for path in entries if path.is_file() and path.suffix.lower() in SUFFIXES]
    if files and not any(path.is_dir() for path in entries):
        return [_shelf_of(path) for path in files]
    place = find_place(folder)  # says what is wrong with a folder without drawings
    if isinstance(place, BucketFolder):
        return _shelves_of_bucket(folder)
    if isinstance(place, OwnFiles):
        return [_shelf_of(path) for path in place.files]
    shelves = []
    for name in place.classes() if isinstance(place, OwnFolder) else ():
        drawings = tuple(visible(folder / name))
        if not drawings:
            raise DataError(
                f"{folder / name} holds no drawings; put some there, or remove the folder"
            )
        shelves.append(Shelf(name, drawings, is_certain=True))
    return shelves


def _shelves_of_bucket(folder: Path) -> list[Shelf]:
    """Return the shelves of a folder with the bucket's layout."""
    found: dict[str, Path] = {}
    for kind in _PREFERRED:
        for path in sorted((folder / kind).glob(f"*{KINDS[kind]}")):
            if not path.name.startswith("."):
                found.setdefault(path.stem, path)
    if not found:
        raise DataError(
            f"{folder} holds no drawings, neither in {', nor in '.join(_PREFERRED)}; fetch some, "
            "or name another folder"
        )
    return [Shelf(name, (found[name],), is_certain=True) for name in sorted(found)]
