"""The plan: which layers of a network are carried out together, and where everything stands.

A network is cut in two. The *kernels' part* is its longest tail of the form

    [ Conv → ReLU? → MaxPool 2×2? ]*  →  Flatten  →  [ Dense → ReLU? ]+

(ReLU may stand before or after the pool, which is the same). Each bracket becomes one block. What
stands before it, usually nothing, is left to the layers themselves, which can carry out anything.

Blocks are plain numbers in records, and all buffers are places in one array: compiled code reads
sizes at run time, so that another network costs no compiling.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from inkgrad.layers import Conv2D, Dense, Flatten, Layer, MaxPool2D, ReLU, Shape
from inkgrad.network import Network, Stage

__all__ = ["ConvBlock", "DenseBlock", "Plan", "make_plan"]


@dataclass(frozen=True)
class ConvBlock:
    """A convolution with the ReLU and the 2×2 pool behind it, if they are there.

    Attributes
    ----------
    stage : Stage
        The convolution.
    rectified : bool
        Whether a ReLU belongs to it.
    pool : int
        2 with a pool, 1 without.
    output_shape : (filters, rows, columns)
        After the pool.
    """

    stage: Stage
    rectified: bool = False
    pool: int = 1

    @property
    def output_shape(self) -> Shape:
        """Filters, rows and columns after the pool."""
        filters, rows, columns = self.stage.output_shape
        return filters, rows // self.pool, columns // self.pool


@dataclass(frozen=True)
class DenseBlock:
    """A dense layer with the ReLU behind it, if there is one."""

    stage: Stage
    rectified: bool = False


@dataclass(frozen=True)
class Plan:
    """How a network is carried out.

    Attributes
    ----------
    before : tuple of Stage
        Carried out by the layers themselves.
    convolutions : tuple of ConvBlock
    dense : tuple of DenseBlock
        Empty if the kernels can do nothing for this network.
    """

    before: tuple[Stage, ...]
    convolutions: tuple[ConvBlock, ...]
    dense: tuple[DenseBlock, ...]


def make_plan(network: Network) -> Plan:
    """Cut a network into what the kernels carry out and what comes before.

    Examples
    --------
    >>> from inkgrad.network import seed_network
    >>> plan = make_plan(seed_network())
    >>> [(block.stage.name, block.pool) for block in plan.convolutions]
    [('conv1', 2), ('conv2', 2)]
    >>> [(block.stage.name, block.rectified) for block in plan.dense]
    [('dense1', True), ('dense2', False)]
    """
    stages = network.stages
    for start in range(len(stages)):
        blocks = _blocks(stages[start:])
        if blocks is not None:
            return Plan(stages[:start], *blocks)
    return Plan(stages, (), ())


def _blocks(
    stages: Sequence[Stage],
) -> tuple[tuple[ConvBlock, ...], tuple[DenseBlock, ...]] | None:
    """Return the blocks that all of these stages make, or None if they do not fit the form."""
    convolutions: list[ConvBlock] = []
    dense: list[DenseBlock] = []
    for stage in stages:
        layer, kind = stage.layer, type(stage.layer)  # not a subclass, which may do otherwise
        if not _is_known(layer):
            return None
        if kind is Dense:
            dense.append(DenseBlock(stage))
        elif kind is ReLU and dense:
            dense[-1] = replace(dense[-1], rectified=True)
        elif kind is Conv2D:
            convolutions.append(ConvBlock(stage))
        elif kind is ReLU and convolutions:
            convolutions[-1] = replace(convolutions[-1], rectified=True)
        elif kind is MaxPool2D and convolutions and convolutions[-1].pool == 1:
            convolutions[-1] = replace(convolutions[-1], pool=2)
        elif kind is not Flatten:
            return None
    if not dense or dense[-1].rectified or not isinstance(stages[-1].layer, (Dense, Flatten)):
        return None
    return tuple(convolutions), tuple(dense)


def _any(_: Any) -> bool:
    return True


def _is_pair(value: Any) -> bool:
    return all(isinstance(n, int) for n in value)


# What the kernels know of each layer: for each of its settings, which values. A layer with any
# other setting, or value, is not theirs, so nothing that they do not know can be ignored.
_KNOWN: dict[type[Layer], dict[str, Callable[[Any], bool]]] = {
    Conv2D: {
        "filters": _any,
        "size": _any,
        "stride": _any,
        "padding": _is_pair,  # the same on both sides
        "dilation": (1, 1).__eq__,
        "groups": (1).__eq__,
        "bias": True.__eq__,
    },
    Dense: {"outputs": _any},
    Flatten: {},
    MaxPool2D: {"size": (2, 2).__eq__, "stride": (2, 2).__eq__, "padding": (0, 0).__eq__},
    ReLU: {},
}


def _is_known(layer: Layer) -> bool:
    """Whether the kernels know a layer with all of its settings."""
    known = _KNOWN.get(type(layer))
    settings = {name: value for name, value in layer.to_config().items() if name != "type"}
    return known is not None and all(
        name in known and known[name](value) for name, value in settings.items()
    )
