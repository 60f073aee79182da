"""Coverage against areas known by formula and against a loop over every sampling point."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.drawing.fill import FULL, LINES, coverage
from inkgrad.drawing.outline import UNIT

SIDE = 4


def polygon(*corners, shape=0):
    """Return a closed polygon's edges and their owners, from corners in 1/256 pixel."""
    points = np.array(corners, dtype=np.int64).T  # (2, n)
    edges = np.stack([points, np.roll(points, -1, axis=1)])
    return edges, np.full(points.shape[1], shape)


def joined(*polygons):
    edges, owners = zip(*polygons, strict=True)
    return np.concatenate(edges, axis=2), np.concatenate(owners)


def rectangle(left, top, right, bottom, shape=0):
    return polygon((left, top), (right, top), (right, bottom), (left, bottom), shape=shape)


def test_a_rectangle_covers_its_area_exactly():
    area = coverage(*rectangle(64, 256, 3 * 256 + 128, 2 * 256), 1, SIDE)
    expected = np.zeros((1, SIDE, SIDE), dtype=np.int64)
    expected[0, 1] = np.array([0.75, 1, 1, 0.5]) * FULL
    np.testing.assert_array_equal(area, expected)


@pytest.mark.parametrize("flip", [False, True])
def test_overlaps_count_once_whatever_the_direction(flip):
    one, two = rectangle(0, 0, 512, 512), rectangle(256, 256, 768, 768)
    if flip:
        one = (one[0][::-1], one[1])
        two = (two[0][::-1], two[1])
    area = coverage(*joined(one, two, two), 1, SIDE)
    assert area.sum() == 7 * FULL
    assert area.max() == FULL


def test_shapes_do_not_mix_and_may_be_empty():
    area = coverage(*joined(rectangle(0, 0, 256, 256, shape=0), rectangle(0, 0, 512, 256, 2)), 4, 2)
    np.testing.assert_array_equal(area.sum(axis=(1, 2)), [FULL, 0, 2 * FULL, 0])


def test_what_lies_outside_is_cut_off():
    area = coverage(*rectangle(-(10**8), -(10**8), 10**8, 10**8), 1, SIDE)
    assert (area == FULL).all()
    assert not coverage(*rectangle(-900, -900, -10, 9000), 1, SIDE).any()
    assert not coverage(*rectangle(1024, 0, 5000, 900), 1, SIDE).any()


def by_loop(corners):
    """Count covered 1/256 pixels line by line, finding each one's winding number on its own."""
    area = np.zeros((SIDE, SIDE), dtype=np.int64)
    for line in range(SIDE * LINES):
        y = (line + 0.5) * UNIT / LINES
        crossings = []
        for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
            if (y0 <= y) != (y1 <= y):
                x = np.floor(round(x0 + (y - y0) * (x1 - x0) / (y1 - y0), 6))
                crossings.append((min(max(x, 0), SIDE * UNIT), 1 if y1 > y0 else -1))
        for column in range(SIDE * UNIT):
            if sum(direction for x, direction in crossings if x <= column) != 0:
                area[line // LINES, column // UNIT] += 1
    return area


@given(
    st.lists(st.tuples(st.integers(-100, 1200), st.integers(-100, 1200)), min_size=3, max_size=5)
)
def test_any_polygon_equals_the_loop(corners):
    fast = coverage(*polygon(*corners), 1, SIDE)[0]
    # An edge's x is rounded down; rising and falling edges are one unit apart at most a line.
    assert np.abs(fast - by_loop(corners)).max() <= LINES


@given(
    st.lists(st.tuples(st.integers(0, 1024), st.integers(0, 1024)), min_size=3, max_size=3),
)
def test_a_triangle_covers_half_the_cross_product(corners):
    (ax, ay), (bx, by), (cx, cy) = corners
    exact = abs((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)) / 2 / UNIT**2  # in pixels
    measured = coverage(*polygon(*corners), 1, SIDE).sum() / FULL
    assert measured == pytest.approx(exact, abs=0.15)  # a slim one may fall between two lines
