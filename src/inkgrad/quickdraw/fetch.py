"""Fetching the first drawings of classes from Google's bucket, or from a mirror of it."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from urllib.parse import urlsplit

from inkgrad.errors import DataError, DownloadError
from inkgrad.quickdraw.cache import (
    GOOGLE_BUCKET,
    Held,
    address,
    exclusive,
    forget,
    held,
    location,
    mirror_folder,
    remember,
    without_secrets,
)
from inkgrad.quickdraw.edition import Edition
from inkgrad.quickdraw.file_prefix import HEAD, RefusedError, WholeFile, file_prefix
from inkgrad.quickdraw.partial_download import PartialDownload
from inkgrad.quickdraw.responses import ChangedError, NotFoundError
from inkgrad.quickdraw.transfer import Client
from inkgrad.storage import atomic_write

__all__ = ["Note", "Progress", "fetch"]

Note = Callable[[str], object]
"""Called with a sentence that the user should see; never at once twice."""

Progress = Callable[[str, int, int], object]
"""Called with a class, the bytes of it that are here, and the bytes wanted; never at once twice."""


def fetch(
    kind: str,
    categories: Iterable[str],
    rows: int | None = None,
    *,
    base_url: str = GOOGLE_BUCKET,
    cache: str | os.PathLike[str] | None = None,
    connections: int = 4,
    timeout: float = 20.0,
    retries: int = 5,
    progress: Progress | None = None,
    note: Note | None = None,
    missing_ok: bool = False,
    sleep: Callable[[float], object] | None = None,
) -> dict[str, Path]:
    """Fetch the first drawings of several classes at once, unless the cache has them.

    Only the bytes of the wanted drawings are asked for (HTTP Range). What arrives before an
    interruption stays in a `.part` file, and the next call goes on from there; a file with fewer
    drawings than wanted is extended in the same way, if the server still has the edition that it
    came from. A finished file is flushed to the disk and only then given its name.

    *What is checked.* All that the server tells of a file (ETag, Last-Modified, MD5 sum, length)
    must stay the same from its first byte to its last. Every request but the first asks for some
    kilobytes again that are here already; if these differ, the file was changed, and it is fetched
    from its beginning. Header, length and the form of each record must be right. The MD5 sum is
    compared where the server tells one and the whole file was fetched. What nothing can check is
    a bit that changed on the way to the first N drawings of a file: https sees to that, plain
    http does not.

    Several processes may fetch the same class: one does it, the others wait.

    Parameters
    ----------
    kind : str
        ``"numpy_bitmap"``, ``"simplified"``, ``"raw"`` or ``"binary"``.
    categories : iterable of str
        Classes, by the names that their files have.
    rows : int, optional
        How many drawings of each class, counted from the first; None: all. A ``"binary"`` file
        is only fetched whole.
    base_url : str
        Google's bucket or a mirror with its layout.
    cache : path, optional
        Folder to keep the files in; `inkgrad.quickdraw.cache.cache_folder` by default.
    connections : int
        How many files are fetched at the same time.
    timeout : float
        Seconds without a byte after which a connection counts as stalled.
    retries : int
        How often a file is tried again in a row without any headway.
    progress : callable, optional
        Told (class, bytes here, bytes wanted) after each piece.
    note : callable, optional
        Called with one sentence, once, if the server tells nothing but the length of a file.
    missing_ok : bool
        Leave classes out of the result that the server does not have, instead of raising.
    sleep : callable, optional
        Waits a number of seconds between two tries; tests put their own in its place.

    Returns
    -------
    dict of str to Path
        The file of each class, in the order of `categories`.

    Raises
    ------
    DownloadError
        With one sentence that names the address, what happened and what to do. Nothing
        half-written takes the place of a file.
    DataError
        If `kind`, `rows` or a class's name is impossible.

    Examples
    --------
    >>> fetch("numpy_bitmap", ["cat", "alarm clock"], rows=10_000)  # doctest: +SKIP
    {'cat': PosixPath('.../numpy_bitmap/cat.npy'), 'alarm clock': ...}
    >>> fetch("numpy_bitmap", [])
    {}
    """
    if rows is not None and rows < 1:
        raise DataError(f"rows is {rows}; give 1 or more, or None for all")
    if rows is not None and kind == "binary":
        raise DataError("binary files are fetched whole only; leave rows out")
    if connections < 1:
        raise DataError(f"connections is {connections}; give 1 or more")
    folder = mirror_folder(base_url, cache)
    urls = {name: address(base_url, kind, name) for name in categories}
    paths = {name: folder / location(kind, name) for name in urls}
    report = _one_at_a_time(progress)
    warn = _once(note)
    lacking = [name for name in urls if not _enough(_held(paths[name], kind, rows), rows)]
    missing = set()
    if lacking:
        with Client(timeout=timeout, retries=retries, sleep=sleep) as client:

            def work(name: str) -> None:
                try:
                    tell = functools.partial(report, name)
                    edition = _fetch_one(client, urls[name], paths[name], kind, rows, tell)
                except NotFoundError:
                    if not missing_ok:
                        raise
                    missing.add(name)
                    return
                if edition is not None and not edition.told:
                    warn(
                        f"{urlsplit(base_url).hostname} tells neither tag, date nor sum of its "
                        "files, so a changed or damaged file may go unnoticed"
                    )

            _in_threads(client, work, lacking, connections)
    found = {name: path for name, path in paths.items() if name not in missing}
    for name, path in found.items():
        size = path.stat().st_size
        report(name, size, size)
    return found


def _one_at_a_time(progress: Progress | None) -> Progress:
    """Guard a callback, so that it need not care about threads."""
    lock = threading.Lock()

    def report(name: str, done: int, total: int) -> None:
        if progress is not None:
            with lock:
                progress(name, done, total)

    return report


def _once(note: Note | None) -> Note:
    """Guard a callback, so that it is called for the first sentence only."""
    lock = threading.Lock()
    told: list[str] = []

    def warn(sentence: str) -> None:
        with lock:
            if note is not None and not told:
                told.append(sentence)
                note(sentence)

    return warn


def _in_threads(
    client: Client, work: Callable[[str], None], names: list[str], connections: int
) -> None:
    """Call `work` for every name, some at a time; the first failure ends all."""
    with ThreadPoolExecutor(min(connections, len(names)), "inkgrad-fetch") as pool:
        futures = [pool.submit(work, name) for name in names]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            client.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _held(path: Path, kind: str, rows: int | None) -> Held | None:
    """Return a file of the cache, if it is sound."""
    file = held(path)
    if file is not None:
        with contextlib.suppress(OSError), open(path, "rb") as stream:
            if file_prefix(kind, rows).usable(stream, file.records):
                return file
    return None


def _enough(file: Held | None, rows: int | None) -> bool:
    """Whether a file of the cache has the drawings that are wanted."""
    return file is not None and file.enough(rows)


def _fetch_one(
    client: Client,
    url: str,
    path: Path,
    kind: str,
    rows: int | None,
    report: Callable[[int, int], object],
) -> Edition | None:
    """Fetch one file into its place in the cache, as the only process that does.

    Returns the edition that was fetched; None if there was nothing left to fetch.
    """
    wanted = file_prefix(kind, rows)
    try:
        with exclusive(path, client.wait):
            old = _held(path, kind, rows)
            if _enough(old, rows):  # another process was quicker
                return None
            with PartialDownload(path) as part:
                inherits = part.size > 0 or old is not None
                try:
                    edition = _fill(client, url, part, wanted, old, report)
                except (ChangedError, RefusedError) as error:
                    # Once more from the beginning, if earlier bytes may be at fault.
                    if isinstance(error, RefusedError) and not inherits:
                        raise
                    part.clear()
                    edition = _fill(client, url, part, wanted, None, report)
                with atomic_write(path) as file:
                    records = wanted.write(part, file)
                complete = wanted.complete(part, records)
            remember(Held(path, records, complete, edition))
            part.remove()
            return edition
    except OSError as error:
        raise _disk_error(url, path, error) from error


def _fill(
    client: Client,
    url: str,
    part: PartialDownload,
    wanted: WholeFile,
    old: Held | None,
    report: Callable[[int, int], object],
) -> Edition:
    """Bring the part to the length that is needed, and check it as far as the server allows."""
    seeded = False
    try:
        edition = client.extend(url, part, HEAD)
        needed = wanted.needed(part)
        if old is not None and not old.intact():
            forget(old.path)
        elif old is not None and old.edition.told and old.edition.agrees(edition):
            seeded = True
            with open(old.path, "rb") as file:
                if not wanted.seed(part, file):
                    raise ChangedError(url)
        while part.size < needed:
            edition = client.extend(url, part, needed, report)
            needed = wanted.needed(part)
        wanted.check(part)
        if not part.sound():
            raise RefusedError("its MD5 sum is not the one that the server tells")
        return edition
    except RefusedError as error:
        part.clear()
        if seeded:  # what was taken over may be the fault
            forget(part.target)
        raise RefusedError(
            f"the file at {without_secrets(url)} cannot be used: {error}; try again, or use "
            "another mirror"
        ) from error


def _disk_error(url: str, path: Path, error: OSError) -> DownloadError:
    """Say what the disk refused, and what to do."""
    what = error.strerror or str(error)
    remedy = (
        "free some space and run the same command again"
        if error.errno in {errno.ENOSPC, errno.EDQUOT}
        else "check the folder, or choose another one for the cache"
    )
    return DownloadError(
        f"could not keep {without_secrets(url)} in {str(path.parent)!r}: {what}; {remedy}"
    )
