"""evaluate --reject: by classes that the model does not know, and has never met."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest

from inkgrad.confidence import Confidence
from inkgrad.insight import METRICS
from inkgrad.model import Model
from inkgrad.quickdraw.doodles import doodle_bitmaps
from inkgrad.quickdraw.nothings import nothing_bitmaps
from inkgrad.terminal import make_console, show_evaluation
from inkgrad.workflows import evaluate, train

ENGINE = {"engine": "reference"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with doodles of the five animals, of which zebras are unknown."""
    folder = tmp_path_factory.mktemp("data") / "quickdraw"
    (folder / "numpy_bitmap").mkdir(parents=True)
    for name in ("cat", "dog", "dolphin", "elephant", "zebra"):
        bitmaps, _ = doodle_bitmaps([name], 80, seed=1)
        np.save(folder / "numpy_bitmap" / f"{name}.npy", bitmaps.reshape(80, -1))
    (folder / "unknown.txt").write_text("zebra\n")
    return folder


@pytest.fixture(scope="module")
def model(folder, tmp_path_factory) -> Model:
    trained = train(
        ["cat", "dog"],
        data=folder,
        out=tmp_path_factory.mktemp("runs") / "run",
        outliers=0.5,
        epochs=3,
        batch_size=16,
        validation_size=0.2,
    )
    assert trained.model is not None
    return trained.model


def test_unknown_classes_are_judged_by(model, folder):
    found = evaluate(model, folder, **ENGINE)  # by itself, since it was trained to reject
    rejection = found.rejection
    assert rejection is not None
    assert (rejection.known, rejection.unknown, rejection.unknown_classes) == (32, 80, 1)
    names = [each.score for each in rejection.separations]
    assert names == ["its own", "energy", "largest logit", "margin", "features"]
    bitmaps = np.load(folder / "numpy_bitmap" / "zebra.npy").reshape(-1, 28, 28)
    rejected = model.recognise(bitmaps).rejected
    assert rejection.unknown_rejected == rejected.mean()
    assert set(rejection.nothings) == {"dots", "lines", "scribbles", "blanks"}
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["rejection"]["unknown"] == 80
    assert plain["calibration"]["error"] == pytest.approx(found.calibration.error)
    assert evaluate(model, folder, reject=False, **ENGINE).rejection is None


def test_without_a_list_the_drawings_held_out_of_other_classes(model, folder, tmp_path):
    elsewhere = tmp_path / "data"
    elsewhere.mkdir()
    (elsewhere / "numpy_bitmap").symlink_to(folder / "numpy_bitmap")
    rejection = evaluate(model, elsewhere, reject=True, **ENGINE).rejection
    assert rejection is not None
    assert rejection.unknown_classes == 3
    assert rejection.unknown == 3 * 16  # a fifth of each


def test_a_model_that_was_not_trained_to_reject_is_judged_if_it_is_asked_for(model, folder):
    plain = replace(model, confidence=Confidence())
    assert evaluate(plain, folder, **ENGINE).rejection is None
    rejection = evaluate(plain, folder, reject=True, **ENGINE).rejection
    assert rejection is not None
    assert rejection.unknown_rejected == 0  # it has no threshold
    assert rejection.accuracy_rejecting == rejection.accuracy


def test_where_there_are_no_other_classes_nothings_judge(model, tmp_path):
    (tmp_path / "numpy_bitmap").mkdir()
    for name in ("cat", "dog"):
        np.save(tmp_path / "numpy_bitmap" / f"{name}.npy", np.ones((9, 784), np.uint8))
    found = evaluate(model, tmp_path, **ENGINE)
    rejection = found.rejection
    assert rejection is not None
    assert (rejection.unknown, rejection.unknown_classes, rejection.separations) == (0, 0, ())
    assert rejection.unknown_rejected is None
    made = nothing_bitmaps("dots", 200, 2_000_003)
    assert rejection.nothings["dots"] == model.recognise(made).rejected.mean()
    assert json.loads(json.dumps(found.to_dict()))["rejection"]["unknown_rejected"] is None
    console = make_console(file := io.StringIO())
    show_evaluation(console, found.to_dict(), METRICS)
    assert "drawings of nothing, as the data has no other classes" in file.getvalue()
    assert "none of these by its threshold: dots" in file.getvalue()
    for card in found.write_card(tmp_path / "card", "pets"):
        assert "no drawings of classes that it does not know" in card.read_text("utf-8")
