"""Drawings as text: every pixel where it belongs, in colour, without, and in ASCII."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from rich.console import Group
from rich.table import Table

from inkgrad.terminal import Drawing, drawing_to_text, gallery
from tests.terminal.screens import ascii_pipe, bytes_of, pipe, printed, terminal, text_of


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, max_side=30)))
def test_half_blocks_can_be_read_back(bitmap):
    lines = drawing_to_text(bitmap)
    rows, columns = bitmap.shape
    assert len(lines) == (rows + 1) // 2
    ink = np.zeros((2 * len(lines), columns), bool)
    for number, line in enumerate(lines):
        ink[2 * number] = [letter in "▀█" for letter in line]
        ink[2 * number + 1] = [letter in "▄█" for letter in line]
    np.testing.assert_array_equal(ink[:rows], bitmap > 127)
    assert not ink[rows:].any()


@given(st.integers(0, 255), st.integers(0, 255))
def test_ascii_shades_grow_with_the_ink(a, b):
    shades = " .:-=+*#%@"
    ((shade,),) = drawing_to_text(np.array([[a], [b]], np.uint8), ascii_only=True)
    assert shade.isascii()
    assert shades.index(shade) == pytest.approx((a + b) / 510 * 9, abs=1)
    assert (shade == " ") == (a + b == 0)
    assert (shade == "@") == (a + b > 510 * 8 / 9)


def test_in_colour_every_pixel_is_ink_on_paper():
    console = terminal()
    console.print(Drawing(np.array([[0, 255], [255, 0], [0, 0]], np.uint8)))
    cells = re.findall(r"\x1b\[38;2;([\d;]+);48;2;([\d;]+)m▀", text_of(console))
    paper, ink = "247;245;239", "27;33;48"
    assert cells == [(paper, ink), (ink, paper), (paper, paper), (paper, paper)]


@pytest.mark.parametrize(
    "console",
    [terminal(color=None), terminal(color="standard"), terminal(NO_COLOR="1"), pipe()],
    ids=["no colours", "16 colours", "NO_COLOR", "pipe"],
)
def test_without_many_colours_half_blocks(console):
    assert printed(Drawing(np.full((4, 3), 255, np.uint8)), console) == ["███", "███"]


def test_a_drawing_takes_the_room_of_its_pixels():
    grid = Table.grid()
    grid.add_row(Drawing(np.full((2, 5), 255, np.uint8)), "right of it")
    assert printed(grid, pipe()) == ["█████right of it"]


def test_without_the_letters_shades():
    console = ascii_pipe()
    console.print(Drawing(np.full((4, 3), 255, np.uint8)))
    assert bytes_of(console) == b"@@@\n@@@\n"


def shown(drawn, *guesses):
    return SimpleNamespace(bitmap=np.full((28, 28), 255, np.uint8), drawn=drawn, guesses=guesses)


def test_a_gallery_puts_as_many_side_by_side_as_fit():
    drawings = [shown("cat", ("cat", 0.9), ("dog", 0.1))] * 3
    for width, lengths in (
        (10, [28] * 3),
        (28, [28] * 3),
        (56, [28] * 3),
        (57, [57, 28]),
        (59, [59, 28]),
        (80, [60, 28]),
        (86, [86]),
        (200, [92]),
    ):
        lines = printed(gallery(drawings, width), pipe(max(width, 28)))
        tops = [
            line
            for before, line in zip(["", *lines[:-1]], lines, strict=True)
            if line and not before
        ]
        assert [len(line) for line in tops] == lengths


def with_ink(rows, columns):
    bitmap = np.zeros((28, 28), np.uint8)
    bitmap[rows, columns] = 255
    return SimpleNamespace(bitmap=bitmap, drawn=None, guesses=[("cat", 0.9)])


def test_a_gallery_cuts_off_the_borders_that_all_have_in_common():
    drawings = [with_ink(slice(4, 12), slice(2, 20)), with_ink(slice(6, 16), slice(8, 26))]
    console = pipe()
    console.print(gallery(drawings, 80))
    lines = text_of(console).splitlines()
    assert len(lines) == (16 - 4) // 2 + 1
    assert lines[0].rstrip() == "█" * 18
    assert lines[2] == "█" * 18 + " " * 6 + " " * 4 + " " * 6 + "█" * 18


def test_a_gallery_of_empty_or_unequal_drawings_is_not_cut():
    empty = with_ink(slice(0), slice(0))
    assert len(printed(gallery([empty], 80), pipe())) == 14 + 1
    small = SimpleNamespace(bitmap=np.zeros((8, 28), np.uint8), drawn=None, guesses=[("a", 1.0)])
    assert len(printed(gallery([empty, small], 80), pipe())) == 14 + 1


def test_a_gallery_names_what_was_missed():
    lines = printed(gallery([shown("cat", ("dog", 0.9), ("cat", 0.1))], 80), pipe())
    assert lines[14] == "drawn: cat  ✗"
    assert re.fullmatch(r"dog\s+━+╸?\s+90.0 %", lines[15])
    assert re.fullmatch(r"cat\s+━+╸?\s+10.0 %", lines[16])
    lines = printed(gallery([shown(None, ("dog", 0.9), ("cat", 0.1))], 80, bars=1), pipe())
    assert len(lines) == 15
    assert lines[14].startswith("dog")


def test_an_empty_gallery_is_nothing():
    assert isinstance(gallery([], 80), Group)
    assert printed(gallery([], 80), pipe()) == []
