"""Gradient clipping: one bad batch must not throw the parameters far away."""

from __future__ import annotations

import math

import numpy as np

from inkgrad.layers import Array

__all__ = ["clip_by_norm"]


def clip_by_norm(gradient: Array, max_norm: float | None) -> float:
    r"""Shorten the gradient, in place, to a length of at most `max_norm`; return its old length.

    $$ g \leftarrow g \cdot \min\left(1, \frac{c}{\lVert g \rVert}\right) $$

    The length is taken in float64, where the square of no float32 overflows. A gradient that is
    not finite is left as it is, and its length is not finite. With None nothing is clipped.

    Notes
    -----
    Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent neural networks*, 2013,
    algorithm 1.

    Examples
    --------
    >>> gradient = np.array([3.0, 4.0])
    >>> clip_by_norm(gradient, max_norm=1.0)
    5.0
    >>> gradient
    array([0.6, 0.8])
    """
    # Not np.dot: BLAS adds in another order with another number of threads.
    norm = math.sqrt(np.square(gradient, dtype=np.float64).sum())
    if max_norm is not None and max_norm < norm < math.inf:
        gradient *= max_norm / norm
    return norm
