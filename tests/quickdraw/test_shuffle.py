"""Shuffling by blocks: every row once, in few places of the disk, and still well mixed."""

import numpy as np
import pytest

from inkgrad.errors import DataError
from inkgrad.quickdraw.permutation import Permutation
from inkgrad.quickdraw.shuffle import BlockShuffle, quality_of

SHAPES = [
    (1, 256, 4),
    (10, 2, 2),
    (77, 1, 7),
    (255, 256, 1024),
    (999, 16, 5),
    (1000, 7, 11),
    (100_000, 256, 13),
]


@pytest.mark.parametrize(("n", "block", "window"), SHAPES)
def test_every_row_is_met_once(n: int, block: int, window: int) -> None:
    order = BlockShuffle(n, 5, block=block, window=window)
    assert np.array_equal(np.sort(order(np.arange(n))), np.arange(n))
    starts = np.concatenate([order.blocks_of(number) for number in range(order.windows)])
    assert np.array_equal(np.sort(starts), np.arange(0, n, min(block, n)))


@pytest.mark.parametrize(("n", "block", "window"), SHAPES)
def test_a_window_reads_its_own_blocks_alone(n: int, block: int, window: int) -> None:
    order = BlockShuffle(n, 5, block=block, window=window)
    numbers = np.array([order.window_of(place) for place in range(n)])
    assert (np.diff(numbers) >= 0).all()
    assert numbers[-1] == order.windows - 1
    rows = order(np.arange(n))
    for number in range(order.windows):
        met = np.unique(rows[numbers == number] // min(block, n)) * min(block, n)
        assert np.array_equal(met, order.blocks_of(number))


def test_a_position_does_not_depend_on_what_else_is_asked_for() -> None:
    order = BlockShuffle(100_000, 5, window=13)
    places = np.array([99_999, 0, 3327, 3328, 50_000])
    assert order(places).tolist() == [int(order([place])[0]) for place in places]


def test_each_key_has_another_order() -> None:
    first, second = (BlockShuffle(10_000, key, window=4)(np.arange(10_000)) for key in (1, 2))
    assert (first == second).mean() < 0.01


def test_the_full_shuffle_is_as_irregular_as_chance() -> None:
    n = 300_000
    rows = Permutation(n, 1)(np.arange(n))
    quality = quality_of(rows, rows * 345 // n)
    assert quality.longest_run <= 5
    assert abs(quality.equal_neighbours - 1) < 0.15  # 870 expected: ± 3.4 %
    assert abs(quality.correlation) < 0.01  # ± 0.0018
    assert abs(quality.lumpiness - 1) < 0.02
    assert abs(quality.drift - 1) < 0.15


def test_blocks_leave_batches_nearly_as_even() -> None:
    """Files sorted by class, 345 of them, seven windows: what a batch has of each class."""
    n = 2_000_000
    order = BlockShuffle(n, 1)
    rows = order(np.arange(n))
    quality = quality_of(rows, rows * 345 // n)
    assert order.windows == 7
    assert quality.longest_run <= 5
    assert abs(quality.equal_neighbours - 1) < 0.1
    assert abs(quality.correlation) < 0.01
    assert abs(quality.lumpiness - 1) < 0.1


def test_windows_cut_through_all_classes() -> None:
    n = 256 * 4096
    order = BlockShuffle(n, 1, window=1024)
    for number in range(4):
        counts = np.bincount(order.blocks_of(number) * 16 // n, minlength=16)
        assert (counts == 64).all()


def test_an_unshuffled_order_is_found_out() -> None:
    rows = np.arange(10_000)
    quality = quality_of(rows, rows // 1000)
    assert quality.longest_run == 1000
    assert quality.equal_neighbours > 9
    assert quality.correlation == pytest.approx(1)
    assert quality.lumpiness > 100


@pytest.mark.parametrize("name", ["n", "block", "window"])
def test_impossible_numbers_are_refused(name: str) -> None:
    numbers = {"n": 9, "block": 2, "window": 2, name: 0}
    with pytest.raises(DataError, match=f"{name} is 0"):
        BlockShuffle(numbers["n"], 1, block=numbers["block"], window=numbers["window"])


@pytest.mark.parametrize("place", [-1, 9])
def test_positions_outside_are_refused(place: int) -> None:
    with pytest.raises(DataError, match="between 0 and 8"):
        BlockShuffle(9, 1)([place])


def test_one_class_has_no_quality() -> None:
    with pytest.raises(DataError, match="two classes"):
        quality_of(np.arange(10), np.zeros(10, np.int64), batch_size=2)
