"""Every word in which the kernels are written does to vectors what NumPy does to arrays.

Each test compiles a little function of one word, for whatever number of lanes this machine has.
Words that only move or choose numbers, and those that round once, must agree to the last bit.
"""

from __future__ import annotations

import operator
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import njit
from numba.core.codegen import get_host_cpu_features

from inkgrad.engines.cpu import simd
from inkgrad.engines.cpu.simd import (
    LANES,
    add_outer,
    add_patch,
    add_patches,
    add_scaled,
    add_square,
    add_window,
    bits,
    broadcast,
    first_bit,
    fma,
    greater,
    keep_bits,
    lanes,
    load,
    load_all,
    load_patch,
    load_tile,
    prefetch,
    repeat,
    root,
    select,
    splat,
    store,
    store_all,
    store_patch,
    store_tile,
    total,
    transpose,
    transpose_bits,
    transpose_rows,
    unequal,
    where_positive,
)

NAN, INFINITY = float("nan"), float("inf")
ODD = 3  # where things begin in these tests: vectors need not be aligned
ALL_LANES = (1 << LANES) - 1


def numbers(count: int, seed: int = 0) -> np.ndarray:
    """Return random float32 numbers, of both signs."""
    return np.random.default_rng(seed).normal(size=count).astype(np.float32)


def fused(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return x·y + z, rounded once: in float64 the product of two float32 numbers is exact."""
    wide = x.astype(np.float64) * y.astype(np.float64) + z.astype(np.float64)
    return wide.astype(np.float32)


def rows_of(count: int, array: np.ndarray, first: int, stride: int) -> np.ndarray:
    """Return `count` vectors of an array, one every `stride`."""
    starts = first + stride * np.arange(count)
    return array[starts[:, None] + np.arange(LANES)]


def word_of(flags: np.ndarray) -> int:
    """Return truth values as a word whose lowest bit is the first."""
    return sum(1 << k for k, flag in enumerate(flags) if flag)


def test_the_whole_vocabulary_is_tested_here():
    source = Path(__file__).read_text(encoding="utf-8")
    words = {name for name in simd.__all__ if name.islower()}
    assert words == {w for w in words if re.search(rf"\b{w}\(|\"{w}\"", source)}


# One vector.


@pytest.mark.parametrize("kind", [int, np.int32, np.uint64])
def test_load_and_store_move_a_vector_and_nothing_else(kind):
    @njit
    def copy(source, i, target, j):
        store(target, j, load(source, i))

    source, target = numbers(4 * LANES), np.zeros(4 * LANES, np.float32)
    copy(source, kind(ODD), target, kind(LANES + 1))
    expected = np.zeros_like(target)
    expected[LANES + 1 : 2 * LANES + 1] = source[ODD : ODD + LANES]
    np.testing.assert_array_equal(target, expected)


def test_prefetch_changes_nothing_and_may_reach_beyond_the_end():
    @njit
    def fetch(array, i, count):
        prefetch(array, i, count)

    array = numbers(100)
    before = array.copy()
    for i, count in [(0, 100), (90, 100_000), (ODD, 0), (5, 1)]:
        fetch(array, i, count)
    np.testing.assert_array_equal(array, before)


def test_broadcast_and_splat_fill_every_lane():
    @njit
    def fill(source, i, number, target):
        store(target, 0, broadcast(source, i))
        store(target, LANES, splat(number))

    source, target = numbers(8), np.zeros(2 * LANES, np.float32)
    fill(source, 5, 0.1, target)  # 0.1 is rounded to float32
    np.testing.assert_array_equal(target, np.repeat([source[5], np.float32(0.1)], LANES))
    fill(source, 5, 7, target)  # a whole number is one too
    assert set(target[LANES:].tolist()) == {7.0}


def test_fma_rounds_once():
    @njit
    def compute(x, y, z, target):
        for i in range(0, len(x), LANES):
            store(target, i, fma(load(x, i), load(y, i), load(z, i)))

    x, y, z = (numbers(100 * LANES, seed) for seed in range(3))
    # (1 + 2⁻¹²)² = 1 + 2⁻¹¹ + 2⁻²⁴, of which float32 would lose the last summand.
    x[0] = y[0] = 1 + 2.0**-12
    z[0] = -1 - 2.0**-11
    result = np.zeros_like(x)
    compute(x, y, z, result)
    assert result[0] == 2.0**-24
    np.testing.assert_array_equal(result, fused(x, y, z))
    assert (result != x * y + z).any()  # so the test would see a product that is rounded


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div"])
def test_arithmetic_is_that_of_float32(name):
    word = getattr(simd, name)

    @njit
    def compute(x, y, target):
        store(target, 0, word(load(x, 0), load(y, 0)))

    x, y, result = numbers(LANES), numbers(LANES, 1), np.zeros(LANES, np.float32)
    x[:4], y[:4] = [NAN, INFINITY, 3e38, 1], [1, INFINITY, -3e38, 0]
    compute(x, y, result)
    with np.errstate(all="ignore"):
        function = {"div": operator.truediv}.get(name) or getattr(operator, name)
        np.testing.assert_array_equal(result, function(x, y))


def test_root_is_rounded_correctly():
    @njit
    def compute(x, target):
        store(target, 0, root(load(x, 0)))

    x, result = np.abs(numbers(LANES)), np.zeros(LANES, np.float32)
    x[:3] = [0, INFINITY, -1]
    compute(x, result)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(result, np.sqrt(x))


def test_total_is_taken_in_float64():
    @njit
    def compute(x):
        return total(load(x, ODD))

    x = numbers(ODD + LANES)
    x[ODD] = 2**24  # beside it float32 has no room for what follows the point
    exact = float(x[ODD:].astype(np.float64).sum())
    assert compute(x) == pytest.approx(exact, rel=1e-15)
    assert float(x[ODD:].sum()) != pytest.approx(exact, rel=1e-10)
    x[ODD : ODD + 2] = 3e38  # their sum is no float32
    assert compute(x) == pytest.approx(2 * float(np.float32(3e38)), rel=1e-15)


# Masks.


@pytest.mark.parametrize("name", ["greater", "unequal"])
def test_comparisons_know_nan_and_both_zeros(name):
    word = {"greater": greater, "unequal": unequal}[name]

    @njit
    def compute(x, y):
        return bits(word(load(x, 0), load(y, 0)))

    x, y = np.zeros(LANES, np.float32), np.zeros(LANES, np.float32)
    x[:7], y[:7] = [1, 2, -1, NAN, 0, NAN, -0.0], [0, 2, 1, 0, NAN, NAN, 0.0]
    expected = {"greater": np.greater, "unequal": np.not_equal}[name](x, y)
    assert 0 < expected.sum() < 7
    assert compute(x, y) == word_of(expected)


def test_select_takes_each_lane_from_one_or_the_other():
    @njit
    def compute(word, x, y, target):
        store(target, 0, select(lanes(word), load(x, 0), load(y, 0)))

    x, y, result = numbers(LANES), numbers(LANES, 1), np.zeros(LANES, np.float32)
    x[2] = y[3] = NAN  # what is not chosen does not matter
    word = 0b1001_1010 & ALL_LANES
    compute(np.uint64(word), x, y, result)
    np.testing.assert_array_equal(result, np.where([word >> k & 1 for k in range(LANES)], x, y))


def test_a_mask_is_the_same_after_becoming_bits_and_back():
    @njit
    def there_and_back(word):
        return bits(lanes(word))

    for word in [0, 1, ALL_LANES, 1 << (LANES - 1), 0x5A5A5A5A5A5A5A5A & ALL_LANES]:
        assert there_and_back(np.uint64(word)) == word
    assert there_and_back(np.uint64(2**64 - 1)) == ALL_LANES  # higher bits belong to no lane


@pytest.mark.parametrize("place", range(0, 64, LANES))
def test_keep_bits_writes_its_own_bits_and_leaves_the_others(place):
    @njit
    def keep(words, word, place, mask_bits):
        keep_bits(words, word, place, mask_bits)

    before = np.random.default_rng(place).integers(0, 2**64, 3, np.uint64)
    words, new = before.copy(), 0xA5C3 & ALL_LANES
    keep(words, 1, place, np.uint64(new))
    kept = int(before[1]) & ~(ALL_LANES << place) | new << place
    assert [int(word) for word in words] == [int(before[0]), kept, int(before[2])]


def test_first_bit_is_the_lowest_that_is_set():
    @njit
    def compute(word):
        return first_bit(word)

    rest = 0b1011 << 60
    for k in range(64):
        word = (1 << k | rest << k) & (2**64 - 1)
        assert compute(np.uint64(word)) == k


@pytest.mark.parametrize("first", [0, 5])
def test_transpose_bits_exchanges_rows_and_columns(first):
    @njit
    def turn(words, i):
        transpose_bits(words, i)

    words = np.random.default_rng(first).integers(0, 2**64, 64 + 2 * first, np.uint64)
    before = words.copy()
    turn(words, first)
    inside = slice(first, first + 64)
    square = before[inside, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)
    turned = words[inside, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)
    np.testing.assert_array_equal(turned, square.T)
    np.testing.assert_array_equal(np.delete(words, inside), np.delete(before, inside))


# Several vectors at once.


def test_repeat_load_all_and_store_all_move_tuples():
    @njit
    def copy(source, i, stride, target, target_stride):
        store_all(target, 1, target_stride, load_all(3, source, i, stride))
        store_all(target, 1 + 3 * target_stride, target_stride, repeat(2, splat(0.5)))

    source, step = numbers(20 * LANES), LANES + 1
    target = np.zeros(6 * step, np.float32)
    copy(source, ODD, 4 * LANES + 1, target, step)
    expected = np.zeros((6, step), np.float32)
    expected[:3, 1:] = rows_of(3, source, ODD, 4 * LANES + 1)
    expected[3:5, 1:] = 0.5
    np.testing.assert_array_equal(target, expected.ravel())


def test_load_all_takes_as_many_vectors_as_another_tuple_has():
    @njit
    def copy(source, target):
        store_all(target, 0, LANES, load_all(repeat(3, splat(0.0)), source, ODD, 2 * LANES))

    source, target = numbers(8 * LANES), np.zeros(4 * LANES, np.float32)
    copy(source, target)
    np.testing.assert_array_equal(target[: 3 * LANES], rows_of(3, source, ODD, 2 * LANES).ravel())
    assert not target[3 * LANES :].any()


@pytest.mark.parametrize(("count", "width"), [(9, 3), (5, 5), (1, 1)])
def test_load_patch_and_store_patch_move_a_patch_or_a_row(count, width):
    """Nine vectors are three rows of three, `row_stride` apart; others are one row."""

    @njit
    def move(source, i, row_stride, target, j):
        tile = load_patch(repeat(count, splat(0.0)), source, i, row_stride)
        store_patch(target, j, row_stride, tile)

    source, target, row_stride = numbers(20 * LANES), np.zeros(20 * LANES, np.float32), 6 * LANES
    move(source, ODD, row_stride, target, 2)
    expected = np.zeros_like(target)
    for first in range(0, count // width * row_stride, row_stride):
        row = source[ODD + first :][: width * LANES]
        expected[2 + first :][: width * LANES] = row
    np.testing.assert_array_equal(target, expected)


def test_add_scaled_of_a_row():
    @njit
    def compute(acc, x, array, i, target):
        row = add_scaled(load_all(4, acc, 0, LANES), splat(x), array, i, 1000)
        store_all(target, 0, LANES, row)

    acc, array, result = numbers(4 * LANES), numbers(9 * LANES, 1), np.zeros(4 * LANES, np.float32)
    x = np.float32(-1.7)
    compute(acc, x, array, ODD, result)
    np.testing.assert_array_equal(result, fused(x, array[ODD : ODD + 4 * LANES], acc))


def test_add_scaled_of_a_patch():
    """Nine sums are three rows of three, `row_stride` apart."""

    @njit
    def compute(acc, x, array, i, stride, target):
        nine = add_scaled(load_all(9, acc, 0, LANES), splat(x), array, i, stride)
        store_all(target, 0, LANES, nine)

    stride = 5 * LANES + 1
    acc, array, result = numbers(9 * LANES), numbers(3 * stride, 1), np.zeros(9 * LANES, np.float32)
    x = np.float32(0.3)
    compute(acc, x, array, ODD, stride, result)
    patch = np.stack([array[ODD + r * stride :][: 3 * LANES] for r in range(3)])
    np.testing.assert_array_equal(result, fused(x, patch.ravel(), acc))


def test_add_outer():
    @njit
    def compute(acc, array, i, stride, row, target):
        tile = load_all(6, acc, 0, LANES)
        tile = add_outer(tile, array, i, stride, load_all(2, row, 0, LANES))
        store_all(target, 0, LANES, tile)

    acc, row, result = numbers(6 * LANES), numbers(2 * LANES, 1), np.zeros(6 * LANES, np.float32)
    array, stride = numbers(40, 2), 11
    compute(acc, array, ODD, stride, row, result)
    column = array[ODD + stride * np.arange(3)]
    np.testing.assert_array_equal(
        result.reshape(3, -1), fused(column[:, None], row, acc.reshape(3, -1))
    )


@pytest.mark.parametrize(("columns", "places"), [(2, 4), (4, 4), (2, 6)])
def test_add_square(columns, places):
    sums = 2 * places

    @njit
    def compute(acc, array, i, stride, step, row, target):
        tile = load_all(sums, acc, 0, LANES)
        tile = add_square(tile, columns, array, i, stride, step, load_all(2, row, 0, LANES))
        store_all(target, 0, LANES, tile)

    acc, row, array = numbers(2 * places * LANES), numbers(2 * LANES, 1), numbers(200, 2)
    result = np.zeros_like(acc)
    stride, step = 37, 5
    compute(acc, array, ODD, stride, step, row, result)
    r, s = np.divmod(np.arange(places), columns)
    cells = array[ODD + r * stride + s * step]
    np.testing.assert_array_equal(
        result.reshape(places, -1), fused(cells[:, None], row, acc.reshape(places, -1))
    )


@pytest.mark.parametrize("columns", [2, 4])
def test_add_window_is_a_convolution_at_four_cells(columns):
    """Whole numbers, whose sums are exact: the order of the nine products does not matter."""

    @njit
    def compute(acc, array, i, stride, step, weights, w, target):
        sums = load_all(8, acc, 0, LANES)
        tile = add_window(sums, columns, array, i, stride, step, weights, w)
        store_all(target, 0, LANES, tile)

    rng = np.random.default_rng(0)
    acc, array, weights = (
        rng.integers(-9, 10, size).astype(np.float32) for size in (8 * LANES, 100, 20 * LANES)
    )
    result = np.zeros_like(acc)
    stride, step = 21, 4
    compute(acc, array, ODD, stride, step, weights, 5, result)
    taps = weights[5 : 5 + 18 * LANES].reshape(3, 3, 2 * LANES)
    grid = ODD + stride * np.arange(4)[:, None] + step * np.arange(6)
    patch, expected = array[grid], acc.reshape(4, 2 * LANES).copy()
    for cell in range(4):
        y, x = divmod(cell, columns)
        expected[cell] += np.einsum("ij,ijk->k", patch[y : y + 3, x : x + 3], taps)
    np.testing.assert_array_equal(result.reshape(4, -1), expected)


@pytest.mark.parametrize("count", [1, 3, 5, 9])
def test_add_patch(count):
    @njit
    def compute(acc, array, i, stride, x, target):
        sums = add_patch(load_all(count, acc, 0, LANES), array, i, stride, load(x, 0))
        store_all(target, 0, LANES, sums)

    acc, array, x = numbers(count * LANES), numbers(60, 1), numbers(LANES, 2)
    result, stride = np.zeros_like(acc), 17
    compute(acc, array, ODD, stride, x, result)
    r, c = np.divmod(np.arange(count), 3 if count == 9 else count)
    cells = array[ODD + r * stride + c]
    np.testing.assert_array_equal(
        result.reshape(count, -1), fused(cells[:, None], x, acc.reshape(count, -1))
    )


def test_add_patches_is_add_patch_for_the_cells_of_a_window():
    @njit
    def compute(acc, array, i, stride, xs, one_by_one, together):
        sums = load_all(9, acc, 0, LANES)
        cells = load_all(4, xs, 0, LANES)
        store_all(together, 0, LANES, add_patches(sums, array, i, stride, cells))
        for cell in range(4):
            at = i + cell // 2 * stride + cell % 2
            sums = add_patch(sums, array, at, stride, load(xs, cell * LANES))
        store_all(one_by_one, 0, LANES, sums)

    acc, array, xs = numbers(9 * LANES), numbers(80, 1), numbers(4 * LANES, 2)
    one_by_one, together = np.zeros_like(acc), np.zeros_like(acc)
    compute(acc, array, ODD, 17, xs, one_by_one, together)
    np.testing.assert_array_equal(together, one_by_one)
    assert np.all(together != acc)


def test_where_positive_lets_through_what_stands_above_zero():
    @njit
    def compute(array, i, stride, xs, target):
        store_all(target, 0, LANES, where_positive(array, i, stride, load_all(3, xs, 0, LANES)))

    stride = LANES + 2
    array, xs, result = numbers(5 * LANES), numbers(3 * LANES, 1), np.zeros(3 * LANES, np.float32)
    array[ODD : ODD + 4] = [0, -0.0, NAN, 1e-45]  # the last is the smallest number above 0
    compute(array, ODD, stride, xs, result)
    above = rows_of(3, array, ODD, stride) > 0
    assert above[0, :4].tolist() == [False, False, False, True]
    np.testing.assert_array_equal(
        result.reshape(3, -1), np.where(above, xs.reshape(3, -1), np.float32(0))
    )


def test_transpose():
    @njit
    def turn(array, i, stride, target, j, target_stride):
        transpose(array, i, stride, target, j, target_stride)

    stride, target_stride = LANES + 3, LANES + 5
    source = numbers(ODD + LANES * stride)
    target = np.zeros(7 + LANES * target_stride, np.float32)
    expected = target.copy()
    turn(source, ODD, stride, target, 7, target_stride)
    for r in range(LANES):
        for c in range(LANES):
            expected[7 + c * target_stride + r] = source[ODD + r * stride + c]
    np.testing.assert_array_equal(target, expected)


def test_transpose_rows_takes_them_from_a_table():
    """Where the table says −1 there is no row: the row counts as zeros, and nothing is read."""

    @njit
    def turn(array, i, table, t, stride, target, j, target_stride):
        transpose_rows(array, i, table, t, stride, target, j, target_stride)

    rng = np.random.default_rng(0)
    table = np.concatenate([[99, 99], rng.permutation(2 * LANES)[:LANES]]).astype(np.int32)
    table[2 + np.array([0, 3, LANES - 1])] = -1
    stride, target_stride = LANES + 1, LANES + 2
    source, target = numbers(ODD + 2 * LANES * stride), np.zeros(LANES * target_stride, np.float32)
    turn(source, ODD, table, 2, stride, target, 1, target_stride)
    rows = np.zeros((LANES, LANES), np.float32)
    for r, name in enumerate(table[2:]):
        if name >= 0:
            rows[r] = source[ODD + name * stride :][:LANES]
    expected = np.zeros_like(target)
    for c in range(LANES):
        expected[1 + c * target_stride :][:LANES] = rows[:, c]
    np.testing.assert_array_equal(target, expected)


# How many lanes.

HOST = "+avx512f" in get_host_cpu_features().split(",")


@pytest.mark.parametrize(
    ("name", "features", "avx", "has_avx512"),
    [
        # One of each kind; the others are slow, as each is a process that loads Numba.
        (None, None, None, HOST),
        ("haswell", None, None, False),
        (None, "+avx2,+fma,+avx512f", None, True),
        ("skylake-avx512", "-avx512f", None, False),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in [
                (None, None, "0", False),
                ("generic", None, None, False),
                ("skylake", None, None, False),
                ("skylake-avx512", None, None, HOST),  # Numba adds what the host lacks: "-avx512f"
                ("znver5", None, None, HOST),
                (None, "+sse2,+avx,+avx2,+fma", None, False),
                (None, "+avx2,+fma,-avx512f", None, False),
                ("haswell", "", None, False),
                ("haswell", "+avx512f", None, True),
            ]
        ),
    ],
)
def test_who_describes_another_processor_to_numba_gets_its_vectors(
    name, features, avx, has_avx512, monkeypatch
):
    settings = {"CPU_NAME": name, "CPU_FEATURES": features, "ENABLE_AVX": avx}
    for setting, value in settings.items():
        monkeypatch.delenv(f"NUMBA_{setting}", raising=False)
        if value is not None:
            monkeypatch.setenv(f"NUMBA_{setting}", value)
    script = "from inkgrad.engines.cpu.simd import LANES, REGISTERS; print(LANES, REGISTERS)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == ("16 32\n" if has_avx512 else "8 16\n")


@pytest.mark.parametrize("stride", [3 * LANES, 41])
def test_load_tile_and_store_tile_move_rows_of_vectors(stride):
    @njit
    def move(source, i, stride, column_stride, target, j):
        tile = load_tile(3, 2, source, i, stride, column_stride)
        store_tile(2, target, j, stride, column_stride, tile)

    source, target = numbers(12 * LANES + 100), np.zeros(12 * LANES + 100, np.float32)
    column_stride = LANES + 1
    move(source, ODD, stride, column_stride, target, 2)
    expected = np.zeros_like(target)
    for row in range(3):  # later vectors overwrite earlier ones where they overlap
        for column in range(2):
            offset = row * stride + column * column_stride
            expected[2 + offset : 2 + offset + LANES] = source[ODD + offset : ODD + offset + LANES]
    np.testing.assert_array_equal(target, expected)
