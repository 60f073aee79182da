"""How every kernel is compiled."""

from __future__ import annotations

from typing import Any

from numba import njit

__all__ = ["inlined", "kernel"]

# No bounds checks and no Python errors for division; the GIL is released. Not `fastmath`: sums keep
# the order in which they are written, so that the bits do not depend on the compiler's choices.
_OPTIONS: dict[str, Any] = {
    "cache": True,
    "boundscheck": False,
    "error_model": "numpy",
    "nogil": True,
}

kernel: Any = njit(**_OPTIONS)
"""Compiles a function, and keeps the result on disk."""

inlined: Any = njit(**_OPTIONS, forceinline=True)
"""The same for a function so small that it always becomes part of its caller."""
