"""Small problems for the training tests, and comparing what two runs left behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inkgrad.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    MaxPool2D,
    Parallel,
    ReLU,
)
from inkgrad.network import Network
from inkgrad.training import (
    BEST,
    LAST,
    METRICS,
    ArrayBatches,
    Recipe,
    TrainingState,
    load_checkpoint,
    read_metrics,
)

CLASSES = 3


def tiny_network(filters: int = 4) -> Network:
    layers = [Conv2D(filters, 3, padding=1), ReLU(), MaxPool2D(2), Flatten(), Dense(CLASSES)]
    return Network(layers, input_shape=(1, 8, 8))


def modern_network() -> Network:
    """Return a network with statistics, chance and a branch."""
    block = [Conv2D(4, 3, padding=1, bias=False), BatchNorm(shard=8), ReLU()]
    layers = [*block, Parallel([[*block, Dropout(0.2)], []]), GlobalAveragePool(), Dense(CLASSES)]
    return Network(layers, input_shape=(1, 8, 8))


def network_of(recipe: str) -> Network:
    """Return the network that is trained with a recipe of `RECIPES`."""
    return modern_network() if recipe == "modern" else tiny_network()


def tiny_data(n: int, seed: int) -> ArrayBatches:
    """Draw noisy bars: class 0 across, class 1 upright, class 2 both."""
    rng = np.random.default_rng(seed)
    x = rng.random((n, 1, 8, 8), np.float32) * 0.5
    labels = rng.integers(0, CLASSES, n)
    for picture, label, place in zip(x[:, 0], labels, rng.integers(0, 8, (n, 2)), strict=True):
        if label != 1:
            picture[place[0], :] += 0.5
        if label != 0:
            picture[:, place[1]] += 0.5
    return ArrayBatches(x, labels)


TRAIN = tiny_data(70, seed=1)  # batches of 16: four whole ones and a ragged one of 6
VALIDATION = tiny_data(40, seed=2)

RECIPES = {
    "averaged": Recipe(epochs=3, batch_size=16, learning_rate=0.01, averaging=0.9),
    "modern": Recipe(epochs=3, batch_size=16, learning_rate=0.02, averaging=0.8),
    "adam": Recipe(epochs=3, batch_size=16, learning_rate=0.01, schedule="constant"),
    "adamw-cosine": Recipe(
        epochs=3,
        batch_size=16,
        optimizer="adamw",
        learning_rate=0.01,
        schedule="cosine",
        warmup=0.3,
        weight_decay=0.1,
        clip_norm=0.1,
        label_smoothing=0.1,
    ),
    "sgd-one-cycle": Recipe(
        epochs=3,
        batch_size=16,
        optimizer="sgd",
        nesterov=True,
        learning_rate=0.1,
        schedule="one-cycle",
        weight_decay=1e-3,
        patience=5,
    ),
}


def without_seconds(records: list[dict]) -> list[dict]:
    return [{k: v for k, v in record.items() if k != "seconds"} for record in records]


def left_behind(folder: Path, network: Network | None = None) -> dict:
    """Return all that a run wrote, times excepted, in a form that compares bit by bit."""
    found: dict = {"metrics": without_seconds(read_metrics(folder / METRICS))}
    for name in (LAST, BEST):
        if (folder / name).exists():
            found[name] = state_bits(load_checkpoint(folder / name, network or tiny_network()))
    return found


def state_bits(state: TrainingState) -> dict:
    return {
        **{name: array.tobytes() for name, array in state.named_arrays()},
        "place": (state.epoch, state.step, state.optimizer.steps),
        "tallies": (state.epoch_tally, state.window),
        "records": without_seconds(state.records),
        "rest": (state.recipe, state.engine, state.data, state.validation),
    }
