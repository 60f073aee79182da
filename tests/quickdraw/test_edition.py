"""The identity of a file: which answers of a server may be about the same one."""

from __future__ import annotations

import itertools

import pytest

from inkgrad.quickdraw.edition import LARGEST_NOTE, Edition, parse_note

A, B = "A" * 22 + "==", "B" * 22 + "=="
SIGNS = list(itertools.product(["", '"a"', '"b"'], ["", A, B], ["", "Mon", "Tue"]))


def edition(signs: tuple[str, str, str], total: int = 9) -> Edition:
    tag, md5, modified = signs
    return Edition(tag, total, md5, modified)


@pytest.mark.parametrize("one", SIGNS)
def test_two_agree_if_something_is_equal_and_nothing_differs(one: tuple[str, str, str]) -> None:
    for other in SIGNS:
        both = [(mine, theirs) for mine, theirs in zip(one, other, strict=True) if mine and theirs]
        differs = any(mine != theirs for mine, theirs in both)
        silent = not any(one) and not any(other)
        assert edition(one).agrees(edition(other)) == (not differs and (bool(both) or silent))
        assert not edition(one).agrees(edition(other, total=10))
    assert not edition(one).agrees(None)
    assert edition(one).told == any(one)


def test_two_answers_tell_more_than_one() -> None:
    joined = Edition('"a"', 9).joined(Edition('"a"', 9, A)).joined(Edition("", 9, A, "Mon"))
    assert joined == Edition('"a"', 9, A, "Mon")
    assert not joined.agrees(Edition('"a"', 9, B))


def test_a_weak_tag_is_not_its_strong_twin() -> None:
    assert not Edition('"a"', 9).agrees(Edition('W/"a"', 9))


@pytest.mark.parametrize(
    "note",
    [
        None,
        [],
        {},
        {"tag": "a"},
        {"tag": "a", "total": True},
        {"tag": "a", "total": 1.0},
        {"tag": "a", "total": -1},
        {"tag": "a", "total": 10**30},
        {"tag": "a", "total": "1"},
        {"tag": None, "total": 1},
        {"tag": "a", "total": 1, "md5": True},
        {"tag": "a", "total": 1, "md5": "soon"},
        {"tag": "a", "total": 1, "modified": []},
        {"tag": "a", "total": 1, "colour": "red"},
    ],
)
def test_an_edition_of_other_types_is_none(note: object) -> None:
    with pytest.raises(ValueError, match=r"^not an"):
        Edition.from_note(note)


def test_a_note_of_an_earlier_version_is_read() -> None:
    assert Edition.from_note({"tag": '"a"', "total": 1, "md5": A}) == Edition('"a"', 1, A)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"3",
        b"\xff",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b"{}" + b" " * LARGEST_NOTE,
    ],
)
def test_what_is_no_note(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_note(data)
