"""Folds: even, by content alone, and no drawing in two of them."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.errors import DataError
from inkgrad.quickdraw import Drawings
from inkgrad.quickdraw.folds import fold_numbers

CLASSES = ("cat", "dog", "owl")


@pytest.fixture
def drawings() -> Drawings:
    rng = np.random.default_rng(2)
    bitmaps = rng.integers(0, 256, (130, 28, 28), dtype=np.uint8)
    bitmaps[100:] = bitmaps[:30]  # the same drawings again
    labels = np.repeat([0, 1, 2], [70, 30, 30])
    labels[105:110] = 1  # … and under another label
    return Drawings(bitmaps, labels, CLASSES)


@pytest.mark.parametrize("folds", [2, 3, 7])
def test_every_class_is_divided_evenly(drawings, folds):
    fold = fold_numbers(drawings, folds)
    assert set(fold.tolist()) == set(range(folds))
    for rows in (slice(0, 70), slice(70, 100)):  # all cats; all dogs that are nothing else
        counts = np.bincount(fold[rows], minlength=folds)
        assert counts.max() - counts.min() <= 1


def test_the_same_drawing_is_in_one_fold_whatever_its_label(drawings):
    fold = fold_numbers(drawings, 5)
    np.testing.assert_array_equal(fold[100:], fold[:30])


def test_order_and_company_do_not_matter(drawings):
    order = np.random.default_rng(3).permutation(len(drawings))
    fold = fold_numbers(drawings, 4)
    np.testing.assert_array_equal(fold_numbers(drawings.subset(order), 4), fold[order])
    renamed = Drawings(drawings.bitmaps, 2 - drawings.labels, CLASSES[::-1])
    np.testing.assert_array_equal(fold_numbers(renamed, 4), fold)


def test_another_seed_divides_otherwise(drawings):
    assert (fold_numbers(drawings, 2, seed=1) != fold_numbers(drawings, 2, seed=2)).any()


def test_a_class_without_drawings_and_too_few_folds(drawings):
    assert fold_numbers(drawings.subset([]), 2).shape == (0,)
    with pytest.raises(DataError, match="folds is 1; give 2 or more"):
        fold_numbers(drawings, 1)
