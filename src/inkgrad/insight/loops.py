"""The layers' forward passes in plain loops, straight from their formulas: slow and obvious."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from inkgrad.layers import Array

__all__ = [
    "average_pool",
    "convolution",
    "dense",
    "max_pool",
    "normalised",
    "places",
]

Pair = tuple[int, int]


def places(length: int, size: int, stride: int, padding: int = 0) -> list[int]:
    """Return where windows start on a padded axis, by walking along it."""
    starts, start = [], 0
    while start + size <= length + 2 * padding:
        starts.append(start)
        start += stride
    return starts


def convolution(
    x: Array,
    weight: Array,
    bias: Array | None,
    stride: Pair,
    padding: tuple[Pair, Pair],
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Array:
    """y[b,k,u,v] = Σ w[k,c,i,j] · x[b,g(k)+c,su+di−p,sv+dj−p] + β[k], cells outside being 0.

    g(k) is the first channel of the filter's group.
    """
    n, _, height, width = x.shape
    filters, channels, fh, fw = weight.shape
    (top, bottom), (left, right) = padding
    down, across = dilation
    rows = places(height + top + bottom, down * (fh - 1) + 1, stride[0])
    cols = places(width + left + right, across * (fw - 1) + 1, stride[1])
    y = np.zeros((n, filters, len(rows), len(cols)), x.dtype)
    for b in range(n):
        for k in range(filters):
            first = k // (filters // groups) * channels
            for u, upper in enumerate(rows):
                for v, outer in enumerate(cols):
                    total: Any = 0 if bias is None else bias[k]
                    for c in range(channels):
                        for i in range(fh):
                            for j in range(fw):
                                r, t = upper + down * i - top, outer + across * j - left
                                if 0 <= r < height and 0 <= t < width:
                                    total += weight[k, c, i, j] * x[b, first + c, r, t]
                    y[b, k, u, v] = total
    return y


def max_pool(x: Array, size: Pair, stride: Pair, padding: Pair = (0, 0)) -> tuple[Array, Array]:
    """Return the maxima, and where each was first found in row-major order: (…, 2) indices."""
    n, channels, height, width = x.shape
    rows = places(height, size[0], stride[0], padding[0])
    cols = places(width, size[1], stride[1], padding[1])
    y = np.zeros((n, channels, len(rows), len(cols)), x.dtype)
    where = np.zeros((*y.shape, 2), int)
    for b in range(n):
        for c in range(channels):
            for u, top in enumerate(rows):
                for v, left in enumerate(cols):
                    best = -math.inf
                    for r in range(top - padding[0], top - padding[0] + size[0]):
                        for t in range(left - padding[1], left - padding[1] + size[1]):
                            if not (0 <= r < height and 0 <= t < width):
                                continue
                            if x[b, c, r, t] > best:
                                best = x[b, c, r, t]
                                where[b, c, u, v] = r, t
                    y[b, c, u, v] = best
    return y, where


def average_pool(x: Array, size: Pair, stride: Pair) -> Array:
    """Return the mean of each window."""
    n, channels, height, width = x.shape
    rows, cols = places(height, size[0], stride[0]), places(width, size[1], stride[1])
    y = np.zeros((n, channels, len(rows), len(cols)), x.dtype)
    for b, c, u, v in np.ndindex(*y.shape):
        for r in range(rows[u], rows[u] + size[0]):
            for t in range(cols[v], cols[v] + size[1]):
                y[b, c, u, v] += x[b, c, r, t] / (size[0] * size[1])
    return y


def dense(x: Array, weight: Array, bias: Array) -> Array:
    """y[b,k] = Σ x[b,i] · w[i,k] + β[k]."""
    n, inputs = x.shape
    outputs = weight.shape[1]
    y = np.zeros((n, outputs), x.dtype)
    for b in range(n):
        for k in range(outputs):
            y[b, k] = bias[k]
            for i in range(inputs):
                y[b, k] += x[b, i] * weight[i, k]
    return y


def normalised(
    x: Array, mean: Array, variance: Array, scale: Array, shift: Array, epsilon: Any
) -> Array:
    """y[b,c,…] = scale[c] · (x[b,c,…] − mean[c]) / √(variance[c] + ε) + shift[c]."""
    y = np.zeros_like(x)
    for place in np.ndindex(*x.shape):
        c = place[1]
        deviation = np.sqrt(variance[c] + epsilon)
        y[place] = scale[c] * (x[place] - mean[c]) / deviation + shift[c]
    return y
