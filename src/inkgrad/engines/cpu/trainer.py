"""A trainer that makes Adam's step within the backward pass."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from inkgrad.engines.engine import StepResult
from inkgrad.engines.trainer import ArrayTrainer
from inkgrad.errors import InkgradError
from inkgrad.layers import Array, Mode
from inkgrad.network import Parameters
from inkgrad.optimizers import Adam, AdamW, Averaging, Optimizer, OptimizerState

if TYPE_CHECKING:
    from inkgrad.engines.cpu.engine import CpuEngine

__all__ = ["CpuTrainer"]


class CpuTrainer(ArrayTrainer):
    """Lets parameters learn in place; makes Adam's step within the backward pass."""

    def __init__(
        self,
        engine: CpuEngine,
        parameters: Parameters,
        optimizer: Optimizer,
        state: OptimizerState | None = None,
        **how: Any,
    ) -> None:
        super().__init__(engine, parameters, optimizer, state, **how)
        self._cpu = engine
        inner = optimizer.optimizer if isinstance(optimizer, Averaging) else optimizer
        is_plain = type(inner) in (Adam, AdamW) and not inner.weight_decay
        self._adam: Any = inner if is_plain and self._clip_norm is None else None
        arrays = (parameters.vector, parameters.statistics.vector, *self.state.arrays.values())
        if not all(array.flags.writeable for array in arrays):
            raise InkgradError(
                "the parameters, their statistics and what the optimiser remembers are moved in "
                "place, but one of them is read-only; give copies"
            )

    def step(self, x: Array, labels: Array, learning_rate: float) -> StepResult:
        """Learn from a batch: gradient and update, in one if the optimiser is Adam."""
        if self._adam is None:
            return super().step(x, labels, learning_rate)
        from inkgrad.engines.cpu.segments import FusedAdam

        state = self.state
        fused = FusedAdam(
            self._adam, state.arrays["m"], state.arrays["v"], state.steps + 1, learning_rate
        )
        made = self._cpu.fused_step(
            self._parameters,
            x,
            labels,
            fused,
            label_smoothing=self._label_smoothing,
            mode=Mode.of_step(self._seed, state.steps),
        )
        if made is None:
            return super().step(x, labels, learning_rate)
        state.steps += 1
        self._optimizer.follow(self._parameters.vector, state)
        self._measure(made.statistics)
        return StepResult(made.loss, made.logits, math.sqrt(made.squares))
