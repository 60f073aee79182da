"""A step as phases of tasks, and the loop in which threads carry them out.

A *task* is a piece of work that no other task of its phase depends on: "drawings 8 to 15, forward",
"inputs 64 to 127 of dense1, backward". A *phase* is done when all of its tasks are. Threads take
the next task that nobody has taken yet, and at the end of a phase wait for the last. So

- one thread can do everything, and a thread that comes late, or is held up by another program,
  holds nobody up for longer than its own task: nothing depends on how many there are;
- what is computed, and in which order sums are formed, depends on the tasks alone: the bits are
  the same for any number of threads.

Waiting threads spin for a moment, and then let others have the processor.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from inkgrad.engines.cpu import backprop, dense
from inkgrad.engines.cpu.atomic import add_atomically, give_way, read_atomically
from inkgrad.engines.cpu.compiling import SOURCES, entry, inlined, kernel, merged
from inkgrad.engines.cpu.convolution import convolve, pack_filters, pack_mirrored
from inkgrad.engines.cpu.ink import find_ink
from inkgrad.engines.cpu.loss import softmax_cross_entropy
from inkgrad.engines.cpu.optimizer import adam
from inkgrad.engines.cpu.reduction import reduce_bias, reduce_filters, reduce_planes
from inkgrad.engines.cpu.simd import LANES, load, store
from inkgrad.engines.cpu.slabs import INWARDS, OUTWARDS, copy_slabs, lay_out
from inkgrad.engines.cpu.winograd import flush, pack_transformed, take_windows

__all__ = ["RULE", "SETTINGS", "Job", "Kind", "backward", "forward", "wait_for_bell", "work"]

_PATIENCE = 10_000  # a millisecond or two: a caller's next step comes sooner

_UNKNOWN = np.int64(-1)  # where a place stands otherwise

LINE = 8  # counters stand a cache line apart


class Kind(IntEnum):
    """What a task does; see `_carry_forward` and `_carry_back`."""

    PACK_PAIR = 0
    PACK_BACKWARD = 1
    PACK_ROWS = 2
    PACK_BIAS = 3
    LAY_OUT = 4
    CONVOLVE = 5
    HEAD = 6
    DENSE_BACKWARD = 7
    DENSE_BIAS = 8
    CONVOLVE_BACKWARD = 9
    REDUCE = 10
    UNPACK_ROWS = 11
    GIVE = 12
    TAKE = 13
    PACK_MIRRORED = 14

    @property
    def is_backward(self) -> bool:
        """Whether it belongs to the way back through the convolutions, and what ends a step."""
        return self in _BACKWARD


_BACKWARD = {Kind.CONVOLVE_BACKWARD, Kind.REDUCE, Kind.UNPACK_ROWS}


_RATES = "beta1 one_less_beta1 beta2 one_less_beta2 epsilon step_size correction"

RULE = np.dtype([("fused", np.int64)] + [(name, np.float32) for name in _RATES.split()])
"""The optimiser's settings; `fused`: whether parameters are moved in the step itself."""

_COUNTS = (
    "batch parts teaches gives_probabilities keeps_logits stamp "
    "floats words scratch_floats scratch_words sums part_step dense_scratch blocks"
)

SETTINGS = np.dtype(
    [(name, np.int64) for name in _COUNTS.split()] + [("smoothing", np.float64), (SOURCES, np.int8)]
)
"""What a step needs to know besides."""


class Job(NamedTuple):
    """Everything that a step works on."""

    tasks: Any  # (…, 4) int64: kind, which block, first, last
    phases: Any  # (…, 3) int64: first task, last task, whether `backward` does it
    counters: Any  # int64: tasks taken and done, phase by phase
    settings: Any  # (1,) SETTINGS
    rule: Any  # (1,) RULE
    convolutions: Any  # the blocks, then their mirrors
    dense: Any
    tables: Any
    f: Any  # float32: all buffers
    words: Any  # uint64: winners, ink
    theta: Any
    gradient: Any
    m: Any
    v: Any
    x: Any  # (…,) float32
    labels: Any  # int64
    outputs: Any  # (n, …) float32: what a segment gives; on the way back alone, dy of that
    losses: Any  # (n,) float64
    squares: Any  # (tasks,) float64: of each task's part of the gradient
    dx: Any  # (…,) float32: what goes back to the layers before


def work(job: Job, who: int) -> None:
    """Take part in a step, as thread number `who`, until all of its phases are done."""
    if not job.phases[0, 2]:
        forward(job, who)
    if job.phases[-1, 2]:
        backward(job, who)


# Two entries of about the same cost, which two processes compile at once (see `warmup`). Whoever
# recognises needs only the first.


@entry
def forward(job: Any, who: int) -> None:
    """Take part in the phases there, and back through dense layers, until they are done."""
    for phase in range(len(job.phases)):
        if job.phases[phase, 2] == 0:
            task = _take_task(job, phase)
            while task >= 0:
                _carry_forward(job, task, who)
                task = _next_task(job, phase)
            _wait_for_others(job, phase)


@entry
def backward(job: Any, who: int) -> None:
    """Take part in the phases back through convolutions, until they are done."""
    for phase in range(len(job.phases)):
        if job.phases[phase, 2] != 0:
            task = _take_task(job, phase)
            while task >= 0:
                _carry_back(job, task, who)
                task = _next_task(job, phase)
            _wait_for_others(job, phase)


@inlined
def _take_task(job: Any, phase: int) -> int:
    """Return a task of a phase that nobody has taken yet, or −1."""
    task = job.phases[phase, 0] + add_atomically(job.counters, 2 * phase * LINE, 1)
    return task if task < job.phases[phase, 1] else -1


@inlined
def _next_task(job: Any, phase: int) -> int:
    """Say that a task is done; return another, or −1."""
    add_atomically(job.counters, (2 * phase + 1) * LINE, 1)
    return _take_task(job, phase)


@inlined
def _wait_for_others(job: Any, phase: int) -> None:
    """Wait until all tasks of a phase are done."""
    tries, tasks = np.int64(0), job.phases[phase, 1] - job.phases[phase, 0]
    while read_atomically(job.counters, (2 * phase + 1) * LINE) < tasks:
        give_way(tries)
        tries += 1


@entry
def wait_for_bell(bell: Any, heard: int) -> None:
    """Wait until `bell` counts more than was heard, but not for long."""
    tries = np.int64(0)
    while read_atomically(bell, 0) == heard and tries < _PATIENCE:
        give_way(tries)
        tries += 1


@merged
def _carry_forward(job: Any, task: int, who: int) -> None:
    kind, which = job.tasks[task, 0], job.tasks[task, 1]
    first, last = job.tasks[task, 2], job.tasks[task, 3]
    f, theta, gradient = job.f, job.theta, job.gradient
    settings, rule = job.settings[0], job.rule[0]
    scratch = settings.floats + who * settings.scratch_floats
    own_words = settings.words + who * settings.scratch_words
    if kind == Kind.PACK_PAIR:
        block = job.convolutions[which]
        for pair in range(first, last):
            if block.winograd:
                pack_transformed(block, theta, f, pair, scratch + settings.dense_scratch)
            else:
                pack_filters(block, theta, f, pair)
    elif kind == Kind.PACK_BACKWARD:
        for k in range(first, last):
            backprop.pack_filters_backward(job.convolutions[which], theta, f, k)
    elif kind == Kind.PACK_MIRRORED:
        for pair in range(first, last):
            pack_mirrored(job.convolutions[which], theta, f, pair)
    elif kind == Kind.PACK_ROWS:
        dense.pack_rows(job.dense[which], theta, f, first, last)
    elif kind == Kind.PACK_BIAS:
        layer = job.dense[which]
        for o in range(layer.outputs):
            f[layer.packed_bias + o] = theta[layer.bias + o]
    elif kind == Kind.LAY_OUT:
        layer = job.dense[0]
        for n in range(first, last):
            for i in range(layer.inputs):
                f[layer.input + n * layer.input_step + i] = job.x[n * layer.inputs + i]
    elif kind == Kind.CONVOLVE:
        _convolve_all(job, first, last, scratch, own_words)
    elif kind == Kind.HEAD:
        for i in range(len(job.dense)):
            dense.forward(job.dense[i], f, theta, job.tables, first, last)
        softmax_cross_entropy(
            job.dense[len(job.dense) - 1],
            f,
            settings,
            job.labels,
            job.outputs,
            job.losses,
            first,
            last,
        )
    elif kind == Kind.GIVE:
        for drawing in range(first, last):
            _give(job, drawing)
    elif kind == Kind.TAKE:
        for drawing in range(first, last):
            _take(job, drawing)
    elif kind == Kind.DENSE_BACKWARD:
        total = 0.0
        for chunk in range(first, last):
            total += dense.backward(
                job.dense[which],
                f,
                theta,
                gradient,
                job.m,
                job.v,
                rule,
                job.tables,
                chunk,
                settings.batch,
                scratch + settings.dense_scratch,
            )
        job.squares[task] = total
    elif kind == Kind.DENSE_BIAS:
        layer = job.dense[which]
        dense.bias_gradient(layer, f, gradient, settings.batch, scratch + settings.dense_scratch)
        job.squares[task] = _move(job, layer.bias, layer.outputs)


@merged
def _carry_back(job: Any, task: int, who: int) -> None:
    kind, which = job.tasks[task, 0], job.tasks[task, 1]
    first, last = job.tasks[task, 2], job.tasks[task, 3]
    f, gradient, settings = job.f, job.gradient, job.settings[0]
    scratch = settings.floats + who * settings.scratch_floats
    own_words = settings.words + who * settings.scratch_words
    if kind == Kind.CONVOLVE_BACKWARD:
        _convolve_back(job, which, first, last, scratch, own_words)
    elif kind == Kind.REDUCE:
        block = job.convolutions[which]
        each = block.channels * block.size_y * block.size_x
        temporary = scratch + settings.dense_scratch
        if block.group == 1:
            for vector in range(first, last):
                reduce_planes(block, f, gradient, settings, vector, temporary)
        else:
            for k in range(first, last):
                reduce_filters(block, f, gradient, settings, k, temporary)
        if block.group == 1:
            first, last = first * LANES, min(last * LANES, block.filters)
        job.squares[task] = _move(job, block.weight + first * each, (last - first) * each)
        if block.bias >= 0:
            reduce_bias(block, f, gradient, settings, first, last)
            job.squares[task] += _move(job, block.bias + first, last - first)
    elif kind == Kind.UNPACK_ROWS:
        layer = job.dense[which]
        dense.unpack_rows(layer, f, gradient, first, last)
        at = layer.weight + first * layer.outputs
        job.squares[task] = _move(job, at, (last - first) * layer.outputs)


@kernel
def _move(job: Any, first: int, count: int) -> float:
    """Make the optimiser's step, if asked for, on parameters whose gradient is complete."""
    rule = job.rule[0]
    if not rule.fused:
        return 0.0
    return adam(rule, job.theta, job.m, job.v, job.gradient, first, first, count)


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
def _convolve_all(job: Any, first: int, last: int, scratch: int, own_words: int) -> None:
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
def _convolve_back(
    job: Any, part: int, first: int, last: int, scratch: int, own_words: int
) -> None:
    """Sum the convolutions' gradients over one part of the drawings."""
    f, words, tables, settings = job.f, job.words, job.tables, job.settings[0]
    sums = settings.sums + part * settings.part_step
    for i in range(sums, sums + settings.part_step):
        f[i] = np.float32(0)
    count = settings.blocks
    for drawing in range(first, last):
        for i in range(count - 1, -1, -1):
            block = job.convolutions[i]
            if i == count - 1:
                g = block.output + drawing * block.output_step
            else:
                g = scratch + job.convolutions[i + 1].error
            x = _input_of(job, i, drawing, scratch, own_words)
            won = block.won + drawing * block.won_step
            bias_sums = sums + block.bias_sums
            if block.group == 1:
                ink = _ink_of(block, drawing, own_words)
                backprop.plane_gradients(
                    block, f, x, g, tables, words, won, ink, sums + block.sums, bias_sums
                )
            else:
                if block.bias >= 0:
                    backprop.bias_gradients(block, f, g, tables, words, won, bias_sums)
                if block.all_live and block.size_y == 3 and block.size_x == 3:
                    backprop.dense_filter_gradients(block, f, x, g, sums + block.sums)
                else:
                    turned = own_words + block.turned
                    backprop.by_filter(block, words, won, own_words + block.square, turned)
                    backprop.filter_gradients(
                        block, f, x, g, tables, words, turned, sums + block.sums
                    )
            if block.passes_back:
                dx = scratch + block.error
                if block.mirrored:
                    _mirror_back(job, i, g, scratch, own_words)
                else:
                    backprop.input_gradients(block, f, dx, g, tables, words, won)
                if i == 0:
                    _take_back(block, f, dx, job.dx, drawing)


@kernel
def _give(job: Any, drawing: int) -> None:
    """Copy what the last convolution gives from slabs into (filter, row, column)."""
    block = job.convolutions[job.settings[0].blocks - 1]
    _copy_output(block, job.outputs, job.f, drawing, OUTWARDS)


@kernel
def _take(job: Any, drawing: int) -> None:
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
