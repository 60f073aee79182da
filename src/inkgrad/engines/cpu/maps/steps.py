"""The steps of a segment of maps: what each does there and back, on buffers that it borrows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from inkgrad.engines.cpu.maps import activation, convolution, depthwise
from inkgrad.engines.cpu.maps.frame import Buffers, Frame, Margin
from inkgrad.engines.cpu.maps.products import PANEL
from inkgrad.engines.cpu.maps.winograd import OUTPUTS, PATCH, POINTS
from inkgrad.engines.cpu.simd import LANES
from inkgrad.layers import Array, BatchNorm, LeakyReLU, ReLU, Shape
from inkgrad.layers.conv import both_sides
from inkgrad.layers.norm import shards
from inkgrad.layers.row import Stage
from inkgrad.memory import aligned_zeros
from inkgrad.network import Parameters, Statistics

__all__ = ["Activation", "Average", "Convolution", "Depthwise", "Pass", "Side", "Step", "Weights"]

Weights = dict[str, Any]
"""Weights as convolutions read them, by the names of their stages."""


@dataclass(frozen=True)
class Pass:
    """What all steps of a pass are given.

    Attributes
    ----------
    n : int
        Drawings.
    parameters, weights
    training : bool
        Whether norms measure.
    statistics : Statistics, or None if none are wanted
        Written.
    buffers : Buffers
    """

    n: int
    parameters: Parameters
    weights: Weights
    training: bool
    statistics: Statistics | None
    buffers: Buffers


class Step(Protocol):
    """One step; `before` and `after` are the frames of what it reads and what it gives."""

    before: Frame
    after: Frame

    def forward(self, x: Array, run: Pass) -> tuple[Array, Any]:
        """Return y, borrowed, and what `backward` needs besides x."""
        ...

    def backward(
        self, x: Array, dy: Array, saved: Any, run: Pass, gradient: Array, wants_dx: bool
    ) -> Array | None:
        """Write the parameters' gradient; return dx, borrowed, if it is wanted."""
        ...


class Convolution:
    """A convolution without its bias, which the activation behind it adds."""

    def __init__(self, stage: Stage, name: str, before: Frame, after: Frame) -> None:
        self.before, self.after = before, after
        self.name, self._layer = name, stage.layer
        self._shapes = _shapes(stage.layer, before, after)
        self._winograd = bool(self._shapes["winograd"][0])
        self._back_shapes = _turned(stage.layer, before, after) if self._winograd else self._shapes

    @staticmethod
    def margins(stage: Stage) -> tuple[Margin, Margin]:
        """Return the margins that the step needs around its input and its output."""
        layer: Any = stage.layer
        (top, bottom), (left, right) = both_sides(layer.padding, "padding")
        if not is_winograd(layer):
            return (top, left, bottom, right), (0, 0, 0, 0)
        _, rows, columns = stage.input_shape
        _, out_rows, out_columns = stage.output_shape
        return (
            (top, left, *_reach((out_rows, out_columns), (rows + top, columns + left))),
            (
                2 - top,
                2 - left,
                *_reach((rows, columns), (out_rows + 2 - top, out_columns + 2 - left)),
            ),
        )

    def room(self) -> tuple[Any, Any]:
        """Return arrays for the weights, there and back."""
        s = self._shapes[0]
        there = aligned_zeros(int(s["points"] * s["vectors"] * s["length"]) * LANES, np.float32)
        if self._winograd:
            b = self._back_shapes[0]
            back = int(b["points"] * b["vectors"] * b["length"]) * LANES
        else:
            back = int(s["size_y"] * s["size_x"] * s["groups"] * s["filters"]) * LANES
        return there, aligned_zeros(back, np.float32)

    def pack(self, theta: Array, place: int, room: tuple[Any, Any], back: bool) -> None:
        """Lay out the weights, which begin at `place` in theta."""
        s = self._shapes[0]
        temporary = np.empty((int(s["size_y"] * s["size_x"]) + POINTS) * LANES, np.float32)
        convolution.pack(self._shapes, theta, place, False, room[0], temporary)
        if back and self._winograd:
            convolution.pack(self._back_shapes, theta, place, True, room[1], temporary)
        elif back:
            convolution.pack_back(self._shapes, theta, place, room[1])

    def forward(self, x: Array, run: Pass) -> tuple[Array, Any]:
        """Return the convolution of x."""
        y = run.buffers.take(self.after)
        u, _ = run.weights[self.name]
        v, m = self._panels(run.buffers, self._shapes)
        convolution.convolve(self._shapes, run.n, x, u, y, v, m)
        return y, None

    def backward(
        self, x: Array, dy: Array, saved: Any, run: Pass, gradient: Array, wants_dx: bool
    ) -> Array | None:
        """Write the filters' gradient; return dx."""
        s, buffers = self._shapes[0], run.buffers
        v, _ = self._panels(buffers, self._shapes)
        filters = int(s["vectors"]) * LANES
        taps = int(s["size_y"] * s["size_x"])
        d = buffers.scratch("d", max(PANEL * int(s["points"]) * filters, taps * LANES))
        sums = buffers.scratch("sums", (int(s["points"] * s["width"]) * filters + POINTS * LANES))
        convolution.filter_gradient(
            self._shapes, run.n, x, dy, gradient, self._place(run.parameters), v, d, sums
        )
        if not wants_dx:
            return None
        dx = buffers.take(self.before)
        _, u = run.weights[self.name]
        if self._winograd:
            v, m = self._panels(buffers, self._back_shapes)
            convolution.convolve(self._back_shapes, run.n, dy, u, dx, v, m)
        else:
            dx[: run.n * self.before.drawing] = 0
            m = buffers.scratch("m", PANEL * int(s["width"]))
            convolution.input_gradient(self._shapes, run.n, dy, u, dx, d, m)
            _clear_margin(self.before, dx, run.n)
        return dx

    def _place(self, parameters: Parameters) -> int:
        where, _ = parameters.network.layout[f"{self.name}.weight"]
        return int(where.start)

    @staticmethod
    def _panels(buffers: Buffers, shapes: Any) -> tuple[Array, Array]:
        s = shapes[0]
        panel = PANEL * int(s["points"])
        return (
            buffers.scratch("v", panel * int(s["width"])),
            buffers.scratch("m", panel * int(s["vectors"]) * LANES + POINTS * LANES),
        )


class Depthwise:
    """A convolution in which each channel has a filter of its own; without its bias, too."""

    def __init__(self, stage: Stage, name: str, before: Frame, after: Frame) -> None:
        self.before, self.after = before, after
        self.name, layer = name, stage.layer
        self._shapes = _shapes(layer, before, after)
        self._back_shapes: Any = None
        if _sends_by_turning(layer):
            top, left = _turned_padding(layer)
            channels = (before.shape[0],) * 2
            self._back_shapes = _filled(layer, after, before, (top, left), channels, False)

    @staticmethod
    def margins(stage: Stage) -> tuple[Margin, Margin]:
        """Return the margins that the step needs around its input and its output."""
        layer: Any = stage.layer
        (top, bottom), (left, right) = both_sides(layer.padding, "padding")
        if not _sends_by_turning(layer):
            return (top, left, bottom, right), (0, 0, 0, 0)
        back_top, back_left = _turned_padding(layer)
        (reach_y, reach_x) = _spans(layer)
        return (
            (top, left, bottom, right),
            (back_top, back_left, reach_y - bottom, reach_x - right),
        )

    def room(self) -> tuple[Any, Any]:
        """Return arrays for the weights, there and back."""
        s = self._shapes[0]
        size = int(s["groups"] * s["size_y"] * s["size_x"]) * LANES
        return aligned_zeros(size, np.float32), aligned_zeros(size, np.float32)

    def pack(self, theta: Array, place: int, room: tuple[Any, Any], back: bool) -> None:
        """Lay out the weights, which begin at `place` in theta."""
        depthwise.pack_depthwise(self._shapes, theta, place, False, room[0])
        if back and self._back_shapes is not None:
            depthwise.pack_depthwise(self._shapes, theta, place, True, room[1])

    def forward(self, x: Array, run: Pass) -> tuple[Array, Any]:
        """Return the convolution of x."""
        y = run.buffers.take(self.after)
        depthwise.convolve_depthwise(self._shapes, run.n, x, run.weights[self.name][0], y)
        return y, None

    def backward(
        self, x: Array, dy: Array, saved: Any, run: Pass, gradient: Array, wants_dx: bool
    ) -> Array | None:
        """Write the filters' gradient; return dx."""
        s = self._shapes[0]
        sums = run.buffers.scratch("sums", int(s["groups"] * s["size_y"] * s["size_x"]) * LANES)
        where, _ = run.parameters.network.layout[f"{self.name}.weight"]
        depthwise.depthwise_filter_gradient(
            self._shapes, run.n, x, dy, gradient, where.start, sums
        )
        if not wants_dx:
            return None
        dx = run.buffers.take(self.before)
        there, turned = run.weights[self.name]
        if self._back_shapes is not None:
            depthwise.convolve_depthwise(self._back_shapes, run.n, dy, turned, dx)
        else:
            dx[: run.n * self.before.drawing] = 0
            depthwise.depthwise_input_gradient(self._shapes, run.n, dy, there, dx)
            _clear_margin(self.before, dx, run.n)
        return dx


class Activation:
    """A bias or a norm, a ReLU and a 2×2 pool, each if it is there.

    Parameters
    ----------
    channels : int
    before, after : Frame
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
        after: Frame,
        *,
        bias: str | None = None,
        norm: tuple[str, BatchNorm] | None = None,
        relu: ReLU | LeakyReLU | None = None,
        pool: bool = False,
    ) -> None:
        self.before, self.after = before, after
        self._bias, self._norm = bias, norm
        self._width = before.groups * LANES
        self._channels, rows, columns = before.shape
        self._places = rows * columns
        self._cells = np.zeros(1, activation.CELLS)
        c = self._cells[0]
        c["rectified"] = 0 if relu is None else 2 if isinstance(relu, LeakyReLU) else 1
        c["slope"] = getattr(relu, "slope", 0.0)
        c["pool"] = 2 if pool else 1
        c["groups"], c["rows"], c["columns"] = before.groups, rows, columns
        for letter, frame in (("z", before), ("y", after)):
            c[f"{letter}_at"] = frame.at(0, 0)
            for name in ("row", "slab", "drawing"):
                c[f"{letter}_{name}"] = getattr(frame, name)

    def forward(self, x: Array, run: Pass) -> tuple[Array, Any]:
        """Return y, and the coefficients and spreads of each shard."""
        y = run.buffers.take(self.after)
        parts = self._measured(x, run)
        for first, last, coefficients, _ in parts:
            activation.activate(self._cells, first, last, x, coefficients, y)
        return y, parts

    def backward(
        self, x: Array, dy: Array, saved: Any, run: Pass, gradient: Array, wants_dx: bool
    ) -> Array | None:
        """Write the gradient of scale and shift, or of the bias; return dx."""
        dz, n = run.buffers.take(self.before), run.n
        sums, products = (np.empty(n * self._width, np.float32) for _ in "12")
        scale = shift = bias = np.zeros(self._width)
        for first, last, coefficients, rate in saved:
            activation.collect(
                self._cells, first, last, x, coefficients, dy, dz, sums, products
            )
            total, along = (self._over_drawings(each, first, last) for each in (sums, products))
            shift = shift + total
            if self._norm is None:
                bias = shift
                continue
            scale = scale + along * rate
            m = (last - first) * self._places
            back = np.zeros((4, self._width), np.float32)
            back[:2] = coefficients.reshape(3, self._width)[:2]
            if run.training:
                back[2], back[3] = total / m, along * rate**2 / m
            else:
                bias = bias + total * back[1]
            activation.spread(self._cells, first, last, x, back.ravel(), dz)
        found = {}
        if self._norm is not None:
            found = {f"{self._norm[0]}.scale": scale, f"{self._norm[0]}.shift": shift}
        if self._bias is not None:
            found[self._bias] = bias
        for name, values in found.items():
            where, _ = run.parameters.network.layout[name]
            gradient[where] = values[: self._channels]
        return dz

    def _over_drawings(self, values: Array, first: int, last: int) -> Array:
        """Return each channel's sum over drawings, in float64."""
        by_drawing = values.reshape(-1, self._width)[first:last]  # (drawings, width)
        return np.asarray(by_drawing.sum(axis=0, dtype=np.float64))

    def _measured(self, x: Array, run: Pass) -> list[tuple[int, int, Array, Array]]:
        """Return for each shard its first and last drawing, coefficients, and 1/σ."""
        numbers, n = run.parameters, run.n
        bias: Any = 0.0 if self._bias is None else self._padded(numbers[self._bias])
        if self._norm is None:
            coefficients = np.zeros((3, self._width), np.float32)
            coefficients[1], coefficients[2] = 1, bias
            return [(0, n, coefficients.ravel(), coefficients[1])]
        name, layer = self._norm
        if not run.training:
            mean, variance = (
                self._padded(numbers.statistics[f"{name}.{which}"])
                for which in ("mean", "variance")
            )
            return [(0, n, *self._coefficients(numbers, mean - bias, variance))]
        means, squares = (np.empty(n * self._width, np.float32) for _ in "12")
        activation.measure(self._cells, 0, n, x, means, squares)
        parts, measured = [], []
        for part in shards(n, layer.shard):
            first, last = part.start, part.stop
            own = means.reshape(n, self._width)[first:last].astype(np.float64)
            mean = own.mean(axis=0)
            within = self._over_drawings(squares, first, last)
            # What varies within drawings, and what varies from drawing to drawing.
            variance = within / ((last - first) * self._places) + own.var(axis=0)
            parts.append((first, last, *self._coefficients(numbers, mean, variance)))
            measured.append(
                (last - first, (mean + bias)[: self._channels], variance[: self._channels])
            )
        if run.statistics is not None:
            state = {
                which: run.statistics[f"{name}.{which}"].copy() for which in ("mean", "variance")
            }
            for which, values in layer.averaged(measured, self._places, **state).items():
                run.statistics[f"{name}.{which}"] = values
        return parts

    def _coefficients(
        self, numbers: Parameters, mean: Array, variance: Array
    ) -> tuple[Array, Array]:
        """Return the coefficients of `activation`, and 1/√(σ² + ε)."""
        name, layer = self._norm  # type: ignore[misc]
        rate = 1 / np.sqrt(variance.astype(np.float64) + layer.epsilon)
        scale, shift = (self._padded(numbers[f"{name}.{which}"]) for which in ("scale", "shift"))
        return np.concatenate([mean, rate * scale, shift]).astype(np.float32), rate

    def _padded(self, values: Array) -> Array:
        """Return a channel's numbers, and zeros up to whole vectors."""
        return np.pad(values, (0, self._width - len(values)))


class Average:
    """The mean of each map; what it gives is a row of numbers, not maps."""

    def __init__(self, before: Frame) -> None:
        self.before = self.after = before
        self._cells = math.prod(before.shape[1:])

    def forward(self, x: Array, run: Pass) -> tuple[Array, Any]:
        """Return (n, channels)."""
        maps = self.before.inside(x, run.n)  # (n, groups, rows, columns, LANES)
        means = maps.sum(axis=(2, 3)).reshape(run.n, -1) / np.float32(self._cells)
        return np.ascontiguousarray(means[:, : self.before.shape[0]]), None

    def backward(
        self, x: Array, dy: Array, saved: Any, run: Pass, gradient: Array, wants_dx: bool
    ) -> Array | None:
        """Return dx."""
        dx, width = run.buffers.take(self.before), self.before.groups * LANES
        shares = np.pad(dy / np.float32(self._cells), ((0, 0), (0, width - dy.shape[1])))
        by_group = shares.reshape(run.n, -1, 1, 1, LANES)
        self.before.inside(dx, run.n)[...] = by_group
        return dx


class Side:
    """Rows of steps side by side, joined by addition or one behind the other."""

    def __init__(
        self, rows: Sequence[Sequence[Step]], before: Frame, after: Frame, join: str
    ) -> None:
        self.rows, self.before, self.after, self._join = rows, before, after, join

    def forward(self, x: Array, run: Pass) -> tuple[Array, Any]:
        """Return the branches' outputs, joined."""
        y = run.buffers.take(self.after)
        inside, trails = self.after.inside(y, run.n), []
        groups = 0
        for k, steps in enumerate(self.rows):
            branch, trail = forward(steps, x, run)
            frame = steps[-1].after if steps else self.before
            given = frame.inside(branch, run.n)
            if self._join == "concatenate":
                inside[:, groups : groups + frame.groups] = given
                groups += frame.groups
            elif k == 0:
                inside[...] = given
            else:
                inside += given
            if steps:
                run.buffers.give(frame, branch)
            trails.append(trail)
        return y, trails

    def backward(
        self, x: Array, dy: Array, saved: Any, run: Pass, gradient: Array, wants_dx: bool
    ) -> Array | None:
        """Return the sum of what the branches send back."""
        dx = run.buffers.take(self.before) if wants_dx else None
        given, groups = self.after.inside(dy, run.n), 0
        for k, (steps, trail) in enumerate(zip(self.rows, saved, strict=True)):
            frame = steps[-1].after if steps else self.before
            share, borrowed = dy, None
            if self._join == "concatenate" or frame != self.after:
                share = borrowed = run.buffers.take(frame)
                own = given
                if self._join == "concatenate":
                    own = given[:, groups : groups + frame.groups]
                    groups += frame.groups
                frame.inside(share, run.n)[...] = own
            back = (
                backward(steps, x, share, trail, run, gradient, wants_dx) if steps else share
            )
            if dx is not None and back is not None:
                inside, sent = (self.before.inside(each, run.n) for each in (dx, back))
                if k == 0:
                    inside[...] = sent
                else:
                    inside += sent
                if steps:
                    run.buffers.give(self.before, back)
            if borrowed is not None:
                run.buffers.give(frame, borrowed)
        return dx


Trail = list[tuple[Step, Array, Any]]


def forward(steps: Sequence[Step], x: Array, run: Pass, keep: bool = True) -> tuple[Array, Trail]:
    """Go through steps in a row; the trail has each step, what it was given, and what it saved.

    If nothing is kept, what lies between is given back at once.
    """
    trail: Trail = []
    for number, step in enumerate(steps):
        y, saved = step.forward(x, run)
        if keep:
            trail.append((step, x, saved))
        elif number:
            run.buffers.give(step.before, x)
        x = y
    return x, trail


def backward(
    steps: Sequence[Step],
    x: Array,
    dy: Array,
    trail: Trail,
    run: Pass,
    gradient: Array,
    wants_dx: bool,
) -> Array | None:
    """Go back; what lies between is given back. Return dx if it is wanted."""
    given: Array | None = dy
    for number in reversed(range(len(trail))):
        step, own, saved = trail[number]
        back = step.backward(own, given, saved, run, gradient, wants_dx or number > 0)  # type: ignore[arg-type]
        if number:
            run.buffers.give(step.before, own)
        if number < len(trail) - 1:
            run.buffers.give(step.after, given)  # type: ignore[arg-type]
        given = back
    return given


def is_winograd(layer: Any) -> bool:
    """Whether a convolution is of the kind that Winograd's transforms are for."""
    sides = both_sides(layer.padding, "padding")
    return bool(
        layer.size == (3, 3)
        and layer.groups == 1
        and layer.stride == layer.dilation == (1, 1)
        and all(0 <= side <= 2 for axis in sides for side in axis)
    )


def is_depthwise(layer: Any, input_shape: Shape) -> bool:
    """Whether each channel has a filter of its own."""
    return bool(layer.groups == layer.filters == input_shape[0] > 1)


def _spans(layer: Any) -> tuple[int, int]:
    """Return how many cells lie between a filter's first and last, along both axes."""
    down, right = (d * (n - 1) for n, d in zip(layer.size, layer.dilation, strict=True))
    return down, right


def _turned_padding(layer: Any) -> tuple[int, int]:
    """Return the padding, above and to the left, of the convolution that takes dy to dx."""
    (top, _), (left, _) = both_sides(layer.padding, "padding")
    down, right = _spans(layer)
    return down - top, right - left


def _sends_by_turning(layer: Any) -> bool:
    """Whether dx is a convolution of dy: with stride 1, and padding within the filter's span."""
    sides = both_sides(layer.padding, "padding")
    fits = all(max(own) <= span for own, span in zip(sides, _spans(layer), strict=True))
    return bool(layer.stride == (1, 1) and fits)


def _reach(outputs: tuple[int, int], cells: tuple[int, int]) -> tuple[int, int]:
    """Return how far the last tiles reach beyond the input, below and to the right."""
    down, right = (
        max(-(-n // OUTPUTS) * OUTPUTS + PATCH - OUTPUTS - m, 0)
        for n, m in zip(outputs, cells, strict=True)
    )
    return down, right


def _shapes(layer: Any, before: Frame, after: Frame) -> Any:
    """Return a convolution's sizes and places."""
    (top, _), (left, _) = both_sides(layer.padding, "padding")
    winograd = is_winograd(layer)
    channels = before.shape[0], after.shape[0]
    return _filled(layer, before, after, (top, left), channels, winograd)


def _turned(layer: Any, before: Frame, after: Frame) -> Any:
    """Return those of the convolution that takes dy to dx."""
    (top, _), (left, _) = both_sides(layer.padding, "padding")
    return _filled(
        layer, after, before, (2 - top, 2 - left), (after.shape[0], before.shape[0]), True
    )


def _filled(
    layer: Any,
    x: Frame,
    y: Frame,
    padding: tuple[int, int],
    channels: tuple[int, int],
    winograd: bool,
) -> Any:
    shapes = np.zeros(1, convolution.SHAPE)
    s = shapes[0]
    s["winograd"], s["points"] = winograd, POINTS if winograd else 1
    s["size_y"], s["size_x"] = layer.size
    s["dilation_y"], s["dilation_x"] = layer.dilation
    s["channels"], s["filters"] = channels
    _, rows, columns = y.shape
    s["rows"], s["columns"] = rows, columns
    s["groups"], s["vectors"] = x.groups, y.groups
    if winograd:
        s["tiles_y"], s["tiles_x"] = -(-rows // OUTPUTS), -(-columns // OUTPUTS)
        s["step_y"] = s["step_x"] = OUTPUTS
        s["length"], s["width"] = channels[0], x.groups * LANES
    else:
        s["tiles_y"], s["tiles_x"] = rows, columns
        s["step_y"], s["step_x"] = layer.stride
        s["length"] = s["width"] = math.prod(layer.size) * x.groups * LANES
    s["x_at"], s["y_at"] = x.at(-padding[0], -padding[1]), y.at(0, 0)
    for letter, frame in (("x", x), ("y", y)):
        for name in ("row", "slab", "drawing"):
            s[f"{letter}_{name}"] = getattr(frame, name)
    return shapes


def _clear_margin(frame: Frame, maps: Array, n: int) -> None:
    """Write zeros into the margin, where patches sent something back."""
    top, left, bottom, right = frame.margin
    whole = maps[: n * frame.drawing].reshape(
        n, frame.groups, frame.slab // frame.row, frame.row // LANES, LANES
    )
    whole[:, :, :top] = 0
    whole[:, :, whole.shape[2] - bottom :] = 0
    whole[:, :, :, :left] = 0
    whole[:, :, :, whole.shape[3] - right :] = 0
