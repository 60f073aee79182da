"""The plan: a network cut into segments, each run by the kernels or by the layers themselves.

A segment of the kernels' is a part of the network of the form

    [ Conv → ReLU? → MaxPool 2×2? ]*  →  Flatten?  →  [ Dense → ReLU? ]*

with at least one convolution or dense layer (ReLU may stand before or after the pool, which is the
same). Each bracket becomes one block. Its kernels live on what is sparse: behind a pool three of
four outputs have no gradient. Where that is not so, behind norms, in branches and where pools are
few, a *segment of maps* (see `inkgrad.engines.cpu.maps`) is quicker, for which every output counts.
Whatever else stands between, before or behind such segments is left to the layers, which can run
anything; so a layer that no kernel knows costs only itself.

Blocks are plain numbers in records, and all buffers are places in one array: compiled code reads
sizes at run time, so that another network costs no compiling.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from inkgrad.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Layer,
    LeakyReLU,
    MaxPool2D,
    Parallel,
    ReLU,
    Shape,
)
from inkgrad.network import Network, Stage

__all__ = [
    "ConvBlock",
    "DenseBlock",
    "KernelSegment",
    "LayerSegment",
    "MapsSegment",
    "Plan",
    "make_plan",
]


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
class MapsSegment:
    """Stages that are run by the kernels for maps.

    Attributes
    ----------
    stages : tuple of Stage
    is_first : bool
        Whether it begins with the network's input: nobody asks for dx then.
    """

    stages: tuple[Stage, ...]
    is_first: bool


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


Plan = tuple[LayerSegment | MapsSegment | KernelSegment, ...]


def make_plan(network: Network, *, folded: bool = False) -> Plan:
    """Cut a network into segments: each of the kernels' as long as it can be.

    Parameters
    ----------
    network : Network
    folded : bool
        Whether it is what `inkgrad.fold` made of another: it only answers then, and no gradient
        is sparse.

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
    segments: list[LayerSegment | MapsSegment | KernelSegment] = []
    left: list[Stage] = []  # to the layers
    while at < len(stages):
        maps = _maps(stages[at:], folded)
        count, convolutions, dense = _longest(stages[at:])
        if not maps and not convolutions and not dense:
            left.append(stages[at])
            at += 1
            continue
        if left:
            segments.append(LayerSegment(tuple(left)))
            left = []
        if maps:
            segments.append(MapsSegment(tuple(stages[at : at + maps]), at == 0))
            at += maps
            continue
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
        if not _is_known(layer, _KNOWN):
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


def _maps(stages: Sequence[Stage], folded: bool) -> int:
    """Return how many stages the kernels for maps should run from the first on.

    None, unless a norm or branches are among them, or were before they were folded away and most of
    the work is in convolutions without a pool. (So networks that have none keep sums that are exact
    wherever float32's are, which those of Winograd's F(4×4, 3×3) are not.)
    """
    count = 0
    while count < len(stages) and _is_map(stages[count]):
        count += 1
        if isinstance(stages[count - 1].layer, GlobalAveragePool):  # gives no maps
            break
    own = stages[:count]
    if not any(isinstance(stage.layer, (Conv2D, Parallel)) for stage in own):
        return 0
    is_dense = any(isinstance(stage.layer, (BatchNorm, Parallel)) for stage in own)
    return count if is_dense or (folded and _has_few_pools(own)) else 0


def _has_few_pools(stages: Sequence[Stage]) -> bool:
    """Whether most of the convolutions' work has no pool behind it."""
    work, pooled, behind = 0, 0, False
    for stage in reversed(stages):
        if isinstance(stage.layer, Conv2D):
            work += stage.multiply_adds
            pooled += stage.multiply_adds * behind
            behind = False
        elif isinstance(stage.layer, MaxPool2D):
            behind = True
    return 2 * pooled < work


def _is_map(stage: Stage) -> bool:
    """Whether the kernels for maps know a stage."""
    layer = stage.layer
    if len(stage.input_shape) != 3:
        return False
    if isinstance(layer, Conv2D) and layer.groups != 1:
        return layer.groups == layer.filters == stage.input_shape[0] and _is_known(
            layer, _KNOWN_MAPS
        )
    if type(layer) is not Parallel:
        return _is_known(layer, _KNOWN_MAPS)
    rows = layer.rows(stage.input_shape)
    if any(len(own.output_shape) != 3 or not _is_map(own) for row in rows for own in row):
        return False
    channels = [row[-1].output_shape[0] if row else stage.input_shape[0] for row in rows]
    # Side by side stand whole slabs alone.
    return layer.join == "add" or all(count % _SLAB == 0 for count in channels[:-1])


_SLAB = 16


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


_KNOWN_MAPS: dict[type[Layer], dict[str, Callable[[Any], bool]]] = {
    BatchNorm: {"shard": _any, "momentum": _any, "epsilon": _any},
    Conv2D: {
        "filters": _any,
        "size": _any,
        "stride": _any,
        "padding": _any,
        "dilation": _any,
        "groups": _any,
        "bias": _any,
    },
    GlobalAveragePool: {},
    LeakyReLU: {"slope": _any},
    MaxPool2D: _KNOWN[MaxPool2D],
    ReLU: {},
}


def _is_known(layer: Layer, table: dict[type[Layer], dict[str, Callable[[Any], bool]]]) -> bool:
    """Whether a table of what kernels know has a layer with all of its settings."""
    known = table.get(type(layer))
    settings = {name: value for name, value in layer.to_config().items() if name != "type"}
    return known is not None and all(
        name in known and known[name](value) for name, value in settings.items()
    )
