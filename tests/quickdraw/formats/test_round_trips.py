"""What is written in a format is read back, and all formats end in the same bitmaps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from inkgrad.drawing import to_bitmap
from inkgrad.quickdraw import read_drawings
from inkgrad.quickdraw.formats import read_bitmaps, read_records
from tests.quickdraw.formats.writers import (
    CROSS,
    LINE,
    Drawing,
    drawings,
    write_binary,
    write_kaggle,
    write_ndjson,
    write_sketchrnn,
)


def write_json(path: Path, many: list[Drawing]) -> Path:
    path.write_text(json.dumps([{"drawing": drawing} for drawing in many]))
    return path


def write_train(path: Path, many: list[Drawing]) -> Path:
    return write_sketchrnn(path, train=many)


WRITERS = {
    ".ndjson": write_ndjson,
    ".json": write_json,
    ".bin": write_binary,
    ".csv": write_kaggle,
    ".npz": write_train,
}


def aligned(drawing: Drawing) -> Drawing:
    low = [min(min(stroke[axis]) for stroke in drawing) for axis in (0, 1)]
    return [
        [[x - start for x in row] for row, start in zip(stroke, low, strict=True)]
        for stroke in drawing
    ]


@pytest.mark.parametrize("suffix", WRITERS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(many=drawings)
def test_strokes_come_back(tmp_path, suffix, many):
    path = WRITERS[suffix](tmp_path / f"cat{suffix}", many)
    expected = [aligned(d) for d in many] if suffix == ".npz" else many
    read = list(read_records(path))
    assert [[s.tolist() for s in record.strokes] for record in read] == expected
    assert all(s.dtype == np.float64 for record in read for s in record.strokes)
    limited = list(read_records(path, limit=2))
    assert [len(r.strokes) for r in limited] == [len(d) for d in many[:2]]


@pytest.mark.parametrize("suffix", WRITERS)
def test_all_formats_end_in_the_same_bitmaps(tmp_path, suffix):
    many = [LINE, CROSS, LINE]
    path = WRITERS[suffix](tmp_path / f"cat{suffix}", many)
    expected = np.stack([to_bitmap(drawing) for drawing in many])
    np.testing.assert_array_equal(read_bitmaps(path), expected)
    path = path.rename(path.with_suffix(suffix.upper()))
    np.testing.assert_array_equal(read_bitmaps(path, limit=2), expected[:2])
    np.testing.assert_array_equal(read_bitmaps(str(path), limit=9), expected)
    labelled = read_drawings(path)
    assert labelled.counts() == {"cat": 3}
    np.testing.assert_array_equal(labelled.bitmaps, expected)
    assert labelled.bitmaps.dtype == np.uint8


def test_a_bitmap_file_ends_in_the_same_arrays_too(tmp_path):
    expected = np.stack([to_bitmap(drawing) for drawing in (LINE, CROSS)])
    np.save(tmp_path / "cat.npy", expected.reshape(2, 784))
    labelled = read_drawings(tmp_path / "cat.npy")
    assert labelled.counts() == {"cat": 2}
    np.testing.assert_array_equal(labelled.bitmaps, expected)
