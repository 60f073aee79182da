"""Variants of bitmaps: bent as strokes are, framed as they were, as sharp as they were."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.drawing import Raster, to_bitmaps
from inkgrad.drawing.variants import Variation, chance_keys, vary_bitmaps

STRONG = Variation(turn=180, shear=2, stretch=2, wobble=64, pen=1)


def doodles(n: int = 60) -> np.ndarray:
    from inkgrad.quickdraw.doodles import ANIMALS, doodle_bitmaps

    return doodle_bitmaps(ANIMALS, n // 5, seed=3)[0]


def vary(bitmaps: np.ndarray, how: Variation, epoch: int = 0, may: bool = True) -> np.ndarray:
    keys = chance_keys(7, epoch, np.arange(len(bitmaps)))
    varied = vary_bitmaps(bitmaps, keys, how, np.full(len(bitmaps), may), Raster())
    assert varied.dtype == np.uint8
    assert varied.shape == bitmaps.shape
    return varied


def box(bitmap: np.ndarray) -> tuple[int, ...]:
    rows, columns = np.nonzero(bitmap >= 64)
    return rows.min(), rows.max(), columns.min(), columns.max()


def test_nothing_changes_where_nothing_is_asked_for():
    bitmaps = doodles()
    np.testing.assert_array_equal(vary(bitmaps, Variation.none()), bitmaps)
    mirrored = vary(bitmaps, Variation.none(mirror=1))
    for bitmap, other in zip(bitmaps, mirrored, strict=True):
        np.testing.assert_array_equal(other[:, slice(*box(other)[2:])], np.fliplr(
            bitmap[:, box(bitmap)[2] + 1 : box(bitmap)[3] + 1]))  # fmt: skip
    np.testing.assert_array_equal(vary(bitmaps, Variation.none(mirror=1), may=False), bitmaps)


def test_a_variant_is_the_same_in_any_batch_and_another_in_every_epoch():
    bitmaps = doodles()
    keys, may = chance_keys(1, 0, np.arange(60)), np.arange(60) % 2 == 0
    together = vary_bitmaps(bitmaps, keys, Variation(), may, Raster())
    for some in (np.arange(0, 60, 7), np.array([33])):
        alone = vary_bitmaps(bitmaps[some], keys[some], Variation(), may[some], Raster())
        np.testing.assert_array_equal(alone, together[some])
    others = np.concatenate([vary(bitmaps, Variation(), epoch) for epoch in range(4)])
    assert len(np.unique(others, axis=0)) == 240


def test_a_variant_is_framed_as_its_bitmap_was():
    bitmaps = doodles()
    for how in (Variation.none(turn=40), Variation.none(stretch=0.5), Variation(pen=0, wobble=0)):
        for bitmap, varied in zip(bitmaps, vary(bitmaps, how), strict=True):
            top, bottom, left, right = box(bitmap)
            up, down, first, last = box(varied)
            longer, now = max(bottom - top, right - left), max(down - up, last - first)
            assert abs(longer - now) <= 2
            assert abs(top + bottom - up - down) <= 3
            assert abs(left + right - first - last) <= 3


def test_lines_are_as_dark_and_as_sharp_as_before():
    bitmaps = doodles(200).astype(float)
    varied = vary(doodles(200), Variation(pen=0)).astype(float)
    assert varied.mean() == pytest.approx(bitmaps.mean(), rel=0.08)
    assert (varied**2).mean() == pytest.approx((bitmaps**2).mean(), rel=0.08)
    edges = [np.abs(np.diff(x, axis=2)).mean() for x in (bitmaps, varied)]
    assert edges[1] == pytest.approx(edges[0], rel=0.1)


def test_pens_make_lines_wider_and_thinner():
    bitmaps = np.repeat(doodles(5)[:1], 300, axis=0)
    ink = np.unique(vary(bitmaps, Variation.none(pen=0.3)).sum(axis=(1, 2), dtype=np.int64))
    assert len(ink) == 5
    middle = bitmaps[0].sum(dtype=np.int64)
    assert ink[2] == middle
    assert 0.6 * middle < ink[0] < 0.95 * middle
    assert 1.05 * middle < ink[4] < 1.5 * middle


@pytest.mark.parametrize("how", [Variation(), Variation.none(mirror=1), STRONG], ids=str)
@pytest.mark.parametrize("side", [1, 28, 40])
def test_compiled_and_plain_variants_are_the_same(how, side):
    bitmaps = np.random.default_rng(0).integers(0, 256, (40, side, side), np.uint8)
    bitmaps[3:9] = 0
    bitmaps[9:20, : side // 2] = 0
    keys, may = chance_keys(1, 0, np.arange(40)), np.ones(40, bool)
    plain, compiled = (
        vary_bitmaps(bitmaps, keys, how, may, Raster(side), compiled=which)
        for which in (False, True)
    )
    np.testing.assert_array_equal(plain, compiled)
    if side == 28:
        plain, compiled = (
            vary_bitmaps(doodles(), chance_keys(1, 0, np.arange(60)), how, np.ones(60, bool),
                         Raster(), compiled=which)
            for which in (False, True)
        )  # fmt: skip
        np.testing.assert_array_equal(plain, compiled)


def test_blank_full_and_tiny_bitmaps_survive():
    blank, full = np.zeros((3, 28, 28), np.uint8), np.full((3, 28, 28), 255, np.uint8)
    for epoch in range(5):
        assert vary(blank, Variation(), epoch).max() < 64
        assert vary(full, STRONG, epoch).max() == 255
    dots = to_bitmaps([[[[3], [3]]]] * 20)
    for epoch in range(3):
        assert (vary(dots, Variation(), epoch).max(axis=(1, 2)) > dots.max() / 10).all()
    one = np.full((2, 1, 1), 200, np.uint8)
    assert vary(one, Variation.none()).tolist() == one.tolist()
    assert vary(np.zeros((0, 28, 28), np.uint8), Variation()).shape == (0, 28, 28)
