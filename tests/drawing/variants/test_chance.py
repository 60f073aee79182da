"""Counter-based chance: the same wherever it is asked for, and as even as chance is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.drawing.variants.chance import chance_keys, keys_of_members, uniform

PLACES = np.arange(20_000)


@given(st.integers(0, 2**80), st.integers(0, 2**40), st.lists(st.integers(0, 2**62), max_size=9))
def test_a_place_has_its_chance_in_any_company(seed, epoch, places):
    together = uniform(chance_keys(seed, epoch, np.array(places, np.int64)), 7)
    assert together.shape == (7, len(places))
    for column, place in zip(together.T, places, strict=True):
        alone = uniform(chance_keys(seed, epoch, np.array([place])), 9)[:7, 0]
        np.testing.assert_array_equal(column, alone)


def test_seed_epoch_and_place_each_make_another_key():
    keys = [chance_keys(*which, PLACES) for which in ((0, 0), (0, 1), (1, 0), (1, 1), (2**64, 0))]
    assert len(np.unique(np.concatenate(keys))) == 5 * len(PLACES)
    members = [keys_of_members(keys[0], np.full(len(PLACES), n)) for n in (-1, 0, 1)]
    assert len(np.unique(np.concatenate([keys[0], *members]))) == 4 * len(PLACES)


@pytest.mark.parametrize("places", [PLACES, PLACES * 128, PLACES + 2**40], ids=str)
def test_the_numbers_are_even_and_independent(places):
    numbers = uniform(chance_keys(42, 3, places), 6)
    assert 0 <= numbers.min() < numbers.max() < 1
    shares = np.array([np.bincount((row * 16).astype(int), minlength=16) for row in numbers])
    expected = len(places) / 16
    assert (np.abs(shares - expected) < 5 * np.sqrt(expected)).all()
    neighbours = np.concatenate([numbers[:, 1:], numbers[:, :-1]])  # of the next place, too
    correlations = np.corrcoef(neighbours) - np.eye(12)
    assert np.abs(correlations).max() < 5 / np.sqrt(len(places))
