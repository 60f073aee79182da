"""Reading by suffix: filters, limits, parts, and what is no file of drawings."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from inkgrad.drawing import to_bitmap
from inkgrad.drawing.images import bitmap_from_image
from inkgrad.errors import DataError
from inkgrad.quickdraw import read_drawings
from inkgrad.quickdraw.formats import SUFFIXES, read_bitmaps, read_records
from tests.quickdraw.formats.writers import (
    CROSS,
    LINE,
    binary_record,
    write_kaggle,
    write_ndjson,
    write_sketchrnn,
)


@pytest.fixture
def marked(tmp_path):
    """Six drawings: recognised, not recognised and unknown in turn."""
    marks = [True, False, None] * 2
    lines = [
        json.dumps({"drawing": CROSS if i % 2 else LINE, "recognized": mark, "key_id": i})
        for i, mark in enumerate(marks)
    ]
    path = tmp_path / "cat.ndjson"
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(
    ("recognized", "limit", "rows"),
    [
        (None, None, [0, 1, 2, 3, 4, 5]),
        (True, None, [0, 3]),
        (False, None, [1, 4]),
        (True, 1, [0]),
        (False, 2, [1, 4]),
        (None, 4, [0, 1, 2, 3]),
    ],
)
def test_the_filter_keeps_what_it_names_and_the_limit_counts_what_is_kept(
    marked, recognized, limit, rows
):
    expected = read_bitmaps(marked)[rows]
    got = read_bitmaps(marked, recognized=recognized, limit=limit)
    np.testing.assert_array_equal(got, expected)


def test_records_tell_what_the_file_knows(marked):
    records = list(read_records(marked))
    assert [record.recognized for record in records] == [True, False, None] * 2
    assert [record.key_id for record in records] == ["0", "1", "2", "3", "4", "5"]
    assert records[0].word is None


def test_a_filter_that_leaves_nothing_says_so(tmp_path):
    path = write_ndjson(tmp_path / "cat.ndjson", [LINE], recognized=False)
    with pytest.raises(DataError, match="none of its drawings is marked as recognised"):
        read_bitmaps(path, recognized=True)
    path = write_ndjson(tmp_path / "cat.ndjson", [LINE])
    with pytest.raises(DataError, match="none of its drawings is marked as not recognised"):
        read_bitmaps(path, recognized=False)


def write_picture(path):
    picture = Image.new("RGB", (300, 200), "white")
    ImageDraw.Draw(picture).line([(20, 150), (90, 110), (200, 180)], fill="blue", width=7)
    picture.save(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".PNG"])
def test_pictures(tmp_path, suffix):
    path = tmp_path / f"mine{suffix}"
    write_picture(path)
    np.testing.assert_array_equal(read_bitmaps(path), [bitmap_from_image(path)])
    assert read_drawings(path).classes == ("mine",)
    with pytest.raises(DataError, match="holds bitmaps, not strokes"):
        next(read_records(path))
    path.write_bytes(b"not a picture")
    with pytest.raises(DataError, match=rf"mine\{suffix}"):
        read_bitmaps(path)


def test_svg(tmp_path):
    path = tmp_path / "mine.svg"
    path.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 255 255">'
        '<polyline points="0,3 255,0" fill="none" stroke="black"/></svg>'
    )
    (record,) = read_records(path)
    assert record.strokes[0].tolist() == LINE[0]
    np.testing.assert_array_equal(read_bitmaps(path), [to_bitmap(LINE)])
    path.write_text("<svg")
    with pytest.raises(DataError, match=r"mine\.svg"):
        read_bitmaps(path)


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".png"])
def test_formats_that_do_not_know_are_not_asked(tmp_path, suffix):
    write_picture(tmp_path / "cat.png")
    np.save(tmp_path / "cat.npy", np.zeros((1, 784), np.uint8))
    write_sketchrnn(tmp_path / "cat.npz", train=[LINE])
    with pytest.raises(DataError, match="do not say which drawings were recognised"):
        read_bitmaps(tmp_path / f"cat{suffix}", recognized=True)


def test_what_follows_the_limit_is_not_looked_at(tmp_path):
    path = write_ndjson(tmp_path / "cat.ndjson", [LINE, CROSS])
    with path.open("a") as file:
        file.write("damaged")
    assert len(read_bitmaps(path, limit=2)) == 2
    with pytest.raises(DataError, match="line 3"):
        read_bitmaps(path)
    binary = tmp_path / "cat.bin"
    binary.write_bytes(binary_record(LINE) + b"damaged")
    assert len(list(read_records(binary, limit=1))) == 1


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(marked, limit):
    for read in (read_bitmaps, lambda *a, **k: list(read_records(*a, **k))):
        with pytest.raises(DataError, match=f"limit is {limit}; give 1 or more"):
            read(marked, limit=limit)


def test_parts_belong_to_sketch_rnn_only(tmp_path, marked):
    path = write_sketchrnn(tmp_path / "cat.npz", test=[LINE], train=[CROSS, CROSS])
    assert len(read_bitmaps(path, part="test")) == 1
    assert len(read_bitmaps(path)) == 3
    np.save(tmp_path / "cat.npy", np.zeros((1, 784), np.uint8))
    for other in (marked, tmp_path / "cat.npy"):
        with pytest.raises(DataError, match="has no part 'test'; only Sketch-RNN"):
            read_bitmaps(other, part="test")


@pytest.mark.parametrize("suffix", [s for s in SUFFIXES if s not in (".npz",)])
def test_an_empty_file_is_refused(tmp_path, suffix):
    path = tmp_path / f"cat{suffix}"
    path.touch()
    with pytest.raises(DataError, match=r"cat\.\w+"):
        read_bitmaps(path)


def test_files_without_drawings_are_refused(tmp_path):
    np.save(tmp_path / "cat.npy", np.zeros((0, 784), np.uint8))
    (tmp_path / "cat.ndjson").write_text("\n\n")
    write_kaggle(tmp_path / "cat.csv", [])
    write_sketchrnn(tmp_path / "cat.npz", train=[])
    for suffix in (".npy", ".ndjson", ".csv", ".npz"):
        with pytest.raises(DataError, match="holds no drawings"):
            read_bitmaps(tmp_path / f"cat{suffix}")


def test_what_is_no_file_of_drawings(tmp_path):
    with pytest.raises(DataError, match=r"cat\.ndjson does not exist; give a file of drawings"):
        read_bitmaps(tmp_path / "cat.ndjson")
    with pytest.raises(DataError, match="is a folder, not a file"):
        read_bitmaps(tmp_path)
    (tmp_path / "cat.txt").touch()
    with pytest.raises(DataError, match=r"files of drawings end in .*\.npy"):
        read_bitmaps(tmp_path / "cat.txt")
    np.save(tmp_path / "cat.npy", np.zeros((1, 784), np.uint8))
    with pytest.raises(DataError, match="holds bitmaps, not strokes; use read_bitmaps"):
        next(read_records(tmp_path / "cat.npy"))


def test_a_drawing_that_cannot_be_drawn_is_named(tmp_path):
    scribble = np.random.default_rng(0).integers(0, 256, (2, 25_000)).tolist()
    path = write_ndjson(tmp_path / "cat.ndjson", [LINE, [scribble]])
    assert len(list(read_records(path))) == 2
    assert len(read_bitmaps(path, limit=1)) == 1
    with pytest.raises(
        DataError, match=r"cat\.ndjson: drawing 2: a stroke has .* at most .* can be"
    ):
        read_bitmaps(path)
    write_ndjson(path, [*[LINE] * 300, [scribble], LINE])
    with pytest.raises(
        DataError, match=r"cat\.ndjson: drawing 301: a stroke has .* at most .* can be"
    ):
        read_bitmaps(path)
    write_ndjson(path, [[scribble]])
    with pytest.raises(
        DataError, match=r"cat\.ndjson: drawing 1: a stroke has .* at most .* can be"
    ):
        read_bitmaps(path)


@pytest.mark.slow
def test_every_real_file_is_readable(quickdraw_folder):
    bitmaps = strokes = raw = 0
    for path in sorted((quickdraw_folder / "numpy_bitmap").glob("*.npy")):
        bitmaps += len(read_bitmaps(path))
    for path in sorted((quickdraw_folder / "simplified").glob("*.ndjson")):
        for record in read_records(path):
            assert record.word == path.stem
            assert record.recognized in (True, False, None)
            assert record.key_id is None or record.key_id.isdigit()
            strokes += 1
        assert read_bitmaps(path, limit=10).any(axis=(1, 2)).all()
    for path in sorted((quickdraw_folder / "raw").glob("*.ndjson")):
        raw += len(read_bitmaps(path))
    assert bitmaps >= 164_627
    assert strokes >= 84_125
    assert raw >= 3_103


@pytest.mark.slow
def test_real_strokes_and_bitmaps_show_the_same(quickdraw_folder):
    theirs = read_bitmaps(quickdraw_folder / "pairs" / "monkey.npy", limit=200)
    ours = read_bitmaps(quickdraw_folder / "pairs" / "monkey.ndjson", limit=200)
    for a, b in zip(theirs, ours, strict=True):
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.99
