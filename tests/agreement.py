"""How far two engines' gradients are apart, for tests that compare them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from inkgrad.network import Network, Parameters

TOLERANCE = 1e-5  # relative, in the norm of each parameter's gradient, in float32
CANCELLED = 0.1  # see `layer_errors`


def error(ours: np.ndarray, theirs: np.ndarray, least: float = 0.0) -> float:
    """Return |ours − theirs| / |theirs|; where theirs is all zeros, ours must be too.

    Where either is not finite, the error is infinite: NaN would compare with nothing.
    """
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        return float("inf")
    size = max(float(np.linalg.norm(theirs)), least)
    return float(np.linalg.norm(ours - theirs)) / (size or 1e-30)


def layer_errors(
    network: Network, ours: Parameters, theirs: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """Return the relative error of each parameter's gradient.

    A bias's gradient is a sum over all places, of which cancellation may leave little; then
    float32's rounding is large beside it (PyTorch's own is up to 1.5e-5 off its float64 result
    on such networks). So a gradient smaller than a tenth of its layer's is measured against that
    tenth.
    """
    errors = {}
    for stage in network.stages:
        own = [f"{stage.name}.{name}" for name in stage.parameter_shapes]
        whole = float(np.sqrt(sum(np.vdot(theirs[name], theirs[name]) for name in own)))
        errors |= {name: error(ours[name], theirs[name], CANCELLED * whole) for name in own}
    return errors
