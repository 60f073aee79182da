"""The state of a run: everything its future depends on, to be put down and taken up again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inkgrad.errors import ModelError
from inkgrad.layers import NO_CLASS, Array
from inkgrad.network import Parameters, Statistics
from inkgrad.optimizers import AVERAGE, AVERAGE_STATISTICS, OptimizerState
from inkgrad.training.batches import Source
from inkgrad.training.events import EpochDone
from inkgrad.training.recipe import Recipe

__all__ = ["Tally", "TrainingState"]


@dataclass
class Tally:
    """Running sums over examples, for the mean loss and the accuracy.

    Examples of no class count for the loss alone: no answer to them is right.

    Examples
    --------
    >>> tally = Tally()
    >>> tally.add(loss=0.5, logits=np.array([[2.0, 1.0], [2.0, 1.0]]), labels=np.array([0, 1]))
    >>> tally.mean_loss, tally.accuracy
    (0.5, 0.5)
    >>> tally.add(loss=2.0, logits=np.array([[2.0, 1.0]]), labels=np.array([-1]))
    >>> tally.mean_loss, tally.accuracy
    (1.0, 0.5)
    """

    loss: float = 0.0
    right: int = 0
    seen: int = 0
    known: int = 0

    def add(self, loss: float, logits: Array, labels: Array) -> None:
        """Count one batch: its mean loss, its logits (b, K) and its labels (b,)."""
        self.loss += loss * len(labels)
        self.right += int(np.count_nonzero(logits.argmax(axis=1) == labels))
        self.seen += len(labels)
        self.known += int(np.count_nonzero(labels != NO_CLASS))

    @property
    def mean_loss(self) -> float:
        """The loss per example."""
        return self.loss / self.seen

    @property
    def accuracy(self) -> float:
        """The share of right answers, 0 to 1; 0 if no example was of any class."""
        return self.right / max(self.known, 1)


@dataclass
class TrainingState:
    """Where a run stands, between two steps.

    There is no random generator in it: the order of an epoch's examples follows from the seed and
    the epoch's number (`epoch_order`), so `epoch` and `step` say where every generator would be.

    Attributes
    ----------
    recipe : Recipe
    engine : str
        The name of the engine that the run was begun with.
    data, validation : Source
        What the run learns from and is judged by; validation is None if there is none.
    parameters : Parameters
    optimizer : OptimizerState
    best : Parameters or None
        Those of the best epoch so far, by validation accuracy, or at equal accuracy by loss.
    epoch : int
        How many epochs are complete.
    step : int
        How many steps of the next epoch are done.
    seconds : float
        How long that epoch has taken so far.
    epoch_tally, window : Tally
        Over the epoch so far, and since the last line of the metrics.
    records : list of dict
        The lines of ``metrics.jsonl`` so far.
    """

    recipe: Recipe
    engine: str
    data: Source
    validation: Source | None
    parameters: Parameters
    optimizer: OptimizerState
    best: Parameters | None = None
    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    epoch_tally: Tally = field(default_factory=Tally)
    window: Tally = field(default_factory=Tally)
    records: list[dict[str, Any]] = field(default_factory=list)

    @property
    def steps_per_epoch(self) -> int:
        """How many batches an epoch has, the last and shorter one included."""
        return -(-self.data.length // self.recipe.batch_size)

    @property
    def history(self) -> tuple[EpochDone, ...]:
        """The complete epochs."""
        return tuple(
            EpochDone(**{name: value for name, value in record.items() if name != "event"})
            for record in self.records
            if record["event"] == "epoch"
        )

    @property
    def result(self) -> Parameters:
        """What the network answers with by now: the average of the parameters, if one is kept."""
        average = self.optimizer.arrays.get(AVERAGE)
        if average is None:
            return self.parameters
        network = self.parameters.network
        measured = self.optimizer.arrays.get(AVERAGE_STATISTICS)
        statistics = None if measured is None else Statistics(network, measured)
        return Parameters(network, average, statistics)

    def named_arrays(self) -> Iterator[tuple[str, Array]]:
        """Yield the arrays that a checkpoint holds, by name."""
        for name, numbers in (("parameters", self.parameters), ("best", self.best)):
            if numbers is not None:
                yield name, numbers.vector
                if numbers.statistics.vector.size:
                    yield f"{name}.statistics", numbers.statistics.vector
        for name, array in self.optimizer.arrays.items():
            yield f"optimizer.{name}", array

    def finished(self) -> str | None:
        """Return why the run is over, "finished" or "patience", or None if it is not."""
        if self.epoch >= self.recipe.epochs:
            return "finished"
        if self.recipe.patience is not None and self.epoch:
            losses = [done.validation_loss or 0.0 for done in self.history]
            if len(losses) - 1 - losses.index(min(losses)) >= self.recipe.patience:
                return "patience"
        return None

    def count(self, loss: float, logits: Array, labels: Array) -> None:
        """Take note of a step that was made."""
        self.epoch_tally.add(loss, logits, labels)
        self.window.add(loss, logits, labels)
        self.step += 1

    def close_epoch(self, judged: tuple[float, float] | None) -> EpochDone:
        """Go on to the next epoch, given the validation loss and accuracy, if there are any.

        If they are better than all before, the parameters are kept as the best.
        """
        loss, accuracy = judged if judged is not None else (None, None)
        is_best = judged is None or all(
            _merit(*judged) > _merit(done.validation_loss, done.validation_accuracy)
            for done in self.history
        )
        if judged is not None and is_best:
            self.best = self.result.copy()
        done = EpochDone(
            epoch=self.epoch + 1,
            train_loss=self.epoch_tally.mean_loss,
            train_accuracy=self.epoch_tally.accuracy,
            validation_loss=loss,
            validation_accuracy=accuracy,
            seconds=self.seconds,
            is_best=is_best,
        )
        self.records.append({"event": "epoch", **dataclasses.asdict(done)})
        self.epoch, self.step, self.seconds = self.epoch + 1, 0, 0.0
        self.epoch_tally, self.window = Tally(), Tally()
        return done

    def continue_with(self, recipe: Recipe, data: Source, validation: Source | None) -> None:
        """Take over what a resumed run is given, if it fits what the run was begun with.

        Patience may change, and so may the number of epochs, unless the schedule depends on it.

        Raises
        ------
        ModelError
            If anything else differs; it is named.
        """
        free = {"patience"} if recipe.schedule_knows_the_end else {"patience", "epochs"}
        begun, given = self.recipe.to_dict(), recipe.to_dict()
        differences = [
            f"{name}={begun[name]!r} (now {given[name]!r})"
            for name in begun
            if begun[name] != given[name] and name not in free
        ]
        for what, old, new in (
            ("training data", self.data, data),
            ("validation data", self.validation, validation),
        ):
            if old != new:
                differences.append(f"{what} of {_describe(old)} (now {_describe(new)})")
        if differences:
            raise ModelError(
                f"the run was begun with {', '.join(differences)}; "
                "resume it with what it was begun with, or begin a new run"
            )
        if recipe.epochs < self.epoch + (self.step > 0):
            raise ModelError(
                f"epochs is {recipe.epochs}, but the run is already in epoch {self.epoch + 1}; "
                "give at least that many"
            )
        self.recipe = dataclasses.replace(recipe)


def _merit(loss: float | None, accuracy: float | None) -> tuple[float, float]:
    """Return what compares as better: higher accuracy, and at equal accuracy lower loss."""
    return accuracy or 0.0, -(loss or 0.0)  # None only without validation: nobody asks then


def _describe(source: Source | None) -> str:
    if source is None:
        return "no examples"
    return f"{source.length} examples, fingerprint {source.fingerprint[:16]}"
