"""Refining classes of the last dense layer by more drawings of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from inkgrad.errors import ModelError
from inkgrad.features import Features
from inkgrad.layers import Array
from inkgrad.tuning.head import Head
from inkgrad.tuning.regression import Change, allowed, fit, fold_count, kept, rows_of

__all__ = ["refine_classes"]

_WAYS = (1.0, 0.5, 0.25, 0.125, 0.0)


def refine_classes(head: Head, drawings: Mapping[int, Array]) -> Change:
    """Return the layer with the columns of some classes moved towards more drawings of them.

    They are learnt as new ones are (see `add_classes`), but begin where they are, and only so much
    of the way is gone (all, half, a quarter, an eighth or none) that at most 1 in 100 of what is
    remembered is lost, by columns that are learnt without a fifth of all rows, for each fifth.
    Every second remembered row of such a class becomes one of the drawings.

    Parameters
    ----------
    head : Head
    drawings : mapping of class number to (n, variants, F) float32 array

    Raises
    ------
    ModelError
        If nothing is remembered, or a class has less than two drawings.

    Examples
    --------
    >>> seen = np.repeat(np.float32([[4, 0, 0], [0, 4, 0]]), 5, axis=0)
    >>> head = Head(np.float32([[1, 0], [0, 1], [0, 0]]), np.zeros(2, np.float32), Features(seen))
    >>> odd = np.full((10, 1, 3), [0, 0, 4], np.float32)
    >>> refined = refine_classes(head, {1: odd}).head
    >>> head.read(odd[0]), refined.read(odd[0]), refined.read(seen[[0, 5]])
    (array([0]), array([1]), array([0, 1]))
    """
    labels = sorted(drawings)
    given = [drawings[label] for label in labels]
    if any(len(drawing) < 2 for drawing in given):
        raise ModelError("a class has less than 2 drawings; give at least 2")
    way, found, lost = _way(head, labels, given)
    columns = _learn(head, np.ones(len(head.remembered), np.bool_), labels, given)
    after = _moved(head, labels, columns, way)
    return Change(Head(after.weight, after.bias, _remember(head, drawings)), found, lost)


def _learn(head: Head, mask: Array, labels: Sequence[int], drawings: Sequence[Array]) -> Array:
    """Return the columns of the labels, learnt from the remembered rows of a mask and drawings."""
    place = np.full(len(head.bias), -1)  # of each class among the columns that move
    place[labels] = np.arange(len(labels))
    rows = rows_of(head.remembered[mask], place[head.labels[mask]], drawings)
    fixed = np.delete(head.logits(rows.x), labels, axis=1)
    return fit(rows, fixed, _table(head)[:, labels])


def _way(
    head: Head, labels: Sequence[int], drawings: Sequence[Array]
) -> tuple[float, list[Array], int]:
    """Return how much of the way is gone, which drawings are then recognised, and how many lost."""
    old, folds = head.remembered, fold_count(drawings)
    right = head.read(old) == head.labels
    fold_of = [np.arange(len(part)) % folds for part in (old, *drawings)]
    learnt = []
    for fold in range(folds):
        rest = [d[n != fold] for d, n in zip(drawings, fold_of[1:], strict=True)]
        learnt.append(_learn(head, fold_of[0] != fold, labels, rest))
    for way in _WAYS:
        found = [np.zeros(len(drawing), np.bool_) for drawing in drawings]
        lost = 0
        for fold, columns in enumerate(learnt):
            moved = _moved(head, labels, columns, way)
            out = (fold_of[0] == fold) & right
            lost += int((moved.read(old[out]) != head.labels[out]).sum())
            for j, (drawing, numbers) in enumerate(zip(drawings, fold_of[1:], strict=True)):
                found[j][numbers == fold] = moved.read(drawing[numbers == fold, 0]) == labels[j]
        if lost <= allowed(len(old)):
            break
    return way, found, lost


def _moved(head: Head, labels: Sequence[int], columns: Array, way: float) -> Head:
    """Return the layer with columns moved a part of their way."""
    table = _table(head)
    table[:, labels] += way * (columns - table[:, labels])
    return Head(table[:-1].astype(np.float32), table[-1].astype(np.float32), head.features)


def _table(head: Head) -> Array:
    """Return weights and biases as columns, (F + 1, classes), in float64."""
    return np.vstack([head.weight, head.bias]).astype(np.float64)


def _remember(head: Head, drawings: Mapping[int, Array]) -> Features:
    """Return what is remembered with every second row of the refined classes replaced."""
    old = head.remembered
    examples = old.reshape(len(head.bias), -1, old.shape[1]).copy()
    for label, drawing in drawings.items():
        fresh = kept(drawing, examples.shape[1] // 2)
        examples[label, 1 : 2 * len(fresh) : 2] = fresh
    return Features(examples.reshape(old.shape))
