"""First start: how long the kernels take to compile, by one process and by two, one by one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from bench.pairs import median

__all__ = ["bench_first_start"]

_SCRIPT = """
import json, resource, sys, time
start = time.perf_counter()
from numba.core import event
from inkgrad.engines.cpu import CpuEngine, helping
from inkgrad.network import seed_network

class Clock(event.Listener):
    '''Times each function without those that are compiled meanwhile.'''

    def __init__(self):
        self.running, self.seconds = [], {}

    def on_start(self, what):
        self.running.append([time.process_time(), 0.0])

    def on_end(self, what):
        began, within = self.running.pop()
        taken = time.process_time() - began
        function = what.data["dispatcher"].py_func
        name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
        self.seconds[name] = self.seconds.get(name, 0.0) + taken - within
        if self.running:
            self.running[-1][1] += taken

if sys.argv[1] == "1":
    helping._processors = lambda: 1
clock = Clock()
with event.install_listener("numba:compile", clock):
    CpuEngine(seed_network()).prepare()
seconds, who = time.perf_counter() - start, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
used = sum(resource.getrusage(one).ru_utime + resource.getrusage(one).ru_stime for one in who)
print(json.dumps({"seconds": seconds, "processor": used, "kernels": clock.seconds}))
"""
_LEAST = 0.1  # seconds; quicker kernels are summed up


def bench_first_start(*, rounds: int) -> list[dict[str, Any]]:
    """Compile all kernels in new processes with empty caches, by one process and two in turn.

    Returns
    -------
    rows : list of dict
        ``name``; ``seconds`` until the engine is ready (median), ``processor``: seconds of all
        processors; and for each kernel the ``processor`` seconds that one process spends on it, the
        costliest first. What LLVM does for all kernels counts for the entries, `phases.forward`
        and `phases.backward`.
    """
    names = {"1": "first start, one process", "2": "first start, two processes"}
    found: dict[str, list[dict[str, Any]]] = {which: [] for which in names}
    for _ in range(rounds):
        for which in names:
            found[which].append(_first_start(which))
    rows = [
        {
            "name": name,
            "seconds": median([one["seconds"] for one in found[which]]),
            "processor": median([one["processor"] for one in found[which]]),
        }
        for which, name in names.items()
    ]
    kernels = {
        name: median([one["kernels"].get(name, 0.0) for one in found["1"]])
        for name in found["1"][0]["kernels"]
    }
    slow = sorted((name for name in kernels if kernels[name] >= _LEAST), key=lambda k: -kernels[k])
    rows += [{"name": f"compiling {name}", "processor": kernels[name]} for name in slow]
    rest = sum(seconds for name, seconds in kernels.items() if name not in slow)
    rows.append({"name": f"compiling {len(kernels) - len(slow)} others", "processor": rest})
    return rows


def _first_start(which: str) -> dict[str, Any]:
    """Return what one process tells that finds nothing compiled."""
    with tempfile.TemporaryDirectory() as cache:
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT, which],
            env={**os.environ, "NUMBA_CACHE_DIR": cache},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    told: dict[str, Any] = json.loads(done.stdout)
    return told
