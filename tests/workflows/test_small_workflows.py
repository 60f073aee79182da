"""Downloading, describing and checking: what the shorter commands do."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inkgrad.errors import DataError, InkgradError, ModelError
from inkgrad.layers import Dense, Flatten, ReLU
from inkgrad.model import Model
from inkgrad.network import Network
from inkgrad.workflows import check, download, info, train
from inkgrad.workflows.judging import judge
from tests.quickdraw.bucket import Bucket

pytestmark = pytest.mark.usefixtures("surroundings")


# --- download -----------------------------------------------------------------------------------


@pytest.fixture
def bucket(doodle_folder):
    """Serve the doodles as Google's bucket serves its files."""
    with Bucket() as server:
        for path in (doodle_folder / "numpy_bitmap").iterdir():
            server.files[f"numpy_bitmap/{path.name}"] = path.read_bytes()
        server.files["binary/cat.bin"] = b"\0" * 40
        server.files["tasks.json"] = (doodle_folder / "tasks.json").read_bytes()
        yield server


def test_the_first_rows_are_fetched_and_can_be_trained_on(bucket, doodle_folder):
    told = []
    files = download(
        ["cats", "dog"],
        limit=20,
        source=bucket.url,
        to="kept",
        on_progress=lambda *e: told.append(e),
    )
    assert list(files) == ["cat", "dog"]
    for name, path in files.items():
        whole = np.load(doodle_folder / "numpy_bitmap" / f"{name}.npy")
        np.testing.assert_array_equal(np.load(path), whole[:20])
    assert {(step, name) for step, name, _, _ in told} == {("fetch", "cat"), ("fetch", "dog")}
    folder = files["cat"].parent.parent
    network = Network([Flatten(), Dense(2)])
    assert train("cat,dog", data=folder, network=network, epochs=1, out="run").model is not None


def test_a_server_that_tells_nothing_of_its_files_is_noted_once(bucket):
    bucket.tags, bucket.hashes = "none", False
    told = []
    options = {"limit": 20, "source": bucket.url, "to": "kept"}
    download("cat,dog", **options, on_progress=lambda *e: told.append(e))
    notes = [event for event in told if event[0] == "note"]
    sentence = "127.0.0.1 tells neither tag, date nor sum of its files, so a changed or damaged"
    assert [(step, name[: len(sentence)], *rest) for step, name, *rest in notes] == [
        ("note", sentence, 1, 1)
    ]
    download("cat,dog", **{**options, "to": "elsewhere"})  # nobody listens


def test_a_task_of_the_mirror_can_be_fetched(bucket):
    assert list(download(task="pets", source=bucket.url, to="kept", limit=None)) == ["cat", "dog"]


def test_nothing_is_fetched_twice(bucket):
    download("cat", source=bucket.url, to="kept")
    asked = len(bucket.gets)
    download("cat", source=bucket.url, to="kept")
    assert len(bucket.gets) == asked


def test_binary_files_come_whole(bucket, monkeypatch):
    asked = {}

    def fetch(kind, names, rows, **options):
        asked.update(kind=kind, names=names, rows=rows)
        return {}

    module = sys.modules["inkgrad.workflows.download"]
    monkeypatch.setattr(module, "fetch", fetch)
    download("cat", kind="binary", source=bucket.url)
    assert asked == {"kind": "binary", "names": ("cat",), "rows": None}
    download("cat", source=bucket.url)
    assert asked == {"kind": "numpy_bitmap", "names": ("cat",), "rows": 10_000}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "no classes are named"),
        ({"classes": []}, "no classes are named"),
        ({"classes": "cta"}, "did you mean cat"),
        ({"classes": "cat", "task": "pets"}, "both classes and the task"),
        ({"classes": "cat", "kind": "photos"}, "there is no kind of file 'photos'"),
        ({"classes": "bee"}, "answered 404"),
        ({"classes": "cat", "limit": 0}, "rows is 0"),
    ],
)
def test_what_cannot_be_fetched_is_told(bucket, asked, message):
    with pytest.raises(InkgradError, match=message):
        download(source=bucket.url, to="kept", **asked)


# --- info ---------------------------------------------------------------------------------------


def test_the_seed_network_is_described():
    facts = info()
    assert facts["kind"] == "network"
    assert facts["parameters"] == 420_997
    assert facts["multiply_adds"] == 4_240_512
    assert facts["classes"] is None
    assert [layer["name"] for layer in facts["layers"]][:2] == ["conv1", "relu1"]
    assert facts["layers"][0] == {
        "name": "conv1",
        "type": "Conv2D",
        "output_shape": [32, 28, 28],
        "parameters": 320,
        "multiply_adds": 225_792,
    }
    assert sum(layer["parameters"] for layer in facts["layers"]) == facts["parameters"]
    json.dumps(facts, allow_nan=False)


def test_a_model_is_described(doodle_run):
    facts = info(doodle_run.folder / "model.safetensors")
    assert facts["kind"] == "model"
    assert facts["classes"] == ["cat", "dog", "zebra"]
    assert facts["parameters"] == doodle_run.model.network.size
    assert facts["record"] == doodle_run.model.record
    json.dumps(facts, allow_nan=False)


def test_files_of_drawings_are_described(doodle_folder, surroundings):
    path = doodle_folder / "numpy_bitmap" / "cat.npy"
    facts = info(path)
    assert facts == {
        "kind": "drawings",
        "path": str(path),
        "drawings": 40,
        "shape": [40, 28, 28],
        "ink": pytest.approx(np.load(path).mean()),
    }
    Image.fromarray(np.load(path)[0].reshape(28, 28)).save("cat.png")
    assert info("cat.png")["drawings"] == 1


def test_what_is_neither_is_refused(surroundings):
    Path("text.txt").write_text("hello")
    Path("fake.safetensors").write_text("hello")
    with pytest.raises(DataError, match=r"text\.txt: files of drawings end in"):
        info("text.txt")
    with pytest.raises(ModelError, match="not a readable safetensors file"):
        info("fake.safetensors")
    with pytest.raises(DataError, match=r"nothing\.npy does not exist"):
        info("nothing.npy")


# --- check --------------------------------------------------------------------------------------


def test_every_layer_of_a_network_is_checked():
    rows = check(Network([Flatten(), Dense(4), ReLU(), Dense(3)], (1, 5, 5)), seed=3)
    assert {row.layer for row in rows} == {"flatten1", "dense1", "relu1", "dense2", "loss"}
    assert all(row.passed for row in rows)
    assert max(row.relative_error for row in rows) > 0


# --- judging ------------------------------------------------------------------------------------


def test_judging_in_pieces_is_judging(monkeypatch):
    network = Network([Flatten(), Dense(3)])
    model = Model(network, network.initialise(), ("a", "b", "c"))
    bitmaps = np.random.default_rng(0).integers(0, 256, (2500, 28, 28), np.uint8)
    told = []
    judged = judge(model, bitmaps, lambda *event: told.append(event))
    np.testing.assert_array_equal(judged, model.predict_proba(bitmaps))
    assert told == [("judge", "", done, 2500) for done in (1024, 2048, 2500)]
    assert judge(model, bitmaps[:0]).shape == (0, 3)
