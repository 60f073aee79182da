"""The parts of a drawing, and the drawing without them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from inkgrad.drawing import Raster, check_strokes, into_frame, rasterize
from inkgrad.insight.attribution import bitmaps_without, parts_of
from inkgrad.quickdraw.doodles import ANIMALS, doodles

DOODLES = [into_frame(drawing) for drawing in doodles(ANIMALS, 1, 7)[0]]


def lengths(strokes):
    return sum(np.hypot(*np.diff(stroke, axis=1)).sum() for stroke in strokes)


PLAIN = [
    drawing
    for drawing in DOODLES
    if max(lengths([stroke]) for stroke in drawing) < lengths(drawing) / 2
]


def test_strokes_that_are_no_half_of_the_drawing_are_parts():
    assert len(PLAIN) >= 3
    for drawing in PLAIN:
        parts = parts_of(drawing)
        assert [part.name for part in parts] == [f"stroke {k + 1}" for k in range(len(drawing))]
        for k, part in enumerate(parts):
            assert len(part.strokes) == 1
            np.testing.assert_array_equal(part.strokes[0], drawing[k])
            for a, b in zip(part.rest, drawing[:k] + drawing[k + 1 :], strict=True):
                np.testing.assert_array_equal(a, b)


def test_a_stroke_that_is_half_of_the_drawing_is_cut_and_others_are_not():
    outline, whisker = [[0, 255, 255, 0], [0, 0, 255, 255]], [[10, 50], [9, 9]]
    names = [part.name for part in parts_of(check_strokes([whisker, outline, whisker]))]
    assert names[0] == "stroke 1"
    assert names[1:-1] == [f"stroke 2, piece {k + 1}" for k in range(len(names) - 2)]
    assert 3 <= len(names) - 2 <= 6
    assert names[-1] == "stroke 3"
    halves = parts_of(check_strokes([[[0, 255], [0, 0]], [[0, 255], [9, 9]]]))
    assert [(part.first, part.last, part.piece) for part in halves] == [
        *((1, 1, 1), (1, 1, 2), (1, 1, 3)),
        *((2, 2, 1), (2, 2, 2), (2, 2, 3)),
    ]
    less = parts_of(check_strokes([[[0, 255], [0, 0]], [[0, 254], [9, 9]], [[0, 3], [0, 0]]]))
    assert [part.piece for part in less] == [0, 0, 0]


def test_what_is_left_stands_where_it_stood():
    """A dot at the largest coordinates holds the frame; it is far from what is compared."""
    rng = np.random.default_rng(0)
    for _ in range(10):
        strokes = [np.rint(rng.uniform(0, 200, (2, 6))) for _ in range(4)]
        largest = np.rint(rng.uniform(210, 255, 2))
        whole = check_strokes([*strokes, largest[:, None]])
        parts = parts_of(whole)
        without_dot = bitmaps_without(parts, whole, Raster())[-1]
        whole_bitmap = rasterize(whole)
        dot = rasterize(check_strokes([largest[:, None]])) > 0  # in the middle of the paper
        assert dot.any()
        changed = without_dot != whole_bitmap
        rows, columns = np.nonzero(changed)
        assert len(rows) > 0
        assert np.ptp(rows) <= 2
        assert np.ptp(columns) <= 2  # the dot alone is missing


def test_removing_a_stroke_within_the_frame_is_the_drawing_without_it():
    """Where what is left reaches as far as the whole, the rasteriser itself keeps the frame."""
    compared = 0
    for drawing in PLAIN:
        top = np.concatenate(drawing, axis=1).max(axis=1)
        for k, bitmap in enumerate(bitmaps_without(parts_of(drawing), drawing, Raster())):
            rest = drawing[:k] + drawing[k + 1 :]
            if (np.concatenate(rest, axis=1).max(axis=1) == top).all():
                np.testing.assert_array_equal(bitmap, rasterize(rest))
                compared += 1
    assert compared > 20


def test_the_last_ink_leaves_blank_paper():
    dot = check_strokes([[[7], [7]]])
    (part,) = parts_of(dot)
    assert part.rest == []
    assert not bitmaps_without([part], dot, Raster()).any()


def test_other_rasters():
    drawing = PLAIN[0]
    found = bitmaps_without(parts_of(drawing), drawing, Raster(side=40, pen=9.0, padding=3.0))
    assert found.shape == (len(drawing), 40, 40)


def spiral(points: int) -> list[list[float]]:
    t = np.linspace(0, 20, points)
    return [(128 + 6 * t * np.cos(t)).tolist(), (128 + 6 * t * np.sin(t)).tolist()]


@pytest.mark.parametrize(
    "strokes",
    [
        [spiral(300)],
        [spiral(12)],
        [[[0, 255], [0, 0]]],
        [[[0, 255, 255], [0, 0, 100]], [[9, 10], [50, 90]]],
        [[[0, 0, 255, 255, 255], [3, 3, 3, 3, 9]]],  # points that are there twice
    ],
)
def test_long_strokes_are_cut_into_pieces_that_make_the_whole(strokes):
    whole = check_strokes(strokes)
    parts = parts_of(whole)
    assert 3 <= len(parts) <= 8
    np.testing.assert_allclose(sum(lengths(part.strokes) for part in parts), lengths(whole))
    for part in parts:
        np.testing.assert_allclose(lengths(part.strokes) + lengths(part.rest), lengths(whole))
        assert lengths(part.strokes) > 0
        assert lengths(part.strokes) <= lengths(whole) / 3 + 1e-9 or len(whole) == 2
    for before, after in itertools.pairwise(parts):
        if len(whole) == 1:  # where one ends, the next begins
            np.testing.assert_array_equal(before.strokes[0][:, -1], after.strokes[0][:, 0])
    inked = bitmaps_without(parts, whole, Raster()).astype(int)
    assert (inked <= rasterize(whole).astype(int) + 40).all()  # nothing is inked that was not


def test_pieces_that_follow_each_other_stay_one_stroke():
    (first, *_, last) = parts_of(check_strokes([[[0, 255], [0, 0]]]))
    assert len(first.rest) == len(last.rest) == 1
    middle = parts_of(check_strokes([[[0, 255], [0, 0]]]))[2]
    assert len(middle.rest) == 2


def test_dots_are_parts():
    parts = parts_of(check_strokes([[[0], [0]], [[255], [255]]]))
    assert [part.strokes[0].tolist() for part in parts] == [[[0.0], [0.0]], [[255.0], [255.0]]]


def test_of_very_many_strokes_neighbours_go_together():
    strokes = check_strokes([[[x, x], [0, 255]] for x in range(200)])
    parts = parts_of(strokes)
    assert len(parts) <= 48
    assert sum(len(part.strokes) for part in parts) == 200
    assert all(len(part.strokes) + len(part.rest) == 200 for part in parts)
    assert [parts[0].name, parts[-1].name] == ["strokes 1 to 5", "strokes 196 to 200"]
