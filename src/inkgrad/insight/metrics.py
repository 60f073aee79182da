"""Figures of merit: each one number, from what a network said of many drawings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkgrad.insight.intervals import Interval, mean_interval, recall_interval, wilson
from inkgrad.layers import Array

__all__ = ["METRICS", "Judged", "Metric"]

_LEAST_PROBABILITY = 1e-15  # what log loss takes for 0, as Kaggle's contests do


@dataclass(frozen=True)
class Judged:
    """What was said of n drawings, and what they are.

    Attributes
    ----------
    probabilities : (n, K) float64 array
    answers : (n,) int64 array
        The right classes.
    rank : (n,) int64 array
        The right class's place among the guesses, from 1.
    """

    probabilities: Array
    answers: NDArray[np.int64]
    rank: NDArray[np.int64]

    @property
    def right(self) -> Array:
        """The probability that each drawing's right class was given, (n,)."""
        return np.asarray(self.probabilities[np.arange(len(self.answers)), self.answers])


@dataclass(frozen=True)
class Metric:
    """A figure of merit.

    Attributes
    ----------
    title : str
        What reports call it.
    short : str
        What a column in the terminal is called.
    note : str
        What it is, in a few words.
    of : callable
        Judged ↦ number.
    is_share : bool
        Whether it is shown in %.
    interval : callable, optional
        Judged ↦ the 95 % interval of the number.
    """

    title: str
    short: str
    note: str
    of: Callable[[Judged], float]
    is_share: bool = True
    interval: Callable[[Judged], Interval] | None = None


def _top(most: int) -> Callable[[Judged], float]:
    return lambda judged: float((judged.rank <= most).mean())


def _top_interval(most: int) -> Callable[[Judged], Interval]:
    return lambda judged: wilson(int((judged.rank <= most).sum()), len(judged.rank))


def _balanced(judged: Judged) -> float:
    """Return the mean recall over the classes that have drawings."""
    hits = judged.rank == 1
    recalls = [hits[judged.answers == k].mean() for k in np.unique(judged.answers)]
    return float(sum(recalls) / len(recalls))


def _balanced_interval(judged: Judged) -> Interval:
    drawings = np.bincount(judged.answers)
    hits = np.bincount(judged.answers[judged.rank == 1], minlength=len(drawings))
    return recall_interval(hits.tolist(), drawings.tolist())


def _precisions(judged: Judged) -> Array:
    """Return each drawing's average precision at 3, (n,)."""
    return np.where(judged.rank <= 3, 1.0 / judged.rank, 0.0)


def _map3(judged: Judged) -> float:
    return float(_precisions(judged).mean())


def _map3_interval(judged: Judged) -> Interval:
    return mean_interval(_precisions(judged))


def _log_loss(judged: Judged) -> float:
    return float(-np.log(np.maximum(judged.right, _LEAST_PROBABILITY)).mean())


METRICS: dict[str, Metric] = {
    "top1": Metric(
        "Top-1 accuracy",
        "top-1",
        "The share whose first guess is right",
        _top(1),
        interval=_top_interval(1),
    ),
    "balanced_accuracy": Metric(
        "Balanced accuracy",
        "balanced",
        "The mean recall over the classes",
        _balanced,
        interval=_balanced_interval,
    ),
    "top3": Metric(
        "Top-3 accuracy",
        "top-3",
        "The share with the right class among three guesses",
        _top(3),
        interval=_top_interval(3),
    ),
    "map3": Metric(
        "MAP@3",
        "MAP@3",
        "Mean average precision at 3, as in Kaggle's contest",
        _map3,
        is_share=False,
        interval=_map3_interval,
    ),
    "log_loss": Metric(
        "Log loss",
        "log loss",
        "The mean of −log p of the right class",
        _log_loss,
        is_share=False,
    ),
}
"""Every figure of merit by its name in JSON, in the order in which they are shown."""
