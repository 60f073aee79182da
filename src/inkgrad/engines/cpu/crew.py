"""Threads that help: they stay awake for a moment after each step, for the next one is near."""

from __future__ import annotations

import functools
import os
import threading

import numpy as np

from inkgrad.engines.cpu.job import Job
from inkgrad.engines.cpu.phases import wait_for_bell, work

__all__ = ["Crew", "crew_of"]


class Crew:
    """Helpers for whoever carries out a job; nothing depends on whether, or when, they come.

    Training is a step after the other, a tenth of a millisecond apart. A thread that slept in
    between would have to be woken each time, which takes as long again, and the system might put
    it on the very processor that its caller is busy on. So helpers listen for a bell, in compiled
    code and without the GIL, before they go to sleep.

    Parameters
    ----------
    count : int
        Helpers; the caller is one more.
    """

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._gate = threading.Semaphore(0)
        self._bell = np.zeros(1, np.int64)  # how many jobs there were
        self._asleep = 0
        self._job: Job | None = None
        for who in range(1, count + 1):
            threading.Thread(
                target=self._help, args=(who,), name=f"inkgrad-{who}", daemon=True
            ).start()

    def carry_out(self, job: Job) -> None:
        """Carry a job out, with whatever help there is; return when it is done."""
        with self._lock:
            self._job = job
            self._bell[0] += 1
            asleep, self._asleep = self._asleep, 0
        for _ in range(asleep):
            self._gate.release()
        work(job, 0)
        with self._lock:
            if self._job is job:  # not another caller's by now
                self._job = None

    def _help(self, who: int) -> None:
        heard = 0
        while True:
            wait_for_bell(self._bell, heard)
            with self._lock:
                rung = self._bell[0] != heard
                if not rung:
                    self._asleep += 1
                heard, job = int(self._bell[0]), self._job if rung else None
            if not rung:
                self._gate.acquire()
            if job is not None:
                work(job, who)
            del job  # or it would be held until the next


@functools.cache
def crew_of(count: int) -> Crew:
    """Return the crew of so many helpers."""
    return Crew(count)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=crew_of.cache_clear)  # a fork has none of the threads
