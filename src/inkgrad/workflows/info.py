"""What a file is: networks, models and drawings, described in plain values."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from inkgrad.errors import InkgradError
from inkgrad.layers import Parallel
from inkgrad.model import Model, load
from inkgrad.network import Network, Stage
from inkgrad.packaged import packaged_file
from inkgrad.quickdraw import read_bitmaps
from inkgrad.quickdraw.formats.npy import map_npy
from inkgrad.workflows.networks import find_network

__all__ = ["describe_model", "info"]


def info(
    path: str | os.PathLike[str] | None = None,
    *,
    network: str | os.PathLike[str] | None = None,
) -> dict[str, Any]:
    """Describe a model, by name or file, or a data file; without a path, a network.

    Parameters
    ----------
    path : path, optional
    network : name or path, optional
        See `find_network`; by default the seed network.

    Returns
    -------
    facts : dict of plain values, ready for JSON
        For a network or model at least ``kind``, ``parameters``, ``multiply_adds``, ``classes``
        (None for a bare network), ``layers`` and ``network``, from which the same can be made
        again; for a data file ``kind``, ``drawings`` and
        ``ink`` (the mean grey level, 0 to 255).

    Raises
    ------
    InkgradError
        If the file is neither a model nor drawings.

    Examples
    --------
    >>> info()["parameters"]
    420997
    """
    if path is not None and network is not None:
        raise InkgradError(f"{path} and the network {network} are both named; name one of them")
    if path is None:
        found = find_network("seed" if network is None else network)
        return {"kind": "network", **_network_facts(found), "classes": None}
    path = packaged_file(Path(path))
    if path.suffix == ".safetensors":
        return {"kind": "model", "path": str(path), **describe_model(load(path))}
    # Bitmaps of any size are described; whatever else is wrong with a file, read_bitmaps says.
    packed = path.suffix.lower() == ".npy" and path.is_file()
    bitmaps = map_npy(path, side=None) if packed else read_bitmaps(path)
    return {
        "kind": "drawings",
        "path": str(path),
        "drawings": len(bitmaps),
        "shape": list(bitmaps.shape),
        "ink": float(bitmaps.mean()) if len(bitmaps) else 0.0,
    }


def describe_model(model: Model) -> dict[str, Any]:
    """Return what there is to know of a model, as plain values: see `info`."""
    return {
        **_network_facts(model.network),
        "classes": list(model.classes),
        "raster": model.raster.to_dict(),
        "record": dict(model.record),
    }


def _layer_facts(stage: Stage) -> dict[str, Any]:
    """Return a layer's figures, and those of the layers in its branches."""
    facts: dict[str, Any] = {
        "name": stage.name,
        "type": type(stage.layer).__name__,
        "output_shape": list(stage.output_shape),
        "parameters": stage.parameters,
        "multiply_adds": stage.multiply_adds,
    }
    if isinstance(stage.layer, Parallel):
        rows = stage.layer.rows(stage.input_shape)
        facts["branches"] = [[_layer_facts(inner) for inner in row] for row in rows]
    return facts


def _network_facts(network: Network) -> dict[str, Any]:
    """Return a network's figures, layer by layer and in all."""
    return {
        "parameters": network.size,
        "multiply_adds": network.multiply_adds,
        "input_shape": list(network.input_shape),
        "layers": [_layer_facts(stage) for stage in network.stages],
        "network": network.to_config(),
        "summary": network.summary(),
    }
