"""One class of a folder: bitmaps first, then strokes, none twice."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from inkgrad.drawing import rasterize
from inkgrad.errors import DataError
from inkgrad.quickdraw.folder import read_class, read_classes
from inkgrad.quickdraw.loaded import Wanted

from .test_bitmap_cache import drawing


class Folder:
    """A folder with the bucket's layout, for the class cat."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, bitmaps: range | None, strokes: range | None, recognized: bool = True) -> None:
        if bitmaps is not None:
            (self.path / "numpy_bitmap").mkdir()
            rows = np.stack([rasterize(drawing(n)).ravel() for n in bitmaps])
            np.save(self.path / "numpy_bitmap" / "cat.npy", rows)
        if strokes is not None:
            (self.path / "simplified").mkdir()
            lines = [json.dumps({"drawing": drawing(n), "recognized": recognized}) for n in strokes]
            (self.path / "simplified" / "cat.ndjson").write_text("\n".join(lines))

    def read(self, on_progress=None, **options):
        """Return the numbers of the drawings that are read from either file, and the doubles."""
        read = read_class(self.path, "cat", Wanted(**options), on_progress)
        known = {rasterize(drawing(n)).tobytes(): n for n in range(200)}
        assert len(read) == len(read.bitmaps) + len(read.strokes)
        return (
            [known[bitmap.tobytes()] for bitmap in read.bitmaps],
            [known[bitmap.tobytes()] for bitmap in read.strokes],
            read.doubles,
        )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


FEW, MANY, OTHERS = range(10), range(14), range(100, 125)


def test_bitmaps_alone(folder: Folder) -> None:
    folder.put(FEW, None)
    assert folder.read() == (list(FEW), [], 0)
    assert folder.read(limit=3) == ([0, 1, 2], [], 0)


def test_strokes_alone(folder: Folder) -> None:
    folder.put(None, FEW)
    assert folder.read() == ([], list(FEW), 0)
    assert folder.read(limit=3) == ([], [0, 1, 2], 0)


def test_neither(folder: Folder) -> None:
    assert folder.read() == ([], [], 0)


def test_equally_many_are_the_same_drawings(folder: Folder) -> None:
    folder.put(FEW, range(100, 110))  # other pixels: only the number counts
    assert folder.read() == (list(FEW), [], 0)


def test_other_strokes_are_added_up_to_the_limit(folder: Folder) -> None:
    folder.put(FEW, OTHERS)
    assert folder.read() == (list(FEW), list(OTHERS), 0)
    assert folder.read(limit=12) == (list(FEW), [100, 101], 0)
    assert folder.read(limit=10) == (list(FEW), [], 0)


def test_strokes_that_stand_among_the_bitmaps_are_left_out(folder: Folder) -> None:
    folder.put(FEW, MANY)
    bitmaps, strokes, doubles = folder.read()
    assert (bitmaps, strokes, doubles) == (list(FEW), [10, 11, 12, 13], 10)
    assert folder.read(limit=12) == (list(FEW), [10, 11], 10)


def test_only_strokes_tell_what_was_recognised(folder: Folder) -> None:
    folder.put(FEW, OTHERS)
    assert folder.read(recognized=True) == ([], list(OTHERS), 0)
    assert folder.read(recognized=False) == ([], [], 0)


def test_bitmaps_are_not_read_before_they_are_needed(folder: Folder) -> None:
    folder.put(FEW, None)
    assert isinstance(read_class(folder.path, "cat", Wanted()).bitmaps, np.memmap)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", r"cat\.npy: not an array in NumPy's format"),
        (None, r"cat\.npy: its header promises 10 bitmaps"),
    ],
)
def test_a_damaged_file_is_named(folder: Folder, content: bytes | None, match: str) -> None:
    folder.put(FEW, None)
    path = folder.path / "numpy_bitmap" / "cat.npy"
    path.write_bytes(path.read_bytes()[:-1] if content is None else content)
    with pytest.raises(DataError, match=match):
        folder.read()


def test_an_array_without_rows_holds_no_drawings(folder: Folder) -> None:
    (folder.path / "numpy_bitmap").mkdir()
    np.save(folder.path / "numpy_bitmap" / "cat.npy", np.empty((0, 784), np.uint8))
    assert folder.read() == ([], [], 0)


def test_a_missing_class_is_told_before_the_others_are_drawn(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put(None, FEW)
    monkeypatch.setattr("inkgrad.quickdraw.folder.read_class", None)
    with pytest.raises(DataError, match=r"no drawings of owl in here, neither in numpy_bitmap/owl"):
        read_classes(folder.path, ["cat", "owl"], "here", Wanted())


def test_a_class_whose_files_are_empty_is_missing(folder: Folder) -> None:
    (folder.path / "simplified").mkdir()
    (folder.path / "simplified" / "cat.ndjson").write_text("\n")
    with pytest.raises(DataError, match="no drawings of cat in here"):
        read_classes(folder.path, ["cat"], "here", Wanted())
