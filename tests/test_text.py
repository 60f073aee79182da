"""Text for people: nothing in it commands a terminal, and a message is one line."""

from __future__ import annotations

import copy
import pickle

import pytest

from inkgrad.errors import DataError, DownloadError, InkgradError, ModelError, ShapeError
from inkgrad.text import LONGEST, listed, printable, sentence

COMMANDS = [
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *("\u2028", "\u2029", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e"),
    *("\u2066", "\u2067", "\u2068", "\u2069", "\ud800", "\udc80", "\udcff", "\udfff"),
]
HARMLESS = [
    "runs/cat café 猫 кошка",
    "a\u00a0b\u202fc",  # blanks that are not broken
    "👩\u200d🚀",  # one picture of two, joined
    "می\u200cخواهم",  # Persian needs the mark between
    "שלום\u200f",
    "~!@#$%^&*()_+|",
]


@pytest.mark.parametrize("letter", COMMANDS, ids=ascii)
def test_what_commands_a_terminal_becomes_a_question_mark(letter):
    assert printable(f"a{letter}b") == "a?b"
    assert sentence(f"a{letter}b") in ("a?b", "a b")
    assert "\n" not in sentence(f"a{letter}b")


@pytest.mark.parametrize("text", HARMLESS)
def test_all_else_stays_so_that_it_can_be_copied(text):
    assert printable(text) == text
    assert sentence(text) == text


def test_ends_of_lines_are_blanks_in_a_sentence():
    assert sentence("two\r\nlines\tand\u2028more") == "two  lines and more"
    assert printable("two\nlines") == "two?lines"


@pytest.mark.parametrize("length", [LONGEST - 1, LONGEST, LONGEST + 1, 5000, 1_000_000])
def test_the_middle_of_what_is_long_is_left_out(length):
    given = "the folder "
    advice = " holds no drawings; put some there, or name another folder"
    message = given + "x" * (length - len(given) - len(advice)) + advice
    assert len(message) == length
    told = sentence(message)
    assert len(told) == min(length, LONGEST)
    assert told.startswith("the folder xxx")
    assert told.endswith(advice)
    assert (" … " in told) == (length > LONGEST)
    assert sentence(told) == told


@pytest.mark.parametrize("kind", [InkgradError, ShapeError, DataError, DownloadError, ModelError])
def test_every_error_is_a_sentence(kind):
    error = kind("the name \x1b]0;gone\x07" + "猫" * 5000 + "\nis unusable; give another")
    assert len(str(error)) == LONGEST
    assert str(error).isprintable()
    assert str(error).startswith("the name ?]0;gone?猫")
    assert str(error).endswith("猫 is unusable; give another")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is kind
        assert str(again) == str(error)


def test_an_error_within_an_error_keeps_what_to_do():
    inner = ModelError("x" * 1000 + "; train it again")
    assert str(ModelError(f"{'p' * 1000} cannot be used: {inner}")).endswith("; train it again")


def test_of_many_names_the_first_are_listed():
    assert listed([]) == ""
    assert listed(list("abcdefgh")) == "a, b, c, d, e, f, g, h"
    assert listed(list("abcdefghi")) == "a, b, c, d, e, f, g, h and 1 more"
    assert listed(["a"] * 5000, most=1) == "a and 4,999 more"
