"""The keyed permutation: one to one, fixed by its key, and irregular."""

import itertools

import numpy as np
import pytest

from inkgrad.errors import DataError
from inkgrad.quickdraw.permutation import Permutation, key_of, permuted


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 31, 32, 33, 1000, 65_537])
def test_every_number_is_met_once(n: int) -> None:
    assert np.array_equal(np.sort(Permutation(n, 7)(np.arange(n))), np.arange(n))


def test_a_position_does_not_depend_on_what_else_is_asked_for() -> None:
    order = Permutation(50_426_266, 7)
    places = np.array([0, 1, 50_426_265, 25_000_000])
    alone = [int(order([place])[0]) for place in places]
    assert order(places).tolist() == alone
    assert order(places.reshape(2, 2)).tolist() == [alone[:2], alone[2:]]


def test_orders_stay_what_they_are() -> None:
    """A run that is resumed by a later version must meet the same drawings."""
    assert Permutation(10, 1)(np.arange(10)).tolist() == [6, 7, 3, 5, 9, 1, 8, 2, 4, 0]
    assert Permutation(50_426_266, key_of("epoch", 42, 0))([0, 1]).tolist() == [41535710, 42227388]


def test_each_key_has_another_order() -> None:
    orders = {tuple(Permutation(8, key)(np.arange(8)).tolist()) for key in range(1000)}
    assert len(orders) > 970  # of 40,320: 1,000 by chance are 988 ± 4 distinct ones


def test_small_orders_are_all_as_likely() -> None:
    """χ² of the 24 orders of four numbers over 24,000 keys: 23 ± 6.8 by chance."""
    numbers = {order: index for index, order in enumerate(itertools.permutations(range(4)))}
    keys = np.arange(24_000, dtype=np.uint64)
    columns = [permuted(np.full(24_000, i), np.int64(4), keys) for i in range(4)]
    met = np.bincount([numbers[tuple(row)] for row in np.stack(columns, 1).tolist()], minlength=24)
    assert ((met - 1000.0) ** 2 / 1000).sum() < 60


def test_each_place_can_hold_any_number() -> None:
    """χ² of what is first of 100 over 20,000 keys: 99 ± 14 by chance."""
    firsts = permuted(np.zeros(20_000, np.int64), np.int64(100), np.arange(20_000, dtype=np.uint64))
    met = np.bincount(firsts, minlength=100)
    assert ((met - 200.0) ** 2 / 200).sum() < 170


def test_sizes_and_keys_may_differ_by_element() -> None:
    sizes, keys = np.array([5, 9, 9]), np.array([1, 1, 2], np.uint64)
    mixed = permuted(np.array([4, 4, 4]), sizes, keys, bits=4)
    for got, size, key in zip(mixed, sizes, keys, strict=True):
        assert permuted(np.array([4]), size, key, bits=4)[0] == got


def test_nothing_is_permuted_to_nothing() -> None:
    assert Permutation(3, 1)([]).tolist() == []


@pytest.mark.parametrize("n", [0, -1, (1 << 62) + 1])
def test_impossible_sizes_are_refused(n: int) -> None:
    with pytest.raises(DataError, match=f"n is {n}"):
        Permutation(n, 1)


@pytest.mark.parametrize("place", [-1, 3])
def test_positions_outside_are_refused(place: int) -> None:
    with pytest.raises(DataError, match="between 0 and 2"):
        Permutation(3, 1)([0, place])
