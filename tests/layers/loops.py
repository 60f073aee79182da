"""The layers' forward passes in plain loops, straight from their formulas: slow and obvious."""

from __future__ import annotations

import math

import numpy as np

Pair = tuple[int, int]


def places(length: int, size: int, stride: int, padding: int = 0) -> list[int]:
    """Return where windows start on a padded axis, by walking along it."""
    starts, start = [], 0
    while start + size <= length + 2 * padding:
        starts.append(start)
        start += stride
    return starts


def convolution(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: Pair, padding: Pair
) -> np.ndarray:
    """y[b,k,u,v] = Σ w[k,c,i,j] · x[b,c,su+i−p,sv+j−p] + β[k], cells outside being 0."""
    n, channels, height, width = x.shape
    filters, _, fh, fw = weight.shape
    rows = places(height, fh, stride[0], padding[0])
    cols = places(width, fw, stride[1], padding[1])
    y = np.zeros((n, filters, len(rows), len(cols)), x.dtype)
    for b in range(n):
        for k in range(filters):
            for u, top in enumerate(rows):
                for v, left in enumerate(cols):
                    total = bias[k]
                    for c in range(channels):
                        for i in range(fh):
                            for j in range(fw):
                                r, t = top + i - padding[0], left + j - padding[1]
                                if 0 <= r < height and 0 <= t < width:
                                    total += weight[k, c, i, j] * x[b, c, r, t]
                    y[b, k, u, v] = total
    return y


def max_pool(x: np.ndarray, size: Pair, stride: Pair) -> tuple[np.ndarray, np.ndarray]:
    """Return the maxima, and where each was first found in row-major order: (…, 2) indices."""
    n, channels, height, width = x.shape
    rows, cols = places(height, size[0], stride[0]), places(width, size[1], stride[1])
    y = np.zeros((n, channels, len(rows), len(cols)), x.dtype)
    where = np.zeros((*y.shape, 2), int)
    for b in range(n):
        for c in range(channels):
            for u, top in enumerate(rows):
                for v, left in enumerate(cols):
                    best = -math.inf
                    for r in range(top, top + size[0]):
                        for t in range(left, left + size[1]):
                            if x[b, c, r, t] > best:
                                best = x[b, c, r, t]
                                where[b, c, u, v] = r, t
                    y[b, c, u, v] = best
    return y, where


def max_pool_backward(dy: np.ndarray, where: np.ndarray, x_shape: tuple[int, ...]) -> np.ndarray:
    """Give each window's gradient to the cell where its maximum was first found."""
    dx = np.zeros(x_shape, dy.dtype)
    for b, c, u, v in np.ndindex(*dy.shape):
        r, t = where[b, c, u, v]
        dx[b, c, r, t] += dy[b, c, u, v]
    return dx


def dense(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
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


def cross_entropy(logits: np.ndarray, labels: np.ndarray, smoothing: float = 0.0) -> float:
    """Return the mean over drawings of −Σ t[k] · log p[k], the exponentials taken as they are."""
    n, classes = logits.shape
    total = 0.0
    for b in range(n):
        normaliser = sum(math.exp(z) for z in logits[b])
        for k in range(classes):
            target = smoothing / classes
            if k == labels[b]:
                target += 1.0 - smoothing
            total -= target * math.log(math.exp(logits[b, k]) / normaliser)
    return total / n
