"""Where arrays begin in memory: at cache lines, and large ones on huge pages."""

from __future__ import annotations

import contextlib
import math
import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["aligned_copy", "aligned_zeros", "writable"]

_CACHE_LINE, _HUGE_PAGE = 64, 1 << 21  # bytes


def aligned_zeros(shape: int | tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Return zeros whose memory begins at a multiple of 64 bytes, the length of a cache line.

    NumPy promises 16 bytes only. A processor loads up to 64 bytes at once, and where the numbers
    begin in the middle of a line, every such load touches two: compiled code that adds up a large
    vector then takes a quarter longer. Large arrays also ask the system for huge pages, where it
    has them: they are read in strides, and a processor remembers where only a few dozen pages
    are. What is computed depends on neither.

    Examples
    --------
    >>> vector = aligned_zeros(1000, np.float32)
    >>> vector.ctypes.data % 64, vector.shape, vector.any().item()
    (0, (1000,), False)
    """
    dtype = np.dtype(dtype)
    size = math.prod(np.atleast_1d(shape).tolist()) * dtype.itemsize
    line = _HUGE_PAGE if size >= _HUGE_PAGE // 2 else _CACHE_LINE
    memory: Any = _pages(size + line) if line == _HUGE_PAGE else bytearray(size + line)
    # No array: NumPy would call that one the views' base.
    start = -np.frombuffer(memory, np.uint8).ctypes.data % line
    zeros: NDArray[Any] = np.ndarray(shape, dtype, buffer=memory, offset=start)
    return zeros


def _pages(size: int) -> Any:
    """Return zeroed memory of its own pages, huge ones if the system has them."""
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return bytearray(size)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):  # a kernel without them
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memory


def aligned_copy(array: NDArray[Any], dtype: Any = None) -> NDArray[Any]:
    """Return a copy, in another dtype if one is given, that is laid out as `aligned_zeros` are."""
    result = aligned_zeros(array.shape, array.dtype if dtype is None else dtype)
    result[...] = array
    return result


def writable(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array, or a copy if it is read-only: to compiled code that is another type."""
    return array if array.flags.writeable else array.copy()
