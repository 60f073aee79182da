"""Whatever the stream and the names, printing does not fail and does not command the terminal."""

from __future__ import annotations

import io

import pytest

from inkgrad.terminal import clean, guess_bars, make_console, working
from inkgrad.terminal.console import _replace
from tests.terminal.screens import ascii_pipe, bytes_of, pipe, printed, terminal, text_of


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437"])
def test_letters_that_the_stream_lacks_are_replaced_one_by_one(encoding):
    console = ascii_pipe(encoding)
    line = "▀▄█ – ✓ ★ é 猫 \u202f x"
    console.print(line)
    assert len(bytes_of(console).decode(encoding).rstrip("\n")) == len(line)
    assert bytes_of(console).decode(encoding).endswith("x\n")


def test_letters_that_the_stream_has_stay():
    console = ascii_pipe("utf-8")
    console.print("▀ – ✓ é")
    assert bytes_of(console).decode() == "▀ – ✓ é\n"


def test_only_encoding_is_mended():
    with pytest.raises(UnicodeDecodeError):
        _replace(UnicodeDecodeError("ascii", b"\xff", 0, 1, "not ASCII"))


def test_a_stream_that_cannot_be_reconfigured_is_taken_as_it_is():
    stream = io.StringIO()
    make_console(stream).print("✓")
    assert stream.getvalue() == "✓\n"


def test_names_are_neither_markup_nor_commands():
    assert clean("a\x1b[31m\nb\x07") == "a?[31m?b?"
    lines = printed(guess_bars([("[red]cat[/red] :smile: \x1b[2J", 1.0)], width=4), terminal(60))
    assert "[red]cat[/red] :smile: ?[2J" in lines[0]
    assert "\x1b[2J" not in lines[0]


def test_the_standard_output_is_the_default(capsys):
    make_console().print("plain")
    assert capsys.readouterr().out == "plain\n"


def test_a_terminal_shows_that_something_is_under_way():
    console = terminal()
    with working(console, "checking"):
        pass
    assert "checking" in text_of(console)
    for quiet in (pipe(), terminal(TERM="dumb")):
        with working(quiet, "checking"):
            pass
        assert text_of(quiet) == ""
