"""How long the program takes to start: whole processes, in turn."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

from bench.pairs import median, seconds_by_turns

__all__ = ["bench_startup"]

_PROCESSES = {
    "python": ("-c", "pass"),
    "import numpy": ("-c", "import numpy"),
    "import numpy, inkgrad": ("-c", "import numpy, inkgrad"),
    "import inkgrad, and build a network": ("-c", "import inkgrad; inkgrad.seed_network()"),
    "inkgrad --help": ("-m", "inkgrad", "--help"),
}


def bench_startup(*, rounds: int) -> list[dict[str, Any]]:
    """Measure the wall time of starting each process.

    Returns
    -------
    rows : list of dict
        ``name, seconds`` (median), ``beyond_numpy``: the median over the rounds of the difference
        to importing NumPy alone in the same round.
    """
    seconds = seconds_by_turns(
        {name: _starter(words) for name, words in _PROCESSES.items()},
        rounds=rounds,
        seconds_a_turn=0.0,
    )
    return [
        {
            "name": name,
            "seconds": median(times),
            "beyond_numpy": median(
                [mine - other for mine, other in zip(times, seconds["import numpy"], strict=True)]
            ),
        }
        for name, times in seconds.items()
    ]


def _starter(words: tuple[str, ...]) -> Callable[[], object]:
    """Return what runs one process to its end."""
    command = [sys.executable, *words]
    return lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
