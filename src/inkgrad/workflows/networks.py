"""Networks that are asked for by name, or described in a file."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path

from inkgrad.errors import DataError, InkgradError, ShapeError
from inkgrad.json_text import JsonError, parse_json
from inkgrad.network import Network, seed_network, sketch_network, tiny_network

__all__ = ["NETWORKS", "find_network", "fit_to_classes", "name_of"]

NETWORKS: dict[str, Callable[[int], Network]] = {
    "seed": seed_network,
    "tiny": tiny_network,
    "sketch": sketch_network,
    "sketch-wide": functools.partial(sketch_network, last=192),
}
"""What makes each network, by name, for a number of classes."""

_MOST_BYTES = 1_000_000  # thousands of layers take less


def find_network(named: str | os.PathLike[str], classes: int | None = None) -> Network:
    """Return a network by its name, or from a JSON file that describes it.

    Parameters
    ----------
    named : str or path
        One of `NETWORKS`, or a file with what `inkgrad info --json` prints: all of it, or its
        ``network``, which is what `Network.to_config` returns.
    classes : int, optional
        How many outputs it must have; by default what the file says, 5 for a name.

    Raises
    ------
    InkgradError
        If there is no such network or file, the file describes none, its layers do not fit
        together (the layer is named), or it ends in another number of outputs.

    Examples
    --------
    >>> find_network("seed", classes=3).output_shape
    (3,)
    """
    name = os.fspath(named)
    if name in NETWORKS:
        return NETWORKS[name](5 if classes is None else classes)
    path = Path(named)
    if not path.is_file():
        raise InkgradError(
            f"there is no network or file {name!r}; choose one of {', '.join(NETWORKS)}, or name "
            "a JSON file with what `inkgrad info --json` prints as its network"
        )
    network = _read(path)
    return network if classes is None else fit_to_classes(network, classes, str(path))


def name_of(network: Network) -> str | None:
    """Return the name of a network, None if it has none.

    Examples
    --------
    >>> name_of(seed_network(7)), name_of(Network(seed_network(7).layers[-4:]))
    ('seed', None)
    """
    if len(network.output_shape) != 1:
        return None
    classes = network.output_shape[0]
    return next((name for name, make in NETWORKS.items() if make(classes) == network), None)


def fit_to_classes(network: Network, classes: int, name: str) -> Network:
    """Return the network if it has an output for each class.

    Raises
    ------
    ShapeError
        If it has not.
    """
    if network.output_shape != (classes,):
        last = network.stages[-1]
        ends = ", ".join(str(length) for length in network.output_shape)
        raise ShapeError(
            f"{name}: the last layer ({last.name}) gives ({ends}), but there are {classes} "
            f'classes; end the network with {{"type": "Dense", "outputs": {classes}}}'
        )
    return network


def _read(path: Path) -> Network:
    """Read a description; an error names the file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > _MOST_BYTES:
        raise DataError(
            f"{path} has {len(content):,} bytes, but a description of a network takes at most "
            f"{_MOST_BYTES:,}; name the JSON file that describes it"
        )
    try:
        value = parse_json(content.decode())
    except UnicodeDecodeError:
        raise DataError(f"{path} is not text; name a JSON file that describes a network") from None
    except JsonError as error:
        raise DataError(f"{path}: {error}; a network is described in JSON") from None
    if isinstance(value, dict) and isinstance(value.get("network"), dict):
        value = value["network"]
    try:
        return Network.from_config(value)
    except ShapeError as error:
        raise ShapeError(f"{path}: {error}") from None
