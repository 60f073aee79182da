"""Compiling: once for a machine and version, told as it goes, and kept on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numba.core import event

from inkgrad.engines.cpu.phases import wait_for_bell
from inkgrad.engines.cpu.plan import KernelSegment, MapsSegment, Plan, make_plan
from inkgrad.engines.cpu.runner import Workspace, run
from inkgrad.layers import BatchNorm, Conv2D, Dense, GlobalAveragePool, Mode, ReLU
from inkgrad.network import Network

__all__ = ["FUNCTIONS", "MAPS_FUNCTIONS", "compile_kernels"]

FUNCTIONS = 96
"""How many functions there are to compile, about; for showing progress."""

MAPS_FUNCTIONS = 24
"""How many the kernels for maps add, where a network needs them."""


class _Counter(event.Listener):
    """Counts functions as Numba compiles them."""

    def __init__(self, total: int, on_progress: Callable[[int, int], None]) -> None:
        self._total, self._tell, self.compiled = total, on_progress, 0

    def on_start(self, what: Any) -> None:
        """Numba begins with a function."""

    def on_end(self, what: Any) -> None:
        """Numba is done with a function."""
        self.compiled += 1
        self._tell(min(self.compiled, self._total - 1), self._total)


def compile_kernels(
    plans: Iterable[Plan], on_progress: Callable[[int, int], None] | None = None
) -> None:
    """Make everything ready that the first step by one of these plans would otherwise wait for.

    All sizes are numbers that the kernels read, so that one small network compiles everything that
    any network needs of a kind. Nothing is told if the kernels come from the disk.
    """
    kinds = {type(segment) for plan in plans for segment in plan}
    total = FUNCTIONS * (KernelSegment in kinds) + MAPS_FUNCTIONS * (MapsSegment in kinds)
    counter = _Counter(total, on_progress or (lambda done, of: None))
    with event.install_listener("numba:compile", counter):
        if KernelSegment in kinds:
            _use_kernels()
        if MapsSegment in kinds:
            _use_maps()
    if counter.compiled and on_progress:
        on_progress(total, total)


def _use_kernels() -> None:
    """Call once whatever Python calls."""
    network = Network([Dense(2)], input_shape=(1,))
    segment: Any = make_plan(network)[0]
    space = Workspace(network, segment, 1, 1)
    run(space, 1, 0, theta=network.initialise().vector)
    wait_for_bell(np.zeros(1, np.int64), 1)  # the helping threads' part; returns at once


def _use_maps() -> None:
    """Call once whatever Python calls of the kernels for maps: there and back."""
    from inkgrad.engines.cpu.maps.run import MapsRun

    depthwise = [Conv2D(2, 1, groups=2), Conv2D(2, 1, stride=2, groups=2)]
    layers = [Conv2D(2, 3), BatchNorm(), ReLU(), Conv2D(2, 1), *depthwise, GlobalAveragePool()]
    network = Network(layers, input_shape=(1, 3, 3))
    parameters, x = network.initialise(), np.zeros((1, 1, 3, 3), np.float32)
    maps = MapsRun(network.stages, is_first=False)
    with maps.weights(parameters) as weights:
        mode = Mode(training=True)
        y, saved = maps.there(parameters, x, mode, parameters.statistics.copy(), weights)
        maps.back(parameters, y, saved, np.zeros(network.size, np.float32))
