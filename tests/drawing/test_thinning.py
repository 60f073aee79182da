"""Thinning: no line torn, no dot lost, and a pen of the right size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from inkgrad.drawing.thinning import contour, depth, stamp, thin

masks = stn.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def pieces(ink):
    """Count the 8-connected pieces of ink by flooding one after the other."""
    left = {(int(y), int(x)) for y, x in zip(*np.nonzero(ink), strict=True)}
    count = 0
    while left:
        count += 1
        waiting = [left.pop()]
        while waiting:
            y, x = waiting.pop()
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            waiting += near
    return count


@given(masks)
def test_thinning_only_removes_and_neither_tears_nor_loses_anything(ink):
    thinned = thin(ink)
    assert not (thinned & ~ink).any()
    assert pieces(thinned) == pieces(ink)
    np.testing.assert_array_equal(thin(thinned), thinned)


@pytest.mark.parametrize("thickness", [1, 2, 3, 6, 9])
def test_a_bar_is_thinned_to_its_middle(thickness):
    ink = np.zeros((20, 60), dtype=bool)
    ink[4 : 4 + thickness, 5:55] = True
    y, x = np.nonzero(thin(ink))
    assert (np.bincount(x) <= 1).all()  # one pixel wide
    assert np.abs(y + 0.5 - (4 + thickness / 2)).max() <= 1
    assert np.ptp(x) >= 50 - thickness - 2


def test_limited_thinning_leaves_a_core():
    disc = np.hypot(*np.mgrid[-20:21, -20:21]) <= 15
    core = thin(disc, layers=4)
    assert np.sqrt(core.sum() / np.pi) == pytest.approx(11, abs=1)
    np.testing.assert_array_equal(thin(disc, layers=0), disc)


def test_depth_is_the_distance_from_paper():
    y, x = np.mgrid[-20:21, -20:21]
    disc = np.hypot(y, x) <= 15
    exact = 16 - np.hypot(y, x)
    assert np.abs(depth(disc) - exact)[disc].max() <= 2
    assert (depth(disc) == 0)[~disc].all()
    np.testing.assert_array_equal(contour(disc), depth(disc) == 1)
    assert not depth(np.zeros((3, 3), dtype=bool)).any()


def test_the_stamp_is_round_and_cut_at_the_border():
    one = stamp(np.array([20.5]), np.array([20.5]), 8.0, 40)
    assert one.sum() == pytest.approx(np.pi * 64, rel=0.03)
    corner = stamp(np.array([0.5, 99.0]), np.array([0.5, 3.0]), 8.0, 40)
    np.testing.assert_array_equal(corner[:20, :20], one[20:, 20:])
    np.testing.assert_array_equal(one, one.T)
