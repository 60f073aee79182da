"""How often a file of drawings is opened on the way from its path to bitmaps."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from inkgrad.quickdraw import find_task, load_drawings
from inkgrad.quickdraw.samples import sample_drawings
from inkgrad.workflows import pack

pytestmark = pytest.mark.usefixtures("surroundings")

OPENED: Counter[str] | None = None


def _listen(event: str, arguments: tuple[object, ...]) -> None:
    if OPENED is not None and event == "open" and isinstance(arguments[0], (str, Path)):
        OPENED[Path(arguments[0]).as_posix()] += 1


sys.addaudithook(_listen)  # cannot be taken off again, so it listens only where a test asks


@pytest.fixture
def opened() -> Iterator[Callable[[], set[int]]]:
    """Return what tells how often those files were opened that hold drawings."""
    global OPENED
    OPENED = Counter()
    here = Path.cwd().as_posix()

    def told() -> set[int]:
        assert OPENED is not None
        suffixes = (".ndjson", ".json", ".npy")
        files = {name for name in OPENED if name.endswith(suffixes) and "cache" not in name}
        counts = {OPENED[name] for name in files if not name.startswith("/") or here in name}
        OPENED.clear()
        return counts

    yield told
    OPENED = None


def write(path: str, numbers: range, word: str | None = None) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"word": word, "drawing": [[[0, 255], [n, 200 - n]]]}) for n in numbers]
    Path(path).write_text("\n".join(lines))


def train(data: str) -> None:
    """Do what training does before it trains."""
    load_drawings(find_task("cat,dog", data=data), data=data)


def test_strokes_in_a_bucket_are_scanned_and_read_and_then_only_scanned(opened):
    for name in ("cat", "dog"):
        write(f"bucket/simplified/{name}.ndjson", range(5))
    opened()
    train("bucket")
    assert opened() == {2}
    train("bucket")
    assert opened() == {1}


def test_strokes_that_are_added_to_bitmaps_are_no_exception(opened):
    Path("bucket/numpy_bitmap").mkdir(parents=True)
    for name in ("cat", "dog"):
        write(f"bucket/simplified/{name}.ndjson", range(5))
        np.save(f"bucket/numpy_bitmap/{name}.npy", np.zeros((3, 784), np.uint8))
    opened()
    train("bucket")
    assert max(opened()) <= 2


def test_ones_own_files_are_read_for_their_words_and_for_their_strokes(opened):
    write("mine/a.ndjson", range(3), "cat")
    write("mine/b.ndjson", range(3, 6), "dog")
    opened()
    train("mine")
    assert opened() == {2}


def test_ones_own_folders_are_read_once(opened):
    for name in ("cat", "dog"):
        write(f"mine/{name}/1.ndjson", range(3))
    opened()
    train("mine")
    assert opened() == {1}


def test_previews_and_packs_read_no_file_often(opened):
    for name in ("cat", "dog"):
        write(f"mine/{name}/1.ndjson", range(3))
    opened()
    sample_drawings(["mine"])
    assert opened() == {1}
    pack("mine", "packed.npy")
    assert max(opened()) <= 2
