"""Depthwise convolution: each channel with a filter of its own, LANES channels at a time.

No sum runs over channels, so there is no product of matrices to make of it:

    y[c, u, v] = Σ_ij w[c, i, j] · x[c, s·u + d·i − p, s·v + d·j − p]

lane by lane. With stride 1 four cells of a row are summed at once, for a weight that is read once;
what goes back is then the same, with the filters turned by half a turn.
"""

from __future__ import annotations

from typing import Any

from inkgrad.engines.cpu.compiling import entry, kernel
from inkgrad.engines.cpu.simd import (
    LANES,
    add,
    add_scaled,
    fma,
    load,
    load_all,
    repeat,
    splat,
    store,
    store_all,
)

__all__ = [
    "add_depthwise_gradient",
    "convolve_depthwise",
    "depthwise_input_gradient",
    "pack_depthwise",
    "write_depthwise_gradient",
]


@entry
def pack_depthwise(shapes: Any, theta: Any, place: int, turned: bool, w: Any) -> None:
    """Lay out weights as [slab][tap][lane]; `turned`: each filter by half a turn."""
    shape = shapes[0]
    taps = shape.size_y * shape.size_x
    for c in range(shape.channels):
        to = (c // LANES) * taps * LANES + c % LANES
        for tap in range(taps):
            source = taps - 1 - tap if turned else tap
            w[to + tap * LANES] = theta[place + c * taps + source]


@entry
def convolve_depthwise(shapes: Any, drawings: int, x: Any, w: Any, y: Any) -> None:
    """Convolve maps; see `convolution.SHAPE`."""
    shape = shapes[0]
    taps = shape.size_y * shape.size_x
    for drawing in range(drawings):
        for group in range(shape.groups):
            source = shape.x_at + drawing * shape.x_drawing + group * shape.x_slab
            target = shape.y_at + drawing * shape.y_drawing + group * shape.y_slab
            weights = group * taps * LANES
            for row in range(shape.rows):
                at = source + row * shape.step_y * shape.x_row
                to = target + row * shape.y_row
                column = 0
                if shape.step_x == 1:
                    while column + 4 <= shape.columns:
                        four = repeat(4, splat(0.0))
                        tap = weights
                        for i in range(shape.size_y):
                            cell = at + i * shape.dilation_y * shape.x_row + column * LANES
                            for j in range(shape.size_x):
                                place = cell + j * shape.dilation_x * LANES
                                four = add_scaled(four, load(w, tap), x, place, 0)
                                tap += LANES
                        store_all(y, to + column * LANES, LANES, four)
                        column += 4
                while column < shape.columns:
                    one = splat(0.0)
                    tap = weights
                    for i in range(shape.size_y):
                        cell = at + i * shape.dilation_y * shape.x_row
                        cell += column * shape.step_x * LANES
                        for j in range(shape.size_x):
                            place = cell + j * shape.dilation_x * LANES
                            one = fma(load(w, tap), load(x, place), one)
                            tap += LANES
                    store(y, to + column * LANES, one)
                    column += 1


@entry
def depthwise_input_gradient(shapes: Any, drawings: int, dy: Any, w: Any, dx: Any) -> None:
    """Add what a convolution of any stride sends back to dx, which holds zeros."""
    shape = shapes[0]
    taps = shape.size_y * shape.size_x
    for drawing in range(drawings):
        for group in range(shape.groups):
            source = shape.y_at + drawing * shape.y_drawing + group * shape.y_slab
            target = shape.x_at + drawing * shape.x_drawing + group * shape.x_slab
            for row in range(shape.rows):
                for column in range(shape.columns):
                    g = load(dy, source + row * shape.y_row + column * LANES)
                    tap = group * taps * LANES
                    for i in range(shape.size_y):
                        to = target
                        to += (row * shape.step_y + i * shape.dilation_y) * shape.x_row
                        to += column * shape.step_x * LANES
                        for j in range(shape.size_x):
                            place = to + j * shape.dilation_x * LANES
                            store(dx, place, fma(load(w, tap), g, load(dx, place)))
                            tap += LANES


@kernel
def _along_row(
    x: Any, at: int, step: int, dy: Any, source: int, count: int, four: Any
) -> tuple[Any, Any, Any, Any]:
    """Return four sums, and in them a row's Σ x · dy; cell by cell in turn, for speed."""
    a, b, c, d = four
    column = 0
    while column + 4 <= count:
        g = load_all(4, dy, source + column * LANES, LANES)
        place = at + column * step
        a = fma(load(x, place), g[0], a)
        b = fma(load(x, place + step), g[1], b)
        c = fma(load(x, place + 2 * step), g[2], c)
        d = fma(load(x, place + 3 * step), g[3], d)
        column += 4
    while column < count:
        a = fma(load(x, at + column * step), load(dy, source + column * LANES), a)
        column += 1
    return a, b, c, d


@entry
def add_depthwise_gradient(
    shapes: Any, drawings: int, x: Any, dy: Any, sums: Any, begins: bool
) -> None:
    """Add some drawings' part of the filters' gradient to sums, [slab][tap][lane].

    The first part begins them.
    """
    shape = shapes[0]
    taps = shape.size_y * shape.size_x
    for drawing in range(drawings):
        for group in range(shape.groups):
            source = shape.y_at + drawing * shape.y_drawing + group * shape.y_slab
            start = shape.x_at + drawing * shape.x_drawing + group * shape.x_slab
            for tap in range(taps):
                i, j = tap // shape.size_x, tap % shape.size_x
                at = start + i * shape.dilation_y * shape.x_row + j * shape.dilation_x * LANES
                zero = splat(0.0)
                four = (zero, zero, zero, zero)
                for row in range(shape.rows):
                    four = _along_row(
                        x,
                        at + row * shape.step_y * shape.x_row,
                        shape.step_x * LANES,
                        dy,
                        source + row * shape.y_row,
                        shape.columns,
                        four,
                    )
                to = (group * taps + tap) * LANES
                total = add(add(four[0], four[1]), add(four[2], four[3]))
                if not (begins and drawing == 0):
                    total = add(load(sums, to), total)
                store(sums, to, total)


@entry
def write_depthwise_gradient(shapes: Any, sums: Any, gradient: Any, place: int) -> None:
    """Write the filters' gradient, [channel][row][column], from `place` on."""
    shape = shapes[0]
    taps = shape.size_y * shape.size_x
    for c in range(shape.channels):
        for tap in range(taps):
            value = sums[((c // LANES) * taps + tap) * LANES + c % LANES]
            gradient[place + c * taps + tap] = value
