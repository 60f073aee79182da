"""The demo: five animals, as many epochs as a minute or two allows, its own folder."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import inkgrad
from inkgrad.errors import InkgradError
from inkgrad.quickdraw import TASKS
from inkgrad.training import LAST, StepDone
from inkgrad.workflows import Settings, demo
from inkgrad.workflows.demo import DEMO_FOLDER
from inkgrad.workflows.run import TRAINING, write_run
from tests.buckets import write_bucket
from tests.quickdraw.bucket import Bucket

pytestmark = pytest.mark.usefixtures("surroundings")


@pytest.fixture(scope="module")
def animals(tmp_path_factory):
    """Return a folder with a few doodles of each of the five animals."""
    folder = tmp_path_factory.mktemp("demo") / "animals"
    return write_bucket(folder, TASKS["animals"], 12, seed=2)


def test_the_demo_trains_the_seed_network_on_five_animals(animals):
    trained = demo(animals, epochs=1)
    assert trained.folder == DEMO_FOLDER == Path("runs/demo")
    model = inkgrad.load(trained.folder / "model.safetensors")
    assert model.classes == TASKS["animals"]
    assert model.network == inkgrad.seed_network(5)
    assert trained.settings == dataclasses.replace(
        Settings.choose(TASKS["animals"], {"epochs": 1, "balance": True, "limit": 10_000}),
        task="animals",
        data=str(animals),
    )


def test_without_a_network_it_draws_doodles():
    trained = demo(offline=True, limit=12, epochs=1)
    assert trained.model.record["data"]["source"] == "built-in doodles"
    assert trained.settings.data is None
    assert trained.model.record["command"].startswith("inkgrad train --task animals --seed 42")


def test_the_environment_may_name_the_place(animals, monkeypatch):
    monkeypatch.setenv("INKGRAD_DATA", str(animals))
    assert demo(epochs=1, limit=6).settings.data == str(animals)


def test_a_mirror_is_asked_by_the_address_as_it_was_given(animals):
    with Bucket() as bucket:
        for path in (animals / "numpy_bitmap").iterdir():
            bucket.files[f"numpy_bitmap/{path.name}"] = path.read_bytes()
        trained = demo(bucket.url, epochs=1, limit=6)
        assert trained.settings.data == bucket.url
        assert trained.model.record["data"]["source"] == f"the mirror {bucket.url}"


@pytest.mark.parametrize(("drawings", "epochs"), [(50_000, 3), (16_000, 4), (2_000, 8)])
def test_the_epochs_depend_on_how_much_there_is(animals, monkeypatch, drawings, epochs):
    module = sys.modules["inkgrad.workflows.demo"]
    asked = {}
    loaded = SimpleNamespace(drawings=range(drawings))
    monkeypatch.setattr(module, "load_drawings", lambda *args, **options: loaded)
    monkeypatch.setattr(module, "train", lambda **options: asked.update(options))
    demo(animals)
    assert asked["epochs"] == epochs


def test_an_interrupted_demo_is_begun_anew_but_no_other_run(animals, monkeypatch):
    for folder in (DEMO_FOLDER, Path("mine")):
        write_run(folder, Settings(("cat", "dog")), TRAINING)
        (folder / LAST).touch()
    assert demo(animals, epochs=1).stopped == "finished"
    with pytest.raises(InkgradError, match="mine holds an interrupted run"):
        demo(animals, epochs=1, out="mine")
    assert demo(animals, epochs=1, out="mine", restart=True).stopped == "finished"


def test_it_tells_how_it_goes(animals):
    steps, loading = [], []
    demo(animals, epochs=1, on_event=steps.append, on_progress=lambda *e: loading.append(e))
    assert any(isinstance(step, StepDone) for step in steps)
    assert loading[-1][0] == "judge"
