"""A second process that compiles one entry into the cache while the first compiles another."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

__all__ = ["Helper", "can_help", "identity"]

# With the very path of the first, whatever it did to it, so that both import the same sources.
_START = (
    "import ast, sys; sys.path[:] = ast.literal_eval(sys.argv[1]); "
    "from inkgrad.engines.cpu.helping import main; main(sys.argv[2:])"
)
_PATIENCE = 4
"""The second is given up after this many times as long again as the first took."""

_A_MOMENT = 0.05  # seconds


def can_help(entry: Any) -> bool:
    """Whether a second process could compile an entry for this one.

    That takes a second processor, a Python program to start (a frozen app has none, and a program
    that embeds Python is none), and a place on the disk that both find.
    """
    is_python = Path(sys.executable or "").name.lower().startswith(("python", "pypy"))
    is_kept = getattr(getattr(entry, "_cache", None), "cache_path", None) is not None
    return _processors() > 1 and is_python and not getattr(sys, "frozen", False) and is_kept


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def identity(compiled: Any) -> str:
    """Return a word for a function and its arguments' types, the same in every process.

    Parameters
    ----------
    compiled : numba.core.event.Event
        Of the kind ``"numba:compile"``.
    """
    function, types = compiled.data["dispatcher"].py_func, str(compiled.data["args"])
    return f"{function.__module__}.{function.__qualname__}:{zlib.crc32(types.encode())}"


class Helper:
    """A process that compiles entries; it ends when this one does.

    Parameters
    ----------
    on_compiled : callable
        Told the `identity` of each function that was compiled there, in a thread.
    entries : sequence of str
        What to compile: ``"forward"``, ``"backward"``, ``"maps"`` or ``"int8"``.
    """

    def __init__(
        self, on_compiled: Callable[[str], None], entries: Sequence[str] = ("backward",)
    ) -> None:
        flags = ["-O"] * sys.flags.optimize  # which counts as other sources
        self._began = time.monotonic()
        self._process: subprocess.Popen[str] | None
        try:
            self._process = subprocess.Popen(
                [sys.executable, *flags, "-c", _START, repr(list(map(str, sys.path))), *entries],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError:  # no process may be started: then there is no help
            self._process = None
            return
        self._listener = threading.Thread(
            target=_listen, args=(self._process.stdout, on_compiled), daemon=True
        )
        self._listener.start()

    def wait(self, meanwhile: Callable[[], None], seconds: float | None = None) -> None:
        """Wait until it is done, calling `meanwhile`; whatever became of it, it is over then.

        Parameters
        ----------
        meanwhile : callable
        seconds : float, optional
            Wait at most so long; by default as long again as it was needed till now, four times.
        """
        if self._process is None:
            return
        now = time.monotonic()
        end = now + (_PATIENCE * (now - self._began) if seconds is None else seconds)
        while self._process.poll() is None and time.monotonic() < end:
            time.sleep(_A_MOMENT)
            meanwhile()
        self._listener.join(_A_MOMENT)  # a process that was ended may have said something
        self.stop()
        meanwhile()

    def stop(self) -> None:
        """End it, if it has not ended."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._listener.join(1)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None


def _listen(lines: Any, on_compiled: Callable[[str], None]) -> None:
    with contextlib.suppress(ValueError):  # closed meanwhile
        for line in lines:
            on_compiled(line.strip())


def main(entries: list[str]) -> None:
    """Compile entries, as the second process."""
    threading.Thread(target=_end_with_the_first, daemon=True).start()
    from numba.core import event

    from inkgrad.engines.cpu.warmup import use_backward, use_forward, use_int8, use_maps

    class Told(event.Listener):
        def on_start(self, what: Any) -> None:
            pass

        def on_end(self, what: Any) -> None:
            print(identity(what), flush=True)

    uses: dict[str, Callable[[], None]] = {
        "forward": use_forward,
        "backward": use_backward,
        "maps": partial(use_maps, back=False),
        "int8": use_int8,
    }
    with event.install_listener("numba:compile", Told()):
        for name in entries:
            uses[name]()


def _end_with_the_first() -> None:
    """Wait for the end of the first process, which holds the other end of standard input."""
    sys.stdin.read()
    os._exit(1)
