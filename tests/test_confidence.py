"""Confidence: scores by their formulas, familiarity between 0 and 1, hostile values refused."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.confidence import SCORES, Confidence, auroc, energy, fit_confidence, margin
from inkgrad.errors import ModelError
from inkgrad.layers import softmax

finite = st.floats(-1e6, 1e6)


@given(st.integers(2, 9), st.integers(0, 5), st.integers(0, 2**32 - 1))
def test_scores_are_their_formulas_in_loops(k, n, seed):
    logits = np.random.default_rng(seed).normal(0, 3, (n, k)).astype(np.float32)
    found = {name: score(logits) for name, score in SCORES.items()}
    assert all(values.shape == (n,) and values.dtype == np.float64 for values in found.values())
    for b in range(n):
        z = [float(value) for value in logits[b]]
        powers = sorted(math.exp(value) for value in z)
        assert found["logit"][b] == max(z)
        assert found["energy"][b] == pytest.approx(math.log(sum(powers)), abs=1e-12)
        odds = powers[-1] / sum(powers[:-1])
        assert found["margin"][b] == pytest.approx(math.log(odds), abs=1e-10)


def test_scores_stay_finite_where_exponentials_overflow_and_probabilities_are_1():
    logits = np.array([[1e30, 0.0, -1e30], [800.0, 0.0, 0.0]])
    np.testing.assert_allclose(energy(logits), [1e30, 800.0])
    np.testing.assert_allclose(margin(logits), [1e30, 800.0 - math.log(2)])
    assert softmax(logits)[1, 0] == 1  # of which no odds could be taken


@given(st.sampled_from(sorted(SCORES)), finite, st.floats(1e-3, 1e3), st.integers(0, 2**32 - 1))
def test_familiarity_grows_with_the_score_from_0_to_1(name, centre, scale, seed):
    logits = np.random.default_rng(seed).normal(0, 10, (50, 4))
    confidence = Confidence(name, centre, scale, 0.5)
    familiarity = confidence.familiarity(logits)
    assert ((familiarity >= 0) & (familiarity <= 1)).all()
    order = np.argsort(SCORES[name](logits), kind="stable")
    assert (np.diff(familiarity[order]) >= 0).all()
    with np.errstate(over="ignore"):
        expected = 1 / (1 + np.exp(-(SCORES[name](logits) - centre) / scale))
    np.testing.assert_allclose(familiarity, expected, rtol=1e-9, atol=1e-15)
    np.testing.assert_array_equal(confidence.is_rejected(logits), familiarity < 0.5)


def test_one_class_alone_is_always_certain():
    assert margin(np.zeros((2, 1))).tolist() == [math.inf, math.inf]
    assert Confidence("margin").familiarity(np.zeros((1, 1))).tolist() == [1.0]


def test_logits_that_are_no_numbers_are_rejected_if_anything_is():
    logits = np.array([[np.nan, 0.0], [9.0, 0.0]])
    assert Confidence(threshold=0.5).is_rejected(logits).tolist() == [True, False]
    assert Confidence().is_rejected(logits).tolist() == [False, False]


def test_a_fitted_threshold_accepts_95_percent_of_the_known():
    rng = np.random.default_rng(0)
    known = rng.normal(0, 1, (1000, 5))
    known[np.arange(1000), rng.integers(0, 5, 1000)] += rng.gamma(4, 2, 1000)
    outliers = rng.normal(0, 1, (400, 5))
    for others in (None, outliers[:0], outliers):
        confidence = fit_confidence(known, others, temperature=1.5)
        assert confidence.threshold == 0.5
        assert confidence.temperature == 1.5
        assert np.count_nonzero(~confidence.is_rejected(known)) == 950
        assert np.median(confidence.familiarity(known)) == pytest.approx(0.88, abs=0.005)
        assert confidence.rejects == (others is outliers)
    assert confidence.is_rejected(outliers).mean() > 0.7
    best = max(SCORES, key=lambda name: auroc(SCORES[name](known), SCORES[name](outliers)))
    assert confidence.score == best


@pytest.mark.parametrize("shift", [-3.0, 3.0])
def test_the_score_that_tells_them_best_is_taken(shift):
    """Outliers with the same margins: only what all logits are together tells them."""
    rng = np.random.default_rng(0)
    known = rng.normal(0, 2, (500, 4))
    outliers = rng.normal(0, 2, (500, 4)) + shift
    assert fit_confidence(known, outliers).score == ("margin" if shift > 0 else "energy")


def test_known_drawings_that_are_all_alike_and_few():
    for n in (1, 2, 30):
        alike = fit_confidence(np.tile([[3.0, 1.0]], (n, 1)))
        assert alike.is_rejected(np.array([[3.0, 1.0], [2.9, 1.0]])).tolist() == [False, True]
        assert alike.scale == 1.0
    steps = np.arange(40.0).reshape(20, 2)
    assert np.count_nonzero(fit_confidence(steps).is_rejected(steps)) == 1
    with pytest.raises(ModelError, match="logits are infinite or not numbers"):
        fit_confidence(np.array([[np.inf, 0.0]]))


def test_auroc_counts_pairs():
    rng = np.random.default_rng(0)
    known, unknown = rng.integers(0, 9, 40), rng.integers(0, 7, 30)
    pairs = [(k > u) + (k == u) / 2 for k in known for u in unknown]
    assert auroc(known, unknown) == pytest.approx(np.mean(pairs), rel=1e-12)
    assert auroc(known, known) == 0.5
    assert auroc(unknown + 10, known) == 1.0


GOOD = {
    "score": "logit",
    "centre": 4,
    "scale": 2.5,
    "threshold": 0.25,
    "rejects": True,
    "temperature": 1.25,
}

HOSTILE = {
    "score": ["luck", "", None, 3, ["logit"], {"logit": 1}, True, "__proto__", "constructor"],
    "centre": [None, "4", True, [], {}, float("inf"), float("nan"), 10**400],
    "scale": [None, "2", False, 0, -1, -0.0, [1], float("inf"), float("nan"), 10**400],
    "threshold": ["0.5", True, -0.1, 1.1, [], {}, float("nan"), float("inf")],
    "rejects": [None, 0, 1, "true", [], {}],
    "temperature": [None, "1", True, 0, -2, float("nan"), float("-inf")],
}


def test_what_is_written_is_read():
    confidence = Confidence.from_dict(GOOD)
    assert Confidence.from_dict(json.loads(json.dumps(confidence.to_dict()))) == confidence
    assert Confidence.from_dict({**GOOD, "threshold": None}).threshold is None


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in HOSTILE.items() for value in values]
)
def test_nonsense_is_refused_in_one_sentence(name, value):
    with pytest.raises(ModelError, match=rf"^confidence: {name} is .*; it must be "):
        Confidence.from_dict({**GOOD, name: value})


@pytest.mark.parametrize(
    "values",
    [{}, [], 3, "logit", {**GOOD, "more": 1}, {k: v for k, v in GOOD.items() if k != "scale"}],
)
def test_entries_that_are_missing_or_too_many_are_refused(values):
    with pytest.raises(ModelError) as caught:
        Confidence.from_dict(values)
    assert str(caught.value) == (
        "confidence: its entries must be centre, rejects, scale, score, temperature, threshold"
    )
