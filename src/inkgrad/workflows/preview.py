"""A contact sheet of drawings: what a file or folder holds, and what a network sees of it."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inkgrad.drawing.variants import Variation
from inkgrad.errors import InkgradError
from inkgrad.insight.sheet import MOST, draw_sheet
from inkgrad.quickdraw import OnProgress
from inkgrad.quickdraw.data_locations import VARIABLE, find_groups
from inkgrad.quickdraw.sample_variants import with_variants
from inkgrad.quickdraw.samples import Sampled, sample_doodles, sample_drawings
from inkgrad.storage import atomic_write

__all__ = ["Previewed", "preview"]


@dataclass(frozen=True)
class Previewed:
    """What `preview` has drawn.

    Attributes
    ----------
    path : Path
        The picture.
    title, facts : str
        What it says at its head: what is shown, and how much of it.
    shown : int
        How many drawings are on it.
    """

    path: Path
    title: str
    facts: str
    shown: int


def preview(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    out: str | os.PathLike[str] = "sheet.png",
    *,
    n: int = 48,
    classes: str | Sequence[str] | None = None,
    columns: int | None = None,
    seed: int = 42,
    variants: int = 0,
    variation: Variation | Mapping[str, Any] | None = None,
    on_progress: OnProgress | None = None,
) -> Previewed:
    """Draw a contact sheet of drawings: their strokes, their pixels, their classes.

    Parameters
    ----------
    paths : path or list of paths, optional
        Files of drawings of any format, folders of such files, folders of one's own drawings, or
        folders with the layout of Google's bucket: see
        `inkgrad.quickdraw.samples.sample_drawings`. By default what ``INKGRAD_DATA`` names, or
        else the built-in doodles.
    out : path
        The PNG file to write; one that is there already is replaced.
    n : int
        How many drawings to show, from 1 to 1,000: chosen by chance, the same number of each
        class.
    classes : list of str or comma-separated str, optional
        Only drawings of these classes.
    columns : int, optional
        Drawings in a row.
    seed : int
        Decides which drawings are shown: the same seed and files give the same sheet.
    variants : int
        How many variants to show behind each drawing, as training with ``augment`` makes them; by
        default none.
    variation : Variation or dict, optional
        How different they are: see `inkgrad.drawing.variants.Variation`.
    on_progress : callable, optional
        Told how reading, drawing strokes and laying out go on.

    Returns
    -------
    previewed : Previewed

    Raises
    ------
    InkgradError
        If drawings cannot be read, there are none of a class, a number is impossible, or `out`
        cannot be written or is one of the drawings.
    """
    if not 1 <= n <= MOST:
        raise InkgradError(f"n is {n:,}; a sheet has from 1 to {MOST:,} drawings")
    if columns is not None and columns < 1:
        raise InkgradError(f"columns is {columns}; give 1 or more")
    if not 0 <= variants < MOST or n * (variants + 1) > MOST:
        raise InkgradError(
            f"variants is {variants:,} for {n:,} drawings; a sheet has room for {MOST:,} of both"
        )
    how = variation if isinstance(variation, Variation) else Variation.from_dict(variation or {})
    named = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    if not named and os.environ.get(VARIABLE):
        named = [os.environ[VARIABLE]]
    target = _target(Path(out), named)
    sample = functools.partial(sample_drawings, named) if named else sample_doodles
    sampled = sample(n, classes=classes, seed=seed, on_progress=on_progress)
    title = _title(named) if named else "built-in doodles"
    facts = _facts(sampled, seed)
    shown = with_variants(sampled.samples, variants, how, seed)
    if variants:
        facts.append(f"{variants:,} {_plural('variant', variants)} of each")
        columns = columns or (variants + 1) * max(1, 6 // (variants + 1))  # a drawing, its variants

    def tell(done: int, total: int) -> None:
        if on_progress is not None:
            on_progress("lay", "", done, total)

    sheet = draw_sheet(
        shown,
        title,
        facts,
        columns=columns,
        note=sampled.attribution,
        on_progress=tell,
    )
    try:
        with atomic_write(target) as file:
            sheet.save(file, "PNG")
    except OSError as error:
        raise InkgradError(
            f"cannot write {target}: {error.strerror or error}; make room or get permission, or "
            "name another file with -o"
        ) from error
    return Previewed(target, title, " · ".join(facts), len(sampled.samples))


def _target(out: Path, drawings: Sequence[str | os.PathLike[str]]) -> Path:
    """Return the file to write to, if nothing else would be lost by it."""
    if out.is_dir():
        raise InkgradError(f"{out} is a folder; name a file to write to, such as sheet.png")
    if out.suffix.lower() != ".png":
        raise InkgradError(f"{out} does not end in .png; a sheet is a PNG file, such as sheet.png")
    if out.exists() and any(out.samefile(path) for path in _files(drawings)):
        raise InkgradError(f"{out} is one of the drawings; name another file to write to with -o")
    return out


def _files(drawings: Sequence[str | os.PathLike[str]]) -> Iterator[Path]:
    """Yield all files of drawings that are meant."""
    groups = (group for named in drawings for group in find_groups(named))
    return (path for group in groups for path in group.files)


def _title(named: Sequence[str | os.PathLike[str]]) -> str:
    """Return how the files and folders are called.

    Examples
    --------
    >>> _title(["drawings/cat.npy", "dog.npy", "owl.npy", "cow.npy"])
    'cat.npy, dog.npy and 2 more'
    """
    names = [Path(path).resolve().name or str(path) for path in named]
    if len(names) <= 3:
        return ", ".join(names)
    return f"{', '.join(names[:2])} and {len(names) - 2} more"


def _facts(sampled: Sampled, seed: int) -> list[str]:
    """Return how many drawings of how many classes are shown."""
    shown = len(sampled.samples)
    of = f" of {sampled.drawings:,}" if sampled.drawings not in (None, shown) else ""
    facts = [f"{shown:,}{of} {_plural('drawing', sampled.drawings or shown)}"]
    labels = {sample.label for sample in sampled.samples} - {None}
    if labels:
        of = f" of {sampled.classes:,}" if sampled.classes != len(labels) else ""
        facts.append(f"{len(labels):,}{of} {_plural('class', sampled.classes)}")
    if sampled.forms:
        facts.append(f"read as {' and '.join(sampled.forms)}")
    if sampled.drawings != shown:
        facts.append(f"seed {seed}")
    return facts


def _plural(noun: str, number: int) -> str:
    return noun if number == 1 else f"{noun}es" if noun.endswith("s") else f"{noun}s"
