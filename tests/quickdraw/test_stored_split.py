"""Splits of data that is larger than memory: one pass, and no drawing on two sides."""

import hashlib

import numpy as np
import pytest

from inkgrad.errors import DataError
from inkgrad.quickdraw.formats.npy import MappedRows
from inkgrad.quickdraw.stored import StoredDrawings
from inkgrad.quickdraw.stored_split import StoredPart, stored_split
from inkgrad.training.batches import batches_of_epoch


def made(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 4, 4), dtype=np.uint8)


def stored(**classes: np.ndarray) -> StoredDrawings:
    return StoredDrawings({name: MappedRows(bitmaps) for name, bitmaps in classes.items()})


def kept(part: StoredPart) -> np.ndarray:
    return part.rows_of(np.arange(len(part)))


@pytest.mark.parametrize("n", [1, 7, 8, 63, 64, 65, 1000])
def test_a_part_has_the_rows_whose_bits_are_set(n: int) -> None:
    is_in = np.random.default_rng(n).random(n) < 0.3
    is_in[-1] = True
    part = StoredPart(stored(cat=made(n)), np.packbits(is_in))
    assert len(part) == is_in.sum()
    assert np.array_equal(kept(part), np.flatnonzero(is_in))
    assert part.rows_of([]).tolist() == []
    with pytest.raises(DataError, match="between 0 and"):
        part.rows_of([len(part)])


@pytest.mark.parametrize("n", [1001, 8192, 20_000])
def test_the_two_parts_are_all_drawings(n: int) -> None:
    data = stored(cat=made(n // 2), dog=made(n - n // 2, seed=1))
    train, test = stored_split(data)
    assert np.array_equal(np.sort(np.concatenate([kept(train), kept(test)])), np.arange(n))
    assert abs(len(test) - n / 5) < 5 * np.sqrt(n * 0.16)


def test_the_side_is_told_by_the_hash_of_split() -> None:
    bitmaps = made(500)
    _, test = stored_split(stored(cat=bitmaps), test_size=0.3, seed=7)
    key = hashlib.blake2b(b"test 7").digest()
    ranks = [hashlib.blake2b(b.tobytes(), key=key, digest_size=16).digest() for b in bitmaps]
    below = [int.from_bytes(rank[:8], "big") < 0.3 * 2**64 for rank in ranks]
    assert np.array_equal(kept(test), np.flatnonzero(below))


def test_copies_share_a_side_whatever_their_labels() -> None:
    bitmaps = made(600)
    _, test = stored_split(stored(cat=bitmaps, dog=bitmaps[::-1].copy()))
    cats, dogs = kept(test)[kept(test) < 600], kept(test)[kept(test) >= 600]
    assert np.array_equal(cats, np.sort(1199 - dogs))


def test_more_data_moves_no_drawing() -> None:
    first = kept(stored_split(stored(cat=made(600)))[1])
    more = np.concatenate([made(600), made(900, seed=5)])
    second = kept(stored_split(stored(cat=more, dog=made(50, seed=6)))[1])
    assert np.array_equal(first, second[second < 600])


def test_seeds_and_sizes_divide_otherwise() -> None:
    data = stored(cat=made(600))
    parts = [kept(stored_split(data, seed=seed)[1]) for seed in (1, 2)]
    assert not np.array_equal(*parts)
    small, large = (kept(stored_split(data, test_size=size)[1]) for size in (0.1, 0.4))
    assert set(small) < set(large)


def test_a_part_is_trained_on_as_data_is() -> None:
    train, _ = stored_split(stored(cat=made(3000), dog=made(3000, seed=1)))
    order = train.order(42, 0)[0 : len(train)]
    assert np.array_equal(np.sort(order), np.arange(len(train)))
    with batches_of_epoch(train, 0, 42, 512) as batches:
        x, labels = next(batches)
    expected, classes = train.stored.batch(train.rows_of(order[:512]))
    assert np.array_equal(x, expected)
    assert np.array_equal(labels, classes)


def test_fingerprints_tell_parts_apart() -> None:
    train, test = stored_split(stored(cat=made(600)))
    again, _ = stored_split(stored(cat=made(600)))
    assert train.fingerprint() == again.fingerprint() != test.fingerprint()


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    stored_split(stored(cat=made(9000)), on_progress=lambda *step: told.append(step))
    assert told == [(8192, 9000), (9000, 9000)]


@pytest.mark.parametrize("size", [0, 1, -0.5])
def test_impossible_sizes_are_refused(size: float) -> None:
    with pytest.raises(DataError, match=f"testing is {size}"):
        stored_split(stored(cat=made(10)), test_size=size)


def test_one_drawing_cannot_be_divided() -> None:
    with pytest.raises(DataError, match="cannot be divided"):
        stored_split(stored(cat=np.zeros((50, 4, 4), np.uint8)))


def test_other_bits_are_refused() -> None:
    with pytest.raises(DataError, match=r"shape \(2,\) is needed"):
        StoredPart(stored(cat=made(10)), np.zeros(1, np.uint8))
