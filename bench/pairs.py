"""Timing several contestants fairly: in turn, many rounds, the median."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

__all__ = ["median", "ratio", "seconds_by_turns"]


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
        calls[name] = max(1, round(seconds_a_turn / _seconds_of(run, seconds_a_turn / 5)))
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name in in_turn(contestants, number):
            start = time.perf_counter()
            for _ in range(calls[name]):
                contestants[name]()
            seconds[name].append((time.perf_counter() - start) / calls[name])
        on_round(number + 1)
    return seconds


def in_turn(names: Mapping[str, object], number: int) -> list[str]:
    """Return who runs when in round `number`: every second round goes backwards."""
    return list(names) if number % 2 == 0 else list(reversed(names))


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def ratio(theirs: Sequence[float], ours: Sequence[float]) -> float:
    """Return the median over the rounds of theirs / ours in the same round.

    Examples
    --------
    >>> ratio([4.0, 6.0, 9.0], [2.0, 2.0, 2.0])
    3.0
    """
    return median([one / other for one, other in zip(theirs, ours, strict=True)])


def _seconds_of(run: Callable[[], object], at_least: float) -> float:
    """Return how long a call takes, from calls that take `at_least` so many seconds together."""
    start, calls = time.perf_counter(), 0
    while True:
        run()
        calls += 1
        gone = time.perf_counter() - start
        if gone >= at_least:
            return gone / calls
