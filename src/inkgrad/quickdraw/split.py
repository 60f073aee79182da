"""Splits: which drawings train a network and which judge it, with none on both sides."""

from __future__ import annotations

import hashlib
import math

import numpy as np

from inkgrad.errors import DataError
from inkgrad.quickdraw.drawings import Drawings, Indices
from inkgrad.quickdraw.duplicates import leaked

__all__ = ["notebook_split", "split", "validation_split"]


def split(drawings: Drawings, *, test_size: float = 0.2, seed: int = 42) -> tuple[Indices, Indices]:
    """Divide drawings into a part to train on and a part to test on.

    The place of a drawing depends on its pixels and the seed alone: within a class the distinct
    drawings are ranked by a hash of their bytes, keyed by the seed, and the first
    ``test_size`` of them are for testing. Hence

    - every class is divided in the same proportion (counted in distinct drawings, rounded, and
      at least one on each side where a class has two);
    - exact duplicates always stand on the same side, those under two labels too: they count for
      the class whose name sorts first;
    - the order of the rows and of the classes does not matter, and when drawings are added, only
      those near the border move.

    Parameters
    ----------
    drawings : Drawings
    test_size : float
        Part of the drawings that is for testing, above 0 and below 1.
    seed : int

    Returns
    -------
    train, test : int64 arrays
        Row numbers in ascending order; together they are all rows.

    Raises
    ------
    DataError
        If `test_size` is not between 0 and 1, or no class has two distinct drawings.

    Examples
    --------
    >>> bitmaps = np.arange(10, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)
    >>> drawings = Drawings(bitmaps, np.repeat([0, 1], 5), ("cat", "dog"))
    >>> train, test = split(drawings, test_size=0.4)
    >>> drawings.subset(test).counts()
    {'cat': 2, 'dog': 2}
    """
    return _ranked_split(drawings, test_size, f"test {seed}")


def validation_split(
    drawings: Drawings, train: Indices, *, validation_size: float = 0.1, seed: int = 42
) -> tuple[Indices, Indices]:
    """Divide the training part once more, into drawings to train on and to validate on.

    The same rule as `split`, with a hash that is independent of the one there, so that the same
    seed serves both.

    Parameters
    ----------
    drawings : Drawings
    train : int64 array
        The rows to divide, as `split` returns them.
    validation_size : float
        Part of these rows, above 0 and below 1.
    seed : int

    Returns
    -------
    train, validation : int64 arrays
        Row numbers in `drawings`; together they are all of `train`.

    Raises
    ------
    DataError
        As for `split`.

    Examples
    --------
    >>> bitmaps = np.arange(10, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)
    >>> drawings = Drawings(bitmaps, np.repeat([0, 1], 5), ("cat", "dog"))
    >>> train, test = split(drawings)
    >>> train, validation = validation_split(drawings, train, validation_size=0.25)
    >>> len(train), len(validation), len(test)
    (6, 2, 2)
    """
    rest, validation = _ranked_split(drawings.subset(train), validation_size, f"validation {seed}")
    return train[rest], train[validation]


def notebook_split(
    drawings: Drawings,
    *,
    rows: int = 10_000,
    test_size: float = 0.2,
    seed: int = 42,
    drop_leaked: bool = True,
) -> tuple[Indices, Indices]:
    """Divide drawings as the seed notebook did, for comparison with its results.

    It took the first 10,000 rows of each class, the classes in alphabetical order, and called
    scikit-learn's ``train_test_split(x, y, test_size=0.2, random_state=42)``. That shuffles all
    n rows (MT19937, NumPy's legacy permutation), takes the first ``ceil(test_size * n)`` to test
    and the others to train, in shuffled order; classes are not balanced. With
    ``drop_leaked=False`` the rows are exactly scikit-learn's; otherwise those of the training
    part that stand in the test part too (`leaked`) are left out.

    Parameters
    ----------
    drawings : Drawings
    rows : int
        How many rows of each class to use, 1 or more.
    test_size : float
        Part of the rows that is for testing, above 0 and below 1.
    seed : int
        The ``random_state``, from 0 to 2³² - 1.
    drop_leaked : bool
        Leave exact duplicates of test drawings out of the training part.

    Returns
    -------
    train, test : int64 arrays
        Row numbers in `drawings`, in the order in which scikit-learn returns them.

    Raises
    ------
    DataError
        If a parameter is out of its range, or a part would be empty.

    Examples
    --------
    >>> bitmaps = np.arange(6, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)
    >>> drawings = Drawings(bitmaps, np.array([1, 1, 1, 0, 0, 0]), ("cat", "dog"))
    >>> notebook_split(drawings)
    (array([2, 5, 1, 0]), array([3, 4]))
    """
    _check_size(test_size)
    if rows < 1:
        raise DataError(f"rows is {rows}; give 1 or more rows a class")
    if not 0 <= seed < 2**32:
        raise DataError(f"seed is {seed}; scikit-learn's are from 0 to {2**32 - 1}")
    by_name = sorted(range(len(drawings.classes)), key=drawings.classes.__getitem__)
    used = np.concatenate(
        [np.empty(0, np.int64)]
        + [np.flatnonzero(drawings.labels == label)[:rows] for label in by_name]
    )
    tested = math.ceil(test_size * len(used))
    if not 0 < tested < len(used):
        raise DataError(
            f"{len(used)} drawings cannot be divided with test_size {test_size}: a part would be "
            "empty; give more drawings"
        )
    shuffled = np.random.RandomState(seed).permutation(len(used))
    train, test = used[shuffled[tested:]], used[shuffled[:tested]]
    if drop_leaked:
        train = train[~np.isin(train, leaked(drawings, train, test))]
    return train, test


def _ranked_split(drawings: Drawings, size: float, purpose: str) -> tuple[Indices, Indices]:
    """Divide each class's distinct drawings by rank: the rule that `split` describes."""
    _check_size(size)
    key = hashlib.blake2b(purpose.encode()).digest()
    ranks = [
        hashlib.blake2b(bitmap.tobytes(), key=key, digest_size=16).digest()
        for bitmap in drawings.bitmaps
    ]
    home: dict[bytes, str] = {}  # the class that each distinct drawing counts for
    for rank, label in zip(ranks, drawings.labels.tolist(), strict=True):
        name = drawings.classes[label]
        home[rank] = min(home.get(rank, name), name)
    members: dict[str, list[bytes]] = {}
    for rank in sorted(home):
        members.setdefault(home[rank], []).append(rank)
    second: set[bytes] = set()
    for distinct in members.values():
        count = math.floor(size * len(distinct) + 0.5)
        second.update(distinct[: min(max(count, 1), len(distinct) - 1)])
    if not second:
        raise DataError(
            f"{len(drawings)} drawings cannot be divided: no class has two distinct ones; "
            "give more drawings"
        )
    chosen = np.array([rank in second for rank in ranks], dtype=np.bool_)
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def _check_size(size: float) -> None:
    if not 0 < size < 1:
        raise DataError(f"the part for testing is {size}; give a number between 0 and 1")
