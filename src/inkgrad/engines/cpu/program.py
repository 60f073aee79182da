"""The program of a step: its phases and their tasks, for a layout and a batch."""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from inkgrad.engines.cpu.job import PHASE, TASK, Kind
from inkgrad.engines.cpu.layout import PART, Layout, parts_of

__all__ = ["Program", "Way", "make_program"]

_HEAD, _MOST_HEAD = 32, 64  # drawings that go through the dense layers together, reading W once
_ROWS = 256  # rows of a packed dense layer in a task
_FILTERS = 8  # filters in a task


class Way(Enum):
    """Which way a segment is run."""

    PACK = "lay out the weights for `FORWARD_PACKED`, and no more"
    FORWARD = "forward"  # answer
    FORWARD_PACKED = "forward, with weights that were packed before"
    THERE = "forward, and another program will come back"
    BACK = "from dy, after `THERE`"
    TEACH = "forward, the loss, and backward"

    @property
    def packs(self) -> bool:
        """Whether the weights are packed first."""
        return self not in (Way.FORWARD_PACKED, Way.BACK)


class Program:
    """Phases of tasks, as the arrays that compiled code reads.

    Attributes
    ----------
    tasks : (…,) array of TASK
    phases : (…,) array of PHASE
    """

    def __init__(self) -> None:
        self._phases: list[list[tuple[int, int, int, int]]] = []

    def phase(self) -> None:
        """Begin a phase."""
        self._phases.append([])

    def add(self, kind: int, which: int, total: int, step: int) -> None:
        """Add tasks to the phase: what = 0 … total−1, `step` at a time."""
        for first in range(0, total, step):
            self.add_one(kind, which, first, min(first + step, total))

    def add_one(self, kind: int, which: int, first: int, last: int) -> None:
        """Add one task to the phase."""
        self._phases[-1].append((kind, which, first, last))

    @property
    def tasks(self) -> NDArray[np.void]:
        """All tasks, phase after phase."""
        return np.array([task for phase in self._phases for task in phase], TASK)

    @property
    def phases(self) -> NDArray[np.void]:
        """Where each phase begins and ends among the tasks, and whether `backward` does it."""
        phases = np.zeros(len(self._phases), PHASE)
        phases["last"] = np.cumsum([len(phase) for phase in self._phases])
        phases["first"][1:] = phases["last"][:-1]
        phases["is_backward"] = np.maximum.accumulate(  # after one that is, an empty one may come
            [any(Kind(kind).is_backward for kind, *_ in phase) for phase in self._phases]
        )
        return phases


def make_program(layout: Layout, batch: int, way: Way) -> Program:
    """Return the program that runs a batch one way, or there and back."""
    program = Program()
    if way.packs:
        program.phase()
        _add_packing(program, layout, backward=way in (Way.THERE, Way.TEACH))
    if way not in (Way.PACK, Way.BACK):
        _add_forward(program, layout, batch)
    if way in (Way.TEACH, Way.BACK):
        if way is Way.BACK:
            program.phase()
            program.add(Kind.TAKE, 0, batch, PART)
        _add_backward(program, layout, batch)
    return program


def _add_forward(program: Program, layout: Layout, batch: int) -> None:
    program.phase()
    if len(layout.convolutions):
        program.add(Kind.CONVOLVE, 0, batch, PART)
    else:
        program.add(Kind.LAY_OUT, 0, batch, PART)
    program.phase()
    if len(layout.dense):
        program.add(Kind.HEAD, 0, batch, _HEAD if batch < 2 * _MOST_HEAD else _MOST_HEAD)
    else:
        program.add(Kind.GIVE, 0, batch, PART)


def _add_backward(program: Program, layout: Layout, batch: int) -> None:
    for i in reversed(range(len(layout.dense))):
        program.phase()
        program.add(Kind.DENSE_BACKWARD, i, int(layout.dense[i]["chunks"]), 1)
        program.add(Kind.DENSE_BIAS, i, 1, 1)
    program.phase()
    if len(layout.convolutions):
        step = -(-batch // parts_of(batch))
        for part, first in enumerate(range(0, batch, step)):
            program.add_one(Kind.CONVOLVE_BACKWARD, part, first, min(first + step, batch))
        program.phase()
    for i, d in enumerate(layout.dense):
        if d["is_packed"]:
            program.add(Kind.UNPACK_ROWS, i, int(d["inputs"]), _ROWS)
    for i, b in enumerate(layout.convolutions):
        if b["group"] == 1:
            program.add(Kind.REDUCE, i, int(b["vectors"]), 1)
        else:
            program.add(Kind.REDUCE, i, int(b["filters"]), _FILTERS)


def _add_packing(program: Program, layout: Layout, backward: bool) -> None:
    for i, b in enumerate(layout.convolutions):
        program.add(Kind.PACK_PAIR, i, int(b["pairs"]), 1)
        if backward and b["mirrored"]:
            mirror = len(layout.convolutions) + i
            program.add(Kind.PACK_MIRRORED, mirror, int(layout.mirrors[i]["pairs"]), 1)
        elif backward and b["passes_back"]:
            program.add(Kind.PACK_BACKWARD, i, int(b["filters"]), _FILTERS)
    for i, d in enumerate(layout.dense):
        program.add(Kind.PACK_BIAS, i, 1, 1)
        if d["is_packed"]:
            program.add(Kind.PACK_ROWS, i, int(d["inputs"]), _ROWS)
