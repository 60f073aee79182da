"""Whatever lies in a run's folder, what is said of it shows a way out, and that way works."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from inkgrad.errors import InkgradError
from inkgrad.layers import Dense, Flatten
from inkgrad.model import load
from inkgrad.network import Network
from inkgrad.training import BEST, LAST, Notice, StepDone, fit
from inkgrad.workflows import train
from inkgrad.workflows.run import BEGUN, RUN, read_run, write_run
from tests.training.problems import RECIPES, TRAIN, tiny_network

SMALL = Network([Flatten(), Dense(2)])


@pytest.fixture(autouse=True)
def here(surroundings):
    """Work in an empty folder."""


def quick(folder, data, **options):
    usual = {"network": SMALL, "engine": "reference", "epochs": 2, "batch_size": 16}
    return train("cat,dog", data=data, out=folder, **{**usual, **options})


def resume(**options):
    return train(out="run", resume=True, network=SMALL, engine="reference", **options)


def interrupt(event):
    if isinstance(event, StepDone) and event.epoch == 2:
        os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(scope="module")
def made(doodle_folder, tmp_path_factory):
    """Return the folders of a finished run, of an interrupted one, and of another's end."""
    folder = tmp_path_factory.mktemp("made")
    quick(folder / "finished", doodle_folder)
    quick(folder / "interrupted", doodle_folder, on_event=interrupt)
    quick(folder / "other", doodle_folder, seed=5)
    return folder


def remove(*names):
    return lambda run: [(run / name).unlink(missing_ok=True) for name in names]


def write(name, content):
    return lambda run: (run / name).write_bytes(content)


def old_format(finished):
    def rewrite(run):
        facts = json.loads((run / RUN).read_text())
        (run / RUN).write_text(json.dumps({"finished": finished, "settings": facts["settings"]}))

    return rewrite


def state(name):
    return lambda run: write_run(run, read_run(run)[0], name)


def both(*changes):
    return lambda run: [change(run) for change in changes]


def other_checkpoint(run):
    """Lay an older run's checkpoint, its model and all beside the settings of a run that began."""
    for name in (LAST, BEST, "model.safetensors", "report.html", "metrics.jsonl"):
        shutil.copy(run.parent / "other" / name, run / name)


damaged = write(LAST, b"\x10" * 100)

# What lies there: made from the folder of a run in this state, by this change.
HALF_STATES = {
    "nothing": ("interrupted", lambda run: shutil.rmtree(run)),
    "an empty folder": ("interrupted", both(lambda run: [p.unlink() for p in run.iterdir()])),
    "an interrupted run": ("interrupted", lambda run: None),
    "a finished run": ("finished", lambda run: None),
    "settings alone, begun": ("interrupted", both(state(BEGUN), remove(LAST, BEST))),
    "begun over another run": ("interrupted", both(state(BEGUN), other_checkpoint)),
    "begun, its first checkpoint there": ("interrupted", state(BEGUN)),
    "training without a checkpoint": ("interrupted", remove(LAST)),
    "training, checkpoint damaged": ("interrupted", damaged),
    "training, checkpoint cut short": (
        "interrupted",
        lambda run: os.truncate(run / LAST, 1000),
    ),
    "training, everything done": (
        "finished",
        both(state("training"), remove("model.safetensors", "report.html")),
    ),
    "training, metrics torn": ("interrupted", lambda run: os.truncate(run / "metrics.jsonl", 99)),
    "training, metrics gone": ("interrupted", remove("metrics.jsonl")),
    "finished, model gone": ("finished", remove("model.safetensors")),
    "finished, model damaged": ("finished", write("model.safetensors", b"no model")),
    "finished, report gone": ("finished", remove("report.html")),
    "finished, only the model left": ("finished", remove(LAST, BEST, "metrics.jsonl")),
    "finished, model and checkpoint gone": ("finished", remove(LAST, "model.safetensors")),
    "finished, checkpoint damaged": ("finished", damaged),
    "finished, model gone, checkpoint damaged": (
        "finished",
        both(damaged, remove("model.safetensors")),
    ),
    "a checkpoint without run.json": ("interrupted", remove(RUN)),
    "run.json empty": ("interrupted", write(RUN, b"")),
    "run.json cut short": ("interrupted", write(RUN, b'{"state": "trai')),
    "run.json of another kind": ("interrupted", write(RUN, b"[]")),
    "run.json of an unknown state": ("interrupted", state("lost")),
    "run.json damaged, no checkpoint": ("interrupted", both(write(RUN, b"{"), remove(LAST))),
    "run.json damaged, a model there": ("finished", write(RUN, b"{")),
    "an earlier inkgrad's, interrupted": ("interrupted", old_format(False)),
    "an earlier inkgrad's, finished": ("finished", old_format(True)),
    "an earlier inkgrad's, not begun": ("interrupted", both(old_format(False), remove(LAST))),
    "temporaries and a lock of a killed process": (
        "interrupted",
        both(
            write(".model.safetensors.0a1b2c3d.inkgrad-tmp", b"half"),
            write(".inkgrad-run.lock", b'{"pid": 1, "host": "x", "since": "then"}'),
        ),
    ),
}

COMMANDS = ("train", "--resume", "--restart")


def command(name, data):
    """Do what the command line does with `train`, `train --resume` or `train --restart`."""
    if name == "--resume":
        return resume()
    return quick("run", data, restart=name == "--restart")


def ways_out(message):
    """Return the commands that a message names, in its order; what it names must work."""
    named = {
        "go on with it by --resume": "--resume",
        "by --restart": "--restart",
        "with --restart": "--restart",
        "leave out --resume": "train",
    }
    places = sorted((message.find(words), words) for words in named if words in message)
    return [named[words] for _, words in places]


@pytest.mark.parametrize("first", COMMANDS)
@pytest.mark.parametrize("what", HALF_STATES)
def test_the_way_out_that_is_named_works(made, doodle_folder, what, first):
    source, change = HALF_STATES[what]
    for name in (source, "other"):
        if (made / name).exists():
            shutil.copytree(made / name, name)
    Path(source).rename("run")
    change(Path("run"))
    model = Path("run/model.safetensors")
    old = model.read_bytes() if model.exists() else None
    refusal = None
    try:
        command(first, doodle_folder)
    except InkgradError as error:
        refusal = str(error)
    if refusal is None:
        check_whole(made, Path("run"))
        return
    assert (model.read_bytes() if model.exists() else None) == old
    ways = ways_out(refusal)
    assert ways, f"no way out is named: {refusal}"
    for way in ways:  # each from the same place
        if Path("run").exists():
            shutil.copytree("run", "kept")
        command(way, doodle_folder)
        check_whole(made, Path("run"))
        shutil.rmtree("run")
        if Path("kept").exists():
            Path("kept").rename("run")


def check_whole(made, run):
    """Check that a folder holds a whole run, the one that was asked for, and nothing else."""
    assert load(run / "model.safetensors").classes == ("cat", "dog")
    whole = (made / "finished" / "model.safetensors").read_bytes()
    assert (run / "model.safetensors").read_bytes() == whole
    assert (run / "report.html").read_bytes() == (made / "finished" / "report.html").read_bytes()
    assert {path.name for path in run.iterdir()} <= {
        *(LAST, BEST, RUN, "metrics.jsonl", "model.safetensors", "report.html"),
        *("card.html", "card.md"),
    }
    assert json.loads((run / RUN).read_text()).get("state", "finished") == "finished"


# --- begun ----------------------------------------------------------------------------------------

KILLED = """
import os, pathlib, signal, sys
import inkgrad.quickdraw.folder as folder
from inkgrad.layers import Dense, Flatten
from inkgrad.network import Network
from inkgrad.workflows import train

folder.read_class = lambda *args, **options: os.kill(os.getpid(), signal.SIGKILL)
train("cat,dog", data=sys.argv[1], network=Network([Flatten(), Dense(2)]), epochs=2,
      engine="reference", batch_size=16, seed=5, out="run")
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_killed_while_loading_over_a_finished_run_the_new_one_is_resumed(made, doodle_folder):
    shutil.copytree(made / "finished", "run")
    old = Path("run/model.safetensors").read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(doodle_folder)], check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    assert Path("run/model.safetensors").read_bytes() == old
    settings, found = read_run(Path("run"))
    assert (settings.recipe.seed, found) == (5, BEGUN)
    events = []
    resumed = resume(on_event=events.append)
    assert isinstance(events[0], Notice)
    assert events[0].message == "the run in run has no checkpoint yet; it starts from scratch"
    assert resumed.stopped == "finished"
    expected = (made / "other" / "model.safetensors").read_bytes()
    assert Path("run/model.safetensors").read_bytes() == expected != old


def test_a_mistake_or_ctrl_c_before_training_leaves_everything_as_it_was(
    made, doodle_folder, monkeypatch
):
    shutil.copytree(made / "interrupted", "run")
    before = {path.name: path.read_bytes() for path in Path("run").iterdir()}
    module = sys.modules["inkgrad.workflows.train"]
    for error in (InkgradError("no drawings"), KeyboardInterrupt()):

        def fail(*args, error=error, **options):
            assert read_run(Path("run"))[1] == BEGUN
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(module, "load_drawings", fail)
            with pytest.raises(type(error)):
                quick("run", doodle_folder, restart=True, seed=5)
        assert {path.name: path.read_bytes() for path in Path("run").iterdir()} == before


def test_what_is_asked_for_on_resuming_must_still_agree(made):
    for name in ("interrupted", "finished"):
        shutil.copytree(made / name, "run")
        with pytest.raises(InkgradError, match="has seed 42, but 3 is asked for; leave it out"):
            resume(seed=3)
        shutil.rmtree("run")


def test_the_run_says_training_only_when_the_checkpoint_is_its_own():
    """What a kill between the two leaves is begun again, never taken for what it is not."""
    told = []
    fit(
        tiny_network(),
        TRAIN,
        recipe=RECIPES["adam"],
        engine="reference",
        folder="run",
        should_stop=lambda: True,
        on_begun=lambda: told.append(sorted(path.name for path in Path("run").iterdir())),
    )
    assert told == [[LAST, "metrics.jsonl"]]
