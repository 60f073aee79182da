"""A training step of the seed network: ours beside PyTorch, JAX and NumPy, all in float32."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from bench.ours import OurTrainer, our_trainers
from bench.pairs import seconds_by_turns
from bench.pool import batches_of, pool
from bench.rivals.jax_net import jax_trainers
from bench.rivals.numpy_net import numpy_trainers
from bench.rivals.torch_net import torch_trainers
from bench.throughput import TORCH, throughput_rows
from bench.trainers import STEPS, Trainer, check_alike, comparable, course
from inkgrad.engines import ReferenceEngine
from inkgrad.network import Parameters, seed_network

__all__ = ["RIVALS", "bench_training", "check_comparable", "race"]

RIVALS: tuple[Callable[..., Mapping[str, Trainer]], ...] = (
    torch_trainers,
    jax_trainers,
    numpy_trainers,
)
"""Each is given the first weights, the number of threads and a batch, and returns contestants."""

ROUNDING = 0.1
"""`TOLERANCE` for ours where the network has batch norm, which makes rounding larger.

On sketch, ours and the reference are 0.03 apart; with other shards and other numbers dropped, 0.5.
"""

NEARER = 0.9
"""`TOLERANCE` for rivals there: learning brings them nearer. Without it they would be at 1."""

_COMPARED = 32  # drawings of each batch: enough to compare layers in float64


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
        seconds = race(
            our_trainers(first, threads),
            functools.partial(_rivals, threads=threads),
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
    ours: Mapping[str, Trainer],
    make_rivals: Callable[..., Mapping[str, Trainer]],
    first: Parameters,
    batches: list[tuple[np.ndarray, np.ndarray]],
    *,
    compiled: bool = True,
    **timing: Any,
) -> dict[str, list[float]]:
    """Check that all compute the same, and return the seconds that each takes for a step.

    Rivals train as is usual in their libraries. Where the network has batch norm or dropout, they
    therefore learn something slightly different from ours (see `comparable`). In that case
    `check_comparable` shows that their layers are the same, and what is timed is checked, too: ours
    to `ROUNDING`, rivals before the first step as ever, and after the last to `NEARER`.

    Parameters
    ----------
    ours : dict of str to Trainer
    make_rivals : callable
        Given the first weights and a batch to compile for, or None, it returns the rivals.
    first : Parameters
    batches : list of (array, array)
    compiled : bool
        Whether rivals that are compiled take part.
    **timing
        As of `seconds_by_turns`.
    """
    rivals = make_rivals(first, batch=batches[0] if compiled else None)
    trainers, tolerances = {**ours, **rivals}, None
    if comparable(first, len(batches[0][0])) is not first:
        check_comparable(make_rivals, first, batches)
        tolerances = {**dict.fromkeys(ours, ROUNDING), **dict.fromkeys(rivals, NEARER)}
    reference = OurTrainer(ReferenceEngine(first.network), first)
    check_alike(trainers, reference, batches, tolerances)
    steps = {name: course(trainer, batches) for name, trainer in trainers.items()}
    return seconds_by_turns(steps, **timing)


def check_comparable(
    make_rivals: Callable[..., Mapping[str, Trainer]],
    first: Parameters,
    batches: Iterable[tuple[np.ndarray, np.ndarray]],
) -> None:
    """Make sure that rivals learn the same where libraries have no choice, in float64.

    In float32 rounding would hide much: batch norm and Adam both divide by small numbers, so that
    after three steps the two memory layouts of PyTorch are 7 % of the way apart. In float64 all
    agree to 1e-10 of it, and 1e-6 are allowed.
    """
    exact = [
        (x[:_COMPARED].astype(np.float64), labels[:_COMPARED])
        for x, labels in itertools.islice(batches, STEPS)
    ]
    alike = comparable(first, len(exact[0][0])).astype(np.float64)
    rivals = make_rivals(alike, batch=None)
    reference = OurTrainer(ReferenceEngine(alike.network), alike)
    check_alike(rivals, reference, exact, dict.fromkeys(rivals, 1e-6))


def _rivals(
    first: Parameters, *, threads: int, batch: tuple[np.ndarray, np.ndarray] | None
) -> dict[str, Trainer]:
    """Return all of `RIVALS`."""
    return {
        name: trainer for make in RIVALS for name, trainer in make(first, threads, batch).items()
    }
