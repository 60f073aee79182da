"""A second process that compiles: it may fail, hang or be impossible, and nobody must notice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from numba import njit
from numba.core import event

from inkgrad.engines.cpu import helping
from inkgrad.engines.cpu.helping import Helper, can_help, identity
from inkgrad.engines.cpu.phases import backward


@pytest.fixture
def start(monkeypatch):
    """Return a function that starts a helper which does something else, and what it tells."""

    def start(script: str) -> tuple[Helper, list[str]]:
        monkeypatch.setattr(helping, "_START", script)
        told: list[str] = []
        return Helper(told.append), told

    return start


def test_it_tells_what_it_compiled(start):
    helper, told = start("print('one', flush=True); print('two')")
    moments = []
    helper._began -= 10  # as if compiling had taken a while here
    helper.wait(lambda: moments.append(len(told)))
    assert told == ["one", "two"]
    assert moments[-1] == 2
    helper.stop()  # once more does no harm


@pytest.mark.parametrize("script", ["raise SystemExit(3)", "import no_such_module", "!"])
def test_it_may_fail(start, script):
    helper, told = start(script)
    helper._began -= 10
    helper.wait(lambda: None)
    assert told == []


def test_it_may_hang(start, monkeypatch):
    monkeypatch.setattr(helping, "_PATIENCE", 0)
    helper, _ = start("import time; time.sleep(600)")
    began = time.monotonic()
    helper.wait(lambda: None)
    assert time.monotonic() - began < 60


def test_there_may_be_no_program_to_start(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    helper = Helper(print)
    helper.wait(lambda: None)
    helper.stop()


SCRIPT = """
import sys
from inkgrad.engines.cpu import helping
helping._START = (
    "import ast, sys; sys.path[:] = ast.literal_eval(sys.argv[1]); "
    "from inkgrad.engines.cpu.helping import _end_with_the_first; _end_with_the_first()"
)
helper = helping.Helper(print)
print(helper._process.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.name != "posix", reason="looks for a process by a signal")
def test_it_ends_when_the_first_is_killed():
    first = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    second = int(first.stdout.readline())
    os.kill(second, 0)  # is there
    first.kill()
    first.communicate(timeout=60)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            os.kill(second, 0)
        except ProcessLookupError:
            return
        if is_dead(second):
            return
        time.sleep(0.05)
    os.kill(second, signal.SIGKILL)
    pytest.fail("the second process outlived the first")


def is_dead(process: int) -> bool:
    """Whether it has ended, and nobody has asked how (in a container there may be no such)."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def test_where_help_is_possible(monkeypatch):
    monkeypatch.setattr(helping, "_processors", lambda: 2)
    assert can_help(backward)
    assert not can_help(njit(lambda x: x))  # which is kept nowhere
    assert not can_help(len)  # nor is what is not compiled at all
    monkeypatch.setattr(helping, "_processors", lambda: 1)
    assert not can_help(backward)


@pytest.mark.parametrize("program", ["/usr/bin/blender", "", None])
def test_a_program_that_embeds_python_is_not_started(monkeypatch, program):
    monkeypatch.setattr(helping, "_processors", lambda: 2)
    monkeypatch.setattr(sys, "executable", program)
    assert not can_help(backward)


def test_a_frozen_app_is_not_started(monkeypatch):
    monkeypatch.setattr(helping, "_processors", lambda: 2)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert not can_help(backward)


def test_a_function_has_one_name_for_each_type_of_its_arguments():
    with event.install_recorder("numba:compile") as recorder:
        function = njit(lambda x: x)
        function(1)
        function(1.0)
    names = [identity(what) for _, what in recorder.buffer]
    assert len(set(names)) == 2
    assert all("test_helping" in name for name in names)
