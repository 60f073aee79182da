"""What the user may name as a place of drawings: a folder, or the address of a mirror."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from inkgrad.errors import DataError
from inkgrad.quickdraw.cache import KINDS, location, without_secrets

__all__ = ["VARIABLE", "BucketFolder", "Mirror", "OwnFolder", "Place", "find_place", "local_path"]

VARIABLE = "INKGRAD_DATA"
"""The environment variable that names a place, if none is given."""


@dataclass(frozen=True)
class BucketFolder:
    """A folder with the layout of Google's bucket: ``numpy_bitmap/cat.npy`` and so on."""

    path: Path

    def __str__(self) -> str:
        return f"the folder {self.path}"

    def has(self, name: str) -> bool:
        """Whether there is a file of drawings of this class."""
        return any(
            (self.path / location(kind, name)).is_file() for kind in ("numpy_bitmap", "simplified")
        )


@dataclass(frozen=True)
class OwnFolder:
    """A folder of one's own drawings: a subfolder a class, a file a drawing."""

    path: Path

    def __str__(self) -> str:
        return f"the folder of drawings {self.path}"

    def has(self, name: str) -> bool:
        """Whether there is a subfolder for this class."""
        return name in self.classes()

    def classes(self) -> tuple[str, ...]:
        """Return the names of the subfolders, in alphabetical order."""
        return tuple(sorted(entry.name for entry in _subfolders(self.path)))


@dataclass(frozen=True)
class Mirror:
    """The address of a server with the layout of Google's bucket."""

    url: str

    def __str__(self) -> str:
        return f"the mirror {without_secrets(self.url)}"

    def has(self, name: str) -> bool:
        """Whether the class is known to be there: never, before it is asked for."""
        return False


Place = BucketFolder | OwnFolder | Mirror


def find_place(data: str | os.PathLike[str] | None = None) -> Place | None:
    """Find out what kind of place is meant; None if none is named.

    Parameters
    ----------
    data : path or address, optional
        A path, or a ``file://``, ``http://`` or ``https://`` address. By default the value of the
        environment variable ``INKGRAD_DATA``, if it is set and not empty.

    Returns
    -------
    place : BucketFolder, OwnFolder, Mirror or None

    Raises
    ------
    DataError
        If it is an address of another kind, or no folder of drawings.

    Examples
    --------
    >>> print(find_place("https://example.org/quickdraw/"))
    the mirror https://example.org/quickdraw
    """
    named = os.environ.get(VARIABLE, "") if data is None else os.fspath(data)
    if not named:
        if data is not None:
            raise DataError("the place of the drawings is empty; name a folder or an address")
        return None
    path = local_path(named)
    return Mirror(named.rstrip("/")) if path is None else _find_folder(path)


def local_path(named: str) -> Path | None:
    """Return the path that a path or address means; None if it is the address of a server.

    Raises
    ------
    DataError
        If it is an address of another kind than ``file://``, ``http://`` or ``https://``.

    Examples
    --------
    >>> print(local_path("https://example.org/quickdraw"))
    None
    """
    scheme, mark, _ = named.partition("://")
    if not mark:
        return Path(named).expanduser()
    if scheme.lower() == "file":
        return Path(url2pathname(urlsplit(named).path))
    if scheme.lower() in {"http", "https"}:
        return None
    raise DataError(
        f"{named!r} is an address of an unknown kind; give a path, or an address that begins with "
        "file://, http:// or https://"
    )


def _find_folder(path: Path) -> BucketFolder | OwnFolder:
    """Tell a folder with the bucket's layout from one of the user's own drawings."""
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise DataError(f"{path} {what}; name a folder of drawings")
    if any((path / kind).is_dir() for kind in KINDS):
        return BucketFolder(path)
    if _subfolders(path):
        return OwnFolder(path)
    raise DataError(
        f"{path} holds no drawings; expected numpy_bitmap/CLASS.npy or simplified/CLASS.ndjson as "
        "in Google's bucket, or a subfolder for each class with drawings of your own"
    )


def _subfolders(path: Path) -> list[Path]:
    return [p for p in path.iterdir() if p.is_dir() and not p.name.startswith((".", "_"))]
