"""What every optimiser is: a rule by which a gradient moves one flat vector of parameters."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from inkgrad.errors import InkgradError
from inkgrad.layers import Array
from inkgrad.memory import aligned_zeros
from inkgrad.network import Network

__all__ = ["Mask", "Optimizer", "OptimizerState", "check_decay", "check_share", "decay_mask"]

Mask = NDArray[np.bool_]

_SPARED = {"bias", "scale", "shift"}


@dataclass
class OptimizerState:
    """What an optimiser remembers from step to step.

    Attributes
    ----------
    arrays : dict of str to (size,) array
        As long as the parameters (or the statistics, where they are of those), and of their dtype.
    steps : int
        How many updates were made.
    """

    arrays: dict[str, Array]
    steps: int = 0


class Optimizer(ABC):
    """A rule that moves parameters θ against their gradient g, at learning rate α.

    Like a layer, an optimiser is only its settings (a frozen dataclass); what it remembers stands
    in an `OptimizerState` that `start` makes and `update` writes in place:

        state = optimizer.start(parameters)
        optimizer.update(parameters, gradient, state, learning_rate=1e-3)
    """

    state_names: ClassVar[tuple[str, ...]]
    """The names of the arrays in the state."""

    weight_decay: float
    """λ: how strongly parameters are drawn towards zero."""

    def start(self, parameters: Array, statistics: Array | None = None) -> OptimizerState:
        """Return the state before the first step: zeros.

        Parameters
        ----------
        parameters : (size,) array
        statistics : array, optional
            What the network measures, for optimisers that follow it.
        """
        shape, dtype = parameters.shape, parameters.dtype
        return OptimizerState({name: aligned_zeros(shape, dtype) for name in self.state_names})

    def update(
        self,
        parameters: Array,
        gradient: Array,
        state: OptimizerState,
        learning_rate: float,
        decays: Mask | None = None,
    ) -> None:
        """Move the parameters by one step, in place.

        Parameters
        ----------
        parameters, gradient : (size,) arrays of one dtype
            The gradient is not modified.
        state : OptimizerState
            Written in place.
        learning_rate : float
            α
        decays : (size,) array of bool, optional
            Which parameters weight decay applies to (see `decay_mask`); all, if not given.
        """
        state.steps += 1
        if self.weight_decay:
            decaying = parameters if decays is None else parameters * decays
            gradient = self._decay(parameters, gradient, decaying, learning_rate)
        self._step(parameters, gradient, state, learning_rate)

    def follow(self, parameters: Array, state: OptimizerState) -> None:  # noqa: B027
        """Take note of step ``state.steps``, made by an engine itself; nothing by default."""

    def measure(self, statistics: Array, state: OptimizerState) -> None:  # noqa: B027
        """Take note of the statistics measured in the last step; nothing by default."""

    def _decay(
        self, parameters: Array, gradient: Array, decaying: Array, learning_rate: float
    ) -> Array:
        """Return g + λθ, the gradient of L + λ/2 ‖θ‖², where `decaying` is θ or 0."""
        return np.asarray(gradient + self.weight_decay * decaying)

    @abstractmethod
    def _step(
        self, parameters: Array, gradient: Array, state: OptimizerState, learning_rate: float
    ) -> None:
        """Move the parameters against the gradient, in place."""


def decay_mask(network: Network) -> Mask:
    """Return which parameters weight decay applies to: not to biases, nor to batch norm's.

    A bias only moves a threshold; keeping it small does not make the network's function smoother. A
    scale behind a normalisation does what it does at any size.

    Examples
    --------
    >>> from inkgrad.layers import Dense
    >>> decay_mask(Network([Dense(2)], input_shape=(3,)))
    array([ True,  True,  True,  True,  True,  True, False, False])
    """
    mask = np.ones(network.size, np.bool_)
    for name, (where, _) in network.layout.items():
        if name.rpartition(".")[2] in _SPARED:
            mask[where] = False
    return mask


def check_share(name: str, value: float) -> None:
    """Refuse a setting that is not from 0 to below 1."""
    if not 0 <= value < 1:
        raise InkgradError(f"{name} is {value!r}; give a number from 0 to below 1")


def check_decay(value: float) -> None:
    """Refuse a weight decay below 0."""
    if not 0 <= value < math.inf:
        raise InkgradError(f"weight_decay is {value!r}; give a number of at least 0")
