"""What everyone trains on and judges: built-in doodles, as numbers, before any clock runs."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

from inkgrad.drawing import to_input
from inkgrad.quickdraw.doodles import ANIMALS, doodle_bitmaps

__all__ = ["POOL", "batches_of", "pool"]

POOL = 2048
"""Drawings in the pool: a multiple of every usual batch size."""


@functools.cache
def pool(drawings: int = POOL) -> tuple[np.ndarray, np.ndarray]:
    """Return shuffled doodles of the five animals.

    Real paper is mostly blank, and after ReLU much is zero: whoever makes use of that must be
    measured on drawings, not on noise.

    Returns
    -------
    x : float32 array (drawings, 1, 28, 28)
        Ink 1 on 0.
    labels : int64 array (drawings,)
    """
    bitmaps, labels = doodle_bitmaps(n_per_class=-(-drawings // len(ANIMALS)))
    chosen = np.random.default_rng(0).permutation(len(labels))[:drawings]
    return to_input(bitmaps[chosen]), labels[chosen]


def batches_of(
    x: np.ndarray, labels: np.ndarray, batch: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the whole batches one after the other, each an array of its own; at least one."""
    if len(x) < batch:
        repeats = -(-batch // len(x))
        x, labels = np.tile(x, (repeats, 1, 1, 1)), np.tile(labels, repeats)
    for start in range(0, len(x) - batch + 1, batch):
        yield x[start : start + batch].copy(), labels[start : start + batch].copy()
