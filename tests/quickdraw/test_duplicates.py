"""Duplicates: exact ones, and the same drawing rasterised in another way."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from inkgrad.quickdraw.drawings import Drawings
from inkgrad.quickdraw.duplicates import leaked, same_drawing
from inkgrad.quickdraw.formats import read_bitmaps


def scribbles(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, 28, 28), dtype=np.uint8)


def test_the_mask_is_what_corrcoef_says():
    a = scribbles(30, 0)
    noise = (
        np.random.default_rng(1).normal(0, 1, (30, 28, 28)) * np.linspace(0, 40, 30)[:, None, None]
    )
    b = np.clip(a[::-1] + noise, 0, 255).astype(np.uint8)
    correlations = np.corrcoef(a.reshape(30, -1), b.reshape(30, -1))[:30, 30:]
    mask = same_drawing(a, b)
    np.testing.assert_array_equal(mask, correlations.max(axis=0) > 0.985)
    assert 0 < mask.sum() < 30


def test_brightness_and_contrast_do_not_matter_but_the_drawing_does():
    a = scribbles(2, 2)
    darker = (a // 2 + 20).astype(np.uint8)
    assert same_drawing(a, darker).all()
    assert not same_drawing(a, scribbles(5, 3)).any()


def test_blank_drawings_are_the_same_as_nothing():
    blank = np.zeros((2, 28, 28), dtype=np.uint8)
    assert not same_drawing(blank, blank).any()
    assert not same_drawing(blank, scribbles(2, 4)).any()


def test_empty_sides():
    assert same_drawing(scribbles(0, 0), scribbles(3, 0)).tolist() == [False] * 3
    assert same_drawing(scribbles(3, 0), scribbles(0, 0)).shape == (0,)


def test_blocks_do_not_show_and_memory_is_bounded():
    a = np.tile(scribbles(500, 5), (9, 1, 1))  # 4,500
    b = np.concatenate([scribbles(1500, 6), scribbles(500, 5)])
    tracemalloc.start()
    try:
        mask = same_drawing(a, b)
        assert tracemalloc.get_traced_memory()[1] < 25_000_000  # all at once: 51 MB and more
    finally:
        tracemalloc.stop()
    assert mask[1500:].all()
    assert not mask[:1500].any()


def test_leaked_finds_rows_of_the_training_part_only():
    bitmaps = scribbles(4, 7)[[0, 1, 2, 0, 1, 0]]
    drawings = Drawings(bitmaps, np.zeros(6, np.int64), ("cat",))
    assert leaked(drawings, np.array([5, 2, 3]), np.array([0, 1])).tolist() == [5, 3]
    assert leaked(drawings, np.array([2]), np.array([0, 1])).dtype == np.int64


@pytest.mark.slow
def test_real_drawings_that_stand_in_both_folders_are_told_from_others(quickdraw_folder):
    monkeys = read_bitmaps(quickdraw_folder / "pairs" / "monkey.npy", limit=300)
    drawn = read_bitmaps(quickdraw_folder / "pairs" / "monkey.ndjson", limit=600)
    mask = same_drawing(monkeys, drawn)
    assert mask[:300].all()
    assert not mask[300:].any()
