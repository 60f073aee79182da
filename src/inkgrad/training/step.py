"""One step: what a batch teaches, and the parameters moved by it."""

from __future__ import annotations

from inkgrad.engines import Engine, Learnt
from inkgrad.layers import Array
from inkgrad.network import Parameters
from inkgrad.optimizers import Mask, Optimizer, OptimizerState, clip_by_norm

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
) -> Learnt:
    """Let the parameters learn from one batch; they and the optimiser's state change in place.

    An engine that can carry out the optimiser's rule too (see `LearningEngine`) is asked to;
    otherwise, and where a gradient may have to be clipped, the gradient is taken, clipped and
    given to the optimiser. Both ways lead to the same numbers, up to rounding.

    Whether the numbers are finite is for the caller to check, by the loss and the length: if
    one is not, the parameters that were moved by it are of no use.

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
    learnt : Learnt
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
    learn = getattr(engine, "learn", None)  # see LearningEngine; isinstance would take longer
    if clip_norm is None and learn is not None:
        rule = optimizer.rule(state, learning_rate)
        if rule is not None:
            learnt: Learnt = learn(parameters, x, labels, rule, label_smoothing=label_smoothing)
            state.steps += 1
            optimizer.follow(parameters.vector, state)
            return learnt
    loss, logits, gradient = engine.gradients(
        parameters, x, labels, label_smoothing=label_smoothing
    )
    norm = clip_by_norm(gradient, clip_norm)
    optimizer.update(parameters.vector, gradient, state, learning_rate, decays)
    return Learnt(loss, logits, norm)
