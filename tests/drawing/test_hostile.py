"""Hostile strokes at every door: one clear sentence each, or a proper drawing where it is legal."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from inkgrad.drawing import (
    check_strokes,
    rasterize,
    rasterize_many,
    simplify,
    to_bitmap,
    to_bitmaps,
)
from inkgrad.errors import DataError
from tests.drawing.doodles import HOUSE
from tests.web.drawings import HOSTILE

# Too long to be simplified, but what lies in the canvas can be drawn.
LONG = {name: HOSTILE[name] for name in list(HOSTILE)[-2:]}
ROW = [0.0] * 100

IN_PYTHON_ONLY = {
    "a set": {1, 2},
    "a generator": (stroke for stroke in HOUSE),
    "an integer of 400 digits": [[[10**400, 0], [0, 1]]],
    "an integer of 400 digits among fractions": [[[10**400, 0.5], [0, 1]]],
    "an integer of 20 digits": [[[10**19, 0], [0, 1]]],
    "an integer beyond 64 bits": [[[2**64, 0], [0, 1]]],
    "complex": [[[1j, 0], [0, 1]]],
    "dates": [np.zeros((2, 3), "datetime64[s]")],
    "bytes": [[[b"1", b"2"], [b"3", b"4"]]],
    "objects in an array": [np.array([[None, 1], [2, 3]])],
    "booleans in an array": [np.ones((2, 3), bool)],
    "one dimension in an array": np.arange(6.0),
    "no dimension": np.array(3.0),
    "four dimensions": np.zeros((1, 2, 3, 4)),
    "NaN in half precision": [np.full((2, 2), np.nan, np.float16)],
    "beyond double precision": [np.full((2, 2), np.longdouble("1e4000"))],
    "negative infinity": [[[-np.inf], [-np.inf]]],
    "far below zero": [[[-1e10, 0], [0, 1]]],
    "two million points": [np.zeros((2, 2_000_000))],
    "two million points in many strokes": [np.zeros((2, 10_000))] * 200,
    "two million points in lists": [[[0.0] * 10_000, [0.0] * 10_000]] * 200,
    "many short strokes": [[ROW, ROW]] * 11_000,
}
NO_DRAWINGS = {**HOSTILE, **IN_PYTHON_ONLY}
for legal in LONG:
    del NO_DRAWINGS[legal]

DOORS = {
    "rasterize": rasterize,
    "rasterize_many": lambda drawing: rasterize_many([drawing]),
    "to_bitmap": to_bitmap,
    "to_bitmaps": lambda drawing: to_bitmaps([drawing]),
    "simplify": simplify,
}
every_door = pytest.mark.parametrize("door", DOORS)


def is_one_sentence(text):
    """Tell a clear sentence: one line, of a readable length, that names the drawing first."""
    return "\n" not in text and len(text) < 250 and text.startswith("drawing")


@every_door
@pytest.mark.parametrize("name", NO_DRAWINGS)
def test_what_is_no_drawing_is_told_alike_at_every_door(door, name):
    with pytest.raises(DataError) as first:
        check_strokes(NO_DRAWINGS[name])
    with pytest.raises(DataError) as caught:
        DOORS[door](NO_DRAWINGS[name])
    assert str(caught.value) == str(first.value)
    assert is_one_sentence(str(first.value))


@pytest.mark.parametrize("door", [rasterize_many, to_bitmaps])
@pytest.mark.parametrize("name", NO_DRAWINGS)
def test_one_among_many_is_named(door, name):
    with pytest.raises(DataError, match=r"^drawing 1: ") as caught:
        door([HOUSE, NO_DRAWINGS[name], HOUSE])
    assert is_one_sentence(str(caught.value))


@pytest.mark.parametrize("name", LONG)
def test_what_is_too_long_to_be_simplified_can_be_rasterised(name):
    for door in (simplify, to_bitmap):
        with pytest.raises(DataError, match=r"^the strokes are \d+ times as long as the drawing"):
            door(LONG[name])
    assert rasterize(LONG[name]).any()


@pytest.mark.parametrize(
    "sequence", [None, 7, HOUSE[0][0], "cat", {"a": HOUSE}], ids=["None", "7", "row", "text", "map"]
)
@pytest.mark.parametrize("door", [rasterize_many, to_bitmaps])
def test_what_is_no_list_of_drawings(door, sequence):
    with pytest.raises((DataError, TypeError)) as caught:
        door(sequence)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("compiled", [False, True])
def test_what_lies_beyond_the_canvas_is_cut_off(compiled):
    outside = [[[-900, -300], [-500, -20]], [[-5, -5], [-80, -80]]]
    (inside, cut) = rasterize_many(
        [[*HOUSE, [[255, 255], [255, 255]]], [*HOUSE, [[255, 255], [255, 255]], *outside]],
        compiled=compiled,
    )
    np.testing.assert_array_equal(cut[3:, 3:], inside[3:, 3:])
    assert not rasterize([[[-900, -300], [-500, 255]], [[255], [255]]])[:, 8:20].any()


@pytest.mark.parametrize("shift", [(-1e6, 0), (-300, -20), (0, -1), (-1e5, 1e5)])
def test_negative_coordinates_are_a_place_like_any_other(shift):
    moved = [[[x + shift[0] for x in xs], [y + shift[1] for y in ys]] for xs, ys in HOUSE]
    np.testing.assert_array_equal(to_bitmap(moved), rasterize(simplify(HOUSE)))
    np.testing.assert_equal(simplify(moved), simplify(HOUSE))


@every_door
def test_ten_million_points_are_refused_without_a_copy(door):
    points = np.zeros((2, 10_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="10,000,000 points up to stroke 1; at most 1,000,000"):
            DOORS[door]([points])
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
