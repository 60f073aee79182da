"""Batches in memory, the fingerprint of data, and the order of an epoch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.errors import DataError
from inkgrad.training import ArrayBatches, describe_source, epoch_order
from inkgrad.training.batches import batches_of_epoch

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


@pytest.mark.parametrize("takes_time", [False, True])
def test_an_epoch_meets_its_own_examples_from_any_batch_on(takes_time):
    class Fresh:
        """Examples whose numbers are the epoch's."""

        def __init__(self, epoch: int = -1) -> None:
            self.epoch, self.takes_time = epoch, takes_time

        def __len__(self) -> int:
            return 10

        def in_epoch(self, epoch: int) -> Fresh:
            return Fresh(epoch)

        def batch(self, indices):
            return np.full(len(indices), self.epoch, np.float32), indices

    for epoch in (0, 3):
        order = epoch_order(5, epoch, 10)
        for first in range(4):
            with batches_of_epoch(Fresh(), epoch, 5, batch_size=4, first=first) as batches:
                met = list(batches)
            assert len(met) == max(0, 3 - first)
            for x, _ in met:
                assert set(x.tolist()) == {epoch}
            rows = np.concatenate([np.empty(0, int), *(labels for _, labels in met)])
            np.testing.assert_array_equal(rows, order[4 * first :])
