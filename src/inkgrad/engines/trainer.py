"""A trainer for engines whose arrays are NumPy's: gradient, then the optimiser's update."""

from __future__ import annotations

from typing import Protocol

from inkgrad.engines.engine import Contribution, StepResult
from inkgrad.layers import Array, Mode
from inkgrad.network import Parameters
from inkgrad.optimizers import Mask, Optimizer, OptimizerState, clip_by_norm

__all__ = ["ArrayTrainer", "Contributor"]


class Contributor(Protocol):
    """An engine that can say what drawings contribute to a step."""

    def contribution(
        self,
        parameters: Parameters,
        x: Array,
        labels: Array,
        *,
        label_smoothing: float = 0.0,
        mode: Mode,
    ) -> Contribution:
        """Return loss, logits, gradient and statistics of some drawings."""
        ...


class ArrayTrainer:
    """Lets parameters learn in place: see `inkgrad.engines.Trainer` and `Engine.trainer`.

    Examples
    --------
    >>> import numpy as np
    >>> from inkgrad.engines import ReferenceEngine
    >>> from inkgrad.network import seed_network
    >>> from inkgrad.optimizers import SGD
    >>> engine = ReferenceEngine(seed_network())
    >>> trainer = engine.trainer(engine.network.initialise(seed=0), SGD())
    >>> x, labels = np.ones((4, 1, 28, 28), np.float32), np.array([3, 3, 3, 1])
    >>> shards = [trainer.gradient(x[:2], labels[:2]), trainer.gradient(x[2:], labels[2:], first=2)]
    >>> whole = trainer.gradient(x, labels)
    >>> bool(np.allclose(Contribution.total(shards).gradient, whole.gradient, atol=1e-6))
    True
    >>> length = trainer.update(whole, learning_rate=0.001)
    >>> trainer.state.steps, trainer.step(x, labels, 0.001).loss < whole.loss
    (1, True)
    """

    def __init__(
        self,
        engine: Contributor,
        parameters: Parameters,
        optimizer: Optimizer,
        state: OptimizerState | None = None,
        *,
        decays: Mask | None = None,
        clip_norm: float | None = None,
        label_smoothing: float = 0.0,
        seed: int = 0,
    ) -> None:
        self._engine = engine
        self._parameters = parameters
        self._optimizer = optimizer
        if state is None:
            state = optimizer.start(parameters.vector, parameters.statistics.vector)
        self.state = state
        self._decays, self._clip_norm = decays, clip_norm
        self._label_smoothing, self._seed = label_smoothing, seed

    def gradient(self, x: Array, labels: Array, *, first: int = 0) -> Contribution:
        """Return what drawings contribute to the next step; nothing moves yet."""
        return self._engine.contribution(
            self._parameters,
            x,
            labels,
            label_smoothing=self._label_smoothing,
            mode=Mode.of_step(self._seed, self.state.steps, first),
        )

    def update(self, contribution: Contribution, learning_rate: float) -> float:
        """Make the step that a batch's contribution asks for; return the gradient's length."""
        gradient = contribution.gradient
        if self._clip_norm is not None:
            gradient = gradient.copy()
        norm = clip_by_norm(gradient, self._clip_norm)
        self._optimizer.update(
            self._parameters.vector, gradient, self.state, learning_rate, self._decays
        )
        self._measure(contribution.statistics)
        return norm

    def step(self, x: Array, labels: Array, learning_rate: float) -> StepResult:
        """Learn from a batch: gradient and update."""
        contribution = self.gradient(x, labels)
        norm = self.update(contribution, learning_rate)
        return StepResult(contribution.loss, contribution.logits, norm)

    def read_back(self) -> Parameters:
        """Return the parameters, which are always current."""
        return self._parameters

    def _measure(self, statistics: Array) -> None:
        """Take the statistics over that were measured in the step just made."""
        if statistics.size:
            self._parameters.statistics.vector[...] = statistics
            self._optimizer.measure(statistics, self.state)
