"""Adding classes to the last dense layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inkgrad.errors import ModelError
from inkgrad.features import Features
from inkgrad.layers import Array
from inkgrad.tuning.head import Head
from inkgrad.tuning.regression import Change, allowed, fit, fold_count, kept, logits_of, rows_of

__all__ = ["add_classes"]

_FOUND = 0.95  # of the rows of new classes are enough


def add_classes(head: Head, drawings: Sequence[Array]) -> Change:
    """Return the layer with a column for each new class; the old columns stay as they are.

    The columns of all new classes are learnt together, beginning at the mean of the old columns.
    Then all their biases are moved by one number, found with columns that are learnt without a
    fifth of all rows, for each fifth: so far that 1 in 100 of what is remembered is lost; but where
    less recognises 95 in 100 of the new rows, half way between the two.

    Parameters
    ----------
    head : Head
    drawings : sequence of (n, variants, F) float32 arrays
        For each new class the features of its drawings, two or more, each as it is and then in
        variants.

    Raises
    ------
    ModelError
        If nothing is remembered of the old classes, or a class has less than two drawings.

    Examples
    --------
    >>> seen = np.repeat(np.float32([[4, 0, 0], [0, 4, 0]]), 5, axis=0)
    >>> head = Head(np.float32([[1, 0], [0, 1], [0, 0]]), np.zeros(2, np.float32), Features(seen))
    >>> new = np.full((10, 1, 3), [0, 0, 4], np.float32)
    >>> change = add_classes(head, [new])
    >>> change.head.read(np.float32([[0, 0, 3], [3, 0, 0], [0, 3, 1]])), change.lost
    (array([2, 0, 1]), 0)
    """
    old = head.remembered
    if any(len(drawing) < 2 for drawing in drawings):
        raise ModelError("a class has less than 2 drawings; give at least 2")
    columns = _learn(head, old, drawings)
    shift, found, lost = _shift(head, drawings)
    columns[-1] += shift
    n = len(old) // len(head.bias)
    after = Head(
        np.hstack([head.weight, columns[:-1].astype(np.float32)]),
        np.append(head.bias, columns[-1].astype(np.float32)),
        Features(np.concatenate([old, *(kept(drawing, n) for drawing in drawings)])),
    )
    return Change(after, found, lost)


def _learn(head: Head, old: Array, drawings: Sequence[Array]) -> Array:
    """Return the new columns before their biases are moved."""
    rows = rows_of(old, np.full(len(old), -1), drawings)
    table = np.vstack([head.weight, head.bias]).astype(np.float64)
    start = table.mean(axis=1)
    return fit(rows, head.logits(rows.x), np.repeat(start[:, None], len(drawings), axis=1))


def _shift(head: Head, drawings: Sequence[Array]) -> tuple[float, list[Array], int]:
    """Return what is added to the biases, which drawings are then recognised, and how many lost."""
    old, folds = head.remembered, fold_count(drawings)
    right = head.read(old) == head.labels
    fold_of = [np.arange(len(part)) % folds for part in (old, *drawings)]
    lost = np.zeros(0)
    gaps = [np.zeros((*drawing.shape[:2], len(drawings))) for drawing in drawings]
    for fold in range(folds):
        out = [numbers == fold for numbers in fold_of]
        rest = [d[~mask] for d, mask in zip(drawings, out[1:], strict=True)]
        columns = _learn(head, old[~out[0]], rest)
        lost = np.append(lost, _gaps(head, columns, old[out[0] & right]).max(axis=1))
        for gap, drawing, mask in zip(gaps, drawings, out[1:], strict=True):
            gap[mask] = _gaps(head, columns, drawing[mask])
    # Moved by more than −gap, a class wins the row.
    own = np.concatenate([gap[..., j].ravel() for j, gap in enumerate(gaps)])
    enough = -float(np.sort(own)[int((1 - _FOUND) * len(own))])
    losing = -np.sort(lost)[::-1]
    most = losing[allowed(len(old))] if len(losing) > allowed(len(old)) else enough
    shift = float(min(most, (most + enough) / 2))
    found = [
        (gap[:, 0].argmax(axis=1) == j) & (gap[:, 0, j] + shift > 0) for j, gap in enumerate(gaps)
    ]
    return shift, found, int((lost + shift > 0).sum())


def _gaps(head: Head, columns: Array, rows: Array) -> Array:
    """Return by how much new logits exceed the largest old one: (…, columns) for (…, F)."""
    flat = rows.reshape(-1, rows.shape[-1])
    gaps = logits_of(columns, flat) - head.logits(flat).max(axis=1)[:, None]
    return np.asarray(gaps.reshape(*rows.shape[:-1], -1))
