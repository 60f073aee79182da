"""Hard classes: those that a network seldom recognises, or cannot tell from another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inkgrad.layers import Array

__all__ = ["hard_classes"]

_LEAST_RECALL = 0.5
_MOST_CONFUSED = 0.25


def hard_classes(classes: Sequence[str], confusion: Array) -> list[str]:
    """Return the classes that a game of drawing should leave out: nobody can win with them.

    These are the classes with a recall below 0.5; and, of each two others of which more than a
    quarter of the drawings are taken for the other one, the one with the lower recall: first of
    the two that are confused most, and so on.

    Parameters
    ----------
    classes : sequence of str
    confusion : (K, K) array of counts
        Row: what was drawn; column: what was read (see `inkgrad.insight.Evaluation`). A class
        without drawings is hard: nothing is known of it.

    Returns
    -------
    names : list of str
        In the order of `classes`.

    Examples
    --------
    >>> counts = np.array([[90, 10, 0], [30, 60, 10], [5, 55, 40]])
    >>> hard_classes(["guitar", "cello", "violin"], counts)
    ['violin']
    >>> counts[:2] = [[74, 26, 0], [30, 70, 0]]
    >>> hard_classes(["guitar", "cello", "violin"], counts)
    ['cello', 'violin']
    """
    support = confusion.sum(axis=1)
    recall = confusion.diagonal() / np.maximum(support, 1)
    is_hard = recall < _LEAST_RECALL
    confused = (confusion + confusion.T) / np.maximum(support[:, None] + support, 1)  # (K, K)
    pairs = np.argwhere(np.triu(confused, 1) > _MOST_CONFUSED)  # (pairs, 2)
    for pair in pairs[np.argsort(-confused[tuple(pairs.T)], kind="stable")]:
        if not is_hard[pair].any():
            is_hard[pair[recall[pair].argmin()]] = True
    return [name for name, hard in zip(classes, is_hard, strict=True) if hard]
