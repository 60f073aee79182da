"""Optimisers: how a gradient moves the parameters. A few operations on one flat vector."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from inkgrad.engines import AdamRule
from inkgrad.errors import InkgradError
from inkgrad.layers import Array
from inkgrad.network import Network, aligned_zeros

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "OptimizerState", "decay_mask"]

Mask = NDArray[np.bool_]


@dataclass
class OptimizerState:
    """What an optimiser remembers from step to step.

    Attributes
    ----------
    arrays : dict of str to (size,) array
        As long as the parameters, and of their dtype.
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

    def start(self, parameters: Array) -> OptimizerState:
        """Return the state before the first step: zeros."""
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

    def rule(self, state: OptimizerState, learning_rate: float) -> AdamRule | None:
        """Return the next step as a rule that an engine can carry out; None if it is none.

        Whoever carries it out counts it, by ``state.steps += 1``, as `update` does.
        """
        return None

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


@dataclass(frozen=True)
class SGD(Optimizer):
    r"""Stochastic gradient descent with momentum: a heavy ball rolling downhill.

    $$ v \leftarrow \mu v + g, \qquad \theta \leftarrow \theta - \alpha v $$

    and with Nesterov's look-ahead $\theta \leftarrow \theta - \alpha\,(g + \mu v)$, with the new v.
    Weight decay λ is an L2 penalty: g stands for dL/dθ + λθ.

    Parameters
    ----------
    momentum : float
        μ, 0 ≤ μ < 1; with 0 it is plain gradient descent.
    nesterov : bool
    weight_decay : float
        λ ≥ 0

    Notes
    -----
    Polyak, *Some methods of speeding up the convergence of iteration methods*, 1964; for neural
    networks and for Nesterov's variant Sutskever, Martens, Dahl and Hinton, *On the importance of
    initialization and momentum in deep learning*, 2013. Sutskever et al. multiply the gradient by
    α on its way into v; here α multiplies v on its way out, as most libraries do. With constant α
    both are the same; here a change of α takes effect at once on the whole of v.

    Examples
    --------
    >>> theta, sgd = np.array([1.0]), SGD(momentum=0.5)
    >>> state = sgd.start(theta)
    >>> for _ in range(2):                     # v = 1, then 0.5·1 + 1 = 1.5
    ...     sgd.update(theta, np.array([1.0]), state, learning_rate=0.1)
    >>> theta                                  # 1 − 0.1·1 − 0.1·1.5
    array([0.75])
    """

    state_names: ClassVar[tuple[str, ...]] = ("velocity",)

    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _check_share("momentum", self.momentum)
        _check_decay(self.weight_decay)
        if self.nesterov and self.momentum == 0:
            raise InkgradError("nesterov looks ahead along the momentum, but momentum is 0")

    def _step(
        self, parameters: Array, gradient: Array, state: OptimizerState, learning_rate: float
    ) -> None:
        velocity = state.arrays["velocity"]
        velocity *= self.momentum
        velocity += gradient
        direction = gradient + self.momentum * velocity if self.nesterov else velocity
        parameters -= learning_rate * direction


@dataclass(frozen=True)
class Adam(Optimizer):
    r"""Adam: momentum, with each parameter's step measured against its gradient's usual size.

    $$ m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad
       v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2, \qquad
       \theta \leftarrow \theta - \alpha\,
       \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \varepsilon} $$

    in step t = 1, 2, …; the divisions by 1 − βᵗ make up for m and v starting at zero. Weight decay
    λ is an L2 penalty: g stands for dL/dθ + λθ (for the other kind see `AdamW`).

    Parameters
    ----------
    beta1, beta2 : float
        How slowly the two averages forget, 0 ≤ β < 1.
    epsilon : float
        ε > 0
    weight_decay : float
        λ ≥ 0

    Notes
    -----
    Kingma and Ba, *Adam: A Method for Stochastic Optimization*, 2015, algorithm 1.

    Examples
    --------
    The first step is α long, whatever the gradient's size:

    >>> theta, adam = np.array([1.0, 1.0]), Adam()
    >>> adam.update(theta, np.array([1e-3, -1e3]), adam.start(theta), learning_rate=0.25)
    >>> theta.round(3)
    array([0.75, 1.25])
    """

    state_names: ClassVar[tuple[str, ...]] = ("m", "v")

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _check_share("beta1", self.beta1)
        _check_share("beta2", self.beta2)
        _check_decay(self.weight_decay)
        if not 0 < self.epsilon < math.inf:
            raise InkgradError(f"epsilon is {self.epsilon!r}; give a small number above 0")

    def rule(self, state: OptimizerState, learning_rate: float) -> AdamRule | None:
        """Return step t = ``state.steps`` + 1 as a rule, if there is no weight decay."""
        return None if self.weight_decay else self._rule(state, learning_rate, state.steps + 1)

    def _rule(self, state: OptimizerState, learning_rate: float, t: int) -> AdamRule:
        return AdamRule(
            state.arrays["m"],
            state.arrays["v"],
            self.beta1,
            self.beta2,
            self.epsilon,
            step_size=learning_rate / (1 - self.beta1**t),
            correction=1 / (1 - self.beta2**t),
        )

    def _step(
        self, parameters: Array, gradient: Array, state: OptimizerState, learning_rate: float
    ) -> None:
        self._rule(state, learning_rate, state.steps).move(parameters, gradient)


@dataclass(frozen=True)
class AdamW(Adam):
    r"""Adam with weight decay decoupled from the gradient.

    $$ \theta \leftarrow (1 - \alpha \lambda)\, \theta, \qquad
       \text{then Adam's step on } g = dL/d\theta $$

    In `Adam` the penalty's gradient λθ is divided by √v like the rest, so that parameters with
    large gradients hardly decay; here all decay alike.

    Notes
    -----
    Loshchilov and Hutter, *Decoupled Weight Decay Regularization*, 2019, algorithm 2.

    Examples
    --------
    >>> theta, adamw = np.array([1.0]), AdamW(weight_decay=0.5)
    >>> adamw.update(theta, np.array([0.0]), adamw.start(theta), learning_rate=0.1)
    >>> theta                                  # no gradient: 1 − 0.1·0.5
    array([0.95])
    """

    weight_decay: float = 0.01

    def _decay(
        self, parameters: Array, gradient: Array, decaying: Array, learning_rate: float
    ) -> Array:
        """Shrink the parameters themselves, and leave the gradient as it is."""
        parameters -= learning_rate * self.weight_decay * decaying
        return gradient


def decay_mask(network: Network) -> Mask:
    """Return which of a network's parameters weight decay applies to: all but the biases.

    A bias only moves a threshold; keeping it small does not make the network's function smoother.

    Examples
    --------
    >>> from inkgrad.layers import Dense
    >>> decay_mask(Network([Dense(2)], input_shape=(3,)))
    array([ True,  True,  True,  True,  True,  True, False, False])
    """
    mask = np.ones(network.size, np.bool_)
    for name, (where, _) in network.layout.items():
        if name.endswith(".bias"):
            mask[where] = False
    return mask


def _check_share(name: str, value: float) -> None:
    if not 0 <= value < 1:
        raise InkgradError(f"{name} is {value!r}; give a number from 0 to below 1")


def _check_decay(value: float) -> None:
    if not 0 <= value < math.inf:
        raise InkgradError(f"weight_decay is {value!r}; give a number of at least 0")
