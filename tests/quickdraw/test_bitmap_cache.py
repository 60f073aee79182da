"""Strokes drawn as bitmaps, and kept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import inkgrad.drawing
from inkgrad.drawing import Raster, compiled, rasterize, simplify
from inkgrad.errors import DataError
from inkgrad.quickdraw import bitmap_cache
from inkgrad.quickdraw.bitmap_cache import hash_of_source, scan
from inkgrad.quickdraw.loaded import Wanted


def read_strokes(
    path: Path, *, besides: np.ndarray | None = None, on_progress: Any = None, **wanted: Any
) -> np.ndarray:
    return bitmap_cache.read_strokes(
        path, Wanted(**wanted), besides=besides, on_progress=on_progress
    ).bitmaps


def drawing(n: int) -> list[list[list[int]]]:
    """Return a cross that is different for every n."""
    return [[[0, 255], [n % 256, (7 * n) % 256]], [[(3 * n) % 256, 128], [0, 255]]]


def lines(count: int) -> str:
    return "".join(
        json.dumps({"drawing": drawing(n), "recognized": [True, False, None][n % 3]}) + "\n"
        for n in range(count)
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "cat.ndjson"
    file.write_text(lines(600))
    return file


def test_every_drawing_is_drawn_as_google_did(path: Path) -> None:
    told: list[tuple[int, int]] = []
    bitmaps = read_strokes(path, on_progress=lambda *a: told.append(a))
    expected = np.stack([rasterize(drawing(n)) for n in range(600)])
    assert np.array_equal(bitmaps, expected)
    assert told == [(256, 600), (512, 600), (600, 600)]


def test_limit_and_choice(path: Path) -> None:
    everything = read_strokes(path)
    assert np.array_equal(read_strokes(path, limit=7), everything[:7])
    assert np.array_equal(read_strokes(path, recognized=True), everything[0::3])
    assert np.array_equal(read_strokes(path, recognized=False, limit=5), everything[1:15:3])


def test_strokes_in_the_frame_are_drawn_as_they_are(tmp_path: Path) -> None:
    framed, others = [[[4, 245], [9, 90]]], ([[[40, 200], [40, 90]]], [[[40, 2000], [40, 900]]])
    path = tmp_path / "cat.ndjson"
    path.write_text("\n".join(json.dumps({"drawing": d}) for d in (framed, *others)))
    expected = [rasterize(framed), *(rasterize(simplify(other)) for other in others)]
    assert np.array_equal(read_strokes(path), np.stack(expected))


def test_drawings_that_are_there_already_are_left_out(path: Path, tmp_path: Path) -> None:
    everything = read_strokes(path, limit=20)
    assert len(np.unique(everything.reshape(20, -1), axis=0)) == 20
    besides = everything[5:8]
    alone = read_strokes(path, limit=20, besides=besides)
    kept = read_strokes(path, limit=20, besides=besides, cache=tmp_path / "cache")
    again = read_strokes(path, limit=20, besides=besides, cache=tmp_path / "cache")
    left = {bitmap.tobytes() for bitmap in alone}
    assert len(alone) <= 17
    assert not left & {bitmap.tobytes() for bitmap in besides}
    assert np.array_equal(alone, kept)
    assert np.array_equal(alone, again)


def test_the_second_time_nothing_is_drawn(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    first = read_strokes(path, cache=cache)

    def must_not(*_: object, **__: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr(bitmap_cache, "draw", must_not)
    assert np.array_equal(read_strokes(path, cache=cache), first)
    for changed in ({"limit": 5}, {"recognized": True}, {"besides": first[:1]}):
        with pytest.raises(AssertionError, match="drawn again"):
            read_strokes(path, cache=cache, **changed)
    monkeypatch.setattr(bitmap_cache, "hash_of_source", lambda _: "a newer rasteriser")
    with pytest.raises(AssertionError, match="drawn again"):
        read_strokes(path, cache=cache)


def test_a_newer_file_takes_the_place_of_the_older(path: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    read_strokes(path, cache=cache)
    read_strokes(path, cache=cache, limit=2)
    path.write_text(lines(3))
    assert len(read_strokes(path, cache=cache)) == 3
    assert len(list((cache / "rasters").iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"x" * 5000])
def test_a_damaged_cache_is_drawn_anew(path: Path, tmp_path: Path, damage: bytes) -> None:
    first = read_strokes(path, cache=tmp_path)
    (kept,) = (tmp_path / "rasters").iterdir()
    kept.write_bytes(damage)
    assert np.array_equal(read_strokes(path, cache=tmp_path), first)
    assert np.array_equal(np.load(kept), first)


def test_a_cache_that_cannot_be_written_is_no_error(path: Path, tmp_path: Path) -> None:
    (tmp_path / "rasters").write_text("a file where the folder should be")
    assert len(read_strokes(path, cache=tmp_path)) == 600


def test_a_choice_that_leaves_none_is_not_kept(path: Path, tmp_path: Path) -> None:
    path.write_text(json.dumps({"drawing": drawing(1), "recognized": True}))
    assert len(read_strokes(path, recognized=False, cache=tmp_path)) == 0
    assert not (tmp_path / "rasters").exists()


def test_a_damaged_line_is_named(path: Path, tmp_path: Path) -> None:
    path.write_text(lines(3) + '{"drawing": [[[1')
    with pytest.raises(DataError, match=r"cat\.ndjson: line 4"):
        read_strokes(path, cache=tmp_path)
    assert not (tmp_path / "rasters").exists()


def test_blank_lines_do_not_count(path: Path) -> None:
    path.write_text(f"\n{lines(2)}\n  \n{lines(1)}")
    assert scan(path).lines == len(read_strokes(path)) == 3


@pytest.mark.parametrize("raster", [Raster(56), Raster(28, 20.0), Raster(28, 16.0, 3.0)], ids=str)
def test_every_setting_of_the_rasteriser_counts(path: Path, tmp_path: Path, raster: Raster) -> None:
    google = read_strokes(path, cache=tmp_path)
    other = read_strokes(path, cache=tmp_path, raster=raster)
    how = {"side": raster.side, "pen": raster.pen, "padding": raster.padding}
    np.testing.assert_array_equal(other, [rasterize(drawing(n), **how) for n in range(600)])
    np.testing.assert_array_equal(read_strokes(path, cache=tmp_path), google)
    np.testing.assert_array_equal(read_strokes(path, cache=tmp_path, raster=raster), other)
    assert len(list((tmp_path / "rasters").iterdir())) == 2


def test_a_change_in_any_module_that_draws_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above all in those that the rasteriser is compiled from."""
    source = Path(inkgrad.drawing.__file__).parent
    copied = shutil.copytree(source, tmp_path / "drawing_copied")
    monkeypatch.syspath_prepend(tmp_path)
    hash_now = hash_of_source.__wrapped__
    before = hash_now("drawing_copied")
    assert before == hash_of_source("inkgrad.drawing")
    modules = [Path(str(module.__file__)).name for module in compiled._MODULES]
    assert len(modules) >= 5
    for name in (*modules, "compiled.py", "raster.py", "simplify.py", "strokes.py"):
        with (copied / name).open("a") as file:
            file.write("# changed\n")
        after = hash_now("drawing_copied")
        assert after != before
        before = after
