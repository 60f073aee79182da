"""Training with outliers: what is learnt as none of the classes, and what comes of it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from inkgrad.drawing import Raster
from inkgrad.errors import InkgradError
from inkgrad.model import load
from inkgrad.quickdraw import Drawings, Loaded
from inkgrad.quickdraw.doodles import doodle_bitmaps
from inkgrad.quickdraw.nothings import nothing_bitmaps
from inkgrad.training import Notice
from inkgrad.workflows import train
from inkgrad.workflows.outliers import NOWHERE, find_outliers, others_of
from inkgrad.workflows.settings import Settings


@pytest.fixture
def bucket(tmp_path):
    """Return a folder with doodles of the five animals, of which zebras are unknown."""
    folder = tmp_path / "quickdraw"
    (folder / "numpy_bitmap").mkdir(parents=True)
    for name in ("cat", "dog", "dolphin", "elephant", "zebra"):
        bitmaps, _ = doodle_bitmaps([name], 120, seed=1)
        np.save(folder / "numpy_bitmap" / f"{name}.npy", bitmaps.reshape(120, -1))
    (folder / "unknown.txt").write_text("zebra\n")
    return folder


def test_others_are_divided_as_the_classes_are_and_nothings_added(bucket):
    settings = Settings(("cat", "dog"), outliers=0.5)
    parts = find_outliers(settings, 400, bucket, Raster())
    assert parts.train.counts() == {
        **{"dolphin": 91, "elephant": 91},
        **{"dots": 50, "lines": 50, "scribbles": 50, "blanks": 50},
    }
    assert parts.validation.counts()["dots"] == 200
    assert parts.test.counts() == {"dolphin": 24, "elephant": 24}
    others = others_of(settings, bucket, Raster())
    assert others is not None
    seen = [{b.tobytes() for b in part.bitmaps} for part in others]
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    made = [
        {b.tobytes() for b in part.subset(part.labels >= 2).bitmaps}
        for part in (parts.train, parts.validation)
    ]
    assert len(made[0] & made[1]) <= 3  # blanks, and points alone


def test_without_a_folder_there_are_nothings_alone():
    settings = Settings(("cat", "line"), outliers=0.25)
    parts = find_outliers(settings, 200, NOWHERE, Raster())
    assert parts.train.counts() == {"dots": 30, "dense scribbles": 30, "blanks": 30}
    assert len(parts.test) == 0


def test_training_with_them_gives_a_model_that_rejects(bucket, tmp_path):
    notices = []
    trained = train(
        ["cat", "dog"],
        data=bucket,
        out=tmp_path / "run",
        outliers=0.5,
        epochs=6,
        batch_size=16,
        validation_size=0.2,
        on_event=lambda event: notices.append(event) if isinstance(event, Notice) else None,
    )
    (told,) = [n.message for n in notices if n.message.startswith("none of the classes: ")]
    assert told.endswith("(2 other classes 154, dots 30, lines 30, scribbles 30, blanks 30)")
    model = load(tmp_path / "run" / "model.safetensors")
    assert model.confidence is not None
    assert model.confidence.rejects
    assert model.record["outliers"]["classes"] == 6
    assert "--outliers 0.5" in model.record["command"]
    assert trained.parts is not None
    known = model.recognise(trained.parts.test.bitmaps)
    assert known.rejected.mean() < 0.3
    unseen = nothing_bitmaps("dots", 100, seed=99)
    assert model.recognise(unseen).rejected.mean() > 0.5
    lines = [json.loads(x) for x in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [line["train_accuracy"] for line in lines if line["event"] == "epoch"][-1] > 0.6


def test_drawings_that_are_given_are_not_mixed_with_those_of_the_environment(bucket, monkeypatch):
    """Only where data is named, or was loaded from, are other classes taken."""
    monkeypatch.setenv("INKGRAD_DATA", str(bucket))
    shades = np.arange(80, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)
    drawings = Drawings(shades, np.repeat([0, 1], 40), ("dark", "light"))
    notices = []
    train(
        loaded=Loaded(drawings, "shades"),
        out=bucket.parent / "run",
        epochs=1,
        outliers=0.25,
        on_event=lambda event: notices.append(event) if isinstance(event, Notice) else None,
    )
    assert any("(dots 30, lines 30," in notice.message for notice in notices)


@pytest.mark.parametrize("share", [-0.1, 11, True, "0.25", float("nan")])
def test_impossible_shares_are_refused(share):
    with pytest.raises(InkgradError, match=r"outliers is .*; give a number for each drawing"):
        Settings(("cat", "dog"), outliers=share)
