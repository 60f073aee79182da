"""One's own drawings: a folder for each class, and nothing left out unnoticed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from inkgrad.drawing import to_bitmap
from inkgrad.errors import DataError
from inkgrad.quickdraw import read_drawings, read_folder
from tests.quickdraw.formats.writers import CROSS, LINE, write_ndjson


@pytest.fixture
def root(tmp_path):
    for name in ("zigzag", "a cross"):
        (tmp_path / name).mkdir()
    write_ndjson(tmp_path / "zigzag" / "b.ndjson", [LINE, CROSS, LINE], word="ignored")
    (tmp_path / "zigzag" / "a.json").write_text(json.dumps(CROSS))
    Image.fromarray(to_bitmap(CROSS)).save(tmp_path / "a cross" / "c.png")
    (tmp_path / "a cross" / ".DS_Store").write_bytes(b"hidden")
    (tmp_path / "notes.txt").write_text("mine")
    return tmp_path


def test_the_subfolders_are_the_classes(root):
    drawings = read_folder(root)
    assert drawings.counts() == {"a cross": 1, "zigzag": 4}
    expected = [to_bitmap(drawing) for drawing in (CROSS, CROSS, LINE, CROSS, LINE)]
    np.testing.assert_array_equal(drawings.bitmaps, expected)
    assert read_drawings(str(root)).fingerprint() == drawings.fingerprint()


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
def test_the_limit_counts_drawings_of_a_class_over_its_files(root, limit):
    drawings = read_drawings(root, limit=limit)
    assert drawings.counts() == {"a cross": 1, "zigzag": min(limit, 4)}
    np.testing.assert_array_equal(drawings.bitmaps, read_folder(root).bitmaps[: 1 + limit])


def test_what_is_no_drawing_is_not_left_out_unnoticed(root):
    (root / "zigzag" / "mine.psd").touch()
    with pytest.raises(DataError, match=r"mine\.psd: files of drawings end in"):
        read_folder(root)


def test_folders_that_cannot_be_read(root, tmp_path):
    with pytest.raises(DataError, match="is not a folder; give one with a subfolder"):
        read_folder(root / "notes.txt")
    with pytest.raises(DataError, match="has no subfolders"):
        read_folder(root / "zigzag")
    with pytest.raises(DataError, match="limit is 0"):
        read_folder(root, limit=0)
    for how in ({"recognized": True}, {"part": "test"}):
        with pytest.raises(DataError, match="has no parts and does not say"):
            read_drawings(root, **how)
    (root / "zigzag" / "deeper").mkdir()
    with pytest.raises(DataError, match="deeper is a folder, not a file"):
        read_folder(root)
    (root / "an empty one").mkdir()
    with pytest.raises(DataError, match="an empty one holds no drawings"):
        read_folder(root)
