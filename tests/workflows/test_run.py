"""A run's folder: written in one step, protected while it is interrupted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from inkgrad.errors import InkgradError
from inkgrad.layers import Dense
from inkgrad.network import Network
from inkgrad.training import LAST, ArrayBatches, Recipe, fit
from inkgrad.workflows import Settings
from inkgrad.workflows.run import (
    BEGUN,
    FINISHED,
    RUN,
    TRAINING,
    default_folder,
    folder_to_resume,
    read_run,
    refuse_to_overwrite,
    resume_run,
    write_run,
    writing_to,
)

SETTINGS = Settings(("cat", "dog"))
NETWORK = Network([Dense(2)], (4,))


def write_checkpoint(folder):
    """Leave what a run has after its first epoch."""
    data = ArrayBatches(np.eye(4, dtype=np.float32), np.array([0, 0, 1, 1]))
    fit(NETWORK, data, folder=folder, recipe=Recipe(epochs=1))


@pytest.mark.parametrize(
    ("task", "classes", "folder"),
    [
        ("animals", ("cat", "dog"), "runs/animals"),
        (None, ("cat", "The Eiffel Tower"), "runs/cat-The-Eiffel-Tower"),
        ("../../etc", (), "runs/etc"),
        (None, ("??",), "runs/run"),
        (None, ("cat",) * 30, "runs/" + "-".join(["cat"] * 15)),
    ],
)
def test_a_folder_is_named_after_what_is_learnt(task, classes, folder):
    assert default_folder(task, classes).as_posix() == folder


def test_a_run_is_read_back(tmp_path):
    for state in (BEGUN, TRAINING, FINISHED):
        write_run(tmp_path / "run", SETTINGS, state)
        assert read_run(tmp_path / "run") == (SETTINGS, state)


@pytest.mark.parametrize(("finished", "state"), [(False, TRAINING), (True, FINISHED)])
def test_a_run_of_an_earlier_inkgrad_is_read(tmp_path, finished, state):
    (tmp_path / RUN).write_text(json.dumps({"finished": finished, "settings": SETTINGS.to_dict()}))
    assert read_run(tmp_path) == (SETTINGS, state)


def test_a_state_that_is_unknown_is_refused(tmp_path):
    (tmp_path / RUN).write_text(json.dumps({"state": "lost", "settings": SETTINGS.to_dict()}))
    with pytest.raises(InkgradError, match=r"run\.json is damaged \(its state is 'lost'\)"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"settings": {}}', '{"finished": true}', '{"settings": 3}']
)
def test_a_damaged_run_is_refused(tmp_path, content):
    (tmp_path / RUN).write_text(content)
    with pytest.raises(InkgradError, match=r"run\.json is damaged"):
        read_run(tmp_path)


def test_a_missing_run_is_told(tmp_path):
    with pytest.raises(InkgradError, match="there is no run to resume"):
        read_run(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(InkgradError, match="there is no run to resume"):
        read_run(tmp_path / "file")


def test_only_an_interrupted_run_is_protected(tmp_path):
    refuse_to_overwrite(tmp_path / "new", restart=False)
    refuse_to_overwrite(tmp_path, restart=False)
    write_run(tmp_path, SETTINGS, TRAINING)
    refuse_to_overwrite(tmp_path, restart=False)  # there is nothing to lose: no checkpoint
    write_checkpoint(tmp_path)
    with pytest.raises(InkgradError, match="holds an interrupted run; go on with it by --resume"):
        refuse_to_overwrite(tmp_path, False, NETWORK)
    refuse_to_overwrite(tmp_path, restart=True)
    for state in (BEGUN, FINISHED):  # the checkpoint is not of this run, or no longer needed
        write_run(tmp_path, SETTINGS, state)
        refuse_to_overwrite(tmp_path, False, NETWORK)


def test_to_resume_is_not_advised_where_it_would_fail(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a long path might have the message shortened
    folder = Path("run")
    write_run(folder, SETTINGS, TRAINING)
    write_checkpoint(folder)  # of another network than the run's
    with pytest.raises(InkgradError, match="that cannot be resumed; forget it by --restart") as e:
        refuse_to_overwrite(folder, restart=False)
    assert "--resume" not in str(e.value)


def test_a_checkpoint_of_which_nothing_is_known_is_protected(tmp_path):
    (tmp_path / LAST).touch()
    with pytest.raises(InkgradError, match="interrupted run"):
        refuse_to_overwrite(tmp_path, restart=False)
    (tmp_path / RUN).write_text(json.dumps({"finished": "yes", "settings": SETTINGS.to_dict()}))
    with pytest.raises(InkgradError, match="interrupted run"):
        refuse_to_overwrite(tmp_path, restart=False)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InkgradError, match="is a file; name a folder"):
        refuse_to_overwrite(tmp_path / "file", restart=True)


def resume(out, classes=None, *, task=None, data=None, **choices):
    folder, asked = folder_to_resume(out, classes, task=task, data=data)
    return folder, resume_run(folder, asked, choices, NETWORK)[0]


def test_what_may_change_on_resuming(tmp_path):
    write_run(tmp_path, SETTINGS, BEGUN)
    assert resume(tmp_path) == (tmp_path, SETTINGS)
    assert resume(tmp_path, ["cats", "dog"], seed=42, split="stratified") == (tmp_path, SETTINGS)
    _, longer = resume(tmp_path, epochs=9, patience=2)
    assert (longer.recipe.epochs, longer.recipe.patience) == (9, 2)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"seed": 3}, "has seed 42, but 3 is asked for"),
        ({"limit": 9}, "has limit None, but 9 is asked for"),
        ({"classes": "cat,zebra"}, "learns cat, dog, not cat, zebra"),
        ({"task": "animals"}, "learns cat, dog, not cat, dog, dolphin"),
        ({"epochs": 0}, "epochs is 0"),
    ],
)
def test_what_may_not(tmp_path, asked, message):
    write_run(tmp_path, SETTINGS, TRAINING)
    with pytest.raises(InkgradError, match=message):
        resume(tmp_path, **asked)


def test_epochs_may_not_change_where_the_schedule_was_laid_out_for_them(tmp_path):
    write_run(tmp_path, SETTINGS, TRAINING)
    write_checkpoint(tmp_path)
    with pytest.raises(InkgradError, match="has epochs 6, but 9 is asked for; leave it out"):
        resume(tmp_path, epochs=9)


def test_the_folder_may_be_named_by_the_task(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_run(default_folder(None, SETTINGS.classes), SETTINGS, TRAINING)
    assert resume(None, "cat,dog")[0].as_posix() == "runs/cat-dog"
    with pytest.raises(InkgradError, match="no run to resume is named; give its folder with --out"):
        resume(None)


def test_a_disk_that_refuses_is_told(tmp_path):
    with (
        pytest.raises(InkgradError, match=r"cannot write to .*No space left.*make room"),
        writing_to(tmp_path),
    ):
        raise OSError(28, "No space left on device")
    with pytest.raises(BrokenPipeError), writing_to(tmp_path):
        raise BrokenPipeError(32, "Broken pipe")
