"""Batches in memory, the fingerprint of data, and the order of an epoch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.errors import DataError
from inkgrad.training import ArrayBatches, describe_source, epoch_order

from .problems import tiny_data


def test_labels_must_match_the_examples():
    with pytest.raises(DataError, match=r"labels have shape \(2,\) for examples of shape \(3, 1\)"):
        ArrayBatches(np.zeros((3, 1), np.float32), np.zeros(2, np.int64))


def test_a_batch_is_a_copy():
    data = ArrayBatches(np.zeros((3, 1), np.float32), np.zeros(3, np.int64))
    x, labels = data.batch(np.arange(3))
    x += 1
    labels += 1
    assert not data.x.any()
    assert not data.labels.any()


@given(st.integers(0, 2**63), st.integers(0, 1000), st.integers(1, 300))
def test_every_epoch_meets_every_example_once(seed, epoch, n):
    order = epoch_order(seed, epoch, n)
    assert sorted(order) == list(range(n))
    np.testing.assert_array_equal(order, epoch_order(seed, epoch, n))


def test_orders_differ_by_seed_and_epoch():
    orders = {tuple(epoch_order(seed, epoch, 50)) for seed in range(5) for epoch in range(5)}
    assert len(orders) == 25


def test_the_fingerprint_follows_examples_and_labels():
    data = tiny_data(300, seed=0)
    same = ArrayBatches(data.x.copy(), data.labels.copy())
    assert describe_source(data) == describe_source(same)
    same.x[299, 0, 3, 3] += 1
    assert describe_source(data) != describe_source(same)
    same = ArrayBatches(data.x, data.labels.copy())
    same.labels[0] += 1
    assert describe_source(data) != describe_source(same)
    assert describe_source(tiny_data(299, seed=0)) != describe_source(data)


def test_large_data_is_sampled_from_end_to_end():
    class Counted(ArrayBatches):
        met: list[int] = []  # noqa: RUF012

        def batch(self, indices):
            self.met.extend(indices)
            return super().batch(indices)

    data = Counted(np.zeros((100_000, 1), np.float32), np.zeros(100_000, np.int64))
    assert describe_source(data).length == 100_000
    assert len(data.met) == 1024
    assert (data.met[0], data.met[-1]) == (0, 99_999)


def test_data_may_bring_its_own_fingerprint():
    class Signed(ArrayBatches):
        def fingerprint(self) -> str:
            return "mine"

    data = Signed(np.zeros((3, 1), np.float32), np.zeros(3, np.int64))
    assert describe_source(data) == (3, "mine")


def test_empty_data_is_refused():
    empty = ArrayBatches(np.zeros((0, 1), np.float32), np.zeros(0, np.int64))
    with pytest.raises(DataError, match="the validation data is empty; give at least one"):
        describe_source(empty, "validation data")
