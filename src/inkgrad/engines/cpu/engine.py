"""The fast engine: the same mathematics, run by compiled kernels on several threads."""

from __future__ import annotations

import contextlib
import functools
import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

import numpy as np

from inkgrad.engines.cpu.plan import KernelSegment, LayerSegment, MapsSegment, Plan, make_plan
from inkgrad.engines.engine import Contribution, Gradients, StepResult, check_precision
from inkgrad.engines.int8 import check_parameters, int8_plan
from inkgrad.engines.reference import ReferenceEngine
from inkgrad.engines.trainer import ArrayTrainer
from inkgrad.errors import InkgradError
from inkgrad.fold import fold
from inkgrad.layers import INFERENCE, Array, Mode, SoftmaxCrossEntropy, softmax
from inkgrad.layers.norm import shards
from inkgrad.layers.softmax import check_labels
from inkgrad.memory import aligned_zeros
from inkgrad.network import Network, Parameters, Statistics
from inkgrad.optimizers import Adam, AdamW, Averaging, Optimizer, OptimizerState

if TYPE_CHECKING:
    from inkgrad.engines.cpu.maps.run import MapsRun
    from inkgrad.engines.cpu.segments import FusedAdam, KernelRun, LayerRun

    Run: TypeAlias = LayerRun | MapsRun | KernelRun
    Laid: TypeAlias = list[tuple[Run, Any]]

__all__ = ["CpuEngine", "CpuTrainer"]


class Taught(NamedTuple):
    """What came of teaching a batch.

    Attributes
    ----------
    loss, logits
    squares : float
        Where the parameters were moved: the sum of the gradient's squares.
    statistics : (network.statistics_size,) array
        What the network's statistics are after the batch.
    """

    loss: float
    logits: Array
    squares: float
    statistics: Array


_PART, _MAPS_PART = 64, 32
"""The fewest drawings that a thread takes at a time; fewer where kernels for maps are used."""


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
        self._part_gradients: list[Array] = []
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
    def _runs(self) -> list[Run]:
        from inkgrad.engines.cpu.segments import make_run

        # Where other threads go on after the kernels, these would be in their way.
        pool = (lambda: self._pool) if len(self._plan) > 1 else None
        return [make_run(self.network, segment, self.threads, pool) for segment in self._plan]

    @functools.cached_property
    def _tail(self) -> KernelRun | None:
        """The last run, if the loss is part of it."""
        last = self._plan[-1]
        has_loss = isinstance(last, KernelSegment) and last.has_loss
        return cast("KernelRun", self._runs[-1]) if has_loss else None

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

        parts = self._parts(batch)
        at_once = sum(part.stop - part.start for part in parts[: self.threads])
        maps = [run for run in self._runs if hasattr(run, "bytes")]
        return sum(run.bytes(at_once) for run in maps) + sum(
            Workspace(self.network, segment, batch, self.threads).bytes
            for segment in self._plan
            if isinstance(segment, KernelSegment)
        )

    def forward(self, parameters: Parameters, x: Array) -> Array:
        """Return the logits, (n, classes)."""
        if not self._can(parameters, x):
            return self._reference.forward(parameters, x)
        return self._through(self._runs, parameters, x)

    def features(self, parameters: Parameters, x: Array) -> Array:
        """Return what the last layer is given, (n, *its input shape)."""
        if not self._can(parameters, x) or self._tail is None or not self._tail.ends_in_dense:
            return self._reference.features(parameters, x)
        return self._tail.features(parameters, self._through(self._runs[:-1], parameters, x))

    def predict(self, parameters: Parameters, x: Array) -> Array:
        """Return the probabilities, (n, classes)."""
        if not self._can(parameters, x):
            return self._reference.predict(parameters, x)
        if self._tail is None:
            return softmax(self.forward(parameters, x))
        x = self._through(self._runs[:-1], parameters, x)
        return self._tail.forward(parameters, x, probabilities=True)

    def _through(self, runs: list[Run], parameters: Parameters, x: Array) -> Array:
        """Return what the last of some runs gives."""
        x = np.asarray(x, np.float32)
        for run in runs:
            x = run.forward(parameters, x, self._pool)
        return x

    def predictor(
        self, parameters: Parameters, precision: str = "float32"
    ) -> Callable[[Array], Array]:
        """Return a function from x to probabilities, with its own copy of the parameters.

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
            return self._reference.predictor(parameters)
        from inkgrad.engines.cpu.predictor import Predictor

        return Predictor(network, plan, numbers, self.threads, lambda: self._pool, precision)

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
        found = self._teach(parameters, x, labels, label_smoothing, mode, gradient)
        return Contribution(len(x), found.loss, found.logits, gradient, found.statistics)

    @contextlib.contextmanager
    def _laid_out(self, runs: list[Run], parameters: Parameters) -> Iterator[Laid]:
        """Lend runs with weights as they read them: once for all parts of a batch."""
        pool = self._pool if self.threads > 1 else None
        with contextlib.ExitStack() as stack:
            yield [(run, stack.enter_context(run.weights(parameters, pool=pool))) for run in runs]

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
        with self._lend(self._scratch, self.network.size) as gradient:
            return self._teach(parameters, x, labels, label_smoothing, mode, gradient, fused)

    def _teach(
        self,
        parameters: Parameters,
        x: Array,
        labels: Array,
        smoothing: float,
        mode: Mode,
        gradient: Array,
        fused: FusedAdam | None = None,
    ) -> Taught:
        """Go through all segments, there and back; write the gradient, or move the parameters."""
        n, x = len(x), np.asarray(x, np.float32)
        check_labels((n, *self.network.output_shape), labels)
        parts = self._parts(n)
        statistics = [parameters.statistics.copy() for _ in parts]
        trail: list[tuple[Run, slice, Any]] = []
        dy: Any
        squares = 0.0
        with self._laid_out(self._runs, parameters) as runs:
            before = runs if self._tail is None else runs[:-1]
            for (run, weights), region in zip(before, self._regions, strict=False):
                x, saved = self._there(run, parameters, x, mode, parts, statistics, weights)
                trail.append((run, region, saved))
            if self._tail is None:
                loss = SoftmaxCrossEntropy(smoothing)
                mean, kept = loss.forward(x, labels)
                value, logits, dy = float(mean), x, loss.backward(kept)
            else:
                value, logits, dy, squares = self._tail.teach(
                    parameters, x, labels, smoothing, gradient, fused
                )
            if trail:
                squares += self._back(trail, parameters, dy, parts, gradient, fused)
        shares = [(part.stop - part.start) / n for part in parts]
        measured = sum(share * own.vector for share, own in zip(shares, statistics, strict=True))
        return Taught(value, logits, squares, measured)

    def _there(
        self,
        run: Run,
        parameters: Parameters,
        x: Array,
        mode: Mode,
        parts: list[slice],
        statistics: list[Statistics],
        weights: Any,
    ) -> tuple[Array, Any]:
        """Return what a run gives, and what it saved, part by part unless it takes all."""
        if run.takes_all or len(parts) == 1:
            return run.there(parameters, x, mode, statistics[0], weights)

        def one(part: slice, own: Statistics) -> tuple[Array, Any]:
            here = replace(mode, first=mode.first + part.start)
            return run.there(parameters, x[part], here, own, weights)

        found = list(self._pool.map(one, parts, statistics))
        return np.concatenate([y for y, _ in found]), [saved for _, saved in found]

    def _back(
        self,
        trail: list[tuple[Run, slice, Any]],
        parameters: Parameters,
        dy: Any,
        parts: list[slice],
        gradient: Array,
        fused: FusedAdam | None,
    ) -> float:
        """Go back; write the gradient, or move the parameters. Return its squares' sum."""
        from inkgrad.engines.cpu.finishing import finish

        moving: dict[str, Any] = {}
        if fused:
            moving = {"rule": fused.rule, "theta": parameters.vector, "m": fused.m, "v": fused.v}
        whole, cut = [], []  # where the gradient is written at once, and where part by part
        with self._lend(self._part_gradients, (len(parts), self.network.size)) as own:
            for run, region, saved in reversed(trail):
                if run.takes_all or len(parts) == 1:
                    dy = run.back(parameters, dy, saved, gradient)
                    whole.append(region)
                    continue
                own[:, region] = 0
                sent = list(
                    self._pool.map(
                        lambda part, kept, into, run=run, dy=dy: run.back(
                            parameters, dy[part], kept, into
                        ),
                        parts,
                        saved,
                        own,
                    )
                )
                dy = None if sent[0] is None else np.concatenate(sent)
                cut.append(region)
            squares = 0.0
            for summands, regions in ((own, cut), (gradient[np.newaxis], whole)):
                if regions and (fused or summands is own):
                    squares += finish(summands, gradient, regions, self._pool, **moving)
        return squares

    @functools.cached_property
    def _regions(self) -> list[slice]:
        """Where each segment's parameters stand."""
        regions, place = [], 0
        for segment in self._plan:
            sizes = (
                math.prod(shape)
                for stage in segment.stages
                for shape in stage.parameter_shapes.values()
            )
            regions.append(slice(place, place := place + sum(sizes)))
        return regions

    @contextlib.contextmanager
    def _lend(self, free: list[Array], shape: Any) -> Iterator[Array]:
        """Lend an array of a shape, which holds anything."""
        try:
            array = free.pop()  # no lock: a list's pop and append are indivisible
        except IndexError:
            array = None
        if array is None or array.shape != np.empty(shape).shape:
            array = aligned_zeros(shape, np.float32)
        yield array
        free.append(array)

    def _parts(self, n: int) -> list[slice]:
        """Cut a batch for threads that each go through all segments by themselves.

        Only where layers have a part in it: the kernels use all threads anyway. Where to cut
        depends on the batch alone, so that the bits are the same for any number of threads.
        """
        if len(self._plan) == 1 and isinstance(self._plan[0], KernelSegment):
            return [slice(0, n)]
        together = math.lcm(*(layer.together for layer in self.network.layers))
        has_maps = any(isinstance(segment, MapsSegment) for segment in self._plan)
        least = _MAPS_PART if has_maps else _PART
        return shards(n, together * -(-least // together))

    def _can(self, parameters: Parameters, x: Array) -> bool:
        """Whether there is something for the kernels to do. Inputs of another shape are refused."""
        self._reference.check(x)
        return _has_kernels(self._plan) and len(x) > 0 and parameters.vector.dtype == np.float32


class CpuTrainer(ArrayTrainer):
    """Lets parameters learn in place; makes Adam's step within the backward pass."""

    def __init__(
        self,
        engine: CpuEngine,
        parameters: Parameters,
        optimizer: Optimizer,
        state: OptimizerState | None = None,
        **how: Any,
    ) -> None:
        super().__init__(engine, parameters, optimizer, state, **how)
        self._cpu = engine
        inner = optimizer.optimizer if isinstance(optimizer, Averaging) else optimizer
        is_plain = type(inner) in (Adam, AdamW) and not inner.weight_decay
        self._adam: Any = inner if is_plain and self._clip_norm is None else None
        arrays = (parameters.vector, parameters.statistics.vector, *self.state.arrays.values())
        if not all(array.flags.writeable for array in arrays):
            raise InkgradError(
                "the parameters, their statistics and what the optimiser remembers are moved in "
                "place, but one of them is read-only; give copies"
            )

    def step(self, x: Array, labels: Array, learning_rate: float) -> StepResult:
        """Learn from a batch: gradient and update, in one if the optimiser is Adam."""
        if self._adam is None:
            return super().step(x, labels, learning_rate)
        from inkgrad.engines.cpu.segments import FusedAdam

        state = self.state
        fused = FusedAdam(
            self._adam, state.arrays["m"], state.arrays["v"], state.steps + 1, learning_rate
        )
        made = self._cpu.fused_step(
            self._parameters,
            x,
            labels,
            fused,
            label_smoothing=self._label_smoothing,
            mode=Mode.of_step(self._seed, state.steps),
        )
        if made is None:
            return super().step(x, labels, learning_rate)
        state.steps += 1
        self._optimizer.follow(self._parameters.vector, state)
        self._measure(made.statistics)
        return StepResult(made.loss, made.logits, math.sqrt(made.squares))


def _has_kernels(plan: Plan) -> bool:
    return not all(isinstance(segment, LayerSegment) for segment in plan)


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
