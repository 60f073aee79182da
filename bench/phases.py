"""How a training step's time splits, and how near each phase comes to its arithmetic's least."""

from __future__ import annotations

import functools
import time
from typing import Any

import numpy as np

from bench.pairs import median
from bench.pool import batches_of, pool
from bench.trainers import LEARNING_RATE
from inkgrad.engines.cpu import CpuEngine
from inkgrad.layers import Array
from inkgrad.network import Parameters, seed_network
from inkgrad.optimizers import Adam

__all__ = ["PHASES", "bench_phases", "peak_multiply_adds"]

PHASES = (
    "lay out weights",
    "convolutions, forward",
    "dense layers, forward, and loss",
    "dense2, backward, with Adam",
    "dense1, backward, with Adam",
    "convolutions, backward",
    "sum of the parts, with Adam",
)
"""The phases of the seed network's step, in order."""

_PASSES = 3  # over the pool before the clock runs: densities as in the middle of a run


def bench_phases(*, batch: int, rounds: int) -> list[dict[str, Any]]:
    """Time each phase by itself, on one thread.

    Returns
    -------
    rows : list of dict
        ``name``; ``microseconds`` for a drawing, the median over all steps, and their ``share``;
        where arithmetic is what the phase does, ``floor``, the microseconds that its vector
        multiply-adds take at the peak that is measured beside it, and ``efficiency``, the ratio.
    """
    from inkgrad.engines.cpu.job import LINE
    from inkgrad.engines.cpu.phases import work
    from inkgrad.engines.cpu.runner import Way, Workspace, make_job
    from inkgrad.engines.cpu.segments import FusedAdam

    network = seed_network()
    engine, adam = CpuEngine(network, threads=1), Adam()
    parameters = network.initialise(seed=0)
    trainer = engine.trainer(parameters, adam)
    state = trainer.state
    batches = list(batches_of(*pool(), batch))
    for x, labels in batches * _PASSES:
        trainer.step(x, labels, LEARNING_RATE)

    (segment,) = engine._plan
    space = Workspace(network, segment, batch, 1)
    gradient = np.empty(network.size, np.float32)
    seconds: dict[str, list[float]] = {name: [] for name in PHASES}
    peak: list[float] = []
    for _ in range(rounds):
        peak.append(peak_multiply_adds())
        for x, labels in batches:
            state.steps += 1
            m, v = state.arrays["m"], state.arrays["v"]
            fused = FusedAdam(adam, m, v, state.steps, LEARNING_RATE)
            job = make_job(
                space,
                batch,
                Way.TEACH,
                theta=parameters.vector,
                x=x.reshape(-1),
                labels=labels,
                gradient=gradient,
                m=m,
                v=v,
                rule=fused.rule,
                outputs=np.empty(batch * 5, np.float32),
            )
            for number, name in enumerate(PHASES):
                one = job._replace(
                    phases=job.phases[number : number + 1].copy(),
                    counters=np.zeros(2 * LINE, np.int64),
                )
                start = time.perf_counter()
                work(one, 0)
                seconds[name].append((time.perf_counter() - start) / batch)
    floors = _multiply_adds(parameters, batches[0][0])
    medians = {name: 1e6 * median(times) for name, times in seconds.items()}
    rows = [
        {"name": name, "microseconds": time_, "share": time_ / sum(medians.values())}
        for name, time_ in medians.items()
    ]
    rows.append({"name": "together", "microseconds": sum(medians.values()), "share": 1.0})
    floors["together"] = sum(floors.values())
    for row in rows:
        if row["name"] in floors:
            row["floor"] = 1e6 * floors[row["name"]] / median(peak)
            row["efficiency"] = row["floor"] / row["microseconds"]
    return rows


def peak_multiply_adds() -> float:
    """Return how many vector multiply-adds a second one thread can do, from registers alone."""
    run = _peak_kernel()
    numbers = np.full(256, 1e-3, np.float32)
    run(numbers, 1000)
    start = time.perf_counter()
    count = run(numbers, 2_000_000)
    return float(count / (time.perf_counter() - start))


@functools.cache
def _peak_kernel() -> Any:
    from numba import njit

    from inkgrad.engines.cpu.simd import LANES, fma, load, splat, store_all

    @njit
    def run(numbers: Any, times: int) -> int:
        x = load(numbers, 0)
        a, b, c, d, e = splat(0.0), splat(1.0), splat(2.0), splat(3.0), splat(4.0)
        g, h, i, j, k = splat(5.0), splat(6.0), splat(7.0), splat(8.0), splat(9.0)
        for _ in range(times):  # ten sums that do not wait for each other
            a, b, c, d, e = fma(x, x, a), fma(x, x, b), fma(x, x, c), fma(x, x, d), fma(x, x, e)
            g, h, i, j, k = fma(x, x, g), fma(x, x, h), fma(x, x, i), fma(x, x, j), fma(x, x, k)
        sums = (a, b, c, d, e, g, h, i, j, k)
        store_all(numbers, LANES, LANES, sums)  # all of them, or the compiler leaves some out
        return 10 * times

    return run


def _multiply_adds(parameters: Parameters, x: Array) -> dict[str, float]:
    """Return the vector multiply-adds that each phase does for a drawing, by what is live in it."""
    from inkgrad.engines.cpu.simd import LANES

    seen = {"x": x}
    for stage in parameters.network.stages:
        x, _ = stage.layer.forward(x, **parameters.of(stage))
        seen[stage.name] = x
    n = len(x)
    windows = _inked(seen["x"], size=4, step=2, padding=1)  # of conv1 with its pool
    tiles = _inked(seen["x"], size=10, step=4, padding=3)  # of conv2 with its pool
    live = np.count_nonzero(seen["pool2"]) / n
    hidden = np.count_nonzero(seen["relu3"]) / n
    inputs, width = parameters["dense1.weight"].shape
    filters, channels = parameters["conv2.weight"].shape[:2]
    return {
        "convolutions, forward": (windows * 36 * channels + tiles * 16 * channels * filters)
        / LANES,
        "dense layers, forward, and loss": live * width / LANES,
        "dense1, backward, with Adam": (live * width + hidden * inputs) / LANES,
        "convolutions, backward": (2 * live * 9 * channels + windows * 36 * channels) / LANES,
    }


def _inked(x: Array, *, size: int, step: int, padding: int) -> float:
    """Return how many windows of a drawing see ink."""
    p = ((0, 0), (padding, padding), (padding, padding))
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x[:, 0], p), (size, size), (1, 2))
    inked = windows[:, ::step, ::step].any(axis=(3, 4))
    return np.count_nonzero(inked) / len(x)
