"""Convolution of maps and its derivatives: tiles in, a product, tiles out.

Whatever the filters' size, three steps make a convolution (see `products` for the middle one):

==============  ==================================  ===========================================
                Winograd's (3×3, stride 1)          any other: patches
==============  ==================================  ===========================================
in              `transform_input` of a 6×6 patch    copy the cells that one output sees
product         36 points, C channels               1 point, taps · C channels
out             `transform_output`: 4×4 outputs     copy to one output
==============  ==================================  ===========================================

and the way back is made of the same parts. A drawing's tiles are followed by the next drawing's, so
that panels are full however small the pictures are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import SOURCES, entry, inlined, kernel
from inkgrad.engines.cpu.maps.products import PANEL, forward, outer
from inkgrad.engines.cpu.maps.winograd import (
    OUTPUTS,
    POINTS,
    backward_filter,
    transform_error,
    transform_filter,
    transform_input,
    transform_output,
)
from inkgrad.engines.cpu.simd import LANES, add, load, store

__all__ = [
    "SHAPE",
    "add_filter_gradient",
    "convolve",
    "input_gradient",
    "pack",
    "pack_back",
    "write_filter_gradient",
]

_NAMES = (
    # whether by Winograd's transforms; points of a product
    "winograd points "
    # the layer: filters' taps, their distance in cells, channels and filters
    "size_y size_x dilation_y dilation_x channels filters "
    # floats of a patch from tap to tap: whole slabs, or one where there is but one channel
    "tap "
    # tiles of a drawing, and cells of the input from one to the next
    "tiles_y tiles_x step_y step_x "
    # outputs of a drawing
    "rows columns "
    # slabs of the input, the length of a product's sum, floats from tile to tile; slabs of output
    "groups length width vectors "
    # input: place of the first tile's first cell, and distances in floats
    "x_at x_row x_slab x_drawing "
    # output
    "y_at y_row y_slab y_drawing"
)

SHAPE = np.dtype([(name, np.int64) for name in _NAMES.split()] + [(SOURCES, np.int8)])
"""A convolution's sizes and places."""


@inlined
def _tile(shape: Any, number: int) -> tuple[int, int, int]:
    """Return a tile's drawing, row and column."""
    of_drawing = shape.tiles_y * shape.tiles_x
    within = number % of_drawing
    return number // of_drawing, within // shape.tiles_x, within % shape.tiles_x


@inlined
def _following(shape: Any, drawing: int, ty: int, tx: int) -> tuple[int, int, int]:
    """Return the next tile's: without a division, which takes longer than many a tile."""
    tx += 1
    if tx == shape.tiles_x:
        ty, tx = ty + 1, 0
        if ty == shape.tiles_y:
            drawing, ty = drawing + 1, 0
    return drawing, ty, tx


@kernel
def _gather(shape: Any, first: int, count: int, x: Any, v: Any, temporary: Any) -> None:
    """Fill a panel from the input."""
    if shape.tap == 1:
        _gather_one(shape, first, count, x, v)
        return
    drawing, ty, tx = _tile(shape, first)
    for tile in range(count):
        at = shape.x_at + drawing * shape.x_drawing
        at += ty * shape.step_y * shape.x_row + tx * shape.step_x * LANES
        to = tile * shape.width
        if shape.winograd:
            for group in range(shape.groups):
                source = at + group * shape.x_slab
                transform_input(
                    x, source, shape.x_row, v, to + group * LANES, PANEL * shape.width, temporary
                )
        else:
            _gather_patch(shape, x, at, v, to)
        drawing, ty, tx = _following(shape, drawing, ty, tx)


@inlined
def _gather_patch(shape: Any, x: Any, at: int, v: Any, to: int) -> None:
    """Copy what one output sees.

    Sizes are variables: a record would be read anew after each number that is written.
    """
    groups, slab = shape.groups, shape.x_slab
    size_y, size_x = shape.size_y, shape.size_x
    down, right = shape.dilation_y * shape.x_row, shape.dilation_x * LANES
    for i in range(size_y):
        for j in range(size_x):
            cell = at + i * down + j * right
            for _ in range(groups):
                store(v, to, load(x, cell))
                to += LANES
                cell += slab


@kernel
def _gather_one(shape: Any, first: int, count: int, x: Any, v: Any) -> None:
    """Fill a panel from the input, where it has one channel: a patch is but a few numbers."""
    size_y, size_x, width = shape.size_y, shape.size_x, shape.width
    down, right = shape.dilation_y * shape.x_row, shape.dilation_x * LANES
    drawing, ty, tx = _tile(shape, first)
    for tile in range(count):
        at = shape.x_at + drawing * shape.x_drawing
        at += ty * shape.step_y * shape.x_row + tx * shape.step_x * LANES
        to = tile * width
        for _ in range(size_y):
            if size_x == 3:
                v[to], v[to + 1], v[to + 2] = x[at], x[at + right], x[at + 2 * right]
            else:
                for j in range(size_x):
                    v[to + j] = x[at + j * right]
            at += down
            to += size_x
        drawing, ty, tx = _following(shape, drawing, ty, tx)


@kernel
def _gather_error(shape: Any, first: int, count: int, dy: Any, d: Any, temporary: Any) -> None:
    """Fill a panel from the output's gradient."""
    filters = shape.vectors * LANES
    drawing, ty, tx = _tile(shape, first)
    for tile in range(count):
        at = shape.y_at + drawing * shape.y_drawing
        if shape.winograd:
            at += ty * OUTPUTS * shape.y_row + tx * OUTPUTS * LANES
        else:
            at += ty * shape.y_row + tx * LANES
        for vector in range(shape.vectors):
            source, to = at + vector * shape.y_slab, tile * filters + vector * LANES
            if shape.winograd:
                transform_error(dy, source, shape.y_row, d, to, PANEL * filters, temporary)
            else:
                store(d, to, load(dy, source))
        drawing, ty, tx = _following(shape, drawing, ty, tx)


@entry
def convolve(shapes: Any, drawings: int, x: Any, u: Any, y: Any, v: Any, m: Any) -> None:
    """Convolve maps.

    Parameters
    ----------
    shapes : (1,) SHAPE
    drawings : int
    x, y : arrays
        Maps; y's inside is written. With Winograd's transforms x has a margin as wide as the last
        tiles reach.
    u : array
        Weights: see `pack`.
    v, m : arrays
        Room for a panel of points · width, and of points · vectors · LANES floats a tile, and at
        the end of m for 36 vectors more.
    """
    shape = shapes[0]
    temporary = m[PANEL * shape.points * shape.vectors * LANES :]
    tiles = drawings * shape.tiles_y * shape.tiles_x
    filters = shape.vectors * LANES
    for first in range(0, tiles, PANEL):
        count = min(PANEL, tiles - first)
        _gather(shape, first, count, x, v, temporary)
        forward(v, u, m, shape.points, shape.length, shape.width, shape.vectors, count)
        drawing, ty, tx = _tile(shape, first)
        for tile in range(count):
            at = shape.y_at + drawing * shape.y_drawing
            for vector in range(shape.vectors):
                source, to = tile * filters + vector * LANES, at + vector * shape.y_slab
                if shape.winograd:
                    transform_output(
                        m,
                        source,
                        PANEL * filters,
                        y,
                        to + ty * OUTPUTS * shape.y_row + tx * OUTPUTS * LANES,
                        shape.y_row,
                        min(OUTPUTS, shape.rows - OUTPUTS * ty),
                        min(OUTPUTS, shape.columns - OUTPUTS * tx),
                    )
                else:
                    store(y, to + ty * shape.y_row + tx * LANES, load(m, source))
            drawing, ty, tx = _following(shape, drawing, ty, tx)


@entry
def input_gradient(shapes: Any, drawings: int, dy: Any, u: Any, dx: Any, d: Any, m: Any) -> None:
    """Add what a convolution by patches sends back to dx, which holds zeros.

    Parameters are as in `convolve`: `u` has [tap and channel's vector][filter][lane].
    """
    shape = shapes[0]
    tiles = drawings * shape.tiles_y * shape.tiles_x
    taps = shape.size_y * shape.size_x
    for first in range(0, tiles, PANEL):
        count = min(PANEL, tiles - first)
        _gather_error(shape, first, count, dy, d, m)
        forward(d, u, m, 1, shape.filters, shape.vectors * LANES, taps * shape.groups, count)
        drawing, ty, tx = _tile(shape, first)
        for tile in range(count):
            at = shape.x_at + drawing * shape.x_drawing
            at += ty * shape.step_y * shape.x_row + tx * shape.step_x * LANES
            source = tile * taps * shape.groups * LANES
            for i in range(shape.size_y):
                for j in range(shape.size_x):
                    cell = at + i * shape.dilation_y * shape.x_row + j * shape.dilation_x * LANES
                    for group in range(shape.groups):
                        place = cell + group * shape.x_slab
                        store(dx, place, add(load(dx, place), load(m, source)))
                        source += LANES
            drawing, ty, tx = _following(shape, drawing, ty, tx)


@entry
def add_filter_gradient(
    shapes: Any, drawings: int, x: Any, dy: Any, v: Any, d: Any, sums: Any, begins: bool
) -> None:
    """Add some drawings' part of the filters' gradient to sums, which are laid out as weights.

    The first part begins them.

    `sums` has room for points · width · vectors · LANES floats and 36 vectors more; the other
    parameters are as in `convolve`.
    """
    shape = shapes[0]
    temporary = sums[shape.points * shape.width * shape.vectors * LANES :]
    tiles = drawings * shape.tiles_y * shape.tiles_x
    for first in range(0, tiles, PANEL):
        count = min(PANEL, tiles - first)
        _gather(shape, first, count, x, v, temporary)
        _gather_error(shape, first, count, dy, d, temporary)
        outer(
            v,
            d,
            sums,
            shape.points,
            shape.length,
            shape.width,
            shape.vectors,
            count,
            begins and first == 0,
        )


@entry
def write_filter_gradient(
    shapes: Any, sums: Any, gradient: Any, place: int, temporary: Any
) -> None:
    """Write the filters' gradient, [filter][channel][row][column], from `place` on.

    `temporary` has room for 36 vectors, and for as many as a filter has taps.
    """
    shape = shapes[0]
    filters = shape.vectors * LANES
    taps = shape.size_y * shape.size_x
    g = temporary[POINTS * LANES :]
    for c in range(shape.channels):
        for vector in range(shape.vectors):
            if shape.winograd:
                at = (vector * shape.width + c) * LANES
                backward_filter(sums, at, shape.width * filters, g, 0, temporary)
            else:
                for tap in range(taps):
                    at = (vector * shape.width + tap * shape.tap + c) * LANES
                    store(g, tap * LANES, load(sums, at))
            for lane in range(min(LANES, shape.filters - vector * LANES)):
                to = place + ((vector * LANES + lane) * shape.channels + c) * taps
                for tap in range(taps):
                    gradient[to + tap] = g[tap * LANES + lane]


@entry
def pack(shapes: Any, theta: Any, place: int, turned: bool, u: Any, temporary: Any) -> None:
    """Lay out weights for `convolve`: [point][vector][channel][lane].

    Parameters
    ----------
    shapes : (1,) SHAPE
    theta, place : array and int
        The weights, [filter][channel][row][column], from `place` on.
    turned : bool
        Whether for what goes back: filters and channels change places, and each filter is turned by
        half a turn. The shape is that of the way back.
    u : array
    temporary : array
        Room for 9 + 36 vectors, or as many as a filter has taps.
    """
    shape = shapes[0]
    taps = shape.size_y * shape.size_x
    step = shape.vectors * shape.length * LANES  # from point to point
    scratch = temporary[taps * LANES :]
    for vector in range(shape.vectors):
        for c in range(shape.channels):
            for lane in range(LANES):
                k = vector * LANES + lane
                at = place + (k * shape.channels + c) * taps
                if turned:
                    at = place + (c * shape.filters + k) * taps
                for tap in range(taps):
                    known = k < shape.filters
                    from_tap = taps - 1 - tap if turned else tap
                    temporary[tap * LANES + lane] = theta[at + from_tap] if known else np.float32(0)
            if shape.winograd:
                to = (vector * shape.length + c) * LANES
                transform_filter(temporary, 0, u, to, step, scratch)
            else:
                for tap in range(taps):
                    to = (vector * shape.length + tap * shape.tap + c) * LANES
                    store(u, to, load(temporary, tap * LANES))


@entry
def pack_back(shapes: Any, theta: Any, place: int, u: Any) -> None:
    """Lay out weights for `input_gradient`: [tap and channel's vector][filter][lane: channel]."""
    shape = shapes[0]
    taps = shape.size_y * shape.size_x
    for tap in range(taps):
        for group in range(shape.groups):
            for k in range(shape.filters):
                to = ((tap * shape.groups + group) * shape.filters + k) * LANES
                for lane in range(LANES):
                    c = group * LANES + lane
                    at = place + (k * shape.channels + c) * taps + tap
                    u[to + lane] = theta[at] if c < shape.channels else np.float32(0)
