"""Label errors: drawings that are probably of another class than their label says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inkgrad.errors import DataError
from inkgrad.layers import Array

__all__ = ["LabelErrors", "find_label_errors"]


@dataclass(frozen=True, eq=False)
class LabelErrors:
    """What `find_label_errors` found; each array has a number for each of n drawings.

    Attributes
    ----------
    self_confidence : (n,) float64
        The probability that the network gives the label, 0 to 1.
    suggested : (n,) int64
        The class that the drawing probably is of; −1 where the label is not suspicious.
    confidence : (n,) float64
        The probability of the suggested class; 0 where there is none.
    typical : (K,) float64
        For each class, the mean self-confidence of the drawings that have its label.
    """

    self_confidence: NDArray[np.float64]
    suggested: NDArray[np.int64]
    confidence: NDArray[np.float64]
    typical: NDArray[np.float64]

    @property
    def loss(self) -> NDArray[np.float64]:
        """The cross-entropy of each drawing, −log of its self-confidence."""
        return -np.log(np.maximum(self.self_confidence, 1e-300))

    @property
    def is_suspicious(self) -> NDArray[np.bool_]:
        """Whether there is a suggestion, (n,)."""
        return self.suggested >= 0

    def ranked(self, labels: NDArray[np.int64], label: int) -> NDArray[np.int64]:
        """Return the rows of the suspicious drawings with a label, the largest loss first."""
        (rows,) = np.nonzero(self.is_suspicious & (labels == label))
        return rows[np.argsort(self.self_confidence[rows], kind="stable")]


def find_label_errors(
    probabilities: ArrayLike, labels: ArrayLike, *, known: Array | None = None
) -> LabelErrors:
    r"""Find drawings whose label a network doubts, while it believes in another class.

    With $t_k$ the mean of $p_k$ over the drawings labelled k, drawing i with label y is suspicious
    if

    $$ p_{i,y} < t_y \quad\text{and}\quad p_{i,k} > t_k \text{ for some } k \ne y, $$

    and the suggested class is the likeliest of these k. A threshold for each class makes up for a
    network that is surer of some classes than of others.

    Parameters
    ----------
    probabilities : (n, K) array
        Of each drawing by a network that was not trained on it, as in cross-validation.
    labels : (n,) array of int
    known : (n,) array of bool, optional
        The drawings from which the $t_k$ are taken; by default all.

    Raises
    ------
    DataError
        If shapes do not fit together.

    Notes
    -----
    Northcutt, Jiang and Chuang, *Confident Learning: Estimating Uncertainty in Dataset Labels*,
    Journal of Artificial Intelligence Research 70, 2021, section 3.1; their library, cleanlab,
    also calls it so.

    Examples
    --------
    >>> p = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7], [0.2, 0.8]]
    >>> found = find_label_errors(p, [0, 0, 0, 1, 1])     # the third of class 0 looks like a 1
    >>> found.suggested, found.typical.round(2)
    (array([-1, -1,  1, -1, -1]), array([0.6 , 0.75]))
    """
    p, y = np.asarray(probabilities, np.float64), np.asarray(labels, np.int64)
    if p.ndim != 2 or y.shape != p.shape[:1] or not ((y >= 0) & (y < p.shape[1])).all():
        raise DataError(
            f"probabilities have shape {p.shape} and labels {y.shape}; give (n, classes) and (n,), "
            "each label a column's number"
        )
    confidence = p[np.arange(len(y)), y]  # (n,)
    counted = np.ones(len(y), np.bool_) if known is None else np.asarray(known, np.bool_)
    count = np.bincount(y[counted], minlength=p.shape[1])
    total = np.bincount(y[counted], weights=confidence[counted], minlength=p.shape[1])
    typical = np.where(count > 0, total / np.maximum(count, 1), 1.0)  # 1: nothing is above it
    believed = np.where(p > typical, p, 0)  # (n, K)
    believed[np.arange(len(y)), y] = 0
    best = believed.max(axis=1, initial=0)
    is_suspicious = (confidence < typical[y]) & (best > 0)
    suggested = np.where(is_suspicious, believed.argmax(axis=1), -1)
    return LabelErrors(confidence, suggested, np.where(is_suspicious, best, 0.0), typical)
