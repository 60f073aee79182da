"""What a file is: networks, models and drawings, described in plain values."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from inkgrad.model import Model, load
from inkgrad.network import Network, seed_network
from inkgrad.packaged import packaged_file
from inkgrad.quickdraw import read_bitmaps
from inkgrad.quickdraw.formats.npy import map_npy

__all__ = ["describe_model", "info"]


def info(path: str | os.PathLike[str] | None = None) -> dict[str, Any]:
    """Describe a model, by name or file, or a data file; without a path, the seed network.

    Returns
    -------
    facts : dict of plain values, ready for JSON
        For a network or model at least ``kind``, ``parameters``, ``multiply_adds``, ``classes``
        (None for a bare network) and ``layers``; for a data file ``kind``, ``drawings`` and
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
    if path is None:
        return {"kind": "network", **_network_facts(seed_network()), "classes": None}
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


def _network_facts(network: Network) -> dict[str, Any]:
    """Return a network's figures, layer by layer and in all."""
    return {
        "parameters": network.size,
        "multiply_adds": network.multiply_adds,
        "input_shape": list(network.input_shape),
        "layers": [
            {
                "name": stage.name,
                "type": type(stage.layer).__name__,
                "output_shape": list(stage.output_shape),
                "parameters": stage.parameters,
                "multiply_adds": stage.multiply_adds,
            }
            for stage in network.stages
        ],
        "summary": network.summary(),
    }
