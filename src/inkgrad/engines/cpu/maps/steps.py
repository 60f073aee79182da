"""The steps of a segment of maps: what each does there and back.

Memory is what bounds norms, so each number is fetched as seldom as can be. What stands behind a
convolution waits for the next one (`ahead` of which it stands) and is then done to a *chunk* of
drawings at a time, which the convolution reads while it is in the cache; on the way back, likewise.
Between steps lie only convolutions' outputs z, and the gradients of what is done to those.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from inkgrad.engines.cpu.maps import activation
from inkgrad.engines.cpu.maps.behind import Activation, Part
from inkgrad.engines.cpu.maps.filters import Filters
from inkgrad.engines.cpu.maps.flow import Gradient, Maps, Pass, cells_between
from inkgrad.engines.cpu.maps.frame import Frame
from inkgrad.engines.cpu.simd import LANES
from inkgrad.layers import Array

__all__ = ["Activate", "Average", "Convolve", "Side", "Step", "Trail", "backward", "forward"]

_CHUNK = 640 * 1024  # bytes of the largest maps that a chunk works on


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
                count = last - first
                buffers.call(activation.activate, self._cells, count, own, part.coefficients, room)
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
            target = y.array[first * size :]
            run.buffers.call(
                activation.activate, self._cells, last - first, own, coefficients, target
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
        self._own_cells = cells_between(before, before)

    def forward(self, x: Maps, run: Pass) -> tuple[Array, Any]:
        """Return (n, channels)."""
        means, squares = np.empty((2, run.n * self.before.groups * LANES), np.float32)
        run.buffers.call(activation.measure, self._own_cells, run.n, x.array, means, squares)
        means = means.reshape(run.n, -1)  # (n, channels, filled up to whole vectors)
        return means[:, : self.before.shape[0]], None

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
                own = inside[:, groups : groups + frame.groups]
                run.buffers.call(np.copyto, own, given)
                groups += frame.groups
            elif k == 0:
                run.buffers.call(np.copyto, inside, given)
            else:
                run.buffers.call(np.add, inside, given, inside)
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
                if k == 0:
                    sum_[...] = sent
                else:
                    sum_ += sent
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
