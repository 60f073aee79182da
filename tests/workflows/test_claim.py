"""A run's folder belongs to one training at a time, from before anything slow to the report."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inkgrad import cli, locks
from inkgrad.errors import InkgradError
from inkgrad.layers import Dense, Flatten
from inkgrad.network import Network
from inkgrad.quickdraw import TASKS
from inkgrad.training import Notice
from inkgrad.workflows import demo, train
from inkgrad.workflows.claim import LOCK, claim
from tests.buckets import write_bucket

pytestmark = pytest.mark.usefixtures("surroundings")

SMALL = Network([Flatten(), Dense(2)])
quick = functools.partial(
    train, "cat,dog", network=SMALL, engine="reference", epochs=1, batch_size=16
)


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def refused(work, folder="run"):
    """Check that `work` is refused in a sentence that names this process, and changes nothing."""
    before = contents(folder)
    with pytest.raises(InkgradError, match=f"{folder} is in use by process {os.getpid()} on "):
        in_a_thread(work)
    assert contents(folder) == before


def in_a_thread(work):
    """Do it in another thread, which holds nothing that this one does, and raise what it raises."""
    raised = []

    def guarded():
        try:
            work()
        except InkgradError as error:
            raised.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    thread.join()
    for error in raised:
        raise error


# The moments of a training at which another one may want its folder.
MOMENTS = ["on_loaded", "on_event", "on_progress"]  # loaded, while it trains, while it judges


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("options", [{}, {"restart": True}, {"resume": True}], ids=str)
def test_a_second_training_is_refused_whenever_it_comes(doodle_folder, moment, options):
    seen = []

    def meanwhile(*event):
        if not seen:
            seen.append(event)
            refused(lambda: quick(data=doodle_folder, out="run", **options))

    first = quick(data=doodle_folder, out="run", **{moment: meanwhile})
    assert seen
    assert first.stopped == "finished"
    assert LOCK not in contents("run")


def test_it_is_held_while_drawings_are_loaded(doodle_folder, monkeypatch):
    module = sys.modules["inkgrad.workflows.train"]
    load = module.load_drawings

    def slow(*args, **options):
        monkeypatch.setattr(module, "load_drawings", load)
        refused(lambda: quick(data=doodle_folder, out="run"))
        return load(*args, **options)

    monkeypatch.setattr(module, "load_drawings", slow)
    assert quick(data=doodle_folder, out="run").stopped == "finished"


def test_the_demo_holds_it_from_before_loading(surroundings, monkeypatch):
    five = write_bucket(surroundings / "five", TASKS["animals"], 8, seed=1)
    module = sys.modules["inkgrad.workflows.demo"]
    load = module.load_drawings

    def slow(*args, **options):
        monkeypatch.setattr(module, "load_drawings", load)
        for second in (
            lambda: demo(five, out="run", epochs=1),
            lambda: train(task="animals", data=five, out="run"),
        ):
            refused(second)
        return load(*args, **options)

    monkeypatch.setattr(module, "load_drawings", slow)
    assert demo(five, out="run", epochs=1).stopped == "finished"


HOLDER = """
import pathlib, sys
from inkgrad.workflows.claim import claim
with claim(pathlib.Path("run")):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_told_in_one_sentence_with_code_2(doodle_folder):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"held\n"
        before = contents("run")
        words = ("train", "--task", "pets", "--data", str(doodle_folder), "--out", "run")
        for more in ((), ("--resume",), ("--restart",)):
            result = CliRunner().invoke(cli.app, [*words, *more])
            assert result.exit_code == 2
            assert re.fullmatch(
                rf"inkgrad: run is in use by process {process.pid} on .* \(since 2.*\), and holds "
                "one training at a time; wait for its end, or name another folder with --out\n",
                result.output,
            )
        assert contents("run") == before
        process.kill()
    assert quick(data=doodle_folder, out="run").stopped == "finished"  # the dead hold nothing


def test_a_folder_into_which_nothing_is_put_is_removed(surroundings):
    with claim(Path("runs/new/deep")):
        assert Path("runs/new/deep", LOCK).exists()
    assert list(surroundings.iterdir()) == []
    Path("runs").mkdir()
    with claim(Path("runs/new")), claim(Path("runs/new")):  # of one thread, once more is the same
        Path("runs/new/a").touch()
    assert [path.name for path in Path("runs/new").iterdir()] == ["a"]


def test_where_there_are_no_locks_it_trains_and_says_so(doodle_folder, monkeypatch):
    monkeypatch.setattr(locks, "try_lock", lambda descriptor: None)
    events = []
    quick(data=doodle_folder, out="run", on_event=events.append)
    notices = [event.message for event in events if isinstance(event, Notice)]
    assert notices[0] == (
        "the file system of run knows no locks: take care that no other training writes there"
    )
