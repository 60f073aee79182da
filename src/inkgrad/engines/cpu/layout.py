"""Where everything stands: blocks as records of numbers, buffers as places in a few arrays.

Compiled code cannot hold Python objects, and must not depend on a network's sizes. So a segment's
blocks become records (see `records`) in which every size, stride and place is a field by its name,
and all buffers stand one after the other in one float32 array, one array of 64-bit words and one of
int32 tables. Buffers of a thread's own (`scratch`) follow those that all share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkgrad.engines.cpu.dense import CHUNK
from inkgrad.engines.cpu.places import Places
from inkgrad.engines.cpu.plan import ConvBlock, DenseBlock, KernelSegment
from inkgrad.engines.cpu.records import CONVOLUTION, DENSE
from inkgrad.engines.cpu.simd import LANES
from inkgrad.engines.cpu.winograd import POINTS, TILE
from inkgrad.network import Network

__all__ = ["PART", "Layout", "make_layout", "parts_of"]

PART = 8
"""Drawings that are run as one task."""

_MOST_PARTS = 16
_FEW_CHANNELS = 8  # fewer make Winograd's products, and slabs, mostly padding
_PAIR = 2 * LANES
_SPARE = 64  # numbers behind a buffer that is read by whole vectors and words


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
    places = Places(_rounded(batch, CHUNK))
    convolutions, mirrors = _lay_out_convolutions(network, segment, places)
    dense = _lay_out_dense(network, segment, convolutions, places)
    widest = max([0, *dense["width"].tolist()])
    dense_scratch = places.own_floats.take(CHUNK * CHUNK + 2 * CHUNK * widest)
    sums = places.floats.take(parts_of(places.batch) * places.sums.used)
    return Layout(
        convolutions=convolutions,
        mirrors=mirrors,
        dense=dense,
        tables=np.concatenate([*places.tables, np.zeros(_SPARE, np.int32)]),
        floats=places.floats.used + _SPARE,
        words=places.words.used,
        scratch_floats=places.own_floats.used,
        scratch_words=places.own_words.used,
        sums=sums,
        part_step=places.sums.used,
        dense_scratch=dense_scratch,
    )


def _rounded(count: Any, unit: int) -> int:
    """Return the next multiple of a unit."""
    return -(-int(count) // unit) * unit


# Convolutions. A record's fields are read and written by their names: `b.pool`.


def _lay_out_convolutions(
    network: Network, segment: KernelSegment, places: Places
) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Return the convolution blocks' records, and those of their mirrors."""
    blocks = segment.convolutions
    convolutions, mirrors = (np.zeros(len(blocks), CONVOLUTION) for _ in range(2))
    before: Any = None
    for i, block in enumerate(blocks):
        b: Any = convolutions.view(np.recarray)[i]
        _fill_input(b, block, is_plane=before is None and segment.is_first)
        _fill_output(b, block, blocks[i + 1] if i + 1 < len(blocks) else None)
        _fill_method(b, network, block, passes_back=before is not None or not segment.is_first)
        _place_activations(b, before, places)
        _place_winners(b, before, places)
        _place_weights(b, places)
        _place_sums(b, places)
        if b.mirrored:
            _lay_out_mirror(mirrors.view(np.recarray)[i], b, places)
        _place_tables(b, places)
        before = b
    return convolutions, mirrors


def _fill_input(b: Any, block: ConvBlock, is_plane: bool) -> None:
    """Fill in the sizes of the convolution and of its input's groups."""
    layer: Any = block.stage.layer
    b.channels, b.rows, b.columns = block.stage.input_shape
    (b.size_y, b.size_x), (b.stride_y, b.stride_x) = layer.size, layer.stride
    b.pad_y, b.pad_x = layer.padding
    b.group = 1 if is_plane and b.channels < _FEW_CHANNELS else LANES
    b.groups = -(-b.channels // b.group)
    b.in_rows, b.in_columns = b.rows + 2 * b.pad_y, b.columns + 2 * b.pad_x
    b.slab = b.in_rows * b.in_columns * b.group


def _fill_output(b: Any, block: ConvBlock, following: ConvBlock | None) -> None:
    """Fill in the sizes of the output, in slabs that have the following convolution's padding."""
    layer: Any = following.stage.layer if following else None
    b.filters, b.out_rows, b.out_columns = block.output_shape
    b.vectors, b.pairs = -(-b.filters // LANES), -(-b.filters // _PAIR)
    b.words = -(-b.filters // 64)
    b.padded_filters = b.words * 64
    b.out_pad_y, b.out_pad_x = layer.padding if layer else (0, 0)
    b.out_in_columns = b.out_columns + 2 * b.out_pad_x
    b.out_slab = (b.out_rows + 2 * b.out_pad_y) * b.out_in_columns * LANES


def _fill_method(b: Any, network: Network, block: ConvBlock, passes_back: bool) -> None:
    """Fill in which method is used, there and back, and where the parameters stand."""
    name, places = block.stage.name, network.layout
    b.rectified, b.pool = block.rectified, block.pool
    has_plain_stride = b.stride_y == b.stride_x == 1
    is_3x3 = b.size_y == b.size_x == 3
    b.winograd = is_3x3 and has_plain_stride and b.pool == 2 and b.channels >= _FEW_CHANNELS
    b.passes_back = passes_back
    b.all_live = not b.rectified and b.pool == 1 and b.group != 1
    fits = b.pad_y < b.size_y and b.pad_x < b.size_x
    b.mirrored = b.passes_back and b.all_live and has_plain_stride and fits
    b.weight = places[f"{name}.weight"][0].start
    b.bias = places[f"{name}.bias"][0].start if f"{name}.bias" in places else -1


def _place_activations(b: Any, before: Any, places: Places) -> None:
    """Place what goes in, what comes out, and the gradient of what went in."""
    if before is None:  # laid out from x, drawing by drawing
        b.input = places.own_floats.take(b.groups * b.slab + _SPARE)
    else:
        b.input, b.input_step = before.output, before.output_step
    b.output_step = _rounded(b.vectors * b.out_slab, CHUNK)
    b.output = places.floats.take(places.batch * b.output_step + _SPARE)
    if b.passes_back:
        b.error = places.own_floats.take(b.groups * b.slab + _SPARE)


def _place_winners(b: Any, before: Any, places: Places) -> None:
    """Place who won each window, by window and by filter, and where there is ink, if that helps."""
    b.won_step = b.out_rows * b.out_columns * b.pool**2 * b.words
    b.won = places.words.take(places.batch * b.won_step)
    if b.group != 1:
        b.lists = places.own_words.take(64 * b.out_rows * b.out_columns)
        b.ends = places.own_words.take(64)
    b.ink = -1
    if b.in_columns < 64:  # a row's columns are the bits of a word
        if b.group == 1:
            b.ink = places.own_words.take(b.in_rows)
        elif b.winograd and before is not None and before.ink >= 0:
            b.ink_step = b.in_rows
            b.ink = places.words.take(places.batch * b.in_rows)


def _place_weights(b: Any, places: Places) -> None:
    """Place the packed weights; for Winograd's method also what it works on."""
    taps = b.size_y * b.size_x
    b.packed_bias = places.floats.take(b.pairs * _PAIR)
    if b.passes_back and not b.mirrored:
        b.backward = places.floats.take(b.groups * b.padded_filters * taps * LANES)
    if not b.winograd:
        b.forward = places.floats.take(b.pairs * b.channels * taps * _PAIR)
        return
    b.point_step = b.channels * _PAIR
    b.forward = places.floats.take(b.pairs * POINTS * b.point_step)
    b.v = places.own_floats.take(POINTS * TILE * b.groups * LANES)
    b.m = places.own_floats.take(POINTS * TILE * _PAIR)
    b.waiting = places.own_words.take(4 * TILE)
    if b.ink >= 0:
        windows = b.out_rows * b.out_columns
        b.answers = places.own_floats.take(windows * b.vectors * LANES)
        b.answer_words = places.own_words.take(b.won_step)
        b.stamps = places.own_words.take(windows)


def _place_sums(b: Any, places: Places) -> None:
    """Place the sums of dβ and dW: lanes are filters, or channels where those stand in slabs."""
    b.bias_sums = places.sums.take(b.vectors * LANES)
    vectors = b.vectors * b.channels if b.group == 1 else b.groups * b.padded_filters
    b.sums = places.sums.take(vectors * b.size_y * b.size_x * LANES)


def _place_tables(b: Any, places: Places) -> None:
    """Write down where each window's patch and error stand, and each filter's error and weights."""
    y, x = np.divmod(np.arange(b.out_rows * b.out_columns), b.out_columns)
    patch = y * b.pool * b.stride_y * b.in_columns + x * b.pool * b.stride_x
    error = (y + b.out_pad_y) * b.out_in_columns + x + b.out_pad_x
    spare = np.zeros(_SPARE, np.int64)
    b.input_at = places.table(np.concatenate([patch * LANES, spare]))
    b.error_at = places.table(np.concatenate([error * LANES, spare]))
    k = np.arange(b.padded_filters)
    b.filter_error_at = places.table(k // LANES * b.out_slab + k % LANES)
    b.filter_at = places.table(k * b.size_y * b.size_x * LANES)


def _lay_out_mirror(mirror: Any, b: Any, places: Places) -> None:
    """Fill in a block's mirror: dy with padding f − 1 − p gives dx. Its output is b's error."""
    mirror.size_y, mirror.size_x, mirror.stride_y, mirror.stride_x = b.size_y, b.size_x, 1, 1
    mirror.channels, mirror.filters = b.filters, b.channels
    mirror.rows, mirror.columns = b.out_rows, b.out_columns
    mirror.pad_y, mirror.pad_x = b.size_y - 1 - b.pad_y, b.size_x - 1 - b.pad_x
    mirror.in_rows = mirror.rows + 2 * mirror.pad_y
    mirror.in_columns = mirror.columns + 2 * mirror.pad_x
    mirror.group, mirror.groups, mirror.pool = LANES, b.vectors, 1
    mirror.slab = mirror.in_rows * mirror.in_columns * LANES
    mirror.out_rows, mirror.out_columns = b.rows, b.columns
    mirror.vectors, mirror.pairs = b.groups, -(-b.groups // 2)
    mirror.words = -(-b.channels // 64)
    mirror.out_slab, mirror.out_in_columns = b.slab, b.in_columns
    mirror.out_pad_y, mirror.out_pad_x = b.pad_y, b.pad_x
    mirror.weight, mirror.bias = b.weight, -1
    taps, cells = b.size_y * b.size_x, mirror.out_rows * mirror.out_columns
    mirror.packed_bias = places.floats.take(mirror.pairs * _PAIR)
    mirror.forward = places.floats.take(mirror.channels * taps * mirror.pairs * _PAIR)
    mirror.input = places.own_floats.take(mirror.groups * mirror.slab + _SPARE)
    mirror.won = places.own_words.take(cells * mirror.words)


# Dense layers.


def _lay_out_dense(
    network: Network, segment: KernelSegment, convolutions: NDArray[np.void], places: Places
) -> NDArray[np.void]:
    """Return the dense layers' records."""
    dense = np.zeros(len(segment.dense), DENSE)
    before: Any = convolutions.view(np.recarray)[-1] if len(convolutions) else None
    for i, block in enumerate(segment.dense):
        d: Any = dense.view(np.recarray)[i]
        _fill_dense(d, block, network)
        order = np.arange(d.inputs)
        if before is None:
            d.input_step = _rounded(d.inputs, CHUNK)
            d.input = places.floats.take(places.batch * d.input_step + _SPARE)
        else:
            d.input, d.input_step = before.output, before.output_step
            d.input_rectified = before.rectified
            order = order if i else _slab_order(before)
        d.passes_back = before is not None or not segment.is_first
        d.chunks = d.input_step // CHUNK
        rows = np.full(d.input_step, -1, np.int64)
        rows[: len(order)] = np.where(order < 0, -1, order * d.width)
        d.row_at = places.table(rows)
        d.output_step = _rounded(d.width, CHUNK)
        d.output = places.floats.take(places.batch * d.output_step + _SPARE)
        d.packed_bias = places.floats.take(d.width)
        if d.is_packed:
            d.packed, d.packed_gradient = (places.floats.take(d.inputs * d.width) for _ in "12")
        before = d
    return dense


def _fill_dense(d: Any, block: DenseBlock, network: Network) -> None:
    """Fill in a dense layer's sizes, and where its parameters stand."""
    name = block.stage.name
    d.inputs, d.outputs = block.stage.parameter_shapes["weight"]
    d.width = _rounded(d.outputs, LANES)
    d.is_packed = d.width != d.outputs
    d.rectified = block.rectified
    d.weight, d.bias = (network.layout[f"{name}.{part}"][0].start for part in ("weight", "bias"))


def _slab_order(b: Any) -> NDArray[np.int64]:
    """Return, for each place in the slabs of a last block's output, its place in (k, row, column).

    −1 in the lanes that no filter has.
    """
    windows = int(b.out_rows * b.out_columns)
    v, w, lane = np.indices((int(b.vectors), windows, LANES)).reshape(3, -1)
    k = v * LANES + lane
    return np.where(k < b.filters, k * windows + w, -1)
