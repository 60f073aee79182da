"""How every kernel is compiled, and what is kept on disk."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.caching import CompileResultCacheImpl, FunctionCache

from inkgrad.engines.cpu.pipeline import ApartCompiler, PartCompiler
from inkgrad.engines.cpu.sources import digest

__all__ = ["SOURCES", "compiled", "entry", "inlined", "kernel", "merged"]

# No bounds checks and no Python errors for division; the GIL is released. Not `fastmath`: sums keep
# the order in which they are written, so that the bits do not depend on the compiler's choices.
# No array is made in compiled code, so nothing counts who refers to one (Numba's run time, NRT):
# counts would be atomic additions wherever an array is handed on.
_OPTIONS: dict[str, Any] = {
    "boundscheck": False,
    "error_model": "numpy",
    "nogil": True,
    "_nrt": False,
}

# What Python calls a function by, and C: neither calls any but the entries.
_WITHIN: dict[str, Any] = {**_OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

# What is not said of a function, Numba takes from the caller that it is being compiled for.
kernel: Any = njit(**_WITHIN, forceinline=False, pipeline_class=ApartCompiler)
"""Compiles a function that compiled code calls; Python cannot."""

inlined: Any = njit(**_WITHIN, forceinline=True, pipeline_class=PartCompiler)
"""Compiles a function so small that it always becomes part of its caller."""

merged: Any = njit(**_OPTIONS, inline="always")
"""Makes a large function part of its only caller before anything is compiled, which saves time."""


SOURCES = f"sources_{digest(__package__, list(sys.modules[__package__].__path__))}"
"""A name that changes with what the sources compute.

Numba looks for compiled code under the function's file and its arguments' types, and does not
notice when another file changes that the function uses. So one of the types has a field of this
name: code that was compiled from other sources is never found.
"""


def entry(function: Any) -> Any:
    """Compile a function that Python calls, with all that it calls, and keep the result on disk.

    Where Numba may write to neither this folder nor the user's cache, every process compiles.
    """
    dispatcher = njit(**_OPTIONS)(function)
    with contextlib.suppress(RuntimeError):  # no place to keep it
        dispatcher._cache = _Cache(function)
    return dispatcher


def compiled(function: Any, *arguments: Any) -> Callable[..., Any]:
    """Return an entry's compiled code for arguments of the types that these have.

    It may be called with arguments of the same types alone: nobody looks whether they are. What is
    no entry is returned as it is.
    """
    if not hasattr(function, "typeof_pyval"):
        return function
    types = tuple(map(function.typeof_pyval, arguments))
    code: Callable[..., Any] = function.compile(types)  # which does so only once
    return code


class _Locator:
    """Has Numba ask for the digest where it would ask for the file's bytes and the line.

    A comment then changes nothing, and what is compiled anew takes the place of what was.
    """

    def get_source_stamp(self) -> Any:
        """Return what must be equal for a result to be found."""
        mine: Any = super()
        is_here = Path(__file__).parent in Path(getattr(self, "_py_file", "")).parents
        return SOURCES if is_here else mine.get_source_stamp()

    def get_disambiguator(self) -> str:
        """Return what tells functions of one name in a file apart: there is but one."""
        return "entry"


class _CacheImpl(CompileResultCacheImpl):
    _locator_classes = tuple(
        type(locator.__name__, (_Locator, locator), {})
        for locator in CompileResultCacheImpl._locator_classes
    )


class _Cache(FunctionCache):
    """Numba's own, with another stamp."""

    _impl_class = _CacheImpl
