"""Rounding: a model's numbers in 16 or 8 bits instead of 32, to make a file of it smaller."""

from __future__ import annotations

from dataclasses import replace

from inkgrad.engines.int8 import round_weights
from inkgrad.errors import InkgradError
from inkgrad.float16 import to_float16
from inkgrad.json_text import parse_json
from inkgrad.layers import Array
from inkgrad.model import Model

__all__ = ["MANY", "WEIGHTS", "round_file", "rounded", "usual_weights"]

WEIGHTS = ("float16", "int8")
"""In what weights can be written."""

MANY = 400_000
"""Parameters; of models with more, weights are written as int8 unless somebody says otherwise."""


def usual_weights(model: Model) -> str:
    """Return in what a model's weights are written if nobody says otherwise.

    Examples
    --------
    >>> from inkgrad.network import seed_network
    >>> network = seed_network(2)
    >>> usual_weights(Model(network, network.initialise(seed=0), ("cat", "dog")))
    'int8'
    """
    return "int8" if model.network.size > MANY else "float16"


def round_file(data: bytes, weights: str) -> bytes:
    """Return a model file with its numbers in fewer bits, each rounded to the nearest.

    With ``"float16"`` every number is one. With ``"int8"`` every weight w of a convolution or dense
    layer is a whole number q from -127 to 127, and w ≈ s q with one scale s for each channel that
    comes out (a filter, an output): the largest size of its weights, divided by 127. So are the
    features (see `inkgrad.features.Features`), which for many classes are as many, with a scale for
    each column. The scales stand in the file as ``NAME.scale``, in float32; biases and all else are
    float16.

    Parameters
    ----------
    data : bytes
        A whole file, such as `inkgrad.Model.to_bytes` makes.
    weights : "float16" or "int8"

    Raises
    ------
    ModelError
        If a number is beyond float16, whose largest is 65504.
    InkgradError
        If there is no such kind of weights.

    Examples
    --------
    >>> import numpy as np
    >>> from safetensors.numpy import load, save
    >>> data = save({"dense1.weight": np.array([[0.5], [-1]], np.float32)})
    >>> file = load(round_file(data, "int8"))
    >>> file["dense1.weight"].ravel(), file["dense1.weight.scale"].round(6)
    (array([  64, -127], dtype=int8), array([0.007874], dtype=float32))
    """
    from safetensors.numpy import load, save

    _check(weights)
    length = int.from_bytes(data[:8], "little")
    metadata = parse_json(data[8 : 8 + length]).get("__metadata__")
    tensors: dict[str, Array] = {}
    for name, tensor in load(data).items():
        if weights == "int8" and _is_many(name, tensor):
            tensors[name], tensors[f"{name}.scale"] = round_weights(tensor)
        else:
            tensors[name] = to_float16(name, tensor)
    return save(tensors, metadata)


def rounded(model: Model, weights: str) -> Model:
    """Return the model that whoever reads `round_file`'s file computes with: to measure its cost.

    The features stay as they are: no answer depends on them.

    Raises
    ------
    ModelError, InkgradError
        As `round_file` does.

    Examples
    --------
    >>> import numpy as np
    >>> from inkgrad.network import seed_network
    >>> model = Model(seed_network(2), seed_network(2).initialise(seed=0), ("cat", "dog"))
    >>> ours, theirs = model.parameters.vector, rounded(model, "float16").parameters.vector
    >>> theirs.dtype, bool(np.allclose(ours, theirs, rtol=2**-11, atol=2**-25))
    (dtype('float32'), True)
    """
    _check(weights)
    model = model.folded()
    parameters = model.parameters.copy()
    for name, tensor in model.parameters.statistics.items():
        parameters.statistics[name] = to_float16(name, tensor)
    for name, tensor in model.parameters.items():
        if weights == "int8" and _is_many(name, tensor):
            whole, scale = round_weights(tensor)
            parameters[name] = whole * _beside(scale, tensor)
        else:
            parameters[name] = to_float16(name, tensor)
    return replace(model, parameters=parameters)


def _check(weights: str) -> None:
    if weights not in WEIGHTS:
        raise InkgradError(f"weights cannot be {weights!r}; they can be {' or '.join(WEIGHTS)}")


def _is_many(name: str, tensor: Array) -> bool:
    """Tell whether a tensor is of those that make a file large."""
    return (name.endswith(".weight") and tensor.ndim in (2, 4)) or name.startswith("features.")


def _beside(scale: Array, tensor: Array) -> Array:
    """Return scales in the shape in which they multiply a tensor."""
    return scale[:, None, None, None] if tensor.ndim == 4 else scale  # (K,) -> (K, 1, 1, 1)
