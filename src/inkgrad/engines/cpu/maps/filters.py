"""The filters of a convolution, laid out for the kernels, and what is done with them.

Each kind works on some drawings' maps: x with the margin that it reads, y without one, and dy with
the margin that is read on the way back.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np

from inkgrad.engines.cpu.maps import convolution, depthwise
from inkgrad.engines.cpu.maps.frame import Buffers, Frame, Margin
from inkgrad.engines.cpu.maps.products import PANEL
from inkgrad.engines.cpu.maps.winograd import OUTPUTS, PATCH, POINTS
from inkgrad.engines.cpu.simd import LANES
from inkgrad.layers import Array
from inkgrad.layers.conv import both_sides
from inkgrad.layers.row import Stage
from inkgrad.memory import aligned_zeros

__all__ = ["Filters", "filters_of"]

Weights = tuple[Array, Array]
"""Weights laid out for the way there, and for the way back."""


class Filters(Protocol):
    """One kind of filters; `x`, `y` and `dy` are the frames of what they work on.

    dx has the frame of x.
    """

    x: Frame
    y: Frame
    dy: Frame

    def room(self) -> Weights:
        """Return arrays for the weights."""
        ...

    def pack(self, theta: Array, place: int, room: Weights, back: bool) -> None:
        """Lay out the weights, which begin at `place` in theta; `back`: for the way back, too."""
        ...

    def convolve(self, n: int, x: Array, weights: Weights, y: Array, buffers: Buffers) -> None:
        """Write y."""
        ...

    def send_back(self, n: int, dy: Array, weights: Weights, dx: Array, buffers: Buffers) -> None:
        """Write dx."""
        ...

    def sums(self, buffers: Buffers) -> Array:
        """Return room for the gradient's sums."""
        ...

    def add_gradient(
        self, n: int, x: Array, dy: Array, sums: Array, begins: bool, buffers: Buffers
    ) -> None:
        """Add some drawings' part of the gradient; the first part begins the sums."""
        ...

    def write_gradient(self, sums: Array, gradient: Array, place: int) -> None:
        """Write the gradient, laid out as the parameters are, from `place` on."""
        ...


def filters_of(stage: Stage, reads: Margin, writes: Margin) -> Filters:
    """Return the filters of a convolution.

    Parameters
    ----------
    stage : Stage
    reads, writes : Margin
        Margins of the input and of the output. The input's is made as wide as need be.
    """
    layer: Any = stage.layer
    if layer.groups > 1:
        return _Depthwise(stage, reads, writes)
    is_winograd = (
        layer.size == (3, 3)
        and stage.input_shape[0] > 1
        and layer.stride == layer.dilation == (1, 1)
        and all(side <= 2 for axis in both_sides(layer.padding, "padding") for side in axis)
    )
    return _Winograd(stage, reads, writes) if is_winograd else _Patches(stage, reads, writes)


class _Winograd:
    """3×3 filters with stride 1."""

    def __init__(self, stage: Stage, reads: Margin, writes: Margin) -> None:
        (top, _), (left, _) = _padding(stage)
        before, after = stage.input_shape, stage.output_shape
        needed = (top, left, *_reach(after[1:], (before[1] + top, before[2] + left)))
        turned = 2 - top, 2 - left
        self.x = Frame(before, _widest(needed, reads))
        self.y = Frame(after, writes)
        self.dy = Frame(
            after, (*turned, *_reach(before[1:], (after[1] + turned[0], after[2] + turned[1])))
        )
        layer = stage.layer
        self._there = _tiles(layer, self.x, self.y, (top, left))
        self._back = _tiles(layer, self.dy, self.x, turned)
        self._across = _tiles(layer, self.x, self.dy, (top, left))

    def room(self) -> Weights:
        """Return arrays for the weights."""
        there, back = (
            aligned_zeros(int(s["points"] * s["vectors"] * s["length"]) * LANES, np.float32)
            for s in (self._there[0], self._back[0])
        )
        return there, back

    def pack(self, theta: Array, place: int, room: Weights, back: bool) -> None:
        """Lay out the weights."""
        temporary = np.empty((9 + POINTS) * LANES, np.float32)
        convolution.pack(self._there, theta, place, False, room[0], temporary)
        if back:
            convolution.pack(self._back, theta, place, True, room[1], temporary)

    def convolve(self, n: int, x: Array, weights: Weights, y: Array, buffers: Buffers) -> None:
        """Write y."""
        panels = _panels(buffers, self._there)
        buffers.call(convolution.convolve, self._there, n, x, weights[0], y, *panels)

    def send_back(self, n: int, dy: Array, weights: Weights, dx: Array, buffers: Buffers) -> None:
        """Write dx: a convolution of dy, with the filters turned by half a turn."""
        convolution.convolve(self._back, n, dy, weights[1], dx, *_panels(buffers, self._back))

    def sums(self, buffers: Buffers) -> Array:
        """Return room for the gradient's sums."""
        return _sums(buffers, self._across)

    def add_gradient(
        self, n: int, x: Array, dy: Array, sums: Array, begins: bool, buffers: Buffers
    ) -> None:
        """Add some drawings' part of the gradient."""
        v, d = _panels(buffers, self._across)
        convolution.add_filter_gradient(self._across, n, x, dy, v, d, sums, begins)

    def write_gradient(self, sums: Array, gradient: Array, place: int) -> None:
        """Write the gradient."""
        temporary = np.empty((9 + POINTS) * LANES, np.float32)
        convolution.write_filter_gradient(self._across, sums, gradient, place, temporary)


class _Patches:
    """Filters of any size, stride and dilation."""

    def __init__(self, stage: Stage, reads: Margin, writes: Margin) -> None:
        (top, bottom), (left, right) = _padding(stage)
        self.x = Frame(stage.input_shape, _widest((top, left, bottom, right), reads))
        self.y, self.dy = Frame(stage.output_shape, writes), Frame(stage.output_shape)
        self._there = _places(stage.layer, self.x, self.y, (top, left))
        self._shapes = _places(stage.layer, self.x, self.dy, (top, left))

    def room(self) -> Weights:
        """Return arrays for the weights."""
        s = self._shapes[0]
        there = aligned_zeros(int(s["vectors"] * s["length"]) * LANES, np.float32)
        back = _taps(self._shapes) * int(s["groups"] * s["filters"]) * LANES
        return there, aligned_zeros(back, np.float32)

    def pack(self, theta: Array, place: int, room: Weights, back: bool) -> None:
        """Lay out the weights."""
        temporary = np.empty((_taps(self._shapes) + POINTS) * LANES, np.float32)
        convolution.pack(self._shapes, theta, place, False, room[0], temporary)
        if back:
            convolution.pack_back(self._shapes, theta, place, room[1])

    def convolve(self, n: int, x: Array, weights: Weights, y: Array, buffers: Buffers) -> None:
        """Write y."""
        panels = _panels(buffers, self._there)
        buffers.call(convolution.convolve, self._there, n, x, weights[0], y, *panels)

    def send_back(self, n: int, dy: Array, weights: Weights, dx: Array, buffers: Buffers) -> None:
        """Write dx: what each output sends to the patch that it saw."""
        s = self._shapes[0]
        d = buffers.scratch("m", PANEL * int(s["vectors"]) * LANES)
        m = buffers.scratch("v", PANEL * _taps(self._shapes) * int(s["groups"]) * LANES)
        dx[: n * self.x.drawing] = 0
        convolution.input_gradient(self._shapes, n, dy, weights[1], dx, d, m)
        self.x.clear_margin(dx, n)

    def sums(self, buffers: Buffers) -> Array:
        """Return room for the gradient's sums."""
        return _sums(buffers, self._shapes)

    def add_gradient(
        self, n: int, x: Array, dy: Array, sums: Array, begins: bool, buffers: Buffers
    ) -> None:
        """Add some drawings' part of the gradient."""
        v, d = _panels(buffers, self._shapes)
        convolution.add_filter_gradient(self._shapes, n, x, dy, v, d, sums, begins)

    def write_gradient(self, sums: Array, gradient: Array, place: int) -> None:
        """Write the gradient."""
        temporary = np.empty((_taps(self._shapes) + POINTS) * LANES, np.float32)
        convolution.write_filter_gradient(self._shapes, sums, gradient, place, temporary)


class _Depthwise:
    """For each channel a filter of its own."""

    def __init__(self, stage: Stage, reads: Margin, writes: Margin) -> None:
        layer: Any = stage.layer
        (top, bottom), (left, right) = _padding(stage)
        self.x = Frame(stage.input_shape, _widest((top, left, bottom, right), reads))
        self.y, self.dy = Frame(stage.output_shape, writes), Frame(stage.output_shape)
        down, across = (d * (n - 1) for n, d in zip(layer.size, layer.dilation, strict=True))
        self._turns = (
            layer.stride == (1, 1) and max(top, bottom) <= down and max(left, right) <= across
        )
        if self._turns:  # dx is a convolution of dy, with the filters turned by half a turn
            margin = (down - top, across - left, down - bottom, across - right)
            self.dy = Frame(stage.output_shape, margin)
            self._back = _places(layer, self.dy, self.x, (down - top, across - left))
        self._there = _places(layer, self.x, self.y, (top, left))
        self._across = _places(layer, self.x, self.dy, (top, left))

    def room(self) -> Weights:
        """Return arrays for the weights."""
        size = int(self._there["groups"][0]) * _taps(self._there) * LANES
        return aligned_zeros(size, np.float32), aligned_zeros(size, np.float32)

    def pack(self, theta: Array, place: int, room: Weights, back: bool) -> None:
        """Lay out the weights."""
        depthwise.pack_depthwise(self._there, theta, place, False, room[0])
        if back and self._turns:
            depthwise.pack_depthwise(self._there, theta, place, True, room[1])

    def convolve(self, n: int, x: Array, weights: Weights, y: Array, buffers: Buffers) -> None:
        """Write y."""
        buffers.call(depthwise.convolve_depthwise, self._there, n, x, weights[0], y)

    def send_back(self, n: int, dy: Array, weights: Weights, dx: Array, buffers: Buffers) -> None:
        """Write dx."""
        if self._turns:
            depthwise.convolve_depthwise(self._back, n, dy, weights[1], dx)
            return
        dx[: n * self.x.drawing] = 0
        depthwise.depthwise_input_gradient(self._across, n, dy, weights[0], dx)
        self.x.clear_margin(dx, n)

    def sums(self, buffers: Buffers) -> Array:
        """Return room for the gradient's sums."""
        size = int(self._there["groups"][0]) * _taps(self._there) * LANES
        return buffers.scratch("sums", size)

    def add_gradient(
        self, n: int, x: Array, dy: Array, sums: Array, begins: bool, buffers: Buffers
    ) -> None:
        """Add some drawings' part of the gradient."""
        depthwise.add_depthwise_gradient(self._across, n, x, dy, sums, begins)

    def write_gradient(self, sums: Array, gradient: Array, place: int) -> None:
        """Write the gradient."""
        depthwise.write_depthwise_gradient(self._across, sums, gradient, place)


def _padding(stage: Stage) -> tuple[tuple[int, int], tuple[int, int]]:
    layer: Any = stage.layer
    return both_sides(layer.padding, "padding")


def _widest(a: Margin, b: Margin) -> Margin:
    """Return the least margin that both fit into."""
    top, left, bottom, right = (max(sides) for sides in zip(a, b, strict=True))
    return top, left, bottom, right


def _reach(outputs: Any, cells: tuple[int, int]) -> tuple[int, int]:
    """Return how far the last tiles reach beyond the cells, below and to the right."""
    down, right = (
        max(-(-n // OUTPUTS) * OUTPUTS + PATCH - OUTPUTS - m, 0)
        for n, m in zip(outputs, cells, strict=True)
    )
    return down, right


def _tiles(layer: Any, x: Frame, y: Frame, padding: tuple[int, int]) -> Any:
    """Return the sizes and places of a convolution by Winograd's transforms."""
    shapes = _filled(layer, x, y, padding)
    s = shapes[0]
    s["winograd"], s["points"] = 1, POINTS
    s["tiles_y"], s["tiles_x"] = (-(-n // OUTPUTS) for n in y.shape[1:])
    s["step_y"] = s["step_x"] = OUTPUTS
    s["length"], s["width"] = x.shape[0], x.groups * LANES
    return shapes


def _places(layer: Any, x: Frame, y: Frame, padding: tuple[int, int]) -> Any:
    """Return the sizes and places of a convolution by patches, one for each output."""
    shapes = _filled(layer, x, y, padding)
    s = shapes[0]
    s["points"] = 1
    s["tiles_y"], s["tiles_x"] = y.shape[1:]
    s["step_y"], s["step_x"] = layer.stride
    channels, taps = x.shape[0], math.prod(layer.size)
    s["tap"] = 1 if channels == 1 else x.groups * LANES
    s["length"] = taps * s["tap"]
    s["width"] = -(-int(s["length"]) // LANES) * LANES
    return shapes


def _filled(layer: Any, x: Frame, y: Frame, padding: tuple[int, int]) -> Any:
    shapes = np.zeros(1, convolution.SHAPE)
    s = shapes[0]
    s["size_y"], s["size_x"] = layer.size
    s["dilation_y"], s["dilation_x"] = layer.dilation
    s["channels"], s["filters"] = x.shape[0], y.shape[0]
    _, s["rows"], s["columns"] = y.shape
    s["groups"], s["vectors"] = x.groups, y.groups
    s["x_at"], s["y_at"] = x.at(-padding[0], -padding[1]), y.at(0, 0)
    for letter, frame in (("x", x), ("y", y)):
        for name in ("row", "slab", "drawing"):
            s[f"{letter}_{name}"] = getattr(frame, name)
    return shapes


def _taps(shapes: Any) -> int:
    return int(shapes["size_y"][0] * shapes["size_x"][0])


def _panels(buffers: Buffers, shapes: Any) -> tuple[Array, Array]:
    """Return room for a panel of the input and one of the output."""
    points, width, vectors = shapes[["points", "width", "vectors"]].item()
    panel = PANEL * points
    return (
        buffers.scratch("v", panel * width),
        buffers.scratch("m", panel * vectors * LANES + POINTS * LANES),
    )


def _sums(buffers: Buffers, shapes: Any) -> Array:
    s = shapes[0]
    size = int(s["points"] * s["width"] * s["vectors"]) * LANES
    return buffers.scratch("sums", size + POINTS * LANES)
