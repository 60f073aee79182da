"""One step: what a batch teaches, and the parameters moved by it."""

from __future__ import annotations

from inkgrad.engines import Engine, StepResult
from inkgrad.layers import Array
from inkgrad.network import Parameters
from inkgrad.optimizers import Mask, Optimizer, OptimizerState

__all__ = ["take_step"]


def take_step(
    engine: Engine,
    parameters: Parameters,
    x: Array,
    labels: Array,
    optimizer: Optimizer,
    state: OptimizerState,
    learning_rate: float,
    *,
    decays: Mask | None = None,
    clip_norm: float | None = None,
    label_smoothing: float = 0.0,
) -> StepResult:
    """Let the parameters learn from one batch; they and the optimiser's state change in place.

    One step of `Engine.trainer`, for whoever makes one; a loop keeps its trainer.

    Parameters
    ----------
    engine : Engine
    parameters : Parameters
    x, labels : arrays (n, …) and (n,)
    optimizer : Optimizer
    state : OptimizerState
        As `Optimizer.start` made it.
    learning_rate : float
    decays : (network.size,) array of bool, optional
        See `Optimizer.update`.
    clip_norm : float, optional
        See `clip_by_norm`.
    label_smoothing : float

    Returns
    -------
    result : StepResult
        Loss, logits and the gradient's length before it was clipped.

    Examples
    --------
    >>> import numpy as np
    >>> from inkgrad.engines import ReferenceEngine
    >>> from inkgrad.network import seed_network
    >>> from inkgrad.training import Adam
    >>> engine, adam = ReferenceEngine(seed_network()), Adam()
    >>> parameters = engine.network.initialise(seed=0)
    >>> state = adam.start(parameters.vector)
    >>> x, labels = np.ones((2, 1, 28, 28), np.float32), np.array([3, 3])
    >>> losses = [take_step(engine, parameters, x, labels, adam, state, 1e-3).loss for _ in "12"]
    >>> losses[1] < losses[0], state.steps
    (True, 2)
    """
    trainer = engine.trainer(
        parameters,
        optimizer,
        state,
        decays=decays,
        clip_norm=clip_norm,
        label_smoothing=label_smoothing,
    )
    return trainer.step(x, labels, learning_rate)
