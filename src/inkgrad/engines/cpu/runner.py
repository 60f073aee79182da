"""Runs steps: buffers that are lent to one caller at a time, and threads that work on them."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import Any

import numpy as np

from inkgrad.engines.cpu.crew import crew_of
from inkgrad.engines.cpu.job import LINE, RULE, SETTINGS, Job
from inkgrad.engines.cpu.layout import PART, make_layout, parts_of
from inkgrad.engines.cpu.phases import work
from inkgrad.engines.cpu.plan import KernelSegment
from inkgrad.engines.cpu.program import Way, make_program
from inkgrad.layers import Array
from inkgrad.memory import aligned_zeros
from inkgrad.network import Network

__all__ = ["RULE", "Way", "Workspace", "Workspaces", "make_job", "run", "start"]

_NOTHING = np.zeros(1, np.float32)
_NO_LABELS = np.zeros(1, np.int64)
_NO_RULE = np.zeros(1, RULE)


class Workspace:
    """The buffers for batches of up to `batch` drawings; in use by one caller at a time.

    Attributes
    ----------
    layout : Layout
    blocks : array of records
        The layout's convolutions, and then their mirrors.
    floats, words : arrays
    jobs : dict of int to anything
        Whoever has the same to do again and again may keep jobs here, by their batch.
    """

    def __init__(self, network: Network, segment: KernelSegment, batch: int, threads: int) -> None:
        self.batch = batch
        self.layout = layout = make_layout(network, segment, batch)
        self.floats = aligned_zeros(layout.floats + threads * layout.scratch_floats, np.float32)
        self.words = aligned_zeros(layout.words + threads * layout.scratch_words, np.uint64)
        self.settings = np.zeros(1, SETTINGS)
        for name in ("floats", "words", "scratch_floats", "scratch_words", "sums", "part_step"):
            self.settings[name] = getattr(layout, name)
        self.settings["dense_scratch"] = layout.dense_scratch
        self.settings["stamp"] = 1
        self.settings["blocks"] = len(layout.convolutions)
        self.blocks = np.concatenate([layout.convolutions, layout.mirrors])
        self.jobs: dict[int, Any] = {}
        self._programs: dict[Any, Any] = {}

    @property
    def bytes(self) -> int:
        """How much memory the buffers take."""
        return int(self.floats.nbytes + self.words.nbytes)

    def features(self, batch: int) -> Array:
        """Return what the last dense layer was given in a forward pass, (batch, inputs)."""
        last = self.layout.dense[-1]
        place, step, first = int(last["input"]), int(last["input_step"]), int(last["row_at"])
        given = self.floats[place : place + batch * step].reshape(batch, step)
        # Inputs may stand in slabs: each has its row of the weights, those that fill up have none.
        rows = self.layout.tables[first : first + step]
        features = np.empty((batch, int(last["inputs"])), np.float32)
        features[:, rows[rows >= 0] // last["width"]] = given[:, rows >= 0]
        return features

    def inputs_gradient(self, batch: int) -> Array:
        """Return dx where a dense layer comes first: it stands in place of its input."""
        first = self.layout.dense[0]
        place, step, inputs = (int(first[name]) for name in ("input", "input_step", "inputs"))
        return self.floats[place : place + batch * step].reshape(batch, step)[:, :inputs].copy()

    def program(self, batch: int, way: Way) -> tuple[Any, ...]:
        """Return tasks, phases and squares for a batch and a way; made once."""
        key = batch, way
        if key not in self._programs:
            made = make_program(self.layout, batch, way)
            self._programs[key] = made.tasks, made.phases, np.zeros(len(made.tasks))
        return self._programs[key]


class Workspaces:
    """Lends workspaces, each to one caller at a time, and keeps those that come back.

    Parameters
    ----------
    network, segment : Network, KernelSegment
    threads : int
    on_new : callable, optional
        Told of every workspace that is made.
    """

    def __init__(
        self,
        network: Network,
        segment: KernelSegment,
        threads: int,
        on_new: Callable[[Workspace], None] = lambda _: None,
    ) -> None:
        self._make = functools.partial(Workspace, network, segment, threads=threads)
        self._on_new = on_new
        self._free: list[Workspace] = []

    @contextlib.contextmanager
    def lend(self, batch: int) -> Iterator[Workspace]:
        """Lend a workspace with room for a batch."""
        space = self.take(batch)
        try:
            yield space
        finally:
            self.give_back(space)

    def take(self, batch: int) -> Workspace:
        """Return a workspace with room for a batch, to be given back."""
        try:
            space = self._free.pop()  # no lock: a list's pop and append are indivisible
        except IndexError:
            space = None
        if space is None or space.batch < batch:  # a smaller one is given up
            space = self._make(batch)
            self._on_new(space)
        return space

    def give_back(self, space: Workspace) -> None:
        """Take a workspace back."""
        self._free.append(space)


def run(
    space: Workspace,
    threads: int,
    batch: int,
    way: Way = Way.FORWARD,
    pool: Executor | None = None,
    **what: Any,
) -> Any:
    """Carry out a step and return the squares of its tasks' parts of the gradient.

    It is `make_job` and `start` in one.
    """
    job = make_job(space, batch, way, **what)
    start(job, threads, pool)
    return job.squares


def make_job(
    space: Workspace,
    batch: int,
    way: Way = Way.FORWARD,
    *,
    theta: Any,
    x: Any = _NOTHING,
    labels: Any = _NO_LABELS,
    gradient: Any = _NOTHING,
    m: Any = _NOTHING,
    v: Any = _NOTHING,
    rule: Any = _NO_RULE,
    dx: Any = _NOTHING,
    outputs: Any = _NOTHING,
    losses: Any = None,
    probabilities: bool = False,
    smoothing: float = 0.0,
) -> Job:
    """Return a step that is ready to be carried out.

    Parameters
    ----------
    space : Workspace
    batch : int
        Drawings; 0 where none are run (`Way.PACK`).
    way : Way
    theta, x, labels : arrays
        Parameters, inputs (flat), labels.
    gradient, dx : arrays
        Written on the way back: by the parameters, and by x if layers stand before.
    m, v, rule : arrays
        With rule["fused"], theta, m and v are moved by an Adam step.
    outputs, losses : arrays
        Written: what the segment gives (logits or probabilities, batch · classes, if it is the
        last) and each drawing's loss. On the way back alone `outputs` is read: it holds dy.
    probabilities : bool
        Whether they are asked for, not logits.
    smoothing : float
        Label smoothing.
    """
    tasks, phases, squares = space.program(batch, way)
    settings = space.settings
    settings["batch"], settings["parts"] = batch, parts_of(batch)
    settings["teaches"], settings["smoothing"] = way is Way.TEACH, smoothing
    settings["gives_probabilities"], settings["keeps_logits"] = probabilities, not probabilities
    if way.packs:
        settings["stamp"] += 1
    # Of this run alone: a thread that is late finds in them that nothing is left to do.
    counters = np.zeros(2 * len(phases) * LINE, np.int64)
    layout = space.layout
    return Job(
        tasks,
        phases,
        counters,
        settings,
        rule,
        space.blocks,
        layout.dense,
        layout.tables,
        space.floats,
        space.words,
        theta,
        gradient,
        m,
        v,
        x,
        labels,
        outputs,
        np.zeros(batch) if losses is None else losses,
        squares,
        dx,
    )


def start(job: Job, threads: int, pool: Executor | None = None) -> None:
    """Carry a job out by at most so many threads: a pool's, or a crew's, which stay awake after it.

    A pool's are better where other threads go on as soon as the job is done.
    """
    helpers = min(threads, -(-int(job.settings["batch"][0]) // PART)) - 1
    if pool is not None:
        for who in range(1, helpers + 1):
            pool.submit(work, job, who)
        work(job, 0)
    elif helpers > 0:
        crew_of(helpers).carry_out(job)
    else:
        work(job, 0)
