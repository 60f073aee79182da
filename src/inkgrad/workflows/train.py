"""Train a network on drawings: load, split, fit, judge, and write everything down."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inkgrad.engines import make_engine
from inkgrad.errors import InkgradError
from inkgrad.insight import Evaluation, most_confident_mistakes, write_report
from inkgrad.insight import evaluate as measure
from inkgrad.layers import Array
from inkgrad.model import Model
from inkgrad.network import Network, seed_network
from inkgrad.quickdraw import Loaded, OnProgress, find_task, load_drawings
from inkgrad.storage import atomic_write_bytes
from inkgrad.training import Event, Fitted, fit
from inkgrad.version import __version__
from inkgrad.workflows.settings import Parts, Settings

__all__ = ["OnLoaded", "Trained", "train"]

OnLoaded = Callable[[Loaded, Parts], None]

_MODEL, _RUN, _REPORT = "model.safetensors", "run.json", "report.html"
_MISTAKES, _EXAMPLES = 40, 12  # pictures in the report


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


def train(
    classes: str | Sequence[str] | None = None,
    *,
    task: str | None = None,
    data: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str],
    network: Network | None = None,
    engine: str = "auto",
    resume: bool = False,
    restart: bool = False,
    offline: bool = False,
    on_progress: OnProgress | None = None,
    on_loaded: OnLoaded | None = None,
    on_event: Callable[[Event], None] | None = None,
    **settings: Any,
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
    **settings
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
    asked = Settings.from_choices(settings)
    if resume:
        chosen = _resumed_settings(folder, classes, task, settings)
        data = chosen.data if data is None else data
    else:
        names = find_task(classes, task=task, data=data)
        chosen = replace(asked, classes=names, task=task, data=None if data is None else str(data))
        _refuse_to_overwrite(folder, restart)
    network = seed_network(len(chosen.classes)) if network is None else network
    make_engine(engine, network)  # refuses an unknown engine before anything is fetched

    loaded = load_drawings(
        chosen.classes, data=data, limit=chosen.limit, offline=offline, on_progress=on_progress
    )
    parts = chosen.split(loaded.drawings)
    _check_parts(parts, loaded)
    if on_loaded is not None:
        on_loaded(loaded, parts)
    atomic_write_bytes(folder / _RUN, json.dumps(chosen.to_dict(), indent=1).encode())

    start = time.perf_counter()
    fitted = fit(
        network,
        parts.train.balanced() if chosen.balance else parts.train,
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
    model = replace(model, record=_record(chosen, loaded, parts, fitted, evaluation))
    model.save(folder / _MODEL)
    _write_report(folder / _REPORT, model, loaded, parts, fitted, evaluation, probabilities)
    return Trained(folder, fitted.stopped, parts, model, evaluation, probabilities, seconds)
