"""The plan: a network cut into segments, each run by the kernels or by the layers themselves.

A segment of the kernels' is a part of the network of the form

    [ Conv → ReLU? → MaxPool 2×2? ]*  →  Flatten?  →  [ Dense → ReLU? ]*

with at least one convolution or dense layer (ReLU may stand before or after the pool, which is the
same). Each bracket becomes one block. Whatever else stands between, before or behind such segments
is left to the layers, which can run anything; so a layer that the kernels do not know costs only
itself.

Blocks are plain numbers in records, and all buffers are places in one array: compiled code reads
sizes at run time, so that another network costs no compiling.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from inkgrad.layers import Conv2D, Dense, Flatten, Layer, MaxPool2D, ReLU, Shape
from inkgrad.network import Network, Stage

__all__ = ["ConvBlock", "DenseBlock", "KernelSegment", "LayerSegment", "Plan", "make_plan"]


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
class LayerSegment:
    """Stages that are run by the layers themselves."""

    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class KernelSegment:
    """Stages that the kernels run together.

    Attributes
    ----------
    stages : tuple of Stage
    convolutions : tuple of ConvBlock
    dense : tuple of DenseBlock
    is_first : bool
        Whether it begins with the network's input: nobody asks for dx then.
    has_loss : bool
        Whether it ends with the network's logits: the loss is part of it then.
    """

    stages: tuple[Stage, ...]
    convolutions: tuple[ConvBlock, ...]
    dense: tuple[DenseBlock, ...]
    is_first: bool
    has_loss: bool


Plan = tuple[LayerSegment | KernelSegment, ...]


def make_plan(network: Network) -> Plan:
    """Cut a network into segments: each of the kernels' as long as it can be.

    Examples
    --------
    >>> from inkgrad.network import seed_network
    >>> (segment,) = make_plan(seed_network())
    >>> [(block.stage.name, block.pool) for block in segment.convolutions]
    [('conv1', 2), ('conv2', 2)]
    >>> [(block.stage.name, block.rectified) for block in segment.dense]
    [('dense1', True), ('dense2', False)]
    """
    stages, at = network.stages, 0
    segments: list[LayerSegment | KernelSegment] = []
    left: list[Stage] = []  # to the layers
    while at < len(stages):
        count, convolutions, dense = _longest(stages[at:])
        if not convolutions and not dense:
            left.append(stages[at])
            at += 1
            continue
        if left:
            segments.append(LayerSegment(tuple(left)))
            left = []
        end = at + count
        own, is_last = stages[at:end], end == len(stages)
        has_loss = is_last and bool(dense) and not dense[-1].rectified
        segments.append(KernelSegment(own, convolutions, dense, at == 0, has_loss))
        at = end
    if left:
        segments.append(LayerSegment(tuple(left)))
    return tuple(segments)


def _longest(
    stages: Sequence[Stage],
) -> tuple[int, tuple[ConvBlock, ...], tuple[DenseBlock, ...]]:
    """Return how many stages the kernels can run from the first on, and the blocks they make."""
    convolutions: list[ConvBlock] = []
    dense: list[DenseBlock] = []
    for count, stage in enumerate(stages):
        layer, kind = stage.layer, type(stage.layer)  # not a subclass, which may do otherwise
        if not _is_known(layer):
            return count, tuple(convolutions), tuple(dense)
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
            return count, tuple(convolutions), tuple(dense)
    return len(stages), tuple(convolutions), tuple(dense)


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
        "bias": _any,
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
