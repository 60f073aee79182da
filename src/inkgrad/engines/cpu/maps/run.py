"""A segment of maps at work: there and back, for a batch or a part of one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import compiled
from inkgrad.engines.cpu.maps import steps
from inkgrad.engines.cpu.maps.filters import Weights
from inkgrad.engines.cpu.maps.flow import Gradient, Maps, Pass
from inkgrad.engines.cpu.maps.frame import Buffers
from inkgrad.engines.cpu.maps.row import every_step, make_row
from inkgrad.engines.cpu.maps.steps import Average, Convolve
from inkgrad.layers import INFERENCE, Array, Mode
from inkgrad.layers.row import Stage
from inkgrad.memory import writable
from inkgrad.network import Parameters, Statistics

__all__ = ["MapsRun"]

_CHUNK = 32
"""Drawings that go through all steps together when nothing is kept."""


class MapsRun:
    """Runs stages whose maps stand in slabs, step by step.

    Whoever calls gives all drawings that norms measure together; several threads may call at once.

    Parameters
    ----------
    stages : sequence of Stage
    is_first : bool
        Whether they begin with the network's input: nobody asks for dx then.
    """

    takes_all = False

    def __init__(self, stages: tuple[Stage, ...], *, is_first: bool) -> None:
        self._steps = make_row(stages)
        self._is_first = is_first
        self._gives_row = isinstance(self._steps[-1], Average)
        self._convolutions = [
            step for step in every_step(self._steps) if isinstance(step, Convolve)
        ]
        self._buffers: list[Buffers] = []  # pop and append are indivisible: no lock
        self._weights: list[dict[str, Weights]] = []
        self._kept: dict[int, list[Any]] = {}

    @contextlib.contextmanager
    def weights(
        self, parameters: Parameters, back: bool = True, pool: Executor | None = None
    ) -> Iterator[dict[str, Weights]]:
        """Lend the weights, laid out; `back`: for the way back, too. See `lay_out`."""
        weights = self.lay_out(parameters, back, pool)
        yield weights
        self._weights.append(weights)

    def lay_out(
        self, parameters: Parameters, back: bool, pool: Executor | None = None
    ) -> dict[str, Weights]:
        """Return the weights, laid out, for good; by the pool's threads, if there is one."""
        try:
            weights = self._weights.pop()
        except IndexError:
            weights = {step.name: step.filters.room() for step in self._convolutions}
        theta = writable(parameters.vector)

        def pack(step: Convolve) -> None:
            where, _ = parameters.network.layout[f"{step.name}.weight"]
            step.filters.pack(theta, where.start, weights[step.name], back)

        largest_first = reversed(self._convolutions)
        list((map if pool is None else pool.map)(pack, largest_first))
        return weights

    def bytes(self, drawings: int) -> int:
        """Return the bytes that the maps of some drawings take, there and back."""
        frames = [step.after for step in every_step(self._steps)]
        kept = self._steps[0].before.drawing + sum(frame.drawing for frame in frames)
        on_the_way = 2 * max(frame.drawing for frame in frames)  # a gradient, and the one before
        return 4 * drawings * (kept + on_the_way)

    def forward(
        self,
        parameters: Parameters,
        x: Array,
        pool: Executor | None = None,
        weights: dict[str, Weights] | None = None,
    ) -> Array:
        """Return what the last stage gives; by the pool's threads, if there is one."""
        if weights is None:
            with self.weights(parameters, back=False) as own:
                return self.forward(parameters, x, pool, own)
        chunks = [x[at : at + _CHUNK] for at in range(0, len(x), _CHUNK)]

        def part(chunk: Array) -> Array:
            y, run, _, _ = self._there(parameters, chunk, weights, None, INFERENCE, False)
            self._buffers.append(run.buffers)
            return y

        through = map if pool is None or len(chunks) == 1 else pool.map
        return np.concatenate(list(through(part, chunks)))

    def again(self, parameters: Parameters, x: Array, weights: dict[str, Weights]) -> Array:
        """Do what `forward` does, for a few drawings, parameters and weights that never change.

        What the first pass calls is noted down, with its arrays; later ones call that again, and
        nothing else. (For one drawing the rest takes half as long as the kernels.)
        """
        kept = self._kept.setdefault(len(x), [])
        try:
            calls, maps, y = kept.pop()
        except IndexError:
            calls, maps, y = self._note_down(parameters, len(x), weights)
        self._steps[0].before.write(maps, x)
        for function, arguments in calls:
            function(*arguments)
        last = self._steps[-1].after
        given: Array = y.copy() if self._gives_row else last.read(y, len(x))
        kept.append((calls, maps, y))
        return given

    def _note_down(
        self, parameters: Parameters, n: int, weights: dict[str, Weights]
    ) -> tuple[list[tuple[Any, Any]], Array, Array]:
        """Return the calls of a pass, the maps that it begins with, and what it gives."""
        buffers = Buffers(n)
        buffers.calls = []
        run = Pass(n, parameters, weights, False, False, None, buffers)
        maps = buffers.take(self._steps[0].before)
        y, _ = steps.forward(self._steps, Maps(maps), run)
        calls = [
            (compiled(function, *arguments), arguments) for function, arguments in buffers.calls
        ]
        return calls, maps, y if self._gives_row else y.array

    def there(
        self,
        parameters: Parameters,
        x: Array,
        mode: Mode,
        statistics: Statistics,
        weights: dict[str, Weights],
    ) -> tuple[Array, Any]:
        """Return what the last stage gives, and what the way back will need."""
        y, run, first, trail = self._there(parameters, x, weights, statistics, mode, True)
        return y, (run, first, trail)

    def back(self, parameters: Parameters, dy: Array, saved: Any, gradient: Array) -> Array | None:
        """Write the gradient; return dx, if anybody may ask for it."""
        run, x, trail = saved
        first, last = self._steps[0], self._steps[-1]
        given: Any = dy
        if not self._gives_row:
            given = Gradient(run.buffers.take(last.after), last.after)
            last.after.write(given.array, dy)
        dx = steps.backward(trail, given, run, gradient, not self._is_first)
        planes = None
        if dx is not None:
            if not self._is_first:
                planes = dx.frame.read(dx.array, run.n)
            dx.release(run.buffers)
        run.buffers.give(first.before, x.array)
        self._buffers.append(run.buffers)
        return planes

    def _there(
        self,
        parameters: Parameters,
        x: Array,
        weights: dict[str, Weights],
        statistics: Statistics | None,
        mode: Mode,
        keep: bool,
    ) -> tuple[Array, Pass, Maps, steps.Trail]:
        n = len(x)
        run = Pass(n, parameters, weights, mode.training, keep, statistics, self._lend(n))
        first, last = self._steps[0], self._steps[-1]
        maps = Maps(run.buffers.take(first.before))
        first.before.write(maps.array, x)
        y, trail = steps.forward(self._steps, maps, run)
        if not keep:
            run.buffers.give(first.before, maps.array)
        if not self._gives_row:
            planes = last.after.read(y.array, n)
            run.buffers.give(last.after, y.array)
            y = planes
        return y, run, maps, trail

    def _lend(self, n: int) -> Buffers:
        """Return buffers for n drawings; smaller ones are given up."""
        try:
            buffers = self._buffers.pop()
        except IndexError:
            return Buffers(n)
        return buffers if buffers.drawings >= n else Buffers(n)
