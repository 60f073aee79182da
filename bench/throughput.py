"""The rows that a measurement of speed gives: figures of each contestant, ratios of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.pairs import median, ratio

__all__ = ["OURS", "TORCH", "best_of", "is_ours", "throughput_rows"]

OURS, TORCH = "inkgrad", "PyTorch"
"""How the names of our contestants begin, and PyTorch's."""


def is_ours(name: str) -> bool:
    """Whether a contestant is ours."""
    return name.startswith(OURS)


def best_of(seconds: Mapping[str, list[float]], beginning: str) -> str | None:
    """Return the fastest, by its median, of those whose name begins so; None if there is none.

    Examples
    --------
    >>> best_of({"PyTorch a": [3.0], "PyTorch b": [2.0], "JAX": [1.0]}, "PyTorch")
    'PyTorch b'
    """
    names = [name for name in seconds if name.startswith(beginning)]
    return min(names, key=lambda name: median(seconds[name]), default=None)


def throughput_rows(
    seconds: Mapping[str, list[float]],
    *,
    batch: int,
    threads: int,
    compared_with: Mapping[str, str],
    **more: Any,
) -> list[dict[str, Any]]:
    """Turn the seconds that a batch took, one a round, into a row for each contestant.

    Parameters
    ----------
    seconds : dict of str to list of float
        As `seconds_by_turns` returns them.
    batch, threads : int
        Drawings in a call, and by how many threads.
    compared_with : dict of str to str
        What ours are compared with: the ratio's key to the beginning of the rivals' names. The
        ratio is the median over the rounds of the ratio to the best of these in the same round.
    **more
        What else shall stand in each row.

    Returns
    -------
    rows : list of dict
        ``name, batch, threads, drawings_per_s`` (median), ``slowest, fastest``, for ours the
        ratios.
    """
    rows = []
    best = {key: best_of(seconds, beginning) for key, beginning in compared_with.items()}
    for name, times in seconds.items():
        row: dict[str, Any] = {
            "name": name,
            "batch": batch,
            "threads": threads,
            **more,
            "drawings_per_s": batch / median(times),
            "slowest": batch / max(times),
            "fastest": batch / min(times),
        }
        for key, rival in best.items():
            if is_ours(name) and rival is not None:
                row[key] = ratio(seconds[rival], times)
        rows.append(row)
    return rows
