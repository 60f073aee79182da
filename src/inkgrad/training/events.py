"""What a training run tells while it goes: one event for each step, each epoch, each notice."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EpochDone", "Event", "Notice", "StepDone"]


@dataclass(frozen=True)
class StepDone:
    """One step was made.

    Attributes
    ----------
    epoch, epochs : int
        The epoch it belongs to (from 1), and how many there will be.
    step, steps_per_epoch : int
        Its place in the epoch (from 1), and how many there are.
    loss, accuracy : float
        The means over the epoch so far; the accuracy as a share, 0 to 1.
    learning_rate : float
    drawings_per_s : float
        Measured over the steps since `fit` was called; validation is not counted.
    seconds_left : float
        Until the end of the run, if it goes on as it went.
    """

    epoch: int
    epochs: int
    step: int
    steps_per_epoch: int
    loss: float
    accuracy: float
    learning_rate: float
    drawings_per_s: float
    seconds_left: float


@dataclass(frozen=True)
class EpochDone:
    """One epoch is over and, if there is validation data, was judged by it.

    Attributes
    ----------
    epoch : int
        From 1.
    train_loss, train_accuracy : float
        The means over the epoch's batches, each taken just before the step that learnt from it.
    validation_loss, validation_accuracy : float or None
        Taken after the epoch; the loss without label smoothing.
    seconds : float
        How long the epoch took, validation and earlier sessions included.
    is_best : bool
        Whether `fit` would return this epoch's parameters if it ended now.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float
    is_best: bool


@dataclass(frozen=True)
class Notice:
    """Something that the user should know, in one sentence."""

    message: str


Event = StepDone | EpochDone | Notice
