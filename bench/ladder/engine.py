"""The top of each ladder: the engine's own kernel, called as the engine calls it.

Each rung takes a network in which the layer stands, makes the engine's workspace and program for
it, and runs only those phases that compute the layer.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.ladder import backprop, convolution, dense, pool
from bench.ladder.backprop import BackpropCase
from bench.ladder.convolution import ConvolutionCase
from bench.ladder.dense import DenseCase
from bench.ladder.rung import Prepared, Rung, zeros
from inkgrad.engines.cpu import CpuEngine
from inkgrad.engines.cpu.job import LINE, PHASE, TASK, Job, Kind
from inkgrad.engines.cpu.phases import work
from inkgrad.engines.cpu.runner import Way, Workspace, make_job, run
from inkgrad.engines.cpu.segments import FusedAdam
from inkgrad.engines.cpu.simd import LANES
from inkgrad.layers import Dense, ReLU
from inkgrad.network import Network, Parameters
from inkgrad.optimizers import Adam

__all__ = ["LADDERS"]


def _space(network: Network, batch: int) -> Workspace:
    """Return a workspace for a network that is one segment."""
    (segment,) = CpuEngine(network, threads=1)._plan
    return Workspace(network, segment, batch, 1)


def _run_phases(job: Job, kind: Kind, which: int | None = None) -> None:
    """Run the phases that hold tasks of a kind, of one layer if `which` says so."""
    for phase in job.phases:
        tasks = job.tasks[phase["first"] : phase["last"]]
        if any(task["kind"] == kind and which in (None, task["which"]) for task in tasks):
            counters = np.zeros(2 * LINE, np.int64)
            work(job._replace(phases=np.array([phase]), counters=counters), 0)


def _convolution(case: ConvolutionCase) -> Prepared:
    """Run both blocks of the case's network, and take off what the first takes by itself."""
    network, n = case.parameters.network, case.drawings
    space = _space(network, n)
    outputs = np.empty((n, *network.output_shape), np.float32)
    job = make_job(
        space,
        n,
        theta=case.parameters.vector,
        x=np.ascontiguousarray(case.pictures, np.float32).reshape(-1),
        outputs=outputs.reshape(-1),
    )
    _run_phases(job, Kind.PACK_PAIR)
    first_alone = job._replace(settings=job.settings.copy())
    first_alone.settings["blocks"] = 1

    def compute() -> None:
        job.settings["stamp"] += 1  # a new step: blank paper's answers are worked out again
        _run_phases(job, Kind.CONVOLVE)

    def read() -> dict[str, np.ndarray]:
        _run_phases(job, Kind.GIVE)
        block = space.blocks[1]
        words = space.words[block["won"] :][: n * block["won_step"]]
        won = words.reshape(n, *network.output_shape[1:], 4, -1)
        return {"pooled": outputs, "winner": pool.read_winners(won, case.filters)}

    return Prepared(compute, read, lambda: _run_phases(first_alone, Kind.CONVOLVE))


def _convolution_backward(case: BackpropCase) -> Prepared:
    """Run the way back through both blocks, and take off what the first takes by itself."""
    network, n, theta = case.parameters.network, case.drawings, case.parameters.vector
    space = _space(network, n)
    x = np.ascontiguousarray(case.pictures, np.float32).reshape(-1)
    outputs = np.empty(case.g.size, np.float32)
    run(space, 1, n, Way.THERE, theta=theta, x=x, outputs=outputs)
    outputs[:] = case.g.reshape(-1)
    gradient = zeros(network.size)
    job = make_job(space, n, Way.BACK, theta=theta, x=x, gradient=gradient, outputs=outputs)
    _run_phases(job, Kind.TAKE)
    first_alone = job._replace(settings=job.settings.copy())
    first_alone.settings["blocks"] = 1

    def compute() -> None:
        _run_phases(job, Kind.CONVOLVE_BACKWARD)

    def read() -> dict[str, np.ndarray]:
        _run_phases(job, Kind.REDUCE)
        where, shape = network.layout["conv2.weight"]
        dw, dx = gradient[where].reshape(shape).copy(), np.empty(case.x.shape, np.float32)
        block, p = space.blocks[1], case.padding
        slabs = (1, *(int(block[side]) for side in ("groups", "in_rows", "in_columns")), LANES)
        error = space.floats[int(job.settings["floats"][0] + block["error"]) :][: math.prod(slabs)]
        channels, rows, columns = dx.shape[1:]
        for drawing in range(n):  # a thread keeps dx of one drawing only
            task = np.array([(Kind.CONVOLVE_BACKWARD, 0, drawing, drawing + 1)], TASK)
            alone = job._replace(tasks=task, phases=np.array([(0, 1, 1)], PHASE))
            _run_phases(alone, Kind.CONVOLVE_BACKWARD)
            planes = backprop.planes(error.reshape(slabs))
            dx[drawing] = planes[0, :channels, p : p + rows, p : p + columns]
        return {"dw": dw, "dx": dx}

    return Prepared(compute, read, lambda: _run_phases(first_alone, Kind.CONVOLVE_BACKWARD))


def _dense(case: DenseCase) -> Prepared:
    (inputs, width), n = case.weight.shape, case.drawings
    network = Network([Dense(width)], input_shape=(inputs,))
    parameters = Parameters(network, zeros(network.size))
    parameters["dense1.weight"][...], parameters["dense1.bias"][...] = case.weight, case.bias
    outputs = np.empty((n, width), np.float32)
    space = _space(network, n)
    x = np.ascontiguousarray(case.x, np.float32).reshape(-1)
    job = make_job(space, n, theta=parameters.vector, x=x, outputs=outputs.reshape(-1))
    for kind in (Kind.PACK_BIAS, Kind.LAY_OUT):
        _run_phases(job, kind)
    return Prepared(lambda: _run_phases(job, Kind.HEAD), lambda: {"y": outputs})


def _dense_backward(case: DenseCase, fused: bool) -> Prepared:
    """Put x and d where the layers before and behind would have left them.

    dx is written over x, so x is put there anew each time, and the time that takes is subtracted.
    """
    (inputs, width), n = case.weight.shape, case.drawings
    network = Network([Dense(inputs), ReLU(), Dense(width)], input_shape=(1,))
    parameters = Parameters(network, zeros(network.size))
    parameters["dense2.weight"][...] = case.weight
    gradient, m, v = (zeros(network.size) for _ in "123")
    adam = Adam()
    # At a learning rate of 0 the weights stay, and every turn computes the same.
    moving = {"rule": FusedAdam(adam, m, v, 1, 0.0).rule, "m": m, "v": v} if fused else {}
    space = _space(network, n)
    run(space, 1, 0, Way.PACK, theta=parameters.vector)  # weights are laid out
    job = make_job(
        space,
        n,
        Way.BACK,
        theta=parameters.vector,
        x=np.zeros(n, np.float32),
        gradient=gradient,
        outputs=np.ascontiguousarray(case.d, np.float32).reshape(-1),
        **moving,
    )
    layer = space.layout.dense[1]
    x, d = (
        space.floats[layer[place] :][: n * layer[step]].reshape(n, -1)
        for place, step in (("input", "input_step"), ("output", "output_step"))
    )
    d[:, :width] = case.d

    def put_x() -> None:
        x[:, :inputs] = case.x

    def compute() -> None:
        put_x()
        _run_phases(job, Kind.DENSE_BACKWARD, 1)

    def read() -> dict[str, np.ndarray]:
        m[...] = 0
        compute()
        _run_phases(job, Kind.UNPACK_ROWS)
        where, shape = network.layout["dense2.weight"]
        found = m[where] / np.float32(1 - adam.beta1) if fused else gradient[where]
        return {"dw": found.reshape(shape), "dx": x[:, :inputs]}

    return Prepared(compute, read, put_x)


def _is_in_a_network(case: ConvolutionCase | BackpropCase) -> bool:
    return case.parameters is not None


def _top(name: str, prepare: Any, below: Sequence[Rung], **more: Any) -> Rung:
    """Return the engine's rung, which does the multiply-adds of the last one below it."""
    return Rung(name, prepare, below[-1].multiply_adds, **more)


LADDERS = {
    "convolution": (
        *convolution.RUNGS,
        _top("the engine's kernel", _convolution, convolution.RUNGS, takes=_is_in_a_network),
    ),
    "convolution, backward": (
        *backprop.RUNGS,
        _top("the engine's kernel", _convolution_backward, backprop.RUNGS, takes=_is_in_a_network),
    ),
    "pool": pool.RUNGS,
    "dense": (*dense.FORWARD, _top("the engine's kernel", _dense, dense.FORWARD)),
    "dense, backward": (
        *dense.BACKWARD,
        _top(
            "the engine's kernel",
            functools.partial(_dense_backward, fused=False),
            dense.BACKWARD,
        ),
        _top(
            "the engine's, with Adam",
            functools.partial(_dense_backward, fused=True),
            dense.BACKWARD,
        ),
    ),
}
"""Every operation's rungs, from the bottom to the top."""
