"""Records of bytes: every count is checked against what the file still holds."""

from __future__ import annotations

import struct
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.drawing.strokes import MAX_POINTS
from inkgrad.errors import DataError
from inkgrad.quickdraw.formats import read_bitmaps, read_records
from inkgrad.quickdraw.formats.binary import read_binary
from tests.quickdraw.formats.writers import CROSS, LINE, binary_record

GOOD = binary_record(CROSS)


def test_the_fields(tmp_path):
    path = tmp_path / "cat.bin"
    path.write_bytes(binary_record(LINE, 0, 2**64 - 1) + GOOD)
    first, second = read_records(path)
    assert (first.key_id, first.recognized, first.word) == (str(2**64 - 1), False, None)
    assert second.recognized is True
    assert [stroke.tolist() for stroke in second.strokes] == CROSS
    assert len(read_bitmaps(path, recognized=False)) == 1


def head(strokes: int, recognized: int = 1) -> bytes:
    return struct.pack("<Q2sbIH", 5, b"GB", recognized, 0, strokes)


FULL = struct.pack("<H", 65535) + bytes(2 * 65535)
HOSTILE = {
    "half a head": (head(1)[:9], "is cut short"),
    "a head only": (head(1), "is cut short"),
    "half a count": (head(1) + b"\1", "is cut short"),
    "no points": (head(1) + b"\2\0", "is cut short"),
    "one byte short": (GOOD[:-1], "is cut short"),
    "most strokes": (head(65535) + GOOD, "is cut short|stroke .* is empty"),
    "most points": (head(1) + b"\xff\xff" + bytes(99), "is cut short"),
    "more than can be": (head(65535) + FULL * 20, f"more than {MAX_POINTS:,} points"),
    "no strokes": (head(0), "there are no strokes"),
    "an empty stroke": (head(2) + b"\1\0\7\7" + b"\0\0", "stroke 2 is empty"),
    "a mark of 2": (head(1, 2) + b"\1\0\7\7", "recognized is 2; 0 or 1"),
    "a mark of -1": (head(1, -1) + b"\1\0\7\7", "recognized is -1"),
    "text": (b"<html>404 not found</html>", "record 3"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_records_are_refused_with_file_and_number(tmp_path, name):
    data, message = HOSTILE[name]
    path = tmp_path / "cat.bin"
    path.write_bytes(GOOD + GOOD + data)
    records = read_records(path)
    next(records), next(records)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=rf"cat\.bin: record 3.*({message})|{message}"):
            next(records)
        assert tracemalloc.get_traced_memory()[1] < 40_000_000  # float64 of a million points
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=80))
def test_any_bytes_are_records_or_a_data_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.bin"
    path.write_bytes(data)
    try:
        records = list(read_binary(path))
    except DataError:
        return
    assert all(stroke.shape[1] >= 1 for record in records for stroke in record.strokes)
