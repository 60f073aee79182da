"""Prediction: every kind of file, in order, named so that one knows which drawing is meant."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

from inkgrad.errors import DataError, InkgradError
from inkgrad.quickdraw.doodles import draw
from inkgrad.workflows import predict

pytestmark = pytest.mark.usefixtures("surroundings")


def test_every_drawing_of_every_file_is_read_in_order(doodle_run, surroundings):
    bitmaps = doodle_run.parts.test.bitmaps[:3]
    np.save("three.npy", bitmaps)
    Image.fromarray(bitmaps[0]).save("one.png")
    found = predict(doodle_run.model, ["three.npy", surroundings / "one.png"], top=2)
    assert [p.name for p in found] == [
        *("three.npy:1", "three.npy:2", "three.npy:3"),
        str(surroundings / "one.png"),
    ]
    np.testing.assert_array_equal([p.reading.bitmap for p in found], bitmaps[[0, 1, 2, 0]])
    probabilities = doodle_run.model.predict_proba(bitmaps)[[0, 1, 2, 0]]
    for prediction, shares in zip(found, probabilities, strict=True):
        told = prediction.to_dict()
        best = np.argsort(-shares)[:2]
        assert told["name"] == prediction.name
        assert [g["class"] for g in told["guesses"]] == [doodle_run.model.classes[k] for k in best]
        np.testing.assert_allclose([g["probability"] for g in told["guesses"]], shares[best], 1e-5)


def test_no_more_guesses_than_classes(doodle_run):
    np.save("one.npy", doodle_run.parts.test.bitmaps[0])
    (found,) = predict(doodle_run.model, ["one.npy"], top=10)
    assert len(found.reading.guesses) == 3
    assert sum(share for _, share in found.reading.guesses) == pytest.approx(1, abs=1e-5)


def test_a_dash_is_standard_input(doodle_run, monkeypatch):
    strokes = draw("cat", np.random.default_rng(3))
    (one,) = predict(doodle_run.model, [written("cat.json", json.dumps(strokes))])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(strokes).encode())))
    (piped,) = predict(doodle_run.folder / "model.safetensors", ["-"])
    assert piped.name == "standard input"
    assert piped.reading.guesses == one.reading.guesses


def written(name, text):
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
    return name


def test_mistakes_are_refused(doodle_run):
    np.save("one.npy", doodle_run.parts.test.bitmaps[0])
    with pytest.raises(InkgradError, match="top is 0; ask for at least 1"):
        predict(doodle_run.model, ["one.npy"], top=0)
    with pytest.raises(InkgradError, match="no drawings are given"):
        predict(doodle_run.model, [])
    with pytest.raises(DataError, match=r"nothing\.png does not exist"):
        predict(doodle_run.model, ["nothing.png"])
    with pytest.raises(InkgradError, match="no engine"):
        predict(doodle_run.model, ["one.npy"], engine="steam")
