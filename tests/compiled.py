"""A stand-in for the engine that is compiled, and a Numba that is there, absent or broken."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from inkgrad.engines import ENGINES, ReferenceEngine, choosing

__all__ = ["KERNELS", "Compiled", "come_late", "pretend"]

KERNELS = 3


class Compiled(ReferenceEngine):
    """The reference engine under the name of the compiled one; some kernels are to be compiled."""

    name = "cpu"

    def prepare(
        self,
        on_progress: Callable[[int, int], None] | None = None,
        precision: str = "float32",
    ) -> None:
        """Compile nothing, and tell of it."""
        for done in range(KERNELS + 1):
            if on_progress is not None:
                on_progress(done, KERNELS)


def pretend(how: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let Numba be "there" (an empty module, made in `folder`), "absent" or "broken"."""
    monkeypatch.setitem(ENGINES, "cpu", Compiled)
    monkeypatch.setattr(choosing, "_failure", None)
    choosing._log_once.cache_clear()
    monkeypatch.setitem(sys.modules, "numba", None)  # absent
    if how == "absent":
        return
    sources = {"broken": "raise ImportError('Numba needs another NumPy\\nthan this')", "there": ""}
    (folder / "numba.py").write_text(sources[how])
    del sys.modules["numba"]  # to be found in the folder; the real one is put back at the end
    monkeypatch.syspath_prepend(folder)


def come_late(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let the kernels be missing until the event that is returned."""
    from inkgrad.engines.cpu import CpuEngine

    compiled, fetch = threading.Event(), CpuEngine.fetch
    monkeypatch.setattr(
        CpuEngine, "fetch", lambda self, precision: compiled.is_set() and fetch(self, precision)
    )
    monkeypatch.setattr(CpuEngine, "compile_apart", lambda *_: compiled.wait(60))
    return compiled
