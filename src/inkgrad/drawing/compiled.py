"""The rasteriser compiled by Numba: the same functions, some hundred times as fast.

Numba is told that compiled code may use the functions of `pen`, `edges`, `outline`, `scan` and
`plot` as they stand; there is no second version of them. What was compiled is kept on disk, if
there is a place that may be written to.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numba import njit
from numba.extending import register_jitable

from inkgrad.drawing import edges, outline, pen, plot, scan

__all__ = ["compiled_plot", "entry", "new"]

_MODULES = (pen, edges, outline, scan, plot)


def new(n: int) -> Any:
    """Return n zeros as compiled code wants them."""
    return np.zeros(n, dtype=np.int64)


@functools.cache
def compiled_plot() -> Callable[..., None]:
    """Return `plot.plot` compiled: it takes arrays where that takes lists, and frees the GIL.

    The first call compiles it, or finds it on disk.
    """
    for module in _MODULES:
        for function in _functions(module):
            # The scan's many small steps become one, where most of the time goes.
            register_jitable(error_model="numpy", forceinline=module is scan)(function)
    return functools.partial(_plot, _stamp())


def _stamp() -> Any:
    """Return an array of a type that is named by a digest of the functions' files.

    Numba looks for compiled code under this file and the arguments' types, and does not notice
    when the functions' own files change. So the files are part of a type.
    """
    digest = hashlib.sha256()
    for module in _MODULES:
        digest.update(Path(str(module.__file__)).read_bytes())
    return np.zeros(1, dtype=[(f"sources_{digest.hexdigest()[:16]}", np.int8)])


def _functions(module: ModuleType) -> list[Callable[..., Any]]:
    functions = (value for _, value in inspect.getmembers(module, inspect.isfunction))
    return [function for function in functions if function.__module__ == module.__name__]


def entry(function: Callable[..., None]) -> Any:
    """Compile a function, and keep the result on disk where Numba may write to it."""
    try:
        return njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # neither to this folder nor to the user's cache
        return njit(nogil=True, error_model="numpy")(function)


@entry
def _plot(
    stamp: Any,
    bitmaps: Any,
    side: int,
    points: Any,
    placing: Any,
    pen: Any,
    room: Any,
) -> None:
    plot.plot(bitmaps, side, points, placing, pen, room)
