"""Signals: whenever they come, they end the program with a line, the right code, no traceback."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

import inkgrad
from inkgrad import cli
from inkgrad.network import seed_network
from inkgrad.signals import Stopped, handle, leave_at_once, put_back, raise_stopped
from inkgrad.training import LAST, load_checkpoint

pytestmark = [
    pytest.mark.usefixtures("surroundings"),
    pytest.mark.skipif(os.name == "nt", reason="POSIX signals"),
]

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# The program, which says when it has done what its first line does: take care of signals.
ENTRY = """
import os
import inkgrad.__main__ as program
first_line = program.leave_at_once
program.leave_at_once = lambda: (first_line(), os.write(1, b"."))
program.main()
"""


def start(*words, script=ENTRY, **options):
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def end(process):
    """Return the exit code and the lines on standard error."""
    _, err = process.communicate(timeout=60)
    return process.returncode, err.decode().splitlines()


# --- at any moment ------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ENDING, ids=lambda number: number.name)
def test_an_early_signal_is_quiet(number, doodle_folder):
    """Six moments at once, each in a process of its own: they wait for each other otherwise."""
    words = ("train", "--task", "pets", "--data", doodle_folder, "--engine", "reference")
    delays = [0, 0.02, 0.06, 0.12, 0.25, 0.5]
    processes = [start(*words, "--out", f"run {n}") for n in range(len(delays))]

    def strike(process, delay):
        process.stdout.read(1)
        time.sleep(delay)
        process.send_signal(number)

    strikers = [
        threading.Thread(target=strike, args=both) for both in zip(processes, delays, strict=True)
    ]
    for striker in strikers:
        striker.start()
    for striker in strikers:
        striker.join()
    said = "interrupted" if number == signal.SIGINT else f"stopped by {number.name}"
    for process in processes:
        code, lines = end(process)
        assert code == 128 + number, lines
        assert len(lines) <= 1
        assert all(line.startswith(f"inkgrad: {said}") for line in lines)


def test_the_module_is_as_quiet():
    process = subprocess.Popen(
        [sys.executable, "-m", "inkgrad", "check"], stdout=-1, stderr=-1, bufsize=0
    )
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    code, lines = end(process)
    assert (code, lines) == (130, ["inkgrad: interrupted"])


LOADING = """
import os, signal, sys
import inkgrad.quickdraw.folder as folder
from inkgrad.__main__ import main

def strike(*args, **options):
    os.kill(os.getpid(), int(os.environ["SIGNAL"]))

folder.read_class = strike
main()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_stopped_while_loading_it_says_so_and_resuming_starts_it(number, doodle_folder):
    words = ("--task", "pets", "--data", doodle_folder, "--limit", 10, "--epochs", 1, "--seed", 7)
    environment = {**os.environ, "SIGNAL": str(int(number))}
    process = start(
        *("train", *words, "--engine", "reference", "--out", "my run"),
        script=LOADING,
        env=environment,
    )
    code, (line,) = end(process)
    assert code == 128 + number
    assert line == (
        f"inkgrad: stopped by {number.name}; nothing was trained yet: "
        "train --resume --out 'my run' starts it"
    )
    advice = shlex.split(line.split(": ")[2].removesuffix(" starts it"))
    done = CliRunner().invoke(cli.app, [*advice, "--engine", "reference"])
    assert done.exit_code == 0, done.output
    assert inkgrad.load("my run/model.safetensors").record["settings"]["recipe"]["seed"] == 7


def test_a_terminal_that_is_closed_leaves_a_run_that_was_saved(doodle_folder):
    """Its window is gone: SIGHUP comes, and whatever is printed from then on is refused."""
    import pty

    parent, child = pty.openpty()
    words = (
        "train",
        "--task",
        "pets",
        "--data",
        str(doodle_folder),
        "--epochs",
        "500",
        "--limit",
        "10",
    )
    with subprocess.Popen(
        [sys.executable, "-m", "inkgrad", *words, "--engine", "reference", "--out", "run"],
        stdin=child,
        stdout=child,
        stderr=child,
        start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
    ) as process:
        os.close(child)
        seen = b""
        while b"epoch 3/" not in seen[-4000:]:
            seen += os.read(parent, 4096)
        before = Path("run", LAST).stat().st_mtime_ns
        os.close(parent)
        process.wait(timeout=60)
    assert process.returncode != -signal.SIGKILL
    assert Path("run", LAST).stat().st_mtime_ns > before
    state = load_checkpoint(Path("run", LAST), seed_network(2))
    assert state.epoch >= 2


def test_stopped_by_sigterm_in_training_it_saves_and_ends_with_143(doodle_folder):
    script = (
        "import os, signal\n"
        "from inkgrad.terminal import TrainingDisplay\n"
        "from inkgrad.__main__ import main\n"
        "TrainingDisplay.on_event = lambda *_: os.kill(os.getpid(), signal.SIGTERM)\n"
        "main()\n"
    )
    process = start(
        *("train", "--task", "pets", "--data", doodle_folder, "--limit", 10, "--out", "run"),
        *("--engine", "reference"),
        script=script,
    )
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (143, b"")
    assert b"Interrupted, and saved" in out


# --- the pieces ---------------------------------------------------------------------------------


@pytest.fixture
def usual():
    """Put back whatever a test does to the handlers."""
    former = {number: signal.getsignal(number) for number in ENDING}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ENDING)
def test_inside_a_signal_is_raised_and_afterwards_all_is_as_before(number, usual):
    before = [signal.getsignal(n) for n in ENDING], sys.excepthook, sys.unraisablehook
    with pytest.raises(Stopped) as stopped, raise_stopped():
        signal.raise_signal(number)
    assert stopped.value.code == 128 + number
    assert ([signal.getsignal(n) for n in ENDING], sys.excepthook, sys.unraisablehook) == before


@pytest.mark.parametrize("other", [ImportError, RuntimeError, SystemError])
def test_what_loading_makes_of_it_is_still_an_interruption(other, usual):
    """NumPy's C interface turns whatever is raised while it is loaded into an ImportError."""
    with pytest.raises(Stopped, match="interrupted"), raise_stopped():  # noqa: PT012
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        raise other("numpy._core.multiarray failed to import")
    with pytest.raises(other, match="for a reason of its own"), raise_stopped():
        raise other("for a reason of its own")


def test_an_interruption_that_was_minded_is_over(usual):
    with raise_stopped(), contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def in_a_process(body):
    script = f"import os, signal\nfrom inkgrad.signals import *\n{body}"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr


INTERRUPTED = (130, "inkgrad: interrupted\n")


def test_the_second_signal_ends_the_process_at_once():
    assert in_a_process(
        "with raise_stopped():\n"
        "    try:\n        signal.raise_signal(signal.SIGINT)\n"
        "    except KeyboardInterrupt:\n        signal.raise_signal(signal.SIGTERM)\n"
    ) == (143, "inkgrad: stopped by SIGTERM; give the command again\n")


def test_a_signal_that_comes_while_an_object_is_deleted_is_not_lost():
    assert (
        in_a_process(
            "class Slow:\n    def __del__(self):\n        signal.raise_signal(signal.SIGINT)\n"
            "with raise_stopped():\n    Slow()\n    print('goes on')\n"
        )
        == INTERRUPTED
    )


def test_what_a_c_extension_prints_of_it_is_not_seen():
    code, err = in_a_process(
        "import sys\n"
        "with raise_stopped():\n"
        "    sys.excepthook(Stopped, Stopped(2), None)\n"
        "    sys.excepthook(ValueError, ValueError('seen'), None)\n"
    )
    assert (code, err) == (0, "ValueError: seen\n")


def test_at_once_means_at_once():
    assert (
        in_a_process("leave_at_once()\ntry:\n    signal.raise_signal(2)\nfinally:\n    print('no')")
        == INTERRUPTED
    )


def test_a_signal_that_is_ignored_stays_ignored(usual):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with raise_stopped():
        signal.raise_signal(signal.SIGHUP)
    leave_at_once()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_in_another_thread_nothing_is_set():
    found = []
    thread = threading.Thread(target=lambda: found.append(handle(signal.SIG_DFL)))
    thread.start()
    thread.join()
    assert found == [{}]
    put_back({})
