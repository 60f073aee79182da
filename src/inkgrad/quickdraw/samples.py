"""Samples: a few drawings from whatever is named, evenly of all classes, ready to be looked at."""

from __future__ import annotations

import contextlib
import difflib
import functools
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inkgrad.drawing import (
    Drawing,
    Strokes,
    bitmap_from_image,
    into_frame,
    picture_on_paper,
    rasterize,
)
from inkgrad.drawing.stroke_forms import ROWS
from inkgrad.errors import DataError
from inkgrad.quickdraw.categories import find_category
from inkgrad.quickdraw.data_locations import Group, find_groups
from inkgrad.quickdraw.drawings import Bitmaps
from inkgrad.quickdraw.formats import PICTURES, read_records
from inkgrad.quickdraw.formats.impostors import impostors_named
from inkgrad.quickdraw.formats.npy import map_npy
from inkgrad.quickdraw.loaded import ATTRIBUTION, OnProgress
from inkgrad.quickdraw.tasks import class_names

__all__ = ["Sample", "Sampled", "sample_doodles", "sample_drawings"]

_LOOKED_AT = 10_000  # drawings to choose from, shared by all files: a second's work or so

Label = str | None


@dataclass(frozen=True, eq=False)
class Sample:
    """One drawing, as a file has it and as a network sees it.

    Parameters
    ----------
    label : str or None
        Its class, if that is known.
    name : str
        The file that it comes from, without its suffix.
    bitmap : uint8 array (28, 28)
        Ink 255 on 0. Of bitmaps of another size, as they are.
    strokes : list of float64 arrays (2, n), optional
        What the bitmap was drawn from, in the frame of Google's simplified drawings.
    picture : uint8 array (h, w, 3), optional
        What the bitmap was made of, if that was a picture.
    """

    label: Label
    name: str
    bitmap: npt.NDArray[np.uint8]
    strokes: Strokes | None = None
    picture: npt.NDArray[np.uint8] | None = None

    @property
    def caption(self) -> str:
        """The class, or else the name of the file."""
        return self.name if self.label is None else self.label


@dataclass(frozen=True, eq=False)
class Sampled:
    """Some of the drawings that there are.

    Parameters
    ----------
    samples : tuple of Sample
        Class by class.
    drawings : int or None
        How many there are in all; None if not all were counted.
    classes : int
        How many classes there are; 0 if the drawings are of no known class.
    attribution : str
        Whose they are and under which licence, if they are known to be Google's.
    forms : tuple of str
        How files have their strokes that have them otherwise than Google.
    """

    samples: tuple[Sample, ...]
    drawings: int | None
    classes: int
    attribution: str = ""
    forms: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Pile:
    """The drawings of one file that may be chosen; nothing is drawn before it is."""

    rows: Mapping[Label, Sequence[int]]  # of each class
    make: Callable[[int, Label], Sample]
    is_all: bool = True  # that the file has
    is_googles: bool = False
    forms: frozenset[str] = frozenset()  # of strokes that are not Google's rows


_Lot = tuple[_Pile, Sequence[int]]
"""Drawings of one class, in one pile."""


def sample_drawings(
    paths: Iterable[str | os.PathLike[str]],
    n: int = 48,
    *,
    classes: str | Sequence[str] | None = None,
    seed: int = 42,
    on_progress: OnProgress | None = None,
) -> Sampled:
    """Choose drawings of files and folders by chance, the same number of each class.

    Of a class with too few drawings all are taken, and more of the others. If there are more
    than `n` classes, `n` of them are chosen. Of long files only the beginning is looked at, at
    most 10,000 drawings in all; of bitmaps, any.

    Parameters
    ----------
    paths : iterable of paths
        Files of any format, and folders: see `inkgrad.quickdraw.data_locations.find_groups`, and
        `Group.class_of` there for the class of a drawing.
    n : int
        How many to choose; all, if there are no more.
    classes : sequence of str or comma-separated str, optional
        Only drawings of these classes.
    seed : int
        Decides which are chosen.
    on_progress : callable, optional
        Told ``("read", "", files read, files)`` and ``("draw", class, done, drawings)``.

    Returns
    -------
    sampled : Sampled

    Raises
    ------
    DataError
        If a path cannot be read, there are no drawings of a class, or `n` is less than 1.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> np.save(folder / "cat.npy", np.zeros((7, 784), np.uint8))
    >>> np.save(folder / "dog.npy", np.zeros((1, 784), np.uint8))
    >>> sampled = sample_drawings([folder], 4)
    >>> [sample.label for sample in sampled.samples], sampled.drawings
    (['cat', 'cat', 'cat', 'dog'], 8)
    """
    _check(n, seed)
    rng = np.random.default_rng(seed)
    found = [group for path in paths for group in find_groups(path)]
    wanted = None if classes is None else class_names(classes)
    if wanted is not None:
        found = _groups_with(wanted, found)
        opened = found
    else:
        opened = [found[i] for i in _choose(len(found), n, rng)]
    piles = _open_all(opened, n, rng, on_progress)
    groups = _grouped(piles)
    names = {*groups, *(group.label for group in set(found) - set(opened))}
    if wanted is not None:
        groups = {label: groups[label] for label in (_find(name, groups) for name in wanted)}
        names = {*groups}
    files = sum(len(group.files) for group in found)
    counted = len(piles) == files and all(pile.is_all for pile in piles)
    chosen = _deal(groups, n, rng)
    return Sampled(
        _make(chosen, on_progress),
        sum(_size(group) for group in groups.values()) if counted else None,
        len(names - {None}),
        ATTRIBUTION if any(pile.is_googles for pile, _, _ in chosen) else "",
        tuple(sorted({form for pile, _, _ in chosen for form in pile.forms})),
    )


def sample_doodles(
    n: int = 48,
    *,
    classes: str | Sequence[str] | None = None,
    seed: int = 42,
    on_progress: OnProgress | None = None,
) -> Sampled:
    """Do what `sample_drawings` does with the built-in doodles, of which there is no end.

    Examples
    --------
    >>> [sample.label for sample in sample_doodles(3, classes="zebra, cat").samples]
    ['zebra', 'zebra', 'cat']
    """
    from inkgrad.quickdraw.doodles import ANIMALS, doodles

    _check(n, seed)
    wanted = ANIMALS if classes is None else tuple(_find(c, ANIMALS) for c in class_names(classes))
    each = -(-n // len(wanted))
    drawn, _ = doodles(wanted, each, seed)
    pile = _Pile({}, functools.partial(_from_strokes, Path("doodles"), drawn))
    groups: dict[Label, list[_Lot]] = {
        name: [(pile, range(k * each, k * each + each))] for k, name in enumerate(wanted)
    }
    chosen = _deal(groups, n, np.random.default_rng(seed))
    return Sampled(_make(chosen, on_progress), None, len(wanted))


def _check(n: int, seed: int) -> None:
    """Refuse impossible numbers."""
    if n < 1:
        raise DataError(f"n is {n}; ask for 1 drawing or more")
    if seed < 0:
        raise DataError(f"seed is {seed}; give 0 or more")


def _find(name: str, labels: Iterable[Label]) -> str:
    """Return the label that a name means; say which are nearest if it means none."""
    known = {label.casefold(): label for label in labels if label is not None}
    if name in known.values():
        return name
    forms = [name.casefold()]
    with contextlib.suppress(DataError):
        forms.append(find_category(name).casefold())
    for form in forms:
        if form in known:
            return known[form]
    missing = f"there are no drawings of {name!r} here"
    if not known:
        raise DataError(f"{missing}: they are of no known class; leave the classes out")
    nearest = difflib.get_close_matches(name.casefold(), known, n=3, cutoff=0.0)
    first, *others = (known[letters] for letters in nearest)
    listed = f"{', '.join([first, *others[:-1]])} or {others[-1]}" if others else first
    raise DataError(f"{missing}; did you mean {listed}?")


def _groups_with(names: Sequence[str], found: list[Group]) -> list[Group]:
    """Return the groups in which drawings of these classes may be."""
    certain = all(group.is_certain for group in found)
    labels = [group.label for group in found]
    try:
        wanted = {_find(name, labels) for name in names}
    except DataError:
        if certain:
            raise
        return found  # the words in the files will tell
    return [group for group in found if group.label in wanted]


def _choose(number: int, n: int, rng: np.random.Generator) -> list[int]:
    """Return `n` places of `number` by chance, in order; all of them if there are no more."""
    if number <= n:
        return list(range(number))
    return sorted(rng.choice(number, n, replace=False).tolist())


def _open_all(
    found: Sequence[Group], n: int, rng: np.random.Generator, on_progress: OnProgress | None
) -> list[_Pile]:
    """Open the files of some groups, not more than can be shown of each."""
    files = [(s, s.files[i]) for s in found for i in _choose(len(s.files), n, rng)]
    most = max(n, _LOOKED_AT // max(len(files), 1))
    piles = []
    for number, (group, path) in enumerate(files):
        if on_progress is not None:
            on_progress("read", "", number, len(files))
        piles.append(_open(path, group, most))
    if on_progress is not None:
        on_progress("read", "", len(files), len(files))
    return piles


def _open(path: Path, group: Group, most: int) -> _Pile:
    """Open a file, to choose from at most so many of its drawings if it must be read for that."""
    suffix = path.suffix.lower()
    if suffix in PICTURES:
        return _Pile({group.label: range(1)}, functools.partial(_from_picture, path))
    if suffix == ".npy":
        with impostors_named(path):
            if not path.is_file() or len(bitmaps := map_npy(path, side=None)) == 0:
                raise DataError(f"{path} holds no drawings; fetch it again, or leave it out")
        make = functools.partial(_from_bitmaps, path, bitmaps)
        googles = path.parent.name == "numpy_bitmap"
        return _Pile({group.label: range(len(bitmaps))}, make, is_googles=googles)
    records = list(read_records(path, limit=most + 1))
    shown = records[:most]
    rows: dict[Label, list[int]] = {}
    for row, record in enumerate(shown):
        label = group.class_of(record.word)
        rows.setdefault(label, []).append(row)
    return _Pile(
        rows,
        functools.partial(_from_strokes, path, [record.strokes for record in shown]),
        is_all=len(records) <= most,
        is_googles=any(record.key_id is not None for record in shown),
        forms=frozenset(record.form for record in shown) - {ROWS},
    )


def _from_picture(path: Path, row: int, label: Label) -> Sample:
    """Make a sample of a picture."""
    with impostors_named(path):
        bitmap = bitmap_from_image(path)
    return Sample(label, path.stem, bitmap, picture=picture_on_paper(path))


def _from_bitmaps(path: Path, bitmaps: Bitmaps, row: int, label: Label) -> Sample:
    """Make a sample of a bitmap."""
    return Sample(label, path.stem, np.array(bitmaps[row]))


def _from_strokes(path: Path, drawings: Sequence[Drawing], row: int, label: Label) -> Sample:
    """Make a sample of strokes."""
    try:
        strokes = into_frame(drawings[row])
        bitmap = rasterize(strokes)
    except DataError as error:
        raise DataError(f"{path}: drawing {row + 1}: {error}") from None
    return Sample(label, path.stem, bitmap, strokes)


def _grouped(piles: Iterable[_Pile]) -> dict[Label, list[_Lot]]:
    """Return where the drawings of each class lie, the classes in alphabetical order."""
    groups: dict[Label, list[_Lot]] = {}
    for pile in piles:
        for label, rows in pile.rows.items():
            groups.setdefault(label, []).append((pile, rows))
    return {label: groups[label] for label in sorted(groups, key=_order)}


def _order(label: Label) -> tuple[bool, str, str]:
    return label is None, (label or "").casefold(), label or ""


def _size(group: Sequence[_Lot]) -> int:
    return sum(len(rows) for _, rows in group)


def _deal(
    groups: Mapping[Label, Sequence[_Lot]], n: int, rng: np.random.Generator
) -> list[tuple[_Pile, int, Label]]:
    """Choose drawings in turn, one of each class, until there are `n` or none are left."""
    labels = list(groups)
    labels = [labels[i] for i in _choose(len(labels), n, rng)]
    sizes = np.array([_size(groups[label]) for label in labels])
    shares = np.zeros_like(sizes)
    for _ in range(min(n, int(sizes.sum()))):
        shares[np.where(shares < sizes, shares, n).argmin()] += 1
    chosen = []
    for label, share in zip(labels, shares.tolist(), strict=True):
        places = _choose(_size(groups[label]), share, rng)
        start = 0
        for pile, rows in groups[label]:
            stop = start + len(rows)
            chosen += [(pile, rows[i - start], label) for i in places if start <= i < stop]
            start = stop
    return chosen


def _make(
    chosen: Sequence[tuple[_Pile, int, Label]], on_progress: OnProgress | None
) -> tuple[Sample, ...]:
    """Make the samples, class by class."""
    totals = Counter(label for _, _, label in chosen)
    done: Counter[Label] = Counter()
    samples = []
    for pile, row, label in chosen:
        samples.append(pile.make(row, label))
        done[label] += 1
        if on_progress is not None:
            on_progress("draw", label or "", done[label], totals[label])
    return tuple(samples)
