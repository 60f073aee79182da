"""The preview: a PNG of what is named, whole or not at all, and nothing lost for it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inkgrad import preview
from inkgrad.drawing import rasterize
from inkgrad.drawing.variants import Variation
from inkgrad.errors import InkgradError
from inkgrad.quickdraw.sample_variants import with_variants
from inkgrad.quickdraw.samples import sample_doodles
from inkgrad.workflows import Previewed
from tests.quickdraw.formats.writers import CROSS, LINE, write_ndjson

pytestmark = pytest.mark.usefixtures("surroundings")


def size(path="sheet.png"):
    with Image.open(path) as picture:
        picture.load()
        assert picture.format == "PNG"
        return picture.size


def test_a_file_of_strokes():
    write_ndjson(Path("cross.ndjson"), [CROSS] * 3)
    done = preview("cross.ndjson")
    assert done == Previewed(Path("sheet.png"), "cross.ndjson", "3 drawings · 1 class", 3)
    assert size() == (44 * 2 + 2 * 364 - 22, 2 * 44 + 76 + 40 + 2 * 216 - 22)


def test_a_part_of_what_there_is_says_so(doodle_folder):
    cat = doodle_folder / "numpy_bitmap" / "cat.npy"
    assert preview([cat], n=5).facts == "5 of 40 drawings · 1 class · seed 42"
    done = preview([doodle_folder], n=2, seed=7)
    assert (done.title, done.facts) == ("doodles", "2 drawings · 2 of 3 classes · seed 7")
    done = preview([doodle_folder], classes="zebra,cat", n=100)
    assert (done.facts, done.shown) == ("80 drawings · 2 classes", 80)


def test_unlabelled_drawings_have_no_classes():
    Image.fromarray(np.eye(28, dtype=np.uint8) * 255).save("x.png")
    done = preview(Path("x.png"))
    assert (done.title, done.facts) == ("x.png", "1 drawing")


def test_several_places_at_once(doodle_folder):
    write_ndjson(Path("cross.ndjson"), [CROSS])
    done = preview([doodle_folder, "cross.ndjson", doodle_folder / "numpy_bitmap"], n=8)
    assert done.title == "doodles, cross.ndjson, numpy_bitmap"
    assert done.facts == "8 of 241 drawings · 4 classes · seed 42"


def test_nothing_named_means_the_users_place_or_doodles(doodle_folder, monkeypatch):
    done = preview(n=5)
    assert (done.title, done.facts) == ("built-in doodles", "5 drawings · 5 classes · seed 42")
    monkeypatch.setenv("INKGRAD_DATA", doodle_folder.as_uri())
    assert preview(n=5).title == "doodles"


def test_the_same_seed_gives_the_same_bytes(doodle_folder):
    for out, seed in (("a.png", 1), ("b.png", 1), ("c.png", 2)):
        preview([doodle_folder], out, n=6, seed=seed)
    a, b, c = (Path(f"{name}.png").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_columns_and_folders_that_are_missing(doodle_folder):
    preview([doodle_folder], "new/folder/sheet.PNG", n=12, columns=12)
    assert size("new/folder/sheet.PNG")[0] == 2 * 44 + 12 * 190 - 22


def test_an_older_sheet_is_replaced_also_beside_the_drawings(doodle_folder):
    mine = shutil.copytree(doodle_folder, "mine")
    preview([mine], "mine/sheet.png", n=1)
    first = size("mine/sheet.png")
    preview([mine], "mine/sheet.png", n=9)
    assert size("mine/sheet.png") != first


@pytest.mark.parametrize("named", ["mine/cup/a.png", "mine", "mine/cup"])
def test_a_drawing_is_never_overwritten(named):
    Path("mine/cup").mkdir(parents=True)
    Image.fromarray(np.eye(28, dtype=np.uint8) * 255).save("mine/cup/a.png")
    before = Path("mine/cup/a.png").read_bytes()
    for out in ("mine/cup/a.png", "mine/../mine/cup/a.png"):
        with pytest.raises(InkgradError, match=r"a\.png is one of the drawings; name another"):
            preview([named], out)
    assert Path("mine/cup/a.png").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n is 0; a sheet has from 1 to 1,000 drawings"),
        ({"n": 1001}, "n is 1,001; a sheet has"),
        ({"columns": 0}, "columns is 0; give 1 or more"),
        ({"seed": -1}, "seed is -1"),
        ({"classes": "cot"}, "no drawings of 'cot' here; did you mean cat"),
        ({"out": "sheet.jpg"}, r"sheet\.jpg does not end in \.png"),
        ({"out": "folder"}, "folder is a folder; name a file to write to"),
        ({"out": "file.txt/sheet.png"}, r"cannot write file\.txt/sheet\.png: .*; make room or get"),
        ({"paths": "nowhere"}, "nowhere does not exist"),
        ({"paths": ["file.txt"]}, r"file\.txt: files of drawings end in"),
        ({"paths": ["folder"]}, "folder holds no drawings"),
    ],
)
def test_mistakes_are_refused_and_leave_nothing(options, message, doodle_folder, surroundings):
    Path("file.txt").write_text("hello")
    Path("folder").mkdir()
    with pytest.raises(InkgradError, match=message):
        preview(**{"paths": doodle_folder, **options})
    assert sorted(path.name for path in surroundings.iterdir()) == ["file.txt", "folder"]


def test_a_disk_without_room_leaves_the_old_sheet(monkeypatch):
    write_ndjson(Path("line.ndjson"), [LINE])
    Path("sheet.png").write_text("old")

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", refuse)
    with pytest.raises(InkgradError, match=r"cannot write sheet\.png: No space left on device"):
        preview("line.ndjson")
    assert [path.name for path in Path().iterdir() if path.name != "line.ndjson"] == ["sheet.png"]
    assert Path("sheet.png").read_text() == "old"


def test_progress_is_told():
    write_ndjson(Path("line.ndjson"), [LINE, CROSS])
    told = []
    preview("line.ndjson", on_progress=lambda *event: told.append(event))
    assert told == [
        *(("read", "", k, 1) for k in (0, 1)),
        *(("draw", "line", k, 2) for k in (1, 2)),
        *(("lay", "", k, 2) for k in (1, 2)),
    ]


def test_variants_stand_behind_their_drawings(doodle_folder):
    write_ndjson(Path("cross.ndjson"), [CROSS] * 3)
    done = preview(["cross.ndjson", doodle_folder], "a.png", n=4, variants=2)
    assert done.facts.endswith("seed 42 · 2 variants of each")
    assert done.shown == 4
    assert size("a.png")[0] == 2 * 44 + 6 * 364 - 22  # two drawings, each with its variants
    preview(["cross.ndjson", doodle_folder], "b.png", n=4, variants=2)
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()
    preview(["cross.ndjson", doodle_folder], "b.png", n=4, variants=2, variation={"turn": 90})
    assert Path("a.png").read_bytes() != Path("b.png").read_bytes()


def test_a_variant_is_what_training_shows():
    samples = sample_doodles(5, seed=3).samples
    shown = with_variants(samples, 2, Variation(), seed=9)
    assert [sample.caption for sample in shown[:3]] == ["cat", "cat, variant 1", "cat, variant 2"]
    same = with_variants(samples, 1, Variation.none(), seed=9)[1::2]
    for before, after in zip(samples, same, strict=True):
        assert len(before.strokes) == len(after.strokes)
        np.testing.assert_array_equal(rasterize(after.strokes), after.bitmap)
    (_, plain) = with_variants([replace(samples[0], strokes=None)], 1, Variation.none(), seed=9)
    np.testing.assert_array_equal(plain.bitmap, samples[0].bitmap)


@pytest.mark.parametrize("variants", [-1, 1000, 21])
def test_a_sheet_has_no_room_for_too_many_variants(variants):
    with pytest.raises(InkgradError, match="for 48 drawings; a sheet has room for 1,000 of both"):
        preview(variants=variants)
