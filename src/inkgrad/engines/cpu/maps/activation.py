"""What follows a convolution, cell by cell: scale and shift, ReLU, and 2×2 pooling.

For each channel

    h = factor · (z − centre) + shift,      r = h where h > 0, slope · h elsewhere,

and y is r, or the greatest r of a 2×2 window. Batch norm has factor γ/√(σ² + ε), centre μ and
shift β; a bias is a shift alone. On the way back g, the gradient of h, is found from z anew:
nothing else is kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import SOURCES, entry, inlined, kernel
from inkgrad.engines.cpu.simd import (
    LANES,
    add,
    fma,
    greater,
    load,
    mul,
    select,
    splat,
    store,
    sub,
)

__all__ = ["CELLS", "activate", "collect", "measure", "spread"]

_NAMES = (
    # whether a ReLU, and whether a pool, is part of it; slabs; the input's size
    "rectified pool groups rows columns "
    # places of the input's first cell and of the output's, and distances in floats
    "z_at z_row z_slab z_drawing y_at y_row y_slab y_drawing"
)

CELLS = np.dtype(
    [(name, np.int64) for name in _NAMES.split()] + [("slope", np.float32), (SOURCES, np.int8)]
)
"""Sizes and places."""


@inlined
def _bent(h: Any, rectified: int, slope: Any) -> Any:
    """Return h, or h with its negative part made `slope` times as large."""
    if rectified == 1:
        h = select(greater(h, splat(0.0)), h, splat(0.0))
    elif rectified == 2:
        h = select(greater(h, splat(0.0)), h, mul(slope, h))
    return h


@kernel
def _all_in_row(
    z: Any, at: int, count: int, centre: Any, factor: Any, shift: Any, y: Any, to: int
) -> None:
    """Write max(h, 0) of a row's cells: the usual case, by itself, for the sake of its loop."""
    for i in range(0, count * LANES, LANES):
        h = fma(factor, sub(load(z, at + i), centre), shift)
        store(y, to + i, select(greater(h, splat(0.0)), h, splat(0.0)))


@entry
def activate(cells: Any, drawings: int, z: Any, coefficients: Any, y: Any) -> None:
    """Write y.

    Parameters
    ----------
    cells : (1,) CELLS
    z, y : arrays
        Maps.
    coefficients : (3 · channels,) array
        Centre, factor and shift, each of all channels, filled up to whole vectors.
    """
    c = cells[0]
    rows, columns, rectified = c.rows, c.columns, c.rectified
    z_row, y_row = c.z_row, c.y_row
    slope = splat(c.slope)
    width = c.groups * LANES
    for drawing in range(drawings):
        for group in range(c.groups):
            centre = load(coefficients, group * LANES)
            factor = load(coefficients, width + group * LANES)
            shift = load(coefficients, 2 * width + group * LANES)
            source = c.z_at + drawing * c.z_drawing + group * c.z_slab
            target = c.y_at + drawing * c.y_drawing + group * c.y_slab
            if c.pool == 1:
                for row in range(rows):
                    at, to = source + row * z_row, target + row * y_row
                    if rectified == 1:
                        _all_in_row(z, at, columns, centre, factor, shift, y, to)
                        continue
                    for i in range(0, columns * LANES, LANES):
                        h = fma(factor, sub(load(z, at + i), centre), shift)
                        store(y, to + i, _bent(h, rectified, slope))
                continue
            for row in range(rows // 2):
                at, to = source + 2 * row * z_row, target + row * y_row
                for column in range(columns // 2):
                    i = at + 2 * column * LANES
                    best = fma(factor, sub(load(z, i), centre), shift)
                    for place in (i + LANES, i + z_row, i + z_row + LANES):
                        h = fma(factor, sub(load(z, place), centre), shift)
                        best = select(greater(h, best), h, best)
                    # A ReLU keeps the order, so the greatest h has the greatest r.
                    store(y, to + column * LANES, _bent(best, rectified, slope))


@entry
def measure(cells: Any, drawings: int, z: Any, means: Any, squares: Any) -> None:
    """Write each drawing's mean of z, and sum of squares of z − mean, for each channel.

    Two passes over a drawing's slab, which stays in the cache; what is squared is small.
    `means` and `squares` are (drawings, channels), flat, channels filled up to whole vectors.
    """
    c = cells[0]
    rows, columns, z_row = c.rows, c.columns, c.z_row
    share = splat(np.float32(1) / np.float32(rows * columns))
    for drawing in range(drawings):
        for group in range(c.groups):
            source = c.z_at + drawing * c.z_drawing + group * c.z_slab
            to = (drawing * c.groups + group) * LANES
            total = splat(0.0)
            for row in range(rows):
                at, part = source + row * z_row, splat(0.0)
                for i in range(0, columns * LANES, LANES):
                    part = add(part, load(z, at + i))
                total = add(total, part)
            mean, total = mul(total, share), splat(0.0)
            for row in range(rows):
                at, part = source + row * z_row, splat(0.0)
                for i in range(0, columns * LANES, LANES):
                    off = sub(load(z, at + i), mean)
                    part = fma(off, off, part)
                total = add(total, part)
            store(means, to, mean)
            store(squares, to, total)


@entry
def collect(
    cells: Any,
    drawings: int,
    z: Any,
    coefficients: Any,
    dy: Any,
    dz: Any,
    sums: Any,
    products: Any,
) -> None:
    """Write g, the gradient of h, into dz; and each drawing's Σ g and Σ g · (z − centre).

    `dz` stands as z does, `dy` as y; `sums` and `products` are as in `measure`.
    """
    c = cells[0]
    rows, columns, rectified = c.rows, c.columns, c.rectified
    z_row, y_row = c.z_row, c.y_row
    slope = splat(c.slope)
    zero = splat(0.0)
    width = c.groups * LANES
    for drawing in range(drawings):
        for group in range(c.groups):
            centre = load(coefficients, group * LANES)
            factor = load(coefficients, width + group * LANES)
            shift = load(coefficients, 2 * width + group * LANES)
            source = c.z_at + drawing * c.z_drawing + group * c.z_slab
            target = c.y_at + drawing * c.y_drawing + group * c.y_slab
            total, product = zero, zero
            if c.pool == 1:
                for row in range(rows):
                    at, to = source + row * z_row, target + row * y_row
                    row_total, row_product = zero, zero
                    for i in range(0, columns * LANES, LANES):
                        off = sub(load(z, at + i), centre)
                        g = load(dy, to + i)
                        if rectified:
                            h = fma(factor, off, shift)
                            g = select(greater(h, zero), g, mul(slope, g))
                        store(dz, at + i, g)
                        row_total = add(row_total, g)
                        row_product = fma(g, off, row_product)
                    total, product = add(total, row_total), add(product, row_product)
            else:
                for row in range(rows // 2):
                    at, to = source + 2 * row * z_row, target + row * y_row
                    row_total, row_product = zero, zero
                    for column in range(columns // 2):
                        i = at + 2 * column * LANES
                        a, b = sub(load(z, i), centre), sub(load(z, i + LANES), centre)
                        below = i + z_row
                        d, e = sub(load(z, below), centre), sub(load(z, below + LANES), centre)
                        g = load(dy, to + column * LANES)
                        # Among equals the first wins: later ones must be strictly greater.
                        best, off = fma(factor, a, shift), a
                        h = fma(factor, b, shift)
                        second = greater(h, best)
                        best, off = select(second, h, best), select(second, b, off)
                        h = fma(factor, d, shift)
                        third = greater(h, best)
                        best, off = select(third, h, best), select(third, d, off)
                        h = fma(factor, e, shift)
                        fourth = greater(h, best)
                        best, off = select(fourth, h, best), select(fourth, e, off)
                        if rectified:
                            g = select(greater(best, zero), g, mul(slope, g))
                        row_total = add(row_total, g)
                        row_product = fma(g, off, row_product)
                        store(dz, below + LANES, select(fourth, g, zero))
                        g = select(fourth, zero, g)
                        store(dz, below, select(third, g, zero))
                        g = select(third, zero, g)
                        store(dz, i + LANES, select(second, g, zero))
                        store(dz, i, select(second, zero, g))
                    if columns % 2:
                        store(dz, at + (columns - 1) * LANES, zero)
                        store(dz, at + z_row + (columns - 1) * LANES, zero)
                    total, product = add(total, row_total), add(product, row_product)
                if rows % 2:
                    at = source + (rows - 1) * z_row
                    for i in range(0, columns * LANES, LANES):
                        store(dz, at + i, zero)
            to = (drawing * c.groups + group) * LANES
            store(sums, to, total)
            store(products, to, product)


@entry
def spread(cells: Any, drawings: int, z: Any, g: Any, coefficients: Any, dz: Any) -> None:
    """Write the gradient of z: factor · (g − shift − slope · (z − centre)).

    `z` and `g` stand as `z` in cells, `dz` as `y`. `coefficients` are (4 · channels,): centre,
    factor, shift (the mean of g), and the slope of g along z; or no shift and slope, if the network
    answers.
    """
    c = cells[0]
    rows, columns, z_row, y_row = c.rows, c.columns, c.z_row, c.y_row
    width = c.groups * LANES
    for drawing in range(drawings):
        for group in range(c.groups):
            centre = load(coefficients, group * LANES)
            factor = load(coefficients, width + group * LANES)
            shift = load(coefficients, 2 * width + group * LANES)
            slope = load(coefficients, 3 * width + group * LANES)
            source = c.z_at + drawing * c.z_drawing + group * c.z_slab
            target = c.y_at + drawing * c.y_drawing + group * c.y_slab
            for row in range(rows):
                at, to = source + row * z_row, target + row * y_row
                for i in range(0, columns * LANES, LANES):
                    off = sub(load(z, at + i), centre)
                    store(dz, to + i, mul(factor, sub(load(g, at + i), fma(slope, off, shift))))
