"""Confidence: how familiar a drawing is to a model, and from when on it is none of the classes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from inkgrad.errors import ModelError
from inkgrad.layers import Array

__all__ = ["SCORES", "Confidence", "auroc", "energy", "fit_confidence", "largest_logit", "margin"]

_ACCEPTED = 0.95  # of the known drawings that a threshold is fitted on


def largest_logit(logits: Array) -> Array:
    """Return the largest logit of each row, (n,) float64.

    Hendrycks et al., *Scaling Out-of-Distribution Detection for Real-World Settings*, 2022.
    """
    return np.asarray(np.asarray(logits, np.float64).max(axis=1))  # (n, K) -> (n,)


def energy(logits: Array) -> Array:
    r"""Return the negative free energy of each row, $\log \sum_k e^{z_k}$: (n,) float64.

    Softmax divides by it, so the probabilities do not tell it: it says how much speaks for any of
    the classes. Liu et al., *Energy-based Out-of-distribution Detection*, 2020.

    Examples
    --------
    >>> energy(np.log([[1.0, 2.0, 5.0]])).round(6).tolist() == [round(math.log(8), 6)]
    True
    """
    z = np.asarray(logits, np.float64)
    highest = z.max(axis=1)  # (n, K) -> (n,)
    return np.asarray(highest + np.log(np.exp(z - highest[:, None]).sum(axis=1)))


def margin(logits: Array) -> Array:
    r"""Return the log-odds of the likeliest class of each row, $\log (p / (1 - p))$: (n,) float64.

    It orders drawings as their largest probability does (Hendrycks and Gimpel, *A Baseline for
    Detecting Misclassified and Out-of-Distribution Examples*, 2017), and does not end at 1. With
    one class alone it is infinite.

    Examples
    --------
    >>> margin(np.log([[0.1, 0.2, 0.7]])).round(6).tolist() == [round(math.log(0.7 / 0.3), 6)]
    True
    """
    z = np.asarray(logits, np.float64)
    if z.shape[1] == 1:
        return np.full(len(z), np.inf)
    rest = np.sort(z, axis=1)  # (n, K), the likeliest last
    return np.asarray(rest[:, -1] - energy(rest[:, :-1]))


SCORES: dict[str, Callable[[Array], Array]] = {
    "energy": energy,
    "logit": largest_logit,
    "margin": margin,
}
"""What tells known drawings from others: functions of logits (n, K), larger for what is known."""


@dataclass(frozen=True)
class Confidence:
    r"""How a model's logits become a familiarity, and which of them are none of the classes.

    $$ \text{familiarity} = \sigma\left( \frac{s - c}{w} \right)
       = \frac{1}{1 + e^{-(s - c) / w}} $$

    for the score s of the logits, the centre c and the scale w. A drawing whose familiarity is
    below the threshold is none of the classes.

    Parameters
    ----------
    score : str
        A name in `SCORES`.
    centre, scale : float
        c and w, in units of the score; w is positive.
    threshold : float, optional
        The smallest familiarity of what is accepted, 0 to 1. None: everything is accepted.
    rejects : bool
        Whether programs reject without being asked to: only for models that have learnt what is
        none of their classes.
    temperature : float
        By what the network's logits were divided before it was saved (see
        `inkgrad.temperature`). A fact about the model, which nothing is computed with.

    Raises
    ------
    ModelError
        If a value is of another kind or out of its range.

    Examples
    --------
    >>> confidence = Confidence("logit", centre=4.0, scale=2.0, threshold=0.5)
    >>> confidence.familiarity(np.array([[0.0, 4.0], [8.0, 1.0]])).round(4)
    array([0.5   , 0.8808])
    >>> confidence.is_rejected(np.array([[3.9, 0.0], [4.1, 0.0]]))
    array([ True, False])
    """

    score: str = "energy"
    centre: float = 5.0
    scale: float = 2.0
    threshold: float | None = None
    rejects: bool = False
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.score, str) or self.score not in SCORES:
            raise _refused("score", self.score, f"one of {', '.join(SCORES)}")
        for name in ("scale", "temperature"):
            if not _is_finite(value := getattr(self, name)) or value <= 0:
                raise _refused(name, value, "a number above 0")
        if not _is_finite(self.centre):
            raise _refused("centre", self.centre, "a finite number")
        threshold = self.threshold
        if threshold is not None and not (_is_finite(threshold) and 0 <= threshold <= 1):
            raise _refused("threshold", threshold, "a number from 0 to 1, or null for none")
        if not isinstance(self.rejects, bool):
            raise _refused("rejects", self.rejects, "true or false")
        for name in ("centre", "scale", "temperature"):
            object.__setattr__(self, name, float(getattr(self, name)))

    def familiarity(self, logits: Array) -> Array:
        """Return how familiar drawings are, by their logits (n, K): (n,) float64, 0 to 1."""
        with np.errstate(over="ignore", invalid="ignore"):  # logits may be infinite
            t = (SCORES[self.score](logits) - self.centre) / self.scale
        return np.asarray(0.5 + 0.5 * np.tanh(0.5 * t))  # σ(t), which overflows for no t

    def is_rejected(self, logits: Array) -> Array:
        """Return which drawings are none of the classes, by their logits (n, K): (n,) bool.

        What has no familiarity, as its logits are not numbers, is rejected; nothing is, without a
        threshold.
        """
        if self.threshold is None:
            return np.zeros(len(logits), bool)
        return np.asarray(~(self.familiarity(logits) >= self.threshold))

    def to_dict(self) -> dict[str, Any]:
        """Return the values by name, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> Confidence:
        """Return what `to_dict` wrote, trusting nothing in it.

        Raises
        ------
        ModelError
            If a name is missing or unknown, or a value is out of its range.

        Examples
        --------
        >>> Confidence.from_dict(Confidence().to_dict()) == Confidence()
        True
        >>> Confidence.from_dict({"score": "luck"})
        Traceback (most recent call last):
        inkgrad.errors.ModelError: confidence: its entries must be centre, rejects, ...
        """
        expected = sorted(cls.__dataclass_fields__)
        if not isinstance(values, Mapping) or sorted(map(str, values)) != expected:
            raise ModelError(f"confidence: its entries must be {', '.join(expected)}")
        return cls(**values)


def fit_confidence(
    known: Array, outliers: Array | None = None, *, temperature: float = 1.0
) -> Confidence:
    """Return the confidence for a model, by drawings that it was not trained on.

    The centre is the score that 95 % of the known drawings reach, so they have a familiarity of ½
    and more, and ½ is the threshold. The scale gives the median of them a familiarity of 0.88.
    The score is the one of `SCORES` that tells known drawings from outliers best (`auroc`); energy,
    where there are none to compare.

    Parameters
    ----------
    known : (n, K) array
        The logits of drawings of the classes, n ≥ 1.
    outliers : (m, K) array, optional
        The logits of drawings of none of the classes; if there are any, `Confidence.rejects` is
        true.
    temperature : float
        See `Confidence`.

    Raises
    ------
    ModelError
        If the logits are not finite.

    Examples
    --------
    >>> known, outliers = np.array([[9.0, 0.0], [0.0, 7.0], [8.0, 1.0]]), np.array([[1.0, 1.5]])
    >>> confidence = fit_confidence(known, outliers)
    >>> confidence.is_rejected(known), confidence.is_rejected(outliers)
    (array([False, False, False]), array([ True]))
    """
    if not np.isfinite(known).all():
        raise ModelError("some of the network's logits are infinite or not numbers; train it again")
    has_outliers = outliers is not None and len(outliers) > 0
    name = "energy"
    if outliers is not None and has_outliers and known.shape[1] > 1:
        name = max(SCORES, key=lambda each: auroc(SCORES[each](known), SCORES[each](outliers)))
    scores = np.sort(SCORES[name](known))
    centre = float(scores[math.floor((1 - _ACCEPTED) * len(scores))])
    median = float(scores[len(scores) // 2])
    scale = (median - centre) / 2 if median > centre else 1.0
    return Confidence(name, centre, scale, 0.5, has_outliers, temperature)


def auroc(known: Array, unknown: Array) -> float:
    """Return the area under the ROC curve of a score: how often known drawings have the larger.

    That is the share of pairs of a known and an unknown drawing of which the known one has the
    larger score; equal scores count half. 1 is perfect, ½ is chance.

    Parameters
    ----------
    known, unknown : (n,) and (m,) arrays
        Scores, at least one of each.

    Examples
    --------
    >>> auroc(np.array([3.0, 2.0]), np.array([1.0, 2.0]))                # 1, 1, 1, and ½ of a pair
    0.875
    """
    ordered = np.sort(np.asarray(unknown, np.float64))
    known = np.asarray(known, np.float64)
    below = np.searchsorted(ordered, known, side="left")  # (n,): unknown ones with smaller scores
    up_to = np.searchsorted(ordered, known, side="right")
    return float((below.mean() + up_to.mean()) / (2 * len(ordered)))


def _is_finite(value: object) -> bool:
    """Whether a value is a number, and finite."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < 1e300  # whole numbers of any length, too


def _refused(name: str, value: object, needed: str) -> ModelError:
    try:
        given = json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        given = repr(value)
    return ModelError(f"confidence: {name} is {given}; it must be {needed}")
