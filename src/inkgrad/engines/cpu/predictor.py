"""A network that only predicts: its weights are laid out once."""

from __future__ import annotations

import numpy as np

from inkgrad.engines.cpu.plan import Plan
from inkgrad.engines.cpu.runner import Workspace, Workspaces, run
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
        x = np.ascontiguousarray(x, np.float32).reshape(-1)
        x = x if x.flags.writeable else x.copy()
        outputs = np.empty(n * self._classes, np.float32)
        with self._spaces.lend(n) as space:
            run(
                space,
                self._threads,
                n,
                theta=self._parameters.vector,
                x=x,
                outputs=outputs,
                probabilities=True,
                packs=False,
            )
        return outputs.reshape(n, self._classes)

    def _pack(self, space: Workspace) -> None:
        run(space, 1, 0, theta=self._parameters.vector)
