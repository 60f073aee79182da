"""Rejection: its figures by counting, and distances of features by the formula."""

from __future__ import annotations

import json

import numpy as np
import pytest

from inkgrad.confidence import auroc, energy
from inkgrad.insight.rejection import (
    feature_scores,
    logit_scores,
    measure_rejection,
    separate,
)


def test_accepted_unknown_ones_are_counted_where_95_percent_of_the_known_are():
    rng = np.random.default_rng(0)
    known, unknown = rng.normal(2, 1, 2000), rng.normal(0, 1, 3000)
    found = separate("size", known, unknown)
    assert found.auroc == auroc(known, unknown)
    border = np.sort(known)[100]
    assert (known >= border).mean() == 0.95
    assert found.accepted == (unknown >= border).mean()
    perfect = separate("all", known + 100, unknown)
    assert (perfect.auroc, perfect.accepted) == (1.0, 0.0)


def test_the_figures_are_counts():
    right = np.array([True, True, True, False, False])
    rejected = {
        "known": np.array([True, False, False, False, True]),
        "unknown": np.array([True, True, True, False]),
        "dots": np.array([True, False]),
    }
    scores = {"own": np.arange(5.0)}, {"own": np.arange(4.0) - 3}
    found = measure_rejection(
        known=scores[0], unknown=scores[1], unknown_classes=2, rejected=rejected, right=right
    )
    assert (found.known, found.unknown, found.unknown_classes) == (5, 4, 2)
    assert found.unknown_rejected == 0.75
    assert found.nothings == {"dots": 0.5}
    assert found.known_accepted == pytest.approx(0.6)
    assert found.accuracy == pytest.approx(0.6)
    assert found.accuracy_rejecting == pytest.approx(0.4)
    assert found.accuracy_of_accepted == pytest.approx(2 / 3)
    assert json.loads(json.dumps(found.to_dict()))["separations"][0]["score"] == "own"
    none = {**rejected, "known": np.ones(5, bool)}
    nothing = measure_rejection(
        known=scores[0], unknown=scores[1], unknown_classes=2, rejected=none, right=right
    )
    assert (nothing.known_accepted, nothing.accuracy_of_accepted) == (0.0, 0.0)


def test_every_score_of_logits_is_compared():
    logits = np.random.default_rng(0).normal(size=(9, 4))
    scores = logit_scores(logits)
    assert sorted(scores) == ["energy", "largest logit", "margin"]
    np.testing.assert_array_equal(scores["energy"], energy(logits))


def test_distances_of_features_are_the_formula():
    rng = np.random.default_rng(0)
    mix, labels = rng.normal(size=(4, 4)), np.repeat([0, 2, 5], 50)
    centres = rng.normal(0, 5, (6, 4))
    learnt = rng.normal(size=(150, 4)) @ mix + centres[labels]
    some, others = learnt[:7], rng.normal(0, 9, (9, 4))
    means = {k: learnt[labels == k].mean(axis=0) for k in (0, 2, 5)}
    off = np.stack([x - means[k] for x, k in zip(learnt, labels, strict=True)])
    shared = off.T @ off / 150
    inverse = np.linalg.inv(shared + 1e-3 * np.trace(shared) / 4 * np.eye(4))
    found = feature_scores(learnt, labels, some, others)
    for scores, features in zip(found, (some, others), strict=True):
        expected = [-min((f - m) @ inverse @ (f - m) for m in means.values()) for f in features]
        np.testing.assert_allclose(scores, expected, rtol=1e-9)


def test_features_that_never_vary_are_harmless():
    learnt = np.ones((20, 3))
    learnt[:, 0] = np.arange(20)
    (scores,) = feature_scores(learnt, np.repeat([0, 1], 10), learnt[:2])
    assert np.isfinite(scores).all()
    (zeros,) = feature_scores(np.zeros((4, 2)), np.array([0, 0, 1, 1]), np.ones((1, 2)))
    assert np.isfinite(zeros).all()
