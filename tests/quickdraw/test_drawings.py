"""Drawings: what is refused, what they take, and that nothing depends on anything else."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.errors import DataError
from inkgrad.quickdraw.drawings import Drawings, concatenate

CLASSES = ("cat", "dog", "zebra")


def some(n: int = 12, seed: int = 0) -> Drawings:
    rng = np.random.default_rng(seed)
    bitmaps = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
    return Drawings(bitmaps, rng.integers(0, 3, n), CLASSES)


def blank(n: int) -> np.ndarray:
    return np.zeros((n, 28, 28), dtype=np.uint8)


@pytest.mark.parametrize(
    ("bitmaps", "labels", "classes", "message"),
    [
        ([[0]], np.array([0]), CLASSES, r"bitmaps are a list; a uint8 array of shape \(n, 28, 28"),
        (blank(1).astype(float), np.array([0]), CLASSES, "bitmaps are float64"),
        (np.zeros((1, 784), np.uint8), np.array([0]), CLASSES, r"shape \(1, 784\)"),
        (np.zeros((1, 28, 27), np.uint8), np.array([0]), CLASSES, r"shape \(1, 28, 27\)"),
        (blank(1), [0], CLASSES, r"labels are a list; a int64 array of shape \(n,\)"),
        (blank(1), np.array([0], np.int32), CLASSES, "labels are int32"),
        (blank(1), np.array([[0]]), CLASSES, r"shape \(1, 1\)"),
        (blank(2), np.array([0]), CLASSES, "2 bitmaps and 1 labels"),
        (blank(1), np.array([3]), CLASSES, "labels run from 3 to 3; .* between 0 and 2"),
        (blank(2), np.array([-1, 0]), CLASSES, "labels run from -1 to 0"),
        (blank(1), np.array([0]), ["cat"], "give a tuple of names"),
        (blank(1), np.array([0]), ("",), "give a tuple of names"),
        (blank(1), np.array([0]), (1,), "give a tuple of names"),
        (blank(1), np.array([0]), ("cat", "cat"), "name each class once"),
    ],
)
def test_what_is_no_set_of_drawings_is_refused(bitmaps, labels, classes, message):
    with pytest.raises(DataError, match=message):
        Drawings(bitmaps, labels, classes)


def test_no_drawings_at_all_are_fine():
    nothing = Drawings(blank(0), np.empty(0, np.int64), CLASSES)
    assert len(nothing) == 0
    assert nothing.counts() == {"cat": 0, "dog": 0, "zebra": 0}
    assert nothing.batch([])[0].shape == (0, 1, 28, 28)


def test_fifty_thousand_drawings_take_39_megabytes():
    tracemalloc.start()
    try:
        drawings = Drawings(blank(50_000), np.zeros(50_000, np.int64), CLASSES)
        kept, peak = tracemalloc.get_traced_memory()
        assert drawings.bitmaps.nbytes == 39_200_000
        assert kept < 39_200_000 + 400_000 + 100_000  # bitmaps, labels, trifles
        assert peak < kept + 100_000  # checking copies nothing
        tracemalloc.reset_peak()
        drawings.fingerprint()
        drawings.counts()
        drawings.batch(np.arange(128))
        assert tracemalloc.get_traced_memory()[1] < kept + 2_000_000
    finally:
        tracemalloc.stop()


@given(st.lists(st.integers(0, 11), max_size=20))
def test_a_batch_is_the_bytes_divided_by_255(indices):
    drawings = some()
    x, labels = drawings.batch(indices)
    assert x.dtype == np.float32
    assert x.shape == (len(indices), 1, 28, 28)
    assert x.flags.c_contiguous
    expected = drawings.bitmaps[np.array(indices, int)].astype(np.float64) / 255
    np.testing.assert_array_equal(x[:, 0], expected.astype(np.float32))
    assert labels.tolist() == [drawings.labels[i] for i in indices]


def test_a_subset_by_rows_by_mask_and_by_slice_of_rows():
    drawings = some()
    mask = drawings.labels == 1
    by_mask, by_rows = drawings.subset(mask), drawings.subset(np.flatnonzero(mask))
    assert by_mask.fingerprint() == by_rows.fingerprint()
    assert by_mask.counts() == {"cat": 0, "dog": mask.sum(), "zebra": 0}
    assert len(drawings.subset([])) == 0
    with pytest.raises(IndexError):
        drawings.subset([0.5])


def test_the_fingerprint_depends_on_bytes_labels_classes_and_order_only():
    drawings = some()
    bitmaps = drawings.bitmaps.copy()
    same = Drawings(np.asfortranarray(bitmaps), drawings.labels[::-1].copy()[::-1], CLASSES)
    assert same.fingerprint() == drawings.fingerprint()
    bitmaps[3, 4, 5] ^= 1
    labels = drawings.labels.copy()
    labels[0] = (labels[0] + 1) % 3
    others = [
        Drawings(bitmaps, drawings.labels, CLASSES),
        Drawings(drawings.bitmaps, labels, CLASSES),
        Drawings(drawings.bitmaps, drawings.labels, ("dog", "cat", "zebra")),
        Drawings(drawings.bitmaps, drawings.labels, (*CLASSES, "lion")),
        drawings.subset(np.arange(12)[::-1]),
        drawings.subset(np.arange(11)),
    ]
    prints = {drawings.fingerprint(), *(other.fingerprint() for other in others)}
    assert len(prints) == 1 + len(others)


def test_concatenating_joins_classes_by_name():
    a, b = some(4, seed=1), some(5, seed=2)
    b = Drawings(b.bitmaps, b.labels, ("zebra", "lion", "cat"))
    both = concatenate([a, b])
    assert both.classes == ("cat", "dog", "zebra", "lion")
    names = [part.classes[label] for part in (a, b) for label in part.labels]
    assert [both.classes[label] for label in both.labels] == names
    np.testing.assert_array_equal(both.bitmaps[4:], b.bitmaps)


def test_concatenating_nothing_is_refused():
    with pytest.raises(DataError, match="at least one part"):
        concatenate([])


@pytest.mark.parametrize("side", [1, 56])
def test_bitmaps_may_have_any_side(side):
    drawings = Drawings(np.full((2, side, side), 255, np.uint8), np.array([0, 2]), CLASSES)
    assert drawings.side == drawings.subset([1]).side == side
    x, _ = drawings.batch([0, 1])
    assert x.shape == (2, 1, side, side)
    with pytest.raises(DataError, match=rf"sides of {min(side, 28)} and {max(side, 28)} pixels"):
        concatenate([drawings, Drawings(blank(1), np.array([0]), ("cat",))])
