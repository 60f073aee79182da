"""Compiling: once for a machine and version, told as it goes, and kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import event

from inkgrad.engines.cpu.phases import wait_for_bell
from inkgrad.engines.cpu.plan import make_plan
from inkgrad.engines.cpu.runner import Workspace, run
from inkgrad.layers import Dense
from inkgrad.network import Network

__all__ = ["FUNCTIONS", "compile_kernels"]

FUNCTIONS = 86
"""How many functions there are to compile, about; for showing progress."""


class _Counter(event.Listener):
    """Counts functions as Numba compiles them."""

    def __init__(self, on_progress: Callable[[int, int], None]) -> None:
        self._tell, self.compiled = on_progress, 0

    def on_start(self, what: Any) -> None:
        """Numba begins with a function."""

    def on_end(self, what: Any) -> None:
        """Numba is done with a function."""
        self.compiled += 1
        self._tell(min(self.compiled, FUNCTIONS - 1), FUNCTIONS)


def compile_kernels(on_progress: Callable[[int, int], None] | None = None) -> None:
    """Make everything ready that the first step would otherwise wait for.

    All sizes are numbers that the kernels read, so that one small network compiles everything that
    any network needs. Nothing is told if the kernels come from the disk.
    """
    if on_progress is None:
        _use_kernels()
        return
    counter = _Counter(on_progress)
    with event.install_listener("numba:compile", counter):
        _use_kernels()
    if counter.compiled:
        on_progress(FUNCTIONS, FUNCTIONS)


def _use_kernels() -> None:
    """Call once whatever Python calls."""
    network = Network([Dense(2)], input_shape=(1,))
    segment: Any = make_plan(network)[0]
    space = Workspace(network, segment, 1, 1)
    run(space, 1, 0, theta=network.initialise().vector)
    wait_for_bell(np.zeros(1, np.int64), 1)  # the helping threads' part; returns at once
