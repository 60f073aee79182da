"""A row of vectors is covered by tiles, each place once and in order; so are a filter's taps."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from inkgrad.engines.cpu.simd import LANES, load_all, store_all
from inkgrad.engines.cpu.tiles import along_rows, over_taps

TAPS = np.dtype([("size_y", np.int64), ("size_x", np.int64)])


@along_rows
def note_row(tile, o, places, f, target):
    places[0] += 1
    places[places[0]] = o
    store_all(target, o, LANES, load_all(tile, f, o, LANES))


@njit
def cover_row(width, places, f, target):
    note_row(width, places, f, target)


@pytest.mark.parametrize(
    ("vectors", "tiles"),
    [
        (1, [0]),
        (3, [0, 2]),
        (7, [0, 4, 6]),
        (13, [0, 8, 12]),
        (16, [0, 8]),
        (31, [0, 8, 16, 24, 28, 30]),
    ],
)
def test_a_row_is_cut_into_the_largest_tiles_that_fit(vectors, tiles):
    f = np.random.default_rng(0).normal(size=(vectors + 1) * LANES).astype(np.float32)
    places, target = np.zeros(40, np.int64), np.zeros_like(f)
    cover_row(vectors * LANES, places, f, target)
    assert (places[1 : 1 + places[0]] // LANES).tolist() == tiles
    np.testing.assert_array_equal(target[:-LANES], f[:-LANES])  # every tile has its own size
    assert not target[-LANES:].any()


def test_a_row_of_nothing_has_no_tile():
    places = np.zeros(2, np.int64)
    cover_row(0, places, np.zeros(LANES, np.float32), np.zeros(LANES, np.float32))
    assert places[0] == 0


@over_taps
def note_taps(tile, i, j, filters, places):
    places[0, 0] += 1
    places[places[0, 0], 0] = i
    places[places[0, 0], 1] = j
    places[places[0, 0], 2] = len(tile)


@njit
def cover_taps(filters, places):
    note_taps(filters[0], places)


@pytest.mark.parametrize(
    ("size", "tiles"),
    [
        ((3, 3), [(0, 0, 9)]),
        ((1, 1), [(0, 0, 1)]),
        ((2, 3), [(i, j, 1) for i in range(2) for j in range(3)]),
        ((2, 5), [(0, 0, 5), (1, 0, 5)]),
        ((1, 7), [(0, 0, 5), (0, 5, 1), (0, 6, 1)]),
    ],
)
def test_taps_are_cut_into_a_patch_or_pieces_of_rows(size, tiles):
    places = np.zeros((20, 3), np.int64)
    cover_taps(np.array([size], TAPS), places)
    assert [tuple(place) for place in places[1 : 1 + places[0, 0]].tolist()] == tiles
