"""Temperature: one number that makes a network's probabilities mean what they say."""

from __future__ import annotations

import numpy as np

from inkgrad.errors import ShapeError
from inkgrad.layers import (
    Array,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    softmax,
)
from inkgrad.network import Parameters

__all__ = ["FEWEST", "cooled", "fit_temperature"]

FEWEST = 100
"""Drawings that a temperature is fitted to; of fewer it would be chance, and is 1."""

_LOWEST, _HIGHEST = 0.1, 10.0
_TURNS = 60  # each halves the bracket at least: to the last bit of a double

# What gives a·y for a·x, if a is positive: a factor passes through it.
_HOMOGENEOUS = (
    *(AveragePool2D, Dropout, Flatten, GlobalAveragePool),
    *(LeakyReLU, MaxPool2D, ReLU),
)
_SCALED = {Conv2D: ("weight", "bias"), Dense: ("weight", "bias"), BatchNorm: ("scale", "shift")}


def fit_temperature(logits: Array, labels: Array) -> float:
    r"""Return the temperature T that makes the probabilities softmax(z / T) fit the labels best.

    $$ T = \arg\min_T \; -\frac1n \sum_b \log \mathrm{softmax}(z_b / T)_{y_b} $$

    Networks are surer than they are right (or less sure, after label smoothing), and one number
    mends most of it: Guo, Pleiss, Sun and Weinberger, *On Calibration of Modern Neural Networks*,
    2017, section 4. No answer changes by it, as the largest logit stays the largest.

    Parameters
    ----------
    logits : (n, K) array
        Of drawings that the network was not trained on.
    labels : (n,) whole numbers 0 … K−1

    Returns
    -------
    temperature : float
        From 0.1 to 10; 1 if there are fewer than `FEWEST` drawings.

    Raises
    ------
    ShapeError
        If there is not one label for each row.

    Notes
    -----
    In β = 1/T the loss L is convex: with p = softmax(βz),

        dL/dβ = mean_b (Σ_k p_bk z_bk − z_b,y)        d²L/dβ² = mean_b Var_p(z_b) ≥ 0.

    Newton's method finds where the slope is 0. The slope only grows, so its sign tells on which
    side that is; a step that leaves the bracket is replaced by its middle.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> logits = rng.normal(0, 2, (5000, 10))
    >>> labels = np.array([rng.choice(10, p=p) for p in softmax(logits)])
    >>> round(fit_temperature(3 * logits, labels), 1)          # it is three times too sure
    3.0
    """
    z = np.asarray(logits, np.float64)
    if labels.shape != z.shape[:1]:
        raise ShapeError(
            f"there are labels of shape {labels.shape} for logits of shape {z.shape}; "
            "give one label for each row"
        )
    if len(z) < FEWEST:
        return 1.0
    low, high, beta = 1 / _HIGHEST, 1 / _LOWEST, 1.0
    true = z[np.arange(len(z)), labels]  # (n,)
    for _ in range(_TURNS):
        p = softmax(beta * z)  # (n, K)
        mean = (p * z).sum(axis=1)  # (n,)
        slope = float((mean - true).mean())
        low, high = (beta, high) if slope < 0 else (low, beta)
        curvature = float(((p * z * z).sum(axis=1) - mean * mean).mean())
        step = beta - slope / curvature if curvature > 0 else low
        new = step if low < step < high else (low + high) / 2
        if new == beta or slope == 0:
            break
        beta = new
    return 1 / beta


def cooled(parameters: Parameters, temperature: float) -> Parameters | None:
    """Return the numbers of the network whose logits are those of this one, divided by T.

    The weights and biases of the last layer that has any are divided, so whoever runs the network
    gets calibrated probabilities, and it takes no longer.

    Parameters
    ----------
    parameters : Parameters
        They stay as they are.
    temperature : float
        T, positive.

    Returns
    -------
    parameters : Parameters or None
        None if behind the last layer with weights there is one that no factor passes through.

    Examples
    --------
    >>> from inkgrad.engines import ReferenceEngine
    >>> from inkgrad.network import seed_network
    >>> network = seed_network()
    >>> hot, x = network.initialise(seed=0), np.ones((1, 1, 28, 28), np.float32)
    >>> cold, engine = cooled(hot, 2.0), ReferenceEngine(network)
    >>> bool(np.allclose(engine.forward(cold, x), engine.forward(hot, x) / 2, atol=1e-6))
    True
    """
    for stage in reversed(parameters.network.stages):
        names = _SCALED.get(type(stage.layer))
        if names is not None:
            made = parameters.copy()
            for name in stage.parameter_shapes.keys() & set(names):
                made[f"{stage.name}.{name}"] = parameters[f"{stage.name}.{name}"] / temperature
            return made
        if not isinstance(stage.layer, _HOMOGENEOUS):
            return None
    return None
