"""Where everything stands: blocks as records of numbers, buffers as places in a few arrays.

Compiled code cannot hold Python objects, and must not depend on a network's sizes. So a segment's
blocks become records (`CONVOLUTION`, `DENSE`) in which every size, stride and place is a field by
its name, and all buffers stand one after the other in one float32 array, one array of 64-bit words
and one of int32 tables. Buffers of a thread's own (`scratch`) follow those that all share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkgrad.engines.cpu.dense import CHUNK
from inkgrad.engines.cpu.plan import ConvBlock, DenseBlock, KernelSegment
from inkgrad.engines.cpu.simd import LANES
from inkgrad.engines.cpu.winograd import POINTS, TILE
from inkgrad.layers import Conv2D
from inkgrad.network import Network

__all__ = ["CONVOLUTION", "DENSE", "PART", "Layout", "make_layout", "parts_of"]

PART = 8
"""Drawings that are carried out as one task."""

_MOST_PARTS = 16
_FEW_CHANNELS = 8  # fewer make Winograd's products, and slabs, mostly padding


def _record(names: str) -> np.dtype[np.void]:
    return np.dtype([(name, np.int64) for name in names.split()])


CONVOLUTION = _record(
    # the convolution, ReLU and pool
    "channels rows columns filters size_y size_x stride_y stride_x pad_y pad_x rectified pool "
    # the input's groups: channels in one, how many, floats of one; rows and columns with padding
    "group groups slab in_rows in_columns "
    # windows: rows and columns of the pooled output, words of 64 windows
    "out_rows out_columns window_words "
    # filters: vectors, pairs of vectors, words of 64, rounded up to whole words
    "vectors pairs words padded_filters "
    # the output's slabs, padded for the next block
    "out_slab out_in_columns out_pad_y out_pad_x "
    # how: by Winograd; whether dx is wanted, whether by the block's mirror; whether every output
    # has a gradient
    "winograd passes_back mirrored all_live "
    # places in the parameters (bias −1: there is none)
    "weight bias "
    # packed weights: forward, from point to point (Winograd), bias, backward
    "forward point_step packed_bias backward "
    # activations: place and floats from drawing to drawing (0: in the thread's scratch)
    "input input_step output output_step "
    # winners: place and words from drawing to drawing, and turned by filter
    "won won_step turned square "
    # rows of ink: place (−1: not known) and words from drawing to drawing (0: in scratch)
    "ink ink_step "
    # gradients: of the input (scratch); sums within a part
    "error bias_sums sums "
    # tables: of a window its place in the input's and in the error's slab; of a filter its place in
    # the error's slab and in the packed weights
    "input_at error_at filter_error_at filter_at "
    # Winograd: V, M, windows waiting; answers to blank paper: values, winners, stamps
    "v m waiting answers answer_words stamps"
)
"""A convolution block's sizes and places."""

DENSE = _record(
    "inputs outputs width chunks rectified input_rectified passes_back is_packed weight bias "
    "packed packed_bias packed_gradient input input_step output output_step row_at"
)
"""A dense block's sizes and places; `width` is `outputs` filled up to whole vectors."""


@dataclass
class _Space:
    """Hands out places in an array, each at a cache line."""

    used: int = 0
    line: int = 16

    def take(self, count: int) -> int:
        """Return the place of `count` elements."""
        place = self.used
        self.used += -(-count // self.line) * self.line
        return place


@dataclass(frozen=True)
class Layout:
    """Places for a network and a largest batch.

    Attributes
    ----------
    convolutions, mirrors, dense : arrays of records
        A block's mirror is the convolution that takes dy to dx, if it has one: filters and channels
        change places, and weights are turned by half a turn. It is run as any other.
    tables : (…,) int32 array
    floats, words : int
        What all threads share.
    scratch_floats, scratch_words : int
        What each thread has of its own.
    sums, part_step : int
        Where the convolutions' gradients of the first part are summed, and how far the next
        part's are from there.
    dense_scratch : int
        Place in the thread's scratch that dense layers work in.
    """

    convolutions: NDArray[np.void]
    mirrors: NDArray[np.void]
    dense: NDArray[np.void]
    tables: NDArray[np.int32]
    floats: int
    words: int
    scratch_floats: int
    scratch_words: int
    sums: int
    part_step: int
    dense_scratch: int


def parts_of(batch: int) -> int:
    """Return into how many parts a batch's convolution gradients are divided.

    It depends on nothing but the batch: the sums, and so the bits, are the same for any number of
    threads.
    """
    return min(_MOST_PARTS, -(-batch // PART))


def make_layout(network: Network, segment: KernelSegment, batch: int) -> Layout:
    """Give every buffer of a segment its place, for batches of up to `batch` drawings."""
    shared, own = _Space(), _Space()
    words, own_words = _Space(line=8), _Space(line=8)
    tables: list[NDArray[np.int32]] = []
    table_size = 0

    def table(values: Any) -> int:
        nonlocal table_size
        place = table_size
        tables.append(np.asarray(values, np.int32).ravel())
        table_size += len(tables[-1])
        return place

    batch = -(-batch // CHUNK) * CHUNK  # dense layers take 64 drawings at a time
    blocks, sums = segment.convolutions, _Space()
    convolutions, mirrors = (np.zeros(len(blocks), CONVOLUTION) for _ in "12")
    for i, block in enumerate(blocks):
        b = convolutions[i]
        _fill_sizes(b, block, network, first=i == 0 and segment.is_first)
        following = blocks[i + 1].stage.layer if i + 1 < len(blocks) else None
        pad: Any = following.padding if isinstance(following, Conv2D) else (0, 0)
        out_in_rows = b["out_rows"] + 2 * pad[0]
        b["out_pad_y"], b["out_pad_x"] = pad
        b["out_in_columns"] = b["out_columns"] + 2 * pad[1]
        b["out_slab"] = out_in_rows * b["out_in_columns"] * LANES
        b["passes_back"] = i > 0 or not segment.is_first
        b["all_live"] = not b["rectified"] and b["pool"] == 1 and b["group"] != 1
        fits = all(b[f"pad_{axis}"] < b[f"size_{axis}"] for axis in "yx")
        plain_stride = b["stride_y"] == b["stride_x"] == 1
        b["mirrored"] = b["passes_back"] and b["all_live"] and plain_stride and fits
        windows = int(b["out_rows"] * b["out_columns"])
        cells = int(b["pool"]) ** 2
        taps = int(b["size_y"] * b["size_x"])
        pair_floats = int(b["pairs"]) * 2 * LANES

        before = convolutions[i - 1] if i else None
        if before is None:
            b["input"] = own.take(int(b["groups"] * b["slab"]) + 64)
        else:
            b["input"], b["input_step"] = before["output"], before["output_step"]
        out_floats = int(b["vectors"] * b["out_slab"])
        won_words = windows * cells * int(b["words"])
        b["output_step"] = -(-out_floats // CHUNK) * CHUNK
        b["output"] = shared.take(batch * int(b["output_step"]) + 64)
        b["won_step"] = won_words
        b["won"] = words.take(batch * won_words)
        b["ink"] = -1
        if b["in_columns"] < 64:
            if b["group"] == 1:
                b["ink"] = own_words.take(int(b["in_rows"]))
            elif b["winograd"] and before is not None and before["ink"] >= 0:
                b["ink_step"] = int(b["in_rows"])
                b["ink"] = words.take(batch * int(b["in_rows"]))
        b["turned"] = own_words.take(int(b["padded_filters"]) * 3 * int(b["window_words"]))
        b["square"] = own_words.take(64)
        b["packed_bias"] = shared.take(pair_floats)
        if b["winograd"]:
            b["point_step"] = int(b["channels"]) * 2 * LANES
            b["forward"] = shared.take(int(b["pairs"]) * POINTS * int(b["point_step"]))
            b["v"] = own.take(POINTS * TILE * int(b["groups"]) * LANES)
            b["m"] = own.take(POINTS * TILE * 2 * LANES)
            b["waiting"] = own_words.take(4 * TILE)
            if b["ink"] >= 0:
                b["answers"] = own.take(windows * int(b["vectors"]) * LANES)
                b["answer_words"] = own_words.take(won_words)
                b["stamps"] = own_words.take(windows)
        else:
            b["forward"] = shared.take(int(b["channels"]) * taps * pair_floats)
        b["bias_sums"] = sums.take(int(b["vectors"]) * LANES)
        if b["group"] == 1:
            b["sums"] = sums.take(int(b["vectors"] * b["channels"]) * taps * LANES)
        else:
            b["sums"] = sums.take(int(b["groups"] * b["padded_filters"]) * taps * LANES)
        if b["passes_back"]:
            b["error"] = own.take(int(b["groups"] * b["slab"]) + 64)
            if b["mirrored"]:
                _fill_mirror(mirrors[i], b)
                _place_mirror(mirrors[i], shared, own, own_words)
            else:
                b["backward"] = shared.take(int(b["groups"] * b["padded_filters"]) * taps * LANES)
        y, x = np.divmod(np.arange(windows), int(b["out_columns"]))
        down, right = (int(b["pool"] * b[name]) for name in ("stride_y", "stride_x"))
        spare = np.zeros(64, np.int64)  # tables are read by whole words
        b["input_at"] = table([*((y * down * int(b["in_columns"]) + x * right) * LANES), *spare])
        b["error_at"] = table(
            [*(((y + pad[0]) * int(b["out_in_columns"]) + x + pad[1]) * LANES), *spare]
        )
        k = np.arange(int(b["padded_filters"]))
        b["filter_error_at"] = table(k // LANES * int(b["out_slab"]) + k % LANES)
        b["filter_at"] = table(k * taps * LANES)

    dense = np.zeros(len(segment.dense), DENSE)
    scratch = CHUNK * CHUNK  # convolutions use it too
    for i, layer in enumerate(segment.dense):
        d = dense[i]
        _fill_dense(d, layer, network)
        if i:
            before_dense = dense[i - 1]
            d["input"], d["input_step"] = before_dense["output"], before_dense["output_step"]
            positions = np.arange(int(d["inputs"]))
            rectified = segment.dense[i - 1].rectified
        elif blocks:
            last = convolutions[-1]
            d["input"], d["input_step"] = last["output"], last["output_step"]
            positions = _slab_order(last)
            rectified = blocks[-1].rectified
        else:
            d["input_step"] = -(-int(d["inputs"]) // CHUNK) * CHUNK
            d["input"] = shared.take(batch * int(d["input_step"]) + 64)
            positions = np.arange(int(d["inputs"]))
            rectified = False
        d["input_rectified"] = rectified
        d["passes_back"] = i > 0 or bool(blocks) or not segment.is_first
        d["chunks"] = int(d["input_step"]) // CHUNK
        rows = np.full(int(d["input_step"]), -1, np.int64)
        rows[: len(positions)] = np.where(positions < 0, -1, positions * int(d["width"]))
        d["row_at"] = table(rows)
        d["output_step"] = -(-int(d["width"]) // CHUNK) * CHUNK
        d["output"] = shared.take(batch * int(d["output_step"]) + 64)
        d["packed_bias"] = shared.take(int(d["width"]))
        if d["is_packed"]:
            d["packed"] = shared.take(int(d["inputs"] * d["width"]))
            d["packed_gradient"] = shared.take(int(d["inputs"] * d["width"]))
        scratch = max(scratch, CHUNK * CHUNK + 2 * CHUNK * int(d["width"]))
    dense_scratch = own.take(scratch)
    part_step = sums.used
    place = shared.take(parts_of(batch) * part_step) if blocks else 0
    return Layout(
        convolutions,
        mirrors,
        dense,
        np.concatenate([*tables, np.zeros(64, np.int32)]),
        shared.used + 64,
        words.used,
        own.used,
        own_words.used,
        place,
        part_step,
        dense_scratch,
    )


def _fill_sizes(b: Any, block: ConvBlock, network: Network, first: bool) -> None:
    """Fill in a convolution block's sizes."""
    stage, layer = block.stage, block.stage.layer
    c, rows, columns = stage.input_shape
    b["channels"], b["rows"], b["columns"] = c, rows, columns
    for name in ("size", "stride"):
        b[f"{name}_y"], b[f"{name}_x"] = getattr(layer, name)
    b["pad_y"], b["pad_x"] = layer.padding  # type: ignore[attr-defined]
    b["filters"] = filters = stage.output_shape[0]
    b["rectified"], b["pool"] = block.rectified, block.pool
    b["group"] = 1 if first and c < _FEW_CHANNELS else LANES
    b["groups"] = -(-c // int(b["group"]))
    b["in_rows"], b["in_columns"] = rows + 2 * b["pad_y"], columns + 2 * b["pad_x"]
    b["slab"] = b["in_rows"] * b["in_columns"] * b["group"]
    _, b["out_rows"], b["out_columns"] = block.output_shape
    b["window_words"] = -(-int(b["out_rows"] * b["out_columns"]) // 64)
    b["vectors"] = -(-filters // LANES)
    b["pairs"] = -(-filters // (2 * LANES))
    b["words"] = -(-filters // 64)
    b["padded_filters"] = b["words"] * 64
    plain = layer.size == (3, 3) and layer.stride == (1, 1)  # type: ignore[attr-defined]
    b["winograd"] = plain and block.pool == 2 and c >= _FEW_CHANNELS
    b["weight"] = network.layout[f"{stage.name}.weight"][0].start
    b["bias"] = network.layout[f"{stage.name}.bias"][0].start if layer.bias else -1  # type: ignore[attr-defined]


def _fill_mirror(mirror: Any, b: Any) -> None:
    """Fill in the sizes of a block's mirror: dy with padding f − 1 − p gives dx."""
    for name in ("size_y", "size_x", "stride_y", "stride_x", "weight"):
        mirror[name] = b[name]
    mirror["channels"], mirror["filters"] = b["filters"], b["channels"]
    mirror["rows"], mirror["columns"] = b["out_rows"], b["out_columns"]
    mirror["pad_y"], mirror["pad_x"] = b["size_y"] - 1 - b["pad_y"], b["size_x"] - 1 - b["pad_x"]
    mirror["in_rows"] = mirror["rows"] + 2 * mirror["pad_y"]
    mirror["in_columns"] = mirror["columns"] + 2 * mirror["pad_x"]
    mirror["group"], mirror["groups"], mirror["pool"] = LANES, b["vectors"], 1
    mirror["slab"] = mirror["in_rows"] * mirror["in_columns"] * LANES
    mirror["out_rows"], mirror["out_columns"] = b["rows"], b["columns"]
    mirror["vectors"] = b["groups"]
    mirror["pairs"] = -(-int(b["groups"]) // 2)
    mirror["words"] = -(-int(b["channels"]) // 64)
    mirror["out_slab"], mirror["out_in_columns"] = b["slab"], b["in_columns"]
    mirror["out_pad_y"], mirror["out_pad_x"] = b["pad_y"], b["pad_x"]
    mirror["bias"] = -1


def _place_mirror(mirror: Any, shared: _Space, own: _Space, own_words: _Space) -> None:
    """Give a mirror's buffers their places; its output's is the block's error."""
    taps = int(mirror["size_y"] * mirror["size_x"])
    pair_floats = int(mirror["pairs"]) * 2 * LANES
    mirror["packed_bias"] = shared.take(pair_floats)
    mirror["forward"] = shared.take(int(mirror["channels"]) * taps * pair_floats)
    mirror["input"] = own.take(int(mirror["groups"] * mirror["slab"]) + 64)
    cells = int(mirror["out_rows"] * mirror["out_columns"])
    mirror["won"] = own_words.take(cells * int(mirror["words"]))


def _fill_dense(d: Any, block: DenseBlock, network: Network) -> None:
    """Fill in a dense block's sizes."""
    stage = block.stage
    d["inputs"], d["outputs"] = stage.parameter_shapes["weight"]
    d["width"] = -(-int(d["outputs"]) // LANES) * LANES
    d["is_packed"] = d["width"] != d["outputs"]
    d["rectified"] = block.rectified
    d["weight"] = network.layout[f"{stage.name}.weight"][0].start
    d["bias"] = network.layout[f"{stage.name}.bias"][0].start


def _slab_order(b: Any) -> NDArray[np.int64]:
    """Return, for each place in the slabs of a last block's output, its place in (k, row, column).

    −1 in the lanes that no filter has.
    """
    vectors, windows = int(b["vectors"]), int(b["out_rows"] * b["out_columns"])
    v, w, lane = np.indices((vectors, windows, LANES)).reshape(3, -1)
    k = v * LANES + lane
    return np.where(k < int(b["filters"]), k * windows + w, -1)
