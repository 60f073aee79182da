"""Two matrix products, to which every convolution comes down.

Both work on *panels*: `PANEL` tiles (or places) at a time, laid out [point][tile][channel]. For
each point by itself

    forward(v, u, m):       m[tile, filter]     =  Σ_channel v[tile, channel] · u[channel, filter]
    outer(v, d, sums):      sums[channel, filter] += Σ_tile v[tile, channel] · d[tile, filter]

*Blocking.* Sums stay in registers while the inner sum runs: 12 tiles × 2 vectors of filters are 24
of AVX-512's 32 registers, 6 × 2 are 12 of AVX's 16; 2 vectors of the one factor and a broadcast
number of the other take three more. A panel of 60 tiles has 36 · 60 · C · 4 bytes (280 KB for 32
channels, 1.1 MB for 128), so that it waits in the second cache; that 60 is no power of two keeps
its points from falling into the same few places of the first.
"""

from __future__ import annotations

from typing import Any

from inkgrad.engines.cpu.compiling import kernel
from inkgrad.engines.cpu.simd import (
    LANES,
    REGISTERS,
    add_outer,
    load_all,
    load_tile,
    prefetch,
    repeat,
    splat,
    store_all,
    store_tile,
)

__all__ = ["PANEL", "forward", "outer"]

PANEL = 60
"""Tiles of a panel."""

_TILES = 12 if REGISTERS == 32 else 6  # rows of sums in registers
_PAIRS = 2 * _TILES
_FEW = 4  # rows of sums where no more are left: one drawing of 7×7 is four tiles
_FEW_PAIRS = 2 * _FEW
_CHANNELS = 8 if REGISTERS == 32 else 4
_CHANNEL_PAIRS = 2 * _CHANNELS


@kernel
def forward(
    v: Any, u: Any, m: Any, points: int, channels: int, width: int, vectors: int, count: int
) -> None:
    """Multiply a panel with weights.

    Parameters
    ----------
    v : array
        [point][tile][channel], `width` floats from tile to tile.
    u : array
        [point][vector][channel][lane], `channels` rows.
    m : array
        [point][tile][filter], `vectors` · LANES floats from tile to tile; written.
    points, channels, width, vectors : int
    count : int
        Tiles that matter: of those up to the next whole tile of sums anything is written.
    """
    filters = vectors * LANES
    for point in range(points):
        for vector in range(0, vectors, 2):
            weights = (point * vectors + vector) * channels * LANES
            prefetch(u, weights + 2 * channels * LANES, 2 * channels * LANES)
            for tile in range(0, count, _TILES):
                at = (point * PANEL + tile) * width
                to = (point * PANEL + tile) * filters + vector * LANES
                if vector + 1 < vectors and count - tile <= _FEW:
                    few = repeat(_FEW_PAIRS, splat(0.0))
                    for c in range(channels):
                        row = load_all(2, u, weights + c * LANES, channels * LANES)
                        few = add_outer(few, v, at + c, width, row)
                    store_tile(2, m, to, filters, LANES, few)
                elif vector + 1 < vectors:
                    both = repeat(_PAIRS, splat(0.0))
                    for c in range(channels):
                        row = load_all(2, u, weights + c * LANES, channels * LANES)
                        both = add_outer(both, v, at + c, width, row)
                    store_tile(2, m, to, filters, LANES, both)
                else:
                    one = repeat(_TILES, splat(0.0))
                    for c in range(channels):
                        row = load_all(1, u, weights + c * LANES, LANES)
                        one = add_outer(one, v, at + c, width, row)
                    store_all(m, to, filters, one)


@kernel
def outer(
    v: Any,
    d: Any,
    sums: Any,
    points: int,
    channels: int,
    width: int,
    vectors: int,
    count: int,
    begins: bool,
) -> None:
    """Add a panel's products to sums, laid out as `u` in `forward` but with `width` rows.

    Parameters are as in `forward`; `d` is laid out as `m` there. If a sum begins, what stands in
    `sums` counts for nothing.
    """
    filters = vectors * LANES
    column = width * LANES  # from one vector's sums to the next one's
    for point in range(points):
        for vector in range(0, vectors, 2):
            error = point * PANEL * filters + vector * LANES
            for channel in range(0, channels, _CHANNELS):
                to = (point * vectors + vector) * column + channel * LANES
                at = point * PANEL * width + channel
                if vector + 1 < vectors:
                    both = repeat(_CHANNEL_PAIRS, splat(0.0))
                    if not begins:
                        both = load_tile(_CHANNELS, 2, sums, to, LANES, column)
                    for tile in range(count):
                        row = load_all(2, d, error + tile * filters, LANES)
                        both = add_outer(both, v, at + tile * width, 1, row)
                    store_tile(2, sums, to, LANES, column, both)
                else:
                    one = repeat(_CHANNELS, splat(0.0))
                    if not begins:
                        one = load_all(_CHANNELS, sums, to, LANES)
                    for tile in range(count):
                        row = load_all(1, d, error + tile * filters, LANES)
                        one = add_outer(one, v, at + tile * width, 1, row)
                    store_all(sums, to, LANES, one)
