"""A segment of a network at work in bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import compiled
from inkgrad.engines.cpu.int8.kernels import recognise
from inkgrad.engines.cpu.int8.packing import AT_ONCE, Packed, Scratch
from inkgrad.engines.cpu.plan import KernelSegment
from inkgrad.layers import Array
from inkgrad.memory import writable
from inkgrad.network import Parameters

__all__ = ["Int8Run"]

_LEAST = 8  # drawings that a thread takes at a time


class Int8Run:
    """Turns what a segment is given (n, …) into what it gives, or into probabilities.

    Several threads may use it at once: each is lent its own scratch.

    Parameters
    ----------
    segment : KernelSegment
    parameters : Parameters
        float32 and finite; what becomes of them later does not matter.
    threads : int
        At most so many work.
    pool : callable
        Returns what runs tasks by as many threads.
    probabilities : bool
        Whether to give the softmax of what the segment gives.
    """

    def __init__(
        self,
        segment: KernelSegment,
        parameters: Parameters,
        threads: int,
        pool: Callable[[], Any],
        *,
        probabilities: bool,
    ) -> None:
        packed = Packed(segment, parameters)
        self._packed = packed
        self._arrays = packed.layers, packed.weights, packed.numbers, packed.tables
        self._threads, self._pool, self._probabilities = threads, pool, probabilities
        self._output_shape = segment.stages[-1].output_shape
        self._scratch: list[Scratch] = []  # a list's pop and append are indivisible: no lock
        self._recognise: Callable[..., None] | None = None

    def __call__(self, x: Array) -> Array:
        """Return what the segment gives."""
        n = len(x)
        outputs = np.empty((n, *self._output_shape), np.float32)
        x = writable(np.ascontiguousarray(x, np.float32).reshape(-1))
        part = AT_ONCE if n >= 2 * self._threads * AT_ONCE else _LEAST
        threads = min(self._threads, -(-n // part))
        taken = np.zeros(1, np.int64)
        if threads <= 1:
            self._work(x, outputs.reshape(-1), taken, n, part)
            return outputs
        pool, what = self._pool(), (x, outputs.reshape(-1), taken, n, part)
        helping = [pool.submit(self._work, *what) for _ in range(threads - 1)]
        self._work(*what)
        for each in helping:
            each.result()
        return outputs

    def _work(self, x: Array, outputs: Array, taken: Array, n: int, part: int) -> None:
        """Take part until all drawings are recognised."""
        try:
            scratch = self._scratch.pop()
        except IndexError:
            scratch = self._packed.scratch()
        what: tuple[Any, ...] = (
            *self._arrays,
            *(x, outputs, taken),
            *(scratch.bytes, scratch.numbers, scratch.whole),
            *(n, part, self._probabilities),
        )
        if self._recognise is None:
            self._recognise = compiled(recognise, *what)
        self._recognise(*what)
        self._scratch.append(scratch)
