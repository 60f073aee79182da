"""Outliers among examples: as many as asked for, others in every epoch, the same when resumed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from inkgrad.errors import DataError
from inkgrad.training import ArrayBatches, WithOutliers, describe_source, fit

from .problems import RECIPES, TRAIN, VALIDATION, left_behind, tiny_network

KNOWN = ArrayBatches(np.arange(20, dtype=np.float32)[:, None], np.arange(20) % 3)
OTHERS = ArrayBatches(-1 - np.arange(50, dtype=np.float32)[:, None], np.zeros(50, np.int64))


def outliers_of(data: WithOutliers) -> list[float]:
    x, labels = data.batch(np.arange(len(data)))
    return x[labels == -1][:, 0].tolist()


def test_examples_come_first_and_outliers_are_labelled_minus_1():
    data = WithOutliers(KNOWN, OTHERS, 0.25)
    assert len(data) == 25
    x, labels = data.batch(np.arange(25))
    np.testing.assert_array_equal(x[:20], KNOWN.x)
    np.testing.assert_array_equal(labels, [*KNOWN.labels, *[-1] * 5])
    assert (x[20:] < 0).all()
    mixed, few = data.batch(np.array([24, 3, 20, 0]))
    np.testing.assert_array_equal(mixed, x[[24, 3, 20, 0]])
    np.testing.assert_array_equal(few, labels[[24, 3, 20, 0]])
    for places in ([1, 2], [21, 22], []):
        assert data.batch(np.array(places, int))[0].shape == (len(places), 1)


def test_every_epoch_meets_others_and_none_twice():
    data = WithOutliers(KNOWN, OTHERS, 1.0, seed=3)
    epochs = [outliers_of(data.in_epoch(epoch)) for epoch in range(4)]
    assert all(len(set(met)) == 20 for met in epochs)
    assert len({tuple(met) for met in epochs}) == 4
    assert outliers_of(data.in_epoch(2)) == epochs[2]
    assert outliers_of(data) == epochs[0]
    assert outliers_of(replace(data, seed=4)) != epochs[0]
    many = outliers_of(replace(data, share=4.0))
    assert len(many) == 80
    assert len(set(many)) == 50


@dataclass(frozen=True)
class Fresh:
    """Examples that are others in every epoch."""

    epoch: int = 0
    takes_time = True

    def __len__(self) -> int:
        return 6

    def in_epoch(self, epoch: int) -> Fresh:
        return Fresh(epoch)

    def batch(self, indices):
        return np.full((len(indices), 1), 100 * self.epoch, np.float32), np.zeros(len(indices), int)


def test_both_know_the_epoch_and_whether_they_take_time():
    assert not WithOutliers(KNOWN, OTHERS, 0.5).takes_time
    for data in (WithOutliers(KNOWN, Fresh(), 0.1), WithOutliers(Fresh(), OTHERS, 0.5)):
        assert data.takes_time
    assert outliers_of(WithOutliers(KNOWN, Fresh(), 0.1).in_epoch(3)) == [300.0, 300.0]


def test_the_fingerprint_tells_of_all_there_is():
    data = WithOutliers(KNOWN, OTHERS, 0.25)
    changes = [
        replace(data, data=TRAIN),
        replace(data, outliers=KNOWN),
        replace(data, share=0.3),
        replace(data, seed=1),
    ]
    prints = {describe_source(each).fingerprint for each in [data, *changes]}
    assert len(prints) == 5
    assert data.in_epoch(2).fingerprint() == data.fingerprint()


@pytest.mark.parametrize("share", [0, -1, float("nan"), float("inf")])
def test_impossible_shares_are_refused(share):
    with pytest.raises(DataError, match="the share of outliers is"):
        WithOutliers(KNOWN, OTHERS, share)


def test_no_outliers_are_refused():
    with pytest.raises(DataError, match="there are no outliers"):
        WithOutliers(KNOWN, ArrayBatches(KNOWN.x[:0], KNOWN.labels[:0]), 0.5)


def test_a_run_with_outliers_that_is_resumed_ends_with_the_same_bits(tmp_path):
    rng = np.random.default_rng(0)
    others = ArrayBatches(
        rng.random((90, *TRAIN.x.shape[1:])).astype(np.float32), np.zeros(90, np.int64)
    )
    data = WithOutliers(TRAIN, others, 0.3, seed=1)
    how = {"validation": VALIDATION, "recipe": RECIPES["adam"], "engine": "reference"}
    whole = fit(tiny_network(), data, folder=tmp_path / "whole", **how)
    assert whole.stopped == "finished"
    calls = iter(range(1000))
    stopped = fit(
        tiny_network(),
        data,
        folder=tmp_path / "parts",
        should_stop=lambda: next(calls) == 11,
        **how,
    )
    assert stopped.stopped == "interrupted"
    fit(tiny_network(), data, folder=tmp_path / "parts", resume=True, **how)
    assert left_behind(tmp_path / "parts") == left_behind(tmp_path / "whole")
