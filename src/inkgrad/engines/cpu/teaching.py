"""A batch's way through a network's segments, there and back: whole, or cut into parts."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

import numpy as np

from inkgrad.engines.cpu.plan import KernelSegment, MapsSegment, Plan
from inkgrad.layers import Array, Mode, SoftmaxCrossEntropy
from inkgrad.layers.norm import shards
from inkgrad.layers.softmax import check_labels
from inkgrad.memory import aligned_zeros
from inkgrad.network import Network, Parameters, Statistics

if TYPE_CHECKING:
    from inkgrad.engines.cpu.maps.run import MapsRun
    from inkgrad.engines.cpu.segments import FusedAdam, KernelRun, LayerRun

    Run: TypeAlias = LayerRun | MapsRun | KernelRun

__all__ = ["Taught", "Teacher", "lend"]

_PART, _MAPS_PART = 64, 32
"""The fewest drawings that a thread takes at a time; fewer where kernels for maps are used."""


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


class Teacher:
    """Takes batches through the segments of a plan.

    Runs that take all are given a batch as a whole, and share it out among threads themselves. The
    others are given it part by part, by a pool's threads.

    Parameters
    ----------
    network : Network
    plan : Plan
        Of that network.
    threads : int
    pool : callable
        Returns what runs tasks by as many threads.

    Attributes
    ----------
    runs : list
        What runs each segment.
    """

    def __init__(
        self, network: Network, plan: Plan, threads: int, pool: Callable[[], Executor]
    ) -> None:
        from inkgrad.engines.cpu.segments import make_run

        self._network, self._plan, self._threads, self._pool = network, plan, threads, pool
        # Where others go on after the kernels, threads that stay awake would be in their way.
        own = pool if len(plan) > 1 else None
        self.runs: Sequence[Run] = [make_run(network, segment, threads, own) for segment in plan]
        self._part_gradients: list[Array] = []

    @functools.cached_property
    def tail(self) -> KernelRun | None:
        """The last run, if the loss is part of it."""
        last = self._plan[-1]
        has_loss = isinstance(last, KernelSegment) and last.has_loss
        return cast("KernelRun", self.runs[-1]) if has_loss else None

    def parts(self, n: int) -> list[slice]:
        """Return where a batch is cut for runs that do not take it whole.

        It depends on the batch alone, so that the bits are the same for any number of threads.
        """
        if len(self._plan) == 1 and isinstance(self._plan[0], KernelSegment):
            return [slice(0, n)]
        together = math.lcm(*(layer.together for layer in self._network.layers))
        has_maps = any(isinstance(segment, MapsSegment) for segment in self._plan)
        least = _MAPS_PART if has_maps else _PART
        return shards(n, together * -(-least // together))

    def teach(
        self,
        parameters: Parameters,
        x: Array,
        labels: Array,
        smoothing: float,
        mode: Mode,
        gradient: Array,
        fused: FusedAdam | None = None,
    ) -> Taught:
        """Go through all segments, there and back; write the gradient, or move the parameters.

        With a fused step `gradient` is room for what is needed on the way.
        """
        n, x = len(x), np.asarray(x, np.float32)
        check_labels((n, *self._network.output_shape), labels)
        parts = self.parts(n)
        statistics = [parameters.statistics.copy() for _ in parts]
        trail: list[tuple[Run, slice, Any]] = []
        dy: Any
        squares = 0.0
        with self._laid_out(parameters) as runs:
            before = runs if self.tail is None else runs[:-1]
            for (run, weights), region in zip(before, self._regions, strict=False):
                x, saved = self._there(run, parameters, x, mode, parts, statistics, weights)
                trail.append((run, region, saved))
            if self.tail is None:
                loss = SoftmaxCrossEntropy(smoothing)
                mean, kept = loss.forward(x, labels)
                value, logits, dy = float(mean), x, loss.backward(kept)
            else:
                value, logits, dy, squares = self.tail.teach(
                    parameters, x, labels, smoothing, gradient, fused
                )
            if trail:
                squares += self._back(trail, parameters, dy, parts, gradient, fused)
        shares = [(part.stop - part.start) / n for part in parts]
        measured = sum(share * own.vector for share, own in zip(shares, statistics, strict=True))
        return Taught(value, logits, squares, measured)

    @contextlib.contextmanager
    def _laid_out(self, parameters: Parameters) -> Iterator[list[tuple[Run, Any]]]:
        """Lend the runs with weights as they read them: once for all parts of a batch."""
        pool = self._pool() if self._threads > 1 else None
        with contextlib.ExitStack() as stack:
            yield [
                (run, stack.enter_context(run.weights(parameters, pool=pool))) for run in self.runs
            ]

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

        found = list(self._pool().map(one, parts, statistics))
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
        with lend(self._part_gradients, (len(parts), self._network.size)) as own:
            for run, region, saved in reversed(trail):
                if run.takes_all or len(parts) == 1:
                    dy = run.back(parameters, dy, saved, gradient)
                    whole.append(region)
                    continue
                own[:, region] = 0
                sent = list(
                    self._pool().map(
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
                    squares += finish(summands, gradient, regions, self._pool(), **moving)
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
def lend(free: list[Array], shape: Any) -> Iterator[Array]:
    """Lend an array of a shape, which holds anything."""
    try:
        array = free.pop()  # no lock: a list's pop and append are indivisible
    except IndexError:
        array = None
    if array is None or array.shape != np.empty(shape).shape:
        array = aligned_zeros(shape, np.float32)
    yield array
    free.append(array)
