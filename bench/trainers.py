"""What takes part in a benchmark of training, and the course that each runs."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import numpy as np

from inkgrad.layers import BatchNorm, Dropout, Layer, Parallel
from inkgrad.network import Network, Parameters, Statistics
from inkgrad.training import Recipe

__all__ = ["LEARNING_RATE", "Trainer", "check_alike", "comparable", "course"]

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
        """Return the outputs (n, classes) in inference mode: running statistics, no dropout."""
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
    tolerances: Mapping[str, float] | None = None,
) -> None:
    """Make sure that all compute the same: before the first step, and after a few.

    Parameters
    ----------
    trainers : dict of str to Trainer
    reference : Trainer
    batches : iterable of (array, array)
        Logits of the first batch are compared, in inference mode.
    tolerances : dict of str to float, optional
        Of each trainer; `TOLERANCE`, if not given.

    Raises
    ------
    ValueError
        If someone's logits are not those of the reference.
    """
    batches = list(itertools.islice(itertools.cycle(batches), STEPS))
    x = batches[0][0]
    first, last = _logits_on_the_way(reference, batches, x)
    moved = np.abs(last - first).max()
    for name, trainer in trainers.items():
        begun, learnt = _logits_on_the_way(trainer, batches, x)
        tolerance = TOLERANCE if tolerances is None else tolerances[name]
        for steps, difference, most in (
            (0, np.abs(begun - first).max(), 1e-3),
            (STEPS, np.abs(learnt - last).max(), tolerance * moved),
        ):
            if not difference <= most:
                raise ValueError(
                    f"{name} does not compute the same: after {steps} steps its logits are off by "
                    f"{difference:.1e}, {most:.1e} are allowed; its figures would mean nothing"
                )


def comparable(first: Parameters, batch: int) -> Parameters:
    """Return the same numbers for a network that every library trains alike.

    Two layers leave a library a choice. Batch norm takes its statistics over shards here and over
    the whole batch elsewhere, and dropout draws other numbers everywhere. So in this network each
    shard is as large as the batch and nothing is dropped. Without such layers, `first` itself is
    returned.

    Examples
    --------
    >>> from inkgrad.network import sketch_network
    >>> layers = comparable(sketch_network().initialise(), batch=128).network.layers
    >>> layers[1].shard, layers[-2].rate
    (128, 0.0)
    """
    network = Network(
        [_comparable(layer, batch) for layer in first.network.layers], first.network.input_shape
    )
    if network == first.network:
        return first
    return Parameters(network, first.vector, Statistics(network, first.statistics.vector))


def _comparable(layer: Layer, batch: int) -> Layer:
    """Return a layer that leaves no choice."""
    if isinstance(layer, BatchNorm):
        return dataclasses.replace(layer, shard=batch)
    if isinstance(layer, Dropout):
        return dataclasses.replace(layer, rate=0.0)
    if isinstance(layer, Parallel):
        rows = [[_comparable(inner, batch) for inner in row] for row in layer.branches]
        return dataclasses.replace(layer, branches=rows)
    return layer


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
