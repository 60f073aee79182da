"""Duplicates: drawings that stand twice, pixel for pixel or rasterised differently."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inkgrad.quickdraw.drawings import Bitmaps, Drawings, Indices

__all__ = ["leaked", "same_drawing"]

_BLOCK = 1024  # bitmaps: a block is 3 MB of float32


def leaked(drawings: Drawings, train: Indices, test: Indices) -> Indices:
    """Return those rows of `train` whose pixels are exactly those of a row of `test`.

    Examples
    --------
    >>> bitmaps = np.zeros((3, 28, 28), dtype=np.uint8)
    >>> bitmaps[1] = 255
    >>> drawings = Drawings(bitmaps, np.array([0, 0, 0]), ("cat",))
    >>> leaked(drawings, np.array([0, 1]), np.array([2]))
    array([0])
    """
    tested = {drawings.bitmaps[row].tobytes() for row in test}
    found = [row for row in train if drawings.bitmaps[row].tobytes() in tested]
    return np.array(found, dtype=np.int64)


def same_drawing(a: Bitmaps, b: Bitmaps, threshold: float = 0.985) -> npt.NDArray[np.bool_]:
    """Find the drawings of `b` that stand in `a` too.

    Two bitmaps are the same drawing if Pearson's correlation of their pixels is above the
    threshold. Over 66 real classes, the strokes of 15,093 drawings against Google's bitmaps of
    others and of the same: 3,216 highest correlations lie above 0.985 (all but one of them above
    0.995), and none between 0.98 and 0.985. Compare within a class: all pairs are compared, at
    784 multiplications each.

    Parameters
    ----------
    a, b : uint8 arrays of shape (n, 28, 28) and (m, 28, 28)
        For instance Google's bitmaps of a class, and its strokes rasterised.
    threshold : float

    Returns
    -------
    mask : bool array of shape (m,)
        True where a drawing of `b` is in `a`. A blank bitmap is the same as nothing.

    Examples
    --------
    >>> a = np.zeros((1, 28, 28), dtype=np.uint8)
    >>> a[0, 14] = 255
    >>> b = np.stack([a[0] // 2, a[0].T])
    >>> same_drawing(a, b)
    array([ True, False])
    """
    mask = np.zeros(len(b), dtype=np.bool_)
    for start in range(0, len(b), _BLOCK):
        columns = _standardized(b[start : start + _BLOCK]).T  # (784, m)
        highest = np.full(columns.shape[1], -1.0, dtype=np.float32)
        for first in range(0, len(a), _BLOCK):
            correlations = _standardized(a[first : first + _BLOCK]) @ columns  # (n, m)
            np.maximum(highest, correlations.max(axis=0), out=highest)
        mask[start : start + _BLOCK] = highest > threshold
    return mask


def _standardized(bitmaps: Bitmaps) -> npt.NDArray[np.float32]:
    """Return bitmaps as rows (n, 784) of mean 0 and length 1 (of length 0 if constant)."""
    rows = bitmaps.reshape(len(bitmaps), -1).astype(np.float32)  # (n, 28, 28) -> (n, 784)
    rows -= rows.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows /= np.where(lengths > 0, lengths, np.float32(1))
    return rows
