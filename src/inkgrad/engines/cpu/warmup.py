"""Compiling: once for a machine and version, by two processes, told as it goes, kept on disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import event

from inkgrad.engines.cpu import phases
from inkgrad.engines.cpu.helping import Helper, can_help, identity
from inkgrad.engines.cpu.plan import make_plan
from inkgrad.engines.cpu.runner import Workspace, make_job
from inkgrad.layers import Dense
from inkgrad.network import Network

__all__ = [
    "FUNCTIONS",
    "compile_forward_apart",
    "compile_kernels",
    "fetch_forward",
    "use_backward",
    "use_forward",
]

FUNCTIONS = 89
"""How many functions there are to compile, about; for showing progress."""

_LONGEST = 300.0  # seconds that another process may compile while nobody waits for it


class _Compiling(event.Listener):
    """Counts functions as Numba compiles them, here and in a second process.

    The second is started when it turns out that there is something to compile. What both compile
    counts once.
    """

    def __init__(self, on_progress: Callable[[int, int], None] | None) -> None:
        self._tell, self._told = on_progress, 0
        self._compiled: set[str] = set()
        self._lock = threading.Lock()
        self.helper: Helper | None = None

    def on_start(self, what: Any) -> None:
        """Numba begins with a function: if it is the first entry, the second gets help."""
        is_first = what.data["dispatcher"] is phases.forward
        if is_first and self.helper is None and can_help(phases.backward):
            self.helper = Helper(self._add)

    def on_end(self, what: Any) -> None:
        """Numba is done with a function."""
        self._add(identity(what))
        self.tell()

    def _add(self, name: str) -> None:
        with self._lock:
            self._compiled.add(name)

    def tell(self, is_end: bool = False) -> None:
        """Tell of every function since the last time, in the thread that wants to know."""
        compiled = len(self._compiled)
        if self._tell is None or not compiled:
            return
        done = FUNCTIONS if is_end else min(compiled, FUNCTIONS - 1)
        for number in [done] if is_end else range(self._told + 1, done + 1):
            self._told = number
            self._tell(number, FUNCTIONS)


def compile_kernels(on_progress: Callable[[int, int], None] | None = None) -> None:
    """Make everything ready that the first step would otherwise wait for.

    All sizes are numbers that the kernels read, so that one small network compiles everything that
    any network needs. Nothing is told if the kernels come from the disk.

    The way there is compiled here. Meanwhile a second process compiles the way back, and leaves it
    on the disk; whatever is not found there in the end, is compiled here too.
    """
    compiling = _Compiling(on_progress)
    try:
        with event.install_listener("numba:compile", compiling):
            use_forward()
            if compiling.helper is not None:
                compiling.helper.wait(compiling.tell)
            use_backward()
    finally:
        if compiling.helper is not None:
            compiling.helper.stop()
    compiling.tell(is_end=True)


class _MissingError(Exception):
    """An entry is not on the disk."""


class _Refusing(event.Listener):
    """Keeps this thread from compiling the way there."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def on_start(self, what: Any) -> None:
        """Numba begins with a function."""
        is_mine = threading.get_ident() == self._thread
        if is_mine and what.data["dispatcher"] is phases.forward:
            raise _MissingError

    def on_end(self, what: Any) -> None:
        """Numba is done with a function."""


def fetch_forward() -> bool:
    """Fetch from the disk what the way there needs; return whether it is all there."""
    try:
        with event.install_listener("numba:compile", _Refusing()):
            use_forward()
    except _MissingError:
        return False
    return True


def compile_forward_apart() -> None:
    """Compile the way there, by another process if that is possible, and fetch it.

    Compiling here takes the interpreter's lock from whoever has to answer meanwhile.
    """
    if can_help(phases.forward):
        helper = Helper(lambda _: None, "forward")
        try:
            helper.wait(lambda: None, _LONGEST)
        finally:
            helper.stop()
    use_forward()


def use_forward() -> None:
    """Call once whatever is called on the way there."""
    phases.forward(_small_job(), 0)
    phases.wait_for_bell(np.zeros(1, np.int64), 1)  # the helping threads' part; returns at once


def use_backward() -> None:
    """Call once what is called on the way back."""
    phases.backward(_small_job(), 0)


def _small_job() -> phases.Job:
    network = Network([Dense(2)], input_shape=(1,))
    segment: Any = make_plan(network)[0]
    space = Workspace(network, segment, 1, 1)
    return make_job(space, 0, theta=network.initialise().vector)
