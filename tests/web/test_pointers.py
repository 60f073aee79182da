"""pointers.js: hands rest, pens take over, ends get lost; every stroke stays one stroke."""

from __future__ import annotations

import pytest


def line(pointer, start, stop, steps=5):
    """Return a stroke from one point to another, as events tell of it."""
    (x, y), (to_x, to_y) = start, stop
    ways = [(x + (to_x - x) * i / steps, y + (to_y - y) * i / steps) for i in range(steps + 1)]
    return [
        ["down", pointer, *ways[0]],
        *(["move", pointer, *way] for way in ways[1:]),
        ["up", pointer, *ways[-1]],
    ]


def together(*strokes):
    """Let pointers move in turn, a step of each."""
    return [step for steps in zip(*strokes, strict=True) for step in steps]


A = line("touch1", (100, 100), (500, 100))
B = line("touch2", (100, 300), (500, 300))
PEN = line("pen3", (100, 500), (500, 500))
MOUSE = line("mouse4", (100, 700), (500, 700))
HAND = ["down", "touch9", 800, 800]
LIFTED = ["up", "touch9", 800, 800]


def ends(strokes):
    return [(*stroke[0], *stroke[-1]) for stroke in strokes]


A_ENDS, B_ENDS = (100, 100, 500, 100), (100, 300, 500, 300)
PEN_ENDS, MOUSE_ENDS = (100, 500, 500, 500), (100, 700, 500, 700)
CASES = {
    "one of each": ([*A, *MOUSE, *PEN], [A_ENDS, MOUSE_ENDS, PEN_ENDS]),
    "two quick ones": ([*A, *B], [A_ENDS, B_ENDS]),
    "quick taps": (
        [
            ["down", "pen1", 1, 1],
            ["up", "pen1", 1, 1],
            ["down", "pen1", 2, 2],
            ["up", "pen1", 2, 2],
        ],
        [(1, 1, 1, 1), (2, 2, 2, 2)],
    ),
    "a hand, then a pen": ([HAND, *PEN, LIFTED], [PEN_ENDS]),
    "a pen, then a hand": ([*PEN[:3], HAND, *PEN[3:], LIFTED], [PEN_ENDS]),
    "a hand between a pen's strokes": ([*PEN, HAND, LIFTED, *PEN], [PEN_ENDS, PEN_ENDS]),
    "a hand that moves, then a pen": ([HAND, ["move", "touch9", 700, 820], *PEN], [PEN_ENDS]),
    "a hand, while a pen hovers": ([["hover", "pen3", 9, 9], HAND, LIFTED], []),
    "a finger, long after a pen": (
        [*PEN, ["hover", "mouse4", 0, 0, 6000], *A],
        [PEN_ENDS, A_ENDS],
    ),
    "a hand, then a finger": ([HAND, *A, LIFTED], [A_ENDS]),
    "a hand that shifts a little": (
        [HAND, *A[:4], ["move", "touch9", 830, 810], *A[4:], LIFTED],
        [A_ENDS],
    ),
    "a hand that shifts while the finger is far": (
        [HAND, *A[:6], ["move", "touch9", 850, 830], *A[6:], LIFTED],
        [A_ENDS],
    ),
    "a finger, then a hand": ([*A[:4], HAND, *A[4:], LIFTED], [A_ENDS]),
    "a hand, then a mouse": ([HAND, *MOUSE, LIFTED], [MOUSE_ENDS]),
    "a mouse, then a hand": ([*MOUSE[:3], HAND, *MOUSE[3:], LIFTED], [MOUSE_ENDS]),
    "a pinch": (together(A, B), []),
    "a pinch, then a finger": ([*together(A, B), *A], [A_ENDS]),
    "a pinch of which one finger moves first": (
        [A[0], B[0], *B[1:3], *A[1:-1], *B[3:], A[-1]],
        [],
    ),
    "a finger that the system takes": ([*A[:4], ["cancel", "touch1", 0, 0], *B], [B_ENDS]),
    "a pen that the system takes": (
        [*PEN[:4], ["cancel", "pen3", 0, 0], *PEN],
        [(100, 500, 340, 500), PEN_ENDS],
    ),
    "an end that is lost": ([*A[:-1], ["gone", "touch1", 0, 0], *B], [A_ENDS, B_ENDS]),
    "a pen's end that is lost": ([*PEN[:-1], *PEN], [PEN_ENDS, PEN_ENDS]),
    "a mouse's end that is lost": (
        [*MOUSE[:-1], ["hover", "mouse4", 900, 900], *MOUSE],
        [MOUSE_ENDS, MOUSE_ENDS],
    ),
    "a pen's end that is lost, then a finger": (
        [*PEN[:-1], ["down", "touch1", 100, 100, 6000], *A[1:]],
        [PEN_ENDS, A_ENDS],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_strokes(node, name):
    script, expected = CASES[name]
    assert ends(node.call("tests/pointers.js", "play", script)) == expected


def test_other_buttons_do_not_draw(node):
    """No pointer, however it is pressed, makes a stroke without its first button."""
    assert node.call("tests/pointers.js", "play", [["hover", "mouse1", 1, 1]]) == []
