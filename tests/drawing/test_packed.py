"""Packed strokes: what goes in comes out, whatever is taken and joined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.drawing import (
    Packed,
    Raster,
    join_packed,
    pack,
    pack_framed,
    rasterize_many,
    rasterize_points,
)
from inkgrad.errors import DataError, DrawingError

from .variants.test_strokes import DRAWINGS


def listed(packed: Packed) -> list:
    return [[stroke.tolist() for stroke in packed[d]] for d in range(len(packed))]


@given(DRAWINGS, st.lists(st.integers(0, 5), max_size=8))
def test_drawings_come_out_as_they_went_in(drawings, rows):
    packed = pack_framed(drawings)
    whole = listed(packed)
    rows = np.array([row % len(packed) for row in rows], np.int64)
    assert listed(packed.take(rows)) == [whole[row] for row in rows]
    assert listed(join_packed([packed, packed.take(rows)])) == whole + [whole[row] for row in rows]
    points = packed.points()
    np.testing.assert_array_equal(
        rasterize_points(points, Raster(), compiled=False),
        rasterize_many([packed[d] for d in range(len(packed))], compiled=False),
    )


def test_packed_points_are_drawn_on_threads_in_parts():
    drawings = [[[[0, n, 255], [n, 255, 0]], [[n], [9]]] for n in range(200)]
    packed = pack_framed(drawings)
    many = rasterize_points(packed.points(), Raster(), compiled=True, threads=3)
    np.testing.assert_array_equal(many, rasterize_many(drawings, compiled=True))


def test_an_error_names_the_drawing():
    with pytest.raises(DrawingError, match="drawing 2: there are no strokes"):
        pack_framed([[[[0], [0]]], [[[0], [0]]], []])
    points = pack_framed([[[[0, 255], [0, 0]]]] * 70).points()
    points = points._replace(x=np.where(np.arange(140) == 2 * 66, 1e6, 0.0))
    with pytest.raises(DrawingError, match="drawing 66: a coordinate is 1,000,000"):
        rasterize_points(points, Raster())


@pytest.mark.parametrize(
    "change",
    [
        {"x": np.zeros(3)},
        {"y": np.zeros(2, np.uint8)},
        {"strokes": np.array([0, 3], np.int32)},
        {"strokes": np.array([0, 2])},
        {"strokes": np.array([1, 3])},
        {"strokes": np.array([0, 0, 3])},
        {"strokes": np.empty(0, np.int64)},
        {"drawings": np.array([0, 2])},
        {"drawings": np.array([[0, 1]])},
    ],
    ids=str,
)
def test_what_does_not_belong_together_is_refused(change):
    packed = pack_framed([[[[0, 9, 3], [4, 5, 6]]]])
    with pytest.raises(DataError):
        Packed(**{**vars(packed), **change})


def test_nothing_is_packed_too():
    assert len(pack([])) == len(join_packed([])) == 0
    assert rasterize_points(pack([]).points(), Raster()).shape == (0, 28, 28)
