"""As many drawings of each class in every epoch."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.errors import DataError
from inkgrad.quickdraw import Drawings, Even

LABELS = np.array([0] * 10 + [1] * 3 + [3])


@pytest.fixture
def drawings() -> Drawings:
    shades = np.arange(len(LABELS), dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)
    return Drawings(shades, LABELS, ("bee", "cat", "dog", "owl"))


def test_each_class_stands_as_often(drawings):
    even = Even(drawings, 4, seed=1)
    assert len(even) == 12  # there are no dogs
    assert np.bincount(LABELS[even.rows]).tolist() == [4, 4, 0, 4]
    x, labels = even.batch([0, 5, 11])
    assert labels.tolist() == [0, 1, 3]
    np.testing.assert_array_equal(x, drawings.batch(even.rows[[0, 5, 11]])[0])


@pytest.mark.parametrize("per_class", [1, 3, 4, 10, 23])
def test_none_is_shown_again_before_all_were_shown(drawings, per_class):
    even = Even(drawings, per_class, seed=2)
    shown = [even.in_epoch(epoch).rows for epoch in range(30)]
    for label, n in enumerate(np.bincount(LABELS)):
        order = np.concatenate([rows[LABELS[rows] == label] for rows in shown])
        for start in range(0, len(order) - n + 1 if n else 0, max(n, 1)):
            assert len(set(order[start : start + n])) == n


def test_an_epoch_shows_the_same_whenever_it_is_asked(drawings):
    one, other = Even(drawings, 3, seed=1), Even(drawings, 3, seed=2)
    np.testing.assert_array_equal(one.in_epoch(7).in_epoch(2).rows, one.in_epoch(2).rows)
    assert (one.rows != one.in_epoch(1).rows).any()
    assert (one.rows != other.rows).any()


def test_what_is_shown_can_be_told_apart(drawings):
    prints = {
        drawings.fingerprint(),
        *(Even(drawings, n, seed).fingerprint() for n in (1, 2) for seed in (1, 2)),
    }
    assert len(prints) == 5


def test_less_than_one_is_refused(drawings):
    with pytest.raises(DataError, match="0 drawings of each class are to be shown; give 1 or more"):
        Even(drawings, 0)
