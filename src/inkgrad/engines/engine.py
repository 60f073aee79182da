"""What an engine promises: to carry out a network, forward and backward."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from inkgrad.layers import Array
from inkgrad.network import Network, Parameters

__all__ = ["Engine", "Gradients"]


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


class Engine(Protocol):
    """Carries out one network; every engine gives the same numbers, up to rounding.

    Inputs x are (n, *network.input_shape) arrays of the parameters' dtype, labels (n,) whole
    numbers. Nothing handed in is modified, and nothing is kept between calls.
    """

    name: str
    network: Network

    def forward(self, parameters: Parameters, x: Array) -> Array:
        """Return the logits, (n, classes)."""
        ...

    def predict(self, parameters: Parameters, x: Array) -> Array:
        """Return the probabilities, (n, classes): the softmax of the logits."""
        ...

    def gradients(
        self, parameters: Parameters, x: Array, labels: Array, *, label_smoothing: float = 0.0
    ) -> Gradients:
        """Return the loss, the logits and the loss's derivative by every parameter."""
        ...
