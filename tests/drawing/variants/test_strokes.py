"""Variants of strokes: what each strength does, and what none may do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.drawing import Packed, Raster, Strokes, pack, pack_framed, rasterize
from inkgrad.drawing.variants import Variation, chance_keys, draw_variants, vary_strokes

DOT = Strokes([np.array([[0.0, 0.0], [0.0, 0.0]])])
STRONG = Variation(
    turn=180, shear=2, stretch=2, wobble=64, shift=64, drop=1, cut=1, cut_most=0.99,
    split=1, merge=1, pen=1, mirror=1,
)  # fmt: skip


@st.composite
def framed(draw):
    """Return drawings as they come into the data: some strokes or dots, framed."""
    whole = st.integers(0, 255)
    point = st.tuples(whole, whole)
    stroke = st.lists(point, min_size=1, max_size=6)
    strokes = draw(st.lists(stroke, min_size=1, max_size=5))
    return [[[x for x, _ in s], [y for _, y in s]] for s in strokes]


DRAWINGS = st.lists(framed(), min_size=1, max_size=6)


def doodles(n: int = 60) -> Packed:
    from inkgrad.quickdraw.doodles import ANIMALS
    from inkgrad.quickdraw.doodles import doodles as draw

    return pack_framed(draw(ANIMALS, n // 5, seed=3)[0])


def vary(packed: Packed, how: Variation, epoch: int = 0, may: bool = True) -> list[Strokes]:
    keys = chance_keys(7, epoch, np.arange(len(packed)))
    points = vary_strokes(packed, keys, how, np.full(len(packed), may))
    x, y = (np.asarray(axis) for axis in (points.x, points.y))
    assert x.dtype == y.dtype == np.float64
    np.testing.assert_array_equal(x, np.rint(x))
    as_bytes = (axis.astype(np.uint8) for axis in (x, y))
    varied = Packed(*as_bytes, np.asarray(points.strokes), np.asarray(points.drawings))
    np.testing.assert_array_equal(varied.x, x)  # so they were whole numbers from 0 to 255
    np.testing.assert_array_equal(varied.y, y)
    return [varied[d] for d in range(len(varied))]


def extent(strokes: Strokes) -> np.ndarray:
    return np.ptp(np.concatenate(strokes, axis=1), axis=1)


def length(strokes: Strokes) -> float:
    return float(sum(np.hypot(*np.diff(stroke, axis=1)).sum() for stroke in strokes))


@given(DRAWINGS, st.sampled_from([Variation(), STRONG]), st.integers(0, 5))
def test_every_variant_is_framed_and_none_is_empty(drawings, how, epoch):
    for strokes in vary(pack_framed(drawings), how, epoch):
        points = np.concatenate(strokes, axis=1)
        np.testing.assert_array_equal(points.min(axis=1), 0)
        assert points.max() in (0, 255)
        assert rasterize(strokes).max() > 0


@given(DRAWINGS, st.integers(0, 3))
def test_a_variant_is_the_same_in_any_batch(drawings, epoch):
    packed = pack_framed(drawings)
    keys = chance_keys(1, epoch, np.arange(len(packed)))
    may = np.arange(len(packed)) % 2 == 0
    together = draw_variants(packed, keys, STRONG, may, Raster(), compiled=False)
    for row in range(len(packed)):
        some = np.array([row, 0])
        alone = draw_variants(
            packed.take(some), keys[some], STRONG, may[some], Raster(), compiled=False
        )
        np.testing.assert_array_equal(alone[0], together[row])


def test_of_many_real_lengths_a_variant_is_the_same_in_any_batch():
    packed = doodles()
    keys, may = chance_keys(1, 0, np.arange(60)), np.ones(60, bool)
    together = vary_strokes(packed, keys, Variation(), may)
    for some in (np.arange(0, 60, 7), np.arange(59, -1, -1), np.array([33])):
        part = vary_strokes(packed.take(some), keys[some], Variation(), may[some])
        ends = np.asarray(together.strokes)[np.asarray(together.drawings)]
        for axis in ("x", "y"):
            whole = getattr(together, axis)
            expected = np.concatenate([whole[ends[d] : ends[d + 1]] for d in some])
            np.testing.assert_array_equal(getattr(part, axis), expected)


def test_nothing_changes_where_nothing_is_asked_for():
    packed = doodles()
    for row, strokes in enumerate(vary(packed, Variation.none())):
        assert len(strokes) == len(packed[row])
        fitted = np.concatenate(packed[row], axis=1)
        fitted = np.rint(fitted - fitted.min(axis=1, keepdims=True))
        again = np.concatenate(strokes, axis=1)
        if fitted.max() == 255:  # what Google's simplification left smaller is made 255 long
            np.testing.assert_array_equal(again, fitted)


def test_chance_is_another_in_every_epoch():
    packed = doodles()
    epochs = [vary(packed, Variation(), epoch) for epoch in range(4)]
    seen = {np.concatenate(strokes, axis=1).tobytes() for varied in epochs for strokes in varied}
    assert len(seen) == 4 * 60
    again = vary(packed, Variation(), 2)
    for strokes, same in zip(epochs[2], again, strict=True):
        for stroke, other in zip(strokes, same, strict=True):
            np.testing.assert_array_equal(stroke, other)


def test_a_mirror_where_it_may_be():
    packed = doodles()
    once = vary(packed, Variation.none(mirror=1))
    for row, strokes in enumerate(vary(packed, Variation.none())):
        width = extent(strokes)[0]
        for stroke, mirrored in zip(strokes, once[row], strict=True):
            np.testing.assert_array_equal(mirrored, [width - stroke[0], stroke[1]])
    for strokes, other in zip(
        vary(packed, Variation.none(mirror=1), may=False),
        vary(packed, Variation.none()),
        strict=True,
    ):
        np.testing.assert_array_equal(np.concatenate(strokes, 1), np.concatenate(other, 1))
    left = pack([Strokes([np.array([[0.0, 0.0, 255.0], [0.0, 9.0, 0.0]])])]).take(
        np.zeros(400, int)
    )
    mirrored = np.array(
        [strokes[0][0, 0] == 255 for strokes in vary(left, Variation.none(mirror=0.5))]
    )
    assert 0.4 < mirrored.mean() < 0.6


def test_one_stroke_is_dropped_and_never_the_only_or_the_longest():
    packed = doodles()
    before = [packed[row] for row in range(60)]
    after = vary(packed, Variation.none(drop=1))
    fewer = [len(a) - len(b) for a, b in zip(before, after, strict=True)]
    assert set(fewer) == {0, 1}
    assert np.mean(fewer) > 0.5
    for strokes in vary(pack([before[0][:1]] * 50), Variation.none(drop=1)):
        assert len(strokes) == 1


def test_the_end_is_cut_off():
    packed = pack(
        [Strokes([np.array([[0.0, 200.0], [0.0, 0.0]]), np.array([[0.0, 200], [55, 55]])])]
    )
    how = Variation.none(cut=1, cut_most=0.9)
    lengths = []
    for epoch in range(300):
        (strokes,) = vary(packed, how, epoch)
        first = strokes[0]
        scale = 255 / max(extent(strokes))
        assert len(strokes) in (1, 2)
        assert first[1].max() == 0
        lengths.append(length(strokes) / extent(strokes).max())
        assert scale >= 1
    assert min(lengths) == pytest.approx(1, abs=0.01)  # a part of the first line, framed
    assert max(lengths) > 1.8


def test_splits_and_joins_change_the_number_of_strokes_and_no_line():
    packed = doodles()
    plain = vary(packed, Variation.none())
    for how, change in ((Variation.none(split=1), 1), (Variation.none(merge=1), -1)):
        found = [len(b) - len(a) for a, b in zip(plain, vary(packed, how), strict=True)]
        assert set(found) == {0, change}
    for a, b in zip(plain, vary(packed, Variation.none(split=1)), strict=True):
        assert length(a) == pytest.approx(length(b))


def test_strokes_move_by_no_more_than_is_said():
    packed = doodles()
    for a, b in zip(
        vary(packed, Variation.none()), vary(packed, Variation.none(shift=3)), strict=True
    ):
        for stroke, moved in zip(a, b, strict=True):
            assert np.abs(stroke - moved).max() <= 3 * 4 + 2  # twice, for the frame; then scaled


def test_a_wave_bends_a_straight_line_and_keeps_it_smooth():
    line = pack([Strokes([np.array([[0.0, 255.0], [0.0, 0.0]])])]).take(np.zeros(50, int))
    heights = [extent(strokes)[1] for strokes in vary(line, Variation.none(wobble=8))]
    assert 1 < np.median(heights) < 16
    assert max(heights) < 30


def test_dots_stay_dots():
    packed = pack([DOT, Strokes([*DOT, *DOT])])
    for epoch in range(20):
        for strokes in vary(packed, Variation(shift=0), epoch):
            assert extent(strokes).max() == 0
        one = vary(packed, Variation(), epoch)[0]
        assert extent(one).max() == 0
        bitmaps = draw_variants(
            packed, chance_keys(1, epoch, np.arange(2)), Variation(), np.ones(2, bool), Raster()
        )
        assert (bitmaps.max(axis=(1, 2)) > 0).all()


def test_no_drawings_and_very_long_ones():
    nothing = draw_variants(
        pack([]), chance_keys(0, 0, np.arange(0)), STRONG, np.ones(0, bool), Raster()
    )
    assert nothing.shape == (0, 28, 28)
    rng = np.random.default_rng(0)
    long = pack([Strokes([rng.integers(0, 256, (2, 5000)).astype(float)]) for _ in range(2)])
    (one, other) = vary(long, STRONG)
    assert extent(one).max() == extent(other).max() == 255


def test_pens_of_other_widths():
    packed = doodles().take(np.zeros(400, np.int64))
    keys, may = chance_keys(1, 0, np.arange(400)), np.ones(400, bool)
    drawn = draw_variants(packed, keys, Variation.none(pen=0.3), may, Raster())
    ink = np.unique(drawn.sum(axis=(1, 2), dtype=np.int64))
    usual = draw_variants(packed, keys, Variation.none(), may, Raster())
    assert len(np.unique(usual, axis=0)) == 1
    assert len(ink) == 5
    middle = usual[0].sum(dtype=np.int64)
    assert ink[2] == middle
    assert 0.7 * middle < ink[0] < 0.9 * middle
    assert 1.1 * middle < ink[4] < 1.35 * middle


@pytest.mark.parametrize("raster", [Raster(), Raster(56), Raster(40, 20.0, 3.0)], ids=str)
def test_compiled_and_plain_variants_are_the_same(raster):
    packed = doodles(10)
    keys, may = chance_keys(1, 0, np.arange(10)), np.ones(10, bool)
    plain, compiled = (
        draw_variants(packed, keys, Variation(), may, raster, compiled=how) for how in (False, True)
    )
    np.testing.assert_array_equal(plain, compiled)
