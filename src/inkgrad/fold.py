"""Folding: of a network that only answers, the same function with fewer layers.

When a network answers, batch norm is a scale and a shift for each channel, x ↦ a·x + b with
a = γ/√(σ² + ε) and b = β − μ·a. What is linear can take it in:

    conv or dense, then norm:     a·(W x + c) + b = (a W) x + (a c + b)
    norm, then conv or dense:     W (a·x + b) + c = (W a) x + (W b + c)

(the second without padding, which is 0 and not b).

An average commutes with it, so it passes through average pools; and through the maximum, where no a
is negative. Dropout does nothing any more. A branch that stands alone is a part of the row, and
convolutions of equal strides that are added, an identity among them, are one convolution with the
sum of their weights (X. Ding et al., *RepVGG: Making VGG-style ConvNets Great Again*, 2021).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from inkgrad.layers import (
    Array,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    MaxPool2D,
    Parallel,
    Shape,
)
from inkgrad.layers.conv import both_sides
from inkgrad.layers.row import Stage
from inkgrad.memory import aligned_zeros
from inkgrad.network import Network, Parameters

__all__ = ["fold"]


@dataclass(frozen=True)
class _Node:
    """A layer with its own numbers in float64, or a `Parallel` with the nodes of its branches."""

    layer: Any  # a Layer; each rule below knows the settings of its own kind
    shape: Shape  # of its input
    numbers: dict[str, Array]
    branches: tuple[tuple[_Node, ...], ...] = ()


_Row = tuple[_Node, ...]


def fold(network: Network, numbers: Parameters) -> tuple[Network, Parameters]:
    """Return a network that answers as this one does, with what can be folded folded away.

    Where nothing can be, network and numbers are returned as they are. Else the new numbers are
    copies, worked out in float64, and of the dtype of the old ones. A last dense layer is given
    what it was given before, so that features (see `inkgrad.features`) stay what they were.

    Parameters
    ----------
    network : Network
    numbers : Parameters
        With the statistics that the network has measured.

    Examples
    --------
    >>> network = Network([Conv2D(8, 3, bias=False), BatchNorm(), Dropout(), Flatten(), Dense(5)])
    >>> folded, numbers = fold(network, network.initialise(seed=0))
    >>> [stage.name for stage in folded.stages]
    ['conv1', 'flatten1', 'dense1']
    >>> list(numbers)
    ['conv1.weight', 'conv1.bias', 'dense1.weight', 'dense1.bias']
    """
    if not any(isinstance(layer, (BatchNorm, Dropout, Parallel)) for layer in network.layers):
        return network, numbers
    *before, last = _nodes(network.stages, numbers.numbers)
    if isinstance(last.layer, Dense):
        row = (*_fold_row(tuple(before)), last)
    else:
        row = _fold_row((*before, last))
    if not row:
        return network, numbers
    made = Network([node.layer for node in row], network.input_shape)
    folded = Parameters(made, aligned_zeros(made.size, numbers.vector.dtype))
    for name, values in _named(row, made.stages):
        (folded if name in made.layout else folded.statistics)[name] = values
    return made, folded


def _nodes(stages: Sequence[Stage], numbers: Mapping[str, Array]) -> _Row:
    """Return stages with their numbers."""
    nodes = []
    for stage in stages:
        prefix = f"{stage.name}."
        own = {
            name.removeprefix(prefix): np.asarray(values, np.float64)
            for name, values in numbers.items()
            if name.startswith(prefix)
        }
        branches: tuple[_Row, ...] = ()
        if isinstance(stage.layer, Parallel):
            rows = stage.layer.rows(stage.input_shape)
            branches = tuple(
                _nodes(
                    inner,
                    {
                        name.removeprefix(f"{k}."): values
                        for name, values in own.items()
                        if name.startswith(f"{k}.")
                    },
                )
                for k, inner in enumerate(rows, start=1)
            )
            own = {}
        nodes.append(_Node(stage.layer, stage.input_shape, own, branches))
    return tuple(nodes)


def _named(row: _Row, stages: Sequence[Stage], prefix: str = "") -> Iterator[tuple[str, Array]]:
    """Yield a row's numbers by the names that they have in a network."""
    for node, stage in zip(row, stages, strict=True):
        for name, values in node.numbers.items():
            yield f"{prefix}{stage.name}.{name}", values
        if isinstance(stage.layer, Parallel):
            rows = stage.layer.rows(stage.input_shape)
            for k, (inner, theirs) in enumerate(zip(node.branches, rows, strict=True), start=1):
                yield from _named(inner, theirs, f"{prefix}{stage.name}.{k}.")


def _fold_row(row: _Row) -> _Row:
    """Fold a row from the first layer to the last; then what has to look ahead."""
    done: _Row = ()
    for node in row:
        if isinstance(node.layer, Dropout):
            continue
        if isinstance(node.layer, Parallel):
            done = (*done, *_fold_branches(node))
        elif isinstance(node.layer, BatchNorm):
            done = _scaled(done, *_scale_and_shift(node)) or (*done, node)
        else:
            done = (*done, node)
    return _look_ahead(done)


def _scale_and_shift(norm: _Node) -> tuple[Array, Array]:
    """Return a and b of each channel."""
    numbers, epsilon = norm.numbers, norm.layer.epsilon
    a = numbers["scale"] / np.sqrt(numbers["variance"] + float(epsilon))
    return a, numbers["shift"] - numbers["mean"] * a


def _scaled(row: _Row, a: Array, b: Array) -> _Row | None:
    """Return a row that gives a·y + b where this one gives y; None if no layer can take it in."""
    if not row:
        return None
    last = row[-1]
    layer, numbers = last.layer, last.numbers
    if isinstance(layer, Conv2D):
        old = numbers.get("bias", np.zeros(layer.filters))
        taken = {"weight": numbers["weight"] * a[:, None, None, None], "bias": old * a + b}
        return (*row[:-1], replace(last, layer=replace(layer, bias=True), numbers=taken))
    if isinstance(layer, Dense):
        taken = {"weight": numbers["weight"] * a, "bias": numbers["bias"] * a + b}
        return (*row[:-1], replace(last, numbers=taken))
    if isinstance(layer, BatchNorm):
        taken = {**numbers, "scale": numbers["scale"] * a, "shift": numbers["shift"] * a + b}
        return (*row[:-1], replace(last, numbers=taken))
    commutes = isinstance(layer, (AveragePool2D, GlobalAveragePool))
    if commutes or (isinstance(layer, MaxPool2D) and (a >= 0).all()):
        before = _scaled(row[:-1], a, b)
        return None if before is None else (*before, last)
    if isinstance(layer, Parallel):
        branches = _scaled_branches(last, a, b)
        return None if branches is None else (*row[:-1], _parallel(last, branches))
    return None


def _scaled_branches(node: _Node, a: Array, b: Array) -> tuple[_Row, ...] | None:
    """Return branches that give a·y + b together, if each can take its part in."""
    scaled: list[_Row] = []
    first = 0
    for k, branch in enumerate(node.branches):
        if node.layer.join == "add":
            own = _scaled(branch, a, b if k == 0 else np.zeros_like(b))
        else:
            width = branch[-1].layer.output_shape(branch[-1].shape)[0] if branch else node.shape[0]
            own = _scaled(branch, a[first : first + width], b[first : first + width])
            first += width
        if own is None:
            return None
        scaled.append(own)
    return tuple(scaled)


def _look_ahead(row: _Row) -> _Row:
    """Let the layer behind a norm that is left take it in, if that multiplies, without padding."""
    done = list(row)
    for i, node in reversed(list(enumerate(done))):
        if not isinstance(node.layer, BatchNorm):
            continue
        a, b = _scale_and_shift(node)
        for j in range(i + 1, len(done)):
            layer = done[j].layer
            if isinstance(layer, Flatten):
                each = int(np.prod(done[j].shape)) // len(a)
                a, b = np.repeat(a, each), np.repeat(b, each)
                continue
            if isinstance(layer, (AveragePool2D, GlobalAveragePool)):
                continue
            taken = _fed(done[j], a, b)
            if taken is not None:
                done[j] = taken
                del done[i]
            break
    return tuple(done)


def _fed(node: _Node, a: Array, b: Array) -> _Node | None:
    """Return a layer that does with x what this one does with a·x + b, or None."""
    layer, numbers = node.layer, node.numbers
    if isinstance(layer, Dense):
        bias = numbers["bias"] + b @ numbers["weight"]
        return replace(node, numbers={"weight": a[:, None] * numbers["weight"], "bias": bias})
    if isinstance(layer, Conv2D) and both_sides(layer.padding, "padding") == ((0, 0), (0, 0)):
        weight = numbers["weight"]  # (filters, channels of a group, rows, columns)
        each = weight.shape[1]
        # Which channels each filter sees.
        seen = np.arange(layer.filters) // (layer.filters // layer.groups) * each
        channels = seen[:, None] + np.arange(each)  # (filters, channels of a group)
        bias = numbers.get("bias", np.zeros(layer.filters))
        bias = bias + (weight.sum(axis=(2, 3)) * b[channels]).sum(axis=1)
        taken = {"weight": weight * a[channels][:, :, None, None], "bias": bias}
        return replace(node, layer=replace(layer, bias=True), numbers=taken)
    return None


def _fold_branches(node: _Node) -> _Row:
    """Return what is left of branches when each is folded."""
    branches = tuple(_fold_row(branch) for branch in node.branches)
    if len(branches) == 1:
        return branches[0]
    if node.layer.join == "add":
        convolutions = [_as_convolution(branch, node.shape) for branch in branches]
        whole = [each for each in convolutions if each is not None]
        summed = _sum(whole) if len(whole) == len(branches) else None
        if summed is not None:
            return (summed,)
    return (_parallel(node, branches),)


def _parallel(node: _Node, branches: tuple[_Row, ...]) -> _Node:
    rows = tuple(tuple(each.layer for each in branch) for branch in branches)
    return replace(node, layer=replace(node.layer, branches=rows), branches=branches)


def _as_convolution(row: _Row, shape: Shape) -> _Node | None:
    """Return a branch that is one convolution, or an identity of pictures written as one."""
    if not row and len(shape) == 3:
        weight = np.eye(shape[0])[:, :, None, None]
        layer = Conv2D(shape[0], 1)
        return _Node(layer, shape, {"weight": weight, "bias": np.zeros(shape[0])})
    if len(row) != 1 or not isinstance(row[0].layer, Conv2D):
        return None
    node = row[0]
    return node if node.layer.dilation == (1, 1) and node.layer.groups == 1 else None


def _sum(nodes: Sequence[_Node]) -> _Node | None:
    """Return one convolution in place of several that are added, if one can do it."""
    layers = [node.layer for node in nodes]
    if len({layer.stride for layer in layers}) > 1:
        return None
    size: list[int] = []
    padding: Any = []
    offsets = []  # of each layer's first tap from the sum's first, for rows and columns
    for axis in (0, 1):
        sides = [both_sides(layer.padding, "padding")[axis] for layer in layers]
        before = max(side[0] for side in sides)
        reach = max(layer.size[axis] - side[0] for layer, side in zip(layers, sides, strict=True))
        after = sum(sides[0]) - layers[0].size[axis] + reach
        size.append(before + reach)
        padding.append((before, after))
        offsets.append([before - side[0] for side in sides])
    filters, channels = nodes[0].numbers["weight"].shape[:2]
    weight, bias = np.zeros((filters, channels, *size)), np.zeros(filters)
    for node, y, x in zip(nodes, *offsets, strict=True):
        own = node.numbers["weight"]
        weight[:, :, y : y + own.shape[2], x : x + own.shape[3]] += own
        bias += node.numbers.get("bias", 0)
    layer = Conv2D(filters, (size[0], size[1]), layers[0].stride, tuple(padding))
    return _Node(layer, nodes[0].shape, {"weight": weight, "bias": bias})
