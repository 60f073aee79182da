"""A step as phases of tasks, and the loop in which threads carry them out.

A *task* is a piece of work that no other task of its phase depends on: "drawings 8 to 15, forward",
"inputs 64 to 127 of dense1, backward". A *phase* is done when all of its tasks are. Threads take
the next task that nobody has taken yet, and at the end of a phase wait for the last. So

- one thread can do everything, and a thread that comes late, or is held up by another program,
  holds nobody up for longer than its own task: nothing depends on how many there are;
- what is computed, and in which order sums are formed, depends on the tasks alone: the bits are
  the same for any number of threads.

Waiting threads spin for a moment, and then let others have the processor.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.engines.cpu.atomic import add_atomically, give_way, read_atomically
from inkgrad.engines.cpu.compiling import entry, inlined
from inkgrad.engines.cpu.job import LINE, Job
from inkgrad.engines.cpu.tasks import run_backward, run_forward

__all__ = ["backward", "forward", "wait_for_bell", "work"]

_PATIENCE = 10_000  # a millisecond or two: a caller's next step comes sooner


def work(job: Job, who: int) -> None:
    """Take part in a step, as thread number `who`, until all of its phases are done."""
    if not job.phases["is_backward"][0]:
        forward(job, who)
    if job.phases["is_backward"][-1]:
        backward(job, who)


# Two entries of about the same cost, which two processes compile at once (see `warmup`). Whoever
# recognises needs only the first.


@entry
def forward(job: Any, who: int) -> None:
    """Take part in the phases there, and back through dense layers, until they are done."""
    for phase in range(len(job.phases)):
        if not job.phases[phase].is_backward:
            task = _take_task(job, phase)
            while task >= 0:
                run_forward(job, task, who)
                task = _next_task(job, phase)
            _wait_for_others(job, phase)


@entry
def backward(job: Any, who: int) -> None:
    """Take part in the phases back through convolutions, until they are done."""
    for phase in range(len(job.phases)):
        if job.phases[phase].is_backward:
            task = _take_task(job, phase)
            while task >= 0:
                run_backward(job, task, who)
                task = _next_task(job, phase)
            _wait_for_others(job, phase)


@inlined
def _take_task(job: Any, phase: int) -> int:
    """Return a task of a phase that nobody has taken yet, or −1."""
    task = job.phases[phase].first + add_atomically(job.counters, 2 * phase * LINE, 1)
    return task if task < job.phases[phase].last else -1


@inlined
def _next_task(job: Any, phase: int) -> int:
    """Say that a task is done; return another, or −1."""
    add_atomically(job.counters, (2 * phase + 1) * LINE, 1)
    return _take_task(job, phase)


@inlined
def _wait_for_others(job: Any, phase: int) -> None:
    """Wait until all tasks of a phase are done."""
    tries, tasks = np.int64(0), job.phases[phase].last - job.phases[phase].first
    while read_atomically(job.counters, (2 * phase + 1) * LINE) < tasks:
        give_way(tries)
        tries += 1


@entry
def wait_for_bell(bell: Any, heard: int) -> None:
    """Wait until `bell` counts more than was heard, but not for long."""
    tries = np.int64(0)
    while read_atomically(bell, 0) == heard and tries < _PATIENCE:
        give_way(tries)
        tries += 1
