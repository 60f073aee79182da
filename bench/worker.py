"""One contestant of a benchmark in a process of its own, which runs when it is told to.

``python -m bench.worker CONTESTANT BATCH THREADS`` warms up, says ``ready``, and then answers
each line that it reads, a number of seconds, with the drawings a second that it trained.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

from bench.environment import ALLOCATOR, threads_everywhere

__all__ = ["Worker"]


class Worker:
    """A contestant in a process of its own. Used in a `with` block.

    Parameters
    ----------
    name : str
        As in the benchmark of training.
    batch, threads : int
    variables : dict of str to str, optional
        Further environment variables.
    """

    def __init__(
        self, name: str, batch: int, threads: int, variables: Mapping[str, str] | None = None
    ) -> None:
        words = [sys.executable, "-m", "bench.worker", name, str(batch), str(threads)]
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ALLOCATOR, **threads_everywhere(threads), **(variables or {})},
        )
        try:
            self._read()
        except ValueError:
            self.close()
            raise

    def drawings_per_s(self, seconds: float) -> float:
        """Let it train for so long."""
        print(seconds, file=self._process.stdin, flush=True)
        return float(self._read())

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its input, at which it ends, and wait for that."""
        self._process.communicate()

    def _read(self) -> str:
        while line := self._process.stdout.readline():
            if line == "ready\n" or line[0].isdigit():  # and not what a library has to say
                return line
        raise ValueError(f"{' '.join(self._process.args[2:])} ended without an answer")


def _step(name: str, batch: int, threads: int) -> Callable[[], None]:
    """Return the contestant's training step."""
    from bench.ours import our_trainers
    from bench.pool import batches_of, pool
    from bench.rivals.torch_net import torch_trainers
    from bench.throughput import is_ours
    from bench.trainers import course
    from inkgrad.network import seed_network

    first = seed_network().initialise(seed=0)
    if is_ours(name):
        trainers = our_trainers(first, threads, [name.split()[1]])
    else:
        trainers = torch_trainers(first, threads)
    return course(trainers[name], batches_of(*pool(), batch))


def main(name: str, batch: int, threads: int) -> None:
    """Do as the module says."""
    step = _step(name, batch, threads)
    for _ in range(3):
        step()
    print("ready", flush=True)
    for line in sys.stdin:
        start, steps = time.perf_counter(), 0
        while (gone := time.perf_counter() - start) < float(line):
            step()
            steps += 1
        print(batch * steps / gone, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
