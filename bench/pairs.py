"""Timing several contestants fairly: in turn, many rounds, the median."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

__all__ = ["seconds_by_turns"]


def seconds_by_turns(
    contestants: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    seconds_a_turn: float,
    on_round: Callable[[int], None] = lambda _: None,
) -> dict[str, list[float]]:
    """Time each contestant once a round, so that a change of the machine's speed meets them all.

    Each is warmed up first, and calls are bundled until a turn lasts about `seconds_a_turn`.
    Every second round goes backwards, so that nobody always runs behind the same neighbour.

    Returns
    -------
    dict of str to list of float
        Seconds for one call, one figure a round.
    """
    calls = {}
    for name, run in contestants.items():
        run()
        start = time.perf_counter()
        run()
        calls[name] = max(1, round(seconds_a_turn / (time.perf_counter() - start)))
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds):
        names = list(contestants)
        for name in names if number % 2 == 0 else reversed(names):
            start = time.perf_counter()
            for _ in range(calls[name]):
                contestants[name]()
            seconds[name].append((time.perf_counter() - start) / calls[name])
        on_round(number + 1)
    return seconds


def median(values: list[float]) -> float:
    """Return the median."""
    return statistics.median(values)
