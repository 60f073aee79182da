"""Train a network on drawings: load, split, fit, judge, and write everything down."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad.drawing import Raster
from inkgrad.engines import Engine, advice
from inkgrad.errors import InkgradError
from inkgrad.insight import Evaluation, Reading
from inkgrad.insight import evaluate as measure
from inkgrad.layers import Array
from inkgrad.model import Model, load
from inkgrad.network import Network, seed_network
from inkgrad.quickdraw import (
    Loaded,
    OnProgress,
    find_task,
    load_drawings,
    load_mixed,
    mixed_classes,
)
from inkgrad.text import listed
from inkgrad.training import Event, Fitted, Notice, fit
from inkgrad.workflows.calibrate import calibrated
from inkgrad.workflows.claim import claim
from inkgrad.workflows.documents import Judgement, readings, write_documents
from inkgrad.workflows.features import remembered_features
from inkgrad.workflows.judging import get_ready, judge
from inkgrad.workflows.learning import check_parts, to_learn_from
from inkgrad.workflows.networks import find_network
from inkgrad.workflows.outliers import (
    NOWHERE,
    describe_outliers,
    find_outliers,
    outliers_in_words,
)
from inkgrad.workflows.record import make_record
from inkgrad.workflows.run import (
    BEGUN,
    FINISHED,
    MODEL,
    TRAINING,
    begun,
    default_folder,
    finished_already,
    folder_to_resume,
    refuse_to_overwrite,
    resume_run,
    write_run,
    writing_to,
)
from inkgrad.workflows.settings import Parts, Settings, name_of_place
from inkgrad.workflows.start import name_of_start, start_from
from inkgrad.workflows.suspicious import leave_out, read_suspicious

__all__ = ["OnLoaded", "Trained", "train"]

OnLoaded = Callable[[Loaded, Parts], None]

_EXAMPLES = 5  # pictures in the terminal


@dataclass(frozen=True)
class Trained:
    """What a training run gave.

    Attributes
    ----------
    folder : Path
        Holds ``model.safetensors``, ``metrics.jsonl``, ``report.html``, the model card
        as ``card.md`` and ``card.html``, ``run.json`` (the settings) and the checkpoints.
    stopped : str
        Why training ended; ``"interrupted"`` means that `train` with ``resume=True`` goes on, and
        that model and report are not written yet; ``"finished already"`` that there was nothing to
        do.
    settings : Settings
        What was asked for.
    parts : Parts or None
        The drawings as they were parted; None if there was nothing to do.
    model : Model or None
    evaluation : Evaluation or None
        Of the model on the test part.
    probabilities : (n, classes) array or None
        What the model says of the test part.
    seconds : float
        From the first step to the last, in this session.
    signal : int or None
        The signal that interrupted it, if one did.
    """

    folder: Path
    stopped: str
    settings: Settings
    parts: Parts | None = None
    model: Model | None = None
    evaluation: Evaluation | None = None
    probabilities: Array | None = None
    seconds: float = 0.0
    signal: int | None = None

    def figures(self) -> dict[str, Any]:
        """Return the evaluation as plain values."""
        if self.evaluation is None:
            raise InkgradError(
                f"the run was {self.stopped}: there is nothing to judge yet"
                if self.model is None
                else f"the run was {self.stopped}: evaluate its model"
            )
        return self.evaluation.to_dict()

    def examples(self) -> list[Reading]:
        """Return the first test drawing of each of a few classes, with what is read in it."""
        if self.probabilities is None or self.parts is None:
            return []
        test = self.parts.test
        shown = np.unique(np.linspace(0, len(test.classes) - 1, _EXAMPLES).round())
        firsts = [np.flatnonzero(test.labels == k)[0] for k in shown]
        return readings(test, self.probabilities, np.array(firsts))


def train(
    classes: str | Sequence[str] | None = None,
    *,
    task: str | None = None,
    data: str | os.PathLike[str] | None = None,
    loaded: Loaded | None = None,
    out: str | os.PathLike[str] | None = None,
    network: Network | str | os.PathLike[str] | None = None,
    raster: Raster | None = None,
    engine: str | Engine = "auto",
    resume: bool = False,
    restart: bool = False,
    offline: bool = False,
    on_progress: OnProgress | None = None,
    on_loaded: OnLoaded | None = None,
    on_event: Callable[[Event], None] | None = None,
    **choices: Any,
) -> Trained:
    """Train a network to classify drawings, and evaluate it on drawings held out.

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
        The drawings themselves, if they are loaded already, or made by a program; `data` then
        only says where they are from.
    out : path, optional
        The folder to write to; made if it is missing. By default ``runs/NAME``, named after the
        task or the classes.
    network : Network, name or path, optional
        By default the seed network for as many classes; see `find_network`. A run that is resumed
        keeps its own.
    raster : inkgrad.drawing.Raster, optional
        How strokes and pictures become bitmaps, kept in the model file; by default as Google did
        it, in the size that the network takes.
    engine : str or Engine
    resume : bool
        Go on with the interrupted run in `out`, by its own settings; they need not be given
        again, and must agree if they are. If it is finished already, nothing is changed.
    restart : bool
        Discard an interrupted run in `out`; without it, it is never overwritten.
    offline : bool
        Ask no server.
    on_progress, on_loaded, on_event : callable, optional
        Told how loading, compiling and judging go on, what was loaded, and how training goes on.
    **choices
        Any of `Settings` (``limit``, ``split``, ``split_seed``, ``test_size``,
        ``validation_size``, ``balance``, ``per_class``, ``augment``, ``variation``,
        ``outliers``, ``start``, ``own``) and of
        `inkgrad.training.Recipe` (``epochs``, ``batch_size``, ``optimizer``, ``learning_rate``,
        ``schedule``, ``seed``, …).

    Returns
    -------
    trained : Trained

    Raises
    ------
    InkgradError
        If something asked for makes no sense or the drawings cannot be had. An interruption by
        Ctrl-C is no error: see `Trained.stopped`.

    Examples
    --------
    >>> import tempfile
    >>> from inkgrad.quickdraw import Drawings
    >>> shades = np.arange(40, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)
    >>> drawings = Drawings(shades, np.repeat([0, 1], 20), ("dark", "light"))
    >>> trained = train(loaded=Loaded(drawings, "shades"), out=tempfile.mkdtemp(), epochs=1)
    >>> trained.stopped, trained.evaluation.n, trained.model.classes
    ('finished', 8, ('dark', 'light'))
    """
    choices = _from_anywhere(choices)
    if resume:
        folder, asked = folder_to_resume(out, classes, task=task, data=data)
    else:
        names = _names(classes, task, data, loaded, offline, choices.get("own"))
        folder = default_folder(task, names) if out is None else Path(out)
        net = _as_network(network, len(names))
        if net is None and choices.get("start") is not None:
            net = start_from(choices["start"], names).network

    with claim(folder, on_event):
        if resume:
            net = _as_network(network, None if asked is None else len(asked))
            chosen, state = resume_run(folder, asked, choices, net)
            data = chosen.data if data is None else data
        else:
            refuse_to_overwrite(folder, restart, net)
            place = None if loaded is not None and data is None else name_of_place(data)
            is_seed = net is None or net == seed_network(len(names))
            plain = None if net is None or is_seed else net.to_config()
            named = {"task": task, "data": place, "network": plain}
            chosen, state = Settings.choose(names, choices, **named), BEGUN
        if state == FINISHED:
            _tell(on_event, finished_already(folder, chosen))
            return Trained(folder, "finished already", chosen, model=load(folder / MODEL))
        if resume and state == BEGUN:
            _tell(on_event, f"the run in {folder} has no checkpoint yet; it starts from scratch")

        net = chosen.make_network() if net is None else net
        suspicious = None if chosen.suspicious is None else read_suspicious(chosen.suspicious)
        # Refuses a network that does not fit the classes, or an engine, before anything is fetched.
        raster = _raster_for(net) if raster is None else raster
        seed = chosen.recipe.seed
        first = (
            net.initialise(seed)
            if chosen.start is None or state == TRAINING
            else start_from(chosen.start, chosen.classes, net, seed)
        )
        untrained = Model(net, first, chosen.classes, raster, engine=engine)

        with begun(folder, chosen, state) as on_begun:
            has_data = loaded is None or data is not None
            if loaded is None:
                load_all = load_drawings
                if chosen.own is not None:
                    load_all = functools.partial(load_mixed, own=chosen.own)
                loaded = load_all(
                    chosen.classes,
                    data=data,
                    limit=chosen.limit,
                    raster=raster,
                    offline=offline,
                    strokes=chosen.augment > 0,
                    on_progress=on_progress,
                )
            _check_loaded(loaded, chosen, raster)
            parts = chosen.divide(loaded.drawings)
            if suspicious is not None:
                parts, told = leave_out(suspicious, parts)
                _tell(on_event, told)
            check_parts(parts, loaded)
            if on_loaded is not None:
                on_loaded(loaded, parts)
            outliers = None
            if chosen.outliers > 0:
                where = data if has_data else NOWHERE
                outliers = find_outliers(chosen, len(parts.train), where, raster, on_progress)
                _tell(on_event, outliers_in_words(outliers))
            wanted, engine = engine, get_ready(engine, net, on_progress)
            if wanted == "auto" and (hint := advice()) is not None:
                _tell(on_event, hint)

            start = time.perf_counter()
            with writing_to(folder):
                fitted = fit(
                    net,
                    to_learn_from(parts.train, outliers, chosen, raster),
                    validation=parts.validation if len(parts.validation) else None,
                    recipe=chosen.recipe,
                    first=first,
                    engine=engine,
                    folder=folder,
                    resume=state == TRAINING,
                    on_event=on_event,
                    on_begun=on_begun,
                )
                trained = Trained(
                    folder,
                    fitted.stopped,
                    chosen,
                    parts,
                    seconds=time.perf_counter() - start,
                    signal=fitted.signal,
                )
                if fitted.stopped == "interrupted":
                    return trained
                return _conclude(trained, untrained, fitted, engine, loaded, outliers, on_progress)


def _conclude(
    trained: Trained,
    untrained: Model,
    fitted: Fitted,
    engine: Engine,
    loaded: Loaded,
    outliers: Parts | None,
    on_progress: OnProgress | None,
) -> Trained:
    """Evaluate the network as it is now, write the model and the report, and end the run."""
    folder, settings, parts = trained.folder, trained.settings, trained.parts
    if parts is None:
        raise InkgradError("nothing was trained")
    features = remembered_features(engine, fitted.parameters, parts)
    model = replace(untrained, parameters=fitted.parameters, engine=engine, features=features)
    aside = None if outliers is None else outliers.validation.bitmaps
    model = calibrated(model, parts.validation, aside, on_progress)
    probabilities = judge(model, parts.test.bitmaps, on_progress)
    evaluation = measure(probabilities, parts.test.labels, settings.classes)
    record = make_record(settings, loaded, parts, engine.name, evaluation)
    if outliers is not None:
        record["outliers"] = describe_outliers(outliers)
    model = replace(model, record=record)
    model.save(folder / MODEL)
    judged = Judgement(loaded, parts.test, evaluation, probabilities)
    making = write_documents(folder, model, judged, fitted.records, on_progress)
    write_run(folder, settings, FINISHED, making)
    return replace(trained, model=model, evaluation=evaluation, probabilities=probabilities)


def _from_anywhere(choices: dict[str, Any]) -> dict[str, Any]:
    """Return choices with the paths among them as they are called tomorrow, from any folder."""
    names: dict[str, Callable[[Any], Any]] = {
        "suspicious": os.path.abspath,
        "own": name_of_place,
        "start": name_of_start,
    }
    named = {name: names[name](choices[name]) for name in names if choices.get(name) is not None}
    return {**choices, **named}


def _as_network(
    network: Network | str | os.PathLike[str] | None, classes: int | None
) -> Network | None:
    if network is None or isinstance(network, Network):
        return network
    return find_network(network, classes)


def _tell(on_event: Callable[[Event], None] | None, message: str) -> None:
    if on_event is not None:
        on_event(Notice(message))


def _raster_for(network: Network) -> Raster:
    """Return Google's settings in a network's size; what no bitmap fits, `Model` refuses."""
    shape = network.input_shape
    return Raster(side=shape[2]) if len(shape) == 3 else Raster()


def _names(
    classes: str | Sequence[str] | None,
    task: str | None,
    data: str | os.PathLike[str] | None,
    loaded: Loaded | None,
    offline: bool,
    own: str | None,
) -> tuple[str, ...]:
    """Return what is to be told apart: what is said, or what the drawings given are of."""
    if loaded is not None and task is None and classes is None:
        return loaded.drawings.classes
    if own is not None:
        return mixed_classes(own, classes, task=task, data=data, offline=offline)
    return find_task(classes, task=task, data=data, offline=offline)


def _check_loaded(loaded: Loaded, chosen: Settings, raster: Raster) -> None:
    """Refuse drawings of other classes, or of another size, than the network is for."""
    if loaded.drawings.classes != chosen.classes:
        raise InkgradError(
            f"the drawings are of {listed(loaded.drawings.classes)}, "
            f"but {listed(chosen.classes)} are to be told apart; give the same in both"
        )
    if loaded.drawings.side != raster.side:
        raise InkgradError(
            f"the drawings have sides of {loaded.drawings.side} pixels, but the network takes "
            f"{raster.side}; load them with raster=Raster({raster.side}), or give another network"
        )
