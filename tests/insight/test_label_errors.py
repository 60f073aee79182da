"""Label errors: the rule of confident learning, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.errors import DataError
from inkgrad.insight.label_errors import find_label_errors


def by_loops(p, labels, known):
    """Return thresholds and suggestions, straight from the definition."""
    n, classes = p.shape
    typical = []
    for k in range(classes):
        own = [p[i, k] for i in range(n) if labels[i] == k and known[i]]
        typical.append(sum(own) / len(own) if own else 1.0)
    suggested = []
    for i in range(n):
        others = [k for k in range(classes) if k != labels[i] and p[i, k] > typical[k]]
        doubted = p[i, labels[i]] < typical[labels[i]]
        suggested.append(max(others, key=lambda k, i=i: p[i, k]) if doubted and others else -1)
    return typical, suggested


@pytest.mark.parametrize("seed", range(20))
def test_it_is_what_plain_loops_find(seed):
    rng = np.random.default_rng(seed)
    classes = int(rng.integers(2, 6))
    p = rng.dirichlet(np.full(classes, 0.4), 60)
    labels = rng.integers(0, classes, 60)
    known = rng.random(60) < 0.7
    typical, suggested = by_loops(p, labels, known)
    found = find_label_errors(p, labels, known=known)
    np.testing.assert_allclose(found.typical, typical, rtol=1e-12)
    assert found.suggested.tolist() == suggested
    np.testing.assert_array_equal(found.is_suspicious, np.array(suggested) >= 0)
    rows = np.arange(60)
    np.testing.assert_array_equal(found.self_confidence, p[rows, labels])
    np.testing.assert_allclose(found.loss, -np.log(p[rows, labels]))
    expected = np.where(found.is_suspicious, p[rows, found.suggested], 0)
    np.testing.assert_array_equal(found.confidence, expected)


def test_swapped_labels_are_found_and_ranked():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 300)
    p = 0.1 + 0.7 * np.eye(3)[truth] + rng.uniform(-0.01, 0.01, (300, 3))
    labels = truth.copy()
    labels[:12] = (truth[:12] + 1) % 3
    found = find_label_errors(p, labels)
    np.testing.assert_array_equal(np.flatnonzero(found.is_suspicious), np.arange(12))
    np.testing.assert_array_equal(found.suggested[:12], truth[:12])
    for label in range(3):
        rows = found.ranked(labels, label)
        assert sorted(rows) == [i for i in range(12) if labels[i] == label]
        assert (np.diff(found.loss[rows]) <= 0).all()


def test_a_network_that_is_surer_of_one_class_does_not_suspect_the_other():
    """A threshold for each class: 0.45 is little for the first, and much for the second."""
    p = np.array([[0.95, 0.05]] * 8 + [[0.60, 0.40]] * 8)
    labels = np.repeat([0, 1], 8)
    assert not find_label_errors(p, labels).is_suspicious.any()


def test_a_class_without_drawings_is_never_suggested():
    found = find_label_errors([[0.1, 0.2, 0.7], [0.6, 0.4, 0.0], [0.2, 0.8, 0.0]], [0, 0, 1])
    assert 2 not in found.suggested


@pytest.mark.parametrize(
    ("p", "labels"),
    [([0.5, 0.5], [0, 1]), ([[0.5, 0.5]], [0, 1]), ([[0.5, 0.5]], [2]), ([[0.5, 0.5]], [-1])],
)
def test_what_does_not_fit_is_refused(p, labels):
    with pytest.raises(DataError, match="each label a column's number"):
        find_label_errors(p, labels)


def test_probabilities_of_0_have_a_finite_loss():
    assert np.isfinite(find_label_errors([[0.0, 1.0], [1.0, 0.0]], [0, 0]).loss).all()
