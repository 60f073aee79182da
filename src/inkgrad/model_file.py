"""Model files: safetensors with the numbers, and a description of the rest as JSON."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad.confidence import Confidence
from inkgrad.drawing import Raster
from inkgrad.errors import ModelError, ShapeError
from inkgrad.features import Features
from inkgrad.float16 import to_float16
from inkgrad.impostors import impostor
from inkgrad.json_text import JsonError, parse_json
from inkgrad.layers import Array
from inkgrad.memory import aligned_zeros
from inkgrad.network import Network, Parameters
from inkgrad.packaged import NAMES

__all__ = ["read_model_file", "write_model_file"]

_KEY = "inkgrad"  # of the metadata entry that describes the model
_VERSION = 1
_EXAMPLES = "features.examples"  # the tensor that a file may hold besides
_MOMENTS = ("features.mean", "features.deviation")  # what older files hold in its place
_WEIGHTS = ("float32", "float16")  # how a file may store its numbers


def write_model_file(
    *,
    network: Network,
    parameters: Parameters,
    classes: tuple[str, ...],
    raster: Raster,
    record: Mapping[str, Any],
    features: Features | None,
    confidence: Confidence | None,
    weights: str,
) -> bytes:
    """Return a model file with these parts: see `inkgrad.Model.to_bytes`."""
    from safetensors.numpy import save

    if weights not in _WEIGHTS:
        raise ModelError(
            f"a model file cannot hold weights in {weights!r}; choose {' or '.join(_WEIGHTS)}"
        )
    description: dict[str, Any] = {
        "version": _VERSION,
        "network": network.to_config(),
        "classes": classes,
        "raster": raster.to_dict(),
        "record": record,
    }
    if confidence is not None:
        description["confidence"] = confidence.to_dict()
    # One entry: safetensors writes several in an order that changes from run to run.
    try:
        metadata = {_KEY: json.dumps(description, allow_nan=False)}
    except (ValueError, TypeError, RecursionError) as error:
        raise ModelError(
            f"the model's record cannot be told as JSON ({error}); give plain values and "
            "finite numbers"
        ) from error
    named = parameters.numbers
    tensors = {name: np.ascontiguousarray(view) for name, view in named.items()}
    if features is not None:
        tensors[_EXAMPLES] = to_float16(_EXAMPLES, features.examples)
    if weights == "float16":
        tensors = {name: to_float16(name, tensor) for name, tensor in tensors.items()}
    return save(tensors, metadata)


def read_model_file(path: Path) -> dict[str, Any]:
    """Return the parts of a model by the names that `inkgrad.Model` has for them.

    Raises
    ------
    ModelError
        If the file is missing, damaged, not a model of inkgrad's, or its parts do not fit.
    """
    metadata, tensors = _read_safetensors(path)
    try:
        description = _describe(metadata)
        network = Network.from_config(description["network"])
        confidence = description["confidence"]
        features = _take_features(tensors)
        return {
            "network": network,
            "parameters": _fill(network, tensors),
            "classes": tuple(description["classes"]),
            "raster": _read_raster(description["raster"]),
            "record": description["record"],
            "features": features,
            "confidence": None if confidence is None else Confidence.from_dict(confidence),
        }
    except (ModelError, ShapeError) as error:
        raise ModelError(f"{path} cannot be used: {error}") from error


def _read_safetensors(path: Path) -> tuple[dict[str, str], dict[str, Array]]:
    """Return the metadata and tensors of a safetensors file."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise ModelError(
            f"there is no model file {path}; train one with `inkgrad train`, check the path, or "
            f"name one that comes with inkgrad: {NAMES}"
        )
    try:
        with safe_open(path, framework="numpy") as file:
            names = list(file.keys())
            tensors = {name: _expanded(file.get_tensor(name)) for name in names}
            metadata = dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        what = None
        with contextlib.suppress(OSError):
            what = impostor(path, "a model")
        reason = what or f"is not a readable safetensors file: {error}"
        raise ModelError(f"{path} {reason}") from error
    _check_header(path)
    return metadata, tensors


def _expanded(tensor: Array) -> Array:
    """Return what is stored in 16 bits as the same float32 numbers, and all else as it is."""
    return tensor.astype(np.float32) if tensor.dtype == np.float16 else tensor


def _check_header(path: Path) -> None:
    """Refuse a header that others may read differently: see `parse_json`."""
    try:
        with path.open("rb") as file:
            parse_json(file.read(int.from_bytes(file.read(8), "little")))
    except JsonError as error:
        raise ModelError(
            f"{path} is not a readable safetensors file: its header cannot be read: {error}"
        ) from error


def _describe(metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return the description of the model, its parts present and of the right kind."""
    if _KEY not in metadata:
        raise ModelError(f"its metadata has no entry {_KEY!r}: it is not a model of inkgrad's")
    try:
        description = parse_json(metadata[_KEY])
    except JsonError as error:
        raise ModelError(f"its metadata entry {_KEY!r} cannot be read: {error}") from error
    if not isinstance(description, dict) or description.get("version") != _VERSION:
        raise ModelError(f"it is not of version {_VERSION}, the one that this inkgrad reads")
    for name, kind in {"network": dict, "classes": list, "record": dict}.items():
        if not isinstance(description.get(name), kind):
            raise ModelError(f"its description has no {name}, or of a wrong kind")
    return {"raster": None, "confidence": None, **description}


def _read_raster(settings: Any) -> Raster:
    """Return the rasteriser's settings, which nobody can guess from the network."""
    try:
        if settings is None:
            raise ModelError("there are no rasteriser settings")
        return Raster.from_dict(settings)
    except ModelError as error:
        raise ModelError(
            f"it does not say how drawings became the bitmaps that it learnt from ({error}), and "
            "inkgrad refuses to guess; save it anew from where it was made, or train it anew"
        ) from error


def _take_features(tensors: dict[str, Array]) -> Features | None:
    """Take the features out of the tensors, if they are there."""
    if _EXAMPLES in tensors:
        return Features(tensors.pop(_EXAMPLES))
    found = [tensors.pop(name) for name in _MOMENTS if name in tensors]
    if len(found) == 1:
        raise ModelError(f"of {' and '.join(_MOMENTS)} only one is there; give both or neither")
    return Features.from_moments(*found) if found else None


def _fill(network: Network, tensors: Mapping[str, Array]) -> Parameters:
    """Return the tensors as the network's numbers, after checking every one."""
    layouts = {**network.layout, **network.statistics_layout}
    needed = {name: shape for name, (_, shape) in layouts.items()}
    if set(tensors) != set(needed):
        raise ModelError(
            f"the tensors are {_names(tensors)}, but the network's parameters are {_names(needed)}"
        )
    for name, tensor in tensors.items():
        if tensor.shape != needed[name] or tensor.dtype != np.float32:
            raise ModelError(
                f"{name} is {tensor.dtype} of shape {tensor.shape}; "
                f"it must be float32 or float16 of shape {needed[name]}"
            )
        if not np.isfinite(tensor).all():
            raise ModelError(f"{name} holds numbers that are not finite")
    parameters = Parameters(network, aligned_zeros(network.size, np.float32))
    for name, tensor in tensors.items():
        (parameters if name in network.layout else parameters.statistics)[name] = tensor
    if flaw := parameters.statistics.flaw():
        raise ModelError(flaw)
    return parameters


def _names(names: Mapping[str, Any]) -> str:
    """Return the first few names, for an error."""
    shown = sorted(names)[:12]
    return ", ".join(shown) + (", …" if len(names) > len(shown) else "") if shown else "none"
