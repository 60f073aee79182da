"""What a process must be started with, so that everyone is at his best and has as many cores."""

from __future__ import annotations

import os
import sys

__all__ = ["ALLOCATOR", "restart_tuned", "threads_everywhere"]

ALLOCATOR = {
    "MALLOC_TRIM_THRESHOLD_": "4000000000",
    "MALLOC_MMAP_THRESHOLD_": "4000000000",
    "MALLOC_TOP_PAD_": "500000000",
}
"""PyTorch at its best: without these, glibc gives large buffers back to the system after every
step and asks for them again."""


def threads_everywhere(threads: int) -> dict[str, str]:
    """Return the variables that hold every library to so many threads.

    ``OMP_…`` is PyTorch's, ``OPENBLAS_…`` and ``MKL_…`` NumPy's, ``NUMBA_…`` ours. JAX has no such
    setting: XLA makes its pool as large as ``NPROC`` says, and with one thread it is told to do
    without one.
    """
    names = ("OMP", "OPENBLAS", "MKL", "NUMBA")
    variables = {f"{name}_NUM_THREADS": str(threads) for name in names}
    variables["NPROC"] = str(threads)
    if threads == 1:
        variables["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return variables


def restart_tuned(threads: int) -> None:
    """Start this process again with the allocator tuned and every library at `threads` threads.

    Such variables are read when a process starts, and libraries read them when they are loaded.
    """
    wanted = {**ALLOCATOR, **threads_everywhere(threads)}
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.environ.update(wanted)
        os.execv(sys.executable, [sys.executable, "-m", "bench", *sys.argv[1:]])
