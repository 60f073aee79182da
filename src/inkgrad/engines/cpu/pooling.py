"""ReLU and 2×2 max-pooling on vectors of filters: the strongest of four, and which it was."""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import inlined
from inkgrad.engines.cpu.simd import LANES, bits, greater, keep_bits, select, splat, store

__all__ = ["keep_one", "keep_strongest", "rectify"]

_ALL = (1 << LANES) - 1


@inlined
def rectify(z: Any) -> Any:
    """Return max(z, 0). What is not a number stays so: it has to show in the loss."""
    return select(greater(splat(0.0), z), splat(0.0), z)


@inlined
def keep_strongest(
    z: Any, rectified: bool, f: Any, at: int, won: Any, word: int, step: int, place: int
) -> None:
    """Write max(z₀ … z₃), and which of the four it was.

    Parameters
    ----------
    z : tuple of 4 vectors
        A window's cells, in row-major order.
    rectified : bool
        Whether a ReLU stands there too: then a window with nothing above 0 is dead, nobody won it.
    f, at : array and place
        Where the maximum goes.
    won, word, step, place : array of words and places
        Bit `place` and on of word + i·step say in which lanes cell i won. Among equals the first
        wins.
    """
    right_on_top, right_below = greater(z[1], z[0]), greater(z[3], z[2])
    top, below = select(right_on_top, z[1], z[0]), select(right_below, z[3], z[2])
    lower = greater(below, top)
    best = select(lower, below, top)
    alive = bits(greater(best, splat(0.0))) if rectified else np.uint64(_ALL)
    store(f, at, rectify(best) if rectified else best)
    is_lower = bits(lower)
    above, under = alive & ~is_lower, alive & is_lower
    right = bits(right_on_top)
    keep_bits(won, word, place, above & ~right)
    keep_bits(won, word + step, place, above & right)
    right = bits(right_below)
    keep_bits(won, word + 2 * step, place, under & ~right)
    keep_bits(won, word + 3 * step, place, under & right)


@inlined
def keep_one(z: Any, rectified: bool, f: Any, at: int, won: Any, word: int, place: int) -> None:
    """Write one cell where there is no pool: max(z, 0) and where it is above 0, or z itself."""
    above = greater(z, splat(0.0))
    if rectified:
        store(f, at, rectify(z))
        keep_bits(won, word, place, bits(above))
    else:
        store(f, at, z)
        keep_bits(won, word, place, np.uint64(_ALL))
