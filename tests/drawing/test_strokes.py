"""Strokes from outside are checked once, and every mistake gets one clear sentence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from inkgrad.drawing import align, bounding_box, check_strokes, fit, is_simplified
from inkgrad.drawing.strokes import MAX_POINTS
from inkgrad.errors import DataError
from tests.drawing.doodles import HOUSE, strokes_between


def test_lists_tuples_and_arrays_are_the_same():
    expected = [np.array([[0.0, 3.0], [1.0, 4.0]])]
    for given_ in (
        [[[0, 3], [1, 4]]],
        (((0, 3), (1, 4)),),
        [np.array([[0, 3], [1, 4]], dtype=np.uint8)],
        np.array([[[0, 3], [1, 4]]], dtype=np.float32),
    ):
        checked = check_strokes(given_)
        assert [stroke.dtype for stroke in checked] == [np.float64]
        np.testing.assert_equal(checked, expected)


def test_times_are_dropped_and_the_input_stays():
    given_ = [np.array([[0.0, 3.0], [1.0, 4.0], [0.0, 16.0]])]
    checked = check_strokes(given_)
    assert checked[0].shape == (2, 2)
    checked[0][:] = -1
    assert given_[0].min() == 0


@pytest.mark.parametrize(
    ("strokes", "message"),
    [
        ([], "no strokes"),
        ("[[[0],[0]]]", "strokes are a string"),
        (b"x", "strokes are a string"),
        ({"drawing": []}, "strokes are an object"),
        (None, "strokes are null"),
        (True, "strokes are a boolean"),
        (7.5, "strokes are a number"),
        (np.array(7), "strokes are an object"),
        (np.zeros((0, 2, 3)), "no strokes"),
        ([[[], []]], "stroke 1 is empty"),
        ([[[0], [0]], [[], [], []]], "stroke 2 is empty"),
        ([[]], "stroke 1 is not two or three equally long rows"),
        ([[[0, 1], [0]]], "stroke 1 is not two"),
        ([[0, 1], [0, 1]], "stroke 1 is not two"),  # one stroke instead of a list of strokes
        ([[[0, 1], [2, 3], [4, 5], [6, 7]]], "stroke 1 is not two"),  # pairs instead of rows
        ([[["0", "1"], ["0", "1"]]], "stroke 1 is not two"),
        ([[[0, None], [0, 1]]], "stroke 1 is not two"),
        ([[[True, False], [True, False]]], "stroke 1 holds a boolean; every coordinate must be a"),
        ([[[1, 0], [0, 1]], [[0.5, True], [0, 1]]], "stroke 2 holds a boolean"),
        ([[[1, 0], [0, 1], [False, 16]]], "stroke 1 holds a boolean"),
        ([[[1, np.True_], [0, 1]]], "stroke 1 holds a boolean"),
        ([[np.array([True, False]), np.array([0, 1])]], "stroke 1 holds a boolean"),
        ([np.array([[1, True], [0, 1]], dtype=object)], "stroke 1 is not two"),
        ([[[10**400, 0], [0, 1]]], "stroke 1 is not two"),
        ([[[1j, 0], [0, 1]]], "stroke 1 is not two"),
        ([[[0, np.nan], [0, 1]]], "a coordinate is nan"),
        ([[[0, 1], [0, 1]], [[0, 1], [-np.inf, 1]]], "a coordinate is -inf"),
        ([[[0, 1], [0, 2e9]]], r"a coordinate is 2e\+9; every .* within ±1e9"),
    ],
)
def test_mistakes_are_told_with_their_place(strokes, message):
    with pytest.raises(DataError, match=f"^cat.ndjson, line 7: .*{message}"):
        check_strokes(strokes, where="cat.ndjson, line 7")


def test_there_is_one_zero():
    (stroke,) = check_strokes([[[-0.0, 1.0], [0.0, -0.0]]])
    assert not np.signbit(stroke).any()


def test_a_drawing_without_end_is_refused():
    stroke = np.zeros((2, MAX_POINTS // 2 + 1))
    with pytest.raises(DataError, match="1,000,002 points up to stroke 2; at most 1,000,000"):
        check_strokes([stroke, stroke])


@given(strokes_between(-300, 300))
def test_align_and_fit_move_and_scale_all_strokes_alike(strokes):
    checked = check_strokes(strokes)
    low, high = bounding_box(checked)
    aligned, fitted = align(checked), fit(checked, 100.0)
    for before, moved, scaled in zip(checked, aligned, fitted, strict=True):
        np.testing.assert_array_equal(moved, before - low[:, None])
        extent = (high - low).max()
        np.testing.assert_allclose(scaled, moved * (100 / extent if extent else 1))
    np.testing.assert_array_equal(bounding_box(aligned)[0], [0, 0])


@pytest.mark.parametrize(
    ("strokes", "answer"),
    [
        (HOUSE, True),
        ([[[3, 250], [2, 7]]], True),  # simplification may drop an outermost point
        ([[[3, 239], [16, 7]]], True),
        ([[[3, 238], [2, 7]]], False),
        ([[[17, 255], [0, 7]]], False),
        ([[[-1, 255], [0, 7]]], False),
        ([[[0, 256], [0, 7]]], False),
        ([[[0, 255], [0, 7.5]]], False),
        ([[[0], [0]]], False),
    ],
)
def test_simplified_drawings_are_told_by_their_frame(strokes, answer):
    assert is_simplified(check_strokes(strokes)) is answer
