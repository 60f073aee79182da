"""Rasterising and simplification are measured on everyone's own pixels and strokes."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from bench.raster import bench_raster, compare_pixels, our_rasterisers
from bench.rivals import rasterisers
from bench.rivals.rasterisers import cairo_rasteriser, pillow_rasterisers, skia_rasteriser
from bench.simplification import bench_simplification

from bench import node, raster, strokes
from inkgrad.drawing import rasterize_many, simplify
from inkgrad.quickdraw.doodles import doodles
from tests.bench.conftest import need
from tests.web.javascript import missing

QUICK = {"rounds": 1, "seconds_a_turn": 0.0}
WORDS = ("--rounds", "1", "--seconds", "0")
SPECIAL = [[[[9], [200]]], [[[0, 255], [0, 255]], [[255, 0], [0, 255]]]]  # a dot, and a cross


@pytest.fixture(autouse=True)
def _few_doodles(monkeypatch):
    """Draw five doodles of our own, in Python, and have no rivals."""
    monkeypatch.delenv("INKGRAD_DATA", raising=False)
    monkeypatch.setattr(strokes, "DOODLES", 5)
    monkeypatch.setattr(raster, "RIVALS", ())
    monkeypatch.setattr(raster, "installed", lambda module, name: False)


@pytest.fixture
def static(tmp_path, monkeypatch):
    """Return an empty folder that takes the place of our JavaScript."""
    if shutil.which("node") is None:
        missing("node is not installed")
    folder = tmp_path / "static"
    (folder / "drawing").mkdir(parents=True)
    monkeypatch.setattr(node, "static_folder", lambda: folder)
    return folder


@pytest.fixture
def no_javascript(monkeypatch):
    monkeypatch.setattr(node.shutil, "which", lambda name: None)


@pytest.fixture
def pairs(tmp_path):
    """Return a folder of drawings, five of which have bitmaps: ours."""
    drawings, _ = doodles(["cat"], 5)
    write(tmp_path / "data" / "pairs" / "cat.ndjson", drawings)
    np.save(tmp_path / "data" / "pairs" / "cat.npy", rasterize_many(drawings).reshape(5, 784))
    (tmp_path / "data" / "simplified").mkdir()
    return tmp_path / "data"


def write(path, drawings, first_key=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps({"key_id": str(key), "drawing": drawing})
        for key, drawing in enumerate(drawings, start=first_key)
    ]
    path.write_text("\n".join(lines))


def test_pixels_are_compared_where_there_is_ink(pairs):
    folder = pairs / "pairs"
    same = compare_pixels(folder)
    assert (same["drawings"], same["mean_error"], same["equal"], same["identical"]) == (5, 0, 1, 1)
    assert same["correlation"] == pytest.approx(1)
    assert same["drawings_per_s"] > 0
    bitmaps = np.load(folder / "cat.npy")
    np.save(folder / "cat.npy", np.maximum(bitmaps, 1))
    other = compare_pixels(folder)  # now every pixel counts as inked
    assert other["mean_error"] == pytest.approx((bitmaps == 0).mean())
    assert (other["within_2"], other["identical"], other["max_error"]) == (1, 0, 1)


@pytest.mark.usefixtures("no_javascript")
def test_drawing_is_measured_beside_googles_pixels(bench, pairs, monkeypatch):
    def darker(drawings):
        assert type(drawings[0][0][0]) is list
        bitmaps = rasterize_many(drawings)
        bitmaps[0] = np.where(bitmaps[0] > 200, bitmaps[0] - 100, bitmaps[0])
        return bitmaps

    monkeypatch.setattr(raster, "RIVALS", (lambda: {"cairo stand-in": darker},))
    ours, other = bench("raster", "--data", str(pairs), *WORDS)
    assert "without inkgrad in JavaScript: node is not installed" in bench.output
    assert "how near to Google's pixels" in " ".join(bench.output.split())
    assert (ours["name"], ours["batch"], ours["threads"]) == ("inkgrad plain Python", 5, 1)
    assert (ours["truth"], ours["identical"], ours["mean_error"]) == ("Google", 1, 0)
    assert ours["ratio_to_cairo"] == pytest.approx(ours["drawings_per_s"] / other["drawings_per_s"])
    assert (other["identical"], other["max_error"]) == (0.8, 100)
    assert "ratio_to_cairo" not in other
    drawings, _ = doodles(["cat"], 5)
    assert ours["points"] == np.mean([sum(len(xs) for xs, _ in each) for each in drawings])


@pytest.mark.slow
@pytest.mark.usefixtures("no_javascript")
def test_without_real_drawings_cairo_is_the_truth(capsys, monkeypatch):
    assert [row["truth"] for row in bench_raster(None, **QUICK)] == [""]
    assert "no folder with pairs/ is named: built-in doodles" in capsys.readouterr().out

    def blank(drawings):
        return np.zeros((len(drawings), 28, 28), np.uint8)

    rivals = {"cairo stand-in": rasterize_many, "Skia stand-in": blank}
    monkeypatch.setattr(raster, "RIVALS", (lambda: rivals,))
    monkeypatch.setattr(raster, "likeness", lambda a, b: {"same": bool((a == b).all())})
    rows = bench_raster(None, **QUICK)
    assert [(row["truth"], row["same"]) for row in rows] == [
        ("cairo", True),
        ("cairo", True),
        ("cairo", False),
    ]


@pytest.mark.usefixtures("no_javascript")
def test_the_plot_does_without_a_truth(bench):
    (row,) = bench("raster", *WORDS)
    assert "identical" not in row
    assert "how near" not in bench.output


def test_compiled_pixels_are_timed_only_if_they_are_the_same(monkeypatch):
    pytest.importorskip("numba", reason="Numba is late for new versions of Python")
    monkeypatch.setattr(raster, "installed", lambda module, name: True)
    ours = our_rasterisers()
    assert list(ours) == [
        "inkgrad compiled, 1 thread",
        "inkgrad compiled, 2 threads",
        "inkgrad plain Python",
    ]
    drawn = [draw(strokes.built_in()) for draw in ours.values()]
    assert all((bitmaps == drawn[0]).all() for bitmaps in drawn)
    monkeypatch.setattr(
        raster,
        "our_rasterisers",
        lambda: {**ours, "inkgrad compiled, 1 thread": lambda given: 255 - drawn[0]},
    )
    with pytest.raises(ValueError, match="compiled, 1 thread does not draw the same pixels"):
        bench_raster(None, **QUICK)


@pytest.mark.slow
def test_our_javascript_is_measured_when_it_is_there(static, capsys):
    bench_raster(None, **QUICK)
    assert (
        "without inkgrad in JavaScript: there is no drawing/raster.js yet"
        in capsys.readouterr().out
    )
    drawn = rasterize_many(strokes.built_in())
    table = {
        json.dumps(drawing, separators=(",", ":")): bitmap.ravel().tolist()
        for drawing, bitmap in zip(strokes.built_in(), drawn, strict=True)
    }
    source = f"const table = {json.dumps(table)};\nexport const rasterize = (drawing) =>\n"
    source += "  Uint8Array.from(table[JSON.stringify(drawing)]);\n"
    (static / "drawing" / "raster.js").write_text(source)
    plain, javascript = bench_raster(None, **QUICK)
    assert javascript["name"] == "inkgrad JavaScript"
    assert javascript["drawings_per_s"] > plain["drawings_per_s"]  # it only looks them up


def test_javascript_that_draws_something_else_is_not_timed(static):
    (static / "drawing" / "raster.js").write_text(
        "export const rasterize = () => new Uint8Array(784);"
    )
    with pytest.raises(ValueError, match="inkgrad JavaScript does not draw the same pixels"):
        bench_raster(None, **QUICK)


def test_javascript_that_fails_is_reported(static):
    (static / "drawing" / "raster.js").write_text(
        "export const rasterize = () => { throw Error('no ink'); };"
    )
    with pytest.raises(ValueError, match=r"raster\.js rasterize ended without an answer"):
        bench_raster(None, **QUICK)


@pytest.mark.usefixtures("no_javascript")
def test_simplified_strokes_are_compared_by_their_keys(bench, tmp_path):
    drawings, _ = doodles(["dog"], 5)
    raw = [
        [[[2 * x + 7 for x in xs], [2 * y for y in ys], list(range(len(xs)))] for xs, ys in strokes]
        for strokes in drawings
    ]
    google = [[stroke.tolist() for stroke in simplify(drawing)] for drawing in raw]
    google[4][0][0][0] = 200.0 if google[4][0][0][0] < 100 else 0.0
    write(tmp_path / "raw" / "dog.ndjson", raw[::-1])  # keys 4 … 0
    write(tmp_path / "simplified" / "dog.ndjson", google[::-1][1:], first_key=1)
    (row,) = bench("simplification", "--data", str(tmp_path), *WORDS)
    assert (row["batch"], row["same"], row["others"]) == (4, 1, 0)
    assert "max_error" not in row
    write(tmp_path / "simplified" / "dog.ndjson", google[::-1])
    (row,) = bench("simplification", "--data", str(tmp_path), *WORDS)
    assert (row["batch"], row["same"], row["others"], row["identical"]) == (5, 0.8, 1, 0)
    assert row["max_error"] > 100  # a stroke begins elsewhere
    assert row["correlation"] < 1


def test_simplification_is_measured_in_both_languages(bench):
    if shutil.which("node") is None:
        missing("node is not installed")
    rows = bench("simplification", *WORDS)
    assert "no folder with raw/ is named: built-in doodles take their place" in bench.output
    assert [row["name"] for row in rows] == ["inkgrad Python", "inkgrad JavaScript"]
    assert all(row["drawings_per_s"] > 0 and row["batch"] == 5 for row in rows)
    assert "same" not in rows[0]


def test_strokes_that_are_not_the_same_are_not_timed(static):
    (static / "drawing" / "simplify.js").write_text(
        "export const simplify = (drawing) => drawing.slice(1);"
    )
    with pytest.raises(ValueError, match="does not come to the same strokes as inkgrad Python"):
        bench_simplification(None, **QUICK)


def test_pillow_draws_by_the_same_recipe():
    drawings = [*strokes.built_in(), *SPECIAL]
    ours = rasterize_many(drawings).astype(float)
    for draw in pillow_rasterisers().values():
        theirs = draw(drawings)
        assert (theirs.shape, theirs.dtype) == ((len(drawings), 28, 28), np.uint8)
        for a, b in zip(ours, theirs, strict=True):
            assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.97


@pytest.mark.oracle
def test_cairo_draws_the_same_pixels():
    need("cairocffi")
    drawings = [*strokes.built_in(), *SPECIAL]
    (draw,) = cairo_rasteriser().values()
    assert (draw(drawings) == rasterize_many(drawings)).all()


@pytest.mark.oracle
def test_skia_draws_by_the_same_recipe():
    need("skia")
    drawings = [*strokes.built_in(), *SPECIAL]
    (draw,) = skia_rasteriser().values()
    theirs, ours = draw(drawings), rasterize_many(drawings)
    assert (theirs.shape, theirs.dtype) == (ours.shape, np.uint8)
    assert np.abs(theirs.astype(int) - ours).max() <= 100
    for a, b in zip(ours, theirs, strict=True):
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("make", [cairo_rasteriser, skia_rasteriser])
def test_a_library_that_cannot_be_loaded_is_left_out(make, monkeypatch, capsys):
    def broken(module):
        raise OSError(f"{module}: cannot open shared object file")

    monkeypatch.setattr(rasterisers, "installed", lambda module, name: True)
    monkeypatch.setattr(rasterisers.importlib, "import_module", broken)
    assert make() == {}
    assert "cannot open shared object file" in capsys.readouterr().out
