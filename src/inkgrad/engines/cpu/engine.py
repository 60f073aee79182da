"""The fast engine: the same mathematics, run by compiled kernels on several threads."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from inkgrad.engines.cpu.plan import KernelSegment, LayerSegment, Plan, make_plan
from inkgrad.engines.cpu.teaching import Taught, Teacher, lend
from inkgrad.engines.cpu.trainer import CpuTrainer
from inkgrad.engines.engine import Contribution, Gradients, check_precision
from inkgrad.engines.int8 import check_parameters, int8_plan
from inkgrad.engines.reference import ReferenceEngine
from inkgrad.errors import InkgradError
from inkgrad.fold import fold
from inkgrad.layers import INFERENCE, Array, Mode, softmax
from inkgrad.memory import aligned_zeros
from inkgrad.network import Network, Parameters
from inkgrad.optimizers import Optimizer, OptimizerState

if TYPE_CHECKING:
    from inkgrad.engines.cpu.segments import FusedAdam
    from inkgrad.engines.cpu.teaching import Run

__all__ = ["CpuEngine", "CpuTrainer"]


class CpuEngine:
    """Runs a network with kernels that Numba compiles for this processor.

    Convolutions with the ReLU and 2×2 pool behind them, and dense layers, are run by the kernels;
    layers that these do not know, by themselves (see `inkgrad.engines.cpu.plan`). Numbers agree
    with the reference engine's up to the rounding of float32. Parameters that are not float32 are
    left to the reference engine altogether.

    The same network, numbers and machine give the same bits, for any number of threads; where
    convolutions or dense layers are run by themselves, as long as NumPy's BLAS has as many
    threads (see `ReferenceEngine`).

    Parameters
    ----------
    network : Network
    threads : int, optional
        At most so many work; by default as many as there are processors for this process.

    Raises
    ------
    InkgradError
        If `threads` is less than 1.

    Examples
    --------
    >>> from inkgrad.network import seed_network
    >>> engine = CpuEngine(seed_network(), threads=2)
    >>> parameters = engine.network.initialise(seed=0)
    >>> x = np.zeros((2, 1, 28, 28), np.float32)
    >>> loss, logits, gradient = engine.gradients(parameters, x, np.array([0, 1]))
    >>> round(loss, 4), gradient.shape           # blank paper: all classes alike, log 5 = 1.6094
    (1.6094, (420997,))
    """

    name = "cpu"

    def __init__(self, network: Network, threads: int | None = None) -> None:
        if threads is not None and threads < 1:
            raise InkgradError(f"threads is {threads}; give a whole number of at least 1")
        self.network = network
        self.threads = _processors() if threads is None else threads
        self._plan = make_plan(network)
        self._reference = ReferenceEngine(network)
        self._scratch: list[Array] = []  # for gradients that nobody asks for
        self._pools: dict[int, ThreadPoolExecutor] = {}

    @functools.cached_property
    def _folded(self) -> Network:
        """What a predictor runs."""
        return fold(self.network, self.network.initialise())[0]

    def _answering(self, precision: str) -> Plan:
        """Return the plan of a predictor."""
        if check_precision(precision) == "int8":
            return int8_plan(self._folded)
        return make_plan(self._folded, folded=self._folded is not self.network)

    @functools.cached_property
    def _teacher(self) -> Teacher:
        return Teacher(self.network, self._plan, self.threads, lambda: self._pool)

    @property
    def _pool(self) -> ThreadPoolExecutor:
        """Return this process's own threads: a fork has none of its parent's."""
        process = os.getpid()
        if process not in self._pools:
            self._pools = {process: ThreadPoolExecutor(self.threads, "inkgrad")}
        return self._pools[process]

    def prepare(
        self,
        on_progress: Callable[[int, int], None] | None = None,
        precision: str = "float32",
    ) -> None:
        """Compile the kernels, or fetch them from the disk if they were compiled before.

        Parameters
        ----------
        on_progress : callable, optional
            Told (done, total), in functions, while there is something to compile.
        precision : str
            ``"int8"``: only those that a predictor of that precision runs.
        """
        from inkgrad.engines.cpu.warmup import compile_forward, compile_kernels

        answering = self._answering(precision)
        if precision == "int8":
            compile_forward(answering, precision, on_progress)
        else:
            compile_kernels([self._plan, answering], on_progress)

    def fetch(self, precision: str = "float32") -> bool:
        """Fetch what predictions need from the disk; return whether it is all there."""
        answering = self._answering(precision)
        if not _has_kernels(answering):
            return True
        from inkgrad.engines.cpu.warmup import fetch_forward

        return fetch_forward(answering, precision)

    def compile_apart(self, precision: str = "float32") -> None:
        """Compile what predictions need, by another process if that is possible."""
        from inkgrad.engines.cpu.warmup import compile_forward_apart

        compile_forward_apart(self._answering(precision), precision)

    def workspace_bytes(self, batch: int) -> int:
        """Return how much memory a step takes beside parameters, gradient and data."""
        from inkgrad.engines.cpu.runner import Workspace

        parts = self._teacher.parts(batch)
        at_once = sum(part.stop - part.start for part in parts[: self.threads])
        maps = [run for run in self._teacher.runs if hasattr(run, "bytes")]
        return sum(run.bytes(at_once) for run in maps) + sum(
            Workspace(self.network, segment, batch, self.threads).bytes
            for segment in self._plan
            if isinstance(segment, KernelSegment)
        )

    def forward(self, parameters: Parameters, x: Array) -> Array:
        """Return the logits, (n, classes)."""
        if not self._can(parameters, x):
            return self._reference.forward(parameters, x)
        return self._through(self._teacher.runs, parameters, x)

    def features(self, parameters: Parameters, x: Array) -> Array:
        """Return what the last layer is given, (n, *its input shape)."""
        if not self._can(parameters, x):
            return self._reference.features(parameters, x)
        tail = self._teacher.tail
        if tail is None or not tail.ends_in_dense:
            return self._reference.features(parameters, x)
        return tail.features(parameters, self._through(self._teacher.runs[:-1], parameters, x))

    def predict(self, parameters: Parameters, x: Array) -> Array:
        """Return the probabilities, (n, classes)."""
        if not self._can(parameters, x):
            return self._reference.predict(parameters, x)
        tail = self._teacher.tail
        if tail is None:
            return softmax(self.forward(parameters, x))
        x = self._through(self._teacher.runs[:-1], parameters, x)
        return tail.forward(parameters, x, probabilities=True)

    def _through(self, runs: Sequence[Run], parameters: Parameters, x: Array) -> Array:
        """Return what the last of some runs gives."""
        x = np.asarray(x, np.float32)
        for run in runs:
            x = run.forward(parameters, x, self._pool)
        return x

    def predictor(
        self, parameters: Parameters, precision: str = "float32", *, logits: bool = False
    ) -> Callable[[Array], Array]:
        """Return a function from x to probabilities or logits, with a copy of the parameters.

        What can be folded is folded (see `inkgrad.fold`), and the weights are laid out once, so
        that it is quick for single drawings too.
        """
        network, numbers = fold(self.network, parameters)
        if check_precision(precision) == "int8":
            check_parameters(numbers)
            plan = int8_plan(network)
        else:
            plan = make_plan(network, folded=network is not self.network)
        if numbers.vector.dtype != np.float32 or not _has_kernels(plan):
            return self._reference.predictor(parameters, logits=logits)
        from inkgrad.engines.cpu.predictor import Predictor

        return Predictor(
            network, plan, numbers, self.threads, lambda: self._pool, precision, logits=logits
        )

    def gradients(
        self,
        parameters: Parameters,
        x: Array,
        labels: Array,
        *,
        label_smoothing: float = 0.0,
        mode: Mode = INFERENCE,
    ) -> Gradients:
        """Return the loss, the logits and the loss's derivative by every parameter."""
        found = self.contribution(parameters, x, labels, label_smoothing=label_smoothing, mode=mode)
        return Gradients(found.loss, found.logits, found.gradient)

    def contribution(
        self,
        parameters: Parameters,
        x: Array,
        labels: Array,
        *,
        label_smoothing: float = 0.0,
        mode: Mode,
    ) -> Contribution:
        """Return loss, logits, gradient and statistics of some drawings."""
        if not self._can(parameters, x):
            return self._reference.contribution(
                parameters, x, labels, label_smoothing=label_smoothing, mode=mode
            )
        gradient = aligned_zeros(self.network.size, np.float32)
        found = self._teacher.teach(parameters, x, labels, label_smoothing, mode, gradient)
        return Contribution(len(x), found.loss, found.logits, gradient, found.statistics)

    def trainer(
        self,
        parameters: Parameters,
        optimizer: Optimizer,
        state: OptimizerState | None = None,
        **how: Any,
    ) -> CpuTrainer:
        """Return what lets these parameters learn: see `Engine.trainer`.

        A step of Adam without weight decay or clipping is joined with the backward pass: a weight
        is moved while its gradient is still in the cache. Where the kernels run the network's end,
        no gradient is written down for its dense layers.

        Raises
        ------
        InkgradError
            If the parameters, or what the optimiser remembers, cannot be written to.
        """
        return CpuTrainer(self, parameters, optimizer, state, **how)

    def fused_step(
        self,
        parameters: Parameters,
        x: Array,
        labels: Array,
        fused: FusedAdam,
        *,
        label_smoothing: float,
        mode: Mode,
    ) -> Taught | None:
        """Make a step of Adam within the backward pass.

        None, if it is not for the kernels: then nothing was done.
        """
        if not self._can(parameters, x):
            return None
        with lend(self._scratch, self.network.size) as gradient:
            return self._teacher.teach(
                parameters, x, labels, label_smoothing, mode, gradient, fused
            )

    def _can(self, parameters: Parameters, x: Array) -> bool:
        """Whether there is something for the kernels to do. Inputs of another shape are refused."""
        self._reference.check(x)
        return _has_kernels(self._plan) and len(x) > 0 and parameters.vector.dtype == np.float32


def _has_kernels(plan: Plan) -> bool:
    return not all(isinstance(segment, LayerSegment) for segment in plan)


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
