"""What only tests need in plain loops; forward passes are in `inkgrad.insight.loops`."""

from __future__ import annotations

import math

import numpy as np

from inkgrad.insight.loops import Pair, places
from inkgrad.layers import Array


def average_pool_backward(dy: Array, x_shape: tuple[int, ...], size: Pair, stride: Pair) -> Array:
    """Give every cell of a window the same share of its gradient."""
    dx = np.zeros(x_shape, dy.dtype)
    rows = places(x_shape[2], size[0], stride[0])
    cols = places(x_shape[3], size[1], stride[1])
    for b, c, u, v in np.ndindex(*dy.shape):
        for r in range(rows[u], rows[u] + size[0]):
            for t in range(cols[v], cols[v] + size[1]):
                dx[b, c, r, t] += dy[b, c, u, v] / (size[0] * size[1])
    return dx


def measured(x: Array) -> tuple[Array, Array]:
    """Return the mean and the variance of each channel, over drawings and places."""
    channels = [[float(v) for v in x[:, c].ravel()] for c in range(x.shape[1])]
    means = [sum(values) / len(values) for values in channels]
    spreads = [
        sum((v - mean) ** 2 for v in values) / len(values)
        for values, mean in zip(channels, means, strict=True)
    ]
    return np.array(means), np.array(spreads)


def normalised_backward(
    x: Array,
    dy: Array,
    mean: Array,
    variance: Array,
    scale: Array,
    epsilon: float,
    training: bool,
) -> tuple[Array, Array, Array]:
    """Return dx, dscale and dshift; in training by dx̂/dx of every pair of numbers of a channel."""
    dx, dscale, dshift = np.zeros_like(x), np.zeros_like(mean), np.zeros_like(mean)
    for c in range(x.shape[1]):
        numbers, given = x[:, c].ravel(), dy[:, c].ravel()
        rate = 1 / math.sqrt(variance[c] + epsilon)
        normal = (numbers - mean[c]) * rate
        found = np.zeros(len(numbers))
        for i in range(len(numbers)):
            for j in range(len(numbers)):
                slope = rate * (i == j)  # of x̂_j by x_i
                if training:
                    slope -= rate * (1 + normal[i] * normal[j]) / len(numbers)
                found[i] += given[j] * scale[c] * slope
        dx[:, c] = found.reshape(x[:, c].shape)
        dscale[c], dshift[c] = float(given @ normal), float(given.sum())
    return dx, dscale, dshift


def cross_entropy(logits: Array, labels: Array, smoothing: float = 0.0) -> float:
    """Return the mean over drawings of −Σ t[k] · log p[k], the exponentials taken as they are.

    A drawing labelled −1 should be any of the classes with equal probability.
    """
    n, classes = logits.shape
    total: float = 0.0
    for b in range(n):
        normaliser = sum(math.exp(z) for z in logits[b])
        for k in range(classes):
            target = smoothing / classes
            if labels[b] == -1:
                target = 1.0 / classes
            elif k == labels[b]:
                target += 1.0 - smoothing
            total -= target * math.log(math.exp(logits[b, k]) / normaliser)
    return float(total / n)


def max_pool_backward(dy: Array, where: Array, x_shape: tuple[int, ...]) -> Array:
    """Give each window's gradient to the cell where its maximum was first found."""
    dx = np.zeros(x_shape, dy.dtype)
    for b, c, u, v in np.ndindex(*dy.shape):
        r, t = where[b, c, u, v]
        dx[b, c, r, t] += dy[b, c, u, v]
    return dx
