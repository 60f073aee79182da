"""The mirror rule: what is written is not mirrored."""

from __future__ import annotations

import pytest

from inkgrad.quickdraw import CATEGORIES
from inkgrad.quickdraw.mirroring import TEXT_LIKE, may_mirror, mirror_mask


def test_only_text_like_categories_are_kept_from_the_mirror():
    assert set(CATEGORIES) >= TEXT_LIKE
    assert {name for name in CATEGORIES if not may_mirror(name)} == TEXT_LIKE


@pytest.mark.parametrize(
    "name",
    ["b", "B", "7", "42", "3.14", "?", "+", "é", "あ", "left", "Right Hand", "arrow-up", "up_arrow",
     "letter b", "digit_3", "Number 5", "counterclockwise"],
)  # fmt: skip
def test_names_of_sides_letters_and_numbers(name):
    assert not may_mirror(name)


@pytest.mark.parametrize(
    "name", ["my logo", "ox", "bright star", "sword", "car2", "yoga", "zigzag"]
)
def test_other_names_may(name):
    assert may_mirror(name)


def test_a_mask_has_an_answer_for_each_class():
    assert mirror_mask(["cat", "b", "map"]).tolist() == [True, False, False]
    assert mirror_mask([]).shape == (0,)
