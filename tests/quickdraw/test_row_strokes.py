"""Strokes beside bitmaps: selected, joined and loaded without being confused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inkgrad.drawing import Raster, pack_framed, rasterize, to_bitmaps
from inkgrad.errors import DataError
from inkgrad.quickdraw import Drawings, RowStrokes, concatenate, load_drawings

from .test_bitmap_cache import drawing, lines

KNOWN = [drawing(n) for n in range(6)]


def some(first: int = 0) -> Drawings:
    """Return two bitmaps and four rows with strokes."""
    known = KNOWN[first : first + 4]
    bitmaps = np.concatenate([np.zeros((2, 28, 28), np.uint8), to_bitmaps(known)])
    rows = RowStrokes.join([RowStrokes.none(2), RowStrokes.all(pack_framed(known))])
    return Drawings(bitmaps, np.arange(6) % 2, ("cat", "dog"), rows)


def assert_drawn(drawings: Drawings, known: list[bool]) -> None:
    """Assert which rows have strokes, and that these are what their bitmaps were drawn from."""
    assert drawings.strokes is not None
    assert drawings.strokes.known.tolist() == known
    for row, is_known in enumerate(known):
        strokes = drawings.strokes_of(row)
        assert (strokes is not None) == is_known
        if strokes is not None:
            how = Raster(drawings.side).to_dict()
            np.testing.assert_array_equal(rasterize(strokes, **how), drawings.bitmaps[row])


def test_rows_keep_their_strokes_when_they_are_selected_and_joined():
    drawings = some()
    assert_drawn(drawings, [False] * 2 + [True] * 4)
    assert_drawn(drawings.subset([5, 0, 5, 2]), [True, False, True, True])
    assert_drawn(drawings.subset(drawings.labels == 1), [False, True, True])
    assert_drawn(drawings.subset([]), [])
    plain = Drawings(drawings.bitmaps, drawings.labels, ("dog", "cat"))
    assert concatenate([plain, plain]).strokes is None
    assert plain.strokes_of(3) is None
    joined = concatenate([plain, drawings.subset([4, 1]), some(2)])
    assert_drawn(joined, [False] * 6 + [True, False] + [False] * 2 + [True] * 4)


def test_strokes_are_no_part_of_the_fingerprint():
    drawings = some()
    plain = Drawings(drawings.bitmaps, drawings.labels, drawings.classes)
    assert plain.fingerprint() == drawings.fingerprint()
    np.testing.assert_array_equal(plain.batch([3, 0])[0], drawings.batch([3, 0])[0])


def test_rows_of_another_number_or_without_drawings_are_refused():
    drawings = some()
    with pytest.raises(DataError, match="6 bitmaps and 2 rows of strokes"):
        Drawings(drawings.bitmaps, drawings.labels, drawings.classes, RowStrokes.none(2))
    packed = pack_framed(KNOWN)
    for rows in (np.array([6]), np.array([-2])):
        with pytest.raises(DataError, match="a row names a drawing that is none of 6"):
            RowStrokes(packed, rows)
    with pytest.raises(DataError, match="not a list of int64"):
        RowStrokes(packed, np.array([0.0]))


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """Return a bucket: cat has bitmaps and other strokes, dog bitmaps of its very strokes."""
    for name, strokes, bitmaps in (("cat", 9, range(7, 12)), ("dog", 6, range(6))):
        (tmp_path / "simplified").mkdir(exist_ok=True)
        (tmp_path / "numpy_bitmap").mkdir(exist_ok=True)
        (tmp_path / "simplified" / f"{name}.ndjson").write_text(lines(strokes))
        rows = to_bitmaps([drawing(n) for n in bitmaps]).reshape(-1, 784)
        np.save(tmp_path / "numpy_bitmap" / f"{name}.npy", rows)
    return tmp_path


@pytest.mark.parametrize("limit", [None, 3, 5, 6, 8])
def test_a_bucket(bucket: Path, tmp_path: Path, limit: int | None):
    for cache in (tmp_path / "cache", tmp_path / "cache", tmp_path / "other"):
        options = {"data": bucket, "limit": limit, "cache": cache}
        loaded = load_drawings(["cat", "dog"], **options, strokes=True)
        plain = load_drawings(["cat", "dog"], **options)
        assert plain.drawings.strokes is None
        assert loaded.drawings.fingerprint() == plain.drawings.fingerprint()
        assert loaded.counts == plain.counts
        cats = loaded.drawings.counts()["cat"]
        dogs = loaded.drawings.counts()["dog"]
        known = [False] * min(cats, 5) + [True] * max(cats - 5, 0) + [True] * dogs
        assert_drawn(loaded.drawings, known)


def test_bitmaps_of_other_drawings_than_the_strokes_have_none(bucket: Path, tmp_path: Path):
    path = bucket / "numpy_bitmap" / "dog.npy"
    rows = np.load(path)
    rows[[1, 4]] = rows[[4, 1]]
    np.save(path, rows)
    loaded = load_drawings(["dog"], data=bucket, cache=tmp_path / "cache", strokes=True)
    assert_drawn(loaded.drawings, [True, False, True, True, False, True])


def test_strokes_that_are_lost_from_the_cache_are_read_again(bucket: Path, tmp_path: Path):
    options = {"data": bucket, "cache": tmp_path / "cache", "strokes": True}
    first = load_drawings(["cat"], **options).drawings
    (kept,) = (tmp_path / "cache" / "rasters").glob("*.safetensors")
    content = kept.read_bytes()
    for damage in (b"", content[:-3], content[:50], b"x" * 500):
        kept.write_bytes(damage)
        again = load_drawings(["cat"], **options).drawings
        assert_drawn(again, again.strokes.known.tolist())
        assert again.strokes.known.tolist() == first.strokes.known.tolist()
        assert kept.read_bytes() == content
    load_drawings(["cat"], data=bucket, cache=tmp_path / "cache", limit=7, strokes=True)
    (bucket / "simplified" / "cat.ndjson").write_text(lines(8))
    load_drawings(["cat"], **options)
    assert len(list((tmp_path / "cache" / "rasters").glob("*"))) == 4  # no older ones are left


def test_own_files_and_folders(tmp_path: Path):
    file = tmp_path / "mine.ndjson"
    words = ["cat", "dog", "cat", "cat"]
    records = [{"word": w, "drawing": d} for w, d in zip(words, KNOWN, strict=False)]
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    loaded = load_drawings(["dog", "cat"], data=file, strokes=True)
    assert_drawn(loaded.drawings, [True] * 4)
    folder = tmp_path / "mine"
    for name in ("cup", "spoon"):
        (folder / name).mkdir(parents=True)
        (folder / name / "b.json").write_text(json.dumps(KNOWN[1]))
        Image.fromarray(255 - np.kron(to_bitmaps(KNOWN[:1])[0], np.ones((5, 5), np.uint8))).save(
            folder / name / "a.png"
        )
    loaded = load_drawings(["cup", "spoon"], data=folder, strokes=True)
    assert_drawn(loaded.drawings, [False, True] * 2)
    assert load_drawings(["cup"], data=folder).drawings.strokes is None


@pytest.mark.usefixtures("surroundings")
def test_built_in_doodles(tmp_path: Path):
    for _ in range(2):
        loaded = load_drawings(
            ["zebra", "cat"], limit=4, offline=True, cache=tmp_path, strokes=True
        )
        assert loaded.built_in
        assert_drawn(loaded.drawings, [True] * 8)
    plain = load_drawings(["zebra", "cat"], limit=4, offline=True, cache=tmp_path)
    assert plain.drawings.fingerprint() == loaded.drawings.fingerprint()
