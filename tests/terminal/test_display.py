"""The display of a training run: a live line on a terminal, plain lines anywhere else."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from inkgrad.terminal import TrainingDisplay
from inkgrad.terminal.display import _minutes
from tests.terminal.screens import ascii_pipe, bytes_of, pipe, terminal, text_of


class Clock:
    """A clock that goes on by so many seconds whenever it is asked."""

    def __init__(self, tick=1.0):
        self.now, self.tick = 0.0, tick

    def __call__(self):
        self.now += self.tick
        return self.now


def step(epoch, number, epochs=3, steps=40):
    return SimpleNamespace(
        epoch=epoch,
        epochs=epochs,
        step=number,
        steps_per_epoch=steps,
        loss=0.5,
        accuracy=0.8,
        learning_rate=1e-3,
        drawings_per_s=1234.4,
        seconds_left=83.0,
    )


def epoch(number, validation=0.75, is_best=True):
    return SimpleNamespace(
        epoch=number,
        train_loss=0.4,
        train_accuracy=0.85,
        validation_loss=None if validation is None else 0.6,
        validation_accuracy=validation,
        seconds=12.34,
        is_best=is_best,
    )


def run(display, epochs=3, steps=40, **options):
    with display:
        for e in range(1, epochs + 1):
            for s in range(1, steps + 1):
                display.on_event(step(e, s, epochs, steps))
            display.on_event(epoch(e, **options))


LOADED = SimpleNamespace(
    source="a folder", drawings=SimpleNamespace(counts=lambda: {"cat": 30, "dog": 12})
)
PARTS = SimpleNamespace(_asdict=lambda: {"train": range(30), "test": range(12)})


def test_plain_lines_come_at_every_tenth_and_every_epoch():
    console = pipe()
    run(TrainingDisplay(console))
    lines = text_of(console).splitlines()
    assert lines[0] == "epoch 1/3,  30 %: loss 0.5000, accuracy 80.0 %, 1,234 drawings/s, 1:23 left"
    dones = [line for line in lines if "done" in line]
    assert dones[0] == (
        "epoch 1/3 done: loss 0.4000, accuracy 85.0 %, validation 75.0 % (the best so far), 12.3 s"
    )
    assert len(dones) == 3
    steps = [line for line in lines if "left" in line]
    assert 8 <= len(steps) <= 10
    assert "\x1b" not in text_of(console)


def test_plain_lines_of_a_long_run_are_still_few():
    console = pipe()
    run(TrainingDisplay(console), epochs=1, steps=10_000)
    assert len(text_of(console).splitlines()) == 9 + 1


def test_plain_lines_without_validation():
    console = pipe()
    run(TrainingDisplay(console), epochs=1, steps=1, validation=None)
    assert text_of(console) == "epoch 1/1 done: loss 0.4000, accuracy 85.0 %, 12.3 s\n"
    console = pipe()
    run(TrainingDisplay(console), epochs=1, steps=1, is_best=False)
    assert "validation 75.0 %, 12.3 s" in text_of(console)


def screen(text):
    """Return what a terminal would show after these letters and commands, line by line."""
    lines, row = [""], 0
    text = re.sub(r"\x1b\[(\?25[lh]|[\d;]*m)", "", text)
    for token in re.findall(r"\x1b\[1A|\x1b\[2K|\r|\n|[^\x1b\r\n]+", text):
        if token == "\x1b[1A":
            row -= 1
        elif token == "\x1b[2K":
            lines[row] = ""
        elif token == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif token != "\r":
            lines[row] = token + lines[row][len(token) :]
    return [line.rstrip() for line in lines]


def test_a_terminal_keeps_a_row_for_every_epoch():
    console = terminal()
    run(TrainingDisplay(console, clock=Clock()))
    lines = [line for line in screen(text_of(console)) if line]
    assert lines[0].split() == [
        *("epoch", "loss", "accuracy", "validation", "drawings/s", "time", "left")
    ]
    assert len(lines) == 4
    for number, line in enumerate(lines[1:], start=1):
        words = line.replace("━", "").split()
        assert words == [
            *(f"{number}/3", "0.4000", "85.0", "%", "75.0", "%", "★", "1,234", "12.3", "s")
        ]


def test_a_terminal_shows_the_epoch_that_is_under_way():
    console = terminal(width=100)
    display = TrainingDisplay(console, clock=Clock())
    display.on_event(step(1, 1))
    display.on_event(step(1, 20))
    last = [line for line in screen(text_of(console)) if line][-1]
    assert re.fullmatch(r"1/3\s+━+[╸╺]?━+\s+0\.5000\s+80\.0 %\s+1,234\s+1:23", last)
    display.__exit__(None, None, None)
    assert [line for line in screen(text_of(console)) if line][-1].startswith("epoch")


def test_the_live_line_is_not_drawn_for_every_step():
    console = terminal()
    display = TrainingDisplay(console, clock=Clock(tick=0.001))
    for number in range(1, 1001):
        display.on_event(step(1, number, steps=2000))
    display.__exit__(None, None, None)
    assert text_of(console).count("0.5000") <= 1.0 / 0.08 + 4


@pytest.mark.parametrize(("width", "words"), [(30, 3), (44, 4), (60, 6), (80, 7)])
def test_a_narrow_terminal_has_fewer_columns(width, words):
    console = terminal(width=width)
    run(TrainingDisplay(console, clock=Clock()), epochs=1)
    lines = [line for line in screen(text_of(console)) if line]
    assert len(lines[0].split()) == words
    assert all(len(line) <= width for line in lines)


def test_a_notice_stays_above_the_live_line():
    console = terminal()
    display = TrainingDisplay(console, clock=Clock())
    display.on_event(step(1, 5))
    display.on_event(SimpleNamespace(message="the loss is flat\x1b[2J"))
    display.on_event(step(1, 9))
    lines = [line for line in screen(text_of(console)) if line]
    assert lines[1] == "note: the loss is flat?[2J"
    assert lines[2].startswith("1/3")
    display.__exit__(None, None, None)


def test_a_note_about_loading_stays():
    for console in (pipe(), terminal()):
        display = TrainingDisplay(console, clock=Clock(), patience=9)
        display.on_progress("fetch", "cat", 1, 2)
        display.on_progress("note", "a server tells nothing\x1b[2J", 1, 1)
        display.on_progress("fetch", "cat", 2, 2)
        display.__exit__(None, None, None)
        assert "note: a server tells nothing?[2J" in screen(text_of(console))


def test_an_epoch_without_its_steps_is_still_told():
    console = pipe()
    TrainingDisplay(console).on_event(epoch(4))
    assert text_of(console).startswith("epoch 4 done: ")
    console = terminal()
    TrainingDisplay(console).on_event(epoch(4))
    assert "4 " in screen(text_of(console))[2]


def test_what_was_loaded_is_summed_up():
    for console in (pipe(), terminal()):
        display = TrainingDisplay(console, clock=Clock())
        display.on_progress("fetch", "cat", 1, 2)
        display.on_loaded(LOADED, PARTS)
        lines = [line for line in screen(text_of(console)) if line]
        assert lines[-3:] == [
            "source    a folder",
            "drawings  cat 30, dog 12",
            "parts     train 30, test 12",
        ]


def test_loading_shows_what_is_under_way_and_sums_up_what_is_done():
    console = terminal()
    display = TrainingDisplay(console, clock=Clock())
    for name in ("cat", "dog"):
        display.on_progress("fetch", name, 7_840_000, 7_840_000)
    display.on_progress("fetch", "owl", 3_920_000, 7_840_000)
    display.on_progress("draw", "bee", 200, 200)
    for number in range(10):
        display.on_progress("draw", f"class {number}", 50, 2000)
    lines = [line for line in screen(text_of(console)) if line]
    assert lines[0] == "fetched: 2 classes, 15.7 MB"
    assert lines[1] == "drawn: 1 class, 200 drawings"
    assert re.fullmatch(r"owl\s+━+[╸╺]?━+\s+3\.9 of 7\.8 MB", lines[2])
    assert len(lines) == 2 + 6
    assert lines[3].endswith("50 of 2,000 drawings")
    display.__exit__(None, None, None)


def test_plain_loading_is_told_now_and_then():
    console = pipe()
    display = TrainingDisplay(console, clock=Clock(tick=1.0))
    for done in range(1, 13):
        display.on_progress("fetch", "cat", done * 100_000, 1_200_000)
    display.on_progress("draw", "dog", 5, 10)
    assert text_of(console).splitlines() == [
        "fetching cat: 0.1 of 1.2 MB",
        "fetching cat: 0.6 of 1.2 MB",
        "fetching cat: 1.1 of 1.2 MB",
    ]
    for done in range(6, 10):
        display.on_progress("draw", "dog", done, 10)
    assert text_of(console).splitlines()[3] == "drawing dog: 8 of 10 drawings"


def test_plain_loading_that_is_done_at_once_is_not_told():
    console = pipe()
    display = TrainingDisplay(console, clock=Clock())
    display.on_progress("draw", "cat", 10, 10)
    assert text_of(console) == ""


def test_judging_is_shown_and_leaves_nothing():
    console = terminal()
    display = TrainingDisplay(console, clock=Clock())
    display.on_progress("draw", "cat", 5, 10)
    display.on_loaded(LOADED, PARTS)
    display.on_progress("judge", "", 1024, 4096)
    lines = [line for line in screen(text_of(console)) if line]
    assert re.fullmatch(r"judging\s+━+[╸╺]?━+\s+1,024 of 4,096 drawings", lines[-1])
    display.on_progress("judge", "", 4096, 4096)
    assert [line for line in screen(text_of(console)) if line][-1].startswith("parts")
    console = pipe()
    display = TrainingDisplay(console, clock=Clock())
    display.on_progress("judge", "", 1024, 4096)
    display.on_progress("judge", "", 4096, 4096)
    assert text_of(console) == "judging: 1,024 of 4,096 drawings\n"


def test_compiling_is_shown_and_leaves_nothing():
    console = terminal()
    display = TrainingDisplay(console, clock=Clock())
    display.on_loaded(LOADED, PARTS)
    display.on_progress("compile", "", 3, 12)
    lines = [line for line in screen(text_of(console)) if line]
    assert re.fullmatch(r"compiling\s+━+[╸╺]?━+\s+3 of 12 kernels", lines[-1])
    display.on_progress("compile", "", 12, 12)
    assert [line for line in screen(text_of(console)) if line][-1].startswith("parts")
    display.on_event(step(1, 1))
    assert "compiling" not in screen(text_of(console))[-1]
    display.__exit__(None, None, None)
    console = pipe()
    display = TrainingDisplay(console, clock=Clock(tick=3.0))
    for done in range(5):
        display.on_progress("compile", "", done, 4)
    assert text_of(console) == "compiling: 0 of 4 kernels\ncompiling: 2 of 4 kernels\n"


def test_reading_is_shown_on_a_terminal_only():
    for console in (terminal(), pipe()):
        display = TrainingDisplay(console, clock=Clock())
        display.on_progress("read", "", 0, 1)
        lines = [line for line in screen(text_of(console)) if line]
        if console.is_terminal:
            assert re.fullmatch(r"reading\s+━+\s+0 of 1 file", lines.pop())
        assert lines == []
        display.on_progress("judge", "", 1, 1)
        assert not any(screen(text_of(console)))


def test_what_is_over_soon_is_not_shown():
    for console, first in ((terminal(), 11), (pipe(), 11)):
        display = TrainingDisplay(console, patience=10.0, clock=Clock())
        for done in range(1, first):
            display.on_progress("lay", "", done, 99)
            if done < first - 1:
                assert text_of(console) == ""
        assert "laying out" in text_of(console)
        assert f"{first - 1} of 99 drawings" in text_of(console)
        display.__exit__(None, None, None)


def test_a_dumb_terminal_and_few_letters_get_plain_lines():
    console = terminal(TERM="dumb")
    run(TrainingDisplay(console), epochs=1)
    assert "epoch 1/1 done" in text_of(console)
    console = ascii_pipe()
    run(TrainingDisplay(console), epochs=1)
    assert b"epoch 1/1 done" in bytes_of(console)


def test_no_color_is_respected():
    console = terminal(NO_COLOR="1")
    run(TrainingDisplay(console, clock=Clock()), epochs=1)
    assert not re.search(r"\x1b\[[\d;]*(38|48|3\d|9\d)[;\d]*m", text_of(console))
    assert "75.0 %" in text_of(console)


def test_an_interruption_leaves_the_terminal_in_order():
    console = terminal()

    def interrupted():
        with TrainingDisplay(console, clock=Clock()) as display:
            display.on_event(step(1, 5))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert text_of(console).count("\x1b[?25l") == text_of(console).count("\x1b[?25h") == 1


def test_the_default_console_is_the_standard_output(capsys):
    run(TrainingDisplay(), epochs=1, steps=1)
    assert capsys.readouterr().out.startswith("epoch 1/1 done")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0:00"), (65.4, "1:05"), (3599.6, "1:00:00"), (3723, "1:02:03")]
)
def test_minutes(seconds, text):
    assert _minutes(seconds) == text
