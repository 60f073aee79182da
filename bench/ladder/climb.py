"""Climbing a ladder: each rung is checked against the one before; then all are timed in turn."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bench.ladder.rung import Case, Rung
from bench.pairs import median, ratio, seconds_by_turns
from bench.phases import peak_multiply_adds
from bench.pool import batches_of, pool
from bench.trainers import LEARNING_RATE
from inkgrad.layers import Array, softmax
from inkgrad.memory import aligned_zeros
from inkgrad.network import Network, Parameters, seed_network
from inkgrad.optimizers import Adam

__all__ = ["OPERATIONS", "THE_ENGINE", "bench_ladder", "check_rungs", "climb"]

OPERATIONS = ("convolution", "convolution, backward", "pool", "dense", "dense, backward")
"""What there are ladders for."""

THE_ENGINE = "the engine's"
"""How the names of rungs begin that are the engine's own kernels."""

_PASSES = 3  # over the pool: densities as in the middle of a run, as in `bench.phases`
_BESIDES = " (besides)"


def bench_ladder(
    operations: Sequence[str],
    *,
    batch: int,
    rounds: int,
    seconds_a_turn: float,
    on_operation: Callable[[str], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Time the rungs of some operations at the seed network's sizes, on one thread.

    The numbers are those of a network that has learnt a while, on built-in doodles.

    Parameters
    ----------
    operations : sequence of str
        Of `OPERATIONS`.
    batch : int
        Drawings at a time.
    rounds, seconds_a_turn, on_operation
        How often and how long; told of each operation.

    Returns
    -------
    rows : list of dict
        See `climb`.
    """
    on_operation("a network")
    from bench.ladder.engine import LADDERS

    cases = _cases(_trained(), *next(batches_of(*pool(), batch)))
    rows: list[dict[str, Any]] = []
    for operation in operations:
        on_operation(operation)
        climbed = climb(
            LADDERS[operation], cases[operation], rounds=rounds, seconds_a_turn=seconds_a_turn
        )
        rows += [{"operation": operation, **row} for row in climbed]
    return rows


def check_rungs(rungs: Sequence[Rung], case: Case) -> None:
    """Raise ValueError if a rung computes something else than the one before."""
    able = [rung for rung in rungs if rung.takes(case)]
    for lower, upper in itertools.pairwise(able):
        count = min(case.drawings, *(rung.at_most or case.drawings for rung in (lower, upper)))
        some = case.first(count)
        found, expected = (rung.prepare(some).finished() for rung in (upper, lower))
        try:
            some.check(found, expected)
        except ValueError as error:
            raise ValueError(
                f"{upper.name} does not compute what {lower.name} does: {error}"
            ) from None


def climb(
    rungs: Sequence[Rung], case: Case, *, rounds: int, seconds_a_turn: float
) -> list[dict[str, Any]]:
    """Check and time the rungs of one ladder.

    Returns
    -------
    rows : list of dict
        ``name``; ``batch``, the drawings at a time; ``microseconds`` for one and
        ``drawings_per_s``, the median, ``slowest`` and ``fastest``; ``times_before``, how many
        times as fast as the rung before it is. Where there is something to multiply:
        ``multiply_adds`` that it does for a drawing, ``gflops`` (two for each), and their
        ``share_of_peak``, which is measured in between.
    """
    from inkgrad.engines.cpu.simd import LANES

    check_rungs(rungs, case)
    cases = {
        rung.name: case if rung.at_most is None else case.first(rung.at_most) for rung in rungs
    }
    ready = {rung.name: rung.prepare(cases[rung.name]) for rung in rungs}
    contestants: dict[str, Callable[[], object]] = {}
    for name, prepared in ready.items():
        contestants[name] = prepared.run
        if prepared.besides is not None:
            contestants[name + _BESIDES] = prepared.besides
    peaks = [peak_multiply_adds()]
    seconds = seconds_by_turns(
        contestants,
        rounds=rounds,
        seconds_a_turn=seconds_a_turn,
        on_round=lambda _: peaks.append(peak_multiply_adds()),
    )
    rows: list[dict[str, Any]] = []
    before: list[float] | None = None
    for rung in rungs:
        besides = seconds.get(rung.name + _BESIDES, [0.0] * rounds)
        drawings = cases[rung.name].drawings
        each = [
            max(whole - part, whole / 10) / drawings  # even if `besides` was interrupted
            for whole, part in zip(seconds[rung.name], besides, strict=True)
        ]
        row: dict[str, Any] = {
            "name": rung.name,
            "batch": drawings,
            "microseconds": 1e6 * median(each),
            "drawings_per_s": 1 / median(each),
            "slowest": 1 / max(each),
            "fastest": 1 / min(each),
        }
        if before is not None:
            row["times_before"] = ratio(before, each)
        if rung.multiply_adds is not None:
            row["multiply_adds"] = rung.multiply_adds(cases[rung.name]) / drawings
            row["gflops"] = 2e-9 * row["multiply_adds"] * row["drawings_per_s"]
            row["share_of_peak"] = row["gflops"] / (2e-9 * median(peaks) * LANES)
        rows.append(row)
        before = each
    return rows


def _trained() -> Parameters:
    """Return the seed network's parameters after a few passes."""
    from inkgrad.engines.cpu import CpuEngine

    network = seed_network()
    parameters = network.initialise(seed=0)
    trainer = CpuEngine(network, threads=1).trainer(parameters, Adam())
    for x, labels in list(batches_of(*pool(), 128)) * _PASSES:
        trainer.step(x, labels, LEARNING_RATE)
    return parameters


def _cases(parameters: Parameters, x: Array, labels: Array) -> dict[str, Any]:
    """Return what every operation works on: the seed network's own numbers."""
    from bench.ladder import backprop, convolution, dense
    from bench.ladder import pool as pooling
    from bench.ladder.engine import LADDERS

    stages = {stage.name: stage for stage in parameters.network.stages}
    blocks = Network([stage.layer for stage in parameters.network.stages[:6]], x.shape[1:])
    first_two = Parameters(blocks, aligned_zeros(blocks.size, np.float32))
    for name in blocks.layout:
        first_two[name][...] = parameters[name]
    second = convolution.ConvolutionCase.of(first_two, x)

    seen, saved, given = {}, {}, x
    for name, stage in stages.items():
        given, saved[name] = stage.layer.forward(given, **parameters.of(stage))
        seen[name] = given
    d = softmax(given)
    d[np.arange(len(d)), labels] -= 1
    for name in ("dense2", "relu3"):
        d, _ = stages[name].layer.backward(d, saved[name])
    layer = dense.DenseCase(
        seen["flatten1"], parameters["dense1.weight"], parameters["dense1.bias"], d / len(x)
    )
    # Who won is what the engine says: where two cells are equal but for rounding, both are right.
    winner = LADDERS["convolution"][-1].prepare(second).finished()["winner"].astype(np.uint8)
    g = (layer.d @ layer.weight.T).reshape(winner.shape)
    back = backprop.BackpropCase(
        second.x, second.weight, second.padding, g, winner, first_two, second.pictures
    )
    return {
        "convolution": second,
        "convolution, backward": back,
        "pool": pooling.PoolCase(seen["conv2"]),
        "dense": layer,
        "dense, backward": layer,
    }
