"""Drawings with what they were and what the network made of them, ready to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkgrad.insight.evaluation import ranked_classes
from inkgrad.layers import Array

__all__ = ["Reading", "most_confident_mistakes", "read_drawings"]


@dataclass(frozen=True, eq=False)
class Reading:
    """A drawing with what it was and what the network made of it.

    Attributes
    ----------
    bitmap : (rows, columns) uint8 array
    drawn : str or None
        The right answer; None if nobody knows.
    guesses : tuple of (str, float)
        Classes with their probabilities, the likeliest first.
    """

    bitmap: NDArray[np.uint8]
    drawn: str | None
    guesses: tuple[tuple[str, float], ...]

    @property
    def read(self) -> str:
        """The likeliest class."""
        return self.guesses[0][0]

    @property
    def probability(self) -> float:
        """How sure the network was of `read`."""
        return self.guesses[0][1]


def most_confident_mistakes(
    probabilities: Array, labels: Array | Sequence[int], k: int
) -> NDArray[np.int64]:
    """Return which drawings were misread, those the network was surest of first, at most `k`.

    Examples
    --------
    >>> most_confident_mistakes(np.array([[0.6, 0.4], [0.9, 0.1], [0.2, 0.8]]), [1, 1, 1], k=5)
    array([1, 0])
    """
    probabilities = np.asarray(probabilities)
    (wrong,) = np.nonzero(probabilities.argmax(axis=1) != np.asarray(labels))
    sureness = probabilities[wrong].max(axis=1)
    return wrong[np.argsort(-sureness, kind="stable")][:k]


def read_drawings(
    bitmaps: NDArray[np.uint8],
    probabilities: Array,
    classes: Sequence[str],
    labels: Array | Sequence[int] | None = None,
    *,
    most: int = 3,
) -> list[Reading]:
    """Put drawings, right answers and the first `most` guesses together, ready to be shown.

    Parameters
    ----------
    bitmaps : (n, rows, columns) uint8 array
    probabilities : (n, K) array
    classes : sequence of K str
    labels : (n,) whole numbers, optional

    Examples
    --------
    >>> paper = np.zeros((1, 28, 28), np.uint8)
    >>> reading = read_drawings(paper, np.array([[0.25, 0.75]]), ["cat", "dog"], [0])[0]
    >>> reading.drawn, reading.read, reading.probability
    ('cat', 'dog', 0.75)
    """
    order = ranked_classes(np.asarray(probabilities))[:, :most]
    return [
        Reading(
            bitmap=bitmap,
            drawn=None if labels is None else classes[int(labels[i])],
            guesses=tuple((classes[int(c)], float(probabilities[i][c])) for c in order[i]),
        )
        for i, bitmap in enumerate(bitmaps)
    ]
