"""Suspicious drawings: found where somebody mixed dogs into the cats, and left out of training."""

from __future__ import annotations

import importlib
import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inkgrad import training
from inkgrad.errors import DataError, InkgradError
from inkgrad.quickdraw import load_drawings, split
from inkgrad.quickdraw.doodles import doodle_bitmaps
from inkgrad.training import Notice, StepDone
from inkgrad.workflows import Inspected, inspect, judging, train
from inkgrad.workflows.inspect import usual_epochs
from inkgrad.workflows.suspicious import drawing_id, named_in, read_suspicious


def ids(bitmaps: np.ndarray) -> set[str]:
    return set(map(drawing_id, bitmaps))


CLEAN, MIXED = 240, 12  # cats; dogs among them, after them


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with 240 cats and 12 dogs labelled cat, and 240 dogs."""
    folder = tmp_path_factory.mktemp("mixed") / "mixed"
    (folder / "numpy_bitmap").mkdir(parents=True)
    bitmaps, labels = doodle_bitmaps(("cat", "dog"), CLEAN + MIXED, seed=3)
    cats, dogs = (bitmaps[labels == k].reshape(-1, 784) for k in range(2))
    cats = np.concatenate([cats[:CLEAN], dogs[CLEAN:]])
    np.save(folder / "numpy_bitmap" / "cat.npy", cats)
    np.save(folder / "numpy_bitmap" / "dog.npy", dogs[:CLEAN])
    return folder


@pytest.fixture(scope="module")
def inspected(mixed: Path, tmp_path_factory: pytest.TempPathFactory) -> Inspected:
    out = tmp_path_factory.mktemp("inspected") / "new"
    return inspect(mixed, out, classes="cat,dog", folds=3, n=5, epochs=15)


def test_dogs_among_the_cats_are_found(inspected):
    cats = inspected.of("cat")
    found = [one for one in cats if one.row >= CLEAN]
    assert len(found) >= MIXED // 2
    assert len(found) >= len(cats) / 4  # of all cats they are a twentieth
    assert {one.suggested for one in cats} == {"dog"}
    losses = [one.loss for one in cats]
    assert losses == sorted(losses, reverse=True)
    assert inspected.accuracy > 0.75
    assert inspected.counts == {"cat": CLEAN + MIXED, "dog": CLEAN}


def test_rows_and_ids_name_the_drawings(inspected, mixed):
    for name in ("cat", "dog"):
        bitmaps = np.load(mixed / "numpy_bitmap" / f"{name}.npy").reshape(-1, 28, 28)
        for one in inspected.of(name):
            assert one.drawing == drawing_id(bitmaps[one.row])


def test_the_list_is_written_and_read(inspected, mixed):
    written = json.loads(inspected.path.read_text())
    assert written["suspicious"] == inspected.to_dict()["suspicious"]
    assert (written["folds"], written["seed"], written["epochs"]) == (3, 42, 15)
    listed = read_suspicious(inspected.path)
    assert listed == {(one.class_name, one.drawing) for one in inspected.suspicious}
    drawings = load_drawings(("cat", "dog"), data=mixed).drawings
    is_in = named_in(drawings, listed)
    assert is_in.sum() == len(inspected.suspicious)
    assert is_in[[one.row for one in inspected.of("cat")]].all()
    assert not named_in(drawings, frozenset({("dog", one.drawing) for one in inspected.of("cat")}))[
        :CLEAN
    ].any()  # a list is of drawings under a label


def test_there_is_a_sheet_for_each_class_that_has_any(inspected):
    assert {"cat"} <= set(inspected.sheets) <= {"cat", "dog"}
    for name, path in inspected.sheets.items():
        assert path == inspected.folder / f"{name}.png"
        with Image.open(path) as sheet:
            assert sheet.width >= 640
    assert {path.name for path in inspected.folder.iterdir()} == {
        "suspicious.json",
        *(path.name for path in inspected.sheets.values()),
    }


def test_the_same_drawings_and_seed_give_the_same_bytes(mixed, tmp_path):
    quick = {"classes": "cat,dog", "folds": 2, "limit": 60, "epochs": 2}
    one, other = (inspect(mixed, tmp_path / name, **quick) for name in ("one", "other"))
    assert one.suspicious
    for path in one.folder.iterdir():
        assert (other.folder / path.name).read_bytes() == path.read_bytes()
    assert len(list(one.folder.iterdir())) == len(list(other.folder.iterdir()))


@pytest.mark.parametrize(("number", "epochs"), [(12, 30), (40_000, 5), (400_000, 3)])
def test_networks_learn_for_as_long_as_they_need(number, epochs):
    assert usual_epochs(number) == epochs


def test_nothing_is_learnt_from_the_test_part_or_judged_by_who_knows_it(
    mixed, tmp_path, monkeypatch
):
    module = importlib.import_module("inkgrad.workflows.inspect")
    drawings = load_drawings(("cat", "dog"), data=mixed).drawings
    _, test = split(drawings)
    held_out = ids(drawings.bitmaps[test])
    learnt, judged = [], []

    def fit(network, data, **options):
        learnt.append(ids(data.bitmaps))
        return training.fit(network, data, **options)

    def judge(model, bitmaps):
        judged.append(ids(bitmaps))
        return judging.judge(model, bitmaps)

    monkeypatch.setattr(module, "fit", fit)
    monkeypatch.setattr(module, "judge", judge)
    inspect(mixed, tmp_path, classes="cat,dog", folds=3, epochs=1)
    assert len(learnt) == len(judged) == 3
    assert set.union(*judged) == ids(drawings.bitmaps)
    for known, asked in zip(learnt, judged, strict=True):
        assert not known & held_out
        assert not known & asked
        assert len(asked & held_out) > len(held_out) / 5  # each fold has its share


def test_progress_is_told(mixed, tmp_path):
    told = []
    inspect(
        mixed, tmp_path, classes="cat,dog", folds=2, epochs=2, limit=40, engine="reference",
        on_progress=lambda *step: told.append(step),
    )  # fmt: skip
    learning = [(done, total) for step, _, done, total in told if step == "learn"]
    assert learning == [(done, 4) for done in (1, 2, 3, 4)]
    assert told[-1] == ("lay", "", 2, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n is 0; a sheet has from 1 to 1,000 drawings"),
        ({"n": 1001}, "n is 1,001; a sheet has"),
        ({"epochs": 0}, "epochs is 0; give 1 or more"),
        ({"folds": 1}, "folds is 1; give 2 or more"),
        ({"classes": "cat"}, "the drawings are all of cat; suspicious ones can only be found am"),
        ({"limit": 3, "folds": 4}, "2 drawings of cat are left to learn from, too few for 4 fo"),
        ({"out": "file"}, "file is a file; name a folder for the list and the sheets with -o"),
    ],
)
def test_what_makes_no_sense_is_refused(mixed, surroundings, options, message):
    Path("file").touch()
    with pytest.raises(InkgradError) as caught:
        inspect(**{"data": mixed, "classes": "cat,dog", **options})
    assert str(caught.value).startswith(message)
    assert [path.name for path in surroundings.iterdir()] == ["file"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"suspicious": {}}',
        '{"suspicious": [1]}',
        '{"suspicious": [{"class_name": "cat"}]}',
        '{"suspicious": [{"class_name": "cat", "drawing": 7}]}',
        '{"suspicious": [], "suspicious": []}',
    ],
)
def test_what_is_no_list_is_refused_in_a_sentence(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"a\.json (is no list|cannot be read)"):
        read_suspicious(path)
    with pytest.raises(DataError, match=r"cannot read .*none\.json: No such file"):
        read_suspicious(tmp_path / "none.json")


def test_suspicious_drawings_are_not_learnt_from(inspected, mixed, tmp_path, monkeypatch):
    monkeypatch.chdir(inspected.folder)
    told = []
    options = {"data": mixed, "epochs": 1, "engine": "reference", "batch_size": 64}
    trained = train(
        "cat,dog", **options, out=tmp_path / "run", suspicious="suspicious.json",
        on_event=told.append,
    )  # fmt: skip
    whole = train("cat,dog", **options, out=tmp_path / "whole")
    listed = read_suspicious(inspected.path)
    is_out = named_in(whole.parts.train, listed)
    assert 0 < is_out.sum() < len(listed)
    kept = whole.parts.train.subset(~is_out)
    assert trained.parts.train.fingerprint() == kept.fingerprint()
    for part in ("validation", "test"):
        one, other = (getattr(parts, part) for parts in (trained.parts, whole.parts))
        assert one.fingerprint() == other.fingerprint()
    notes = [event.message for event in told if isinstance(event, Notice)]
    number, of = is_out.sum(), len(is_out)
    assert f"{number} of {of} drawings to learn from are suspicious and left out" in notes
    record = trained.model.record
    assert record["drawings"]["train"] == len(kept)
    assert record["settings"]["suspicious"] == "suspicious.json"
    assert "--suspicious suspicious.json" in record["command"]
    assert trained.settings.suspicious == str(inspected.path)


def test_a_list_that_is_none_is_told_before_anything_is_written(mixed, tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*none\.json: No such file"):
        train("cat,dog", data=mixed, out=tmp_path / "run", suspicious=tmp_path / "none.json")
    assert not (tmp_path / "run").exists() or not list((tmp_path / "run").glob("*.json"))


def interrupt(event):
    """Press Ctrl-C after the second step."""
    if isinstance(event, StepDone) and event.step == 2:
        os.kill(os.getpid(), signal.SIGINT)


def test_a_run_goes_on_with_its_list_and_no_other(inspected, mixed, tmp_path):
    """The list is read again; if it has changed, these are other drawings to learn from."""
    path = tmp_path / "list.json"
    path.write_bytes(inspected.path.read_bytes())
    options = {"data": mixed, "epochs": 1, "engine": "reference", "batch_size": 64}
    options |= {"suspicious": path}
    straight = train("cat,dog", **options, out=tmp_path / "straight")
    run = tmp_path / "run"
    assert train("cat,dog", **options, out=run, on_event=interrupt).stopped == "interrupted"
    path.write_text('{"suspicious": []}')
    with pytest.raises(InkgradError, match="data"):
        train(out=run, resume=True, engine="reference")
    path.write_bytes(inspected.path.read_bytes())
    resumed = train(out=run, resume=True, engine="reference")
    assert resumed.model.to_bytes() == straight.model.to_bytes()
