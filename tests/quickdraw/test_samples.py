"""Samples: evenly of all classes, by the seed alone, just as the readers read them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from inkgrad.drawing import is_simplified, picture_on_paper, rasterize, to_bitmap
from inkgrad.errors import DataError
from inkgrad.quickdraw import read_bitmaps, samples
from inkgrad.quickdraw.doodles import ANIMALS, doodles
from inkgrad.quickdraw.loaded import ATTRIBUTION
from inkgrad.quickdraw.samples import sample_doodles, sample_drawings
from tests.quickdraw.formats.writers import (
    CROSS,
    LINE,
    write_binary,
    write_kaggle,
    write_ndjson,
    write_sketchrnn,
)

pytestmark = pytest.mark.usefixtures("surroundings")

RAW = [[[900.5, 1100.0, 1300.0], [40.0, 41.0, 40.0], [0, 10, 20]]]


def labels(sampled):
    return [sample.label for sample in sampled.samples]


def bitmaps(sampled):
    return [sample.bitmap.tobytes() for sample in sampled.samples]


def write_npy(name: str, number: int) -> Path:
    """Write bitmaps that all differ."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = np.zeros((number, 784), np.uint8)
    rows[:, :2] = np.stack(np.divmod(np.arange(number), 256), axis=1)
    np.save(path, rows)
    return path


def lines(number: int) -> list:
    """Return drawings that all differ."""
    return [[[[0, 255], [0, k]]] for k in range(number)]


@pytest.mark.parametrize(
    "write",
    [
        lambda: write_ndjson(Path("cat.ndjson"), [CROSS, LINE]),
        lambda: write_binary(Path("cat.bin"), [CROSS, LINE]),
        lambda: write_kaggle(Path("cat.csv"), [CROSS, LINE]),
        lambda: write_sketchrnn(Path("cat.npz"), train=[CROSS], test=[LINE]),
    ],
)
def test_strokes_come_as_every_reader_reads_them(write):
    path = write()
    sampled = sample_drawings([path])
    assert labels(sampled) == ["cat", "cat"]
    assert (sampled.drawings, sampled.classes) == (2, 1)
    assert bitmaps(sampled) == [bitmap.tobytes() for bitmap in read_bitmaps(path)]
    for sample in sampled.samples:
        assert (rasterize(sample.strokes) == sample.bitmap).all()
        assert sample.picture is None


def test_raw_strokes_are_shown_as_simplification_leaves_them():
    path = write_ndjson(Path("line.ndjson"), [RAW])
    (sample,) = sample_drawings([path]).samples
    assert is_simplified(sample.strokes)
    assert sample.strokes[0].tolist() == [[0, 255], [0, 0]]
    assert (sample.bitmap == to_bitmap(RAW)).all()


def test_bitmaps_have_no_strokes():
    path = write_npy("cat.npy", 3)
    sampled = sample_drawings([path])
    assert bitmaps(sampled) == [row.tobytes() for row in read_bitmaps(path)]
    assert [sample.strokes for sample in sampled.samples] == [None] * 3


def test_a_picture_comes_with_what_it_looked_like():
    paper = Image.new("RGB", (60, 40), "white")
    ImageDraw.Draw(paper).line([(10, 10), (50, 30)], fill="blue", width=3)
    paper.save("mine.png")
    sampled = sample_drawings(["mine.png"])
    (sample,) = sampled.samples
    assert (sample.label, sample.caption, sampled.classes) == (None, "mine", 0)
    assert (sample.bitmap == read_bitmaps("mine.png")[0]).all()
    assert (sample.picture == picture_on_paper("mine.png")).all()
    assert sample.picture.shape == (40, 60, 3)


def test_the_words_in_a_file_are_its_classes():
    many = [{"drawing": drawing} for drawing in lines(40)]
    for number, drawing in enumerate(many):
        drawing["word"] = "rare" if number == 7 else "dog" if number % 2 else "cat"
    many[3]["word"] = None
    Path("mixed.ndjson").write_text("\n".join(map(json.dumps, many)))
    sampled = sample_drawings(["mixed.ndjson"], 10)
    assert Counter(labels(sampled)) == {"cat": 4, "dog": 4, "mixed": 1, "rare": 1}
    assert labels(sampled) == sorted(labels(sampled))
    assert (sampled.drawings, sampled.classes) == (40, 4)
    only = sample_drawings(["mixed.ndjson"], 10, classes="RARE,cats")
    assert labels(only) == ["rare"] + ["cat"] * 9
    assert (only.drawings, only.classes) == (21, 2)


def test_a_class_folders_name_stands_above_the_words():
    Path("mine/tiger").mkdir(parents=True)
    write_ndjson(Path("mine/tiger/a.ndjson"), [LINE], word="cat")
    assert labels(sample_drawings(["mine"])) == ["tiger"]


def test_each_class_has_its_share_and_few_leave_room_for_others():
    for name, number in (("ant", 2), ("bee", 50), ("cow", 50)):
        write_npy(f"all/{name}.npy", number)
    assert Counter(labels(sample_drawings(["all"], 12))) == {"ant": 2, "bee": 5, "cow": 5}
    everything = sample_drawings(["all"], 1000)
    assert len(everything.samples) == everything.drawings == 102
    assert len(set(bitmaps(everything))) == 50


def test_of_more_classes_than_drawings_some_are_chosen():
    for k in range(9):
        write_npy(f"all/class {k}.npy", 5)
    sampled = sample_drawings(["all"], 4)
    assert len(set(labels(sampled))) == 4
    assert (sampled.drawings, sampled.classes) == (None, 9)
    others = [labels(sample_drawings(["all"], 4, seed=seed)) for seed in range(5)]
    assert len({tuple(names) for names in others}) > 1
    assert labels(sample_drawings(["all"], 2, classes="class 8,class 2")) == ["class 8", "class 2"]


def test_the_same_seed_chooses_the_same():
    write_npy("cat.npy", 900)
    write_ndjson(Path("dog.ndjson"), lines(200))
    first, again, other = (sample_drawings(["cat.npy", "dog.ndjson"], 8, seed=s) for s in (1, 1, 2))
    assert bitmaps(first) == bitmaps(again)
    assert bitmaps(first) != bitmaps(other)
    assert first.drawings == 1100


def test_of_bitmaps_any_may_be_chosen_of_long_files_of_strokes_the_first(monkeypatch):
    monkeypatch.setattr(samples, "_LOOKED_AT", 20)
    write_npy("cat.npy", 2000)
    assert sample_drawings(["cat.npy"], 5).drawings == 2000
    assert max(s.bitmap[0, 0] for s in sample_drawings(["cat.npy"], 5).samples) > 0
    write_ndjson(Path("dog.ndjson"), lines(21))
    sampled = sample_drawings(["dog.ndjson"], 19)
    assert sampled.drawings is None
    assert {s.strokes[0][1, 1] for s in sampled.samples} <= set(range(20))
    write_ndjson(Path("dog.ndjson"), lines(20))
    assert sample_drawings(["dog.ndjson"], 19).drawings == 20


def test_of_many_pictures_only_those_shown_are_opened():
    Path("mine/dot").mkdir(parents=True)
    for number in range(9):
        Image.fromarray(np.eye(28, dtype=np.uint8) * 255).save(f"mine/dot/{number}.png")
    chosen = {s.name for s in sample_drawings(["mine"], 2).samples}
    assert len(chosen) == 2
    for number in range(9):
        if str(number) not in chosen:
            Path(f"mine/dot/{number}.png").write_text("no picture")
    assert {s.name for s in sample_drawings(["mine"], 2).samples} == chosen
    assert sample_drawings(["mine"], 2).drawings is None


def test_googles_drawings_are_attributed():
    for path in (
        write_npy("numpy_bitmap/cat.npy", 1),
        write_ndjson(Path("cat.ndjson"), [LINE], key_id="7"),
    ):
        assert sample_drawings([path]).attribution == ATTRIBUTION
    for path in (write_npy("mine/cat.npy", 1), write_ndjson(Path("cat.ndjson"), [LINE])):
        assert sample_drawings([path]).attribution == ""


def test_progress_is_told():
    write_npy("all/cat.npy", 2)
    write_npy("all/dog.npy", 1)
    told = []
    sample_drawings(["all"], on_progress=lambda *event: told.append(event))
    assert told == [
        *(("read", "", k, 2) for k in range(3)),
        *(("draw", "cat", 1, 2), ("draw", "cat", 2, 2), ("draw", "dog", 1, 1)),
    ]


def test_doodles_have_their_strokes():
    sampled = sample_doodles(7, seed=3)
    drawn, numbers = doodles(ANIMALS, 2, 3)
    of_each = {name: [d for d, k in zip(drawn, numbers, strict=True) if k == i]
               for i, name in enumerate(ANIMALS)}  # fmt: skip
    assert Counter(labels(sampled)) == {"cat": 2, "dog": 2, "dolphin": 1, "elephant": 1, "zebra": 1}
    for sample in sampled.samples:
        strokes = [stroke.astype(int).tolist() for stroke in sample.strokes]
        assert strokes in [[list(map(list, s)) for s in d] for d in of_each[sample.label]]
    assert (sampled.drawings, sampled.classes, sampled.attribution) == (None, 5, "")
    assert labels(sample_doodles(3, classes=["zebras"])) == ["zebra"] * 3
    with pytest.raises(DataError, match="no drawings of 'unicorn' here; did you mean"):
        sample_doodles(3, classes="unicorn")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n is 0; ask for 1 drawing or more"),
        ({"seed": -1}, "seed is -1; give 0 or more"),
        ({"classes": "cat,,dog"}, "a class without a name is given"),
        ({"classes": []}, "no classes are given; name at least one"),
        ({"classes": "dgo"}, "no drawings of 'dgo' here; did you mean dog, "),
        ({"classes": "cat,lion"}, "no drawings of 'lion' here; did you mean"),
    ],
)
@pytest.mark.parametrize("place", ["mine", "all"])
def test_mistakes_are_refused(options, message, place):
    for name in ("cat", "dog", "owl"):
        write_npy(f"mine/{name}/a.npy", 2)
        write_npy(f"all/{name}.npy", 2)
    with pytest.raises(DataError, match=message):
        sample_drawings([place], **options)


def test_what_cannot_be_read_is_named():
    write_ndjson(Path("wild.ndjson"), [LINE, [[[0, 1] * 900, [0, 1, 1, 0] * 450]]])
    with pytest.raises(DataError, match=r"wild\.ndjson: drawing 2: the strokes are .* as long as"):
        sample_drawings(["wild.ndjson"])
    write_npy("none.npy", 0)
    with pytest.raises(DataError, match=r"none\.npy holds no drawings"):
        sample_drawings(["none.npy"])
    Path("mine/cup/odd.npy").mkdir(parents=True)
    with pytest.raises(DataError, match=r"odd\.npy"):
        sample_drawings(["mine"])
    Image.new("RGB", (9, 9), "white").save("blank.png")
    with pytest.raises(DataError, match=r"blank\.png: the picture is blank"):
        sample_drawings(["blank.png"])


def test_unlabelled_drawings_have_no_classes_to_choose():
    Image.fromarray(np.eye(28, dtype=np.uint8) * 255).save("x.png")
    with pytest.raises(DataError, match="they are of no known class; leave the classes out"):
        sample_drawings(["x.png"], classes="cat")
