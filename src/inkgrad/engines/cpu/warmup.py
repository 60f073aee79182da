"""Compiling: once for a machine and version, by two processes, told as it goes, kept on disk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numba.core import event

from inkgrad.engines.cpu import phases
from inkgrad.engines.cpu.finishing import finish
from inkgrad.engines.cpu.helping import Helper, can_help, identity
from inkgrad.engines.cpu.job import Job
from inkgrad.engines.cpu.plan import KernelSegment, MapsSegment, Plan, make_plan
from inkgrad.engines.cpu.runner import Way, Workspace, make_job
from inkgrad.engines.int8 import is_int8
from inkgrad.layers import BatchNorm, Conv2D, Dense, GlobalAveragePool, Mode, ReLU
from inkgrad.network import Network

__all__ = [
    "FUNCTIONS",
    "INT8_FUNCTIONS",
    "MAPS_FUNCTIONS",
    "compile_forward",
    "compile_forward_apart",
    "compile_kernels",
    "fetch_forward",
    "use_backward",
    "use_forward",
    "use_int8",
    "use_maps",
]

FUNCTIONS = 107
"""How many functions there are to compile, about; for showing progress."""

MAPS_FUNCTIONS = 39
"""How many the kernels for maps add, where a network needs them."""

INT8_FUNCTIONS = 22
"""How many the kernels for bytes are, where somebody asks for them."""

_LONGEST = 300.0  # seconds that another process may compile while nobody waits for it


class _Compiling(event.Listener):
    """Counts functions as Numba compiles them, here and in a second process.

    The second is started when it turns out that there is something to compile. What both compile
    counts once.
    """

    def __init__(self, total: int, on_progress: Callable[[int, int], None] | None) -> None:
        self._total, self._tell, self._told = total, on_progress, 0
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
        total = self._total
        done = total if is_end else min(compiled, total - 1)
        for number in [done] if is_end else range(self._told + 1, done + 1):
            self._told = number
            self._tell(number, total)


def compile_kernels(
    plans: Iterable[Plan], on_progress: Callable[[int, int], None] | None = None
) -> None:
    """Make everything ready that the first step by one of these plans would otherwise wait for.

    All sizes are numbers that the kernels read, so that one small network compiles everything that
    any network needs of a kind. Nothing is told if the kernels come from the disk.

    The way there is compiled here. Meanwhile a second process compiles the way back, and leaves it
    on the disk; whatever is not found there in the end, is compiled here too.
    """
    kinds = _kinds(plans)
    total = FUNCTIONS * (KernelSegment in kinds) + MAPS_FUNCTIONS * (MapsSegment in kinds)
    compiling = _Compiling(total, on_progress)
    try:
        with event.install_listener("numba:compile", compiling):
            if KernelSegment in kinds:
                use_forward()
            if MapsSegment in kinds:
                use_maps()
            if kinds - {KernelSegment}:
                use_finish()
            if compiling.helper is not None:
                compiling.helper.wait(compiling.tell)
            if KernelSegment in kinds:
                use_backward()
    finally:
        if compiling.helper is not None:
            compiling.helper.stop()
    compiling.tell(is_end=True)


def compile_forward(
    plan: Plan, precision: str, on_progress: Callable[[int, int], None] | None = None
) -> None:
    """Make ready what a predictor of a precision runs, and nothing else."""
    counts = {"forward": FUNCTIONS, "maps": MAPS_FUNCTIONS, "int8": INT8_FUNCTIONS}
    compiling = _Compiling(sum(counts[name] for name in _entries(plan, precision)), on_progress)
    try:
        with event.install_listener("numba:compile", compiling):
            _use_there(plan, precision)
    finally:
        if compiling.helper is not None:
            compiling.helper.stop()
    compiling.tell(is_end=True)


def _kinds(plans: Iterable[Plan]) -> set[type]:
    return {type(segment) for plan in plans for segment in plan}


def _entries(plan: Plan, precision: str) -> list[str]:
    """Return what a plan calls on the way there, in a predictor of a precision."""
    found = set()
    for segment in plan:
        if isinstance(segment, KernelSegment):
            found.add("int8" if precision == "int8" and is_int8(segment) else "forward")
        elif isinstance(segment, MapsSegment):
            found.add("maps")
    return sorted(found)


class _MissingError(Exception):
    """An entry is not on the disk."""


class _Refusing(event.Listener):
    """Keeps this thread from compiling: what comes first is always an entry."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def on_start(self, what: Any) -> None:
        """Numba begins with a function."""
        if threading.get_ident() == self._thread:
            raise _MissingError

    def on_end(self, what: Any) -> None:
        """Numba is done with a function."""


def fetch_forward(plan: Plan, precision: str = "float32") -> bool:
    """Fetch from the disk what the way there needs; return whether it is all there."""
    try:
        with event.install_listener("numba:compile", _Refusing()):
            _use_there(plan, precision)
    except _MissingError:
        return False
    return True


def compile_forward_apart(plan: Plan, precision: str = "float32") -> None:
    """Compile the way there, by another process if that is possible, and fetch it.

    Compiling here takes the interpreter's lock from whoever has to answer meanwhile.
    """
    if can_help(phases.forward):
        helper = Helper(lambda _: None, _entries(plan, precision))
        try:
            helper.wait(lambda: None, _LONGEST)
        finally:
            helper.stop()
    _use_there(plan, precision)


def _use_there(plan: Plan, precision: str) -> None:
    """Call once whatever a plan calls on the way there."""
    entries = _entries(plan, precision)
    if "forward" in entries:
        use_forward()
    if "maps" in entries:
        use_maps(back=False)
    if "int8" in entries:
        use_int8()


def use_forward() -> None:
    """Call once whatever is called on the way there."""
    phases.forward(_small_job(), 0)
    phases.wait_for_bell(np.zeros(1, np.int64), 1)  # the helping threads' part; returns at once


def use_backward() -> None:
    """Call once what is called on the way back."""
    phases.backward(_small_job(), 0)


def use_maps(back: bool = True) -> None:
    """Call once what is called of the kernels for maps: there and, if asked for, back."""
    from inkgrad.engines.cpu.maps.run import MapsRun

    depthwise = [Conv2D(2, 1, groups=2), Conv2D(2, 1, stride=2, groups=2)]
    layers = [Conv2D(2, 3), BatchNorm(), ReLU(), Conv2D(2, 1), *depthwise, GlobalAveragePool()]
    network = Network(layers, input_shape=(1, 3, 3))
    parameters, x = network.initialise(), np.zeros((1, 1, 3, 3), np.float32)
    maps = MapsRun(network.stages, is_first=False)
    maps.forward(parameters, x)
    if not back:
        return
    with maps.weights(parameters) as weights:
        mode = Mode(training=True)
        y, saved = maps.there(parameters, x, mode, parameters.statistics.copy(), weights)
        maps.back(parameters, y, saved, np.zeros(network.size, np.float32))


def use_finish() -> None:
    """Call once what a batch that was cut into parts ends with."""
    with ThreadPoolExecutor(1) as pool:
        finish(np.zeros((1, 1), np.float32), np.zeros(1, np.float32), [slice(0, 1)], pool)


def use_int8() -> None:
    """Call once what is called of the kernels for bytes."""
    from inkgrad.engines.cpu.int8.run import Int8Run

    network = Network([Dense(2)], input_shape=(1,))
    segment: Any = make_plan(network)[0]
    run = Int8Run(segment, network.initialise(), 1, lambda: None, probabilities=True)
    run(np.zeros((0, 1), np.float32))


def _small_job() -> Job:
    network = Network([Dense(2)], input_shape=(1,))
    segment: Any = make_plan(network)[0]
    space = Workspace(network, segment, 1, 1)
    return make_job(space, 0, Way.PACK, theta=network.initialise().vector)
