"""Adam: momentum, with each step measured against the gradient's usual size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from inkgrad.errors import InkgradError
from inkgrad.layers import Array
from inkgrad.optimizers.optimizer import Optimizer, OptimizerState, check_decay, check_share

__all__ = ["Adam"]


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

    def rates(self, t: int, learning_rate: float) -> tuple[float, float]:
        """Return s = α / (1 − β₁ᵗ) and c = 1 / (1 − β₂ᵗ), where t counts steps from 1.

        With them θ ← θ − s · m / (√(c·v) + ε), which is how the step is computed here and in the
        fast engine.
        """
        return learning_rate / (1 - self.beta1**t), 1 / (1 - self.beta2**t)

    def _step(
        self, parameters: Array, gradient: Array, state: OptimizerState, learning_rate: float
    ) -> None:
        step_size, correction = self.rates(state.steps, learning_rate)
        m, v = state.arrays["m"], state.arrays["v"]
        m *= self.beta1
        m += (1 - self.beta1) * gradient
        v *= self.beta2
        v += (1 - self.beta2) * np.square(gradient)
        denominator = np.sqrt(v * correction)
        denominator += self.epsilon
        parameters -= step_size * m / denominator
