"""Recognising in whole numbers of 8 bits: the arithmetic, and the reference for the kernels' own.

Processors multiply bytes several times as fast as float32. So what a convolution or dense layer
multiplies is rounded to bytes first, and its sums are whole numbers, without any rounding:

    w ≈ s_w · W                 W = −127 … 127, one scale s_w for each filter or output
    x ≈ s_x · (X − Z)           X = 0 … 255, one scale s_x and one zero point Z for each drawing
    y = (s_x · s_w) · Σ (X − Z) W + β

The scales of the weights are known when a model is loaded; those of x are taken from the drawing
itself, layer by layer: 0 and the smallest and largest number that the layer is given are 0 … 255.
Nobody has to provide data to find them from, and what one drawing gives does not depend on others.
Behind a ReLU no number is below 0, and Z is 0. The pixels of a bitmap are bytes as they are: its
ink is 255 somewhere, so that nothing of the input is lost.

ReLU, pools and softmax are done in float32. So are layers that the kernels for bytes do not know:
see `int8_plan`. Nagel and others, *A White Paper on Neural Network Quantization* (2021), section 2,
has the method and what else there is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from inkgrad.errors import InkgradError
from inkgrad.layers import Array, Conv2D, Dense, row, softmax
from inkgrad.network import Network, Parameters, Stage

if TYPE_CHECKING:
    from typing import TypeGuard

    from inkgrad.engines.cpu.plan import KernelSegment, Plan

__all__ = [
    "check_parameters",
    "int8_plan",
    "int8_predictor",
    "is_int8",
    "round_inputs",
    "round_weights",
]

WEIGHT_STEPS = 127  # from zero to the largest weight of a channel
INPUT_STEPS = 255  # from the smallest number to the largest
SMALLEST = 1e-30  # a span of numbers; of smaller ones nothing is left

_MOST_PRODUCTS = (2**31 - 1) // (WEIGHT_STEPS * INPUT_STEPS)
"""So many products always add up to less than 2^31, which the kernels count to: 66,311."""


def round_weights(weight: Array) -> tuple[Array, Array]:
    """Return weights as whole numbers −127 … 127, int8, and each channel's scale, float32.

    Parameters
    ----------
    weight : (K, C, f, f) array of a convolution, or (I, K) of a dense layer

    Examples
    --------
    >>> whole, scale = round_weights(np.array([[0.5, 0.0], [-1.0, 0.0]], np.float32))
    >>> whole
    array([[  64,    0],
           [-127,    0]], dtype=int8)
    >>> scale.round(6)                       # 1/127; of weights that are all 0 it does not matter
    array([0.007874, 1.      ], dtype=float32)
    """
    axes = (1, 2, 3) if weight.ndim == 4 else (0,)  # all but the channels that come out
    scale = np.abs(weight).max(axis=axes) / np.float32(WEIGHT_STEPS)
    scale[scale == 0] = 1
    scale = scale.astype(np.float32)
    beside = scale[:, None, None, None] if weight.ndim == 4 else scale  # (K,) -> (K, 1, 1, 1)
    whole = np.clip(np.rint(weight / beside), -WEIGHT_STEPS, WEIGHT_STEPS)
    return whole.astype(np.int8), scale


def round_inputs(x: Array) -> tuple[Array, Array, Array]:
    """Return X, the zero points Z and the scales of a layer's inputs.

    Parameters
    ----------
    x : (n, …) float32 array

    Returns
    -------
    whole : (n, …) float32 array
        X, whole numbers 0 … 255.
    zero : (n,) float32 array
    scale : (n,) float32 array
        Not a number, for a drawing that holds anything that is not finite.

    Examples
    --------
    >>> whole, zero, scale = round_inputs(np.array([[0, 0.2, 1], [-1, 0, 1]], np.float32))
    >>> whole
    array([[  0.,  51., 255.],
           [  0., 128., 255.]], dtype=float32)
    >>> zero, scale.round(6)
    (array([  0., 128.], dtype=float32), array([0.003922, 0.007843], dtype=float32))
    """
    flat = x.reshape(len(x), -1)
    steps, nothing = np.float32(INPUT_STEPS), np.float32(0)
    high = np.maximum(flat.max(axis=1), nothing)
    low = np.minimum(flat.min(axis=1), nothing)
    span = high - low
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        inverse = np.where(span < np.float32(SMALLEST), nothing, steps / span)
        zero = nothing - np.rint(low * inverse)  # not −0
        whole = np.rint(flat * inverse[:, None]) + zero[:, None]
        finite = np.isfinite(flat).all(axis=1)
        scale = np.where(finite, span / steps, np.float32(np.nan))
    whole = np.clip(whole, nothing, steps)
    return whole.reshape(x.shape), zero, scale


def int8_plan(network: Network) -> Plan:
    """Return the segments of a network, of which some are computed in 8 bits: see `is_int8`.

    Raises
    ------
    InkgradError
        If none is.
    """
    from inkgrad.engines.cpu.plan import make_plan

    plan = make_plan(network)
    if not any(is_int8(segment) for segment in plan):
        raise InkgradError(
            "this network has no layers that can be computed in int8 (convolutions and dense "
            "layers in a row, outside of branches); choose the precision float32"
        )
    return plan


def is_int8(segment: object) -> TypeGuard[KernelSegment]:
    """Whether a segment is computed in 8 bits.

    That is one of the form [Conv → ReLU? → MaxPool 2×2?]* → Flatten? → [Dense → ReLU?]*, unless an
    output of it adds up so many products that int32 might not hold the sum.
    """
    from inkgrad.engines.cpu.plan import KernelSegment

    return isinstance(segment, KernelSegment) and all(
        _products(stage) <= _MOST_PRODUCTS for stage in segment.stages
    )


def _products(stage: Stage) -> int:
    """Return how many products an output of a convolution or dense layer is the sum of."""
    weight = stage.parameter_shapes.get("weight", ())
    return int(np.prod(weight[1:] if len(weight) == 4 else weight[:1]))


def check_parameters(parameters: Parameters) -> None:
    """Refuse parameters that cannot be rounded to bytes.

    Raises
    ------
    InkgradError
        If they are not float32, or not all finite.
    """
    vector = parameters.vector
    if vector.dtype != np.float32 or not np.isfinite(vector).all():
        raise InkgradError(
            f"int8 is made of parameters that are finite float32 numbers; these are {vector.dtype}"
            f"{'' if np.isfinite(vector).all() else ', not all finite'}"
        )


def int8_predictor(
    check: Callable[[Array], None], parameters: Parameters, *, logits: bool = False
) -> Callable[[Array], Array]:
    """Return x ↦ probabilities (or logits) by the formula above, for a network that was folded.

    Parameters
    ----------
    check : callable
        Refuses inputs of another shape than the network's.
    parameters : Parameters

    Raises
    ------
    InkgradError
        If nothing of the network can be computed in int8, or the parameters are not float32.
    """
    check_parameters(parameters)
    network, numbers = parameters.network, parameters.numbers
    rounded = {
        stage.name: round_weights(numbers[f"{stage.name}.weight"])
        for segment in int8_plan(network)
        if is_int8(segment)
        for stage in segment.stages
        if isinstance(stage.layer, (Conv2D, Dense))
    }

    def predict(x: Array) -> Array:
        check(x)
        x = np.asarray(x, np.float32)
        for stage in network.stages:
            if len(x) and stage.name in rounded:
                bias = numbers.get(f"{stage.name}.bias")
                x = _linear(stage, x, *rounded[stage.name], bias)
            else:
                x = row.forward([stage], x, numbers)[0]
        return x if logits else softmax(x)

    return predict


def _linear(stage: Stage, x: Array, whole: Array, scale: Array, bias: Array | None) -> Array:
    """Return what a convolution or dense layer gives; the sums are exact in float64."""
    inputs, zero, input_scale = round_inputs(x)
    each = (-1, *[1] * (x.ndim - 1))  # (n,) -> (n, 1, 1, 1)
    shifted = (inputs - zero.reshape(each)).astype(np.float64)
    none = {} if bias is None else {"bias": np.zeros(len(bias))}
    sums, _ = stage.layer.forward(shifted, weight=whole.astype(np.float64), **none)
    channels = (-1, *[1] * (x.ndim - 2))  # (K,) -> (K, 1, 1)
    factors = input_scale.reshape(each) * scale.reshape(channels)
    y: Array = sums.astype(np.float32) * factors
    if bias is not None:
        y += bias.reshape(channels)
    return y
