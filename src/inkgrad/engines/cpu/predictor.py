"""A network that only predicts: its weights are laid out once."""

from __future__ import annotations

import numpy as np

from inkgrad.engines.cpu.layout import PART
from inkgrad.engines.cpu.phases import work
from inkgrad.engines.cpu.plan import Plan
from inkgrad.engines.cpu.runner import Workspace, Workspaces, make_job, run
from inkgrad.engines.reference import ReferenceEngine
from inkgrad.layers import Array
from inkgrad.network import Parameters

__all__ = ["Predictor"]


class Predictor:
    """Turns inputs x (n, …) into probabilities (n, classes), with a copy of the parameters.

    Several threads may use it at once: each is lent its own workspace.

    Parameters
    ----------
    reference : ReferenceEngine
        Checks inputs, and answers empty batches.
    plan : Plan
    parameters : Parameters
    threads : int
    """

    def __init__(
        self, reference: ReferenceEngine, plan: Plan, parameters: Parameters, threads: int
    ) -> None:
        self._reference, self._plan, self._threads = reference, plan, threads
        self._parameters = parameters.copy()
        self._classes = reference.network.output_shape[0]
        self._spaces = Workspaces(reference.network, plan, threads, on_new=self._pack)

    def __call__(self, x: Array) -> Array:
        """Return the probabilities, (n, classes)."""
        self._reference.check(x)
        n = len(x)
        if n == 0:
            return self._reference.predict(self._parameters, x)
        x = np.asarray(x, np.float32)
        for stage in self._plan.before:
            x, _ = stage.layer.forward(x, **self._parameters.of(stage))
        with self._spaces.lend(n) as space:
            if n <= PART:
                return self._predict_few(space, n, x)
            x = np.ascontiguousarray(x).reshape(-1)
            outputs = np.empty(n * self._classes, np.float32)
            run(
                space,
                self._threads,
                n,
                theta=self._parameters.vector,
                x=x if x.flags.writeable else x.copy(),
                outputs=outputs,
                probabilities=True,
                packs=False,
            )
        return outputs.reshape(n, self._classes)

    def _predict_few(self, space: Workspace, n: int, x: Array) -> Array:
        """Predict one task's worth: the job is kept, for making it would take half of the time."""
        job = space.jobs.get(n)
        if job is None:
            job = space.jobs[n] = make_job(
                space,
                n,
                theta=self._parameters.vector,
                x=np.empty(x.size, np.float32),
                outputs=np.empty(n * self._classes, np.float32),
                probabilities=True,
                packs=False,
            )
        space.settings["batch"] = n
        job.x[:] = x.reshape(-1)
        job.counters[:] = 0
        work(job, 0)
        return job.outputs.reshape(n, self._classes).copy()

    def _pack(self, space: Workspace) -> None:
        run(space, 1, 0, theta=self._parameters.vector)
