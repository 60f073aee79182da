"""The rasteriser on made-up drawings, whose pixels are known by reason."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.drawing import Raster, raster, rasterize, rasterize_many
from inkgrad.drawing.strokes import join_drawings
from inkgrad.errors import DataError, ModelError
from tests.drawing.doodles import DOODLES, FACE, HOUSE, correlation, strokes_between
from tests.golden.drawings import KINDS, random_drawing

SCALE = 28 / 304


@pytest.mark.parametrize("side", [1, 28, 56, 64, 128])
def test_every_side_gives_bytes_and_the_same_picture(side):
    bitmap = rasterize(FACE, side)
    assert bitmap.shape == (side, side)
    assert bitmap.dtype == np.uint8
    if side % 28 == 0:
        factor = side // 28
        small = bitmap.reshape(28, factor, 28, factor).mean(axis=(1, 3))
        assert correlation(small, rasterize(FACE)) > 0.995


def test_a_single_point_is_a_dot_of_the_pen_in_the_centre():
    bitmap = rasterize([[[0], [0]]]) / 255
    radius = 8 * SCALE
    assert bitmap.sum() == pytest.approx(3 * radius**2, rel=0.02)  # the area of a regular 12-gon
    centre = (bitmap.sum(axis=0) @ (np.arange(28) + 0.5)) / bitmap.sum()
    assert centre == pytest.approx(14, abs=0.02)
    assert not bitmap[:13].any()
    assert not bitmap[15:].any()


def test_a_line_has_the_width_length_and_margin_of_the_recipe():
    bitmap = rasterize([[[0, 255], [0, 0]]]) / 255
    assert bitmap[:, 14].sum() == pytest.approx(16 * SCALE, abs=0.01)  # 1.474 pixels
    assert bitmap.sum() == pytest.approx(16 * SCALE * 255 * SCALE + 3 * (8 * SCALE) ** 2, rel=0.01)
    reached = np.flatnonzero(bitmap.any(axis=0))
    assert (reached[0], reached[-1]) == (1, 26)  # centre line 23.49, ink 24.96 pixels long


@pytest.mark.parametrize("doodle", DOODLES.values(), ids=DOODLES)
def test_mirrored_and_turned_drawings_give_mirrored_and_turned_bitmaps(doodle):
    bitmap = rasterize(doodle).astype(int)
    width, height = (max(max(s[axis]) for s in doodle) for axis in (0, 1))
    mirrored = rasterize([[[width - x for x in xs], ys] for xs, ys in doodle])
    turned = rasterize([[ys, xs] for xs, ys in doodle])
    upside_down = rasterize([[xs, [height - y for y in ys]] for xs, ys in doodle])
    # x is sampled in 1/256 pixel, y on 15 lines; heights are rounded down from left to right.
    assert np.abs(mirrored[:, ::-1] - bitmap).max() <= 8
    assert np.abs(upside_down[::-1] - bitmap).max() <= 4
    assert np.abs(turned.T - bitmap).max() <= 16
    assert np.abs(turned.T - bitmap).mean() <= 1


def test_moving_the_frame_moves_the_ink_by_half():
    # As in Google's recipe, which takes the smallest coordinate to be 0: (256 - largest) / 2.
    whole = 2 * 304 / 28  # units of the canvas that move the ink by one pixel
    bitmap = rasterize([[[0, 50.0], [0, 50.0]]])
    moved = rasterize([[[whole, 50.0 + whole], [0, 50.0]]])
    assert np.abs(moved[:, 1:].astype(int) - bitmap[:, :-1]).max() <= 2


@given(strokes_between(0, 200), strokes_between(0, 200, most=1))
def test_another_stroke_never_darkens_and_its_order_hardly_matters(strokes, extra):
    frame = [[[0], [0]], [[255], [255]]]  # keeps the drawing where it is
    before = rasterize(frame + strokes).astype(int)
    after = rasterize(frame + strokes + extra).astype(int)
    assert (after >= before).all()
    assert np.abs(rasterize(extra + strokes + frame) - after).max() <= len(strokes) + 3


def test_strokes_are_painted_over_each_other():
    stroke = [[0, 255], [0, 0]]
    once = rasterize([stroke]).astype(int)
    twice = rasterize([stroke, stroke]).astype(int)
    np.testing.assert_array_equal(twice, once + np.rint(once * (255 - once) / 255))
    again = rasterize([[[0, 255, 0], [0, 0, 0]]])  # one stroke there and back covers only once
    np.testing.assert_array_equal(again, once)


@given(strokes_between(-20, 300, most=3))
def test_points_between_do_not_change_a_line(strokes):
    def refined(row):
        return np.interp(np.arange(0, len(row) - 0.75, 0.5), np.arange(len(row)), row)

    finer = [[refined(xs), refined(ys)] for xs, ys in strokes]
    # The new points are rounded to 1/256 pixel, and other rows are done line by line (`scan`).
    difference = np.abs(rasterize(finer).astype(int) - rasterize(strokes))
    assert difference.max() <= 36
    assert difference.mean() <= 1


def test_what_lies_beyond_the_border_is_cut_off():
    bitmap = rasterize([[[-2e4, 2e4], [-2e4, 2e4]], [[255], [255]]])
    assert bitmap.shape == (28, 28)
    far = rasterize([[[0, 10], [0, 10]], [[2e4], [0]]])
    assert not far.any()


@given(st.lists(strokes_between(0, 255), min_size=1, max_size=12))
def test_many_at_once_are_the_same_pixels(drawings):
    many = rasterize_many(drawings, 20)
    for drawing, bitmap in zip(drawings, many, strict=True):
        np.testing.assert_array_equal(rasterize(drawing, 20), bitmap)


def small_drawings(count):
    """Return drawings of one or two strokes of every kind: plain Python is slow."""
    rng = np.random.default_rng(count)
    kinds = [kind for kind in KINDS if kind != "long"]
    return [random_drawing(rng, kinds[i % len(kinds)], 1 + i % 2) for i in range(count)]


@pytest.mark.parametrize("side", [28, pytest.param(64, marks=pytest.mark.slow)])
def test_compiled_or_plain_the_pixels_are_the_same(side):
    drawings = small_drawings(130)  # a thread takes 64 at a time
    plain = rasterize_many(drawings, side, compiled=False)
    for threads in (1, 2, 3):
        compiled = rasterize_many(drawings, side, compiled=True, threads=threads)
        np.testing.assert_array_equal(compiled, plain)


@pytest.mark.parametrize("settings", [{"pen": 0.2}, {"pen": 3.0}, {"pen": 200.0, "padding": 0}])
def test_compiled_or_plain_with_any_pen(settings):
    drawings = small_drawings(18)
    plain = rasterize_many(drawings, 33, compiled=False, **settings)
    compiled = rasterize_many(drawings, 33, compiled=True, **settings)
    np.testing.assert_array_equal(compiled, plain)


def test_numba_is_loaded_for_many_drawings_only():
    """In a process of its own: here Numba may be loaded already."""
    code = """
import sys
from inkgrad.drawing import rasterize_many
few = [[[[0, 255], [0, 255]]]] * 249
first = rasterize_many(few)
print("numba" in sys.modules, "concurrent.futures.thread" in sys.modules)
many = rasterize_many(few + few)
print("numba" in sys.modules, (many[:249] == first).all())
"""
    lines = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split("\n")
    assert lines[0].startswith("False")
    assert lines[1] == "True True"


def test_without_numba_many_drawings_are_drawn_too(monkeypatch):
    lines = [[[[0, 255], [0, 90]]], [[[255, 0], [0, 255]]]]
    expected = rasterize_many(lines, compiled=True)
    monkeypatch.setattr(raster.importlib.util, "find_spec", lambda name: None)
    many = rasterize_many(lines * 130)
    np.testing.assert_array_equal(many, np.tile(expected, (130, 1, 1)))


@given(st.lists(strokes_between(-5, 300), min_size=1, max_size=5))
def test_lists_and_arrays_are_joined_alike(drawings):
    arrays = [[np.array(stroke) for stroke in drawing] for drawing in drawings]
    for a, b in zip(join_drawings(drawings), join_drawings(arrays), strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype


@pytest.mark.parametrize(
    ("stroke", "message"),
    [
        ([[1, 2], [3]], "stroke 2 is not two or three equally long rows"),
        ([[1, 2], [3, 4], [5]], "stroke 2 is not two or three equally long rows"),
        ([[1, 2], [3, 4], ["a", "b"]], "stroke 2 is not two or three equally long rows"),
        ([["1", "2"], ["3", "4"]], "stroke 2 is not two or three equally long rows"),
        ([[1, 2], [3, None]], "stroke 2 is not two or three equally long rows"),
        ([[1, 2]], "stroke 2 is not two or three equally long rows"),
        ([1, 2], "stroke 2 is not two or three equally long rows"),
        ([[[1], [2]], [[3], [4]]], "stroke 2 is not two or three equally long rows"),
        ([[], []], "stroke 2 is empty"),
        ([[1, math.nan], [3, 4]], "a coordinate is nan"),
        ([[1, math.inf], [3, 4]], "a coordinate is inf"),
        ([[1, 2e9], [3, 4]], r"a coordinate is 2e\+9"),
        ([[0.0] * 1_000_001] * 2, "1,000,004 points up to stroke 2"),
        ("ab", "stroke 2 is not two or three equally long rows"),
        (None, "stroke 2 is not two or three equally long rows"),
    ],
)
def test_what_cannot_be_joined_is_refused_by_index(stroke, message):
    with pytest.raises(DataError, match=f"^drawing 1: {message}"):
        rasterize_many([HOUSE, [HOUSE[1] + [[0, 1, 2]], stroke]])


def test_no_drawings_give_no_bitmaps():
    assert rasterize_many([]).shape == (0, 28, 28)


def test_a_thicker_pen_and_more_padding_do_what_they_say():
    line = [[[0, 255], [0, 0]]]
    thick = rasterize(line, pen=32.0) / 255
    assert thick[:, 14].sum() == pytest.approx(32 * 28 / (256 + 32 + 32), abs=0.02)
    small = rasterize(line, padding=128.0)
    scale = 28 / (256 + 256 + 16)
    assert (small.max(axis=0) > 0).sum() == math.ceil(271 * scale / 2) * 2


def test_inputs_stay_and_results_repeat():
    given_ = [np.array([[0.0, 255.0], [3.0, 90.0]])]
    copy = given_[0].copy()
    first = rasterize(given_)
    np.testing.assert_array_equal(given_[0], copy)
    np.testing.assert_array_equal(first, rasterize(given_))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"side": 0}, "side is 0; give a whole number from 1 to 1024"),
        ({"side": 1025}, "side is 1025"),
        ({"side": 28.0}, "side is 28.0"),
        ({"side": True}, "side is a boolean"),
        ({"pen": 0}, "pen is 0"),
        ({"pen": math.nan}, "pen is nan"),
        ({"pen": "16"}, "pen is a string"),
        ({"padding": -1}, "padding is -1"),
        ({"padding": math.inf}, "padding is inf"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(DataError, match=message):
        rasterize(HOUSE, **settings)
    with pytest.raises(ModelError, match=f"rasteriser settings: {message}"):
        Raster.from_dict({**Raster().to_dict(), **settings})


def test_settings_survive_a_model_file():
    settings = Raster(56, 20.0, 4.0)
    assert Raster.from_dict(settings.to_dict()) == settings
    assert Raster.from_dict(Raster().to_dict()) == Raster()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "settings are empty; expected padding, pen, side"),
        ({"side": 28, "pen": 16.0, "padding": 16.0, "ink": 1}, "are ink, padding, pen, side"),
        ({"side": 28, 3: 4}, "are 3, side"),
        ([28, 16, 16], "are a list"),
    ],
)
def test_other_settings_are_refused(settings, message):
    with pytest.raises(ModelError, match=message):
        Raster.from_dict(settings)


def test_drawings_out_of_bounds_are_refused_by_index():
    with pytest.raises(DataError, match=r"^drawing 1: a coordinate is 200,000 .* 22,235 is"):
        rasterize_many([HOUSE, [[[0, 2e5], [0, 0]]]])
    long = [np.zeros((2, 20_001))]
    with pytest.raises(DataError, match="drawing: a stroke has 20,001 points"):
        rasterize(long)
    with pytest.raises(DataError, match="drawing 0: there are no strokes"):
        rasterize_many([[], HOUSE])


@pytest.mark.parametrize("name", ["side", "pen", "padding"])
def test_a_number_that_python_cannot_write_out_is_refused_all_the_same(name):
    with pytest.raises(DataError, match=f"{name} is a number; give a"):
        Raster(**{name: 10**5000})


def test_one_compilation_draws_lists_and_arrays_of_any_layout():
    from inkgrad.drawing import compiled

    rasterize_many([FACE], compiled=True)
    known = list(compiled._plot.signatures)
    xy = np.linspace(0, 255, 24).reshape(12, 2)
    for stroke in (xy.T, xy.T[:, ::2], np.asfortranarray(xy.T), xy.T.astype(int).tolist()):
        drawn = rasterize_many([[stroke]] * 3, compiled=True)
        np.testing.assert_array_equal(drawn[0], rasterize([stroke]))
    assert compiled._plot.signatures == known
