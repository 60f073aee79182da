"""A training step of the seed network: ours beside PyTorch's, both with Adam, in float32."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.pairs import median, seconds_by_turns

__all__ = ["bench_training", "tune_allocator"]

# PyTorch at its best: without these, glibc gives large buffers back to the system after every
# step and asks for them again. They are read when a process starts, so it starts again.
_ALLOCATOR = {
    "MALLOC_TRIM_THRESHOLD_": "4000000000",
    "MALLOC_MMAP_THRESHOLD_": "4000000000",
    "MALLOC_TOP_PAD_": "500000000",
}


def tune_allocator(threads: int) -> None:
    """Start this process again with the allocator tuned and every library at `threads` threads."""
    wanted = {**_ALLOCATOR, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.environ.update(wanted)
        os.execv(sys.executable, [sys.executable, "-m", "bench", *sys.argv[1:]])


def bench_training(
    batches: list[int],
    *,
    threads: int,
    rounds: int,
    seconds_a_turn: float,
    on_round: Callable[[int], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Measure drawings a second in training, by contestant and batch size.

    Returns
    -------
    rows : list of dict
        ``name, batch, threads, drawings_per_s`` (median), ``slowest, fastest``, and for ours
        ``ratio_to_best_torch``: the median over the rounds of the ratio to PyTorch's best in the
        same round.
    """
    rows: list[dict[str, Any]] = []
    for batch in batches:
        rng = np.random.default_rng(0)
        x = rng.random((batch, 1, 28, 28), dtype=np.float32)
        labels = rng.integers(0, 5, batch)
        steps = {**_ours(x, labels), **_torch(x, labels, threads)}
        seconds = seconds_by_turns(
            steps, rounds=rounds, seconds_a_turn=seconds_a_turn, on_round=on_round
        )
        rivals = [name for name in steps if name.startswith("PyTorch")]
        for name, times in seconds.items():
            row = {
                "name": name,
                "batch": batch,
                "threads": threads,
                "drawings_per_s": batch / median(times),
                "slowest": batch / max(times),
                "fastest": batch / min(times),
            }
            if rivals and name not in rivals:
                best = min(rivals, key=lambda rival: median(seconds[rival]))
                pairs = zip(seconds[best], times, strict=True)
                row["ratio_to_best_torch"] = median([theirs / mine for theirs, mine in pairs])
            rows.append(row)
    return rows


def _ours(x: np.ndarray, labels: np.ndarray) -> dict[str, Callable[[], object]]:
    """Return a training step of every engine of ours."""
    from inkgrad.engines import ENGINES, make_engine
    from inkgrad.network import seed_network
    from inkgrad.training import Adam

    def step_of(name: str) -> Callable[[], object]:
        engine = make_engine(name, seed_network())
        parameters = engine.network.initialise(seed=0)
        adam = Adam()
        state = adam.start(parameters.vector)

        def step() -> None:
            gradient = engine.gradients(parameters, x, labels).vector
            adam.update(parameters.vector, gradient, state, 1e-3)

        return step

    return {f"inkgrad {name}": step_of(name) for name in ENGINES}


def _torch(x: np.ndarray, labels: np.ndarray, threads: int) -> dict[str, Callable[[], object]]:
    """Return PyTorch's training step in both memory layouts, or nothing if it is not installed."""
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed: pip install 'inkgrad[bench]' to compare with it")
        return {}
    torch.set_num_threads(threads)

    def step_of(memory_format: torch.memory_format) -> Callable[[], object]:
        torch.manual_seed(0)
        nn = torch.nn
        network = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(3136, 128),
            nn.ReLU(),
            nn.Linear(128, 5),
        ).to(memory_format=memory_format)
        adam = torch.optim.Adam(network.parameters(), lr=1e-3, foreach=True)
        inputs = torch.from_numpy(x).to(memory_format=memory_format)
        targets = torch.from_numpy(labels)

        def step() -> None:
            adam.zero_grad(set_to_none=True)
            torch.nn.functional.cross_entropy(network(inputs), targets).backward()
            adam.step()

        return step

    return {
        "PyTorch eager": step_of(torch.contiguous_format),
        "PyTorch eager, channels last": step_of(torch.channels_last),
    }
