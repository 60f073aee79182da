"""What an engine promises: to carry out a network, forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

from inkgrad.layers import Array
from inkgrad.network import Network, Parameters
from inkgrad.optimizers.adam import AdamRule

__all__ = ["Engine", "Gradients", "LearningEngine", "Learnt"]


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


class Learnt(NamedTuple):
    """What one batch has taught: the parameters have been moved by it.

    Attributes
    ----------
    loss : float
        The mean cross-entropy over the batch, before the parameters were moved.
    logits : (n, classes) array
        The outputs that the loss was taken from.
    norm : float
        The length of the gradient, taken in float64; not finite if a number in it is not.
    """

    loss: float
    logits: Array
    norm: float


class Engine(Protocol):
    """Carries out one network; every engine gives the same numbers, up to rounding.

    Inputs x are (n, *network.input_shape) arrays of the parameters' dtype, labels (n,) whole
    numbers. Nothing handed in is modified, and nothing of it is kept between calls.
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
        self, parameters: Parameters, x: Array, labels: Array, *, label_smoothing: float = 0.0
    ) -> Gradients:
        """Return the loss, the logits and the loss's derivative by every parameter."""
        ...

    def predictor(self, parameters: Parameters) -> Callable[[Array], Array]:
        """Return x ↦ probabilities as `predict` gives them, for many predictions in a row.

        The parameters are copied: what becomes of them later does not matter. Several threads may
        call the function at once.
        """
        ...

    def prepare(self, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Make ready whatever the first call would otherwise have to wait for.

        Parameters
        ----------
        on_progress : callable, optional
            Told (done, total) now and then; never, if there is nothing to wait for.
        """
        ...


@runtime_checkable
class LearningEngine(Protocol):
    """What an engine may offer besides: forward, backward and update in one go.

    The numbers are those of `Engine.gradients` followed by the optimiser's update, up to rounding.
    """

    def learn(
        self,
        parameters: Parameters,
        x: Array,
        labels: Array,
        rule: AdamRule,
        *,
        label_smoothing: float = 0.0,
    ) -> Learnt:
        """Move the parameters, and the rule's averages, by one batch; all of them in place."""
        ...
