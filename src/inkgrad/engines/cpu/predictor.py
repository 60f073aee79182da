"""A network that only predicts: its weights are laid out once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np

from inkgrad.engines.cpu.compiling import compiled
from inkgrad.engines.cpu.layout import PART
from inkgrad.engines.cpu.phases import Job, forward
from inkgrad.engines.cpu.plan import KernelSegment, MapsSegment, Plan
from inkgrad.engines.cpu.runner import Way, Workspace, Workspaces, make_job, run
from inkgrad.engines.cpu.segments import LayerRun
from inkgrad.engines.reference import ReferenceEngine
from inkgrad.layers import Array, softmax
from inkgrad.network import Network, Parameters

__all__ = ["Predictor"]


class Predictor:
    """Turns inputs x (n, …) into probabilities (n, classes), with a copy of the parameters.

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
    """

    def __init__(
        self,
        network: Network,
        plan: Plan,
        parameters: Parameters,
        threads: int,
        pool: Callable[[], Executor],
    ) -> None:
        self._reference = ReferenceEngine(network)
        self._parameters = parameters.copy()
        self._pool = pool
        self._runs = [
            _Packed(network, segment, self._parameters, threads)
            if isinstance(segment, KernelSegment)
            else _PackedMaps(segment, self._parameters)
            if isinstance(segment, MapsSegment)
            else LayerRun(segment)
            for segment in plan
        ]
        last = plan[-1]
        self._ends_in_softmax = isinstance(last, KernelSegment) and last.has_loss

    def __call__(self, x: Array) -> Array:
        """Return the probabilities, (n, classes)."""
        self._reference.check(x)
        if len(x) == 0:
            return self._reference.predict(self._parameters, x)
        x = np.asarray(x, np.float32)
        for run_ in self._runs:
            x = run_.forward(self._parameters, x, self._pool())
        return x if self._ends_in_softmax else softmax(x)


class _PackedMaps:
    """A segment of maps whose weights were laid out."""

    def __init__(self, segment: MapsSegment, parameters: Parameters) -> None:
        from inkgrad.engines.cpu.maps.run import MapsRun

        self._run = MapsRun(segment.stages, is_first=segment.is_first)
        self._weights = self._run.lay_out(parameters, back=False)

    def forward(self, parameters: Parameters, x: Array, pool: Executor) -> Array:
        """Return what the segment gives."""
        return self._run.forward(parameters, x, pool, self._weights)


class _Packed:
    """A segment of the kernels' whose weights were laid out; the last gives probabilities."""

    def __init__(
        self, network: Network, segment: KernelSegment, parameters: Parameters, threads: int
    ) -> None:
        self._threads, self._theta = threads, parameters.vector
        self._output_shape = segment.stages[-1].output_shape
        self._inputs = int(np.prod(segment.stages[0].input_shape))
        self._numbers = int(np.prod(self._output_shape))
        self._ends_in_softmax = segment.has_loss
        self._spaces = Workspaces(network, segment, threads, on_new=self._pack)

    def forward(self, parameters: Parameters, x: Array, pool: Executor) -> Array:
        """Return what the segment gives; its own copy of the parameters is used."""
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
                probabilities=self._ends_in_softmax,
            )
        return outputs.reshape(n, *self._output_shape)

    def _predict_few(self, n: int, x: Array) -> Array:
        """Predict one task's worth: what takes as long as the kernels is kept for the next time.

        That is the job, and the compiled code for it: Numba would look it up by the types of all
        of the job's arrays.
        """
        space = self._spaces.take(n)
        try:
            if n not in space.jobs:
                space.jobs[n] = self._make_few(space, n)
            job, run_forward = space.jobs[n]
            job.x[:] = x.reshape(-1)
            job.counters.fill(0)
            run_forward(job, 0)
            return job.outputs.reshape(n, *self._output_shape).copy()
        finally:
            self._spaces.give_back(space)

    def _make_few(self, space: Workspace, n: int) -> tuple[Job, Callable[..., None]]:
        job = make_job(
            space,
            n,
            Way.FORWARD_PACKED,
            theta=self._theta,
            x=np.empty(n * self._inputs, np.float32),
            outputs=np.empty(n * self._numbers, np.float32),
            probabilities=self._ends_in_softmax,
        )
        job = job._replace(settings=job.settings.copy())  # the space's are another job's next time
        return job, compiled(forward, job, 0)

    def _pack(self, space: Workspace) -> None:
        run(space, 1, 0, theta=self._theta)
