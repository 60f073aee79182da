"""Whether a run learns; and if it does not, what to try."""

from __future__ import annotations

import math
from pathlib import Path

from inkgrad.errors import InkgradError
from inkgrad.training.recipe import Recipe

__all__ = ["TrainingError", "diverged", "flat_notice"]

_PATIENT_STEPS = 200  # before this a loss may well still be where it began
_MARGIN = 0.02  # of log K: better than guessing by less than this is not learning


class TrainingError(InkgradError):
    """A run cannot go on because its numbers are no longer finite."""


def diverged(what: str, recipe: Recipe, kept: Path | None = None) -> TrainingError:
    """Return the error for a run whose numbers are no longer finite, with what to try.

    Parameters
    ----------
    what : str
        Which number is not finite, and where the run stands.
    recipe : Recipe
        Whose settings the advice starts from.
    kept : Path, optional
        The last good checkpoint.

    Examples
    --------
    >>> raise diverged("the loss is nan in epoch 1, step 7", Recipe(learning_rate=1.0))
    Traceback (most recent call last):
    inkgrad.training.health.TrainingError: the loss is nan in epoch 1, step 7: training has
    diverged; try a learning rate of 0.1 (now 1) or clip_norm=1, and check that ...
    """
    advice = f"try a learning rate of {recipe.learning_rate / 10:g} (now {recipe.learning_rate:g})"
    if recipe.clip_norm is None:
        advice += " or clip_norm=1"
    return TrainingError(
        f"{what}: training has diverged; {advice}, "
        "and check that the inputs are finite and scaled to 0 … 1"
        + ("" if kept is None else f"; the last good checkpoint is kept in {kept}")
    )


def flat_notice(
    *, losses: tuple[float, ...], classes: int, steps: int, last: bool, recipe: Recipe
) -> str | None:
    """Return a sentence of warning if the run has learnt nothing yet, else None.

    Guessing all classes alike costs log K. After 200 steps (or at the end of the run) every one
    of the mean losses given should be below that by at least 2 %.

    Parameters
    ----------
    losses : tuple of float
        Mean training losses: of the latest steps, and of the epoch so far.
    classes : int
        K
    steps : int
        Made so far in the whole run.
    last : bool
        Whether the run ends here.
    recipe : Recipe

    Examples
    --------
    >>> flat_notice(losses=(1.61, 1.6), classes=5, steps=200, last=False, recipe=Recipe())
    'after 200 steps the loss is 1.61, no better than guessing among 5 classes (1.61): ...
    >>> flat_notice(losses=(1.2, 1.6), classes=5, steps=200, last=False, recipe=Recipe())
    """
    chance = math.log(classes)
    if (steps < _PATIENT_STEPS and not last) or min(losses) < (1 - _MARGIN) * chance:
        return None
    if classes < 2:  # one class: nothing to learn
        return None
    if steps < _PATIENT_STEPS:
        advice = "train for more epochs"
    else:
        rate = recipe.learning_rate
        advice = f"try a learning rate of {rate / 10:g} or {rate * 10:g} (now {rate:g})"
    return (
        f"after {steps} steps the loss is {losses[0]:.2f}, no better than guessing among "
        f"{classes} classes ({chance:.2f}): {advice}, and check that the labels belong to the "
        "drawings"
    )
