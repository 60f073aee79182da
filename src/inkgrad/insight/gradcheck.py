"""Gradient checks: every backward pass must be the derivative of its forward pass.

Three kinds of evidence; `inkgrad.insight.projections` says how each is taken.

- ``difference``: each layer by itself, its dx and each parameter's gradient, against central
  differences.
- ``adjoint``: the same without a step size, to 1e-12, wherever the layer is affine along the ray
  through the point. Whether it is so is tested, not assumed.
- ``network``: the loss of a batch along random directions in each parameter, against the gradient
  that all layers, chained, give for it. This sees layers that are right one by one and wired up
  wrongly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from inkgrad.engines import ReferenceEngine
from inkgrad.errors import InkgradError, ShapeError
from inkgrad.insight.projections import (
    Decisions,
    adjoint_error,
    decisions_of,
    difference_error,
    is_affine_along_ray,
    ladder,
    ladder_step,
)
from inkgrad.layers import INFERENCE, NO_CLASS, Array, Mode, Saved, SoftmaxCrossEntropy, row
from inkgrad.network import Network, Parameters, Stage

__all__ = ["LOSS", "Check", "check_gradients", "forward_with_decisions", "random_parameters"]

_DIFFERENCE_TOLERANCE = 1e-7
_ADJOINT_TOLERANCE = 1e-12
# Label smoothing keeps the loss's derivative from vanishing where the network is certain.
LOSS = SoftmaxCrossEntropy(label_smoothing=0.1)
"""The loss that gradients are checked with."""


@dataclass(frozen=True)
class Check:
    """One row of evidence.

    Attributes
    ----------
    layer : str
        The layer's name in the network (``"conv1"``; ``"norm1 in training"``, where that makes a
        difference), or ``"loss"``.
    quantity : str
        Which gradient: ``"dx"``, ``"dweight"``, ``"dbias"``, …
    method : str
        ``"difference"`` or ``"adjoint"`` for one layer by itself, ``"network"`` for the loss of
        the whole network, ``"engine"`` for one engine against another.
    relative_error, tolerance : float
    """

    layer: str
    quantity: str
    method: str
    relative_error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the error is within the tolerance (NaN is not)."""
        return self.relative_error <= self.tolerance

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain values, ready for strict JSON; NaN and infinity become None.

        Examples
        --------
        >>> Check("conv1", "dx", "difference", 3e-11, 1e-7).to_dict()
        {'layer': 'conv1', 'quantity': 'dx', 'method': 'difference', 'relative_error': 3e-11,
         'tolerance': 1e-07, 'passed': True}
        """
        return {
            "layer": self.layer,
            "quantity": self.quantity,
            "method": self.method,
            "relative_error": self.relative_error if math.isfinite(self.relative_error) else None,
            "tolerance": self.tolerance,
            "passed": self.passed,
        }


def check_gradients(network: Network, *, seed: int = 0, batch: int = 2) -> list[Check]:
    """Check every backward pass of a network in float64.

    Parameters
    ----------
    network : Network
        Its weights are drawn afresh: a gradient is right or wrong whatever the weights.
    seed : int
        Draws weights, inputs, directions and weightings.
    batch : int
        How many inputs at once; from 2 on, a sum over the batch that was forgotten shows.

    Returns
    -------
    list of Check
        The layers in order, each with dx and every parameter, by differences and (where that
        applies) by adjointness; then, if the network ends in one row of at least two numbers, as
        the loss needs, the loss and every parameter in the whole network.

    Raises
    ------
    InkgradError
        If `batch` is less than 1.
    ShapeError
        If a layer's backward does not return a gradient for each parameter, in its shape.

    Examples
    --------
    >>> from inkgrad.layers import Dense, Flatten
    >>> checks = check_gradients(Network([Flatten(), Dense(3)], input_shape=(1, 4, 4)))
    >>> all(check.passed for check in checks)
    True
    >>> [f"{c.layer} {c.quantity}" for c in checks if c.method == "network"]
    ['dense1 dweight', 'dense1 dbias']
    """
    if batch < 1:
        raise InkgradError(f"batch is {batch}; give 1 or more")
    rng = np.random.default_rng(seed)
    parameters = random_parameters(network, rng)
    checks: list[Check] = []
    training = Mode.of_step(seed, step=0)
    for stage in network.stages:
        x = ladder((batch, *stage.input_shape), rng)
        checks += _check_layer(stage, x, parameters, INFERENCE, rng)
        if stage.layer.takes_mode:
            checks += _check_layer(stage, x, parameters, training, rng)
    if len(network.output_shape) == 1 and network.output_shape[0] > 1:
        labels = rng.integers(network.output_shape[0], size=batch)
        with_outlier = np.append(labels, NO_CLASS)
        checks.append(_check_loss(network.output_shape[0], with_outlier, rng))
        checks += _check_network(network, parameters, labels, INFERENCE, rng)
        if any(stage.layer.takes_mode for stage in network.stages):
            checks += _check_network(network, parameters, labels, training, rng)
    return checks


def _check_layer(
    stage: Stage, x: Array, parameters: Parameters, mode: Mode, rng: np.random.Generator
) -> Iterator[Check]:
    """Check one layer by itself: dx and each parameter, by differences and by adjointness."""
    numbers, layer, name = parameters.numbers, stage.layer, _named(stage.name, mode)
    own = {key: numbers[f"{stage.name}.{key}"] for key in stage.parameter_shapes}
    arguments = {"x": x, **own}

    def forward(**changed: Array) -> tuple[Array, Saved]:
        given = {f"{stage.name}.{key}": values for key, values in changed.items() if key != "x"}
        return stage.forward(changed.get("x", x), {**numbers, **given}, mode)

    y, saved = forward()
    _check_backward_shapes(name, arguments, *layer.backward(np.zeros_like(y), saved))
    step = ladder_step(x.size)
    for quantity, at in arguments.items():

        def run(q: Array, quantity: str = quantity) -> tuple[Array, Decisions]:
            y, saved = forward(**{quantity: q})
            return y, decisions_of(saved)

        def adjoint(r: Array, quantity: str = quantity) -> Array:
            dx, gradients = layer.backward(r, saved)
            return dx if quantity == "x" else gradients[quantity]

        error = difference_error(run, adjoint, at, rng, step)
        yield Check(name, f"d{quantity}", "difference", error, _DIFFERENCE_TOLERANCE)
        if is_affine_along_ray(run, at):
            error = adjoint_error(run, adjoint, at, rng)
            yield Check(name, f"d{quantity}", "adjoint", error, _ADJOINT_TOLERANCE)


def _check_backward_shapes(
    name: str, arguments: dict[str, Array], dx: Array, gradients: dict[str, Array]
) -> None:
    """Refuse a backward pass that leaves a gradient out, or gives it another shape."""
    for quantity, value in arguments.items():
        gradient = dx if quantity == "x" else gradients.get(quantity)
        if gradient is None or gradient.shape != value.shape:
            given = "nothing" if gradient is None else f"an array of shape {gradient.shape}"
            raise ShapeError(
                f"{name}: backward must return d{quantity} in the shape of {quantity}, "
                f"{value.shape}, but it returns {given}"
            )


def _check_loss(classes: int, labels: Array, rng: np.random.Generator) -> Check:
    """Check softmax with cross-entropy for logits of the network's shape."""
    logits = ladder((len(labels), classes), rng)
    _, saved = LOSS.forward(logits, labels)
    error = difference_error(
        lambda z: (LOSS.forward(z, labels)[0], []),
        lambda r: r * LOSS.backward(saved),
        logits,
        rng,
    )
    return Check("loss", "dx", "difference", error, _DIFFERENCE_TOLERANCE)


def _check_network(
    network: Network, parameters: Parameters, labels: Array, mode: Mode, rng: np.random.Generator
) -> Iterator[Check]:
    """Check the whole chain: the loss along random directions in each parameter."""
    x = rng.normal(size=(len(labels), *network.input_shape))
    _, _, vector = ReferenceEngine(network).gradients(
        parameters, x, labels, label_smoothing=LOSS.label_smoothing, mode=mode
    )
    gradient = Parameters(network, vector)
    for name, at in parameters.items():

        def run(q: Array, name: str = name) -> tuple[Array, Decisions]:
            moved = parameters.copy()
            moved[name] = q
            logits, decisions = forward_with_decisions(network, moved, x, mode)
            return LOSS.forward(logits, labels)[0], decisions

        def adjoint(r: Array, name: str = name) -> Array:
            return r * gradient[name]

        layer, _, quantity = name.rpartition(".")
        error = difference_error(run, adjoint, at, rng)
        layer = _named(layer, mode)
        yield Check(layer, f"d{quantity}", "network", error, _DIFFERENCE_TOLERANCE)


def _named(layer: str, mode: Mode) -> str:
    return f"{layer} in training" if mode.training else layer


def random_parameters(
    network: Network, rng: np.random.Generator, dtype: Any = np.float64
) -> Parameters:
    """Draw parameters by the network's own rule, and others for those that begin at 0 or 1.

    At zero a bias would hide its own mistakes, and so would a scale at 1, or statistics of nothing.

    Examples
    --------
    >>> from inkgrad.network import seed_network
    >>> bool((random_parameters(seed_network(), np.random.default_rng(0)).vector == 0).any())
    False
    """
    parameters = network.initialise(rng, dtype)
    zero = parameters.vector == 0
    parameters.vector[zero] = rng.normal(0.0, 0.1, int(zero.sum()))
    for name, values in parameters.items():
        if name.endswith("scale"):
            parameters[name] = rng.uniform(0.5, 1.5, values.shape)
    for name, values in parameters.statistics.items():
        lowest = 0.5 if name.endswith("variance") else -0.5
        parameters.statistics[name] = rng.uniform(lowest, 1.5, values.shape)
    return parameters


def forward_with_decisions(
    network: Network, parameters: Parameters, x: Array, mode: Mode = INFERENCE
) -> tuple[Array, Decisions]:
    """Return the outputs, and what every layer with kinks decided on the way.

    Examples
    --------
    >>> from inkgrad.layers import ReLU
    >>> network = Network([ReLU()], input_shape=(2,))
    >>> forward_with_decisions(network, network.initialise(), np.array([[-1.0, 1.0]]))
    (array([[0., 1.]]), [array([[False,  True]])])
    """
    y, trail = row.forward(network.stages, x, parameters.numbers, mode)
    return y, decisions_of(tuple(trail))
