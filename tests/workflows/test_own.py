"""Drawings of one's own mixed with Quick, Draw!'s: what is learnt, recorded, judged and refused."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import inkgrad
from inkgrad.errors import DataError, InkgradError
from inkgrad.layers import Dense, Flatten
from inkgrad.network import Network
from inkgrad.quickdraw import load_drawings, load_mixed, mixed_classes
from inkgrad.quickdraw.doodles import doodle_bitmaps
from inkgrad.quickdraw.outliers import other_classes
from inkgrad.workflows import evaluate, train

pytestmark = pytest.mark.usefixtures("surroundings")

quick = functools.partial(train, epochs=1, batch_size=16, engine="reference")


def write_own(folder: Path, counts: dict[str, int], seed: int = 5) -> Path:
    """Write pictures of doodles, a folder for each class."""
    for number, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True)
        bitmaps, _ = doodle_bitmaps(["zebra"], count, seed + number)
        for i, bitmap in enumerate(bitmaps):
            Image.fromarray(255 - bitmap).resize((280, 280)).save(folder / name / f"{i}.png")
    return folder


@pytest.fixture
def own(surroundings: Path) -> Path:
    return write_own(surroundings / "mine", {"logo": 12, "dog": 7})


def test_classes_are_those_asked_for_and_ones_own(own, doodle_folder):
    ask = functools.partial(mixed_classes, own, data=doodle_folder)
    assert ask("cats,zebra") == ("cat", "zebra", "dog", "logo")
    assert ask("logo,cats") == ("logo", "cat", "dog")
    assert ask(["dog", "cat"]) == ("dog", "cat", "logo")
    assert ask() == ("dog", "logo")
    assert ask(task="animals")[-1] == "logo"
    with pytest.raises(DataError, match="the class cat is given twice"):
        ask("cat,logo,cats")
    with pytest.raises(DataError, match="did you mean"):
        ask("logo,dgo")


def test_a_class_of_both_places_has_the_drawings_of_both(own, doodle_folder):
    classes = ("logo", "cat", "dog")
    loaded = load_mixed(classes, own, data=doodle_folder, limit=30)
    theirs = load_drawings(("cat", "dog"), data=doodle_folder, limit=30)
    mine = load_drawings(("dog", "logo"), data=own)
    assert loaded.drawings.classes == classes
    assert loaded.drawings.counts() == {"logo": 12, "cat": 30, "dog": 37}
    assert (np.diff(loaded.drawings.labels) >= 0).all()
    for part, name, number in ((theirs, "cat", 30), (mine, "logo", 12)):
        label, there = classes.index(name), part.drawings.classes.index(name)
        ours = loaded.drawings.bitmaps[loaded.drawings.labels == label]
        assert len(ours) == number
        np.testing.assert_array_equal(ours, part.drawings.bitmaps[part.drawings.labels == there])
    assert loaded.source == f"{theirs.source} and {mine.source}"
    assert loaded.counts["dog"].bitmaps + loaded.counts["dog"].strokes == 37
    assert loaded.attribution == theirs.attribution


def test_ones_own_alone_need_no_data(own):
    loaded = load_mixed(("logo",), own, offline=True)
    assert loaded.drawings.counts() == {"logo": 12}


def test_a_run_learns_both_and_tells_so(own, doodle_folder):
    trained = quick("cat", own=own, data=doodle_folder, limit=40, augment=1)
    assert trained.settings.classes == ("cat", "dog", "logo")
    assert sum(map(len, trained.parts)) == 40 + 47 + 12
    record = inkgrad.load(trained.folder / "model.safetensors").record
    assert "--own mine" in record["command"]
    assert record["data"]["source"] == (
        "the folder doodles (80 drawings) and the folder of drawings mine (19 drawings)"
    )
    assert str(own) not in (trained.folder / "card.md").read_text()
    assert "mine (19 drawings)" in (trained.folder / "card.md").read_text()
    # Judged again by what was held out: only with both places at hand.
    model = trained.folder / "model.safetensors"
    again = evaluate(model, doodle_folder, own=own)
    assert (again.part, again.evaluation.n) == ("test", trained.evaluation.n)
    assert again.evaluation.top1 == trained.evaluation.top1
    with pytest.raises(InkgradError, match=r"drawings of one's own, too \(mine\).* --own"):
        evaluate(model, doodle_folder)
    assert evaluate(model, doodle_folder, part="all").part == "all"


def test_it_is_resumed_by_what_it_was_asked_for(own, doodle_folder):
    steps = []

    def stop(event):
        steps.append(event)
        if len(steps) == 3:
            raise KeyboardInterrupt

    small = Network([Flatten(), Dense(3)])
    chosen = {"own": "mine", "data": doodle_folder, "limit": 60, "network": small}
    quick("cat", out="whole", **chosen)
    with pytest.raises(KeyboardInterrupt):
        quick("cat", out="parts", on_event=stop, **chosen)
    quick(out="parts", resume=True)
    one, two = (Path(name, "model.safetensors").read_bytes() for name in ("whole", "parts"))
    assert one == two


def test_a_class_of_ones_own_is_no_outlier(own, doodle_folder):
    told = []
    quick("cat", own=own, data=doodle_folder, outliers=1.0, limit=30, on_event=told.append)
    (said,) = [str(event) for event in told if "none of the classes: " in str(event)]
    others = set(other_classes(["cat"], doodle_folder)) - {"dog"}
    assert others
    assert all(name in said or f"{len(others)} other classes" in said for name in others)
    assert "dog" not in said


def test_what_is_no_folder_of_ones_own_is_refused(doodle_folder, surroundings):
    with pytest.raises(DataError, match="is not a folder of your own drawings; give one with"):
        quick("cat", own=doodle_folder, data=doodle_folder)
    with pytest.raises(InkgradError, match=r"nowhere.* does not exist"):
        quick("cat", own="nowhere", data=doodle_folder)
    assert not Path("runs").exists()
