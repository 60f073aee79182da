"""What the user may name as a place of drawings: a folder, a file, or the address of a mirror."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from inkgrad.errors import DataError
from inkgrad.quickdraw.cache import KINDS, location, without_secrets
from inkgrad.quickdraw.formats import Record, read_records

__all__ = [
    "VARIABLE",
    "BucketFolder",
    "Mirror",
    "OwnFiles",
    "OwnFolder",
    "Place",
    "find_place",
    "local_path",
    "word_of",
]

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
class OwnFiles:
    """A file of strokes with a word for each drawing, or a folder of ``.ndjson`` files."""

    path: Path

    def __str__(self) -> str:
        what = "files of drawings in" if self.path.is_dir() else "file of drawings"
        return f"the {what} {self.path}"

    @property
    def files(self) -> tuple[Path, ...]:
        """The files, in alphabetical order."""
        return tuple(_stroke_files(self.path)) if self.path.is_dir() else (self.path,)

    def has(self, name: str) -> bool:
        """Whether there is a drawing with this word."""
        return name in self.classes()

    def classes(self) -> tuple[str, ...]:
        """Return the words, in alphabetical order."""
        return self._words

    @functools.cached_property
    def _words(self) -> tuple[str, ...]:
        return tuple(sorted({word_of(path, record) for path, record in self.records()}))

    def records(self) -> Iterator[tuple[Path, Record]]:
        """Yield all drawings, each with the file that it is in."""
        return ((path, record) for path in self.files for record in read_records(path))


def word_of(path: Path, record: Record) -> str:
    """Return the class of a drawing: the word that its file has for it, or else the file's name.

    Examples
    --------
    >>> word_of(Path("cat.ndjson"), Record([])), word_of(Path("a.ndjson"), Record([], "my logo"))
    ('cat', 'my logo')
    """
    return record.word or path.stem


@dataclass(frozen=True)
class Mirror:
    """The address of a server with the layout of Google's bucket."""

    url: str

    def __str__(self) -> str:
        return f"the mirror {without_secrets(self.url)}"

    def has(self, name: str) -> bool:
        """Whether the class is known to be there: never, before it is asked for."""
        return False


Place = BucketFolder | OwnFolder | OwnFiles | Mirror

_WITH_WORDS = (
    ".ndjson",
    ".jsonl",
    ".json",
    ".csv",
    ".tsv",
)  # the files that can hold drawings of several classes


def find_place(data: str | os.PathLike[str] | None = None) -> Place | None:
    """Find out what kind of place is meant; None if none is named.

    Parameters
    ----------
    data : path or address, optional
        A path, or a ``file://``, ``http://`` or ``https://`` address. By default the value of the
        environment variable ``INKGRAD_DATA``, if it is set and not empty.

    Returns
    -------
    place : BucketFolder, OwnFolder, OwnFiles, Mirror or None

    Raises
    ------
    DataError
        If it is an address of another kind, or neither a folder nor a file of drawings.

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
        If it is an address of another kind than ``file://``, ``http://`` or ``https://``, or
        none at all.

    Examples
    --------
    >>> print(local_path("https://example.org/quickdraw"))
    None
    """
    scheme, mark, _ = named.partition("://")
    if not mark:
        # Not Path.expanduser, which fails where there is no home: then it is a name like others.
        return Path(os.path.expanduser(named))
    try:
        address = urlsplit(named)
        _ = address.port  # a `ValueError` if it is none
    except ValueError as error:
        raise DataError(
            f"{named!r} is not an address ({error}); check it, or give the path of a folder"
        ) from None
    if scheme.lower() == "file":
        return Path(url2pathname(address.path))
    if scheme.lower() in {"http", "https"}:
        return None
    raise DataError(
        f"{named!r} is an address of an unknown kind; give a path, or an address that begins with "
        "file://, http:// or https://"
    )


def _find_folder(path: Path) -> BucketFolder | OwnFolder | OwnFiles:
    """Tell a folder with the bucket's layout from the user's own drawings."""
    if path.is_file() and path.suffix.lower() in _WITH_WORDS:
        return OwnFiles(path)
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise DataError(
            f"{path} {what}; name a folder of drawings, or a file ({', '.join(_WITH_WORDS)}) that "
            "has a word for each"
        )
    if any((path / kind).is_dir() for kind in KINDS):
        return BucketFolder(path)
    if _subfolders(path):
        return OwnFolder(path)
    if _stroke_files(path):
        return OwnFiles(path)
    raise DataError(
        f"{path} holds no drawings; expected numpy_bitmap/CLASS.npy or simplified/CLASS.ndjson as "
        "in Google's bucket, a subfolder for each class with drawings of your own, or .ndjson files"
    )


def _subfolders(path: Path) -> list[Path]:
    return [p for p in path.iterdir() if p.is_dir() and not p.name.startswith((".", "_"))]


def _stroke_files(path: Path) -> list[Path]:
    return sorted(
        p
        for p in path.iterdir()
        if p.suffix.lower() in (".ndjson", ".jsonl") and p.is_file() and not p.name.startswith(".")
    )
