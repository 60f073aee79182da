"""Suspicious drawings: those that a network which never saw them takes for another class."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkgrad.engines import Engine
from inkgrad.errors import DataError, InkgradError
from inkgrad.insight.label_errors import LabelErrors, find_label_errors
from inkgrad.insight.sheet import MOST, draw_sheet
from inkgrad.layers import Array
from inkgrad.model import Model
from inkgrad.network import seed_network
from inkgrad.quickdraw import Drawings, OnProgress, find_task, load_drawings
from inkgrad.quickdraw import split as stratified_split
from inkgrad.quickdraw.cache import location
from inkgrad.quickdraw.folds import fold_numbers
from inkgrad.signals import SIGINT, Stopped
from inkgrad.storage import atomic_write
from inkgrad.training import Event, Recipe, StepDone, fit
from inkgrad.version import __version__
from inkgrad.workflows.judging import get_ready, judge
from inkgrad.workflows.suspicious import Suspicious, drawing_id, write_suspicious

__all__ = ["LIST", "Inspected", "inspect"]

LIST = "suspicious.json"

_SEEN = 200_000  # drawings that each network learns from, one after the other
_EPOCHS = (3, 30)  # at least and at most


@dataclass(frozen=True)
class Inspected:
    """What `inspect` found.

    Attributes
    ----------
    folder : Path
        Where the list and the sheets are.
    source : str
        Where the drawings came from, in one line.
    accuracy : float
        How often the networks were right about drawings that they had not seen.
    counts : dict of str to int
        How many drawings there are of each class.
    suspicious : tuple of Suspicious
        Class by class, those with the largest loss first.
    sheets : dict of str to Path
        The sheet of each class that has suspicious drawings.
    """

    folder: Path
    source: str
    accuracy: float
    counts: dict[str, int]
    suspicious: tuple[Suspicious, ...]
    sheets: dict[str, Path]

    @property
    def path(self) -> Path:
        """The file with all suspicious drawings."""
        return self.folder / LIST

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON."""
        return {
            "source": self.source,
            "accuracy": self.accuracy,
            "drawings": self.counts,
            "suspicious": [asdict(one) for one in self.suspicious],
            "list": str(self.path),
            "sheets": {name: str(path) for name, path in self.sheets.items()},
        }

    def of(self, class_name: str) -> Sequence[Suspicious]:
        """Return the suspicious drawings of a class, the most suspicious first."""
        return [one for one in self.suspicious if one.class_name == class_name]


@dataclass(frozen=True, eq=False)
class _Shown:
    """A suspicious drawing on a sheet."""

    caption: str
    bitmap: NDArray[np.uint8]
    strokes: None = None
    picture: None = None


def inspect(
    data: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] = "suspicious",
    *,
    classes: str | Sequence[str] | None = None,
    task: str | None = None,
    limit: int | None = None,
    n: int = 48,
    folds: int = 4,
    epochs: int | None = None,
    seed: int = 42,
    engine: str | Engine = "auto",
    offline: bool = False,
    on_progress: OnProgress | None = None,
) -> Inspected:
    """Find drawings with a suspicious label, by cross-validation; list and draw them.

    The drawings are divided into folds; for each, a seed network learns from the other folds and
    judges the drawings of this one. `inkgrad.insight.label_errors.find_label_errors` says which are
    suspicious then. No network learns from the test part, the fifth of the drawings that training
    with the same split seed holds out, though these drawings are judged too. So what is found in
    the other drawings does not depend on the test part, and a network that learns without it can
    be tested there.

    Parameters
    ----------
    data : path or address, optional
        As for `inkgrad.quickdraw.load_drawings`.
    out : path
        A folder. The list ``suspicious.json`` and for each class ``CLASS.png`` are written into
        it; files of these names are replaced.
    classes, task
        What the drawings are of, as for `train`.
    limit : int, optional
        Maximum drawings per class.
    n : int
        Maximum drawings on a sheet, from 1 to 1,000; the list has all.
    folds : int
        2 or more.
    epochs : int, optional
        Passes of each network over its drawings; by default as many as show it 200,000 drawings,
        but at least 3 and at most 30.
    seed : int
        Of the split, the folds and the training.
    engine : str or Engine
        What runs the networks.
    offline : bool
        Download nothing.
    on_progress : callable, optional
        Told how loading, compiling, learning and judging go on.

    Returns
    -------
    inspected : Inspected

    Raises
    ------
    InkgradError
        If the drawings cannot be had, are too few, or a number is impossible.
    """
    if not 1 <= n <= MOST:
        raise InkgradError(f"n is {n:,}; a sheet has from 1 to {MOST:,} drawings")
    if epochs is not None and epochs < 1:
        raise InkgradError(f"epochs is {epochs}; give 1 or more")
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise InkgradError(f"{folder} is a file; name a folder for the list and the sheets with -o")
    names = find_task(classes, task=task, data=data, offline=offline)
    files = {name: folder / _file_name(name) for name in names}
    loaded = load_drawings(names, data=data, limit=limit, offline=offline, on_progress=on_progress)
    drawings = loaded.drawings
    train, _ = stratified_split(drawings, seed=seed)
    is_known = np.zeros(len(drawings), np.bool_)
    is_known[train] = True
    fold = fold_numbers(drawings, folds, seed=seed)
    _check_folds(drawings.subset(is_known), folds)
    learnt_from = len(train) * (folds - 1) // folds
    recipe = Recipe(epochs=epochs or usual_epochs(learnt_from), seed=seed)
    probabilities = _cross_validate(drawings, fold, is_known, recipe, engine, on_progress)
    errors = find_label_errors(probabilities, drawings.labels, known=is_known)
    found = tuple(_listed(drawings, errors))
    facts = {
        "inkgrad": __version__,
        "source": loaded.source,
        "fingerprint": drawings.fingerprint(),
        "limit": limit,
        "folds": folds,
        "epochs": recipe.epochs,
        "seed": seed,
        "drawings": drawings.counts(),
    }
    write_suspicious(folder / LIST, found, facts)
    sheets = _draw_sheets(files, drawings, errors, n, loaded.attribution, on_progress)
    accuracy = float((probabilities.argmax(axis=1) == drawings.labels).mean())
    return Inspected(folder, loaded.source, accuracy, drawings.counts(), found, sheets)


def usual_epochs(drawings: int) -> int:
    """Return how often a network that learns from so many drawings should see each.

    Examples
    --------
    >>> usual_epochs(50_000)
    4
    """
    least, most = _EPOCHS
    return min(max(math.ceil(_SEEN / max(drawings, 1)), least), most)


def _check_folds(known: Drawings, folds: int) -> None:
    """Refuse classes of which a network would have nothing to learn from."""
    few = {name: count for name, count in known.counts().items() if count < folds}
    if few:
        name, count = next(iter(few.items()))
        raise DataError(
            f"{count} drawings of {name} are left to learn from, too few for {folds} folds; give "
            "more drawings, or leave the class out"
        )
    if len(known.classes) < 2:
        raise DataError(
            f"the drawings are all of {known.classes[0]}; suspicious ones can only be found among "
            "two classes or more"
        )


def _cross_validate(
    drawings: Drawings,
    fold: NDArray[np.int64],
    is_known: NDArray[np.bool_],
    recipe: Recipe,
    engine: str | Engine,
    on_progress: OnProgress | None,
) -> Array:
    """Return what is said of each drawing, (n, K), by a network that learnt from other folds."""
    network = seed_network(len(drawings.classes))
    ready = get_ready(engine, network, on_progress)
    probabilities = np.zeros((len(drawings), len(drawings.classes)), np.float32)
    folds = int(fold.max()) + 1
    for number in range(folds):
        tell = _teller(number, folds, recipe, on_progress)
        fitted = fit(
            network,
            drawings.subset(is_known & (fold != number)),
            recipe=recipe,
            engine=ready,
            on_event=tell,
        )
        if fitted.stopped == "interrupted":
            raise Stopped(fitted.signal or SIGINT)
        model = Model(network, fitted.parameters, drawings.classes, engine=ready)
        (rows,) = np.nonzero(fold == number)
        probabilities[rows] = judge(model, drawings.bitmaps[rows])
    return probabilities


def _teller(
    number: int, folds: int, recipe: Recipe, on_progress: OnProgress | None
) -> Callable[[Event], None] | None:
    """Return what tells how far the learning of all folds has got, in steps."""
    if on_progress is None:
        return None

    def tell(event: Event) -> None:
        if isinstance(event, StepDone):
            each = event.epochs * event.steps_per_epoch
            done = (event.epoch - 1) * event.steps_per_epoch + event.step
            on_progress("learn", "", number * each + done, folds * each)

    return tell


def _listed(drawings: Drawings, errors: LabelErrors) -> Any:
    """Yield the suspicious drawings class by class, those with the largest loss first."""
    for label, name in enumerate(drawings.classes):
        place = np.cumsum(drawings.labels == label) - 1  # of a row among those of its class
        for row in errors.ranked(drawings.labels, label).tolist():
            yield Suspicious(
                name,
                int(place[row]),
                drawings.classes[errors.suggested[row]],
                round(float(errors.loss[row]), 4),
                round(float(errors.confidence[row]), 4),
                drawing_id(drawings.bitmaps[row]),
            )


def _file_name(class_name: str) -> str:
    """Return the name of a class's sheet.

    Examples
    --------
    >>> _file_name("alarm clock")
    'alarm clock.png'
    """
    return Path(location("numpy_bitmap", class_name)).with_suffix(".png").name


def _draw_sheets(
    files: dict[str, Path],
    drawings: Drawings,
    errors: LabelErrors,
    n: int,
    attribution: str,
    on_progress: OnProgress | None,
) -> dict[str, Path]:
    """Write a sheet for each class that has suspicious drawings."""
    counts = drawings.counts()
    sheets: dict[str, Path] = {}
    for label, name in enumerate(drawings.classes):
        rows = errors.ranked(drawings.labels, label)
        if on_progress is not None:
            on_progress("lay", "", label + 1, len(drawings.classes))
        if not len(rows):
            continue
        place = np.cumsum(drawings.labels == label) - 1
        shown = [
            _Shown(
                f"{place[row]}: {drawings.classes[errors.suggested[row]]} "
                f"{errors.confidence[row]:.0%}",
                drawings.bitmaps[row],
            )
            for row in rows[:n].tolist()
        ]
        facts = [f"{len(rows):,} of {counts[name]:,} drawings are suspicious"]
        if len(rows) > n:
            facts.append(f"the {n:,} most suspicious are shown")
        sheet = draw_sheet(shown, name, facts, note=attribution)
        sheets[name] = files[name]
        with atomic_write(files[name]) as file:
            sheet.save(file, "PNG")
    return sheets
