"""Tasks: what each kind of them does, and how a thread finds the function by the kind.

A task has first … last−1 of something to do for block `which`: see `job.TASK`. Its thread has a
scratch of its own, `scratch` among the floats and `own_words` among the words.
"""

from __future__ import annotations

from typing import Any

from inkgrad.engines.cpu import dense
from inkgrad.engines.cpu.compiling import kernel, merged
from inkgrad.engines.cpu.convolution import pack_filters, pack_mirrored
from inkgrad.engines.cpu.convolution_stack import (
    convolve_part,
    give_output,
    part_gradients,
    take_gradient,
)
from inkgrad.engines.cpu.input_gradients import pack_filters_backward
from inkgrad.engines.cpu.job import Kind
from inkgrad.engines.cpu.loss import softmax_cross_entropy
from inkgrad.engines.cpu.optimizer import adam
from inkgrad.engines.cpu.reduction import reduce_bias, reduce_filters, reduce_planes
from inkgrad.engines.cpu.simd import LANES
from inkgrad.engines.cpu.winograd import pack_transformed

__all__ = ["run_backward", "run_forward"]


@merged
def run_forward(job: Any, number: int, who: int) -> None:
    """Do a task of the way there, or back through dense layers, as thread number `who`."""
    task, settings = job.tasks[number], job.settings[0]
    scratch = settings.floats + who * settings.scratch_floats
    own_words = settings.words + who * settings.scratch_words
    kind = task.kind
    if kind == Kind.PACK_PAIR:
        _pack_pairs(job, task, scratch)
    elif kind == Kind.PACK_BACKWARD:
        _pack_backward(job, task)
    elif kind == Kind.PACK_MIRRORED:
        _pack_mirrored(job, task)
    elif kind == Kind.PACK_ROWS:
        dense.pack_rows(job.dense[task.which], job.theta, job.f, task.first, task.last)
    elif kind == Kind.PACK_BIAS:
        _pack_bias(job, task)
    elif kind == Kind.LAY_OUT:
        _lay_out(job, task)
    elif kind == Kind.CONVOLVE:
        convolve_part(job, task.first, task.last, scratch, own_words)
    elif kind == Kind.HEAD:
        _head(job, task)
    elif kind == Kind.GIVE:
        _give(job, task)
    elif kind == Kind.TAKE:
        _take(job, task)
    elif kind == Kind.DENSE_BACKWARD:
        job.squares[number] = _dense_backward(job, task, scratch)
    elif kind == Kind.DENSE_BIAS:
        job.squares[number] = _dense_bias(job, task, scratch)


@merged
def run_backward(job: Any, number: int, who: int) -> None:
    """Do a task of the way back through convolutions, as thread number `who`."""
    task, settings = job.tasks[number], job.settings[0]
    scratch = settings.floats + who * settings.scratch_floats
    own_words = settings.words + who * settings.scratch_words
    kind = task.kind
    if kind == Kind.CONVOLVE_BACKWARD:
        part_gradients(job, task.which, task.first, task.last, scratch, own_words)
    elif kind == Kind.REDUCE:
        job.squares[number] = _reduce(job, task, scratch)
    elif kind == Kind.UNPACK_ROWS:
        job.squares[number] = _unpack_rows(job, task)


# Laying out weights.


@merged
def _pack_pairs(job: Any, task: Any, scratch: int) -> None:
    """Lay out pairs of vectors of filters for the way there."""
    block = job.convolutions[task.which]
    temporary = scratch + job.settings[0].dense_scratch
    for pair in range(task.first, task.last):
        if block.winograd:
            pack_transformed(block, job.theta, job.f, pair, temporary)
        else:
            pack_filters(block, job.theta, job.f, pair)


@merged
def _pack_backward(job: Any, task: Any) -> None:
    """Lay out filters for the way back."""
    for k in range(task.first, task.last):
        pack_filters_backward(job.convolutions[task.which], job.theta, job.f, k)


@merged
def _pack_mirrored(job: Any, task: Any) -> None:
    """Lay out pairs of vectors of a mirror's filters."""
    for pair in range(task.first, task.last):
        pack_mirrored(job.convolutions[task.which], job.theta, job.f, pair)


@merged
def _pack_bias(job: Any, task: Any) -> None:
    """Lay out a dense layer's biases."""
    layer = job.dense[task.which]
    for o in range(layer.outputs):
        job.f[layer.packed_bias + o] = job.theta[layer.bias + o]


# There.


@merged
def _lay_out(job: Any, task: Any) -> None:
    """Copy drawings to where the first dense layer reads them, if no convolution stands before."""
    layer = job.dense[0]
    for n in range(task.first, task.last):
        for i in range(layer.inputs):
            job.f[layer.input + n * layer.input_step + i] = job.x[n * layer.inputs + i]


@merged
def _head(job: Any, task: Any) -> None:
    """Carry drawings through all dense layers, and to the loss."""
    for i in range(len(job.dense)):
        dense.forward(job.dense[i], job.f, job.theta, job.tables, task.first, task.last)
    softmax_cross_entropy(
        job.dense[len(job.dense) - 1],
        job.f,
        job.settings[0],
        job.labels,
        job.outputs,
        job.losses,
        task.first,
        task.last,
    )


@merged
def _give(job: Any, task: Any) -> None:
    """Copy what the last convolution gives to `outputs`, if no dense layer follows."""
    for drawing in range(task.first, task.last):
        give_output(job, drawing)


# And back.


@merged
def _take(job: Any, task: Any) -> None:
    """Put dy in place of what the last block gave."""
    for drawing in range(task.first, task.last):
        take_gradient(job, drawing)


@merged
def _dense_backward(job: Any, task: Any, scratch: int) -> float:
    """Do chunks of a dense layer's inputs: dW, the step on it, and dx."""
    squares, temporary = 0.0, scratch + job.settings[0].dense_scratch
    for chunk in range(task.first, task.last):
        squares += dense.backward(
            job.dense[task.which],
            job.f,
            job.theta,
            job.gradient,
            job.m,
            job.v,
            job.rule[0],
            job.tables,
            chunk,
            job.settings[0].batch,
            temporary,
        )
    return squares


@merged
def _dense_bias(job: Any, task: Any, scratch: int) -> float:
    """Sum a dense layer's dβ, and make the step on it."""
    layer, temporary = job.dense[task.which], scratch + job.settings[0].dense_scratch
    dense.bias_gradient(layer, job.f, job.gradient, job.settings[0].batch, temporary)
    return _move(job, layer.bias, layer.outputs)


@merged
def _unpack_rows(job: Any, task: Any) -> float:
    """Copy rows of a dense layer's dW to their own place, and make the step on them."""
    layer = job.dense[task.which]
    dense.unpack_rows(layer, job.f, job.gradient, task.first, task.last)
    return _move(
        job, layer.weight + task.first * layer.outputs, (task.last - task.first) * layer.outputs
    )


@merged
def _reduce(job: Any, task: Any, scratch: int) -> float:
    """Add the parts' dW and dβ of some filters, and make the step on them."""
    f, gradient, settings = job.f, job.gradient, job.settings[0]
    block, temporary = job.convolutions[task.which], scratch + settings.dense_scratch
    first, last = task.first, task.last
    if block.group == 1:  # filters are counted by vectors then
        for vector in range(first, last):
            reduce_planes(block, f, gradient, settings, vector, temporary)
        first, last = first * LANES, min(last * LANES, block.filters)
    else:
        for k in range(first, last):
            reduce_filters(block, f, gradient, settings, k, temporary)
    each = block.channels * block.size_y * block.size_x
    squares = _move(job, block.weight + first * each, (last - first) * each)
    if block.bias >= 0:
        reduce_bias(block, f, gradient, settings, first, last)
        squares += _move(job, block.bias + first, last - first)
    return squares


@kernel
def _move(job: Any, first: int, count: int) -> float:
    """Make the optimiser's step, if asked for, on parameters whose gradient is complete."""
    rule = job.rule[0]
    if not rule.fused:
        return 0.0
    return adam(rule, job.theta, job.m, job.v, job.gradient, first, first, count)
