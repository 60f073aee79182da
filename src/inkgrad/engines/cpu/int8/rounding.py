"""A layer's inputs rounded to bytes, with the scale and zero point that its numbers ask for."""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import inlined, kernel
from inkgrad.engines.cpu.int8.words import nearest, store_bytes
from inkgrad.engines.cpu.simd import (
    LANES,
    add,
    greater,
    load,
    load_all,
    mul,
    select,
    splat,
    store,
    sub,
)
from inkgrad.engines.int8 import INPUT_STEPS, SMALLEST

__all__ = ["round_input"]

_ZERO = np.float32(0)
_STEPS, _SMALLEST = np.float32(INPUT_STEPS), np.float32(SMALLEST)


@kernel
def find_span(a: Any, first: int, count: int, f: Any) -> Any:
    """Return the lowest and highest of `count` numbers and 0, and 0: NaN, if one is not finite."""
    high, low, odd = splat(0.0), splat(0.0), splat(0.0)
    i, end = first, first + count
    while i + 4 * LANES <= end:
        v = load_all(4, a, i, LANES)
        top, bottom = _larger(v[0], v[1]), _larger(v[2], v[3])
        high = _larger(_larger(top, bottom), high)
        top, bottom = _smaller(v[0], v[1]), _smaller(v[2], v[3])
        low = _smaller(_smaller(top, bottom), low)
        left, right = add(sub(v[0], v[0]), sub(v[1], v[1])), add(sub(v[2], v[2]), sub(v[3], v[3]))
        odd = add(odd, add(left, right))
        i += 4 * LANES
    while i + LANES <= end:
        x = load(a, i)
        high, low, odd = _larger(x, high), _smaller(x, low), add(odd, sub(x, x))
        i += LANES
    store(f, 0, high)
    store(f, LANES, low)
    store(f, 2 * LANES, odd)
    highest, lowest, strange = _ZERO, _ZERO, _ZERO
    for lane in range(LANES):
        highest, lowest = max(highest, f[lane]), min(lowest, f[LANES + lane])
        strange += f[2 * LANES + lane]
    while i < end:
        if a[i] > highest:
            highest = a[i]
        if a[i] < lowest:
            lowest = a[i]
        strange += a[i] - a[i]
        i += 1
    return lowest, highest, strange


@inlined
def _larger(x: Any, y: Any) -> Any:
    return select(greater(x, y), x, y)


@inlined
def _smaller(x: Any, y: Any) -> Any:
    return select(greater(y, x), x, y)


@inlined
def _to_byte(x: Any, inverse: Any, zero: Any) -> Any:
    """Return 0 … 255 for numbers; 0 for what is none."""
    return _smaller(_larger(add(nearest(mul(x, inverse)), zero), splat(0.0)), splat(_STEPS))


@inlined
def _round_run(
    a: Any, source: int, count: int, b: Any, target: int, f: Any, times: Any, plus: Any
) -> None:
    """Write `count` numbers in a row as bytes."""
    if count >= LANES:
        i = np.int64(0)
        while i < count:
            i = min(i, count - LANES)  # the last overlaps the one before
            store_bytes(b, target + i, _to_byte(load(a, source + i), times, plus))
            i += LANES
        return
    for i in range(count):
        f[i] = a[source + i]
    store(f, 0, _to_byte(load(f, 0), times, plus))
    for i in range(count):
        b[target + i] = np.uint8(f[i])


@kernel
def round_input(
    layer: Any, a: Any, source: int, step: int, b: Any, to: int, f: Any, whole: Any
) -> Any:
    """Write what a layer is given as bytes; return the scale and the zero point.

    Parameters
    ----------
    a, source, step : array, place and int
        Cells of channels, `step` from cell to cell; planes, if `step` is 0.
    b, to : array and place
    f, whole : arrays
        The thread's own.
    """
    cells = layer.rows * layer.columns
    count = cells * (step if step else layer.channels)
    low, high, strange = find_span(a, source, count, f)
    span = high - low
    inverse = _ZERO if span < _SMALLEST else _STEPS / span
    zero = np.rint(-low * inverse)
    scale = span / _STEPS + strange
    if whole[layer.padding] != np.int32(zero):
        whole[layer.padding] = np.int32(zero)
        if layer.pad_y or layer.pad_x:
            for i in range(to, to + layer.drawing_bytes):
                b[i] = np.uint8(zero)
    to += layer.pad_y * layer.row_bytes + layer.pad_x * layer.channels
    rows, columns, channels, row_bytes = layer.rows, layer.columns, layer.channels, layer.row_bytes
    times, plus = splat(inverse), splat(zero)
    if channels == 1 and step <= 1:  # rows of cells are in a row, too
        for y in range(rows):
            _round_run(a, source + y * columns, columns, b, to + y * row_bytes, f, times, plus)
    elif step:
        for y in range(rows):
            for x in range(columns):
                at = source + (y * columns + x) * step
                _round_run(a, at, channels, b, to + y * row_bytes + x * channels, f, times, plus)
    else:
        for c in range(channels):
            for y in range(rows):
                at = source + (c * rows + y) * columns
                for x in range(columns):
                    value = np.rint(a[at + x] * inverse) + zero
                    value = min(max(value, _ZERO), _STEPS) if value == value else _ZERO
                    b[to + y * row_bytes + x * channels + c] = np.uint8(value)
    return scale, np.int64(zero)
