"""Every odd file by every way in: what comes of it stands in one table, `expectations.py`."""

from __future__ import annotations

import io
import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from inkgrad import cli
from inkgrad.drawing import to_bitmap
from inkgrad.errors import DataWarning, InkgradError
from inkgrad.layers import Dense, Flatten
from inkgrad.model import Model
from inkgrad.network import Network
from inkgrad.quickdraw import load_drawings
from inkgrad.quickdraw.formats import read_records
from inkgrad.web.predicting import predict as answer
from inkgrad.web.refusals import Refused as NotAnswered
from inkgrad.web.served import Served
from inkgrad.workflows import pack, predict, preview, train
from inkgrad.workflows.stdin import read_standard_input
from tests.corpus.expectations import EXPECTED, Read, Refused
from tests.drawing.stroke_forms import HEXAGON, rows
from tests.web.javascript import JavaScriptError, make_site
from tests.web.javascript import node as start_node

FILES = Path(__file__).parent / "files"
CLASSES = ("hexagon", "roof")
NETWORK = Network([Flatten(), Dense(len(CLASSES))], (1, 28, 28))
MODEL = Model(NETWORK, NETWORK.initialise(seed=1), CLASSES, engine="reference")
SERVED = {"m": Served("m", MODEL, MODEL.to_bytes())}

of_files = [name for name in EXPECTED if not name.startswith("folder-")]
of_folders = [name for name in EXPECTED if name.startswith("folder-")]


def truth(strokes: int) -> np.ndarray:
    return to_bitmap(rows(HEXAGON[:strokes]))


def check(bitmaps: np.ndarray, expected: Read) -> None:
    """See that these are the drawings that are expected."""
    assert len(bitmaps) == expected.drawings
    right = truth(expected.strokes)
    for bitmap in bitmaps:
        if expected.likeness == 1:
            np.testing.assert_array_equal(bitmap, right)
        likeness = np.corrcoef(bitmap.ravel(), right.ravel())[0, 1]
        assert likeness >= expected.likeness - 1e-9


def by(way, expected: Read | Refused):
    """Go one way in; return what comes of it, or None where it is refused as it should be."""
    found, refusal = None, None
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            found = way()
        except InkgradError as error:
            refusal = str(error)
    see_refusal(refusal, expected)
    if refusal is None:
        assert all(issubclass(warning.category, DataWarning) for warning in told)
        assert bool(told) == bool(expected.notice)
        assert all(expected.notice in str(warning.message) for warning in told)
    return found


def see_refusal(refusal: str | None, expected: Read | Refused) -> None:
    """See that it was refused in the words expected, or not refused."""
    if isinstance(expected, Refused):
        assert refusal is not None
        assert expected in refusal
    else:
        assert refusal is None


def test_every_file_has_a_line_and_every_line_a_file():
    assert sorted(path.name for path in FILES.iterdir()) == sorted(EXPECTED)
    assert sum(path.stat().st_size for path in FILES.rglob("*") if path.is_file()) < 200_000


@pytest.mark.parametrize("name", of_files)
def test_predict(name):
    expected = EXPECTED[name]
    found = by(lambda: predict(MODEL, [FILES / name]), expected)
    if found is not None:
        check(np.stack([prediction.reading.bitmap for prediction in found]), expected)
    content = (FILES / name).read_bytes()
    if not name.endswith(".bin"):  # whose kind cannot be seen from its bytes
        found = by(lambda: read_standard_input(io.BytesIO(content)), expected)
        if found is not None:
            check(found, expected)
    if isinstance(expected, Read) and expected.marks:
        marks = tuple(record.recognized for record in read_records(FILES / name))
        assert marks == expected.marks


@pytest.mark.parametrize("name", EXPECTED)
def test_preview(name, tmp_path):
    expected = EXPECTED[name]
    sheet = tmp_path / "sheet.png"
    found = by(lambda: preview(FILES / name, sheet, n=4), expected)
    assert sheet.exists() == (found is not None)
    if found is not None:
        classes = 2 if name in of_folders else 1
        assert found.shown == classes * expected.drawings
        assert (f"read as {expected.form}" in found.facts) == bool(expected.form)


@pytest.mark.parametrize("name", EXPECTED)
def test_pack(name, tmp_path):
    expected = EXPECTED[name]
    out = tmp_path / ("bitmaps" if name in of_folders else "bitmaps.npy")
    found = by(lambda: pack(FILES / name, out), expected)
    assert out.exists() == (found is not None)
    if found is not None:
        check(np.load(found[0].path).reshape(-1, 28, 28), expected)


@pytest.mark.parametrize("name", EXPECTED)
def test_what_train_and_evaluate_load(name, tmp_path):
    expected = EXPECTED[name]
    folder = FILES / name
    if name in of_files:
        (tmp_path / "mine" / "hexagon").mkdir(parents=True)
        shutil.copy(FILES / name, tmp_path / "mine" / "hexagon")
        folder = tmp_path / "mine"
    loaded = by(lambda: load_drawings(["hexagon"], data=folder, use_cache=False), expected)
    if loaded is not None:
        check(loaded.drawings.bitmaps, expected)
    if Path(name).suffix in (".ndjson", ".jsonl", ".csv", ".tsv"):  # with a word for each
        loaded = by(
            lambda: load_drawings(["hexagon"], data=FILES / name, use_cache=False), expected
        )
        if loaded is not None:
            check(loaded.drawings.bitmaps, expected)


def test_train_on_all_that_is_read(tmp_path):
    read = [n for n in of_files if isinstance(EXPECTED[n], Read) and not EXPECTED[n].notice]
    for label in CLASSES:
        (tmp_path / "mine" / label).mkdir(parents=True)
    for name in read:
        shutil.copy(FILES / name, tmp_path / "mine" / "hexagon")
    for number in range(20):
        roof = [[[0, 100, 255], [90 + number, 0, 80]]]
        (tmp_path / "mine" / "roof" / f"{number}.json").write_text(json.dumps(roof))
    trained = train(
        ",".join(CLASSES),
        data=tmp_path / "mine",
        out=tmp_path / "run",
        network=NETWORK,
        epochs=1,
        engine="reference",
    )
    total = sum(len(part.bitmaps) for part in trained.parts)
    assert total == 20 + sum(EXPECTED[name].drawings for name in read)


@pytest.mark.parametrize(
    "name", [n for n in of_files if n.endswith(".png") or n.startswith("strokes-")]
)
def test_server(name):
    expected, path = EXPECTED[name], FILES / name
    if name.endswith(".png"):
        kind, body = "image/png", path.read_bytes()
    else:
        value = json.loads(path.read_bytes())
        drawing = value.get("drawing", value) if isinstance(value, dict) else value
        kind, body = "application/json", json.dumps({"strokes": drawing}).encode()
    if "two-points-that-may-be-rows" in name:  # in a field that is documented to hold rows
        expected = Read(likeness=0)
    answered, refusal = {}, None
    try:
        answered = answer(SERVED, kind, body)
    except NotAnswered as error:
        refusal = str(error)
    if kind == "image/png" and refusal:  # in words of its own
        assert isinstance(expected, Refused)
        return
    see_refusal(refusal, expected)
    if refusal:
        return
    (probability,) = [g["probability"] for g in answered["guesses"] if g["class"] == "roof"]
    if expected.likeness == 1:
        right = float(MODEL.predict_proba(truth(expected.strokes)[None])[0, 1])
        assert probability == pytest.approx(right, abs=1e-6)


def test_the_pages_javascript(tmp_path):
    with start_node(make_site(tmp_path)) as javascript:
        see_what_the_page_reads(javascript)


def see_what_the_page_reads(javascript):
    names = [n for n in of_files if Path(n).suffix in (".ndjson", ".jsonl")]
    inputs = [(list((FILES / name).read_bytes()), name) for name in names]
    for name, found in zip(
        names, javascript.call_many("tests/files.js", "opened", inputs), strict=True
    ):
        expected = EXPECTED[name]
        see_refusal(found.message if isinstance(found, JavaScriptError) else None, expected)
        if isinstance(expected, Read):
            check(np.stack([to_bitmap(drawing) for drawing in found["hexagon"]]), expected)
    names = [n for n in of_files if n.startswith("strokes-") and "field" not in n]
    values = [json.loads((FILES / name).read_bytes()) for name in names]
    results = javascript.call_many(
        "static/drawing/strokeforms.js", "strokesFromJson", ([value] for value in values)
    )
    for name, value, found in zip(names, values, results, strict=True):
        expected = EXPECTED[name]
        if "nowhere" in name:
            assert found == [value, "rows [xs, ys]"]  # which checkStrokes refuses
            continue
        see_refusal(found.message if isinstance(found, JavaScriptError) else None, expected)
        if isinstance(expected, Read):
            check(to_bitmap(found[0])[None], expected)
            assert found[1] == (expected.form or "rows [xs, ys]")


@pytest.mark.parametrize("name", ["bitmaps-dark-on-white.npy", "web-page.png", "document.tldr"])
def test_the_command_line(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    MODEL.save("model.safetensors")
    result = CliRunner().invoke(cli.app, ["predict", "model.safetensors", str(FILES / name)])
    expected = EXPECTED[name]
    if isinstance(expected, Refused):
        assert result.exit_code == 2
        assert result.stderr.count("\n") == 1
        assert expected in result.stderr
    else:
        assert result.exit_code == 0, result.output
        notes = [line for line in result.stderr.splitlines() if line.startswith("note: ")]
        assert len(notes) == bool(expected.notice)
        assert all(expected.notice in note for note in notes)
