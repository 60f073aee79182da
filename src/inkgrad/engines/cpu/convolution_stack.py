"""A segment's convolutions one after the other, there and back, for a part of the drawings."""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import inlined, kernel
from inkgrad.engines.cpu.convolution import convolve
from inkgrad.engines.cpu.filter_gradients import (
    bias_gradients,
    dense_filter_gradients,
    filter_gradients,
    list_live,
    plane_gradients,
)
from inkgrad.engines.cpu.ink import find_ink
from inkgrad.engines.cpu.input_gradients import input_gradients
from inkgrad.engines.cpu.simd import LANES, load, store
from inkgrad.engines.cpu.slabs import INWARDS, OUTWARDS, copy_slabs, lay_out
from inkgrad.engines.cpu.winograd import flush, take_windows

__all__ = ["convolve_part", "give_output", "part_gradients", "take_gradient"]

_UNKNOWN = np.int64(-1)  # where a place stands otherwise


@inlined
def _ink_of(block: Any, drawing: int, own_words: int) -> int:
    """Return where a drawing's rows of ink stand, −1 if they are not known."""
    if block.ink < 0:
        return -1
    return block.ink + (drawing * block.ink_step if block.ink_step else own_words)


@kernel
def _input_of(job: Any, i: int, drawing: int, scratch: int, own_words: int) -> int:
    """Return where block i's input of a drawing stands; the first block's is laid out from x."""
    block = job.convolutions[i]
    if i > 0:
        return block.input + drawing * block.input_step
    x = scratch + block.input
    lay_out(block, job.x, drawing, job.f, x)
    if block.ink >= 0:
        find_ink(block, job.f, x, job.words, own_words + block.ink)
    return x


@kernel
def convolve_part(job: Any, first: int, last: int, scratch: int, own_words: int) -> None:
    """Carry drawings first … last−1 through all convolution blocks, block by block."""
    f, words, stamp = job.f, job.words, job.settings[0].stamp
    count = job.settings[0].blocks
    for i in range(count):
        block = job.convolutions[i]
        waiting = np.int64(0)
        for drawing in range(first, last):
            x = _input_of(job, i, drawing, scratch, own_words)
            out = block.output + drawing * block.output_step
            won = block.won + drawing * block.won_step
            ink = _ink_of(block, drawing, own_words)
            out_ink = (
                _ink_of(job.convolutions[i + 1], drawing, _UNKNOWN) if i + 1 < count else _UNKNOWN
            )
            if block.winograd:
                waiting = take_windows(
                    block, f, x, out, words, won, ink, out_ink, scratch, own_words, stamp, waiting
                )
            else:
                convolve(block, f, x, out, words, won, ink, out_ink)
        if waiting:
            flush(block, f, words, scratch, own_words, stamp, waiting)


@kernel
def part_gradients(
    job: Any, part: int, first: int, last: int, scratch: int, own_words: int
) -> None:
    """Sum the convolutions' gradients over drawings first … last−1, which are a part of all."""
    f, settings = job.f, job.settings[0]
    sums = settings.sums + part * settings.part_step
    for i in range(sums, sums + settings.part_step):
        f[i] = np.float32(0)
    for drawing in range(first, last):
        for i in range(settings.blocks - 1, -1, -1):
            block = job.convolutions[i]
            if i == settings.blocks - 1:
                g = block.output + drawing * block.output_step
            else:
                g = scratch + job.convolutions[i + 1].error
            x = _input_of(job, i, drawing, scratch, own_words)
            won = block.won + drawing * block.won_step
            ink = _ink_of(block, drawing, own_words)
            _add_gradients(block, f, x, g, job.tables, job.words, won, ink, own_words, sums)
            if block.passes_back:
                dx = scratch + block.error
                if block.mirrored:
                    _mirror_back(job, i, g, scratch, own_words)
                else:
                    input_gradients(block, f, dx, g, job.tables, job.words, won)
                if i == 0:
                    _take_back(block, f, dx, job.dx, drawing)


@inlined
def _add_gradients(
    block: Any,
    f: Any,
    x: int,
    g: int,
    tables: Any,
    words: Any,
    won: int,
    ink: int,
    own_words: int,
    sums: int,
) -> None:
    """Add one drawing's part to a block's dW and dβ."""
    own, bias = sums + block.sums, sums + block.bias_sums
    if block.group == 1:
        plane_gradients(block, f, x, g, tables, words, won, ink, own, bias)
        return
    if block.all_live and block.size_y == 3 and block.size_x == 3:
        bias_gradients(block, f, g, tables, bias)
        dense_filter_gradients(block, f, x, g, own)
        return
    lists, ends = own_words + block.lists, own_words + block.ends
    for kw in range(block.words):
        list_live(block, f, g, tables, words, won, kw, lists, ends, bias)
        filter_gradients(block, f, x, g, words, kw, lists, ends, own)


@kernel
def give_output(job: Any, drawing: int) -> None:
    """Copy what the last convolution gives from slabs into (filter, row, column)."""
    block = job.convolutions[job.settings[0].blocks - 1]
    _copy_output(block, job.outputs, job.f, drawing, OUTWARDS)


@kernel
def take_gradient(job: Any, drawing: int) -> None:
    """Put a drawing's gradient where the last block's output was."""
    f = job.f
    if len(job.dense) == 0:
        last = job.settings[0].blocks - 1
        _copy_output(job.convolutions[last], job.outputs, f, drawing, INWARDS)
        return
    layer = job.dense[len(job.dense) - 1]
    out = layer.output + drawing * layer.output_step
    for k in range(layer.outputs):
        closed = layer.rectified and not f[out + k] > np.float32(0)
        f[out + k] = np.float32(0) if closed else job.outputs[drawing * layer.outputs + k]


@kernel
def _copy_output(block: Any, planes: Any, f: Any, drawing: int, inwards: bool) -> None:
    size = block.filters * block.out_rows * block.out_columns
    first = block.output + drawing * block.output_step
    first += (block.out_pad_y * block.out_in_columns + block.out_pad_x) * LANES
    row_stride = block.out_in_columns * LANES
    copy_slabs(
        block.filters,
        block.out_rows,
        block.out_columns,
        planes,
        drawing * size,
        f,
        first,
        block.out_slab,
        row_stride,
        inwards,
    )


@kernel
def _mirror_back(job: Any, i: int, g: int, scratch: int, own_words: int) -> None:
    """Write one drawing's dx: dy with padding, convolved with the weights turned round."""
    f, block = job.f, job.convolutions[i]
    mirror = job.convolutions[job.settings[0].blocks + i]
    at = scratch + mirror.input
    for v in range(mirror.groups):
        for y in range(block.out_rows):
            source = g + v * block.out_slab
            source += ((y + block.out_pad_y) * block.out_in_columns + block.out_pad_x) * LANES
            target = at + v * mirror.slab
            target += ((y + mirror.pad_y) * mirror.in_columns + mirror.pad_x) * LANES
            for c in range(0, block.out_columns * LANES, LANES):
                store(f, target + c, load(f, source + c))
    won = own_words + mirror.won
    convolve(mirror, f, at, scratch + block.error, job.words, won, _UNKNOWN, _UNKNOWN)


@kernel
def _take_back(block: Any, f: Any, slabs: int, dx: Any, drawing: int) -> None:
    """Copy a drawing's dx from slabs into (channel, row, column), for the layers before."""
    copy_slabs(
        block.channels,
        block.rows,
        block.columns,
        dx,
        drawing * block.channels * block.rows * block.columns,
        f,
        slabs + (block.pad_y * block.in_columns + block.pad_x) * LANES,
        block.slab,
        block.in_columns * LANES,
        OUTWARDS,
    )
