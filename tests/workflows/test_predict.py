"""Prediction: every kind of file, in order, named so that one knows which drawing is meant."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inkgrad.confidence import Confidence
from inkgrad.engines import SwitchingPredictor
from inkgrad.engines.cpu import CpuEngine
from inkgrad.errors import DataError, InkgradError
from inkgrad.model import load
from inkgrad.quickdraw.doodles import draw
from inkgrad.workflows import predict
from tests.compiled import KERNELS, come_late, pretend

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
    model = doodle_run.model.with_engine("reference")  # as for any few drawings
    probabilities = model.predict_proba(bitmaps)[[0, 1, 2, 0]]
    for prediction, shares in zip(found, probabilities, strict=True):
        told = prediction.to_dict()
        best = np.argsort(-shares)[:2]
        assert told["name"] == prediction.name
        assert [g["class"] for g in told["guesses"]] == [doodle_run.model.classes[k] for k in best]
        np.testing.assert_allclose([g["probability"] for g in told["guesses"]], shares[best], 1e-5)


def test_none_of_these_is_said_if_the_model_learnt_to_or_it_is_asked_for(doodle_run):
    bitmaps = np.concatenate([doodle_run.parts.test.bitmaps[:3], np.zeros((1, 28, 28), np.uint8)])
    np.save("four.npy", bitmaps)
    familiarity = doodle_run.model.familiarity(bitmaps)
    confidence = replace(
        doodle_run.model.confidence or Confidence(),
        threshold=float(np.sort(familiarity)[1:3].mean()),
        rejects=False,
    )
    for rejects in (False, True):
        model = replace(doodle_run.model, confidence=replace(confidence, rejects=rejects))
        for reject, expected in ((None, rejects), (True, True), (False, False)):
            found = predict(model, ["four.npy"], reject=reject)
            assert sum(p.rejected for p in found) == (2 if expected else 0)
            np.testing.assert_allclose(
                [p.to_dict()["familiarity"] for p in found], familiarity, atol=1e-5
            )
            assert all(len(p.to_dict()["guesses"]) > 0 for p in found)


def test_in_bytes(doodle_run):
    bitmaps = doodle_run.parts.test.bitmaps[:3]
    np.save("three.npy", bitmaps)
    found = predict(doodle_run.model, ["three.npy"], precision="int8")
    exact, whole = (
        doodle_run.model.with_engine("reference", name).predict_proba(bitmaps)
        for name in ("float32", "int8")
    )
    assert 0 < np.abs(whole - exact).max() < 0.05
    for prediction, shares in zip(found, whole, strict=True):
        told = [share for _, share in prediction.reading.guesses]
        np.testing.assert_allclose(told, np.sort(shares)[::-1][: len(told)], rtol=1e-6)


def test_a_folder_stands_for_the_files_in_it(doodle_run):
    bitmaps = doodle_run.parts.test.bitmaps[:3]
    for name in ("flat/b.png", "flat/a.png", "mine/cup/a.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(bitmaps[0]).save(name)
    for name in ("flat/notes.txt", "flat/Thumbs.db", "mine/cup/desktop.ini", "mine/notes.txt"):
        Path(name).write_text("no drawing")
    Path("bucket/numpy_bitmap").mkdir(parents=True)
    np.save("bucket/numpy_bitmap/cup.npy", bitmaps.reshape(3, 784))
    told: list[tuple[object, ...]] = []
    found = predict(
        doodle_run.model,
        ["flat", "mine", "bucket", "flat/b.png"],
        on_progress=lambda *a: told.append(a),
    )
    assert [Path(p.name).as_posix() for p in found] == [
        *("flat/a.png", "flat/b.png", "mine/cup/a.png"),
        *(f"bucket/numpy_bitmap/cup.npy:{n}" for n in (1, 2, 3)),
        "flat/b.png",
    ]
    assert ("read", "", 5, 5) in told
    Path("empty").mkdir()
    with pytest.raises(DataError, match="empty holds no drawings; expected"):
        predict(doodle_run.model, ["empty"])


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


@pytest.mark.parametrize(
    ("engine", "number", "waits"),
    [("auto", 4, False), ("auto", 5, False), ("cpu", 1, True), ("reference", 9, False)],
)
def test_only_an_engine_that_is_named_is_waited_for(
    doodle_run, monkeypatch, tmp_path, engine, number, waits
):
    pretend("there", monkeypatch, tmp_path)
    module = sys.modules["inkgrad.workflows.predict"]  # its name in the package is the function
    monkeypatch.setattr(module, "MANY", 5)
    np.save("some.npy", doodle_run.parts.test.bitmaps[: number - 1])
    np.save("one.npy", doodle_run.parts.test.bitmaps[:1])
    told = []
    predict(
        doodle_run.folder / "model.safetensors",
        ["some.npy", "one.npy"] if number > 1 else ["one.npy"],
        engine=engine,
        on_progress=lambda *event: told.append(event),
    )
    files = 2 if number > 1 else 1
    reading = [("read", "", done, files) for done in range(files + 1)]
    compiling = [("compile", "", done, KERNELS) for done in range(KERNELS + 1)]
    judging = [("judge", "", number, number)]
    assert told == reading + (compiling if waits else []) + judging


def test_many_drawings_begin_at_once_and_change_over(doodle_run, monkeypatch):
    """The kernels come after the first report; all drawings are answered as by either engine."""
    CpuEngine(doodle_run.model.network).prepare()
    late = come_late(monkeypatch)
    monkeypatch.setattr(sys.modules["inkgrad.workflows.predict"], "MANY", 5)
    monkeypatch.setattr("inkgrad.workflows.judging._AT_ONCE", 4)
    np.save("some.npy", np.resize(doodle_run.parts.test.bitmaps, (40, 28, 28)))
    model, made = load(doodle_run.folder / "model.safetensors"), []
    change = SwitchingPredictor._change
    monkeypatch.setattr(
        SwitchingPredictor, "_change", lambda self: (made.append(self), change(self))
    )

    def on_progress(what, _, done, total):
        if (what, done) == ("judge", 8):
            late.set()
            assert made[0].wait(60)

    mixed, plain = (
        predict(model, ["some.npy"], engine=engine, on_progress=tell)
        for engine, tell in (("auto", on_progress), ("reference", None))
    )
    assert len(made) == 1
    for one, other in zip(mixed, plain, strict=True):
        assert [name for name, _ in one.reading.guesses] == [n for n, _ in other.reading.guesses]
        shares = [[share for _, share in each.reading.guesses] for each in (one, other)]
        np.testing.assert_allclose(*shares, rtol=1e-4, atol=1e-6)


def test_one_drawing_does_not_wait_for_numba(doodle_run):
    """Nor does anything else that a command does before it computes."""
    np.save("one.npy", doodle_run.parts.test.bitmaps[0])
    model = doodle_run.folder / "model.safetensors"
    for words in (["predict", f"{model}", "one.npy"], ["--help"], ["info", f"{model}"]):
        script = (
            "import sys\n"
            "from inkgrad.cli import main\n"
            f"sys.argv = {['inkgrad', *words]!r}\n"
            "try: main()\n"
            "except SystemExit as end: assert not end.code\n"
            "assert not {'numba', 'llvmlite'} & set(sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr


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
    with pytest.raises(InkgradError, match="engine is 'steam'; choose one of"):
        predict(doodle_run.model, ["one.npy"], engine="steam")
