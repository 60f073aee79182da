"""Ablation: how much less a class is believed when a part of the input is taken away."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from inkgrad.errors import ShapeError
from inkgrad.layers import Array, Shape

__all__ = ["Patch", "falls", "log_odds", "occlude", "occlusion_map", "patches"]

Logits = Callable[[Array], Array]
"""x (n, *input shape) → logits (n, K)."""

Patch = tuple[slice, slice]
"""The rows and columns of a patch."""

_SHARE = 7  # a patch is a seventh of the picture: 4 of 28 pixels
_STEPS = 14  # and is moved by half of that
_BATCH = 32  # inputs at once: bounds the memory


def log_odds(logits: Array, k: int) -> Array:
    r"""Return how class k stands against all others, for each row of logits (n, K): (n,) float64.

    $$ \log \frac{p_k}{1 - p_k} = z_k - \log \sum_{l \neq k} e^{z_l} $$

    Unlike the probability, it still moves where that is close to 0 or 1: 0 is 50 %, 2.2 is 90 %,
    4.6 is 99 %.

    Raises
    ------
    ShapeError
        If there is no other class.

    Examples
    --------
    >>> round(float(log_odds(np.log([[0.9, 0.04, 0.06]]), 0)[0]), 3)      # log(0.9 / 0.1)
    2.197
    """
    if logits.shape[1] < 2:
        raise ShapeError("an explanation compares a class with others; this network has only one")
    wide = logits.astype(np.float64)
    others = np.delete(wide, k, axis=1)  # (n, K - 1)
    most = others.max(axis=1)  # (n,)
    return np.asarray(wide[:, k] - most - np.log(np.exp(others - most[:, None]).sum(axis=1)))


def falls(logits_of: Logits, whole: Array, left: Sequence[Array], k: int) -> Array:
    """Return by how much the log-odds of class k fall if only what is `left` is seen.

    Parameters
    ----------
    logits_of : callable
    whole : array of the network's input shape
    left : sequence of arrays of that shape
        The input with a part taken away, each.
    k : int

    Returns
    -------
    falls : float64 array (len(left),)
        Positive: what was taken away speaks for the class. Exactly 0 where nothing was there.

    Examples
    --------
    >>> twice = lambda x: np.stack([2 * x.sum(axis=(1, 2, 3)), np.zeros(len(x))], axis=1)
    >>> falls(twice, np.ones((1, 2, 2)), [np.zeros((1, 2, 2)), np.ones((1, 2, 2))], k=0)
    array([8., 0.])
    """
    found = np.zeros(len(left))
    changed = [i for i, x in enumerate(left) if not np.array_equal(x, whole)]
    (before,) = log_odds(logits_of(whole[None]), k)
    for start in range(0, len(changed), _BATCH):
        part = changed[start : start + _BATCH]
        found[part] = before - log_odds(logits_of(np.stack([left[i] for i in part])), k)
    return found


def patches(shape: Shape) -> list[Patch]:
    """Return where a patch of paper is laid on a picture (channels, rows, columns).

    It is a seventh of the picture in each direction and moves by half of that, so that every pixel
    is covered, most of them by four patches.

    Examples
    --------
    >>> len(patches((1, 28, 28))), patches((1, 28, 28))[1]
    (169, (slice(0, 4, None), slice(2, 6, None)))
    """
    rows, columns = (_spans(length) for length in shape[1:])
    return [(down, across) for down in rows for across in columns]


def occlude(x: Array, patch: Patch) -> Array:
    """Return one input (channels, rows, columns) with a patch of paper on it."""
    covered: Array = x.copy()
    covered[:, patch[0], patch[1]] = 0
    return covered


def occlusion_map(shape: Shape, lost: Array) -> Array:
    """Return, for each pixel, the mean of what was lost by the patches that cover it.

    Parameters
    ----------
    shape : (channels, rows, columns)
    lost : array (patches,)
        In the order of `patches`.

    Returns
    -------
    picture : float64 array (rows, columns)

    References
    ----------
    M. D. Zeiler, R. Fergus, *Visualizing and Understanding Convolutional Networks*, 2014,
    section 4.2.

    Examples
    --------
    >>> occlusion_map((1, 1, 2), np.array([3.0, 5.0]))
    array([[3., 5.]])
    """
    total, count = np.zeros(shape[1:]), np.zeros(shape[1:])
    for patch, value in zip(patches(shape), lost, strict=True):
        total[patch] += value
        count[patch] += 1
    return np.asarray(total / count)


def _spans(length: int) -> list[slice]:
    """Return the places of a patch on one side of the picture, the last one at its end."""
    size, step = max(1, length // _SHARE), max(1, length // _STEPS)
    starts = [*range(0, length - size, step), length - size]
    return [slice(start, start + size) for start in starts]
