"""A step, as compiled code reads it: the tasks to do, in phases, and all that they work on."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from inkgrad.engines.cpu.compiling import SOURCES

__all__ = ["LINE", "PHASE", "RULE", "SETTINGS", "TASK", "Job", "Kind"]

LINE = 8  # counters stand a cache line apart


class Kind(IntEnum):
    """What a task does: `tasks` has a function for each."""

    PACK_PAIR = 0
    PACK_BACKWARD = 1
    PACK_ROWS = 2
    PACK_BIAS = 3
    LAY_OUT = 4
    CONVOLVE = 5
    HEAD = 6
    DENSE_BACKWARD = 7
    DENSE_BIAS = 8
    CONVOLVE_BACKWARD = 9
    REDUCE = 10
    UNPACK_ROWS = 11
    GIVE = 12
    TAKE = 13
    PACK_MIRRORED = 14

    @property
    def is_backward(self) -> bool:
        """Whether it belongs to the way back through the convolutions, and what ends a step."""
        return self in _BACKWARD


_BACKWARD = {Kind.CONVOLVE_BACKWARD, Kind.REDUCE, Kind.UNPACK_ROWS}


TASK = np.dtype([(name, np.int64) for name in ("kind", "which", "first", "last")])
"""A task: its `Kind`, which block (or part of the drawings), and first … last−1 of what."""

PHASE = np.dtype([(name, np.int64) for name in ("first", "last", "is_backward")])
"""A phase: its tasks, first … last−1, and whether `phases.backward` does it."""

_RATES = "beta1 one_less_beta1 beta2 one_less_beta2 epsilon step_size correction"

RULE = np.dtype(
    [("fused", np.int64)] + [(name, np.float32) for name in _RATES.split()] + [(SOURCES, np.int8)]
)
"""The optimiser's settings; `fused`: whether parameters are moved in the step itself."""

_COUNTS = (
    "batch parts teaches gives_probabilities keeps_logits stamp "
    "floats words scratch_floats scratch_words sums part_step dense_scratch blocks"
)

SETTINGS = np.dtype(
    [(name, np.int64) for name in _COUNTS.split()] + [("smoothing", np.float64), (SOURCES, np.int8)]
)
"""What a step needs to know besides."""


class Job(NamedTuple):
    """Everything that a step works on."""

    tasks: Any  # (…,) TASK
    phases: Any  # (…,) PHASE
    counters: Any  # int64: tasks taken and done, phase by phase
    settings: Any  # (1,) SETTINGS
    rule: Any  # (1,) RULE
    convolutions: Any  # the blocks, then their mirrors
    dense: Any
    tables: Any
    f: Any  # float32: all buffers
    words: Any  # uint64: winners, ink
    theta: Any
    gradient: Any
    m: Any
    v: Any
    x: Any  # (…,) float32
    labels: Any  # int64
    outputs: Any  # (n, …) float32: what a segment gives; on the way back alone, dy of that
    losses: Any  # (n,) float64
    squares: Any  # (tasks,) float64: of each task's part of the gradient
    dx: Any  # (…,) float32: what goes back to the layers before
