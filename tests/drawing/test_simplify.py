"""Simplification step by step, and one bitmap for a drawing of any size and place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.drawing import (
    bounding_box,
    check_strokes,
    fit,
    into_frame,
    rasterize,
    simplify,
    to_bitmap,
    to_bitmaps,
)
from inkgrad.drawing.simplify import TOLERANCE
from inkgrad.errors import DataError, DrawingError
from tests.drawing.doodles import DOODLES, HOUSE, correlation, strokes_between


def lists(strokes):
    return [stroke.tolist() for stroke in strokes]


def test_what_lies_on_a_line_is_dropped():
    assert lists(simplify([[[0, 40, 51, 102], [0, 40, 51, 102]]])) == [[[0, 255], [0, 255]]]


def test_bends_above_the_tolerance_stay():
    for bend, points in ((1.9, 2), (2.1, 3)):
        stroke = simplify([[[0, 127, 255], [0, bend, 0]]])[0]
        assert stroke.shape == (2, points)


def test_a_loop_is_thinned_by_distance_from_its_start():
    square = [[[0, 255, 255, 0, 0], [0, 0, 255, 255, 0]]]
    assert lists(simplify(square)) == square


def test_dots_become_two_points_as_in_googles_files():
    strokes = simplify([[[0, 255], [0, 0]], [[51], [102]], [[7, 7, 7], [8, 8, 8]]])
    assert lists(strokes) == [[[0, 255], [0, 0]], [[51, 51], [102, 102]], [[7, 7], [8, 8]]]
    assert lists(simplify([[[9], [9]]])) == [[[0, 0], [0, 0]]]


def test_halves_are_rounded_to_even():
    strokes = simplify([[[0, 255], [0, 0]], [[0.5], [0]], [[1.5], [0]], [[2.5], [0]]])
    assert [stroke[0, 0] for stroke in strokes] == [0, 0, 2, 2]


@given(strokes_between(-500, 500))
def test_the_result_is_whole_fits_the_frame_and_stays_near(strokes):
    checked = check_strokes(strokes)
    simple = simplify(strokes)
    low, high = bounding_box(simple)
    assert low.min() >= 0
    assert high.max() <= 255
    for before, after in zip(fit(checked), simple, strict=True):
        assert (after == np.rint(after)).all()
        np.testing.assert_array_equal(after[:, [0, -1]], np.rint(before[:, [0, -1]]))
        for point in before.T:
            # Resampled corners lie up to half a step inside, and rounding moves lines.
            assert distance(point, after) <= TOLERANCE + 0.5 + 0.75


def distance(point, line):
    """Return the distance of a point from the infinite lines through a polyline's segments."""
    nearest = np.hypot(*(line - point[:, None])).min()
    for start, end in zip(line.T, line.T[1:], strict=False):
        length = np.hypot(*(end - start))
        if length > 0:
            cross = (end - start)[0] * (point - start)[1] - (end - start)[1] * (point - start)[0]
            nearest = min(nearest, abs(cross) / length)
    return nearest


@given(strokes_between(0, 200), st.integers(-3, 12), st.integers(300, 3000), st.integers(0, 3000))
def test_size_and_place_do_not_matter(strokes, power, right, down):
    scale = 2.0**power  # so that nothing is rounded and the bitmaps must be equal
    moved = [
        [[(x + 8 * right) * scale for x in xs], [(y + down) * scale for y in ys]]
        for xs, ys in strokes
    ]
    reference = [[[x + 1000 for x in xs], ys] for xs, ys in strokes]
    np.testing.assert_array_equal(to_bitmap(moved), to_bitmap(reference))


@pytest.mark.parametrize("doodle", DOODLES.values(), ids=DOODLES)
@pytest.mark.parametrize(("scale", "right", "down"), [(0.013, 0, 0), (3.7, 800, 0), (1, 77, 5e4)])
def test_other_scales_give_the_training_bitmap(doodle, scale, right, down):
    moved = [
        [[x * scale + right for x in xs], [y * scale + down for y in ys], [0] * len(xs)]
        for xs, ys in doodle
    ]
    assert correlation(to_bitmap(moved), rasterize(doodle)) > 0.97


def test_simplified_drawings_are_drawn_as_they_are():
    nudged = [[[3, 251], [2, 90]]]
    np.testing.assert_array_equal(to_bitmap(nudged), rasterize(nudged))
    np.testing.assert_array_equal(to_bitmap(HOUSE, side=56), rasterize(HOUSE, 56))


def test_points_without_number_do_not_recurse():
    angle = np.linspace(0, 60 * np.pi, 5000)
    spiral = np.stack([angle * np.cos(angle), angle * np.sin(angle)])
    assert 100 < simplify([spiral])[0].shape[1] < 2000


def test_endless_scribbles_are_refused():
    scribble = [[[0, 1] * 300, [0, 1] * 300]]
    with pytest.raises(DataError, match="847 times as long as the drawing is large; at most 392"):
        simplify(scribble)
    with pytest.raises(DataError, match="no strokes"):
        to_bitmap([])


def test_many_at_once_are_drawn_as_each_alone():
    raw = [[[3.5 * x - 70 for x in xs], [3.5 * y + 9 for y in ys]] for xs, ys in HOUSE]
    drawings = [HOUSE, raw, [[[5], [5]]]]
    for how in ({}, {"side": 56, "pen": 9.0, "padding": 30.0}):
        np.testing.assert_array_equal(
            to_bitmaps(drawings, **how), [to_bitmap(drawing, **how) for drawing in drawings]
        )
    assert to_bitmaps([], 40).shape == (0, 40, 40)


@pytest.mark.parametrize(
    ("unusable", "reason"),
    [([], "there are no strokes"), ([[[0, 1] * 300, [0, 1] * 300]], "the strokes are 847 times")],
)
def test_the_one_that_cannot_be_drawn_is_named(unusable, reason):
    with pytest.raises(DataError, match=f"^drawing 2: {reason}"):
        to_bitmaps([HOUSE, HOUSE, unusable])
    with pytest.raises(DataError, match=f"^drawing: {reason}"):
        to_bitmaps([unusable])
    with pytest.raises(DataError, match="side is 0"):
        to_bitmaps([unusable], 0)
    with pytest.raises(DrawingError, match=f"^drawing 70: {reason}") as caught:
        to_bitmaps([HOUSE] * 70 + [unusable])
    assert caught.value.index == 70
    assert caught.value.reason.startswith(reason)


def test_a_drawing_is_checked_once():
    """What comes of a check goes through the next one as it is, all the way to the pixels."""
    checked = check_strokes(HOUSE)
    assert check_strokes(checked) is checked
    assert into_frame(checked) is checked
    simple = simplify([[[3.5, 9], [0, 4]]])
    assert check_strokes(simple) is simple
    assert check_strokes(list(checked)) is not checked
