"""A layer that the kernels do not know, in the middle of a network that they do: what it costs."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from bench.pairs import median
from bench.pool import batches_of, pool
from bench.trainers import LEARNING_RATE
from inkgrad.engines import Engine, ReferenceEngine
from inkgrad.engines.cpu import CpuEngine
from inkgrad.layers import INFERENCE, Array, Dropout
from inkgrad.network import Network, seed_network
from inkgrad.optimizers import Adam

__all__ = ["bench_segments"]


def bench_segments(*, batch: int, threads: int, rounds: int) -> list[dict[str, Any]]:
    """Time each segment of the seed network with dropout, which no kernel knows, in its middle.

    Returns
    -------
    rows : list of dict
        ``name``, ``by`` (kernels, layers or reference) and ``microseconds`` for a drawing, the
        median over the rounds: each segment there and back, by one thread; then whole steps of
        Adam, by all threads: of this network, of the seed network, and of this network by the
        reference engine, which is what all layers before an unknown one would take.
    """
    seed = seed_network()
    *_, before = (i for i, stage in enumerate(seed.stages) if stage.name == "pool1")
    layers = list(seed.layers)
    with_dropout = Network([*layers[: before + 1], Dropout(0.1), *layers[before + 1 :]])
    batches = list(batches_of(*pool(), batch))
    steps = {
        ("a step of it", "cpu"): _step(CpuEngine(with_dropout, threads)),
        ("a step of the seed network", "cpu"): _step(CpuEngine(seed, threads)),
        ("a step of it", "reference"): _step(ReferenceEngine(with_dropout)),
    }
    taken: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for x, labels in batches:
            for where, seconds in _segments(CpuEngine(with_dropout, 1), x, labels).items():
                taken.setdefault(where, []).append(seconds / batch)
        for who, step in steps.items():
            start = time.perf_counter()
            for x, labels in batches:
                step(x, labels, LEARNING_RATE)
            seconds = (time.perf_counter() - start) / len(batches)
            taken.setdefault(who, []).append(seconds / batch)
    return [
        {"name": name, "by": by, "microseconds": 1e6 * median(times)}
        for (name, by), times in taken.items()
    ]


def _step(engine: Engine) -> Any:
    """Return an engine's training step, warmed up."""
    trainer = engine.trainer(engine.network.initialise(seed=0), Adam())
    x, labels = next(iter(batches_of(*pool(), 64)))
    trainer.step(x, labels, LEARNING_RATE)
    return trainer.step


def _segments(engine: CpuEngine, x: Array, labels: Array) -> dict[tuple[str, str], float]:
    """Run a batch through all segments there and back; return the seconds that each took."""
    parameters = engine.network.initialise(seed=0)
    gradient = np.zeros(engine.network.size, np.float32)
    statistics = parameters.statistics.copy()
    names = [
        (
            " ".join(stage.name for stage in segment.stages),
            "kernels" if hasattr(segment, "dense") else "layers",
        )
        for segment in engine._plan
    ]
    found, trail = dict.fromkeys(names, 0.0), []
    for name, run in zip(names[:-1], engine._teacher.runs[:-1], strict=True):
        start = time.perf_counter()
        with run.weights(parameters) as weights:
            x, saved = run.there(parameters, x, INFERENCE, statistics, weights)
        found[name] += time.perf_counter() - start
        trail.append((name, run, saved))
    start = time.perf_counter()
    last: Any = engine._teacher.runs[-1]
    dy = last.teach(parameters, x, labels, 0.0, gradient).dx
    found[names[-1]] += time.perf_counter() - start
    for name, run, saved in reversed(trail):
        start = time.perf_counter()
        dy = run.back(parameters, dy, saved, gradient)
        found[name] += time.perf_counter() - start
    return found
