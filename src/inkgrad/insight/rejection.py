"""Rejection: how well a model notices what is none of its classes, and what that costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from inkgrad.confidence import SCORES, auroc
from inkgrad.layers import Array

__all__ = [
    "Rejection",
    "Separation",
    "feature_scores",
    "logit_scores",
    "measure_rejection",
    "separate",
]

KNOWN_ACCEPTED = 0.95
"""The share of known drawings at which the accepted unknown ones are counted."""

_RIDGE = 1e-3  # of the mean variance, added to each: features that never vary stay harmless


@dataclass(frozen=True)
class Separation:
    """How well a score tells known drawings from unknown ones.

    Attributes
    ----------
    score : str
    auroc : float
        See `inkgrad.confidence.auroc`.
    accepted : float
        The share of unknown drawings accepted where 95 % of the known ones are.
    """

    score: str
    auroc: float
    accepted: float


@dataclass(frozen=True)
class Rejection:
    """How well a model rejects, on drawings that it was not trained on.

    Attributes
    ----------
    known, unknown : int
        How many drawings of its classes, and of others; 0 of others where there were none.
    unknown_classes : int
    separations : tuple of Separation
        Its own familiarity first; then other scores, to compare. Empty without unknown drawings.
    unknown_rejected : float or None
        The share of unknown drawings that are none of these, by its threshold.
    nothings : dict of str to float
        The same for dots, lines, scribbles and blanks.
    known_accepted : float
        The share of known drawings that are accepted.
    accuracy : float
        The share of known drawings whose first guess is right, rejected or not.
    accuracy_rejecting : float
        The same, with rejected drawings counted as wrong.
    accuracy_of_accepted : float
        Among the accepted ones.
    """

    known: int
    unknown: int
    unknown_classes: int
    separations: tuple[Separation, ...]
    unknown_rejected: float | None
    nothings: Mapping[str, float]
    known_accepted: float
    accuracy: float
    accuracy_rejecting: float
    accuracy_of_accepted: float

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values, ready for JSON."""
        return asdict(self)


def separate(name: str, known: Array, unknown: Array) -> Separation:
    """Return how well a score, larger for known drawings, tells them from unknown ones.

    Examples
    --------
    >>> separate("size", np.array([5.0, 4.0, 3.0]), np.array([3.5, 1.0, 2.0, 0.0]))
    Separation(score='size', auroc=0.9166666666666666, accepted=0.25)
    """
    border = np.sort(known)[math.floor((1 - KNOWN_ACCEPTED) * len(known))]
    return Separation(name, auroc(known, unknown), float((np.asarray(unknown) >= border).mean()))


def measure_rejection(
    *,
    known: Mapping[str, Array],
    unknown: Mapping[str, Array],
    unknown_classes: int,
    rejected: Mapping[str, Array],
    right: Array,
) -> Rejection:
    """Return the figures of a model's rejection.

    Parameters
    ----------
    known, unknown : dict of str to arrays (n,) and (m,)
        Scores of drawings by name, the model's own first; larger for what is known. Of unknown
        drawings there may be none.
    unknown_classes : int
    rejected : dict of str to arrays of bool
        What the model rejects: of ``"known"``, of ``"unknown"`` if there are any, and of kinds of
        nothings.
    right : (n,) array of bool
        Whether the first guess for each known drawing is right.
    """
    accepted = ~np.asarray(rejected["known"], bool)
    right = np.asarray(right, bool)
    return Rejection(
        known=len(right),
        unknown=len(rejected.get("unknown", ())),
        unknown_classes=unknown_classes,
        separations=tuple(separate(name, known[name], unknown[name]) for name in unknown),
        unknown_rejected=float(np.mean(rejected["unknown"])) if "unknown" in rejected else None,
        nothings={
            name: float(np.mean(values))
            for name, values in rejected.items()
            if name not in ("known", "unknown")
        },
        known_accepted=float(accepted.mean()),
        accuracy=float(right.mean()),
        accuracy_rejecting=float((right & accepted).mean()),
        accuracy_of_accepted=float(right[accepted].mean()) if accepted.any() else 0.0,
    )


def logit_scores(logits: Array) -> dict[str, Array]:
    """Return every score of `inkgrad.confidence.SCORES`, in words."""
    words = {"logit": "largest logit", "energy": "energy", "margin": "margin"}
    return {words[name]: score(logits) for name, score in SCORES.items()}


def feature_scores(learnt: Array, labels: Array, *others: Array) -> list[Array]:
    r"""Return how near drawings are to the classes that were learnt, by their features.

    $$ s(f) = -\min_c \; (f - \mu_c)^\top \Sigma^{-1} (f - \mu_c) $$

    with the mean $\mu_c$ of each class and a covariance $\Sigma$ that all share (Lee et al., *A
    Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks*,
    2018, section 2.1).

    Parameters
    ----------
    learnt : (n, F) array
        What the last layer was given for drawings that were learnt from.
    labels : (n,) whole numbers
    *others : (m, F) arrays

    Returns
    -------
    scores : list of (m,) arrays

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> learnt = np.concatenate([rng.normal(0, 1, (99, 2)), rng.normal(9, 1, (99, 2))])
    >>> (scores,) = feature_scores(learnt, np.repeat([0, 1], 99), np.array([[0, 0], [4.5, 4.5]]))
    >>> bool(scores[0] > scores[1])
    True
    """
    x = np.asarray(learnt, np.float64)
    classes, index = np.unique(np.asarray(labels), return_inverse=True)
    means = np.stack([x[index == k].mean(axis=0) for k in range(len(classes))])  # (K, F)
    centred = x - means[index]
    covariance = centred.T @ centred / len(x)  # (F, F)
    ridge = _RIDGE * max(float(np.trace(covariance)) / len(covariance), 1e-12)
    root = np.linalg.cholesky(covariance + ridge * np.eye(len(covariance)))  # Σ = R Rᵀ
    whitened = np.linalg.solve(root, means.T).T  # (K, F): distances become ordinary ones

    def score(features: Array) -> Array:
        f = np.linalg.solve(root, np.asarray(features, np.float64).T).T  # (m, F)
        squares = (f * f).sum(axis=1)[:, None] - 2 * f @ whitened.T + (whitened**2).sum(axis=1)
        return np.asarray(-squares.min(axis=1))

    return [score(features) for features in others]
