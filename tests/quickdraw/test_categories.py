"""The 345 names, and what users type instead of them."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.errors import DataError
from inkgrad.quickdraw.categories import CATEGORIES, find_categories, find_category


def test_there_are_345_distinct_names():
    assert len(CATEGORIES) == len(set(CATEGORIES)) == 345
    assert list(CATEGORIES) == sorted(CATEGORIES, key=lambda n: _sort_key(n))
    assert {"The Eiffel Tower", "t-shirt", "teddy-bear", "cell phone"} <= set(CATEGORIES)


def _sort_key(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def test_the_names_are_those_of_the_data(quickdraw_folder):
    official = (quickdraw_folder / "categories.txt").read_text().splitlines()
    assert list(CATEGORIES) == official


@pytest.mark.parametrize("name", CATEGORIES)
def test_every_name_finds_itself_however_it_is_written(name):
    for written in (
        name,
        name.upper(),
        name.lower(),
        name.replace(" ", "_"),
        name.replace(" ", "-"),
        name.replace("-", " "),
        name.replace(" ", ""),
        name.replace(" ", "").lower(),
        f"  {name} ",
        f"the {name}",
        name.removeprefix("The "),
    ):
        assert find_category(written) == name


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("eiffel tower", "The Eiffel Tower"),
        ("t shirt", "t-shirt"),
        ("TEDDY BEAR", "teddy-bear"),
        ("Mona_Lisa", "The Mona Lisa"),
        ("cats", "cat"),
        ("buses", "bus"),
        ("butterflies", "butterfly"),
        ("grape", "grapes"),
        ("eyeglass", "eyeglasses"),
        ("flip-flop", "flip flops"),
        ("a-i-r-p-l-a-n-e", "airplane"),
    ],
)
def test_what_users_type(given_name, name):
    assert find_category(given_name) == name


@pytest.mark.parametrize(
    ("wrong", "suggestion"), [("dolfin", "dolphin"), ("elefant", "elephant"), ("zebbra", "zebra")]
)
def test_a_wrong_name_gets_the_nearest_first(wrong, suggestion):
    with pytest.raises(DataError, match=f"{wrong}.*did you mean {suggestion}, .* or .*\\?"):
        find_category(wrong)


@given(st.text(max_size=20))
def test_any_text_is_a_category_or_a_data_error(name):
    try:
        assert find_category(name) in CATEGORIES
    except DataError:
        return


@given(st.lists(st.sampled_from(CATEGORIES), min_size=1, max_size=8, unique=True))
def test_several_names_keep_their_order(names):
    assert find_categories(names) == tuple(names)
    assert find_categories(",".join(names)) == tuple(names)
    assert find_categories(" , ".join(name.upper() for name in names)) == tuple(names)


@pytest.mark.parametrize("names", ["", "  ", ",", [], [" "]])
def test_no_names_are_refused(names):
    with pytest.raises(DataError, match="no categories are given"):
        find_categories(names)


def test_an_empty_name_among_others_is_refused():
    with pytest.raises(DataError, match="''"):
        find_categories("cat,,dog")


def test_a_name_given_twice_is_refused_with_both_spellings():
    with pytest.raises(DataError, match="cat is given twice, as 'cat' and as 'The Cats'"):
        find_categories("cat, dog, The Cats")


def test_no_two_names_have_the_same_letters():
    letters = str.maketrans("", "", string.punctuation + string.whitespace)
    assert len({name.lower().translate(letters) for name in CATEGORIES}) == 345
