"""What an engine promises: to run a network, forward and backward, and to let it learn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from inkgrad.errors import InkgradError
from inkgrad.layers import INFERENCE, Array, Mode
from inkgrad.network import Network, Parameters
from inkgrad.optimizers import Mask, Optimizer, OptimizerState

__all__ = [
    "PRECISIONS",
    "Contribution",
    "Engine",
    "Gradients",
    "StepResult",
    "Trainer",
    "check_precision",
]

PRECISIONS = ("float32", "int8")
"""In what predictors can compute: as the parameters are, or in bytes (`inkgrad.engines.int8`)."""


def check_precision(precision: str) -> str:
    """Return the name of a precision.

    Raises
    ------
    InkgradError
        If there is none of that name.

    Examples
    --------
    >>> check_precision("float16")
    Traceback (most recent call last):
    inkgrad.errors.InkgradError: precision is 'float16'; choose one of float32, int8
    """
    if precision not in PRECISIONS:
        raise InkgradError(f"precision is {precision!r}; choose one of {', '.join(PRECISIONS)}")
    return precision


class Gradients(NamedTuple):
    """What one batch teaches.

    Attributes
    ----------
    loss : float
        The mean cross-entropy over the batch.
    logits : (n, classes) array
        The outputs that the loss was taken from, to count right answers without a second pass.
    vector : (network.size,) array
        dL/d(every parameter), laid out as the parameters are.
    """

    loss: float
    logits: Array
    vector: Array


@dataclass(frozen=True)
class Contribution:
    """What some drawings of a batch, a shard of it or all, contribute to a step.

    Attributes
    ----------
    drawings : int
    loss : float
        Their mean cross-entropy.
    logits : (drawings, classes) array
    gradient : (network.size,) array
        The derivative of that loss by every parameter.
    statistics : (network.statistics_size,) array
        What the network's statistics are after these drawings.
    """

    drawings: int
    loss: float
    logits: Array
    gradient: Array
    statistics: Array

    @classmethod
    def total(cls, parts: Sequence[Contribution]) -> Contribution:
        """Return what the parts of a batch contribute together, added in the order given.

        Each weighs as many drawings as it has.

        Examples
        --------
        >>> import numpy as np
        >>> one = Contribution(1, 3.0, np.zeros((1, 2)), np.array([4.0]), np.zeros(0))
        >>> three = Contribution(3, 1.0, np.zeros((3, 2)), np.array([0.0]), np.zeros(0))
        >>> both = Contribution.total([one, three])
        >>> both.drawings, both.loss, both.gradient
        (4, 1.5, array([1.]))
        """
        drawings = sum(part.drawings for part in parts)
        gradient, statistics = (
            np.zeros_like(array) for array in (parts[0].gradient, parts[0].statistics)
        )
        loss = 0.0
        for part in parts:
            share = part.drawings / drawings
            loss += share * part.loss
            gradient += share * part.gradient
            statistics += share * part.statistics
        logits = np.concatenate([part.logits for part in parts])
        return cls(drawings, loss, logits, gradient, statistics)


class StepResult(NamedTuple):
    """What came of a step: the parameters have been moved by it.

    Attributes
    ----------
    loss : float
        The mean cross-entropy over the batch, before the parameters were moved.
    logits : (n, classes) array
        The outputs that the loss was taken from.
    norm : float
        The gradient's length before it was clipped, taken in float64; not finite if a number in it
        is not.
    """

    loss: float
    logits: Array
    norm: float


class Trainer(Protocol):
    """Lets one network's parameters learn, batch after batch.

    Between *gradient* and *update* others may add theirs: the contributions of a batch's shards,
    whoever computes them, add up to the batch's (see `Contribution.total`).

    Attributes
    ----------
    state : OptimizerState
        Of the optimiser, as `read_back` left it. ``state.steps`` counts the steps made.
    """

    state: OptimizerState

    def gradient(self, x: Array, labels: Array, *, first: int = 0) -> Contribution:
        """Return what drawings contribute to the next step; nothing moves yet.

        Parameters
        ----------
        x, labels : arrays (n, …) and (n,)
        first : int
            The place in the batch of the first of them, which its chance depends on.
        """
        ...

    def update(self, contribution: Contribution, learning_rate: float) -> float:
        """Make the step that a batch's contribution asks for; return the gradient's length."""
        ...

    def step(self, x: Array, labels: Array, learning_rate: float) -> StepResult:
        """Learn from a batch: gradient and update in one, which an engine may do faster.

        Whether the numbers are finite is for the caller to check, by the loss and the length: if
        one is not, the parameters that were moved by it are of no use.
        """
        ...

    def read_back(self) -> Parameters:
        """Bring the parameters, their statistics and `state` up to date, and return the parameters.

        An engine whose arrays are elsewhere fetches them; those of processors are always current.
        """
        ...


class Engine(Protocol):
    """Runs one network; every engine gives the same numbers, up to rounding.

    Inputs x are (n, *network.input_shape) arrays of the parameters' dtype, labels (n,) whole
    numbers. Nothing handed in is modified, except by a trainer, and nothing of it is kept between
    calls. Where nothing else is said, the network answers: batch norm uses its running statistics,
    dropout drops nothing.
    """

    name: str
    network: Network

    def forward(self, parameters: Parameters, x: Array) -> Array:
        """Return the logits, (n, classes)."""
        ...

    def features(self, parameters: Parameters, x: Array) -> Array:
        """Return what the last layer is given in `forward`, (n, *its input shape)."""
        ...

    def predict(self, parameters: Parameters, x: Array) -> Array:
        """Return the probabilities, (n, classes): the softmax of the logits."""
        ...

    def gradients(
        self,
        parameters: Parameters,
        x: Array,
        labels: Array,
        *,
        label_smoothing: float = 0.0,
        mode: Mode = INFERENCE,
    ) -> Gradients:
        """Return the loss, the logits and the loss's derivative by every parameter."""
        ...

    def trainer(
        self,
        parameters: Parameters,
        optimizer: Optimizer,
        state: OptimizerState | None = None,
        *,
        decays: Mask | None = None,
        clip_norm: float | None = None,
        label_smoothing: float = 0.0,
        seed: int = 0,
    ) -> Trainer:
        """Return what lets these parameters learn, in place.

        Parameters
        ----------
        parameters : Parameters
        optimizer : Optimizer
        state : OptimizerState, optional
            As `Optimizer.start` made it, or an earlier trainer left it; a first one, if not given.
        decays : (network.size,) array of bool, optional
            See `Optimizer.update`.
        clip_norm : float, optional
            See `inkgrad.optimizers.clip_by_norm`.
        label_smoothing : float
        seed : int
            Of the chance in layers such as dropout.
        """
        ...

    def predictor(
        self, parameters: Parameters, precision: str = "float32", *, logits: bool = False
    ) -> Callable[[Array], Array]:
        """Return x ↦ probabilities as `predict` gives them, for many predictions in a row.

        The parameters are copied: what becomes of them later does not matter. Several threads may
        call the function at once.

        Parameters
        ----------
        parameters : Parameters
        precision : str
            ``"int8"``: not quite as `predict`, but faster where the processor multiplies bytes
            (see `inkgrad.engines.int8`). All engines give the same sums then, to the last bit.
        logits : bool
            Return x ↦ logits, of which the probabilities are the softmax.

        Raises
        ------
        InkgradError
            If there is no such precision, or the network or its parameters are not fit for it.
        """
        ...

    def prepare(
        self,
        on_progress: Callable[[int, int], None] | None = None,
        precision: str = "float32",
    ) -> None:
        """Make ready whatever the first call would otherwise have to wait for.

        Parameters
        ----------
        on_progress : callable, optional
            Told (done, total) now and then; never, if there is nothing to wait for.
        precision : str
            ``"int8"``: what a predictor of that precision needs, and nothing else.
        """
        ...
