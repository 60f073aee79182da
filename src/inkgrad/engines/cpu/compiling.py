"""How every kernel is compiled, and what is kept on disk."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from numba import njit

from inkgrad.engines.cpu.pipeline import ApartCompiler, PartCompiler

__all__ = ["SOURCES", "entry", "inlined", "kernel", "merged"]

# No bounds checks and no Python errors for division; the GIL is released. Not `fastmath`: sums keep
# the order in which they are written, so that the bits do not depend on the compiler's choices.
_OPTIONS: dict[str, Any] = {"boundscheck": False, "error_model": "numpy", "nogil": True}

# What Python calls a function by, and C: neither calls any but the entries.
_WITHIN: dict[str, Any] = {**_OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

kernel: Any = njit(**_WITHIN, pipeline_class=ApartCompiler)
"""Compiles a function that compiled code calls; Python cannot."""

inlined: Any = njit(**_WITHIN, forceinline=True, pipeline_class=PartCompiler)
"""Compiles a function so small that it always becomes part of its caller."""

merged: Any = njit(**_OPTIONS, inline="always")
"""Makes a large function part of its only caller before anything is compiled, which saves time."""


def entry(function: Any) -> Any:
    """Compile a function that Python calls, with all that it calls, and keep the result on disk.

    Where Numba may write to neither this folder nor the user's cache, every process compiles.
    """
    try:
        return njit(**_OPTIONS, cache=True)(function)
    except RuntimeError:  # no place to keep it
        return njit(**_OPTIONS)(function)


def _digest() -> str:
    """Return a digest of this folder's sources."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


SOURCES = f"sources_{_digest()}"
"""A name that changes with the sources.

Numba looks for compiled code under the function's file and its arguments' types, and does not
notice when another file changes that the function uses. So one of the types has a field of this
name: code that was compiled from other sources is never found.
"""
