"""Packing: bitmaps in Google's own format, by class or in one file, whole or not at all."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inkgrad import pack
from inkgrad.drawing import bitmap_from_image, to_bitmap
from inkgrad.errors import InkgradError
from inkgrad.quickdraw import load_drawings
from inkgrad.quickdraw.doodles import draw
from inkgrad.storage import atomic_write
from inkgrad.workflows import Packed
from tests.quickdraw.formats.writers import CROSS, LINE, binary_record, write_ndjson

pytestmark = pytest.mark.usefixtures("surroundings")

RAW = [[[40.5, 90.25, 700.0], [-3.0, 12.5, 9.0]], [[100.0], [60.0]]]


def rows(*drawings, **how):
    return np.stack([to_bitmap(drawing, **how).ravel() for drawing in drawings])


@pytest.fixture
def mine():
    """Return a folder of own drawings of each kind: two cups and three zigzags."""
    for name in ("cup", "zigzag"):
        Path("mine", name).mkdir(parents=True)
    Image.fromarray(np.pad(np.eye(200, dtype=np.uint8) * 255, 40)).save("mine/cup/a.png")
    Path("mine/cup/b.json").write_text(json.dumps(RAW))
    write_ndjson(Path("mine/zigzag/a.ndjson"), [LINE, CROSS], word="cat")  # the folder decides
    Path("mine/zigzag/b.svg").write_text('<svg><path d="M0 0 L9 9 L0 20"/></svg>')
    return Path("mine")


def test_a_file_of_strokes_becomes_a_file_like_googles():
    drawings = [draw("cat", np.random.default_rng(n)) for n in range(300)] + [RAW]
    write_ndjson(Path("cat.ndjson"), drawings)
    assert pack("cat.ndjson") == [Packed(Path("bitmaps.npy"), None, 301)]
    packed = np.load("bitmaps.npy")
    assert packed.flags.c_contiguous
    np.testing.assert_array_equal(packed, rows(*drawings), strict=True)
    with open("expected.npy", "wb") as file:
        np.save(file, packed)
    assert Path("bitmaps.npy").read_bytes() == Path("expected.npy").read_bytes()


def test_a_folder_becomes_a_file_a_class(mine):
    packed = pack(mine, "packed")
    assert packed == [
        Packed(Path("packed/cup.npy"), "cup", 2),
        Packed(Path("packed/zigzag.npy"), "zigzag", 3),
    ]
    cup, zigzag = np.load("packed/cup.npy"), np.load("packed/zigzag.npy")
    np.testing.assert_array_equal(cup[0], bitmap_from_image("mine/cup/a.png").ravel())
    np.testing.assert_array_equal(cup[1:], rows(RAW))
    np.testing.assert_array_equal(zigzag, rows(LINE, CROSS, [[[0, 9, 0], [0, 9, 20]]]))
    pack(mine, "in one.NPY")
    np.testing.assert_array_equal(np.load("in one.NPY"), np.concatenate([cup, zigzag]))


def test_what_is_packed_can_be_learnt_from(mine):
    pack(mine, "packed/numpy_bitmap")
    drawings = load_drawings(["cup", "zigzag"], data="packed").drawings
    assert drawings.counts() == {"cup": 2, "zigzag": 3}


def test_words_in_files_are_classes_and_the_buckets_strokes_are_preferred():
    write_ndjson(Path("mixed.ndjson"), [LINE], word="line")
    with open("mixed.ndjson", "a") as file:
        file.write(json.dumps({"drawing": CROSS, "word": "cross"}) + "\n")
        file.write(json.dumps({"drawing": CROSS}) + "\n")
    packed = pack("mixed.ndjson", "packed")
    assert [(p.label, p.drawings) for p in packed] == [("cross", 1), ("line", 1), ("mixed", 1)]
    for kind in ("numpy_bitmap", "simplified", "binary"):
        Path("bucket", kind).mkdir(parents=True)
    np.save("bucket/numpy_bitmap/cat.npy", np.zeros((5, 784), np.uint8))
    write_ndjson(Path("bucket/simplified/cat.ndjson"), [LINE])
    Path("bucket/binary/dog.bin").write_bytes(binary_record(LINE) + binary_record(CROSS))
    packed = pack("bucket", "packed", side=40)
    assert [(p.label, p.drawings) for p in packed] == [("cat", 1), ("dog", 2)]
    np.testing.assert_array_equal(np.load("packed/dog.npy"), rows(LINE, CROSS, side=40))


def test_every_setting_counts(mine):
    how = {"side": 56, "pen": 9.0, "padding": 30.0}
    pack([mine / "zigzag" / "a.ndjson", mine / "cup" / "a.png"], "a.npy", **how)
    picture = bitmap_from_image("mine/cup/a.png", **how).ravel()
    np.testing.assert_array_equal(np.load("a.npy"), [*rows(LINE, CROSS, **how), picture])
    pack("a.npy", "b.npy", side=56)  # bitmaps stay as they are
    assert Path("b.npy").read_bytes() == Path("a.npy").read_bytes()


def test_progress_is_told_by_the_class(mine):
    told = []
    pack(mine, "packed", on_progress=lambda *event: told.append(event))
    assert told == [
        ("draw", "cup", 1, 2),
        ("draw", "cup", 2, 2),
        ("draw", "zigzag", 2, 3),
        ("draw", "zigzag", 3, 3),
    ]
    told.clear()
    write_ndjson(Path("cat.ndjson"), [LINE] * 600)
    pack("cat.ndjson", "packed", on_progress=lambda *event: told.append(event))
    assert told == [("draw", "cat", done, 600) for done in (256, 512, 600)]


@pytest.mark.parametrize(
    ("paths", "options", "message"),
    [
        ([], {}, "no drawings are given; name a file or folder"),
        ("nowhere", {}, "nowhere does not exist; name a file or folder"),
        ("file.txt", {}, r"file\.txt: files of drawings end in"),
        ("mine", {"side": 0}, "side is 0; give a whole number from 1 to 1024"),
        ("mine", {"pen": float("nan")}, "pen is nan; give a width above 0"),
        ("mine", {"padding": -1}, "padding is -1; give a width from 0"),
        ("mine", {"out": "file.txt"}, r"file\.txt is a file whose name does not end in \.npy; nam"),
        ("mine", {"out": "folder.npy"}, r"folder\.npy is a folder whose name ends in \.npy; name"),
        ("mine", {"out": "file.txt/a.npy"}, r"cannot write file\.txt/a\.npy: .*; make room or get"),
        ("mine/cup/a.png", {"out": "packed"}, r"which class mine/cup/a\.png is; put it into"),
        ("hostile.ndjson", {"out": "packed"}, r"'\.\./up' cannot be the name of a class"),
        ("broken.ndjson", {}, r"broken\.ndjson: line 2: not valid JSON"),
        (["mine", "small.npy"], {"side": 56}, r"small\.npy: an array of shape \(2, 784\); bitmaps"),
        ("https://example.org", {}, "is a server, and local files are needed; fetch drawings"),
    ],
)
def test_mistakes_are_refused_and_nothing_is_written(mine, surroundings, paths, options, message):
    Path("file.txt").write_text("hello")
    Path("folder.npy").mkdir()
    write_ndjson(Path("hostile.ndjson"), [LINE], word="../up")
    write_ndjson(Path("broken.ndjson"), [LINE])
    with open("broken.ndjson", "a") as file:
        file.write('{"drawing": [[[1')
    np.save("small.npy", np.zeros((2, 784), np.uint8))
    before = sorted(surroundings.parent.rglob("*"))
    with pytest.raises(InkgradError, match=message):
        pack(paths, **options)
    assert sorted(surroundings.parent.rglob("*")) == before


@pytest.mark.parametrize("out", ["cat.npy", ".", "../here/cat.npy"])
def test_a_drawing_is_never_overwritten(out):
    np.save("cat.npy", np.ones((2, 784), np.uint8))
    before = Path("cat.npy").read_bytes()
    with pytest.raises(InkgradError, match=r"cat\.npy is one of the drawings; write to another"):
        pack("cat.npy", out)
    assert Path("cat.npy").read_bytes() == before


def test_a_disk_without_room_leaves_the_old_file(monkeypatch):
    def full(path):
        def refuse(_):
            raise OSError(28, "No space left on device")

        return atomic_write(path, fsync=refuse)

    write_ndjson(Path("cat.ndjson"), [LINE])
    pack("cat.ndjson")
    before = Path("bitmaps.npy").read_bytes()
    write_ndjson(Path("cat.ndjson"), [CROSS])
    module = sys.modules["inkgrad.workflows.pack"]  # its name in the package is the function
    monkeypatch.setattr(module, "atomic_write", full)
    with pytest.raises(InkgradError, match=r"cannot write bitmaps\.npy: No space left on device"):
        pack("cat.ndjson")
    assert Path("bitmaps.npy").read_bytes() == before
    assert sorted(path.name for path in Path().iterdir()) == ["bitmaps.npy", "cat.ndjson"]


@pytest.mark.slow
def test_googles_own_file_is_made_from_its_strokes(quickdraw_folder):
    """All 900 drawings of which both are known: the file itself, to the byte."""
    pairs = quickdraw_folder.absolute() / "pairs"
    pack(pairs / "monkey.ndjson", "monkey.npy")
    assert Path("monkey.npy").read_bytes() == (pairs / "monkey.npy").read_bytes()
