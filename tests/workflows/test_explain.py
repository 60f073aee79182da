"""`inkgrad explain`: which drawing of which file, where the picture goes, what is refused."""

from __future__ import annotations

import io
import json
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import inkgrad
from inkgrad import cli
from inkgrad.drawing import into_frame, rasterize
from inkgrad.errors import DataError, DataWarning, InkgradError
from inkgrad.quickdraw.doodles import doodles

DRAWINGS = [
    [[row.tolist() if hasattr(row, "tolist") else list(row) for row in stroke] for stroke in one]
    for one in doodles(["cat", "zebra"], 1, 5)[0]
]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Make a folder with one drawing, two drawings, bitmaps and a picture."""
    (tmp_path / "cat.json").write_text(json.dumps(DRAWINGS[0]))
    (tmp_path / "two.ndjson").write_text(
        "".join(json.dumps({"drawing": one}) + "\n" for one in DRAWINGS)
    )
    bitmaps = np.stack([rasterize(into_frame(one)) for one in DRAWINGS])
    np.save(tmp_path / "two.npy", bitmaps)
    Image.fromarray(255 - np.kron(bitmaps[1], np.ones((8, 8), np.uint8))).save(tmp_path / "z.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: object, stdin: str | None = None):
    result = CliRunner().invoke(cli.app, ["explain", *map(str, words)], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def same(a, b) -> bool:
    return json.dumps(a.to_dict()) == json.dumps(b.to_dict())


def test_a_file_and_its_strokes_are_explained_alike(folder):
    assert same(inkgrad.explain("seed", "cat.json"), inkgrad.explain("seed", DRAWINGS[0]))


def test_of_several_drawings_the_first_with_a_note_or_the_one_of_a_number(folder):
    with pytest.warns(DataWarning, match=r"two.ndjson holds several drawings; the first one is"):
        first = inkgrad.explain("seed", "two.ndjson")
    assert same(first, inkgrad.explain("seed", DRAWINGS[0]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        second = inkgrad.explain("seed", "two.ndjson", number=2)
        bitmap = inkgrad.explain("seed", "two.npy", number=2)
    assert same(second, inkgrad.explain("seed", DRAWINGS[1]))
    np.testing.assert_array_equal(bitmap.occlusion, second.occlusion)
    assert len(second.strokes) == len(DRAWINGS[1])
    assert len(bitmap.strokes) == 0


def test_a_picture_has_no_strokes(folder):
    assert inkgrad.explain("seed", "z.png", "zebra").strokes.shape == (0,)


@pytest.mark.parametrize("suffix", ["png", "svg", "PNG"])
def test_the_picture_is_written(folder, suffix):
    result = run("cat.json", "-o", f"new/why.{suffix}", "--class", "dog")
    assert result.exit_code == 0, result.output
    written = (folder / "new" / f"why.{suffix}").read_bytes()
    assert written.startswith(b"<svg" if suffix == "svg" else b"\x89PNG")
    assert "why dog" in result.output
    assert "Without it, the log-odds of dog fall by" in result.output


def test_by_default_it_is_why_png(folder):
    assert run("twenty", "cat.json").exit_code == 0
    assert (folder / "why.png").read_bytes().startswith(b"\x89PNG")


def test_json_prints_the_arrays_and_writes_nothing(folder):
    result = run("seed", "two.ndjson", "--json", "--number", 2)
    found = json.loads(result.stdout)
    why = inkgrad.explain("seed", DRAWINGS[1])
    assert found == {**why.to_dict(), "model": "seed", "drawing": "two.ndjson"}
    assert not (folder / "why.png").exists()


def test_the_note_is_on_standard_error(folder):
    result = run("two.ndjson")
    assert "note: two.ndjson holds several drawings" in result.stderr
    assert "note" not in result.stdout


def test_standard_input(folder, monkeypatch):
    content = (folder / "two.ndjson").read_bytes()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    with pytest.warns(DataWarning, match="^standard input holds several drawings"):
        assert same(inkgrad.explain("seed", "-"), inkgrad.explain("seed", DRAWINGS[0]))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"[[[1]]]")))
    with pytest.raises(DataError, match=r"^standard input"):
        inkgrad.explain("seed", "-")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("two.ndjson", "--number", 3), "two.ndjson holds 2 drawings, but number is 3; give 2 or"),
        (("two.npy", "--number", 3), "two.npy holds 2 drawings, but number is 3; give 2 or less"),
        (("cat.json", "--number", 9), "cat.json holds 1 drawing, but number is 9; give 1 or less"),
        (("cat.json", "--number", 0), "number is 0; a file's drawings are numbered from 1"),
        (
            ("cat.json", "--class", "quagga"),
            "does not know the class 'quagga'; the nearest that it",
        ),
        (("cat.json", "-o", "why.gif"), "why.gif does not end in .png or .svg; name a picture"),
        (("z.png", "-o", "z.png"), "z.png is the drawing; name another file to write to with -o"),
        (("cat.json", "-o", "d.png"), "d.png is a folder; name a file to write to, such as why"),
        (("cat.json", "-o", "cat.json/why.png"), "cannot write cat.json/why.png: "),
        (("none.json",), "none.json does not exist; give a file of drawings"),
        (("none.safetensors", "cat.json"), "there is no model file none.safetensors"),
        (("seed", "cat.json", "cat.json"), "3 files are given; give a drawing, or a model and"),
    ],
)
def test_what_is_refused_in_one_sentence(folder, words, message):
    (folder / "d.png").mkdir()
    before = (folder / "z.png").read_bytes()
    result = run(*words)
    assert result.exit_code == 2
    lines = [line for line in result.stderr.splitlines() if not line.startswith("note: ")]
    assert len(lines) == 1
    assert message in lines[0]
    assert (folder / "z.png").read_bytes() == before


def test_strokes_have_no_number():
    with pytest.raises(InkgradError, match="only files have numbered drawings; leave it out"):
        inkgrad.explain("seed", DRAWINGS[0], number=1)
