"""NumPy as one would write it: patches as columns, matrix products, Adam; 3×3 filters, pools of 2.

The seed network alone, on purpose in one short file that knows nothing of inkgrad's layers.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bench.trainers import LEARNING_RATE
from inkgrad.network import Parameters, seed_network

__all__ = ["NumpyTrainer", "numpy_trainers"]

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def numpy_trainers(
    first: Parameters, threads: int, batch: tuple[np.ndarray, np.ndarray] | None = None
) -> dict[str, NumpyTrainer]:
    """Return the contestant; none for another network.

    How many threads the matrix products have is decided when the process starts.
    """
    if first.network != seed_network(first.network.output_shape[0]):
        return {}
    return {"NumPy im2col": NumpyTrainer(first)}


class NumpyTrainer:
    """The seed network in NumPy, in training. Pictures are (n, H, W, C)."""

    def __init__(self, first: Mapping[str, np.ndarray]) -> None:
        self._first = {name: value.copy() for name, value in first.items()}
        for name in ("conv1.weight", "conv2.weight"):  # (K, C, 3, 3) → (3·3·C, K)
            weight = self._first[name]
            self._first[name] = weight.transpose(2, 3, 1, 0).reshape(-1, len(weight))
        dense = self._first["dense1.weight"].reshape(64, 7, 7, 128)  # rows in (C, H, W) order
        self._first["dense1.weight"] = dense.transpose(1, 2, 0, 3).reshape(3136, 128)
        self.restart()

    def take(self, x: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the batch with the channel last."""
        return np.ascontiguousarray(x.transpose(0, 2, 3, 1)), labels

    def restart(self) -> None:
        """Go back to the first weights."""
        self._weights = {name: value.copy() for name, value in self._first.items()}
        self._m = {name: np.zeros_like(value) for name, value in self._first.items()}
        self._v = {name: np.zeros_like(value) for name, value in self._first.items()}
        self._steps = 0

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs (n, classes)."""
        return self._forward(self.take(x, np.zeros(0))[0])[-1]

    def step(self, batch: tuple[np.ndarray, np.ndarray]) -> None:
        """Learn from one batch."""
        x, labels = batch
        self._steps += 1
        for name, g in self._gradients(x, labels).items():
            m, v, weight = self._m[name], self._v[name], self._weights[name]
            m += (1 - BETA1) * (g - m)
            v += (1 - BETA2) * (g * g - v)
            length = np.sqrt(v / (1 - BETA2**self._steps)) + EPSILON
            weight -= LEARNING_RATE / (1 - BETA1**self._steps) * m / length

    def _forward(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return both convolutions' columns, activations and pools, then the dense layers'."""
        w = self._weights
        columns1 = _columns(x)
        a1 = np.maximum(columns1 @ w["conv1.weight"] + w["conv1.bias"], 0)
        a1 = a1.reshape(len(x), 28, 28, 32)
        p1 = _pool(a1)
        columns2 = _columns(p1)
        a2 = np.maximum(columns2 @ w["conv2.weight"] + w["conv2.bias"], 0)
        a2 = a2.reshape(len(x), 14, 14, 64)
        p2 = _pool(a2)
        hidden = np.maximum(p2.reshape(len(x), -1) @ w["dense1.weight"] + w["dense1.bias"], 0)
        logits = hidden @ w["dense2.weight"] + w["dense2.bias"]
        return columns1, a1, p1, columns2, a2, p2, hidden, logits

    def _gradients(self, x: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
        w, n = self._weights, len(x)
        columns1, a1, p1, columns2, a2, p2, hidden, logits = self._forward(x)
        said = np.exp(logits - logits.max(axis=1, keepdims=True))
        d = said / said.sum(axis=1, keepdims=True)
        d[np.arange(n), labels] -= 1
        d /= n
        gradients = {"dense2.weight": hidden.T @ d, "dense2.bias": d.sum(axis=0)}
        d = (d @ w["dense2.weight"].T) * (hidden > 0)
        gradients["dense1.weight"] = p2.reshape(n, -1).T @ d
        gradients["dense1.bias"] = d.sum(axis=0)
        d = _unpool((d @ w["dense1.weight"].T).reshape(p2.shape), p2, a2).reshape(-1, 64)
        gradients["conv2.weight"], gradients["conv2.bias"] = columns2.T @ d, d.sum(axis=0)
        d = _unpool(_add_columns(d @ w["conv2.weight"].T, p1.shape), p1, a1).reshape(-1, 32)
        gradients["conv1.weight"], gradients["conv1.bias"] = columns1.T @ d, d.sum(axis=0)
        return gradients


def _columns(x: np.ndarray) -> np.ndarray:
    """Return each 3×3 patch of (n, H, W, C) as a row: (n·H·W, 3·3·C)."""
    n, h, w, c = x.shape
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    columns = np.empty((n, h, w, 9, c), x.dtype)
    for k in range(9):
        columns[:, :, :, k] = padded[:, k // 3 : k // 3 + h, k % 3 : k % 3 + w]
    return columns.reshape(n * h * w, 9 * c)


def _add_columns(columns: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Add each row back to its 3×3 patch: the transpose of `_columns`."""
    n, h, w, c = shape
    columns = columns.reshape(n, h, w, 9, c)
    padded = np.zeros((n, h + 2, w + 2, c), columns.dtype)
    for k in range(9):
        padded[:, k // 3 : k // 3 + h, k % 3 : k % 3 + w] += columns[:, :, :, k]
    return padded[:, 1:-1, 1:-1]


def _pool(a: np.ndarray) -> np.ndarray:
    """Return the maximum of each 2×2 window."""
    rows = np.maximum(a[:, ::2], a[:, 1::2])
    return np.maximum(rows[:, :, ::2], rows[:, :, 1::2])


def _unpool(d: np.ndarray, pooled: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Send each window's gradient to its first maximum, if that is above zero."""
    out = np.zeros_like(a)
    left = pooled > 0  # windows whose gradient has not found its place
    for i in range(2):
        for j in range(2):
            wins = left & (a[:, i::2, j::2] == pooled)
            out[:, i::2, j::2] = d * wins
            left &= ~wins
    return out
