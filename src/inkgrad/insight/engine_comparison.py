"""One engine against another: the same loss, outputs and gradients, up to rounding."""

from __future__ import annotations

import numpy as np

from inkgrad.engines import Engine, make_engine
from inkgrad.insight.gradcheck import LOSS, Check, forward_with_decisions, random_parameters
from inkgrad.insight.projections import Decisions, relative_error, same_decisions
from inkgrad.layers import NO_CLASS, Array
from inkgrad.network import Network, Parameters

__all__ = ["compare_engines"]

_NUDGE = 1e-5  # relative; some hundred times the rounding of float32
_MOST_DRAWS = 100


def compare_engines(
    network: Network,
    engine: str | Engine,
    reference: str | Engine = "reference",
    *,
    seed: int = 0,
    batch: int = 2,
    tolerance: float = 1e-5,
) -> list[Check]:
    """Compare what two engines make of the same batch, in float32.

    A row's error is ‖a − b‖ / ‖b‖ over all numbers of one parameter's gradient (or of the logits,
    or the loss itself). Two engines add up in different orders, and where a ReLU's input is within
    rounding of 0 they may decide it differently, which is the fault of neither; so the batch is
    drawn again until changing every input and parameter by one in 100,000, up or down at random,
    twice, changes no decision (at most 100 times; networks of millions of activations may have no
    such batch).

    Parameters
    ----------
    network : Network
    engine, reference : str or Engine
        As `inkgrad.engines.make_engine` takes them.
    seed : int
        Draws parameters, inputs and labels.
    batch : int
    tolerance : float

    Examples
    --------
    >>> from inkgrad.layers import Dense, Flatten
    >>> rows = compare_engines(Network([Flatten(), Dense(3)], input_shape=(1, 4, 4)), "reference")
    >>> [(row.layer, row.quantity, row.relative_error) for row in rows]
    [('loss', 'value', 0.0), ('loss', 'logits', 0.0), ('dense1', 'dweight', 0.0),
     ('dense1', 'dbias', 0.0)]
    """
    rng = np.random.default_rng(seed)
    parameters = random_parameters(network, rng, np.float32)
    x = _steady_batch(network, parameters, rng, batch)
    labels = rng.integers(NO_CLASS, network.output_shape[-1], size=batch)
    ours, truth = (
        make_engine(name, network).gradients(
            parameters, x, labels, label_smoothing=LOSS.label_smoothing
        )
        for name in (engine, reference)
    )
    checks = [
        Check("loss", "value", "engine", _error(ours.loss, truth.loss), tolerance),
        Check("loss", "logits", "engine", _error(ours.logits, truth.logits), tolerance),
    ]
    gradient, true_gradient = Parameters(network, ours.vector), Parameters(network, truth.vector)
    for name in parameters:
        layer, _, quantity = name.rpartition(".")
        error = relative_error(gradient[name], true_gradient[name])
        checks.append(Check(layer, f"d{quantity}", "engine", error, tolerance))
    return checks


def _error(ours: Array | float, truth: Array | float) -> float:
    """Return the relative error of arrays or single numbers."""
    return relative_error(np.asarray(ours), np.asarray(truth))


def _steady_batch(
    network: Network, parameters: Parameters, rng: np.random.Generator, batch: int
) -> Array:
    """Draw a float32 batch on which no decision hangs on rounding."""
    exact = parameters.astype(np.float64)
    for _ in range(_MOST_DRAWS):
        x = rng.normal(size=(batch, *network.input_shape)).astype(np.float32)
        _, decisions = forward_with_decisions(network, exact, x.astype(np.float64))
        if all(_decides_alike(network, exact, x, decisions, rng) for _ in range(2)):
            break
    return x


def _decides_alike(
    network: Network, exact: Parameters, x: Array, decisions: Decisions, rng: np.random.Generator
) -> bool:
    """Whether the decisions are still the same after every number is nudged up or down."""
    nudged = exact.copy()
    nudged.vector *= 1 + rng.choice([-_NUDGE, _NUDGE], nudged.vector.shape)
    x = x * (1 + rng.choice([-_NUDGE, _NUDGE], x.shape))
    return same_decisions(decisions, forward_with_decisions(network, nudged, x)[1])
