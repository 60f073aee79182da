"""Where drawings come from: a named place, the cache, Google's bucket, or built-in doodles."""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from inkgrad.drawing import Raster
from inkgrad.errors import DataError, DownloadError
from inkgrad.quickdraw.bitmap_cache import hash_of_source, keep
from inkgrad.quickdraw.cache import GOOGLE_BUCKET, cache_folder, held, location, mirror_folder
from inkgrad.quickdraw.categories import find_category
from inkgrad.quickdraw.data_locations import (
    BucketFolder,
    Group,
    Mirror,
    OwnFiles,
    OwnFolder,
    find_data_location,
)
from inkgrad.quickdraw.drawings import GOOGLES, Drawings
from inkgrad.quickdraw.drawn import Drawn, draw
from inkgrad.quickdraw.fetch import fetch
from inkgrad.quickdraw.folder import read_classes
from inkgrad.quickdraw.formats import Record
from inkgrad.quickdraw.loaded import ATTRIBUTION, Counts, Loaded, OnProgress, Wanted
from inkgrad.quickdraw.own_drawings import read_groups
from inkgrad.quickdraw.responses import UnreachableError
from inkgrad.quickdraw.row_strokes import RowStrokes
from inkgrad.text import listed

__all__ = ["load_drawings"]

ROWS = 10_000
"""Drawings of each class that are fetched from a server if no limit is given: 7.84 MB."""

DOODLES = 4_000
"""Built-in doodles of each class, at most."""


@dataclass(frozen=True)
class _Wish:
    """What `load_drawings` was asked for, and with what it works."""

    classes: tuple[str, ...]
    wanted: Wanted
    on_progress: OnProgress

    def note(self, sentence: str) -> None:
        """Tell the user something about where the drawings come from."""
        self.on_progress("note", sentence, 1, 1)

    def told(self, groups: Sequence[Group]) -> Iterator[Group]:
        """Yield groups of files, telling how far reading them has got."""
        for number, group in enumerate(groups):
            self.on_progress("read", "", number, len(groups))
            yield group
        self.on_progress("read", "", len(groups), len(groups))

    @property
    def rows(self) -> int:
        """How many drawings of each class to fetch from a server."""
        return ROWS if self.wanted.limit is None else self.wanted.limit

    def read(self, folder: Path, source: str) -> Loaded:
        """Read what was fetched into a folder with the bucket's layout."""
        first = replace(self.wanted, limit=self.rows)
        return read_classes(folder, self.classes, source, first, self.on_progress)


def load_drawings(
    classes: Sequence[str],
    *,
    data: str | os.PathLike[str] | None = None,
    limit: int | None = None,
    recognized: bool | None = None,
    raster: Raster = GOOGLES,
    offline: bool = False,
    seed: int = 0,
    cache: str | os.PathLike[str] | None = None,
    use_cache: bool = True,
    strokes: bool = False,
    on_progress: OnProgress | None = None,
) -> Loaded:
    """Get drawings of some classes, from the first place that has them.

    The places, in this order:

    1. `data`, or else the environment variable ``INKGRAD_DATA``: a folder with the layout of
       Google's bucket, a folder of one's own drawings (``CLASS/*.png|svg|json|…``), a file of
       strokes with a word for each drawing (``.ndjson``, such as the drawing page saves; or a
       folder of such files), or the address of a mirror. If it is named and has not got a class,
       that is an error.
    2. The cache, if it has enough of every class.
    3. Google's bucket; only the first `limit` drawings of each class are fetched.
    4. Without a network: what the cache has, if it has some of every class; else built-in
       doodles, if only the five animals are wanted. `Loaded.source` says so.

    Of a folder or a mirror, a class's bitmaps are taken first and then, up to `limit`, those of
    its strokes that are not the same drawings (`inkgrad.quickdraw.folder.read_class`).

    Parameters
    ----------
    classes : sequence of str
        Distinct names as the files have them; see `inkgrad.quickdraw.tasks.find_task`.
    data : path or address, optional
        The place to take drawings from.
    limit : int, optional
        At most so many drawings of each class. By default all from a folder, the first 10,000
        from a server, and 4,000 built-in doodles (of which there are never more).
    recognized : bool, optional
        Only drawings that the game recognised (True) or did not (False). Only strokes tell, so
        bitmaps are not used then; from a server, the first `limit` drawings are looked at.
    raster : Raster
        How the bitmaps are to be drawn, for instance ``model.raster``. Google's own are drawn
        already, so only strokes are used where this differs from their settings, the default.
    offline : bool
        Ask no server.
    seed : int
        Of the built-in doodles.
    cache : path, optional
        The folder to keep fetched files and drawn strokes in; by default the user's.
    use_cache : bool
        False: keep nothing, and use nothing kept.
    strokes : bool
        Keep the strokes of those drawings that come as strokes, in `Drawings.strokes`. Nothing
        else is different, and nothing more is fetched.
    on_progress : callable, optional
        Told how it goes on.

    Raises
    ------
    DataError
        If the place named has no drawings of a class or a damaged file, or a wish is impossible.
    DownloadError
        If drawings could not be fetched.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "numpy_bitmap").mkdir()
    >>> np.save(folder / "numpy_bitmap" / "cat.npy", np.zeros((5, 784), np.uint8))
    >>> loaded = load_drawings(["cat"], data=folder, limit=3)
    >>> loaded.drawings.counts(), loaded.source == f"the folder {folder}"
    ({'cat': 3}, True)
    """
    if isinstance(classes, str) or not classes or len(set(classes)) != len(classes):
        raise DataError(f"classes are {classes!r}; give a list of one or more distinct names")
    if limit is not None and limit < 1:
        raise DataError(f"limit is {limit}; give 1 or more, or None for all drawings")
    place = find_data_location(data)
    report = on_progress if on_progress is not None else _ignore
    with _folder_for(cache, use_cache) as store:
        kept = store if use_cache else None
        wish = _Wish(tuple(classes), Wanted(limit, recognized, raster, kept, strokes), report)
        if isinstance(place, (OwnFolder, OwnFiles)):
            return _read_own(place, wish)
        if isinstance(place, BucketFolder):
            return read_classes(place.path, wish.classes, str(place), wish.wanted, report)
        if isinstance(place, Mirror):
            return _read_mirror(place, store, wish, offline)
        return _read_google(store, wish, offline, seed)


def _ignore(step: str, name: str, done: int, total: int) -> None:
    """Take no notice of progress."""


@contextlib.contextmanager
def _folder_for(cache: str | os.PathLike[str] | None, use_cache: bool) -> Iterator[Path]:
    """Yield the cache folder, or one that is gone afterwards."""
    if use_cache:
        yield cache_folder(cache)
        return
    with tempfile.TemporaryDirectory(prefix="inkgrad-") as folder:
        yield Path(folder)


def _read_own(place: OwnFolder | OwnFiles, wish: _Wish) -> Loaded:
    """Read one's own drawings: a folder a class, or files that say for each drawing what it is."""
    whose = set()

    def look(record: Record) -> None:
        if record.key_id is not None:  # only Google's have numbers
            whose.add(ATTRIBUTION)

    in_folders = isinstance(place, OwnFolder)
    if in_folders and wish.wanted.recognized is not None:
        raise DataError(f"{place} does not tell which drawings were recognised; take all of them")
    groups = wish.told(place.to_train(wish.classes))
    drawings = read_groups(groups, wish.classes, wish.wanted, on_record=look)
    numbers = drawings.counts()
    if missing := [name for name, number in numbers.items() if number == 0]:
        marks = {None: "", True: " marked as recognised", False: " marked as not recognised"}
        mark = marks[wish.wanted.recognized]
        raise DataError(
            f"there are no drawings of {listed(missing, 3)}{mark} in {place}; check the name, or "
            "leave the class out"
        )
    kind = "bitmaps" if in_folders else "strokes"
    counts = {name: Counts(**{kind: number}) for name, number in numbers.items()}
    return Loaded(drawings, str(place), counts, attribution="".join(whose))


def _read_mirror(place: Mirror, store: Path, wish: _Wish, offline: bool) -> Loaded:
    """Fetch from a mirror what its folder would give, and read that."""
    folder = mirror_folder(place.url, store)
    if not offline:
        get = functools.partial(
            fetch,
            rows=wish.rows,
            base_url=place.url,
            cache=store,
            progress=functools.partial(wish.on_progress, "fetch"),
            note=functools.cache(wish.note),  # once for both kinds of file
            missing_ok=True,
        )
        if wish.wanted.takes_bitmaps:
            get("numpy_bitmap", wish.classes)
        get("simplified", [name for name in wish.classes if _is_short(folder, name, wish)])
    source = f"what was fetched earlier from {place}" if offline else str(place)
    return wish.read(folder, source)


def _is_short(folder: Path, name: str, wish: _Wish) -> bool:
    """Whether bitmaps do not suffice, so that strokes are needed too."""
    bitmaps = held(folder / location("numpy_bitmap", name))
    return not wish.wanted.takes_bitmaps or bitmaps is None or bitmaps.records < wish.rows


def _read_google(store: Path, wish: _Wish, offline: bool, seed: int) -> Loaded:
    """Fetch from Google's bucket; without a network use what there is."""
    kind = "numpy_bitmap" if wish.wanted.takes_bitmaps else "simplified"
    names = tuple(find_category(name) for name in wish.classes)
    if names != wish.classes:
        other = next(pair for pair in zip(wish.classes, names, strict=True) if pair[0] != pair[1])
        raise DataError(f"{other[0]!r} is not how Google's files are called; use {other[1]!r}")
    folder = mirror_folder(GOOGLE_BUCKET, store)
    reason = "no server is to be asked"
    if not offline:
        try:
            fetch(
                kind,
                names,
                wish.rows,
                base_url=GOOGLE_BUCKET,
                cache=store,
                progress=functools.partial(wish.on_progress, "fetch"),
                note=wish.note,
            )
            source = f"Google's Quick, Draw! bucket, the first {wish.rows:,} drawings of each class"
            return wish.read(folder, source)
        except UnreachableError as error:
            reason = error.reason
    missing = [name for name in names if held(folder / location(kind, name)) is None]
    if not missing:
        source = f"what was fetched earlier from Google's Quick, Draw! bucket, as {reason}"
        return wish.read(folder, source)
    return _draw_doodles(wish, reason, missing, seed)


def _draw_doodles(wish: _Wish, reason: str, missing: list[str], seed: int) -> Loaded:
    """Make doodles, as there are no drawings."""
    from inkgrad.quickdraw.doodles import ANIMALS

    if wish.wanted.recognized is not None or not set(wish.classes) <= set(ANIMALS):
        raise DownloadError(
            f"no drawings of {listed(missing, 3)}: {reason}; name a folder of drawings with "
            f"--data, or choose among the built-in doodles {', '.join(ANIMALS)}"
        )
    number = DOODLES if wish.wanted.limit is None else min(wish.wanted.limit, DOODLES)
    source = hash_of_source("inkgrad.quickdraw.doodles", "inkgrad.drawing")
    parts = []
    for name in wish.classes:
        wish.on_progress("draw", name, 0, number)
        draw_all = functools.partial(_doodles_of, name, number, seed, wish.wanted)
        wished = f"doodles {name} {number} {seed}"
        parts.append(keep(wish.wanted, wished, source, draw_all))
        wish.on_progress("draw", name, number, number)
    labels = np.repeat(np.arange(len(wish.classes), dtype=np.int64), number)
    bitmaps = np.concatenate([part.bitmaps for part in parts])
    strokes = [RowStrokes.all(part.strokes) for part in parts if part.strokes is not None]
    rows = RowStrokes.join(strokes) if strokes else None
    return Loaded(
        Drawings(bitmaps, labels, wish.classes, rows),
        f"built-in doodles, drawn by a program, as {reason}",
        {name: Counts(strokes=number) for name in wish.classes},
        built_in=True,
    )


def _doodles_of(name: str, number: int, seed: int, wanted: Wanted) -> Drawn:
    """Draw doodles of one class."""
    from inkgrad.quickdraw.doodles import doodles

    return draw(doodles([name], number, seed)[0], wanted.raster, wanted.strokes)
