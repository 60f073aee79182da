"""How good a network is: the usual figures of merit, from probabilities and right answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkgrad.errors import DataError
from inkgrad.insight.intervals import Interval, wilson
from inkgrad.insight.metrics import METRICS, Judged
from inkgrad.layers import Array

__all__ = ["ClassScore", "Confusion", "Evaluation", "evaluate", "ranked_classes"]


@dataclass(frozen=True)
class ClassScore:
    """How well one class is recognised; None where the figure is 0 / 0.

    Attributes
    ----------
    name : str
    precision : float or None
        Of the drawings read as this class, the share that are; None if none was read so.
    recall : float or None
        Of the drawings of this class, the share read as it; None if there is none.
    f1 : float or None
        The harmonic mean of the two, 2 TP / (2 TP + FP + FN); None if neither happened.
    support : int
        How many drawings of this class there are.
    """

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int

    @property
    def recall_interval(self) -> Interval | None:
        """The 95 % interval of the recall (`inkgrad.insight.intervals.wilson`)."""
        if self.recall is None:
            return None
        return wilson(round(self.recall * self.support), self.support)


@dataclass(frozen=True)
class Confusion:
    """One class taken for another.

    Attributes
    ----------
    drawn, read : str
        What it was, and what the network took it for.
    count : int
    share : float
        `count` over the drawings of class `drawn`.
    """

    drawn: str
    read: str
    count: int
    share: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What `evaluate` found.

    Attributes
    ----------
    classes : tuple of str
    n : int
        How many drawings were judged.
    figures : dict of str to float
        Each figure of merit by name: see `inkgrad.insight.metrics.METRICS`.
    intervals : dict of str to Interval
        The 95 % interval of each that has one: where the figure would lie on all drawings like
        these, as far as these tell (`inkgrad.insight.intervals`).
    per_class : tuple of ClassScore
    confusion : (K, K) int64 array
        Row: what was drawn; column: what was read. `classes` names both.
    """

    classes: tuple[str, ...]
    n: int
    figures: dict[str, float]
    intervals: dict[str, Interval]
    per_class: tuple[ClassScore, ...]
    confusion: NDArray[np.int64]

    @property
    def top1(self) -> float:
        """The share whose class is the first guess."""
        return self.figures["top1"]

    @property
    def top3(self) -> float:
        """The share whose class is among the first three guesses."""
        return self.figures["top3"]

    @property
    def map3(self) -> float:
        """Mean average precision at 3, as in Kaggle's Quick, Draw! contest."""
        return self.figures["map3"]

    @property
    def balanced_accuracy(self) -> float:
        """The mean recall over the classes that have drawings."""
        return self.figures["balanced_accuracy"]

    @property
    def log_loss(self) -> float:
        """The mean of −log of the probability given to the right class."""
        return self.figures["log_loss"]

    def confusions(self, most: int = 10) -> list[Confusion]:
        """Return the pairs taken for each other most often, the most frequent first.

        Examples
        --------
        >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
        >>> evaluate(p, [0, 1, 1], ["cat", "dog"]).confusions()
        [Confusion(drawn='dog', read='cat', count=1, share=0.5)]
        """
        wrong = self.confusion.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:most]
        pairs = [(int(i) // len(wrong), int(i) % len(wrong)) for i in order]
        return [
            Confusion(
                self.classes[row],
                self.classes[column],
                int(wrong[row, column]),
                float(wrong[row, column] / self.confusion[row].sum()),
            )
            for row, column in pairs
            if wrong[row, column]
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for strict JSON: None, never NaN."""
        return {
            "n": self.n,
            **self.figures,
            "intervals": {name: list(interval) for name, interval in self.intervals.items()},
            "classes": list(self.classes),
            "per_class": [
                {
                    "class": score.name,
                    "precision": score.precision,
                    "recall": score.recall,
                    "recall_interval": None
                    if score.recall_interval is None
                    else list(score.recall_interval),
                    "f1": score.f1,
                    "support": score.support,
                }
                for score in self.per_class
            ],
            "confusion": self.confusion.tolist(),
            "confusions": [
                {"drawn": c.drawn, "read": c.read, "count": c.count, "share": c.share}
                for c in self.confusions()
            ],
        }


def evaluate(
    probabilities: Array, labels: Array | Sequence[int], classes: Sequence[str]
) -> Evaluation:
    r"""Judge a network by the probabilities that it gave and the right answers.

    With r_b the rank (1, 2, …) of the right class among drawing b's guesses,

    $$ \mathrm{top}_k = \frac1n \sum_b [r_b \le k], \qquad
       \mathrm{MAP@3} = \frac1n \sum_b \frac{[r_b \le 3]}{r_b}, \qquad
       \mathrm{log\ loss} = -\frac1n \sum_b \log p_{b,\,\mathrm{right}} $$

    (MAP@3 as Kaggle's *Quick, Draw! Doodle Recognition* contest defined it: a drawing has one
    right class, so its average precision is 1/r_b.) The balanced accuracy is the mean of the
    recalls of the classes that have drawings: a class of 200 drawings weighs as much as one of
    7,000. Equal probabilities are ranked in the order of the classes. With fewer than three
    classes, the first three guesses are all there are. For log loss a probability below 1e-15
    counts as 1e-15, so that one certain mistake does not make it infinite.

    Parameters
    ----------
    probabilities : (n, K) array of floats
        Each row sums to 1.
    labels : (n,) whole numbers
    classes : sequence of K str

    Raises
    ------
    DataError
        If there is no drawing, the shapes do not fit, a label is out of range, or the rows are
        not probabilities.

    Examples
    --------
    >>> p = np.array([[0.7, 0.2, 0.1, 0.0], [0.5, 0.3, 0.1, 0.1], [0.4, 0.3, 0.2, 0.1]])
    >>> result = evaluate(p, [0, 1, 3], ["cat", "dog", "fish", "owl"])
    >>> result.top1, result.top3, result.map3            # ranks 1, 2 and 4: (1 + 1/2 + 0) / 3
    (0.333..., 0.666..., 0.5)
    >>> result.per_class[2]                              # no fish was drawn and none was read
    ClassScore(name='fish', precision=None, recall=None, f1=None, support=0)
    """
    probabilities, answers = _check(probabilities, labels, classes)
    n, k = probabilities.shape
    order = ranked_classes(probabilities)  # (n, K)
    rank = np.argmax(order == answers[:, None], axis=1) + 1  # (n,), 1 for the first guess

    confusion = np.bincount(answers * k + order[:, 0], minlength=k * k).reshape(k, k)
    scores = tuple(
        _score(name, int(confusion[i, i]), int(confusion[i].sum()), int(confusion[:, i].sum()))
        for i, name in enumerate(classes)
    )
    judged = Judged(probabilities, answers, rank)
    return Evaluation(
        classes=tuple(classes),
        n=n,
        figures={name: metric.of(judged) for name, metric in METRICS.items()},
        intervals={
            name: metric.interval(judged)
            for name, metric in METRICS.items()
            if metric.interval is not None
        },
        per_class=scores,
        confusion=confusion.astype(np.int64),
    )


def ranked_classes(probabilities: Array) -> NDArray[np.int64]:
    """Return each row's classes from the likeliest to the least; equals in the classes' order.

    Examples
    --------
    >>> ranked_classes(np.array([[0.2, 0.4, 0.4]]))
    array([[1, 2, 0]])
    """
    return np.argsort(-probabilities, axis=1, kind="stable")


def _score(name: str, hits: int, drawn: int, read: int) -> ClassScore:
    """Return one class's figures from its row and column of the confusion matrix."""
    return ClassScore(
        name=name,
        precision=hits / read if read else None,
        recall=hits / drawn if drawn else None,
        f1=2 * hits / (drawn + read) if drawn + read else None,
        support=drawn,
    )


def _check(
    probabilities: Array, labels: Array | Sequence[int], classes: Sequence[str]
) -> tuple[Array, NDArray[np.int64]]:
    """Return probabilities as float64 and labels as int64, or say what is wrong with them."""
    probabilities = np.asarray(probabilities, np.float64)
    answers = np.asarray(labels)
    k = len(classes)
    if probabilities.ndim != 2 or probabilities.shape[1] != k:
        raise DataError(
            f"probabilities have shape {probabilities.shape}; "
            f"give one row a drawing and one column for each of the {k} classes"
        )
    n = len(probabilities)
    if n == 0:
        raise DataError("there is no drawing to evaluate; give at least one")
    if answers.shape != (n,) or answers.dtype.kind not in "iu":
        raise DataError(
            f"labels have shape {answers.shape} and type {answers.dtype}; "
            f"give {n} whole numbers, one for each row of probabilities"
        )
    if answers.min() < 0 or answers.max() >= k:
        raise DataError(
            f"labels run from {answers.min()} to {answers.max()}; "
            f"with {k} classes they must lie between 0 and {k - 1}"
        )
    sums = probabilities.sum(axis=1)
    if not (probabilities.min() >= 0.0 and np.abs(sums - 1.0).max() <= 1e-3):
        row = int(np.argmin((probabilities.min(axis=1) >= 0.0) & (np.abs(sums - 1.0) <= 1e-3)))
        raise DataError(
            f"row {row} is not a set of probabilities (its sum is {sums[row]:g}); "
            "give the softmax of the network's output, not the logits"
        )
    return probabilities, answers.astype(np.int64)
