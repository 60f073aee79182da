"""The steps of a segment of maps: what each does there and back.

Memory is what bounds norms, so each number is fetched as seldom as can be. What stands behind a
convolution waits for the next one (`ahead` of which it stands) and is then done to a *chunk* of
drawings at a time, which the convolution reads while it is in the cache; on the way back, likewise.
Between steps lie only convolutions' outputs z, and the gradients of what is done to those.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np

from inkgrad.engines.cpu.maps import activation
from inkgrad.engines.cpu.maps.filters import Filters, Weights
from inkgrad.engines.cpu.maps.frame import Buffers, Frame
from inkgrad.engines.cpu.simd import LANES
from inkgrad.layers import Array, BatchNorm, LeakyReLU, ReLU
from inkgrad.layers.norm import shards
from inkgrad.network import Parameters, Statistics

__all__ = [
    "Activate",
    "Activation",
    "Average",
    "Convolve",
    "Gradient",
    "Maps",
    "Pass",
    "Side",
    "Step",
    "backward",
    "forward",
]

_CHUNK = 640 * 1024  # bytes of the largest maps that a chunk works on


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


class Part(NamedTuple):
    """Drawings that a norm measured together, or all where there is none.

    Attributes
    ----------
    first, last : int
        Drawings first … last−1.
    coefficients : (3 · channels,) float32 array
        See `activation.activate`.
    rate : (channels,) array
        A norm's 1/√(σ² + ε).
    """

    first: int
    last: int
    coefficients: Array
    rate: Array


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


class Step(Protocol):
    """One step; `before` and `after` are the frames of what it reads and what it gives."""

    before: Frame
    after: Frame

    def forward(self, x: Maps, run: Pass) -> tuple[Any, Any]:
        """Return y, borrowed, and what `backward` needs besides x."""
        ...

    def backward(
        self, x: Maps, dy: Any, saved: Any, run: Pass, gradient: Array, wants_dx: bool
    ) -> Gradient | None:
        """Write the parameters' gradient; return dx, if it is wanted.

        dy is given back; x is not, and stays in use for as long as dx is not finished.
        """
        ...


class Activation:
    """A bias or a norm, a ReLU and a 2×2 pool, each if it is there; see `activation`.

    Parameters
    ----------
    bias : str, optional
        Name of the bias among the parameters.
    norm : (str, BatchNorm), optional
        The name of the stage, and the layer.
    relu : ReLU or LeakyReLU, optional
    pool : bool
    """

    def __init__(
        self,
        before: Frame,
        *,
        bias: str | None = None,
        norm: tuple[str, BatchNorm] | None = None,
        relu: ReLU | LeakyReLU | None = None,
        pool: bool = False,
    ) -> None:
        self.before = before
        self._bias, self.norm, self._relu, self.pool = bias, norm, relu, pool
        self.width = before.groups * LANES
        self._channels, rows, columns = before.shape
        self.places = rows * columns

    def cells(self, after: Frame) -> Any:
        """Return sizes and places, where y stands in a frame."""
        cells = cells_between(self.before, after).copy()
        relu = self._relu
        cells["rectified"] = 0 if relu is None else 2 if isinstance(relu, LeakyReLU) else 1
        cells["slope"] = getattr(relu, "slope", 0.0)
        cells["pool"] = 2 if self.pool else 1
        return cells

    def parts(self, x: Maps, run: Pass) -> list[Part]:
        """Return the coefficients of each part, measured if the network learns."""
        numbers, n = run.parameters, run.n
        bias: Any = 0.0 if self._bias is None else self._padded(numbers[self._bias])
        if self.norm is None:
            coefficients = np.zeros((3, self.width), np.float32)
            coefficients[1], coefficients[2] = 1, bias
            return [Part(0, n, coefficients.ravel(), coefficients[1])]
        name, layer = self.norm
        if not run.training:
            mean, variance = (
                self._padded(numbers.statistics[f"{name}.{which}"])
                for which in ("mean", "variance")
            )
            return [Part(0, n, *self._coefficients(numbers, mean - bias, variance))]
        means, squares = self._measured(x, n)
        parts, found = [], []
        for part in shards(n, layer.shard):
            own = means[part].astype(np.float64)  # (drawings, width)
            mean = own.mean(axis=0)
            # What varies within drawings, and what varies from drawing to drawing.
            within = squares[part].sum(axis=0, dtype=np.float64) / (len(own) * self.places)
            variance = within + own.var(axis=0)
            parts.append(Part(part.start, part.stop, *self._coefficients(numbers, mean, variance)))
            own_channels = slice(0, self._channels)
            found.append((len(own), (mean + bias)[own_channels], variance[own_channels]))
        if run.statistics is not None:
            state = {
                which: run.statistics[f"{name}.{which}"].copy() for which in ("mean", "variance")
            }
            for which, values in layer.averaged(found, self.places, **state).items():
                run.statistics[f"{name}.{which}"] = values
        return parts

    def write_gradient(
        self,
        parts: list[Part],
        sums: Array,
        products: Array,
        run: Pass,
        gradient: Array,
    ) -> list[tuple[int, int, Array]]:
        """Write the gradient of scale and shift, or of the bias; return a `Gradient`'s parts.

        `sums` and `products` are each drawing's, as `activation.collect` writes them.
        """
        scale = shift = bias = np.zeros(self.width)
        back = []
        for first, last, coefficients, rate in parts:
            own = slice(first * self.width, last * self.width)
            total, along = (
                each[own].reshape(-1, self.width).sum(axis=0, dtype=np.float64)
                for each in (sums, products)
            )
            shift = shift + total
            if self.norm is None:
                bias = shift
                continue
            scale = scale + along * rate
            m = (last - first) * self.places
            spread = np.zeros((4, self.width), np.float32)
            spread[:2] = coefficients.reshape(3, self.width)[:2]
            if run.training:
                spread[2], spread[3] = total / m, along * rate**2 / m
            else:
                bias = bias + total * spread[1]
            back.append((first, last, spread.ravel()))
        found = {}
        if self.norm is not None:
            found = {f"{self.norm[0]}.scale": scale, f"{self.norm[0]}.shift": shift}
        if self._bias is not None:
            found[self._bias] = bias
        for name, values in found.items():
            place = run.place(name)
            gradient[place : place + self._channels] = values[: self._channels]
        return back

    def _measured(self, x: Maps, n: int) -> tuple[Array, Array]:
        """Return what was measured, each (drawings, width)."""
        if x.measured is None:
            x.measured = np.empty(n * self.width, np.float32), np.empty(n * self.width, np.float32)
            activation.measure(cells_between(self.before, self.before), n, x.array, *x.measured)
        means, squares = x.measured
        return means.reshape(n, self.width), squares.reshape(n, self.width)

    def _coefficients(
        self, numbers: Parameters, mean: Array, variance: Array
    ) -> tuple[Array, Array]:
        """Return the coefficients of `activation.activate`, and 1/√(σ² + ε)."""
        name, layer = self.norm  # type: ignore[misc]
        rate = 1 / np.sqrt(variance.astype(np.float64) + layer.epsilon)
        scale, shift = (self._padded(numbers[f"{name}.{which}"]) for which in ("scale", "shift"))
        return np.concatenate([mean, rate * scale, shift]).astype(np.float32), rate

    def _padded(self, values: Array) -> Array:
        """Return a channel's numbers, and zeros up to whole vectors."""
        padded = np.zeros(self.width, values.dtype)
        padded[: len(values)] = values
        return padded


class Convolve:
    """A convolution without its bias, behind what is done to its input.

    Parameters
    ----------
    name : str
        Of the stage.
    filters : Filters
    ahead : Activation, optional
        What is done to the input first; without it, the input is x itself.
    measures : bool
        Whether a norm behind it will want the output measured.
    """

    def __init__(
        self, name: str, filters: Filters, ahead: Activation | None, measures: bool
    ) -> None:
        self.name, self.filters, self._ahead, self._measures = name, filters, ahead, measures
        self.before = filters.x if ahead is None else ahead.before
        self.after = filters.y
        self._cells = None if ahead is None else ahead.cells(filters.x)
        self._own_cells = cells_between(self.after, self.after)
        frames = (filters.x, filters.dy, self.before)
        self._most = max(1, _CHUNK // (4 * max(frame.drawing for frame in frames)))

    def forward(self, x: Maps, run: Pass) -> tuple[Maps, Any]:
        """Return the convolution."""
        filters, buffers, n = self.filters, run.buffers, run.n
        weights = run.weights[self.name]
        y = Maps(buffers.take(self.after))
        width = self.after.groups * LANES
        if self._measures and run.training:
            y.measured = np.empty(n * width, np.float32), np.empty(n * width, np.float32)
        parts = [] if self._ahead is None else self._ahead.parts(x, run)
        room = buffers.take(filters.x, self._most) if self._ahead else None
        for first, last, part in self._chunks(n, parts, []):
            own = x.array[first * self.before.drawing :]
            if part is not None and room is not None:
                activation.activate(self._cells, last - first, own, part.coefficients, room)
                own = room
            target = y.array[first * self.after.drawing :]
            filters.convolve(last - first, own, weights, target, buffers)
            if y.measured is not None:
                means, squares = (each[first * width :] for each in y.measured)
                activation.measure(self._own_cells, last - first, target, means, squares)
        if room is not None:
            buffers.give(filters.x, room)
        return y, parts

    def backward(
        self, x: Maps, dy: Gradient, saved: Any, run: Pass, gradient: Array, wants_dx: bool
    ) -> Gradient | None:
        """Write the gradient of the filters and of what stands ahead; return dx."""
        filters, buffers, n, ahead = self.filters, run.buffers, run.n, self._ahead
        weights, sums = run.weights[self.name], filters.sums(buffers)
        dz, y, dx = (
            buffers.take(frame, self._most) for frame in (filters.dy, filters.x, filters.x)
        )
        wants_dx = wants_dx or ahead is not None
        sent = Gradient(buffers.take(self.before), self.before) if wants_dx else None
        width = self.before.groups * LANES
        totals, products = (np.empty(n * width, np.float32) for _ in "12")
        for first, last, part in self._chunks(n, saved, dy.parts):
            count = last - first
            dy.write(first, last, filters.dy, dz)
            own = x.array[first * self.before.drawing :]
            inner = own
            if part is not None:
                activation.activate(self._cells, count, own, part.coefficients, y)
                inner = y
            filters.add_gradient(count, inner, dz, sums, first == 0, buffers)
            if sent is None:
                continue
            target = sent.array[first * self.before.drawing :]
            if part is None:
                filters.send_back(count, dz, weights, target, buffers)
                continue
            filters.send_back(count, dz, weights, dx, buffers)
            activation.collect(
                self._cells,
                count,
                own,
                part.coefficients,
                dx,
                target,
                totals[first * width :],
                products[first * width :],
            )
        filters.write_gradient(sums, gradient, run.place(f"{self.name}.weight"))
        for frame, maps in ((filters.dy, dz), (filters.x, y), (filters.x, dx)):
            buffers.give(frame, maps)
        dy.release(buffers)
        return _behind(ahead, saved, x, sent, totals, products, run, gradient)

    def _chunks(
        self, n: int, parts: list[Part], others: list[tuple[int, int, Array]]
    ) -> Iterator[tuple[int, int, Part | None]]:
        """Cut drawings into chunks that each lie in one part; give the part, too."""
        edges = sorted({0, n, *(part.last for part in parts), *(last for _, last, _ in others)})
        for begin, end in itertools.pairwise(edges):
            part = next((part for part in parts if part.first <= begin < part.last), None)
            pieces = -(-(end - begin) // self._most)
            for k in range(pieces):
                first, last = (begin + (end - begin) * j // pieces for j in (k, k + 1))
                yield first, last, part


class Activate:
    """An activation by itself, where no convolution follows."""

    def __init__(self, activation_: Activation, after: Frame) -> None:
        self.before, self.after, self._own = activation_.before, after, activation_
        self._cells = activation_.cells(after)

    def forward(self, x: Maps, run: Pass) -> tuple[Maps, Any]:
        """Return y, and the parts."""
        y, size = Maps(run.buffers.take(self.after)), self.after.drawing
        parts = self._own.parts(x, run)
        for first, last, coefficients, _ in parts:
            own = x.array[first * self.before.drawing :]
            activation.activate(
                self._cells, last - first, own, coefficients, y.array[first * size :]
            )
        return y, parts

    def backward(
        self, x: Maps, dy: Gradient, saved: Any, run: Pass, gradient: Array, wants_dx: bool
    ) -> Gradient | None:
        """Write the gradient of scale and shift, or of the bias; return dx."""
        given, width = dy, self._own.width
        if dy.z is not None:
            given = dy.finished(self.after, run)
            dy.release(run.buffers)
        sent = Gradient(run.buffers.take(self.before), self.before)
        totals, products = (np.empty(run.n * width, np.float32) for _ in "12")
        for first, last, coefficients, _ in saved:
            activation.collect(
                self._cells,
                last - first,
                x.array[first * self.before.drawing :],
                coefficients,
                given.array[first * self.after.drawing :],
                sent.array[first * self.before.drawing :],
                totals[first * width :],
                products[first * width :],
            )
        given.release(run.buffers)
        return _behind(self._own, saved, x, sent, totals, products, run, gradient)


def _behind(
    ahead: Activation | None,
    parts: list[Part],
    x: Maps,
    sent: Gradient | None,
    totals: Array,
    products: Array,
    run: Pass,
    gradient: Array,
) -> Gradient | None:
    """Return the gradient of an activation's input x; it keeps x, if it is not finished."""
    back = []
    if ahead is not None:
        back = ahead.write_gradient(parts, totals, products, run, gradient)
    if sent is not None and back:
        sent.z, sent.parts = x.array, back
    return sent


class Average:
    """The mean of each map; what it gives is a row of numbers, not maps."""

    def __init__(self, before: Frame) -> None:
        self.before = self.after = before
        self._cells = math.prod(before.shape[1:])

    def forward(self, x: Maps, run: Pass) -> tuple[Array, Any]:
        """Return (n, channels)."""
        maps = self.before.inside(x.array, run.n)  # (n, groups, rows, columns, LANES)
        means = maps.sum(axis=(2, 3)).reshape(run.n, -1) / np.float32(self._cells)
        return np.ascontiguousarray(means[:, : self.before.shape[0]]), None

    def backward(
        self, x: Maps, dy: Array, saved: Any, run: Pass, gradient: Array, wants_dx: bool
    ) -> Gradient | None:
        """Return dx."""
        dx, width = run.buffers.take(self.before), self.before.groups * LANES
        shares = np.pad(dy / np.float32(self._cells), ((0, 0), (0, width - dy.shape[1])))
        self.before.inside(dx, run.n)[...] = shares.reshape(run.n, -1, 1, 1, LANES)
        return Gradient(dx, self.before)


class Side:
    """Rows of steps side by side, joined by addition or one behind the other."""

    def __init__(
        self, rows: Sequence[Sequence[Step]], before: Frame, after: Frame, join: str
    ) -> None:
        self.rows, self.before, self.after, self._join = rows, before, after, join

    def forward(self, x: Maps, run: Pass) -> tuple[Maps, Any]:
        """Return the branches' outputs, joined."""
        y, trails = Maps(run.buffers.take(self.after)), []
        inside, groups = self.after.inside(y.array, run.n), 0
        for k, steps in enumerate(self.rows):
            branch, trail = forward(steps, x, run)
            frame = steps[-1].after if steps else self.before
            given = frame.inside(branch.array, run.n)
            if self._join == "concatenate":
                inside[:, groups : groups + frame.groups] = given
                groups += frame.groups
            elif k == 0:
                inside[...] = given
            else:
                inside += given
            if steps:
                run.buffers.give(frame, branch.array)
            trails.append(trail)
        return y, trails

    def backward(
        self, x: Maps, dy: Gradient, saved: Any, run: Pass, gradient: Array, wants_dx: bool
    ) -> Gradient | None:
        """Return the sum of what the branches send back."""
        buffers, n = run.buffers, run.n
        whole = dy.finished(self.after, run) if dy.z is not None else dy
        given, groups = self.after.inside(whole.array, n), 0
        dx = Gradient(buffers.take(self.before), self.before) if wants_dx else None
        for k, (steps, trail) in enumerate(zip(self.rows, saved, strict=True)):
            frame = steps[-1].after if steps else self.before
            own = given
            if self._join == "concatenate":
                own = given[:, groups : groups + frame.groups]
                groups += frame.groups
            share = Gradient(buffers.take(frame), frame)
            frame.inside(share.array, n)[...] = own
            back = backward(trail, share, run, gradient, wants_dx)
            if dx is not None and back is not None:
                sent, sum_ = (self.before.inside(each.array, n) for each in (back, dx))
                np.add(sum_, sent, out=sum_) if k else np.copyto(sum_, sent)
            if back is not None:
                back.release(buffers)
        if whole is not dy:
            whole.release(buffers)
        dy.release(buffers)
        return dx


Trail = list[tuple[Step, Maps, Any]]


def forward(steps: Sequence[Step], x: Maps, run: Pass) -> tuple[Any, Trail]:
    """Go through steps in a row; the trail has each step, what it was given, and what it saved.

    If there is no way back, what lies between is given back at once. x is not given back.
    """
    trail: Trail = []
    for number, step in enumerate(steps):
        y, saved = step.forward(x, run)
        if run.keeps:
            trail.append((step, x, saved))
        elif number:
            run.buffers.give(step.before, x.array)
        x = y
    return x, trail


def backward(trail: Trail, dy: Any, run: Pass, gradient: Array, wants_dx: bool) -> Gradient | None:
    """Go back; return the finished dx, if it is wanted.

    dy and what lies between is given back; what the first step was given is not.
    """
    for number in reversed(range(len(trail))):
        step, x, saved = trail[number]
        wanted = wants_dx or number > 0
        dx = step.backward(x, dy, saved, run, gradient, wanted)
        if number and (dx is None or dx.z is None):  # or it goes with dx
            run.buffers.give(step.before, x.array)
        dy = dx
    if isinstance(dy, Gradient) and dy.z is not None:
        done = dy.finished(dy.frame, run) if wants_dx else None
        run.buffers.give(dy.frame, dy.array)
        return done
    return dy if isinstance(dy, Gradient) else None


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
