"""What is left of the speed when another process keeps one core busy."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

from bench.ours import best_engine
from bench.pairs import in_turn, median, ratio
from bench.rivals import installed
from bench.throughput import OURS, TORCH, best_of, is_ours
from bench.worker import Worker

__all__ = ["bench_contention"]

_PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE"}


def bench_contention(
    *,
    batch: int,
    threads: int,
    rounds: int,
    seconds_a_turn: float,
    on_round: Callable[[int], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Measure training of the seed network alone on the machine, and beside a busy process.

    Everyone has a process of his own, as how threads wait for one another is decided when a
    process starts: PyTorch, whose threads spin, also takes part with threads that sleep. In each
    round everyone trains in turn, first alone and then beside a process that only counts.

    Returns
    -------
    rows : list of dict
        ``name, batch, threads, idle`` and ``busy`` (drawings a second, medians), ``kept`` (the
        median over the rounds of busy / idle), for ours ``idle_ratio`` and ``busy_ratio``, to
        PyTorch's best of each.
    """
    seconds: dict[str, dict[str, list[float]]] = {"idle": {}, "busy": {}}
    with contextlib.ExitStack() as stack:
        workers = {
            name: stack.enter_context(Worker(contestant, batch, threads, variables))
            for name, (contestant, variables) in contestants().items()
        }
        for number in range(rounds):
            for state, neighbour in (("idle", contextlib.nullcontext), ("busy", busy_process)):
                with neighbour():
                    for name in in_turn(workers, number):
                        speed = workers[name].drawings_per_s(seconds_a_turn)
                        seconds[state].setdefault(name, []).append(1 / speed)
            on_round(number + 1)
    return [_row(name, seconds, batch, threads) for name in workers]


def contestants() -> dict[str, tuple[str, dict[str, str]]]:
    """Return whom `Worker` shall run and with which variables, by name."""
    everyone = {f"{OURS} {best_engine()}": {}}
    if installed("torch", TORCH):
        everyone |= {f"{TORCH} eager": {}, f"{TORCH} eager, channels last": {}}
    rows = {name: (name, variables) for name, variables in everyone.items()}
    if len(everyone) > 1:
        name = f"{TORCH} eager, channels last"
        rows[f"{name}, sleeping threads"] = (name, _PASSIVE)
    return rows


@contextlib.contextmanager
def busy_process() -> Iterator[subprocess.Popen[bytes]]:
    """Keep one core busy."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _row(
    name: str, seconds: dict[str, dict[str, list[float]]], batch: int, threads: int
) -> dict[str, Any]:
    """Return one contestant's figures."""
    idle, busy = seconds["idle"][name], seconds["busy"][name]
    row: dict[str, Any] = {
        "name": name,
        "batch": batch,
        "threads": threads,
        "idle": 1 / median(idle),
        "busy": 1 / median(busy),
        "kept": ratio(idle, busy),
    }
    for state, everyone in seconds.items():
        best = best_of(everyone, TORCH)
        if is_ours(name) and best is not None:
            row[f"{state}_ratio"] = ratio(everyone[best], everyone[name])
    return row
