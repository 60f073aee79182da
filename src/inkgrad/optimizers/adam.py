"""Adam: momentum, with each step measured against the gradient's usual size."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from inkgrad.errors import InkgradError
from inkgrad.layers import Array
from inkgrad.optimizers.optimizer import Optimizer, OptimizerState, check_decay, check_share

__all__ = ["Adam", "AdamRule"]


@dataclass(frozen=True)
class AdamRule:
    r"""One step of Adam, all but the gradient: what turns g into a move of the parameters θ.

    $$ m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad
       v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2, \qquad
       \theta \leftarrow \theta - s\, \frac{m}{\sqrt{c\,v} + \varepsilon} $$

    Parameters
    ----------
    m, v : (network.size,) arrays of the parameters' dtype
        The averages of the gradient and of its square. Written in place.
    beta1, beta2, epsilon : float
        β₁, β₂ and ε
    step_size : float
        s = α / (1 − β₁ᵗ) in step t = 1, 2, … at learning rate α.
    correction : float
        c = 1 / (1 − β₂ᵗ)

    See Also
    --------
    Adam : the rule's origin, and its source.
    """

    m: Array
    v: Array
    beta1: float
    beta2: float
    epsilon: float
    step_size: float
    correction: float

    def move(self, parameters: Array, gradient: Array) -> None:
        """Move the parameters, m and v, all of them in place."""
        m, v = self.m, self.v
        m *= self.beta1
        m += (1 - self.beta1) * gradient
        v *= self.beta2
        v += (1 - self.beta2) * np.square(gradient)
        denominator = np.sqrt(v * self.correction)
        denominator += self.epsilon
        parameters -= self.step_size * m / denominator

    def first(self, count: int) -> AdamRule:
        """Return the same rule for the first `count` parameters alone."""
        return replace(self, m=self.m[:count], v=self.v[:count])


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
        check_share("beta1", self.beta1)
        check_share("beta2", self.beta2)
        check_decay(self.weight_decay)
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
