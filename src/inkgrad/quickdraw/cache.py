"""Where drawings lie: on the server, and in the local cache."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from inkgrad.errors import DataError, DownloadError
from inkgrad.locks import file_lock
from inkgrad.quickdraw.edition import LARGEST_NOTE, Edition, parse_note
from inkgrad.storage import atomic_write_bytes

__all__ = [
    "GOOGLE_BUCKET",
    "KINDS",
    "Held",
    "address",
    "cache_folder",
    "exclusive",
    "held",
    "location",
    "mirror_folder",
    "remember",
    "without_secrets",
]

GOOGLE_BUCKET = "https://storage.googleapis.com/quickdraw_dataset/full"

KINDS = {"numpy_bitmap": ".npy", "simplified": ".ndjson", "raw": ".ndjson", "binary": ".bin"}
"""The bucket's folders, and how the names of the files in each end."""


def location(kind: str, category: str) -> str:
    """Return where a class's file lies, relative to a bucket, a mirror or a cache.

    Raises
    ------
    DataError
        If there is no such kind, or the name cannot be the name of a file.

    Examples
    --------
    >>> location("numpy_bitmap", "alarm clock")
    'numpy_bitmap/alarm clock.npy'
    """
    if kind not in KINDS:
        raise DataError(f"there is no kind of file {kind!r}; there are {', '.join(KINDS)}")
    odd = any(c in "/\\\0" or "\ud800" <= c <= "\udfff" for c in category)  # surrogates: no bytes
    if not category or category.startswith(".") or odd:
        raise DataError(f"{category!r} cannot be the name of a class; give a name such as 'cat'")
    return f"{kind}/{category}{KINDS[kind]}"


def address(base_url: str, kind: str, category: str) -> str:
    """Return the address of a class's file on a server with the bucket's layout.

    Raises
    ------
    DataError
        As `location`.
    DownloadError
        If `base_url` is not a plain http or https address.

    Examples
    --------
    >>> address("http://localhost:8000/quickdraw/", "simplified", "The Eiffel Tower")
    'http://localhost:8000/quickdraw/simplified/The%20Eiffel%20Tower.ndjson'
    """
    parts = _split(base_url)
    if parts is None:
        raise DownloadError(
            f"{base_url!r} is not the address of a mirror; give one such as {GOOGLE_BUCKET}"
        )
    return f"{base_url.rstrip('/')}/{quote(location(kind, category))}"


def without_secrets(url: str) -> str:
    """Return an address as it may be printed: without the user and password it may hold.

    Examples
    --------
    >>> without_secrets("https://me:secret@example.org/full/x.npy")
    'https://example.org/full/x.npy'
    """
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"


def cache_folder(cache: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder for fetched drawings: the one given, or the user's cache folder.

    Examples
    --------
    >>> cache_folder("somewhere").as_posix()
    'somewhere'
    """
    if cache is not None:
        return Path(cache)
    import platformdirs

    return platformdirs.user_cache_path("inkgrad", appauthor=False) / "quickdraw"


def mirror_folder(base_url: str, cache: str | os.PathLike[str] | None = None) -> Path:
    """Return the part of the cache for one server, so that no two servers' files are mixed.

    Google's own bucket has the cache folder itself; every other address has a folder of its own.

    Examples
    --------
    >>> mirror_folder(GOOGLE_BUCKET, "cache").as_posix()
    'cache'
    >>> mirror_folder("http://localhost:8000", "cache").as_posix()
    'cache/mirrors/localhost-0121783acd70'
    """
    base = base_url.rstrip("/")
    if base == GOOGLE_BUCKET:
        return cache_folder(cache)
    parts = _split(base)
    host = parts[0] if parts else "unknown"
    name = f"{host}-{hashlib.sha256(base.encode(errors='surrogatepass')).hexdigest()[:12]}"
    return cache_folder(cache) / "mirrors" / name


def _split(base_url: str) -> tuple[str, str] | None:
    """Return host and path of a plain http(s) address, None for anything else."""
    try:
        parts = urlsplit(base_url)
        host = parts.hostname
        _ = parts.port  # raises ValueError for an impossible one
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment:
        return None
    if not base_url.isprintable():  # control characters, and surrogates, which have no bytes
        return None
    return host, parts.path


@dataclass(frozen=True)
class Held:
    """A whole file in the cache: where it is, and how much of the server's file it holds.

    Parameters
    ----------
    path : Path
        The file.
    records : int
        Drawings in it.
    complete : bool
        Whether these are all drawings that the server has.
    edition : Edition
        The edition of the server's file that they were taken from.
    checksum : int, optional
        CRC-32 of the file when it was written; None if its note is too old to tell.
    """

    path: Path
    records: int
    complete: bool
    edition: Edition
    checksum: int | None = None

    def enough(self, rows: int | None) -> bool:
        """Whether the first `rows` drawings (None: all) are here."""
        return self.complete or (rows is not None and self.records >= rows)

    def intact(self) -> bool:
        """Whether the file still holds the bytes that were written, as far as is known."""
        return self.checksum is None or self.checksum == _checksum(self.path)


def held(path: Path) -> Held | None:
    """Return what the cache holds under `path`; None if nothing that can be trusted.

    A file is trusted if the note beside it (`remember`) tells its exact size: the note is written
    after the file has got its final name.
    """
    try:
        with open(_note(path), "rb") as file:
            note = parse_note(file.read(LARGEST_NOTE + 1))
        size = path.stat().st_size
        found = Held(
            path,
            _whole_number(note["records"]),
            _yes_or_no(note["complete"]),
            Edition.from_note(note["edition"]),
            _whole_number(note["crc32"]) if "crc32" in note else None,
        )
        return found if _whole_number(note["size"]) == size else None
    except (OSError, ValueError, KeyError):
        return None


def remember(file: Held) -> None:
    """Write the note that makes a finished file trusted, with the sum of its bytes."""
    note = {
        "size": file.path.stat().st_size,
        "records": file.records,
        "complete": file.complete,
        "edition": asdict(file.edition),
        "crc32": _checksum(file.path),
    }
    atomic_write_bytes(_note(file.path), json.dumps(note, indent=1).encode())


def forget(path: Path) -> None:
    """Take the trust from a cached file: it is fetched again when next wanted."""
    _note(path).unlink(missing_ok=True)


def _note(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _checksum(path: Path) -> int:
    """Return the CRC-32 of a file."""
    value = 0
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            value = zlib.crc32(block, value)
    return value


def _whole_number(value: object) -> int:
    """Return a number from a note; True and False are none."""
    if type(value) is not int or value < 0:
        raise ValueError("not a whole number")
    return value


def _yes_or_no(value: object) -> bool:
    if type(value) is not bool:
        raise ValueError("neither true nor false")
    return value


def exclusive(path: Path, wait: Callable[[float], None]) -> AbstractContextManager[bool]:
    """Let one process (and one thread) at a time work on `path`; the others wait their turn.

    See `inkgrad.locks.file_lock`. On a file system without locks nobody waits.

    Parameters
    ----------
    path : Path
        The file to work on; it need not exist.
    wait : callable
        Called with a number of seconds between two looks at the lock; may raise to give up.
    """
    return file_lock(path.with_name(f".{path.name}.lock"), lambda: wait(0.1))
