"""Data locations: what a path or address names, and which files of which class lie there."""

from __future__ import annotations

import functools
import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from inkgrad.errors import DataError
from inkgrad.quickdraw.cache import KINDS, location, without_secrets
from inkgrad.quickdraw.formats.reading import PICTURES, SUFFIXES, read_records
from inkgrad.text import listed

__all__ = [
    "VARIABLE",
    "BucketFolder",
    "DataLocation",
    "Group",
    "Mirror",
    "OwnFiles",
    "OwnFolder",
    "find_data_location",
    "find_groups",
    "find_own_folder",
]

VARIABLE = "INKGRAD_DATA"
"""The environment variable that names a location, if none is given."""

_PREFERRED = ("simplified", "raw", "binary", "numpy_bitmap")  # strokes tell more than bitmaps
# Such a file is called what its owner likes, not by its class.
_ONE_DRAWING = (".svg", ".inkml", ".excalidraw", ".tldr", *PICTURES)
# The files that can hold drawings of several classes, and those of them in a folder that do.
_WITH_WORDS = (".ndjson", ".jsonl", ".json", ".csv", ".tsv")
_LINES = (".ndjson", ".jsonl")
_LEFT_BEHIND = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "$recycle.bin"}


@dataclass(frozen=True)
class Group:
    """Files of drawings that belong together, none of them opened yet.

    Parameters
    ----------
    label : str or None
        Their class, as far as the names of files and folders tell.
    files : tuple of Path
        One at least, in alphabetical order.
    is_certain : bool
        Whether the label stands, whatever words the files may hold.
    """

    label: str | None
    files: tuple[Path, ...]
    is_certain: bool = False

    def class_of(self, word: str | None) -> str | None:
        """Return the class of a drawing for which its file has this word: the one rule for it.

        A class's folder stands above the word, the word above the file's name.

        Examples
        --------
        >>> Group("cat", ()).class_of(None), Group("cat", ()).class_of("my logo")
        ('cat', 'my logo')
        >>> Group("cat", (), is_certain=True).class_of("my logo")
        'cat'
        """
        return self.label if self.is_certain else word or self.label


@dataclass(frozen=True)
class BucketFolder:
    """A folder with the layout of Google's bucket: ``numpy_bitmap/cat.npy`` and so on."""

    path: Path

    def __str__(self) -> str:
        return f"the folder {self.path}"

    @property
    def groups(self) -> tuple[Group, ...]:
        """Each class's strokes, or its bitmaps if there are no strokes."""
        found: dict[str, Path] = {}
        for kind in _PREFERRED:
            for path in _entries(self.path / kind):
                if path.suffix == KINDS[kind]:
                    found.setdefault(path.stem, path)
        if not found:
            raise DataError(
                f"{self.path} holds no drawings, neither in {', nor in '.join(_PREFERRED)}; fetch "
                "some, or name another folder"
            )
        return tuple(Group(name, (found[name],), is_certain=True) for name in sorted(found))

    def has(self, name: str) -> bool:
        """Whether there are drawings of this class to train on."""
        kinds = ("numpy_bitmap", "simplified")
        return any((self.path / location(kind, name)).is_file() for kind in kinds)


@dataclass(frozen=True)
class OwnFolder:
    """A folder of one's own drawings: a subfolder a class, a file a drawing."""

    path: Path

    def __str__(self) -> str:
        return f"the folder of drawings {self.path}"

    @property
    def groups(self) -> tuple[Group, ...]:
        """The files of each subfolder."""
        return self.to_train(self.classes())

    def to_train(self, classes: Sequence[str]) -> tuple[Group, ...]:
        """Return the files of some subfolders; all of them must be drawings."""
        there = self.classes()
        groups = []
        for name in classes:
            if name not in there:
                raise DataError(f"{self} has no subfolder {name!r}; there are {listed(there)}")
            files = tuple(_entries(self.path / name))
            if not files:
                raise DataError(
                    f"{self.path / name} holds no drawings; put some there, or remove the folder"
                )
            groups.append(Group(name, files, is_certain=True))
        return tuple(groups)

    def classes(self) -> tuple[str, ...]:
        """Return the names of the subfolders, in alphabetical order."""
        return tuple(folder.name for folder in _subfolders(self.path))

    def has(self, name: str) -> bool:
        """Whether there is a subfolder for this class."""
        return name in self.classes()


@dataclass(frozen=True)
class OwnFiles:
    """A file of drawings, or a folder of such files."""

    path: Path

    def __str__(self) -> str:
        what = "files of drawings in" if self.path.is_dir() else "file of drawings"
        return f"the {what} {self.path}"

    @property
    def groups(self) -> tuple[Group, ...]:
        """A group a file, called by the file's name unless that is a single drawing's."""
        files = _drawings(self.path) if self.path.is_dir() else [self.path]
        return tuple(
            Group(None if path.suffix.lower() in _ONE_DRAWING else path.stem, (path,))
            for path in files
        )

    def to_train(self, classes: Sequence[str] = ()) -> tuple[Group, ...]:
        """Return the files that can have a word for each drawing: of a folder, lines of JSON."""
        suffixes = _LINES if self.path.is_dir() else _WITH_WORDS
        return tuple(g for g in self.groups if g.files[0].suffix.lower() in suffixes)

    def classes(self) -> tuple[str, ...]:
        """Return the words, in alphabetical order."""
        return self._words

    def has(self, name: str) -> bool:
        """Whether there is a drawing with this word."""
        return name in self._words

    @functools.cached_property
    def _words(self) -> tuple[str, ...]:
        words = {
            str(group.class_of(record.word))
            for group in self.to_train()
            for path in group.files
            for record in read_records(path)
        }
        return tuple(sorted(words))


@dataclass(frozen=True)
class Mirror:
    """The address of a server with the layout of Google's bucket."""

    url: str

    def __str__(self) -> str:
        return f"the mirror {without_secrets(self.url)}"

    def has(self, name: str) -> bool:
        """Whether the class is known to be there: never, before it is asked for."""
        return False


DataLocation = BucketFolder | OwnFolder | OwnFiles | Mirror


def find_data_location(data: str | os.PathLike[str] | None = None) -> DataLocation | None:
    """Find out what kind of location is meant, to train from; None if none is named.

    Parameters
    ----------
    data : path or address, optional
        A path, or a ``file://``, ``http://`` or ``https://`` address. By default the value of the
        environment variable ``INKGRAD_DATA``, if it is set and not empty.

    Raises
    ------
    DataError
        If it is an address of another kind, or neither a folder nor a file of drawings.

    Examples
    --------
    >>> print(find_data_location("https://example.org/quickdraw/"))
    the mirror https://example.org/quickdraw
    """
    named = os.environ.get(VARIABLE, "") if data is None else os.fspath(data)
    if not named:
        if data is not None:
            raise DataError("the place of the drawings is empty; name a folder or an address")
        return None
    path = _local_path(named)
    if path is None:
        return Mirror(named.rstrip("/"))
    found = _recognise(path) if path.exists() else None
    if isinstance(found, OwnFiles) and path.is_dir() and not found.to_train():
        raise _no_drawings(path)
    if found is None or (isinstance(found, OwnFiles) and not found.to_train()):
        what = "does not exist" if found is None else "is a file"
        raise DataError(
            f"{path} {what}; name a folder of drawings, or a file ({', '.join(_WITH_WORDS)}) that "
            "has a word for each"
        )
    return found


def find_groups(named: str | os.PathLike[str]) -> tuple[Group, ...]:
    """Return the files of drawings that a path means, by class.

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
    >>> [group.label for group in find_groups(folder)]
    ['cat', 'dog']
    """
    path = _local_path(os.fspath(named))
    if path is None:
        raise DataError(
            f"{Mirror(os.fspath(named))} is a server, and local files are needed; fetch drawings "
            "with inkgrad download CLASS --from ADDRESS --to FOLDER, and name that folder"
        )
    return _recognise(path).groups


def find_own_folder(root: Path) -> OwnFolder:
    """Return a folder of one's own drawings; say what is missing if it is none.

    Raises
    ------
    DataError
    """
    if not root.is_dir():
        raise DataError(f"{root} is not a folder; give one with a subfolder for each class")
    folders = _subfolders(root)
    if not folders:
        raise DataError(f"{root} has no subfolders; put the drawings of each class into one")
    _check_classes(root, folders)
    return OwnFolder(root)


def _local_path(named: str) -> Path | None:
    """Return the path that a path or address means; None if it is the address of a server."""
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


def _recognise(path: Path) -> BucketFolder | OwnFolder | OwnFiles:
    """Tell the layouts of folders from each other."""
    if path.is_file():
        return OwnFiles(path)
    if not path.is_dir():
        raise DataError(f"{path} does not exist; name a file or folder of drawings")
    if any((path / kind).is_dir() for kind in KINDS):
        return BucketFolder(path)
    if _subfolders(path):
        return find_own_folder(path)
    if _drawings(path):
        return OwnFiles(path)
    raise _no_drawings(path)


def _check_classes(root: Path, folders: Sequence[Path]) -> None:
    """Refuse subfolders that are no classes, or of which two would be one."""
    deep = [folder.name for folder in folders if _holds_only_folders(folder)]
    if len(deep) == len(folders):
        deep.sort(key=lambda name: (not name.casefold().startswith("train"), name))
        names = f"{', '.join(deep[:-1])} and {deep[-1]}" if 1 < len(deep) < 9 else listed(deep)
        which = "one of them" if len(deep) > 1 else "it"
        raise DataError(
            f"{root}: there are folders in {names}; name {which}, such as {root / deep[0]}"
        )
    known: dict[str, str] = {}
    for folder in folders:
        other = known.setdefault(unicodedata.normalize("NFC", folder.name).casefold(), folder.name)
        if other != folder.name:
            raise DataError(
                f"{root} has the folders {other} and {folder.name}, the same name but for capital "
                "letters; put the drawings of one class into one folder"
            )


def _no_drawings(folder: Path) -> DataError:
    return DataError(
        f"{folder} holds no drawings; expected numpy_bitmap/CLASS.npy or simplified/CLASS.ndjson "
        "as in Google's bucket, a subfolder for each class with drawings of your own, or .ndjson "
        "files"
    )


def _entries(folder: Path) -> list[Path]:
    """Return what lies in a folder, in alphabetical order, but for what systems leave behind.

    That is: hidden files, Windows' thumbnails and settings, and what macOS puts into archives.
    """
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith((".", "__")) and path.name.casefold() not in _LEFT_BEHIND
    )


def _subfolders(folder: Path) -> list[Path]:
    """Return the folders of classes in a folder."""
    return [path for path in _entries(folder) if path.is_dir() and not path.name.startswith("_")]


def _drawings(folder: Path) -> list[Path]:
    """Return the files of drawings that lie directly in a folder."""
    entries = _entries(folder)
    return [path for path in entries if path.suffix.lower() in SUFFIXES and path.is_file()]


def _holds_only_folders(folder: Path) -> bool:
    """Tell whether a folder seems to hold folders of classes, where drawings are expected."""
    entries = _entries(folder)
    return bool(entries) and all(
        path.is_dir() and path.suffix.lower() not in SUFFIXES for path in entries
    )
