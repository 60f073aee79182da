"""Averaging: beside the weights that learn, a mean of those of the last steps, which answers."""

from __future__ import annotations

from dataclasses import dataclass

from inkgrad.errors import InkgradError
from inkgrad.layers import Array
from inkgrad.memory import aligned_copy
from inkgrad.optimizers.optimizer import Optimizer, OptimizerState

__all__ = ["AVERAGE", "AVERAGE_STATISTICS", "Averaging"]

AVERAGE = "average"
"""The name of the averaged parameters in an optimiser's state."""

AVERAGE_STATISTICS = "average.statistics"
"""That of the averaged statistics, if the network measures any."""


@dataclass(frozen=True)
class Averaging(Optimizer):
    r"""Any optimiser, with an exponential moving average of the parameters.

    $$ \bar\theta \leftarrow \bar\theta + (1 - d_t)\,(\theta - \bar\theta), \qquad
       d_t = \min\left(d, \frac{1 + t}{10 + t}\right) $$

    after step t = 1, 2, …, from the first parameters on. The parameters themselves move as they
    would without it. Their average does not follow the noise of single batches, so it is what a
    trained network is judged by and keeps.

    Parameters
    ----------
    optimizer : Optimizer
        What moves the parameters.
    decay : float
        d, how slowly the average forgets, above 0 and below 1: 0.999 looks back over about a
        thousand steps. At the beginning it forgets faster, by d_t.

    Notes
    -----
    Polyak and Juditsky, *Acceleration of Stochastic Approximation by Averaging*, 1992; d_t keeps
    the first, random parameters from counting for long.

    Examples
    --------
    >>> import numpy as np
    >>> from inkgrad.optimizers import SGD
    >>> theta, averaging = np.array([0.0]), Averaging(SGD(momentum=0.0), decay=0.9)
    >>> state = averaging.start(theta)
    >>> averaging.update(theta, np.array([-11.0]), state, learning_rate=1.0)
    >>> theta, state.arrays["average"]                  # d_1 = 2/11: 0 + 9/11 · (11 − 0)
    (array([11.]), array([9.]))
    """

    optimizer: Optimizer
    decay: float = 0.999

    def __post_init__(self) -> None:
        if not 0 < self.decay < 1:
            raise InkgradError(
                f"averaging is {self.decay!r}; give a number above 0 and below 1, such as 0.999"
            )

    @property
    def state_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """What the optimiser remembers, and the average."""
        return (*self.optimizer.state_names, AVERAGE)

    @property
    def weight_decay(self) -> float:  # type: ignore[override]
        """λ of the optimiser."""
        return self.optimizer.weight_decay

    def start(self, parameters: Array, statistics: Array | None = None) -> OptimizerState:
        """Return the state before the first step: the averages are what they are of."""
        state = super().start(parameters)
        state.arrays[AVERAGE][...] = parameters
        if statistics is not None and statistics.size:
            state.arrays[AVERAGE_STATISTICS] = aligned_copy(statistics)
        return state

    def follow(self, parameters: Array, state: OptimizerState) -> None:
        """Let the average follow the parameters, after step t = ``state.steps``."""
        self._approach(state.arrays[AVERAGE], parameters, state.steps)

    def measure(self, statistics: Array, state: OptimizerState) -> None:
        """Let their average follow the statistics: they belong to the averaged parameters."""
        self._approach(state.arrays[AVERAGE_STATISTICS], statistics, state.steps)

    def _approach(self, average: Array, values: Array, t: int) -> None:
        average += (1 - min(self.decay, (1 + t) / (10 + t))) * (values - average)

    def _decay(
        self, parameters: Array, gradient: Array, decaying: Array, learning_rate: float
    ) -> Array:
        """Let parameters decay as the optimiser does."""
        return self.optimizer._decay(parameters, gradient, decaying, learning_rate)

    def _step(
        self, parameters: Array, gradient: Array, state: OptimizerState, learning_rate: float
    ) -> None:
        """Move the parameters by the optimiser's step, and their average."""
        self.optimizer._step(parameters, gradient, state, learning_rate)
        self.follow(parameters, state)
