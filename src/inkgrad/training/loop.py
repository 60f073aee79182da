"""The training loop: batch, gradient, step; epoch after epoch."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad.engines import Engine, ready_engine
from inkgrad.errors import InkgradError, ModelError
from inkgrad.layers import NO_CLASS, log_softmax
from inkgrad.network import Network, Parameters
from inkgrad.optimizers import decay_mask
from inkgrad.training.batches import Batches, batches_of_epoch, describe_source
from inkgrad.training.checkpoint import LAST, load_checkpoint
from inkgrad.training.events import EpochDone, Event
from inkgrad.training.interrupts import Interrupted, StopRequest, catch_signals
from inkgrad.training.journal import Journal
from inkgrad.training.recipe import Recipe
from inkgrad.training.state import TrainingState

__all__ = ["Fitted", "fit", "judge"]


@dataclass(frozen=True)
class Fitted:
    """What a run has come to.

    Attributes
    ----------
    parameters : Parameters
        Of the best epoch by validation accuracy; the latest, if there is no validation data or no
        epoch is complete yet.
    history : tuple of EpochDone
        The complete epochs, those of earlier sessions included.
    stopped : str
        Why it ended: "finished" (all epochs), "patience" (no improvement for so long) or
        "interrupted" (it can be resumed).
    records : tuple of dict
        The lines of ``metrics.jsonl``.
    signal : int or None
        The signal that interrupted it, if one did.
    """

    parameters: Parameters
    history: tuple[EpochDone, ...]
    stopped: str
    records: tuple[dict[str, Any], ...] = ()
    signal: int | None = None


def fit(
    network: Network,
    data: Batches,
    *,
    validation: Batches | None = None,
    recipe: Recipe | None = None,
    first: Parameters | None = None,
    engine: str | Engine = "auto",
    folder: str | os.PathLike[str] | None = None,
    resume: bool = False,
    on_event: Callable[[Event], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    checkpoint_seconds: float = 30.0,
    on_begun: Callable[[], object] | None = None,
) -> Fitted:
    """Train a network, from chance or from given parameters on.

    Same network, data, recipe and engine give the same bits, on the same machine; the reference
    engine as long as BLAS has the same number of threads. Ctrl-C, SIGTERM or SIGHUP ends the run
    between two steps; a second one takes effect at once. A run with a folder can then be resumed,
    from the middle of an epoch too, to the very bits that it would have come to without the
    interruption.

    Parameters
    ----------
    network : Network
    data : Batches
        What to learn from.
    validation : Batches, optional
        What to judge each epoch by; nothing is learnt from it.
    recipe : Recipe, optional
        The settings; the usual ones, if not given.
    first : Parameters, optional
        What to start from; they stay as they are. By default chance, by the recipe's seed.
    engine : "auto", "cpu", "reference" or an Engine
        See `inkgrad.engines.make_engine`.
    folder : path, optional
        Where to write ``metrics.jsonl``, ``checkpoint-last.safetensors`` and (with validation)
        ``checkpoint-best.safetensors``. A new run takes the place of an earlier one there.
    resume : bool
        Continue the run whose last checkpoint is in `folder`.
    on_event : callable, optional
        Told a `StepDone` after every step, an `EpochDone` after every epoch, and `Notice`.
    should_stop : callable, optional
        Asked before every batch; a true answer interrupts as Ctrl-C does.
    checkpoint_seconds : float
        How often to save, besides after each epoch and on interruption.
    on_begun : callable, optional
        Called once what `folder` holds is of this run, and no longer of an earlier one.

    Returns
    -------
    Fitted

    Raises
    ------
    TrainingError
        If a loss, a gradient or a parameter is not finite; the last good checkpoint stays.
    ModelError
        If a checkpoint cannot be written or read, or the run to resume was begun with something
        else.
    DataError
        If the data is empty.

    Examples
    --------
    >>> from inkgrad.layers import Dense
    >>> from inkgrad.training import ArrayBatches
    >>> x = np.eye(4, dtype=np.float32)
    >>> network = Network([Dense(2)], input_shape=(4,))
    >>> fitted = fit(network, ArrayBatches(x, np.array([0, 0, 1, 1])),
    ...              recipe=Recipe(epochs=50, batch_size=2, learning_rate=0.1))
    >>> fitted.stopped, fitted.history[-1].train_accuracy
    ('finished', 1.0)
    """
    recipe = Recipe() if recipe is None else recipe
    folder = None if folder is None else Path(folder)
    optimizer = recipe.make_optimizer()
    if recipe.patience is not None and validation is None:
        raise InkgradError("patience watches the validation loss; give validation data, or none")
    if not checkpoint_seconds >= 0:
        raise InkgradError(
            f"checkpoint_seconds is {checkpoint_seconds!r}; give a number of at least 0"
        )
    sources = (
        describe_source(data),
        None if validation is None else describe_source(validation, "validation data"),
    )
    engine = ready_engine(engine, network)
    if resume:
        state = load_checkpoint(_last_checkpoint(folder), network)
        state.continue_with(recipe, *sources)
    else:
        first = network.initialise(recipe.seed) if first is None else first.copy()
        begun = optimizer.start(first.vector, first.statistics.vector)
        state = TrainingState(recipe, engine.name, *sources, first, begun)
    trainer = engine.trainer(
        state.parameters,
        optimizer,
        state.optimizer,
        decays=decay_mask(network),
        clip_norm=recipe.clip_norm,
        label_smoothing=recipe.label_smoothing,
        seed=recipe.seed,
    )
    schedule = recipe.make_schedule(state.steps_per_epoch)
    request = StopRequest(should_stop)
    journal = Journal(
        state, folder, _heard(on_event, request), checkpoint_seconds, trainer.read_back
    )

    # Overflow is not a warning here: whatever it leads to is caught by the checks for finiteness.
    with catch_signals(request), np.errstate(over="ignore", invalid="ignore"):
        journal.begin()
        if on_begun is not None:
            on_begun()
        if state.engine != engine.name:
            journal.notice(
                f"the run was begun with the engine {state.engine!r}; {engine.name!r} rounds "
                "differently, so that the result will not be the same to the last bit"
            )
        try:
            while (stopped := state.finished()) is None:
                with batches_of_epoch(
                    data, state.epoch, recipe.seed, recipe.batch_size, first=state.step
                ) as batches:
                    for _ in range(state.step, state.steps_per_epoch):
                        request.check()
                        x, labels = next(batches)
                        rate = schedule(trainer.state.steps)
                        loss, logits, norm = trainer.step(x, labels, rate)
                        journal.check(loss, "the loss")
                        journal.check(norm, "the gradient's length")
                        journal.step(loss, logits, labels, rate)
                trainer.read_back()
                judged = None
                if validation is not None:
                    judged = judge(engine, state.result, validation, recipe.batch_size, request)
                journal.epoch(judged)
        except Interrupted:
            stopped = "interrupted"
            journal.save()
    return Fitted(
        state.best or state.result, state.history, stopped, tuple(state.records), request.signal
    )


def judge(
    engine: Engine,
    parameters: Parameters,
    data: Batches,
    batch_size: int,
    request: StopRequest | None = None,
) -> tuple[float, float]:
    """Return the mean cross-entropy (without label smoothing) and the accuracy, 0 to 1.

    Examples of no class count for the loss alone, as in `inkgrad.layers.SoftmaxCrossEntropy`.

    Raises
    ------
    Interrupted
        If an end is requested.

    Examples
    --------
    >>> from inkgrad.engines import ReferenceEngine
    >>> from inkgrad.layers import Dense
    >>> from inkgrad.training import ArrayBatches
    >>> network = Network([Dense(2)], input_shape=(2,))
    >>> parameters = network.initialise()
    >>> parameters.vector[:] = [3, 0, 0, 3, 0, 0]                    # 3 times the identity
    >>> data = ArrayBatches(np.eye(2, dtype=np.float32), np.array([0, 1]))
    >>> loss, accuracy = judge(ReferenceEngine(network), parameters, data, batch_size=2)
    >>> round(loss, 4), round(np.log(1 + np.exp(-3.0)), 4).item(), accuracy
    (0.0486, 0.0486, 1.0)
    """
    loss, right, known = 0.0, 0, 0
    for start in range(0, len(data), batch_size):
        if request is not None:
            request.check()
        x, labels = data.batch(np.arange(start, min(start + batch_size, len(data))))
        logits = engine.forward(parameters, x)  # (b, K)
        log_p = log_softmax(logits)  # (b, K)
        (rows,) = np.nonzero(labels != NO_CLASS)
        loss -= float(log_p[rows, labels[rows]].sum(dtype=np.float64))
        loss -= float(log_p[labels == NO_CLASS].mean(axis=1, dtype=np.float64).sum())
        right += int(np.count_nonzero(logits.argmax(axis=1) == labels))
        known += len(rows)
    return loss / len(data), right / max(known, 1)


def _heard(
    on_event: Callable[[Event], None] | None, request: StopRequest
) -> Callable[[Event], None]:
    """Return a listener that cannot keep a run from being saved once it is to end.

    A terminal that is closed sends SIGHUP, and refuses what is still written to it.
    """

    def tell(event: Event) -> None:
        if on_event is None or request.made:
            return
        try:
            on_event(event)
        except OSError:
            if not request.made:
                raise

    return tell


def _last_checkpoint(folder: Path | None) -> Path:
    """Return where the run to resume was saved."""
    if folder is None:
        raise InkgradError("resume needs the folder in which the run was saved; give folder=...")
    path = folder / LAST
    if not path.exists():
        raise ModelError(f"{folder} holds no {LAST} to resume from; begin without resume")
    return path
