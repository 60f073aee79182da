"""Splits: what they promise, and that the notebook's is scikit-learn's."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.errors import DataError
from inkgrad.quickdraw.drawings import Drawings, concatenate
from inkgrad.quickdraw.duplicates import leaked
from inkgrad.quickdraw.split import notebook_split, split, validation_split

CLASSES = ("cat", "dog", "zebra")


def distinct(n: int, first: int = 0) -> np.ndarray:
    """Bitmaps that differ: their number is written into their first pixels."""
    bitmaps = np.zeros((n, 28, 28), dtype=np.uint8)
    numbers = np.arange(first, first + n, dtype="<u4")
    bitmaps[:, 0, :4] = numbers.view(np.uint8).reshape(n, 4)
    return bitmaps


def drawings_of(counts: list[int]) -> Drawings:
    n = sum(counts)
    return Drawings(distinct(n), np.repeat(np.arange(len(counts)), counts), CLASSES[: len(counts)])


def contents(drawings: Drawings, rows: np.ndarray) -> set[tuple[str, bytes]]:
    return {(drawings.classes[drawings.labels[i]], drawings.bitmaps[i].tobytes()) for i in rows}


@given(
    st.lists(st.integers(2, 60), min_size=1, max_size=3),
    st.floats(0.01, 0.99),
    st.integers(0, 2**63),
)
def test_every_class_is_divided_in_proportion_and_every_row_once(counts, size, seed):
    drawings = drawings_of(counts)
    train, test = split(drawings, test_size=size, seed=seed)
    assert sorted([*train, *test]) == list(range(len(drawings)))
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()
    for name, n in drawings.counts().items():
        got = drawings.subset(test).counts()[name]
        assert 1 <= got <= n - 1
        assert abs(got - size * n) <= 0.5 or got in (1, n - 1)


@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 2)), min_size=4, max_size=60))
def test_exact_duplicates_never_stand_on_both_sides(rows):
    bitmaps = distinct(16)[[number for number, _ in rows]]
    drawings = Drawings(bitmaps, np.array([label for _, label in rows]), CLASSES)
    try:
        train, test = split(drawings, seed=1)
    except DataError:
        homes = {}
        for number, label in rows:
            homes[number] = min(homes.get(number, 3), label)
        assert len(set(homes.values())) == len(homes)  # no class has two distinct drawings
        return
    assert len(leaked(drawings, train, test)) == 0
    assert len(train) + len(test) == len(drawings)
    rest, validation = train, np.empty(0, np.int64)
    with contextlib.suppress(DataError):  # nothing left to set aside
        rest, validation = validation_split(drawings, train, validation_size=0.3, seed=1)
    for one, other in [(rest, validation), (rest, test), (validation, test)]:
        assert len(leaked(drawings, one, other)) == 0


def test_a_copy_with_another_label_stays_with_the_class_that_sorts_first():
    drawings = concatenate(
        [drawings_of([20, 20]), Drawings(distinct(20), np.ones(20, np.int64), CLASSES)]
    )
    train, test = split(drawings)
    counts = drawings.subset(test).counts()
    assert counts == {"cat": 4, "dog": 4 + 4, "zebra": 0}  # the 4 cats bring their copies along
    assert len(leaked(drawings, train, test)) == 0


@given(st.permutations(range(45)), st.permutations(range(3)))
def test_the_order_of_rows_and_of_classes_does_not_matter(order, renaming):
    drawings = drawings_of([10, 15, 20])
    classes = tuple(CLASSES[renaming.index(i)] for i in range(3))
    shuffled = Drawings(
        drawings.bitmaps[order], np.array(renaming)[drawings.labels[order]], classes
    )
    one = contents(drawings, split(drawings, seed=7)[1])
    assert contents(shuffled, split(shuffled, seed=7)[1]) == one


def test_when_drawings_are_added_few_others_move():
    small = drawings_of([1000])
    grown = concatenate([small, Drawings(distinct(100, 5000), np.zeros(100, np.int64), ("cat",))])
    before, after = (contents(d, split(d)[1]) for d in (small, grown))
    new = contents(grown, np.arange(1000, 1100))
    assert len(before ^ (after - new)) <= 20  # 220 of 1,100 are drawn where 200 of 1,000 were
    assert len(before) == 200
    assert len(after) == 220


def test_the_seed_matters_and_nothing_else_does():
    drawings = drawings_of([100, 100])
    np.testing.assert_array_equal(split(drawings)[1], split(drawings, seed=42)[1])
    assert set(split(drawings, seed=1)[1]) != set(split(drawings, seed=2)[1])
    both = set(split(drawings, seed=1)[1]) & set(split(drawings, seed=2)[1])
    assert len(both) < 25  # 8 expected, if independent


def test_the_split_is_the_same_on_every_machine_and_in_every_version():
    _, test = split(drawings_of([10, 10]))
    assert test.tolist() == [1, 5, 11, 18]


def test_the_validation_part_is_independent_of_the_test_part():
    drawings = drawings_of([1000])
    train, test = split(drawings, seed=3)
    rest, validation = validation_split(drawings, train, validation_size=0.25, seed=3)
    assert sorted([*rest, *validation, *test]) == list(range(1000))
    assert len(validation) == 200
    unrelated = validation_split(drawings, np.arange(1000), validation_size=0.2, seed=3)[1]
    assert 15 < len(set(unrelated) & set(test)) < 70  # 40 expected


@pytest.mark.parametrize("size", [0, 1, -0.1, 1.5, float("nan")])
def test_a_size_that_is_no_part_is_refused(size):
    for divide in (split, notebook_split):
        with pytest.raises(DataError, match="between 0 and 1"):
            divide(drawings_of([10]), test_size=size)


@pytest.mark.parametrize("bitmaps", [distinct(0), distinct(1), distinct(1)[[0, 0, 0]]])
def test_what_has_nothing_to_set_aside_is_refused(bitmaps):
    with pytest.raises(DataError, match="no class has two distinct ones"):
        split(Drawings(bitmaps, np.zeros(len(bitmaps), np.int64), CLASSES))


# The notebook's split


def train_test_split(*arrays, **options):
    """Split as scikit-learn does. It takes seconds to load, in each worker that collects tests."""
    from sklearn.model_selection import train_test_split as theirs

    return theirs(*arrays, **options)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7, 9, 10, 11, 99, 100, 101, 1000, 4999, 50_000])
@pytest.mark.parametrize("seed", [42, 0, 1, 2**32 - 1])
def test_the_notebooks_rows_are_scikit_learns(n, seed):
    counts = [n // 2, n - n // 2]
    drawings = Drawings(
        np.broadcast_to(np.uint8(0), (n, 28, 28)), np.repeat([0, 1], counts), ("cat", "dog")
    )
    expected = train_test_split(np.arange(n), test_size=0.2, random_state=seed)
    got = notebook_split(drawings, rows=n, seed=seed, drop_leaked=False)
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@given(st.integers(2, 3000), st.floats(0.001, 0.999), st.integers(0, 2**32 - 1))
def test_for_any_number_size_and_seed(n, size, seed):
    drawings = Drawings(np.broadcast_to(np.uint8(0), (n, 28, 28)), np.zeros(n, np.int64), ("cat",))
    try:
        expected = train_test_split(np.arange(n), test_size=size, random_state=seed)
    except ValueError:
        with pytest.raises(DataError, match="a part would be empty"):
            notebook_split(drawings, test_size=size, seed=seed, drop_leaked=False)
        return
    got = notebook_split(drawings, test_size=size, seed=seed, drop_leaked=False)
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_whole_notebook_step_with_arrays_as_it_stood_there():
    """Zebras first and more rows than are used: x and y are those of the notebook's own code."""
    counts = {"zebra": 30, "cat": 50, "dog": 20}
    labels = np.repeat([0, 1, 2], list(counts.values()))
    drawings = Drawings(distinct(100), labels, tuple(counts))
    x, y = [], []
    for name in sorted(counts):
        rows = drawings.bitmaps[labels == list(counts).index(name)].reshape(-1, 784)[:25]
        x.append(rows)
        y.extend([name] * len(rows))
    x_train, x_test, y_train, y_test = train_test_split(
        np.concatenate(x), np.array(y), test_size=0.2, random_state=42
    )
    train, test = notebook_split(drawings, rows=25)
    for rows, x_part, y_part in [(train, x_train, y_train), (test, x_test, y_test)]:
        np.testing.assert_array_equal(drawings.bitmaps[rows].reshape(-1, 784), x_part)
        assert [drawings.classes[label] for label in drawings.labels[rows]] == y_part.tolist()


def test_leaked_rows_are_left_out_of_the_training_part_and_can_be_counted():
    bitmaps = distinct(100)
    bitmaps[50:] = bitmaps[:50]
    drawings = Drawings(bitmaps, np.repeat([0, 1], 50), ("cat", "dog"))
    train, test = notebook_split(drawings, drop_leaked=False)
    found = leaked(drawings, train, test)
    partners = {(row + 50) % 100 for row in test} - set(test.tolist())
    assert set(found.tolist()) == partners
    assert len(found) > 0
    kept, same_test = notebook_split(drawings)
    np.testing.assert_array_equal(same_test, test)
    assert kept.tolist() == [row for row in train if row not in partners]  # in the same order


def test_rows_and_seeds_out_of_range_are_refused():
    with pytest.raises(DataError, match="rows is 0"):
        notebook_split(drawings_of([5]), rows=0)
    for seed in (-1, 2**32):
        with pytest.raises(DataError, match=f"seed is {seed}"):
            notebook_split(drawings_of([5]), seed=seed)
    with pytest.raises(DataError, match="0 drawings cannot be divided"):
        notebook_split(Drawings(distinct(0), np.empty(0, np.int64), ()))
