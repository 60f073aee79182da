"""Other networks than the seed's: how ours compares with PyTorch where nobody has tuned for it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bench.ours import best_engine, our_trainers
from bench.pool import batches_of, pool
from bench.rivals.torch_net import torch_trainers
from bench.throughput import TORCH, throughput_rows
from bench.trainers import Trainer
from bench.training import race
from inkgrad.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Layer,
    MaxPool2D,
    Parallel,
    ReLU,
    Shape,
)
from inkgrad.network import Network, seed_network, sketch_network, tiny_network

__all__ = ["NETWORKS", "bench_networks", "pictures"]


def _block(filters: int, size: int = 3, pool: int | None = 2, stride: int = 1) -> list[Layer]:
    """Return convolution, ReLU and, unless `pool` is None, a pool."""
    conv = Conv2D(filters, size, stride=stride, padding=size // 2)
    return [conv, ReLU(), *([] if pool is None else [MaxPool2D(pool)])]


def _head(hidden: int = 128, classes: int = 5) -> list[Layer]:
    """Return the two dense layers at the end."""
    return [Flatten(), Dense(hidden), ReLU(), Dense(classes)]


def _normalised(filters: int, size: int = 3, *, groups: int = 1) -> list[Layer]:
    """Return a convolution, without a bias as the batch norm behind it has one, and that norm."""
    return [Conv2D(filters, size, padding=size // 2, groups=groups, bias=False), BatchNorm()]


def _residual_block(filters: int) -> list[Layer]:
    """Return x ↦ ReLU(f(x) + x) with two convolutions (He et al., 2016, figure 2)."""
    branch = [*_normalised(filters), ReLU(), *_normalised(filters)]
    return [Parallel([branch, []]), ReLU()]


def _separable_block(channels: int, filters: int) -> list[Layer]:
    """Return a depthwise 3×3 convolution and a pointwise one (Howard et al., 2017, MobileNets)."""
    depthwise = _normalised(channels, groups=channels)
    return [*depthwise, ReLU(), *_normalised(filters, 1), ReLU()]


def _mean_head(classes: int = 345) -> list[Layer]:
    """Return each map's mean and one dense layer."""
    return [GlobalAveragePool(), Dense(classes)]


NETWORKS: dict[str, Network] = {
    "tiny": tiny_network(345),
    "sketch": sketch_network(345),
    "sketch-wide": sketch_network(345, last=192),
    "residual": Network(
        [
            *(*_normalised(32), ReLU(), *_residual_block(32), MaxPool2D(2)),
            *(*_normalised(64), ReLU(), *_residual_block(64), MaxPool2D(2)),
            *(*_normalised(128), ReLU(), *_residual_block(128)),
            *_mean_head(),
        ]
    ),
    "depthwise": Network(
        [
            *(*_normalised(32), ReLU(), *_separable_block(32, 64), MaxPool2D(2)),
            *(*_separable_block(64, 128), *_separable_block(128, 128), MaxPool2D(2)),
            *(*_separable_block(128, 256), *_separable_block(256, 256)),
            *_mean_head(),
        ]
    ),
    "wider: 64 and 128 filters": Network([*_block(64), *_block(128), *_head()]),
    "deeper: 3 blocks": Network([*_block(32), *_block(64), *_block(128), *_head()]),
    "5×5 filters": Network([*_block(32, 5), *_block(64, 5), *_head()]),
    "stride 2, no pools": Network(
        [*_block(32, pool=None, stride=2), *_block(64, pool=None, stride=2), *_head()]
    ),
    "345 classes": seed_network(345),
    "64×64 pictures": Network([*_block(32), *_block(64), *_head()], (1, 64, 64)),
    "one block": Network([*_block(32), *_head()]),
    "dense only: 784-512-256-10": Network(
        [Flatten(), Dense(512), ReLU(), Dense(256), ReLU(), Dense(10)]
    ),
    "odd: 17 and 33 filters": Network([*_block(17), *_block(33), *_head(50, 7)]),
    "3 input channels": Network([*_block(32), *_block(64), *_head()], (3, 28, 28)),
    "2 convolutions, no pools": Network(
        [*_block(16, pool=None), *_block(16, pool=None), *_head(64)]
    ),
}

RIVALS: Callable[..., Mapping[str, Trainer]] = torch_trainers
"""As in `bench.training`; without a batch none is compiled."""


def bench_networks(
    names: list[str],
    *,
    batch: int,
    threads: int,
    rounds: int,
    seconds_a_turn: float,
    compiled: bool = False,
    on_network: Callable[[str], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Measure drawings a second in training, by network and contestant; of ours the best engine.

    Returns
    -------
    rows : list of dict
        As `throughput_rows` makes them, with ``network``, and ``ratio_to_best_torch`` for ours.
    """
    rows = []
    for name in names:
        on_network(name)
        network = NETWORKS[name]
        first = network.initialise(seed=0)
        batches = list(batches_of(*pictures(network, *pool()), batch))
        seconds = race(
            our_trainers(first, threads, [best_engine()]),
            functools.partial(RIVALS, threads=threads),
            first,
            batches,
            compiled=compiled,
            rounds=rounds,
            seconds_a_turn=seconds_a_turn,
        )
        rows += throughput_rows(
            seconds,
            batch=batch,
            threads=threads,
            network=name,
            compared_with={"ratio_to_best_torch": TORCH},
        )
    return rows


def pictures(network: Network, x: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return doodles enlarged and repeated to the network's input, with labels to match."""
    x = np.ascontiguousarray(_fit(x, network.input_shape))
    (classes,) = network.output_shape
    if classes > 5:  # as if there were so many kinds
        labels = np.random.default_rng(0).integers(0, classes, len(labels))
    return x, labels


def _fit(x: np.ndarray, shape: Shape) -> np.ndarray:
    """Return pictures (n, 1, 28, 28) with other channels, rows and columns."""
    channels, rows, columns = shape
    x = x[:, :, np.arange(rows) * x.shape[2] // rows]  # (n, 1, rows, 28)
    x = x[:, :, :, np.arange(columns) * x.shape[3] // columns]  # (n, 1, rows, columns)
    return np.repeat(x, channels, axis=1)  # (n, channels, rows, columns)
