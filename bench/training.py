"""A training step of the seed network: ours beside PyTorch, JAX and NumPy, all in float32."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bench.ours import OurTrainer, our_trainers
from bench.pairs import seconds_by_turns
from bench.pool import batches_of, pool
from bench.rivals.jax_net import jax_trainers
from bench.rivals.numpy_net import numpy_trainers
from bench.rivals.torch_net import torch_trainers
from bench.throughput import TORCH, throughput_rows
from bench.trainers import Trainer, check_alike, course
from inkgrad.engines import ReferenceEngine
from inkgrad.network import Parameters, seed_network

__all__ = ["RIVALS", "bench_training", "race"]

RIVALS: tuple[Callable[..., Mapping[str, Trainer]], ...] = (
    torch_trainers,
    jax_trainers,
    numpy_trainers,
)
"""Each is given the first weights, the number of threads and a batch, and returns contestants."""


def bench_training(
    batches: list[int],
    *,
    threads: int,
    rounds: int,
    seconds_a_turn: float,
    on_round: Callable[[int], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Measure drawings a second in training, by contestant and batch size.

    Everyone trains on successive batches of the same doodles, from the same weights, and begins
    anew after the same number of passes. Before that it is checked that all compute the same.

    Returns
    -------
    rows : list of dict
        As `throughput_rows` makes them, for ours with ``ratio_to_best_torch``: the median over the
        rounds of the ratio to PyTorch's best configuration in the same round.
    """
    first = seed_network().initialise(seed=0)
    rows = []
    for batch in batches:
        ready = list(batches_of(*pool(), batch))
        trainers: dict[str, Trainer] = {**our_trainers(first, threads)}
        for make in RIVALS:
            trainers.update(make(first, threads, ready[0]))
        seconds = race(
            trainers,
            first,
            ready,
            rounds=rounds,
            seconds_a_turn=seconds_a_turn,
            on_round=on_round,
        )
        rows += throughput_rows(
            seconds,
            batch=batch,
            threads=threads,
            compared_with={"ratio_to_best_torch": TORCH},
        )
    return rows


def race(
    trainers: Mapping[str, Trainer],
    first: Parameters,
    batches: list[tuple[np.ndarray, np.ndarray]],
    **timing: Any,
) -> dict[str, list[float]]:
    """Check that all compute the same, and return the seconds that each takes for a step."""
    check_alike(trainers, OurTrainer(ReferenceEngine(first.network), first), batches)
    steps = {name: course(trainer, batches) for name, trainer in trainers.items()}
    return seconds_by_turns(steps, **timing)
