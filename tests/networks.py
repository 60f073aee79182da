"""Random networks, for tests that run over whole networks: engines, oracles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from inkgrad.engines import ReferenceEngine
from inkgrad.layers import (
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    LeakyReLU,
    MaxPool2D,
    Parallel,
    ReLU,
)
from inkgrad.network import Network, Parameters


def random_network(rng: np.random.Generator) -> Network:
    """Draw a small network: convolutions and pools of any size and stride, then dense layers.

    ReLU stands before or after the pool or is missing; pools overlap or leave gaps; pictures are
    not square; one network in eight has no convolution at all.
    """
    shape = (int(rng.integers(1, 4)), int(rng.integers(5, 15)), int(rng.integers(5, 15)))
    layers: list[Layer] = []
    for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 2, 3])):
        block: list[Layer] = [_random_convolution(rng, Network([*layers, ReLU()], shape))]
        extras = [ReLU()] if rng.random() < 0.8 else []
        if rng.random() < 0.6:
            pool = _random_pool(rng, Network([*layers, *block], shape))
            extras.insert(int(rng.integers(0, len(extras) + 1)), pool)
        layers += block + extras
    layers.append(Flatten())
    for _ in range(rng.integers(0, 3)):
        layers += [Dense(int(rng.integers(1, 12))), ReLU()]
    return Network([*layers, Dense(int(rng.integers(2, 7)))], shape)


def random_block_network(rng: np.random.Generator) -> Network:
    """Draw a network that an engine may carry out in blocks: conv → ReLU? → 2×2 pool?, then dense.

    Everywhere numbers of channels, filters and outputs stand on either side of whole vectors and
    words, as do rows and columns; six convolutions in ten are 3×3 with stride 1. One network in
    four has no convolution, one in eight no pictures.
    """
    rows, columns = (int(n) for n in rng.integers(6, 30, 2))
    if rng.random() < 0.1:
        rows, columns = int(rng.integers(4, 8)), int(rng.integers(60, 70))
    shape: tuple[int, ...] = (int(rng.choice([1, 1, 3, 9, 17])), rows, columns)
    layers: list[Layer] = []
    for _ in range(rng.integers(0, 4)):
        layers += _random_block(rng, Network([*layers, ReLU()], shape))
        if min(Network(layers, shape).output_shape[1:]) < 2:
            break
    if layers or rng.random() < 0.5:
        layers.append(Flatten())
    else:
        shape = (int(rng.integers(1, 200)),)
    for _ in range(rng.integers(0, 3)):
        layers.append(Dense(int(rng.choice([3, 16, 17, 40, 64, 128, 150]))))
        layers += [ReLU()] if rng.random() < 0.8 else []
    return Network([*layers, Dense(int(rng.choice([2, 3, 5, 10, 16, 20, 345])))], shape)


def _random_block(rng: np.random.Generator, before: Network) -> list[Layer]:
    """Draw a convolution that fits what `before` gives, and what may follow it."""
    padding = [int(p) for p in rng.integers(0, 3, 2)]
    size, stride = [3, 3], [1, 1]
    if rng.random() < 0.4:
        size = rng.integers(1, 8, 2).tolist()
        stride = [1, 1] if rng.random() < 0.5 else rng.integers(1, 4, 2).tolist()
    sides = [n + 2 * p for n, p in _sides(before, padding)]
    size = [min(pair) for pair in zip(size, sides, strict=True)]
    filters = int(rng.choice([1, 3, 5, 8, 17, 33, 64, 70]))
    block: list[Layer] = [Conv2D(filters, size, stride, padding)]
    shape = block[0].output_shape(before.output_shape)
    extras: list[Layer] = [ReLU()] if rng.random() < 0.85 else []
    if rng.random() < 0.7 and min(shape[1:]) >= 2:
        extras.insert(int(rng.integers(0, len(extras) + 1)), MaxPool2D(2))
    return block + extras


def _random_convolution(rng: np.random.Generator, before: Network) -> Conv2D:
    """Draw a convolution that fits what `before` gives."""
    padding = rng.integers(0, 3, 2)
    size = [int(rng.integers(1, min(5, n + 2 * p) + 1)) for n, p in _sides(before, padding)]
    stride = rng.integers(1, 4, 2)
    return Conv2D(int(rng.integers(1, 5)), size, stride.tolist(), padding.tolist())


def any_network(rng: np.random.Generator) -> Network:
    """Draw a small network of all kinds of layers, with all of their settings."""
    shape = (int(rng.integers(1, 4)), int(rng.integers(5, 15)), int(rng.integers(5, 15)))
    layers: list[Layer] = []
    for _ in range(rng.integers(1, 4)):
        layers.append(_any_convolution(rng, Network([*layers, ReLU()], shape)))
        if rng.random() < 0.3:
            layers.append(_any_norm(rng))
        if rng.random() < 0.8:
            layers.append(rng.choice([ReLU(), LeakyReLU(float(rng.choice([0.0, 0.1, 0.5])))]))
        if rng.random() < 0.6:
            layers.append(_any_pool(rng, Network(layers, shape)))
        if rng.random() < 0.3:
            layers.append(_any_branches(rng, Network(layers, shape)))
    layers.append(Flatten() if rng.random() < 0.5 else GlobalAveragePool())
    for _ in range(rng.integers(0, 3)):
        layers += [Dense(int(rng.integers(1, 12))), LeakyReLU() if rng.random() < 0.5 else ReLU()]
        if rng.random() < 0.2:
            layers.append(rng.choice([Dropout(0.3), _any_norm(rng), Parallel([[ReLU()], []])]))
    return Network([*layers, Dense(int(rng.integers(2, 7)))], shape)


def all_layers(layers: Iterable[Layer]) -> Iterator[Layer]:
    """Yield layers, and those in their branches."""
    for layer in layers:
        yield layer
        if isinstance(layer, Parallel):
            for branch in layer.branches:
                yield from all_layers(branch)


def _any_norm(rng: np.random.Generator) -> BatchNorm:
    shard, momentum, epsilon = rng.integers(1, 9), rng.uniform(0.01, 1), 10 ** rng.uniform(-6, -2)
    return BatchNorm(int(shard), float(momentum), float(epsilon))


def _any_branches(rng: np.random.Generator, before: Network, depth: int = 0) -> Parallel:
    """Draw branches that fit what `before` gives, and each other; now and then one within one."""
    channels = before.output_shape[0]
    join = str(rng.choice(["add", "concatenate"]))
    branches: list[list[Layer]] = []
    for _ in range(rng.integers(1, 4)):
        branch: list[Layer] = []
        for _ in range(rng.integers(0, 3)):
            kind = rng.random()
            if kind < 0.5:
                size = int(rng.choice([1, 3]))
                filters = channels if join == "add" else int(rng.integers(1, 4))
                branch.append(Conv2D(filters, size, padding=size // 2, bias=kind < 0.3))
            elif kind < 0.9 or depth:
                branch.append(rng.choice([ReLU(), LeakyReLU(0.2), Dropout(0.1), _any_norm(rng)]))
            elif not branch:
                inner = _any_branches(rng, before, depth + 1)
                branch += [inner] if join == "concatenate" or inner.join == "add" else []
        branches.append(branch)
    return Parallel(branches, join)


def _any_convolution(rng: np.random.Generator, before: Network) -> Conv2D:
    """Draw a convolution with any settings that fits what `before` gives."""
    channels, *lengths = before.output_shape
    groups = int(rng.choice([g for g in range(1, channels + 1) if channels % g == 0]))
    dilation = rng.choice([1, 1, 2, 3], 2).tolist()
    sides = rng.integers(0, 3, (2, 2))
    if rng.random() < 0.5:
        sides[:, 1] = sides[:, 0]
    most = [
        (length + int(padding.sum()) - 1) // d + 1
        for length, padding, d in zip(lengths, sides, dilation, strict=True)
    ]
    return Conv2D(
        groups * int(rng.integers(1, 4)),
        [int(rng.integers(1, min(4, n) + 1)) for n in most],
        rng.integers(1, 3, 2).tolist(),
        sides.tolist(),
        dilation,
        groups,
        bool(rng.random() < 0.6),
    )


def _any_pool(rng: np.random.Generator, before: Network) -> Layer:
    size = [int(rng.integers(1, min(3, n) + 1)) for n in before.output_shape[1:]]
    stride = None if rng.random() < 0.5 else rng.integers(1, 3, 2).tolist()
    if rng.random() < 0.4:
        return AveragePool2D(size, stride)
    return MaxPool2D(size, stride, [int(rng.integers(0, f)) for f in size])


def _random_pool(rng: np.random.Generator, before: Network) -> MaxPool2D:
    """Draw a pool that fits what `before` gives."""
    size = [int(rng.integers(1, min(3, n) + 1)) for n, _ in _sides(before, (0, 0))]
    stride = None if rng.random() < 0.5 else rng.integers(1, 4, 2).tolist()
    return MaxPool2D(size, stride)


def _sides(network: Network, padding: Any) -> list[tuple[int, int]]:
    """Return (length, padding) of rows and of columns that `network` gives."""
    return list(zip(network.output_shape[1:], (int(p) for p in padding), strict=True))


def random_parameters(
    network: Network, rng: np.random.Generator, dtype: type = np.float64
) -> Parameters:
    """Draw He weights, and small biases too, so that their part in the sum is seen.

    So it is with scales, shifts and statistics, which would do nothing as they are at first.
    """
    parameters = network.initialise(rng, dtype)
    for name in parameters:
        if name.endswith((".bias", ".shift")):
            parameters[name] = rng.normal(0, 0.1, parameters[name].shape)
        elif name.endswith(".scale"):
            parameters[name] = rng.normal(1, 0.3, parameters[name].shape)
    for name, values in parameters.statistics.items():
        is_mean = name.endswith(".mean")
        drawn = rng.normal(0, 0.3, values.shape) if is_mean else rng.gamma(4, 0.25, values.shape)
        parameters.statistics[name] = drawn
    return parameters


def random_batch(
    network: Network,
    n: int,
    rng: np.random.Generator,
    dtype: type = np.float64,
    least_label: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw inputs in [0, 1], a third of them blank as paper is, and labels, from 0 or −1 on."""
    x = rng.random((n, *network.input_shape))
    x *= rng.random(x.shape) > 1 / 3
    return x.astype(dtype), rng.integers(least_label, network.output_shape[0], n)


def exact_parameters(network: Network, x: np.ndarray, rng: np.random.Generator) -> Parameters:
    """Draw multiples of 1/4, most of them 0, so that many sums are equal or 0.

    The last layer's are divided by a power of two that makes the logits at most 2: a probability
    near 1 would leave p − 1, and with it the whole gradient, few bits.
    """
    parameters = network.initialise()
    values = rng.integers(-3, 4, network.size) * (rng.random(network.size) < 0.3)
    parameters.vector[:] = values / 4
    largest = np.abs(ReferenceEngine(network).forward(parameters, x)).max()
    for name in ("weight", "bias"):
        scaled = parameters[f"{network.stages[-1].name}.{name}"]
        scaled /= 2 ** np.ceil(np.log2(max(largest, 1)))
    return parameters


def exact_batch(network: Network, n: int, rng: np.random.Generator, dtype: type = np.float32):
    """Draw inputs 0, 1, 2 with whole regions of blank paper, and some drawings blank altogether."""
    x = rng.integers(0, 3, (n, *network.input_shape)).astype(dtype)
    if x.ndim == 4:
        for drawing in x:
            top, left = (int(rng.integers(0, side + 1)) for side in drawing.shape[1:])
            drawing[:, top:] = 0
            drawing[:, :, left:] = 0
    return x, rng.integers(0, network.output_shape[0], n)
