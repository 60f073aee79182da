"""Small problems for the training tests, and comparing what two runs left behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inkgrad.engines import AdamRule, Learnt, ReferenceEngine
from inkgrad.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU
from inkgrad.network import Network, Parameters
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


class Learner(ReferenceEngine):
    """A stand-in for an engine that learns in one go: the reference's gradient, then the rule."""

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        self.learnt = 0  # how often it was asked to

    def learn(
        self,
        parameters: Parameters,
        x: np.ndarray,
        labels: np.ndarray,
        rule: AdamRule,
        *,
        label_smoothing: float = 0.0,
    ) -> Learnt:
        self.learnt += 1
        loss, logits, g = self.gradients(parameters, x, labels, label_smoothing=label_smoothing)
        rule.m[:] = rule.beta1 * rule.m + (1 - rule.beta1) * g
        rule.v[:] = rule.beta2 * rule.v + (1 - rule.beta2) * g * g
        move = rule.m / (np.sqrt(rule.correction * rule.v) + rule.epsilon)
        parameters.vector[:] -= rule.step_size * move
        return Learnt(loss, logits, float(np.linalg.norm(g.astype(np.float64))))


def without_seconds(records: list[dict]) -> list[dict]:
    return [{k: v for k, v in record.items() if k != "seconds"} for record in records]


def left_behind(folder: Path) -> dict:
    """Return all that a run wrote, times excepted, in a form that compares bit by bit."""
    found: dict = {"metrics": without_seconds(read_metrics(folder / METRICS))}
    for name in (LAST, BEST):
        if (folder / name).exists():
            found[name] = state_bits(load_checkpoint(folder / name, tiny_network()))
    return found


def state_bits(state: TrainingState) -> dict:
    return {
        **{name: array.tobytes() for name, array in state.named_arrays()},
        "place": (state.epoch, state.step, state.optimizer.steps),
        "tallies": (state.epoch_tally, state.window),
        "records": without_seconds(state.records),
        "rest": (state.recipe, state.engine, state.data, state.validation),
    }
