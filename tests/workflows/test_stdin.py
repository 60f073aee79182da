"""Standard input: every kind of drawing is recognised by how it begins."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image, ImageDraw

from inkgrad.drawing import to_bitmap
from inkgrad.errors import DataError
from inkgrad.quickdraw.doodles import draw
from inkgrad.workflows.stdin import kind_of, read_standard_input

STROKES = draw("cat", np.random.default_rng(3))
BITMAP = to_bitmap(STROKES, 28)


def picture(kind, **options):
    paper = Image.new("L", (300, 300), 255)
    for xs, ys in STROKES:
        ImageDraw.Draw(paper).line(list(zip(xs, ys, strict=True)), fill=0, width=8)
    file = io.BytesIO()
    paper.save(file, kind, **options)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def png_of(bitmap):
    file = io.BytesIO()
    Image.fromarray(bitmap).save(file, "PNG")
    return file.getvalue()


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def svg():
    lines = "".join(
        f'<polyline points="{" ".join(f"{x},{y}" for x, y in zip(*stroke, strict=True))}"/>'
        for stroke in STROKES
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg">{lines}</svg>'


LINE = json.dumps({"word": "cat", "drawing": STROKES}) + "\n"
EXACT = {
    "npy": npy(BITMAP.reshape(1, 784)),
    "one bitmap": npy(BITMAP),
    "png of 28 × 28": png_of(BITMAP),
    "svg": svg().encode(),
    "svg with a declaration": b'\n <?xml version="1.0"?>' + svg().encode(),
    "svg in utf-16": svg().encode("utf-16"),
    "svg in utf-16, big end first": b"\xfe\xff" + svg().encode("utf-16-be"),
    "json": json.dumps(STROKES).encode(),
    "json with a mark": b"\xef\xbb\xbf" + json.dumps(STROKES, indent=1).encode(),
    "one line of ndjson": LINE.encode(),
    "csv": b'drawing,word\n"' + json.dumps(STROKES).encode() + b'",cat\n',
    "kaggle's csv": b'countrycode,drawing,key_id\nDE,"' + json.dumps(STROKES).encode() + b'",1\n',
}


@pytest.mark.parametrize("content", EXACT.values(), ids=EXACT.keys())
def test_the_same_drawing_comes_from_every_kind(content):
    bitmaps = read_standard_input(io.BytesIO(content))
    np.testing.assert_array_equal(bitmaps, BITMAP[None])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"])
def test_pictures_of_every_kind_are_alike(kind):
    (bitmap,) = read_standard_input(io.BytesIO(picture(kind))).astype(float)
    (first,) = read_standard_input(io.BytesIO(picture("PNG"))).astype(float)
    assert np.corrcoef(bitmap.ravel(), first.ravel())[0, 1] > 0.98
    assert np.corrcoef(bitmap.ravel(), BITMAP.astype(float).ravel())[0, 1] > 0.7


def test_many_drawings_come_in_order():
    other = draw("dog", np.random.default_rng(3))
    lines = LINE + "\n" + json.dumps({"drawing": other}) + "\n"
    bitmaps = read_standard_input(io.BytesIO(lines.encode()))
    np.testing.assert_array_equal(bitmaps, [BITMAP, to_bitmap(other, 28)])
    listed = json.dumps([STROKES, other]).encode()
    np.testing.assert_array_equal(read_standard_input(io.BytesIO(listed)), bitmaps)


def test_sketchrnns_files_are_known():
    assert kind_of(npz(train=np.zeros(1))) == ".npz"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "standard input is empty; pipe a drawing"),
        (b" \n\t", "standard input is empty"),
        (b"hello", "begins like no drawing"),
        (b"\x00\x00\x01", "begins like no drawing"),
        (b"a,b,c\n1,2,3\n", "begins like no drawing"),
        (picture("PNG")[:300], "standard input: the picture cannot be read"),
        (EXACT["npy"][:500], "standard input: its header promises 1 bitmaps"),
        (json.dumps(STROKES).encode()[:-9], "standard input: line 1: not valid JSON"),
        (LINE.encode() + b"{}\n", "standard input: line 2"),
        (b"[" * 100_000, "standard input: line 1"),
        (b"<html></html>", "standard input is a web page"),
        (b"PK\x03\x04 and then nothing", "standard input"),
        (npy(np.zeros((2, 3))), "standard input: an array of float64"),
    ],
)
def test_what_cannot_be_read_is_told_without_our_own_files(content, message):
    with pytest.raises(DataError, match=message) as caught:
        read_standard_input(io.BytesIO(content))
    assert "inkgrad-" not in str(caught.value)


def test_the_default_is_the_processes_own(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(EXACT["json"])))
    assert read_standard_input().shape == (1, 28, 28)
