"""What takes part in a benchmark of training, and the course that each runs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import numpy as np

from inkgrad.training import Recipe

__all__ = ["LEARNING_RATE", "Trainer", "check_alike", "course"]

LEARNING_RATE = Recipe().learning_rate
"""Everyone's learning rate: that of the usual recipe."""

PASSES = 6
"""After so many passes over the drawings, as in the usual recipe, everyone begins anew."""

STEPS = 3
"""After so many steps from the same weights everyone is compared with the reference."""

TOLERANCE = 0.02
"""How far logits may lie from the reference's then, as a share of how far learning has moved them.

Nearly all agree to 1e-5. But Adam divides by the gradient's size, so that rounding decides about
the first steps of a weight whose gradient is nearly zero.
"""


class Trainer(Protocol):
    """A network and Adam, in some library."""

    def take(self, x: np.ndarray, labels: np.ndarray) -> Any:
        """Return a batch as `step` wants it; what this costs is not measured."""
        ...

    def restart(self) -> None:
        """Go back to the first weights, and forget the optimiser's averages."""
        ...

    def step(self, batch: Any) -> object:
        """Learn from one batch: forward, backward, Adam."""
        ...

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs (n, classes)."""
        ...


def course(
    trainer: Trainer, batches: Iterable[tuple[np.ndarray, np.ndarray]]
) -> Callable[[], None]:
    """Return what makes one step a call, over the batches again and again.

    After `PASSES` passes it begins anew, so that everyone's weights are at the same stages of
    training, however many steps he makes in the time that he is given.
    """
    ready = [trainer.take(x, labels) for x, labels in batches]
    laps = itertools.cycle(range(PASSES * len(ready)))

    def step() -> None:
        number = next(laps)
        if number == 0:
            trainer.restart()
        trainer.step(ready[number % len(ready)])

    return step


def check_alike(
    trainers: Mapping[str, Trainer],
    reference: Trainer,
    batches: Iterable[tuple[np.ndarray, np.ndarray]],
) -> None:
    """Make sure that all compute the same: before the first step, and after a few.

    Raises
    ------
    ValueError
        If someone's logits are not those of the reference.
    """
    batches = list(itertools.islice(itertools.cycle(batches), STEPS))
    x = batches[0][0]
    first, last = _logits_on_the_way(reference, batches, x)
    allowed = TOLERANCE * np.abs(last - first).max()
    for name, trainer in trainers.items():
        begun, learnt = _logits_on_the_way(trainer, batches, x)
        for steps, difference, most in (
            (0, np.abs(begun - first).max(), 1e-3),
            (STEPS, np.abs(learnt - last).max(), allowed),
        ):
            if not difference <= most:
                raise ValueError(
                    f"{name} does not compute the same: after {steps} steps its logits are off by "
                    f"{difference:.1e}, {most:.1e} are allowed; its figures would mean nothing"
                )


def _logits_on_the_way(
    trainer: Trainer, batches: list[tuple[np.ndarray, np.ndarray]], x: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the logits before the first step and after the last."""
    trainer.restart()
    first = trainer.logits(x)
    for batch in batches:
        trainer.step(trainer.take(*batch))
    last = trainer.logits(x)
    trainer.restart()
    return first, last
