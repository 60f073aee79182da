"""The scan against areas known by formula and against a loop over every sampling point."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.drawing import scan
from inkgrad.drawing.edges import LINES, RECORD, add_edge
from inkgrad.drawing.pen import UNIT
from inkgrad.drawing.plot import make_room

SIDE = 4


def painted(*polygons, side=SIDE, under=0):
    """Return the grey levels (side, side) of closed polygons, corners in 1/256 pixel."""
    room = make_room(100, 12, side, lambda n: [0] * n)
    m = 0
    for corners in polygons:
        for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
            m = add_edge(room.edges, m, x0, y0, x1, y1, 1, side * UNIT)
    bitmap = [under] * (side * side)
    scan.paint(bitmap, 0, side, room.edges, m, room.lists)
    assert not any(room.lists.sums[: 2 * side])  # left as it was found
    return np.array(bitmap).reshape(side, side)


def rectangle(left, top, right, bottom):
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def test_a_rectangle_covers_its_area():
    expected = np.zeros((SIDE, SIDE))
    expected[1] = np.rint(np.array([0.75, 1, 1, 0.5]) * 255)
    np.testing.assert_array_equal(painted(rectangle(64, 256, 3 * 256 + 128, 2 * 256)), expected)


@pytest.mark.parametrize("flip", [False, True])
def test_overlaps_count_once_whatever_the_direction(flip):
    one, two = rectangle(0, 0, 512, 512), rectangle(256, 256, 768, 768)
    if flip:
        one, two = one[::-1], two[::-1]
    bitmap = painted(one, two, two)
    assert bitmap.sum() == 7 * 255
    assert bitmap.max() == 255


def test_no_edges_paint_nothing():
    assert not painted().any()


def test_paint_lies_over_what_there_is():
    slice_ = rectangle(0, 0, 127, 1024)  # 127/256 of the first column: opacity 127
    for under in range(256):
        bitmap = painted(slice_, under=under)
        whole, part = divmod(under * (255 - 127), 255)
        assert bitmap[:, 0].tolist() == [127 + whole + (part > 128)] * 4  # 128/255: down
        np.testing.assert_array_equal(bitmap[:, 1:], under)
    assert painted(slice_, under=1)[0, 0] == 127


def test_what_lies_outside_is_cut_off():
    far = 2**19
    assert (painted(rectangle(-far, -far, far, far)) == 255).all()
    assert not painted(rectangle(-900, -900, -10, 9000)).any()
    assert not painted(rectangle(1024, 0, 5000, 900)).any()
    assert not painted(rectangle(0, 1024, 900, 5000)).any()


def winding_area(corners, side=SIDE):
    """Add up the lengths inside, line by line, each line's winding numbers on their own."""
    area = np.zeros((side, side), dtype=np.int64)
    for line in range(side * LINES):
        y = Fraction(2 * line + 1, 2 * LINES) * UNIT
        crossings = []
        for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
            if (y0 <= y) != (y1 <= y):
                x = (x0 + (y - y0) * Fraction(x1 - x0, y1 - y0) + Fraction(1, 2)).__floor__()
                crossings.append((min(max(x, 0), side * UNIT), 1 if y1 > y0 else -1))
        winding = np.zeros(side * UNIT + 1, dtype=np.int64)
        for x, sign in crossings:
            winding[x] += sign
        inside = np.cumsum(winding)[:-1] != 0
        area[line // LINES] += inside.reshape(side, UNIT).sum(axis=1)
    return area


corners_within = st.lists(
    st.tuples(st.integers(0, 1024), st.integers(0, 1024)), min_size=3, max_size=6
)


@given(corners_within)
def test_line_by_line_any_polygon_equals_the_loop(corners):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "_undisturbed", lambda *_: False)
        bitmap = painted(corners)
    exact = Fraction(255, LINES * UNIT)
    levels = [int(exact * int(area) + Fraction(1, 2)) for area in winding_area(corners).flat]
    np.testing.assert_array_equal(bitmap.ravel(), levels)


@given(corners_within)
def test_rows_at_once_differ_little_from_lines(corners):
    at_once = painted(corners)
    by_line = np.rint(winding_area(corners) * (255 / (LINES * UNIT)))
    # Heights of 1/15 pixel are rounded down at every column that an edge passes.
    assert np.abs(at_once - by_line).max() <= 36


@given(
    st.lists(st.tuples(st.integers(-3000, 4000), st.integers(-3000, 4000)), min_size=3, max_size=6)
)
def test_beyond_the_border_nothing_is_lost_or_added(corners):
    """A canvas three times as large, of which only the middle is looked at."""
    moved = [(x + SIDE * UNIT, y + SIDE * UNIT) for x, y in corners]
    large = painted(moved, side=3 * SIDE)[SIDE : 2 * SIDE, SIDE : 2 * SIDE]
    # Where a slanting edge is cut, its line is counted from another place.
    assert np.abs(painted(corners) - large).max() <= 36


@given(
    st.lists(st.tuples(st.integers(0, 1024), st.integers(0, 1024)), min_size=3, max_size=3),
)
def test_a_triangle_covers_half_the_cross_product(corners):
    (ax, ay), (bx, by), (cx, cy) = corners
    exact = abs((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)) / 2 / UNIT**2  # in pixels
    assert painted(corners).sum() / 255 == pytest.approx(exact, abs=0.2)


def test_a_tall_slim_shape_is_done_a_row_at_a_time(monkeypatch):
    rows = []
    original = scan._cover_at_once
    monkeypatch.setattr(scan, "_cover_at_once", lambda *a: rows.append(a[3]) or original(*a))
    painted([(100, 0), (900, 1024), (950, 1024), (150, 0)])
    assert rows == [LINES, 2 * LINES, 3 * LINES, 4 * LINES]


def test_crossing_edges_are_done_line_by_line(monkeypatch):
    rows = []
    original = scan._cover_at_once
    monkeypatch.setattr(scan, "_cover_at_once", lambda *a: rows.append(a[3]) or original(*a))
    hourglass = [(112, 0), (912, 1024), (112, 1024), (912, 0)]
    bitmap = painted(hourglass)
    assert 0 < len(rows) < SIDE
    np.testing.assert_allclose(bitmap, bitmap[:, ::-1], atol=5)  # heights are rounded down


def test_edges_hold_records():
    room = make_room(3, 12, SIDE, lambda n: [0] * n)
    assert add_edge(room.edges, 0, 5, 100, 700, 100, 1, 1024) == 0  # level: crosses no line
    assert add_edge(room.edges, 0, 5, 100, 7, 105, 1, 1024) == 0  # between two lines
    assert add_edge(room.edges, 0, 0, 900, 500, 0, 1, 1024) == RECORD
    assert room.edges[:7] == [500, 0, -500, 900, 0, 53, -1]  # upwards: turned round
    assert add_edge(room.edges, 0, -500, 0, 1500, 1000, 1, 1024) == 3 * RECORD
    assert [room.edges[i * RECORD] for i in range(3)] == [0, 1024, -500]  # border, border, itself
    assert add_edge(room.edges, 0, 1500, 0, -500, 1000, 1, 1024) == 3 * RECORD
    assert [room.edges[i * RECORD] for i in range(3)] == [1024, 0, 1500]
