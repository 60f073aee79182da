"""What goes from step to step of a pass: maps, and on the way back their gradients."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inkgrad.engines.cpu.maps import activation
from inkgrad.engines.cpu.maps.filters import Weights
from inkgrad.engines.cpu.maps.frame import Buffers, Frame
from inkgrad.layers import Array
from inkgrad.network import Parameters, Statistics

__all__ = ["Gradient", "Maps", "Pass", "cells_between"]


@dataclass(frozen=True)
class Pass:
    """What all steps of a pass are given.

    Attributes
    ----------
    n : int
        Drawings.
    parameters : Parameters
    weights : dict
        As `Filters` lay them out, by the names of stages.
    training : bool
        Whether norms measure.
    keeps : bool
        Whether there is a way back.
    statistics : Statistics, or None if none are wanted
        Written.
    buffers : Buffers
    """

    n: int
    parameters: Parameters
    weights: dict[str, Weights]
    training: bool
    keeps: bool
    statistics: Statistics | None
    buffers: Buffers

    def place(self, name: str) -> int:
        """Return where parameters of a name begin."""
        return int(self.parameters.network.layout[name][0].start)


@dataclass
class Maps:
    """Maps on their way from step to step.

    Attributes
    ----------
    array : array
        Borrowed.
    measured : (array, array), optional
        Each drawing's means, and sums of squares about them: see `activation.measure`.
    """

    array: Array
    measured: tuple[Array, Array] | None = None


@dataclass
class Gradient:
    """A gradient on its way back.

    Behind a norm it is not finished: it is that of h, and `parts` say how it becomes that of z:
    (first drawing, last, coefficients of `activation.spread`). A finished one has no z.
    """

    array: Array
    frame: Frame
    z: Array | None = None
    parts: list[tuple[int, int, Array]] = field(default_factory=list)

    def release(self, buffers: Buffers) -> None:
        """Give back what was borrowed."""
        buffers.give(self.frame, self.array)
        if self.z is not None:
            buffers.give(self.frame, self.z)

    def write(self, first: int, last: int, frame: Frame, dz: Array) -> None:
        """Write the finished gradient of drawings first … last−1, which are all of one part."""
        n, size = last - first, self.frame.drawing
        own = self.array[first * size :]
        if self.z is None:
            frame.inside(dz, n)[...] = self.frame.inside(own, n)
            return
        coefficients = next(each for begin, end, each in self.parts if begin <= first < end)
        cells = cells_between(self.frame, frame)
        activation.spread(cells, n, self.z[first * size :], own, coefficients, dz)

    def finished(self, frame: Frame, run: Pass) -> Gradient:
        """Return the finished gradient in a frame; what it is made from is not given back."""
        dz = run.buffers.take(frame)
        edges = [0, *(last for _, last, _ in self.parts)] if self.parts else [0, run.n]
        for first, last in itertools.pairwise(edges):
            self.write(first, last, frame, dz[first * frame.drawing :])
        return Gradient(dz, frame)


@functools.lru_cache(maxsize=1024)
def cells_between(z: Frame, y: Frame) -> Any:
    """Return sizes and places for kernels that go from maps in one frame to maps in another.

    Whoever wants to change them makes a copy.
    """
    cells = np.zeros(1, activation.CELLS)
    c = cells[0]
    c["pool"], c["groups"] = 1, z.groups
    _, c["rows"], c["columns"] = z.shape
    for letter, frame in (("z", z), ("y", y)):
        c[f"{letter}_at"] = frame.at(0, 0)
        for name in ("row", "slab", "drawing"):
            c[f"{letter}_{name}"] = getattr(frame, name)
    return cells
