"""A slower processor: a program that may run only a part of the time, with all its children.

Browsers can be asked to slow their pages down, but not the workers in which ours compute. Here all
processes are stopped and continued hundreds of times a second.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["slower"]

_TURN = 0.008  # seconds from one start to the next
_NEWS = 0.1  # seconds after which new children are looked for


@contextlib.contextmanager
def slower(times: float, program: str) -> Iterator[None]:
    """Slow down every program of a name that this process has started, itself or by others.

    Parameters
    ----------
    times : float
        How much slower: 4 lets it run a quarter of the time. 1 changes nothing.
    program : str
        What the name begins with that the system has: see ``ps -o comm``. Linux only.
    """
    if times == 1:
        yield
        return
    begun, ended = threading.Event(), threading.Event()
    thread = threading.Thread(target=_hold, args=(times, program, begun, ended))
    thread.start()
    begun.wait()  # finding the processes takes as long as some measurements
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _hold(times: float, program: str, begun: threading.Event, ended: threading.Event) -> None:
    looked, processes = 0.0, []
    while not ended.is_set():
        if time.monotonic() > looked + _NEWS:
            looked, processes = time.monotonic(), _descendants(os.getpid(), program)
        _send(processes, signal.SIGSTOP)
        begun.set()
        time.sleep(_TURN * (1 - 1 / times))
        _send(processes, signal.SIGCONT)
        time.sleep(_TURN / times)


def _send(processes: list[int], what: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, what)


def _descendants(root: int, program: str) -> list[int]:
    """Return the processes below another one whose names begin so."""
    parents: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            before, _, after = entry.read_text().rpartition(")")
            parents[int(entry.parent.name)] = int(after.split()[1]), before.partition("(")[2]

    def is_below(process: int) -> bool:
        while process in parents and process != root:
            process = parents[process][0]
        return process == root

    return [p for p, (_, name) in parents.items() if name.startswith(program) and is_below(p)]
