"""A segment's layers as records, with weights in the order in which the kernels read them.

*Inputs.* A layer's input stands as bytes, [row][column][channel], with the padding around. So a row
of a filter's patch is one run of bytes, of which four at a time are multiplied; a run of three
pixels is filled up with a weight of 0. A dense layer is a patch of one row, as long as its input,
which comes from a convolution in the order [row][column][channel] too.

*Weights* are read [pair of vectors][row of the patch][four bytes][filter of the pair].
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkgrad.engines.cpu.compiling import SOURCES
from inkgrad.engines.cpu.int8.words import TILE, WORD
from inkgrad.engines.cpu.plan import ConvBlock, DenseBlock, KernelSegment
from inkgrad.engines.cpu.simd import LANES
from inkgrad.engines.int8 import round_weights
from inkgrad.layers import Shape
from inkgrad.memory import aligned_zeros
from inkgrad.network import Parameters

__all__ = ["AT_ONCE", "LAYER", "Packed", "Scratch"]

AT_ONCE = 32
"""Drawings that a thread takes at a time: they share what it reads of the dense layers' weights."""

_PAIR = 2 * LANES
_FOUR = 4  # dense layers read four times four bytes at once

_NAMES = (
    # the input: its sizes, padding, bytes of a row and of a drawing with padding, and its place
    "channels rows columns pad_y pad_x row_bytes drawing_bytes input "
    # patches: their rows, fours of bytes in each, from cell to cell of a pooling window
    "taps groups step_x step_y "
    # what comes out: filters, filled up to pairs of vectors; ReLU, pool, places; where it goes
    "filters width pairs rectified pool outputs output "
    # places in the weights, numbers and tables; of a drawing's scale and zero point
    "weight scale bias sums at scales zeros "
    # whether blank paper is looked for; what the padding holds
    "ink columns_out size_x stride_y stride_x list padding is_dense"
)

LAYER = np.dtype([(name, np.int64) for name in _NAMES.split()] + [(SOURCES, np.int8)])
"""A convolution's or dense layer's sizes and places."""


class _Room:
    """Hands out places in an array, each at a cache line."""

    def __init__(self, itemsize: int) -> None:
        self.used, self._line = 0, 64 // itemsize

    def take(self, count: int) -> int:
        """Return the place of so many elements."""
        place = self.used
        self.used += -(-count // self._line) * self._line
        return place


class Packed:
    """The layers of a segment, their weights, and how much room a thread needs to compute.

    Attributes
    ----------
    layers : (…,) array of LAYER
        The convolutions, and then the dense layers.
    weights : (…,) int32 array
        Four whole numbers of 8 bits in each.
    numbers : (…,) float32 array
        Scales and biases.
    tables : (…,) int32 array
        Each filter's sum of weights; where each output's patch begins.
    """

    def __init__(self, segment: KernelSegment, parameters: Parameters) -> None:
        self.layers = np.zeros(len(segment.convolutions) + len(segment.dense), LAYER)
        self._arrays: dict[str, list[NDArray[Any]]] = {"weights": [], "numbers": [], "tables": []}
        self._rooms = {name: _Room(4) for name in self._arrays}
        self._bytes, self._own, self._whole = _Room(1), _Room(4), _Room(4)
        self._own.take(3 * LANES)  # where vectors are taken apart
        self._whole.take(2 * TILE * LANES + TILE)  # a tile of sums, and where its places begin
        shape = segment.stages[0].input_shape
        layers = iter(self.layers)
        for conv in segment.convolutions:
            self._add_convolution(next(layers), conv, shape, parameters)
            shape = conv.output_shape
        for dense in segment.dense:
            self._add_dense(next(layers), dense, shape, parameters)
            shape = dense.stage.output_shape
        self.layers["list"] = self._whole.take(int(self.layers["outputs"].max()) + TILE)
        self.weights, self.numbers, self.tables = map(self._joined, self._arrays)

    def scratch(self) -> Scratch:
        """Return what a thread needs to compute."""
        return Scratch(self._bytes.used, self._own.used, self._whole.used)

    def _joined(self, name: str) -> NDArray[Any]:
        dtype = np.float32 if name == "numbers" else np.int32
        joined = aligned_zeros(self._rooms[name].used + _PAIR, dtype)
        at = 0
        for array in self._arrays[name]:
            joined[at : at + len(array)] = array
            at += -(-len(array) // 16) * 16
        return joined

    def _keep(self, name: str, values: Any) -> int:
        """Add values to one of the arrays; return their place."""
        values = np.asarray(values).reshape(-1)
        self._arrays[name].append(values)
        return self._rooms[name].take(len(values))

    def _add_convolution(
        self, layer: Any, block: ConvBlock, shape: Shape, parameters: Parameters
    ) -> None:
        conv: Any = block.stage.layer
        channels, rows, columns = shape
        (size_y, size_x), (pad_y, pad_x) = conv.size, conv.padding
        row_bytes = (columns + 2 * pad_x) * channels
        layer["channels"], layer["rows"], layer["columns"] = shape
        layer["pad_y"], layer["pad_x"], layer["row_bytes"] = pad_y, pad_x, row_bytes
        layer["drawing_bytes"] = (rows + 2 * pad_y) * row_bytes
        layer["step_y"], layer["step_x"] = conv.stride[0] * row_bytes, conv.stride[1] * channels
        layer["rectified"], layer["pool"] = block.rectified, block.pool
        _, out_rows, out_columns = block.output_shape
        y, x = np.divmod(np.arange(out_rows * out_columns), out_columns)
        at = (y * layer["step_y"] + x * layer["step_x"]) * block.pool
        layer["at"] = self._keep("tables", at)
        layer["outputs"] = len(at)
        layer["columns_out"], layer["size_x"] = out_columns, size_x
        layer["stride_y"], layer["stride_x"] = conv.stride
        layer["ink"] = channels == 1 and row_bytes <= WORD and self._is_first(layer)
        layer["input"] = self._bytes.take(int(layer["drawing_bytes"]) + WORD)
        weight = parameters[f"{block.stage.name}.weight"]  # (K, C, f, f)
        whole, scale = round_weights(weight)
        runs = whole.transpose(0, 2, 3, 1).reshape(len(whole), size_y, size_x * channels)
        self._add_weights(layer, runs, scale, block, parameters, 1)
        layer["output"] = self._own.take(int(layer["outputs"] * layer["width"]))

    def _add_dense(
        self, layer: Any, block: DenseBlock, shape: Shape, parameters: Parameters
    ) -> None:
        weight = parameters[f"{block.stage.name}.weight"]  # (I, K)
        whole, scale = round_weights(weight)
        after_conv = len(shape) == 3 and not self._is_first(layer)
        channels, places = (shape[0], int(np.prod(shape[1:]))) if after_conv else (len(whole), 1)
        # (channel, place) of a flattened map -> (place, channel)
        whole = whole.reshape(channels, places, -1).transpose(2, 1, 0)  # (K, places, C)
        layer["is_dense"] = 1
        layer["channels"], layer["rows"], layer["columns"] = channels, places, 1
        layer["row_bytes"] = channels
        layer["rectified"], layer["pool"], layer["outputs"] = block.rectified, 1, 1
        each = -(-len(weight) // WORD) * WORD + WORD
        layer["drawing_bytes"] = each
        layer["input"] = self._bytes.take(AT_ONCE * each)
        layer["scales"] = self._own.take(AT_ONCE)
        layer["zeros"] = self._whole.take(AT_ONCE)
        self._add_weights(layer, whole.reshape(len(whole), 1, -1), scale, block, parameters, _FOUR)
        layer["output"] = self._own.take(int(AT_ONCE * layer["width"]))

    def _is_first(self, layer: Any) -> bool:
        return bool(np.shares_memory(layer, self.layers[:1]))

    def _add_weights(
        self,
        layer: Any,
        runs: NDArray[np.int8],
        scale: NDArray[np.float32],
        block: ConvBlock | DenseBlock,
        parameters: Parameters,
        multiple: int,
    ) -> None:
        """Lay out weights (filters, rows of a patch, bytes of a row)."""
        filters, taps, run = runs.shape
        pairs, groups = -(-filters // _PAIR), -(-run // 4)
        groups = -(-groups // multiple) * multiple
        filled = np.zeros((pairs * _PAIR, taps, groups * 4), np.int8)
        filled[:filters, :, :run] = runs
        fours = filled.reshape(pairs, _PAIR, taps, groups, 4).transpose(0, 2, 3, 1, 4)
        width = pairs * _PAIR
        beside = np.zeros((2, width), np.float32)
        beside[0, :filters] = scale
        if f"{block.stage.name}.bias" in parameters:
            beside[1, :filters] = parameters[f"{block.stage.name}.bias"]
        layer["filters"], layer["width"], layer["pairs"] = filters, width, pairs
        layer["taps"], layer["groups"] = taps, groups
        layer["weight"] = self._keep("weights", np.ascontiguousarray(fours).view(np.int32))
        layer["scale"], layer["bias"] = (self._keep("numbers", row) for row in beside)
        layer["sums"] = self._keep("tables", filled.sum(axis=(1, 2), dtype=np.int32))
        layer["padding"] = self._whole.take(1)


class Scratch:
    """What one thread computes in."""

    def __init__(self, count: int, numbers: int, whole: int) -> None:
        self.bytes = aligned_zeros(count + WORD, np.uint8)
        self.numbers = aligned_zeros(numbers + _PAIR, np.float32)
        self.whole = aligned_zeros(whole + _PAIR, np.int32)
