"""Hard classes: seldom recognised, or the worse one of two that are taken for each other."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.insight import hard_classes

NAMES = ("a", "b", "c", "d")


def counts(**taken: int) -> np.ndarray:
    """Return the confusions of 100 drawings of each class: ``ab=30``: 30 of a are taken for b."""
    confusion = np.diag([100] * len(NAMES))
    for (drawn, read), number in taken.items():
        row, column = NAMES.index(drawn), NAMES.index(read)
        confusion[row, column] += number
        confusion[row, row] -= number
    return confusion


@pytest.mark.parametrize(
    ("taken", "hard"),
    [
        ({}, []),
        ({"ab": 17, "ac": 17, "ad": 17}, ["a"]),  # recognised less than every other time
        ({"ab": 17, "ac": 17, "ad": 16}, []),
        ({"ab": 25, "ba": 25}, []),  # a quarter, not more
        ({"ab": 26, "ba": 25}, ["a"]),
        ({"ab": 25, "ba": 26}, ["b"]),
        ({"ab": 30, "ba": 30, "bc": 20, "cb": 40}, ["b"]),  # without b, the others are clear
        ({"ab": 45, "ba": 10, "bc": 15, "cb": 40}, ["a", "c"]),
        ({"ab": 60, "cd": 60}, ["a", "c"]),
    ],
)
def test_the_hard_ones_are_left_out(taken, hard):
    assert hard_classes(NAMES, counts(**taken)) == hard


def test_most_confused_pairs_go_first():
    """Of b and c, b has to go; then nothing is taken for a any more, and it may stay."""
    assert hard_classes(NAMES, counts(ab=40, ba=12, bc=25, cb=35)) == ["b"]
    assert hard_classes(NAMES, counts(ab=40, ba=12)) == ["a"]


def test_a_class_without_drawings_is_hard():
    confusion = counts()
    confusion[2] = 0
    assert hard_classes(NAMES, confusion) == ["c"]
    assert hard_classes((), np.zeros((0, 0), int)) == []
