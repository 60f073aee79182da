"""How much memory training takes, and whether it grows."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.ours import OurTrainer, best_engine, start_engine
from bench.pool import batches_of, pool
from bench.trainers import course
from inkgrad.network import seed_network

__all__ = ["bench_memory", "resident_bytes"]

DRAWINGS = 40_000
"""As many as `python -m bench job` trains on."""

_SMALL = 16  # drawings in a step while memory is watched


def bench_memory(
    *,
    batch: int,
    threads: int,
    steps: int,
    on_step: Callable[[int], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Measure the best engine's memory beside that of what it works with.

    Returns
    -------
    rows : list of dict
        ``name, bytes``.
    """
    x, labels = pool()
    network = seed_network()
    trainer = OurTrainer(start_engine(best_engine(), network, threads), network.initialise(seed=0))
    workspace, how = _workspace(trainer, batch)
    step = course(trainer, batches_of(x, labels, _SMALL))
    for _ in range(min(steps, 100)):  # until everything has its place
        step()
    before = resident_bytes()
    for number in range(steps):
        step()
        on_step(number + 1)
    parameters = trainer.parameters.vector.nbytes
    sizes = {
        "parameters": parameters,
        "Adam's two averages": 2 * parameters,
        f"{DRAWINGS:,} drawings, as bytes": DRAWINGS * x[0].size,
        f"inkgrad {best_engine()}: workspace at batch {batch}, {how}": workspace,
        f"inkgrad {best_engine()}: growth over {steps:,} steps": resident_bytes() - before,
    }
    return [{"name": name, "bytes": size} for name, size in sizes.items()]


def resident_bytes() -> int:
    """Return how much of this process is in memory; where that is not told, the most it was."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource
        import sys

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _workspace(trainer: OurTrainer, batch: int) -> tuple[int, str]:
    """Return how much the engine needs beside parameters and data, and how that is known."""
    told = getattr(trainer.engine, "workspace_bytes", None)
    if told is not None:
        return told(batch), "by its own account"
    few, many = (next(batches_of(*pool(), size)) for size in (_SMALL, batch))
    trainer.step(few)  # libraries, and whatever does not depend on the batch
    before = resident_bytes()
    for _ in range(3):
        trainer.step(many)
    return max(0, resident_bytes() - before), "as the process grows"
