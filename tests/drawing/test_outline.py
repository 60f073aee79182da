"""The pen and its outline: corners, caps and joins, and strokes that do not move."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inkgrad.drawing.edges import DX, DY, RECORD, SIGN, X, Y
from inkgrad.drawing.outline import POINT, Frame, trace, walk
from inkgrad.drawing.pen import CORNER, UNIT, compare, corners_passed, make_pen
from inkgrad.drawing.plot import make_room
from inkgrad.drawing.scan import paint

SIDE = 16


def traced(stroke, radius, side=SIDE):
    """Return the room in which a stroke's outline was traced, and its edges' end."""
    pen = make_pen(radius, 1.0)
    frame = Frame(0.0, 0.0, 1.0, radius, side * UNIT)
    room = make_room(len(stroke[0]), len(pen) // CORNER, side, lambda n: [0] * n)
    end = walk(room.path, *stroke, 0, len(stroke[0]), frame)
    return room, trace(room.path, end, pen, frame, room.edges)


def ink(stroke, radius, side=SIDE):
    """Return the opacity (side, side), 0 to 1, of one stroke."""
    room, m = traced(stroke, radius, side)
    bitmap = [0] * (side * side)
    paint(bitmap, 0, side, room.edges, m, room.lists)
    return np.array(bitmap).reshape(side, side) / 255


def corners_of(radius):
    return len(make_pen(radius, 1.0)) // CORNER


def pen_area(radius):
    corners = corners_of(radius)
    return corners / 2 * math.sin(2 * math.pi / corners) * radius**2


def test_the_pen_has_as_many_corners_as_its_size_asks_for():
    assert [corners_of(r) for r in (0.02, 0.03, 0.1, 0.2, 8 * 28 / 304)] == [1, 4, 4, 6, 12]
    assert corners_of(100.0) > 100
    for radius in (0.15, 0.5, 1.0, 3.3, 50.0):
        corners = corners_of(radius)
        assert corners % 2 == 0
        assert radius * (1 - math.cos(2 * math.pi / corners)) <= 0.1 + 1e-12
        assert radius * (1 - math.cos(2 * math.pi / (corners - 2))) > 0.1


def test_a_pens_sides_lead_from_corner_to_corner():
    pen = np.array(make_pen(1.7, 1.0)).reshape(-1, CORNER)
    place, into, out = pen[:, :2], pen[:, 2:4], pen[:, 4:]
    np.testing.assert_array_equal(place + out, np.roll(place, -1, axis=0))
    np.testing.assert_array_equal(place - into, np.roll(place, 1, axis=0))


def test_directions_are_compared_by_the_turn_between_them():
    around = [(4, 0), (3, 3), (0, 4), (-3, 3), (-4, 0), (-3, -3), (0, -4), (3, -3)]
    for i, a in enumerate(around):
        for k in (1, 2, 3):
            assert compare(*a, *around[(i + k) % 8]) == -1
            assert compare(*a, *around[(i - k) % 8]) == 1
        assert compare(*a, a[0] * 5, a[1] * 5) == 0
        assert compare(*a, -a[0], -a[1]) == -compare(-a[0], -a[1], *a)


@pytest.mark.parametrize("radius", [0.5, 0.7368, 3.0])
@pytest.mark.parametrize("clockwise", [True, False])
def test_the_corners_of_a_turn_are_those_that_face_the_gap(radius, clockwise):
    """By angle: the pen's edge is a quarter turn from the direction, left or right of it."""
    pen = make_pen(radius, 1.0)
    n = len(pen) // CORNER
    side = -1 if clockwise else 1
    corner_angles = np.arctan2(pen[1::CORNER], pen[0::CORNER])
    for start in np.arange(0.013, 6.28, 0.31):
        for turn in (0.2, 0.9, 1.7, 2.6, 3.1):
            stop = start + turn if clockwise else start - turn
            before, after = (
                (round(9999 * math.cos(a)), round(9999 * math.sin(a))) for a in (start, stop)
            )
            first, end = corners_passed(pen, *before, *after, clockwise)
            passed = []
            while first != end:
                passed.append(first)
                first = (first + (1 if clockwise else -1)) % n
            swept = (corner_angles - (start + side * math.pi / 2)) * -side % (2 * math.pi)
            expected = [int(c) for c in np.argsort(swept) if swept[c] < turn]
            # A corner whose two sides both face away may be left out or be one more at the ends.
            half = math.pi / n
            sure = [c for c in expected if half < swept[c] < turn - half]
            assert set(sure) <= set(passed)
            assert all(
                swept[c] <= turn + half + 0.05 or swept[c] >= 2 * math.pi - half - 0.05
                for c in passed
            )


@pytest.mark.parametrize("radius", [0.7368, 2.0, 5.0])
def test_a_dot_is_the_pen(radius):
    for dot in ([[8], [8]], [[8, 8, 8], [8, 8, 8]]):
        assert ink(dot, radius).sum() == pytest.approx(pen_area(radius), rel=0.02)


def test_a_pen_finer_than_a_fortieth_of_a_pixel_leaves_no_trace():
    assert not ink([[2, 9], [2, 9]], 0.02).any()


@pytest.mark.parametrize("angle", np.arange(0, 2 * math.pi, 0.3))
def test_a_line_is_its_length_times_the_width_and_two_half_pens(angle):
    radius, length = 1.5, 9.0
    dx, dy = length / 2 * math.cos(angle), length / 2 * math.sin(angle)
    area = ink([[8 - dx, 8 + dx], [8 - dy, 8 + dy]], radius).sum()
    # Beside the line the pen is exactly as wide as it should be; its corners are cut in the caps.
    assert area == pytest.approx(2 * radius * length + pen_area(radius), rel=0.01)


def test_joins_are_round_and_there_and_back_is_a_line():
    corner = ink([[4, 10, 10], [4, 4, 10]], 2.0).sum()
    apart = 2 * (4 * 6 + pen_area(2.0))
    overlap = 2 * 2 + pen_area(2.0) / 4 * 3  # the inner square, and the pen but for its quarter
    assert corner == pytest.approx(apart - overlap, rel=0.02)
    line = ink([[4, 10], [6, 6]], 2.0)
    back = ink([[4, 10, 4], [6, 6, 6]], 2.0)
    np.testing.assert_allclose(line, back, atol=1 / 255)


def test_repeated_points_and_points_on_the_way_change_nothing():
    plain = ink([[3, 9, 9], [3, 3, 12]], 1.0)
    stuttering = ink([[3, 3, 9, 9, 9, 9], [3, 3, 3, 3, 12, 12]], 1.0)
    dwelling = ink([[3, 5, 6.5, 9, 9, 9], [3, 3, 3, 3, 7, 12]], 1.0)
    np.testing.assert_array_equal(plain, stuttering)
    np.testing.assert_array_equal(plain, dwelling)


def test_a_walk_is_rounded_halves_to_even_and_keeps_what_turns():
    frame = Frame(0.5, 0.0, 1.0, 1.0, 16 * UNIT)
    path = [0] * (6 * POINT)
    xs, ys = [0.0, 1 / 512, 3 / 512, 1.0, 2.0, 1.5], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    end = walk(path, xs, ys, 0, 6, frame)
    # 1/512 is half a unit and goes to 0, which is where the walk already is; back is a turn.
    assert [path[p] for p in range(0, end, POINT)] == [128, 640, 512]
    assert walk(path, xs, ys, 1, 2, frame) == POINT


@pytest.mark.parametrize(
    "stroke",
    [
        [[5], [5]],
        [[1, 9], [2, 3]],
        [[1, 5, 5, 2, 7], [1, 1, 6, 6, 9]],
        [[2, 9, 2, 9], [3, 3, 3, 9]],
        [[8, 12, 8, 4, 8], [4, 8, 12, 8, 4]],
    ],
)
def test_outlines_are_closed(stroke):
    """On every line, what the edges add to the winding number sums up to 0."""
    room, m = traced(stroke, 0.8)
    assert m > 0
    heights = np.zeros(SIDE * UNIT + 1, dtype=np.int64)
    for e in range(0, m, RECORD):
        top, height = room.edges[e + Y], room.edges[e + DY]
        heights[top : top + height] += room.edges[e + SIGN]
        assert abs(room.edges[e + X] + room.edges[e + DX]) <= SIDE * UNIT
    # Edges that cross no sampling line are not kept: look at the lines.
    lines = (np.arange(SIDE * 15) * 2 + 1) * UNIT // 30
    assert not heights[lines[lines < SIDE * UNIT]].any()
