"""Bitmap files: only what the header promises and the file holds is ever allocated."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.errors import DataError, DataWarning
from inkgrad.quickdraw.formats import read_bitmaps
from inkgrad.quickdraw.formats.npy import map_npy, read_header, read_npy
from tests.quickdraw.formats.writers import npy_header

BITMAPS = np.random.default_rng(0).integers(0, 256, (7, 28, 28), dtype=np.uint8)


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
@pytest.mark.parametrize("limit", [None, 1, 3, 7, 8])
@pytest.mark.parametrize("shape", [(7, 784), (7, 28, 28)])
def test_the_first_rows_come_back(tmp_path, version, limit, shape):
    path = tmp_path / "cat.npy"
    with path.open("wb") as file:
        np.lib.format.write_array(file, BITMAPS.reshape(shape), version=version)
    read = read_bitmaps(path, limit=limit)
    np.testing.assert_array_equal(read, BITMAPS[:limit])
    assert read.dtype == np.uint8


def test_a_single_bitmap(tmp_path):
    np.save(tmp_path / "cat.npy", BITMAPS[0])
    np.testing.assert_array_equal(read_bitmaps(tmp_path / "cat.npy"), BITMAPS[:1])


def test_a_header_that_python_2_wrote(tmp_path):
    path = tmp_path / "cat.npy"
    path.write_bytes(npy_header("(7L, 784L)", "|u1") + BITMAPS.tobytes())
    np.testing.assert_array_equal(read_bitmaps(path), BITMAPS)


def test_only_the_rows_asked_for_are_read(tmp_path):
    path = tmp_path / "cat.npy"
    np.save(path, np.zeros((20_000, 784), np.uint8))
    tracemalloc.start()
    try:
        read_bitmaps(path, limit=10)
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


def saved(array: np.ndarray, **how: object) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **how)
    return file.getvalue()


HOSTILE = {
    "one byte short": (saved(BITMAPS)[:-1], "promises 7 bitmaps, that is 5,616 bytes, .* 5,615"),
    "one byte long": (saved(BITMAPS) + b"\0", "the file has 5,617"),
    "header only": (saved(BITMAPS)[:128], "the file has 128"),
    "no header": (b"\0" * 784, "not an array in NumPy's format"),
    "half a header": (saved(BITMAPS)[:60], "not an array in NumPy's format"),
    "magic only": (b"\x93NUMPY", "not an array in NumPy's format"),
    "version 3": (b"\x93NUMPY\x03\x00" + saved(BITMAPS)[8:], "of a version after 2.0"),
    "version 9": (b"\x93NUMPY\x09\x00" + saved(BITMAPS)[8:], "of a version after 2.0"),
    "terabytes": (npy_header("(1000000000, 784)", "|u1") + b"\0" * 784, "promises 1,000,000,000"),
    "beyond 64 bits": (npy_header(f"({10**30}, 784)", "|u1"), "promises 1,000,000"),
    "negative": (npy_header("(-1, 784)", "|u1"), r"claims the shape \(-1, 784\)"),
    "a truth value": (npy_header("(True, 784)", "|u1"), r"claims the shape \(True, 784\)"),
    "not numbers": (npy_header("('a', 784)", "|u1"), "not an array in NumPy's format"),
    "code for a shape": (npy_header("(__import__('os'),)", "|u1"), "not an array"),
    "a header that does not end": (npy_header("(2, 784), 'x': (", "|u1"), "not an array"),
    "a length of 1,000 digits": (npy_header(f"({'9' * 1000}, 784)", "|u1"), "not an array"),
    "deep nesting": (npy_header("(" * 3000 + ")" * 3000, "|u1"), "not an array"),
    "huge header": (npy_header("(1, 784)" + " " * 20_000, "|u1"), "not an array"),
    "an open bracket": (npy_header("((1, 784)", "|u1"), "not an array"),
    "a type that cannot be parsed": (npy_header("(1, 784)", "|,1"), "not an array"),
    "a key that cannot be one": (npy_header("{[1L]}", "|u1"), "not an array"),
    "more digits than are printed": (npy_header(f"(0x{'f' * 4000}, 784)", "|u1"), "not an array"),
    "objects": (saved(np.array([None] * 784, object), allow_pickle=True), "an array of object"),
    "floats": (saved(BITMAPS.astype(np.float32)), "an array of float32"),
    "signed": (saved(BITMAPS.view(np.int8)), "an array of int8"),
    "fields": (saved(np.zeros(3, [("a", "u1")])), "bitmaps are uint8"),
    "Fortran order": (
        saved(np.asfortranarray(BITMAPS.reshape(7, 784))),
        "uint8 in Fortran order; bitmaps are uint8 in C order",
    ),
    "other pixels": (saved(np.zeros((3, 783), np.uint8)), r"shape \(3, 783\); .* \(n, 784\)"),
    "other sides": (saved(np.zeros((3, 14, 56), np.uint8)), r"shape \(3, 14, 56\)"),
    "one row": (saved(np.zeros(784, np.uint8)), r"shape \(784,\)"),
    "no shape": (saved(np.uint8(0)), r"shape \(\)"),
    "four dimensions": (saved(np.zeros((2, 3, 28, 28), np.uint8)), r"shape \(2, 3, 28, 28\)"),
    "a zip": (b"PK\x03\x04" + b"\0" * 100, "not an array in NumPy's format"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_with_their_name(tmp_path, name):
    data, message = HOSTILE[name]
    path = tmp_path / "cat.npy"
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=rf"cat\.npy: .*{message}"):
            read_bitmaps(path)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=300))
def test_any_bytes_are_a_header_or_a_data_error(data):
    for start in (b"", b"\x93NUMPY\x01\x00", b"\x93NUMPY\x02\x00", npy_header("(1, 784)")[:20]):
        try:
            shape, _, _ = read_header(io.BytesIO(start + data), "cat.npy")
        except DataError:
            continue
        assert all(length >= 0 for length in shape)


@pytest.mark.parametrize("shape", [(3, 3136), (3, 56, 56), (56, 56), (0, 3136)])
def test_bitmaps_of_another_side(tmp_path, shape):
    bitmaps = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    path = tmp_path / "cat.npy"
    np.save(path, bitmaps)
    for side in (56, None):
        for read in (read_npy, map_npy):
            np.testing.assert_array_equal(read(path, side=side), bitmaps.reshape(-1, 56, 56))
    message = r"\(n, 784\) or \(n, 28, 28\); these have sides of 56, and only strokes can be drawn"
    with pytest.raises(DataError, match=message):
        read_npy(path)


@pytest.mark.parametrize("shape", [(3, 785), (0, 0), (3, 0), (3, 4, 5), (0, 0, 0), (3,), ()])
def test_what_has_no_side(tmp_path, shape):
    np.save(tmp_path / "cat.npy", np.zeros(shape, np.uint8))
    with pytest.raises(DataError, match=r"bitmaps have the shape \(n, 784\) or \(n, 28, 28\)$"):
        read_npy(tmp_path / "cat.npy", side=None)


def test_784_bitmaps_are_not_taken_for_one(tmp_path):
    np.save(tmp_path / "cat.npy", np.zeros((784, 784), np.uint8))
    assert read_npy(tmp_path / "cat.npy", side=None).shape == (784, 28, 28)


# --- what other programs save ---------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(7, 1, 784), (7, 784, 1), (7, 28, 28, 1), (7, 1, 28, 28)])
def test_an_axis_of_length_1_is_harmless(tmp_path, shape):
    path = tmp_path / "cat.npy"
    np.save(path, BITMAPS.reshape(shape))
    for side in (28, None):
        for read in (read_npy, map_npy):
            np.testing.assert_array_equal(read(path, side=side), BITMAPS)
    np.testing.assert_array_equal(read_npy(path, limit=2), BITMAPS[:2])


@pytest.mark.parametrize("shape", [(28, 28, 1), (1, 28, 28), (1, 1, 784), (1, 784), (1, 28, 28, 1)])
def test_one_bitmap_with_more_axes(tmp_path, shape):
    np.save(tmp_path / "cat.npy", BITMAPS[0].reshape(shape))
    np.testing.assert_array_equal(read_npy(tmp_path / "cat.npy"), BITMAPS[:1])


def ink(n: int) -> np.ndarray:
    bitmaps = np.zeros((n, 28, 28), np.uint8)
    bitmaps[:, 3:25, 12:15] = 200
    bitmaps[:, :2, 12:15] = 200  # some of it touches the edge
    return bitmaps


@pytest.mark.parametrize("n", [1, 2, 65, 300])
def test_bitmaps_that_are_dark_on_white_are_inverted_and_it_is_said(tmp_path, n):
    path = tmp_path / "cat.npy"
    np.save(path, 255 - ink(n))
    for read in (read_npy, map_npy):
        with pytest.warns(DataWarning, match=r"cat\.npy: its bitmaps are dark on white"):
            np.testing.assert_array_equal(read(path), ink(n))
    with pytest.warns(DataWarning):
        np.testing.assert_array_equal(read_npy(path, limit=1), ink(1))
    np.save(path, ink(n))
    np.testing.assert_array_equal(read_npy(path), ink(n))


def test_rows_without_a_header_are_named_for_what_they_are(tmp_path):
    path = tmp_path / "cat.npy"
    path.write_bytes(ink(3).tobytes())
    with pytest.raises(DataError, match="784 bytes a drawing and no header: save the bitmaps with"):
        read_npy(path)
    path.write_bytes(ink(3).tobytes()[:-1])
    with pytest.raises(DataError, match=r"not an array in NumPy's format .* damaged"):
        read_npy(path)
