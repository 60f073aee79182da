"""The figures of merit, by hand and against scikit-learn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.errors import DataError
from inkgrad.insight.evaluation import Confusion, evaluate, ranked_classes


def random_case(seed, n=200, k=6, absent=(4,)):
    """Probabilities and labels in which some classes have no drawing."""
    rng = np.random.default_rng(seed)
    present = [c for c in range(k) if c not in absent]
    labels = rng.choice(present, n)
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), labels] += 1.0
    p = np.exp(logits)
    return p / p.sum(axis=1, keepdims=True), labels, [f"class {i}" for i in range(k)]


def test_figures_worked_out_by_hand():
    p = np.array(
        [
            [0.6, 0.2, 0.1, 0.1],  # a cat: rank 1
            [0.3, 0.4, 0.2, 0.1],  # a cat: rank 2, read as dog
            [0.3, 0.4, 0.2, 0.1],  # a fish: rank 3, read as dog
            [0.4, 0.3, 0.2, 0.1],  # an owl: rank 4, read as cat
            [0.1, 0.7, 0.1, 0.1],  # a dog: rank 1
        ]
    )
    result = evaluate(p, [0, 0, 2, 3, 1], ["cat", "dog", "fish", "owl"])
    assert result.n == 5
    assert result.top1 == pytest.approx(2 / 5)
    assert result.top3 == pytest.approx(4 / 5)
    assert result.map3 == pytest.approx((1 + 1 / 2 + 1 / 3 + 0 + 1) / 5)
    assert result.balanced_accuracy == pytest.approx((1 / 2 + 1 + 0 + 0) / 4)
    assert result.log_loss == pytest.approx(-np.log([0.6, 0.3, 0.2, 0.1, 0.7]).mean())
    assert result.confusion.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]]
    assert result.confusion.dtype == np.int64
    cat, dog, fish, _ = result.per_class
    assert (cat.precision, cat.recall, cat.f1, cat.support) == (1 / 2, 1 / 2, 1 / 2, 2)
    assert (dog.precision, dog.recall, dog.f1, dog.support) == (1 / 3, 1.0, 1 / 2, 1)
    assert (fish.precision, fish.recall, fish.f1, fish.support) == (None, 0.0, 0.0, 1)
    assert result.confusions(2) == [
        Confusion("cat", "dog", 1, 0.5),
        Confusion("fish", "dog", 1, 1.0),
    ]


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_scikit_learn(seed):
    metrics = pytest.importorskip("sklearn.metrics")
    p, labels, classes = random_case(seed)
    result = evaluate(p, labels, classes)
    guesses = p.argmax(axis=1)
    every = np.arange(len(classes))
    assert result.top1 == pytest.approx(metrics.accuracy_score(labels, guesses))
    assert result.top3 == pytest.approx(metrics.top_k_accuracy_score(labels, p, k=3, labels=every))
    present = np.unique(labels)
    recalls = metrics.recall_score(labels, guesses, labels=present, average=None)
    assert result.balanced_accuracy == pytest.approx(recalls.mean())
    assert result.log_loss == pytest.approx(metrics.log_loss(labels, p, labels=every))
    np.testing.assert_array_equal(
        result.confusion, metrics.confusion_matrix(labels, guesses, labels=every)
    )
    theirs = metrics.precision_recall_fscore_support(
        labels, guesses, labels=every, zero_division=np.nan
    )
    for score, precision, recall, f1, support in zip(result.per_class, *theirs, strict=True):
        assert score.support == support
        for ours, truth in ((score.precision, precision), (score.recall, recall)):
            assert (ours is None) == bool(np.isnan(truth))
            assert ours is None or ours == pytest.approx(truth)
        if score.f1 is not None:
            assert score.f1 == pytest.approx(f1)


def test_balanced_accuracy_agrees_with_scikit_learn_where_it_is_defined():
    metrics = pytest.importorskip("sklearn.metrics")
    p, labels, classes = random_case(7, absent=())
    expected = metrics.balanced_accuracy_score(labels, p.argmax(axis=1))
    assert evaluate(p, labels, classes).balanced_accuracy == pytest.approx(expected)


def test_map3_is_the_definition_written_as_a_loop():
    p, labels, classes = random_case(3)
    total = 0.0
    for row, label in zip(p, labels, strict=True):
        for position, guess in enumerate(sorted(range(len(classes)), key=lambda c: -row[c])[:3]):
            if guess == label:
                total += 1 / (position + 1)
    assert evaluate(p, labels, classes).map3 == pytest.approx(total / len(labels))


def test_equal_probabilities_are_ranked_in_the_order_of_the_classes():
    p = np.full((4, 4), 0.25)
    result = evaluate(p, [0, 1, 2, 3], list("abcd"))
    assert (result.top1, result.top3) == (0.25, 0.75)
    assert result.map3 == pytest.approx((1 + 1 / 2 + 1 / 3) / 4)
    assert result.confusion[:, 0].tolist() == [1, 1, 1, 1]
    assert ranked_classes(p).tolist() == [[0, 1, 2, 3]] * 4


@pytest.mark.parametrize("k", [1, 2])
def test_fewer_than_three_classes(k):
    p = np.full((2, k), 1.0 / k)
    result = evaluate(p, [0, k - 1], [f"class {i}" for i in range(k)])
    assert result.top3 == 1.0
    assert result.map3 == pytest.approx((1 + 1 / k) / 2)


def test_classes_without_drawings_are_null_in_strict_json():
    p = np.array([[0.9, 0.1, 0.0]])
    table = evaluate(p, np.array([0], np.uint8), ["cat", "dog", "fish"]).to_dict()
    assert json.loads(json.dumps(table, allow_nan=False)) == table
    assert {
        "n",
        "top1",
        "top3",
        "map3",
        "balanced_accuracy",
        "per_class",
        "confusion",
        "classes",
    } <= (set(table))
    assert table["balanced_accuracy"] == 1.0
    assert table["per_class"][2] == {
        "class": "fish",
        "precision": None,
        "recall": None,
        "recall_interval": None,
        "f1": None,
        "support": 0,
    }
    assert table["confusions"] == []


def test_a_certain_mistake_costs_much_but_not_infinitely_much():
    result = evaluate(np.array([[1.0, 0.0]], np.float32), [1], ["cat", "dog"])
    assert result.log_loss == pytest.approx(-np.log(1e-15))


def test_confusions_come_in_order_and_only_where_there_are_any():
    p, labels, classes = random_case(11)
    found = evaluate(p, labels, classes).confusions(most=100)
    counts = [c.count for c in found]
    assert counts == sorted(counts, reverse=True)
    assert min(counts) > 0
    assert all(c.drawn != c.read for c in found)
    assert sum(counts) == (p.argmax(axis=1) != labels).sum()


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 8))
def test_identities_that_always_hold(seed, n, k):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(k), n)
    labels = rng.integers(k, size=n)
    result = evaluate(p, labels, [str(i) for i in range(k)])
    assert result.top1 <= result.map3 <= result.top3 <= 1.0
    assert result.confusion.sum() == n
    assert np.trace(result.confusion) / n == pytest.approx(result.top1)
    assert [s.support for s in result.per_class] == np.bincount(labels, minlength=k).tolist()
    weighted = sum(s.support * s.recall for s in result.per_class if s.recall is not None) / n
    assert weighted == pytest.approx(result.top1)


def test_inputs_are_not_modified():
    p, labels, classes = random_case(1)
    before = p.copy(), labels.copy()
    evaluate(p, labels, classes).confusions()
    np.testing.assert_array_equal(p, before[0])
    np.testing.assert_array_equal(labels, before[1])


@pytest.mark.parametrize(
    ("p", "labels", "message"),
    [
        (np.zeros((0, 2)), [], "no drawing"),
        (np.full((2, 3), 1 / 3), [0, 1], "one column for each of the 2 classes"),
        (np.full(2, 0.5), [0, 1], "one row a drawing"),
        (np.full((2, 2), 0.5), [0], "2 whole numbers"),
        (np.full((2, 2), 0.5), [0.0, 1.0], "whole numbers"),
        (np.full((2, 2), 0.5), [0, 2], "between 0 and 1"),
        (np.full((2, 2), 0.5), [-1, 0], "between 0 and 1"),
        (np.array([[0.5, 0.5], [3.0, -1.0]]), [0, 1], "row 1 .* not the logits"),
        (np.array([[0.5, 0.5], [2.0, -1.0]]), [0, 1], "row 1 "),
        (np.array([[0.5, 0.5], [np.nan, 1.0]]), [0, 1], "row 1 .*nan"),
    ],
)
def test_what_cannot_be_judged_is_refused(p, labels, message):
    with pytest.raises(DataError, match=message):
        evaluate(p, labels, ["cat", "dog"])
