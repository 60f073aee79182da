"""Folds: parts of the drawings, each to be judged by a network that learnt from the others."""

from __future__ import annotations

import hashlib

import numpy as np

from inkgrad.errors import DataError
from inkgrad.quickdraw.drawings import Drawings, Indices

__all__ = ["fold_numbers"]


def fold_numbers(drawings: Drawings, folds: int, *, seed: int = 42) -> Indices:
    """Return the fold, 0 … folds − 1, that each drawing belongs to.

    As in `split`, the place of a drawing depends on its pixels and the seed alone: the distinct
    drawings of a class are ranked by a hash of their bytes and dealt out to the folds in turn. So
    every class is divided evenly, and exact duplicates always share a fold, those under two labels
    too: they count for the class whose name sorts first.

    Parameters
    ----------
    drawings : Drawings
    folds : int
        2 or more.
    seed : int

    Raises
    ------
    DataError
        If there are less than two folds.

    Examples
    --------
    >>> bitmaps = np.arange(8, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)
    >>> drawings = Drawings(bitmaps, np.repeat([0, 1], 4), ("cat", "dog"))
    >>> fold_numbers(drawings, 2)
    array([0, 1, 1, 0, 1, 0, 1, 0])
    """
    if folds < 2:
        raise DataError(f"folds is {folds}; give 2 or more")
    key = hashlib.blake2b(f"folds {seed}".encode()).digest()
    ranks = [
        hashlib.blake2b(bitmap.tobytes(), key=key, digest_size=16).digest()
        for bitmap in drawings.bitmaps
    ]
    fold_of: dict[bytes, int] = {}
    for label in sorted(range(len(drawings.classes)), key=drawings.classes.__getitem__):
        members = {ranks[row] for row in np.flatnonzero(drawings.labels == label).tolist()}
        for number, rank in enumerate(sorted(members - fold_of.keys())):
            fold_of[rank] = number % folds
    return np.array([fold_of[rank] for rank in ranks], dtype=np.int64)
