"""A network that only predicts: its weights are laid out once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np

from inkgrad.engines.cpu.compiling import compiled
from inkgrad.engines.cpu.job import Job
from inkgrad.engines.cpu.layout import PART
from inkgrad.engines.cpu.phases import forward
from inkgrad.engines.cpu.plan import KernelSegment, LayerSegment, MapsSegment, Plan
from inkgrad.engines.cpu.runner import Way, Workspace, Workspaces, make_job, run
from inkgrad.engines.cpu.segments import LayerRun
from inkgrad.engines.int8 import is_int8
from inkgrad.engines.reference import ReferenceEngine
from inkgrad.layers import Array, softmax
from inkgrad.network import Network, Parameters

__all__ = ["Predictor"]


class Predictor:
    """Turns inputs x (n, …) into probabilities or logits (n, classes) by a copy of the parameters.

    Several threads may use it at once: each is lent its own workspace.

    Parameters
    ----------
    network : Network
    plan : Plan
        Of that network.
    parameters : Parameters
    threads : int
    pool : callable
        Returns what runs tasks by as many threads.
    precision : "float32" or "int8"
        See `inkgrad.engines.int8`.
    logits : bool
        Whether to give them, and not probabilities.
    """

    def __init__(
        self,
        network: Network,
        plan: Plan,
        parameters: Parameters,
        threads: int,
        pool: Callable[[], Executor],
        precision: str = "float32",
        *,
        logits: bool = False,
    ) -> None:
        self._reference = ReferenceEngine(network)
        self._parameters = parameters.copy()
        last = plan[-1]
        in_kernels = not logits and isinstance(last, KernelSegment) and last.has_loss
        self._runs = [
            _make_run(
                network,
                each,
                self._parameters,
                threads,
                pool,
                precision,
                probabilities=in_kernels and each is last,
            )
            for each in plan
        ]
        self._needs_softmax = not logits and not in_kernels

    def __call__(self, x: Array) -> Array:
        """Return the probabilities or logits, (n, classes)."""
        self._reference.check(x)
        if len(x) == 0:  # of either kind
            return self._reference.forward(self._parameters, x)
        x = np.asarray(x, np.float32)
        for run_ in self._runs:
            x = run_(x)
        return softmax(x) if self._needs_softmax else x


def _make_run(
    network: Network,
    segment: KernelSegment | MapsSegment | LayerSegment,
    parameters: Parameters,
    threads: int,
    pool: Callable[[], Executor],
    precision: str,
    *,
    probabilities: bool,
) -> Callable[[Array], Array]:
    """Return what a segment's inputs become, as a function; or the softmax of that."""
    if precision == "int8" and is_int8(segment):
        from inkgrad.engines.cpu.int8.run import Int8Run

        return Int8Run(segment, parameters, threads, pool, probabilities=probabilities)
    if isinstance(segment, KernelSegment):
        return _Packed(network, segment, parameters, threads, probabilities=probabilities)
    if isinstance(segment, MapsSegment):
        return _PackedMaps(segment, parameters, pool)
    return functools.partial(LayerRun(segment).forward, parameters)


class _Few(NamedTuple):
    """A job for a few drawings, to be run again and again.

    Numba would look compiled code up by the types of all of a job's arrays, each time.
    """

    job: Job
    run: Callable[[Job, int], None]
    x: Array  # (n, …): what the job reads
    outputs: Array  # (n, …): what it writes


class _PackedMaps:
    """A segment of maps whose weights were laid out."""

    def __init__(
        self, segment: MapsSegment, parameters: Parameters, pool: Callable[[], Executor]
    ) -> None:
        from inkgrad.engines.cpu.maps.run import MapsRun

        self._run = MapsRun(segment.stages, is_first=segment.is_first)
        self._parameters, self._pool = parameters, pool
        self._weights = self._run.lay_out(parameters, back=False)

    def __call__(self, x: Array) -> Array:
        """Return what the segment gives."""
        if len(x) <= PART:
            return self._run.again(self._parameters, x, self._weights)
        return self._run.forward(self._parameters, x, self._pool(), self._weights)


class _Packed:
    """A segment of the kernels' whose weights were laid out."""

    def __init__(
        self,
        network: Network,
        segment: KernelSegment,
        parameters: Parameters,
        threads: int,
        *,
        probabilities: bool,
    ) -> None:
        self._threads, self._theta = threads, parameters.vector
        self._output_shape = segment.stages[-1].output_shape
        self._input_shape = segment.stages[0].input_shape
        self._numbers = int(np.prod(self._output_shape))
        self._probabilities = probabilities
        self._spaces = Workspaces(network, segment, threads, on_new=self._pack)

    def __call__(self, x: Array) -> Array:
        """Return what the segment gives, or its softmax."""
        n = len(x)
        if n <= PART:
            return self._predict_few(n, x)
        with self._spaces.lend(n) as space:
            x = np.ascontiguousarray(x).reshape(-1)
            outputs = np.empty(n * self._numbers, np.float32)
            run(
                space,
                self._threads,
                n,
                Way.FORWARD_PACKED,
                theta=self._theta,
                x=x if x.flags.writeable else x.copy(),
                outputs=outputs,
                probabilities=self._probabilities,
            )
        return outputs.reshape(n, *self._output_shape)

    def _predict_few(self, n: int, x: Array) -> Array:
        """Predict one task's worth: what takes as long as the kernels is kept for the next time."""
        space = self._spaces.take(n)
        try:
            if n not in space.jobs:
                space.jobs[n] = self._make_few(space, n)
            few = space.jobs[n]
            few.x[:] = x
            few.job.counters.fill(0)
            few.run(few.job, 0)
            return few.outputs.copy()
        finally:
            self._spaces.give_back(space)

    def _make_few(self, space: Workspace, n: int) -> _Few:
        x = np.empty((n, *self._input_shape), np.float32)
        outputs = np.empty((n, *self._output_shape), np.float32)
        job = make_job(
            space,
            n,
            Way.FORWARD_PACKED,
            theta=self._theta,
            x=x.reshape(-1),
            outputs=outputs.reshape(-1),
            probabilities=self._probabilities,
        )
        job = job._replace(settings=job.settings.copy())  # the space's are another job's next time
        return _Few(job, compiled(forward, job, 0), x, outputs)

    def _pack(self, space: Workspace) -> None:
        run(space, 1, 0, Way.PACK, theta=self._theta)
