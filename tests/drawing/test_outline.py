"""The pen's outline: its corners, its caps and joins, and strokes that do not move."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inkgrad.drawing.fill import FULL, coverage
from inkgrad.drawing.outline import UNIT, outline, pen_vertices


def ink(strokes, radius, side=16):
    """Return the area in pixels that each stroke covers."""
    points = np.concatenate([np.array(s, dtype=float) for s in strokes], axis=1)
    owners = np.repeat(np.arange(len(strokes)), [len(s[0]) for s in strokes])
    return coverage(*outline(points, owners, radius), len(strokes), side) / FULL


def pen_area(radius):
    corners = pen_vertices(radius)
    return corners / 2 * math.sin(2 * math.pi / corners) * radius**2


def test_the_pen_has_as_many_corners_as_its_size_asks_for():
    assert [pen_vertices(r) for r in (1e-9, 0.1, 0.2, 8 * 28 / 304)] == [4, 4, 6, 12]
    assert pen_vertices(100.0) > 100
    for radius in (0.15, 0.5, 1.0, 3.3, 50.0):
        corners = pen_vertices(radius)
        assert corners % 2 == 0
        assert radius * (1 - math.cos(2 * math.pi / corners)) <= 0.1 + 1e-12


@pytest.mark.parametrize("radius", [0.7368, 2.0, 5.0])
def test_a_dot_is_the_pen(radius):
    for dot in ([[8], [8]], [[8, 8, 8], [8, 8, 8]]):
        assert ink([dot], radius).sum() == pytest.approx(pen_area(radius), rel=0.01)


@pytest.mark.parametrize("angle", np.arange(0, 2 * math.pi, 0.3))
def test_a_line_is_its_length_times_the_width_and_two_half_pens(angle):
    radius, length = 1.5, 9.0
    dx, dy = length / 2 * math.cos(angle), length / 2 * math.sin(angle)
    area = ink([[[8 - dx, 8 + dx], [8 - dy, 8 + dy]]], radius).sum()
    # Beside the line the pen is exactly as wide as it should be; its corners are cut in the caps.
    assert area == pytest.approx(2 * radius * length + pen_area(radius), rel=0.01)


def test_joins_are_round_and_there_and_back_is_a_line():
    corner = ink([[[4, 10, 10], [4, 4, 10]]], 2.0).sum()
    apart = 2 * (4 * 6 + pen_area(2.0))
    overlap = 2 * 2 + pen_area(2.0) / 4 * 3  # the inner square, and the pen but for its quarter
    assert corner == pytest.approx(apart - overlap, rel=0.02)
    line = ink([[[4, 10], [6, 6]]], 2.0)
    back = ink([[[4, 10, 4], [6, 6, 6]]], 2.0)
    np.testing.assert_array_equal(line, back)


def test_repeated_points_change_nothing():
    plain = ink([[[3, 9, 9], [3, 3, 12]]], 1.0)
    stuttering = ink([[[3, 3, 9, 9, 9, 9], [3, 3, 3, 3, 12, 12]]], 1.0)
    np.testing.assert_array_equal(plain, stuttering)


def test_strokes_are_traced_independently():
    strokes = [[[3, 9], [3, 9]], [[5], [12]], [[9, 9], [9, 9]], [[9, 3, 6], [9, 3, 14]]]
    together = ink(strokes, 1.2)
    for stroke, area in zip(strokes, together, strict=True):
        np.testing.assert_array_equal(ink([stroke], 1.2)[0], area)


def test_outlines_are_closed():
    points = np.array([[1.0, 5, 5, 2, 7], [1.0, 1, 6, 6, 9]])
    edges, owners = outline(points, np.array([0, 0, 0, 0, 1]), 0.8)
    for stroke in (0, 1):
        starts, ends = edges[:, :, owners == stroke]
        assert sorted(map(tuple, starts.T)) == sorted(map(tuple, ends.T))
    assert edges.dtype == np.int64
    assert np.abs(edges - UNIT * 5).max() <= UNIT * 6
