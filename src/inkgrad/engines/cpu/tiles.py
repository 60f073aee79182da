"""Tiles: a row of vectors, or a filter's taps, cut into pieces whose sums fit the registers.

A kernel holds its sums in a tuple of vectors, a *tile*. The size of a tuple is part of its type, so
it is fixed when the kernel is compiled, but a row's length is known only when it runs. So what is
done to a tile is compiled for a few sizes, and a row is cut into the largest that fit: 13 vectors
are 8 + 4 + 1. The function is written once, for a tile of any size:

    @along_rows
    def copy(tile, o, f, target):
        store_all(target, o, LANES, load_all(tile, f, o, LANES))    # as many vectors as the tile

    copy(13 * LANES, f, target)     # runs it at o = 0, 8·LANES and 12·LANES

Each number of a row has a sum of its own, so the sizes change no bit of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inkgrad.engines.cpu.compiling import inlined
from inkgrad.engines.cpu.simd import LANES, repeat, splat

__all__ = ["along_rows", "over_taps"]


def along_rows(body: Callable[..., None]) -> Any:
    """Make of a function for a tile the function for a row of vectors.

    Parameters
    ----------
    body : function
        Called as body(tile, o, …): a tile of zeros, and the place of its first number in the row.

    Returns
    -------
    function
        Called as f(width, …), with the row's numbers, whole vectors, and whatever `body` is called
        with besides.
    """
    step = inlined(body)

    @inlined
    def along(width: int, *others: Any) -> None:
        o = 0
        while o + 8 * LANES <= width:
            step(repeat(8, splat(0.0)), o, *others)
            o += 8 * LANES
        if o + 4 * LANES <= width:
            step(repeat(4, splat(0.0)), o, *others)
            o += 4 * LANES
        if o + 2 * LANES <= width:
            step(repeat(2, splat(0.0)), o, *others)
            o += 2 * LANES
        if o + LANES <= width:
            step(repeat(1, splat(0.0)), o, *others)

    return along


def over_taps(body: Callable[..., None]) -> Any:
    """Make of a function for a tile of taps the function for all of a filter's.

    A filter of 3×3 taps is one tile of nine; of others each row is cut into fives and ones.

    Parameters
    ----------
    body : function
        Called as body(tile, i, j, block, …): a tile of zeros, and its first tap's row and column.

    Returns
    -------
    function
        Called as f(block, …), with whatever `body` is called with besides.
    """
    step = inlined(body)

    @inlined
    def over(block: Any, *others: Any) -> None:
        if block.size_y == 3 and block.size_x == 3:
            step(repeat(9, splat(0.0)), 0, 0, block, *others)
            return
        for i in range(block.size_y):
            j = 0
            while j + 5 <= block.size_x:
                step(repeat(5, splat(0.0)), i, j, block, *others)
                j += 5
            while j < block.size_x:
                step(repeat(1, splat(0.0)), i, j, block, *others)
                j += 1

    return over
