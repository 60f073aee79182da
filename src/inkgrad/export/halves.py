"""Halves: a model's numbers in 16 bits instead of 32, which is what they are worth in a file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inkgrad.errors import ModelError
from inkgrad.json_text import parse_json
from inkgrad.layers import Array
from inkgrad.model import Model
from inkgrad.network import Parameters

__all__ = ["halve", "in_halves"]


def halve(data: bytes) -> bytes:
    """Return a safetensors file with its tensors as float16, each number rounded to the nearest.

    Parameters
    ----------
    data : bytes
        A whole file, such as `inkgrad.Model.to_bytes` makes.

    Raises
    ------
    ModelError
        If a number is beyond float16, whose largest is 65504.

    Examples
    --------
    >>> from safetensors.numpy import load, save
    >>> load(halve(save({"w": np.array([0.1], np.float32)})))
    {'w': array([0.1], dtype=float16)}
    """
    from safetensors.numpy import load, save

    length = int.from_bytes(data[:8], "little")
    metadata = parse_json(data[8 : 8 + length]).get("__metadata__")
    return save({name: _half(name, tensor) for name, tensor in load(data).items()}, metadata)


def in_halves(model: Model) -> Model:
    """Return the model that a page sees which was given `halve`'s file: to measure what it costs.

    Raises
    ------
    ModelError
        As for `halve`.

    Examples
    --------
    >>> from inkgrad.network import seed_network
    >>> model = Model(seed_network(2), seed_network(2).initialise(seed=0), ("cat", "dog"))
    >>> ours, theirs = model.parameters.vector, in_halves(model).parameters.vector
    >>> theirs.dtype, bool(np.allclose(ours, theirs, rtol=2**-11, atol=2**-25))
    (dtype('float32'), True)
    """
    vector = np.array(model.parameters.vector)
    parameters = Parameters(model.network, vector)
    for name, tensor in model.parameters.items():
        parameters[name] = _half(name, tensor)
    return replace(model, parameters=parameters)


def _half(name: str, tensor: Array) -> Array:
    """Return a tensor as float16."""
    with np.errstate(over="ignore"):
        half = tensor.astype(np.float16)
    if not np.isfinite(half).all():
        most = float(np.abs(tensor).max())
        raise ModelError(
            f"{name} holds {most:g}, but float16 ends at 65504; train again with smaller weights "
            "(--weight-decay, --clip-norm, or a lower --learning-rate)"
        )
    return half
