"""Train a network on drawings: load, split, fit, judge, and write everything down."""

from __future__ import annotations

import json
import os
import re
import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad.engines import make_engine
from inkgrad.errors import InkgradError
from inkgrad.insight import (
    Evaluation,
    Reading,
    most_confident_mistakes,
    read_drawings,
    write_report,
)
from inkgrad.insight import evaluate as measure
from inkgrad.layers import Array
from inkgrad.model import Model
from inkgrad.network import Network, seed_network
from inkgrad.quickdraw import Balanced, Drawings, Loaded, OnProgress, find_task, load_drawings
from inkgrad.storage import atomic_write_bytes
from inkgrad.training import LAST, METRICS, Event, fit, read_metrics
from inkgrad.version import __version__
from inkgrad.workflows.settings import Parts, Settings

__all__ = ["OnLoaded", "Trained", "train"]

OnLoaded = Callable[[Loaded, Parts], None]

_MODEL, _RUN, _REPORT = "model.safetensors", "run.json", "report.html"
_MISTAKES, _EXAMPLES = 40, 10  # pictures in the report and in the terminal


@dataclass(frozen=True)
class Trained:
    """What a training run gave.

    Attributes
    ----------
    folder : Path
        Holds ``model.safetensors``, ``metrics.jsonl``, ``report.html``, ``run.json`` (the
        settings) and the checkpoints.
    stopped : str
        Why training ended; ``"interrupted"`` means that `train` with ``resume=True`` goes on, and
        that model and report are not written yet.
    parts : Parts
        The drawings as they were parted.
    model : Model or None
    evaluation : Evaluation or None
        Of the model on the test part.
    probabilities : (n, classes) array or None
        What the model says of the test part.
    seconds : float
        From the first step to the last, in this session.
    """

    folder: Path
    stopped: str
    parts: Parts
    model: Model | None
    evaluation: Evaluation | None
    probabilities: Array | None
    seconds: float

    def figures(self) -> dict[str, Any]:
        """Return the evaluation as plain values."""
        if self.evaluation is None:
            raise InkgradError("the run was interrupted: there is nothing to judge yet")
        return self.evaluation.to_dict()

    def examples(self) -> list[Reading]:
        """Return the first test drawing of each of the first classes, with what is read in it."""
        if self.probabilities is None:
            return []
        test = self.parts.test
        firsts = [np.flatnonzero(test.labels == k)[:1] for k in range(len(test.classes))]
        return _readings(test, self.probabilities, np.concatenate(firsts)[:_EXAMPLES])


def train(
    classes: str | Sequence[str] | None = None,
    *,
    task: str | None = None,
    data: str | os.PathLike[str] | None = None,
    loaded: Loaded | None = None,
    out: str | os.PathLike[str],
    network: Network | None = None,
    engine: str = "auto",
    resume: bool = False,
    restart: bool = False,
    offline: bool = False,
    on_progress: OnProgress | None = None,
    on_loaded: OnLoaded | None = None,
    on_event: Callable[[Event], None] | None = None,
    **choices: Any,
) -> Trained:
    """Train a network to tell classes of drawings apart, and judge it on drawings kept aside.

    Parameters
    ----------
    classes : list of str or comma-separated str, optional
        What to tell apart; or
    task : str, optional
        a name in ``DATA/tasks.json``, ``"animals"`` (the seed's five) or ``"all"``; or neither,
        when `data` is a folder of one's own drawings: then its subfolders are the classes.
    data : path or address, optional
        See `inkgrad.quickdraw.load_drawings`.
    loaded : Loaded, optional
        The drawings themselves, if they are loaded already, or made by a program.
    out : path
        The folder to write to; made if it is missing.
    network : Network, optional
        By default the seed network for as many classes.
    engine : str
    resume : bool
        Go on with the interrupted run in `out`, by its own settings; others need not be given,
        and must agree if they are.
    restart : bool
        Forget an interrupted run in `out`; without it, it is never overwritten.
    offline : bool
        Ask no server.
    on_progress, on_loaded, on_event : callable, optional
        Told how loading goes on, what was loaded, and how training goes on.
    **choices
        Any of `Settings` (``limit``, ``split_kind``, ``test_size``, ``validation_size``,
        ``balance``) and of `inkgrad.training.Recipe` (``epochs``, ``batch_size``, ``optimizer``,
        ``learning_rate``, ``schedule``, ``seed``, …).

    Returns
    -------
    trained : Trained

    Raises
    ------
    InkgradError
        If something asked for makes no sense or the drawings cannot be had. An interruption by
        Ctrl-C is no error: see `Trained.stopped`.
    """
    folder = Path(out)
    if resume:
        chosen = _resumed_settings(folder, classes, task, choices)
        data = chosen.data if data is None else data
    else:
        _refuse_to_overwrite(folder, restart)
        names = find_task(classes, task=task, data=data, offline=offline)
        place = None if data is None else str(data)
        chosen = Settings.choose(names, choices, task=task, data=place)
    network = seed_network(len(chosen.classes)) if network is None else network
    make_engine(engine, network)  # refuses an unknown engine before anything is fetched

    if loaded is None:
        loaded = load_drawings(
            chosen.classes, data=data, limit=chosen.limit, offline=offline, on_progress=on_progress
        )
    elif loaded.drawings.classes != chosen.classes:
        raise InkgradError(
            f"the drawings are of {', '.join(loaded.drawings.classes)}, "
            f"but {', '.join(chosen.classes)} are to be told apart; give the same in both"
        )
    parts = chosen.split(loaded.drawings)
    _check_parts(parts, loaded)
    if on_loaded is not None:
        on_loaded(loaded, parts)
    atomic_write_bytes(folder / _RUN, json.dumps(chosen.to_dict(), indent=1).encode())

    start = time.perf_counter()
    fitted = fit(
        network,
        Balanced(parts.train) if chosen.balance else parts.train,
        validation=parts.validation if len(parts.validation) else None,
        recipe=chosen.recipe,
        engine=engine,
        folder=folder,
        resume=resume,
        on_event=on_event,
    )
    seconds = time.perf_counter() - start
    if fitted.stopped == "interrupted":
        return Trained(folder, fitted.stopped, parts, None, None, None, seconds)

    model = Model(network, fitted.parameters, chosen.classes, engine=engine)
    probabilities = model.predict_proba(parts.test.bitmaps)
    evaluation = measure(probabilities, parts.test.labels, chosen.classes)
    model = replace(model, record=_record(chosen, loaded, parts, engine, evaluation))
    model.save(folder / _MODEL)
    _write_report(folder, model, parts.test, evaluation, probabilities)
    return Trained(folder, fitted.stopped, parts, model, evaluation, probabilities, seconds)


def command(settings: Settings) -> str:
    """Return the command line that repeats a run, but for the place of its data and output.

    Examples
    --------
    >>> command(Settings.choose(("cat", "dog"), {"epochs": 3}, data="/somewhere/quickdraw"))
    'inkgrad train --classes cat,dog --data quickdraw --seed 42 --epochs 3'
    """
    words = ["inkgrad", "train"]
    if settings.task:
        words += ["--task", settings.task]
    else:
        words += ["--classes", ",".join(settings.classes)]
    if settings.data:
        words += ["--data", settings.data.rstrip("/").rsplit("/", 1)[-1]]
    words += ["--seed", str(settings.recipe.seed), "--epochs", str(settings.recipe.epochs)]
    if settings.limit is not None:
        words += ["--limit", str(settings.limit)]
    if settings.balance:
        words += ["--balance"]
    return shlex.join(words)


def _resumed_settings(
    folder: Path,
    classes: str | Sequence[str] | None,
    task: str | None,
    choices: dict[str, Any],
) -> Settings:
    """Return the settings of the run in `folder`, if what is asked for now agrees with them."""
    path = folder / _RUN
    try:
        chosen = Settings.from_dict(json.loads(path.read_bytes()))
    except FileNotFoundError as error:
        raise InkgradError(
            f"there is no run to resume in {folder} ({_RUN} is missing); "
            "name the folder that the interrupted run wrote to, or leave out --resume"
        ) from error
    except (OSError, ValueError) as error:
        raise InkgradError(f"{path} is damaged: {error}; start over with --restart") from error
    if classes is not None or task is not None:
        asked = find_task(classes, task=task, data=chosen.data)
        if asked != chosen.classes:
            raise InkgradError(
                f"the run in {folder} learns {', '.join(chosen.classes)}, not {', '.join(asked)}; "
                "leave the classes out, or train into another folder"
            )
    for name, value in chosen.differences(choices).items():
        raise InkgradError(
            f"the run in {folder} has {name} {value}, but {choices[name]} is asked for; "
            "leave it out, or train into another folder"
        )
    return chosen


def _refuse_to_overwrite(folder: Path, restart: bool) -> None:
    """Protect an interrupted run: it is only forgotten when that is said."""
    if folder.exists() and not folder.is_dir():
        raise InkgradError(f"{folder} is a file; name a folder to write to")
    interrupted = (folder / LAST).exists() and not (folder / _MODEL).exists()
    if interrupted and not restart:
        raise InkgradError(
            f"{folder} holds an interrupted run; go on with it by --resume, "
            "or forget it by --restart"
        )


def _check_parts(parts: Parts, loaded: Loaded) -> None:
    """Refuse to train where a class has nothing to learn from or the test part is empty."""
    empty = [name for name, count in parts.train.counts().items() if count == 0]
    if empty:
        raise InkgradError(
            f"there are no drawings of {', '.join(empty[:5])} to learn from in {loaded.source}; "
            "leave the class out or give more drawings"
        )
    if len(parts.test) == 0:
        raise InkgradError(
            f"no drawings are left to judge by in {loaded.source}; give more drawings"
        )


def _record(
    settings: Settings, loaded: Loaded, parts: Parts, engine: str, evaluation: Evaluation
) -> dict[str, Any]:
    """Return what a model file says of how the model came to be; no times, no machine's paths."""
    figures = evaluation.to_dict()
    return {
        "inkgrad": __version__,
        "command": command(settings),
        "engine": engine,
        "data": {
            "source": re.sub(r"(?<=folder ).*/(?=.)", "", loaded.source),
            "fingerprint": loaded.drawings.fingerprint(),
            "limit": settings.limit,
            "counts": loaded.drawings.counts(),
        },
        "drawings": {name: len(part) for name, part in parts._asdict().items()},
        "settings": {**settings.to_dict(), "data": None},
        "test": {
            name: figures[name] for name in ("n", "top1", "top3", "map3", "balanced_accuracy")
        },
    }


def _write_report(
    folder: Path, model: Model, test: Drawings, evaluation: Evaluation, probabilities: Array
) -> None:
    """Write the report: curves, confusions, mistakes and what the model file records."""
    record = model.record
    wrong = most_confident_mistakes(probabilities, test.labels, _MISTAKES)
    right = np.flatnonzero(probabilities.argmax(axis=1) == test.labels)[:: max(1, len(test) // 24)]
    write_report(
        folder / _REPORT,
        title=record["settings"]["task"] or ", ".join(model.classes[:5]),
        evaluation=evaluation,
        history=read_metrics(folder / METRICS),
        record={
            "drawings": record["data"]["source"],
            **{f"to {what}": number for what, number in record["drawings"].items()},
            "command": record["command"],
            "recipe": record["settings"]["recipe"],
            "network": model.network.summary(),
        },
        mistakes=_readings(test, probabilities, wrong),
        examples=_readings(test, probabilities, right[:24]),
    )


def _readings(drawings: Drawings, probabilities: Array, rows: Array) -> list[Reading]:
    """Return some drawings with what they are and what is read in them."""
    part = drawings.subset(rows)
    return read_drawings(part.bitmaps, probabilities[rows], part.classes, part.labels)
