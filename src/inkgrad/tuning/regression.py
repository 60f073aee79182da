r"""Softmax regression of some columns of a dense layer, with the others fixed.

With rows x (a 1 behind each, for the bias), weights w that sum up to about 1 and v the mean
variance of a feature, columns c that begin at c⁰ are moved to lower

$$ L = -\sum_i w_i \log p_{i, y_i} + \frac{\lambda v}{2} \sum_j \lVert c_j - c_j^0 \rVert^2, $$

which is convex. Its second derivative is nowhere larger than that of each column alone with p = ½,

$$ B = \tfrac12 \sum_i w_i x_i x_i^\top + \lambda v I $$

(¼ if there is a single column). So −B⁻¹ ∇L is a step that never makes L larger: Böhning,
*Multinomial Logistic Regression Algorithm*, 1992. There is no rate to choose, and no chance in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from inkgrad.layers import Array
from inkgrad.tuning.head import Head

__all__ = ["Change", "Rows", "allowed", "fit", "fold_count", "kept", "logits_of", "rows_of"]

# Found by trial, with classes that neither `animals` nor `twenty` knows.
_SHARE = 0.1  # what all drawings of one class weigh; all that is remembered weighs the rest
_RIDGE = 0.01  # λ
_STEPS = 100
_LOST = 0.01  # of what is remembered may be lost
_FOLDS = 5


class Change(NamedTuple):
    """A changed layer, with what is held out from learning it, a fifth at a time, says of it.

    Attributes
    ----------
    head : Head
    found : list of (n,) bool arrays
        For each class that changed, in order, which of its drawings are recognised.
    lost : int
        How many of the remembered rows were recognised before and are not any more.
    """

    head: Head
    found: list[Array]
    lost: int


class Rows(NamedTuple):
    """What columns are learnt from.

    Attributes
    ----------
    x : (n, F) array
    weights : (n,) array
    column : (n,) array
        Which of the columns that move is the row's class; −1 if none is.
    """

    x: Array
    weights: Array
    column: Array


def rows_of(old: Array, column: Array, drawings: Sequence[Array]) -> Rows:
    """Put together what is remembered, each row of it for a column or −1, and drawings."""
    inputs = old.shape[1]
    parts = [old, *(drawing.reshape(-1, inputs) for drawing in drawings)]  # (n · variants, F)
    counts = [len(part) for part in parts]
    shares = np.array([1 - _SHARE, *[_SHARE] * len(drawings)])
    return Rows(
        np.concatenate(parts).astype(np.float64),
        np.repeat(shares / counts, counts),
        np.append(column, np.repeat(np.arange(len(drawings)), counts[1:])),
    )


def fit(rows: Rows, fixed: Array, start: Array) -> Array:
    """Return the columns, weights and then the bias, that 100 steps lead to.

    Parameters
    ----------
    rows : Rows
    fixed : (n, classes) array
        The rows' logits by the columns that do not move; there may be none.
    start : (F + 1, columns) array

    Examples
    --------
    >>> x = np.array([[1.0], [2.0], [-1.0], [-2.0]])
    >>> rows = Rows(x, np.full(4, 0.25), np.array([0, 0, -1, -1]))
    >>> fit(rows, np.zeros((4, 1)), np.zeros((2, 1))).round(1).ravel().tolist()
    [2.3, 0.0]
    """
    x = np.hstack([rows.x, np.ones((len(rows.x), 1))])  # (n, F + 1)
    is_it = rows.column[:, None] == np.arange(start.shape[1])  # (n, columns)
    ridge = np.full(len(start), _RIDGE * max(float(rows.x.var(axis=0).mean()), 1e-12))
    ridge[-1] = 0  # a bias goes where it must
    curvature = 0.25 if start.shape[1] == 1 else 0.5
    inverse = np.linalg.inv(curvature * (x.T * rows.weights) @ x + np.diag(ridge))
    others = _log_sum(fixed)[:, None]
    columns = start
    for _ in range(_STEPS):
        logits = np.hstack([others, x @ columns])
        p = np.exp(logits - _log_sum(logits)[:, None])[:, 1:]  # (n, columns)
        slope = x.T @ (rows.weights[:, None] * (p - is_it)) + ridge[:, None] * (columns - start)
        columns = columns - inverse @ slope
    return columns


def logits_of(columns: Array, x: Array) -> Array:
    """Return the logits of rows by columns as `fit` returns them: (n, columns)."""
    return np.asarray(x.astype(np.float64) @ columns[:-1] + columns[-1])


def allowed(remembered: int) -> int:
    """Return how many of the remembered rows may be lost."""
    return int(_LOST * remembered)


def fold_count(drawings: Sequence[Array]) -> int:
    """Return in how many parts rows are held out: five, or fewer for fewer drawings of a class."""
    return min(_FOLDS, *(len(drawing) for drawing in drawings))


def kept(drawing: Array, count: int) -> Array:
    """Return rows to remember of a class: its drawings as they are, and then variants of them.

    Parameters
    ----------
    drawing : (n, variants, F) array
    count : int
        If there are fewer, they are repeated.
    """
    rows = drawing.swapaxes(0, 1).reshape(-1, drawing.shape[2])  # (variants · n, F)
    return np.resize(rows, (count, drawing.shape[2])) if count else rows[:0]


def _log_sum(logits: Array) -> Array:
    """Return log Σ e^z of each row, without overflow; −∞ where there are none."""
    largest = logits.max(axis=1, initial=-np.inf)
    shift = np.where(np.isfinite(largest), largest, 0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.exp(logits - shift[:, None]).sum(axis=1)) + shift)
