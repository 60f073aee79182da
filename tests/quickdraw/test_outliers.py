"""Outliers: of every other class, but of none that unknown.txt names, and none that is known."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from inkgrad.errors import DataError
from inkgrad.quickdraw.outliers import load_outliers, other_classes, unknown_classes

OPENED: list[str] | None = None


def _listen(event: str, arguments: tuple[object, ...]) -> None:
    if OPENED is not None and event == "open" and isinstance(arguments[0], (str, Path)):
        OPENED.append(str(arguments[0]))


sys.addaudithook(_listen)  # cannot be taken off again, so it listens only where a test asks


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """Return the files that were opened, which grows."""
    global OPENED
    OPENED = []
    yield OPENED
    OPENED = None


@pytest.fixture
def bucket(tmp_path) -> Path:
    """Return a folder with bitmaps of three classes, strokes of three, and one of both."""
    folder = tmp_path / "quickdraw"
    for kind in ("numpy_bitmap", "simplified", "raw"):
        (folder / kind).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name in ("cat", "dog", "owl"):
        np.save(folder / "numpy_bitmap" / f"{name}.npy", rng.integers(1, 256, (30, 784), np.uint8))
    for name in ("cat", "sun", "line"):
        lines = [
            json.dumps({"word": name, "drawing": [[[0, 255], [n, 200 - n]]]}) for n in range(30)
        ]
        (folder / "simplified" / f"{name}.ndjson").write_text("\n".join(lines))
    (folder / "raw" / "moon.ndjson").write_text("{}")  # which nobody trains on
    return folder


def test_all_classes_but_those_known_and_unknown(bucket):
    assert other_classes(["dog"], bucket) == ("cat", "line", "owl", "sun")
    assert unknown_classes(bucket) == ()
    (bucket / "unknown.txt").write_text("Owl \n\n  line\nowl of no file\n", "utf-8")
    assert unknown_classes(bucket) == ("Owl", "line", "owl of no file")
    assert other_classes(["dog"], bucket) == ("cat", "sun")
    assert other_classes(["dog", "CAT", "sun"], bucket) == ()
    assert load_outliers(["dog", "cat", "sun"], bucket) is None


def test_files_of_unknown_classes_are_never_opened(bucket, opened):
    (bucket / "unknown.txt").write_text("owl\nline\n", "utf-8")
    drawings = load_outliers(["dog"], bucket, strokes=True)
    assert drawings is not None
    assert set(drawings.counts()) == {"cat", "sun"}
    assert drawings.strokes is not None
    read = {Path(name).stem for name in opened if name.startswith(str(bucket))}
    assert read == {"unknown", "cat", "sun"}


def test_of_many_classes_as_many_drawings_each(bucket, monkeypatch):
    monkeypatch.setattr("inkgrad.quickdraw.outliers._POOL", 48)
    drawings = load_outliers(["dog"], bucket)
    assert drawings is not None
    assert drawings.counts() == {"cat": 12, "line": 12, "owl": 12, "sun": 12}
    monkeypatch.setattr("inkgrad.quickdraw.outliers._POOL", 4)
    few = load_outliers(["dog"], bucket)
    assert few is not None
    assert set(few.counts().values()) == {10}


def test_one_s_own_folders_and_files(tmp_path):
    folder = tmp_path / "own"
    for name in ("cat", "dog", "sun"):
        (folder / name).mkdir(parents=True)
    (folder / "unknown.txt").write_text("sun")
    assert other_classes(["cat"], folder) == ("dog",)
    words = tmp_path / "words.ndjson"
    words.write_text(
        "\n".join(json.dumps({"word": w, "drawing": [[[0, 9], [0, 9]]]}) for w in ("a", "b", "c"))
    )
    (tmp_path / "unknown.txt").write_text("c")
    assert other_classes(["a"], words) == ("b",)


def test_of_a_server_nothing_is_taken():
    assert other_classes(["cat"], "https://example.org/quickdraw") == ()
    assert unknown_classes("https://example.org/quickdraw") == ()


def test_a_list_that_is_no_text_is_refused(bucket):
    (bucket / "unknown.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"unknown.txt cannot be read .*one class a line"):
        other_classes(["dog"], bucket)


@pytest.mark.slow
def test_no_drawing_of_the_forty_real_ones_is_read(quickdraw_folder, opened, tmp_path):
    unknown = unknown_classes(quickdraw_folder)
    assert len(unknown) == 40
    tasks = json.loads((quickdraw_folder / "tasks.json").read_text())
    for task in ("twenty", "animals"):
        opened.clear()
        drawings = load_outliers(tasks[task], quickdraw_folder, strokes=True)
        assert drawings is not None
        assert len(drawings.classes) == 345 - 40 - len(tasks[task])
        assert not set(unknown) & set(drawings.classes)
        assert not set(tasks[task]) & set(drawings.classes)
        read = {Path(name).stem for name in opened}
        assert not set(unknown) & read
        assert set(drawings.classes) <= read | {
            # those whose drawn bitmaps are in the cache need their strokes' hash alone
            name
            for name in drawings.classes
            if (quickdraw_folder / "numpy_bitmap" / f"{name}.npy").is_file()
        }
