"""Recognising in bytes: a part of a batch from its inputs to its outputs.

See `inkgrad.engines.int8` for the arithmetic, and `packing` for where everything stands. A thread
takes a few drawings at a time, and nobody waits for anybody: the bits do not depend on how many
take part. The sums are exact, so that they do not depend on the order of adding either.

A drawing goes through all convolutions before the next one comes, while what they give is in the
first cache; dense layers take `packing.AT_ONCE` drawings, as their weights are many.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.engines.cpu.atomic import add_atomically
from inkgrad.engines.cpu.compiling import entry, inlined, kernel
from inkgrad.engines.cpu.int8.rounding import round_input
from inkgrad.engines.cpu.int8.words import (
    TILE,
    add_products,
    add_row,
    less_times,
    live_bytes,
    load_whole,
    no_sums,
    store_all_whole,
    strongest,
    sum_of_four,
    to_numbers,
)
from inkgrad.engines.cpu.pooling import rectify
from inkgrad.engines.cpu.simd import (
    LANES,
    add,
    load,
    mul,
    splat,
    store,
)

__all__ = ["recognise"]

_SUMS, _ROW = 2 * TILE, 8
_PAIR = 2 * LANES
_FEW = 3  # drawings that a tile would not pay for
_PLACES = _SUMS * LANES  # where a tile's places stand in the whole numbers, behind its sums
_ONE = np.uint64(1)
_ZERO = np.float32(0)


@inlined
def _multiply(layer: Any, weights: Any, b: Any, whole: Any, pair: int) -> Any:
    """Return a tile's sums, for places that stand in `whole`."""
    at = _tile_places(whole)
    acc = no_sums(_SUMS)
    w = layer.weight + pair * layer.taps * layer.groups * _PAIR
    for i in range(layer.taps):
        offset = i * layer.row_bytes
        for _ in range(layer.groups):
            acc = add_products(acc, at, b, offset, weights, w)
            offset += 4
            w += _PAIR
    return acc


if TILE == 8:

    @inlined
    def _tile_places(whole: Any) -> Any:
        p = _PLACES
        return (
            np.int64(whole[p]),
            np.int64(whole[p + 1]),
            np.int64(whole[p + 2]),
            np.int64(whole[p + 3]),
            np.int64(whole[p + 4]),
            np.int64(whole[p + 5]),
            np.int64(whole[p + 6]),
            np.int64(whole[p + 7]),
        )

else:

    @inlined
    def _tile_places(whole: Any) -> Any:
        p = _PLACES
        return (
            np.int64(whole[p]),
            np.int64(whole[p + 1]),
            np.int64(whole[p + 2]),
            np.int64(whole[p + 3]),
        )


@inlined
def _scaling(layer: Any, numbers: Any, pair: int, scale: float) -> Any:
    """Return what a pair's sums are multiplied by, and what is added: two vectors of each."""
    o = 2 * pair * LANES
    times, plus = layer.scale + o, layer.bias + o
    return (
        mul(splat(scale), load(numbers, times)),
        mul(splat(scale), load(numbers, times + LANES)),
        load(numbers, plus),
        load(numbers, plus + LANES),
    )


@inlined
def _finish(
    layer: Any,
    scaling: Any,
    tables: Any,
    whole: Any,
    k: int,
    pair: int,
    zero: int,
    f: Any,
    target: int,
) -> None:
    """Write the outputs of a pair of filters' vectors whose sums are the tile's number k."""
    o = 2 * pair * LANES
    first, second = load_whole(whole, 2 * k * LANES), load_whole(whole, (2 * k + 1) * LANES)
    if zero != 0:
        first = less_times(first, zero, load_whole(tables, layer.sums + o))
        second = less_times(second, zero, load_whole(tables, layer.sums + o + LANES))
    y = add(mul(to_numbers(first), scaling[0]), scaling[2])
    z = add(mul(to_numbers(second), scaling[1]), scaling[3])
    store(f, target + o, rectify(y) if layer.rectified else y)
    store(f, target + o + LANES, rectify(z) if layer.rectified else z)


@inlined
def _find_places(layer: Any, b: Any, whole: Any, zero: int) -> int:
    """List the outputs that there is something to multiply for; return how many.

    The others, all of whose pixels are paper, come behind.
    """
    first = layer.list
    if not layer.ink or zero != 0:
        for w in range(layer.outputs):
            whole[first + w] = w
        return layer.outputs
    count, last = np.int64(0), layer.outputs
    height = (layer.pool - 1) * layer.stride_y + layer.taps
    wide = (_ONE << np.uint64((layer.pool - 1) * layer.stride_x + layer.size_x)) - _ONE
    w = np.int64(0)
    for y in range(layer.outputs // layer.columns_out):
        top = y * layer.pool * layer.stride_y
        live = np.uint64(0)
        for i in range(top, top + height):
            live |= live_bytes(b, layer.input + i * layer.row_bytes)
        for x in range(layer.columns_out):
            if (live >> np.uint64(x * layer.pool * layer.stride_x)) & wide:
                whole[first + count] = w
                count += 1
            else:
                last -= 1
                whole[first + last] = w
            w += 1
    return count


@kernel
def convolve(
    layer: Any,
    weights: Any,
    numbers: Any,
    tables: Any,
    b: Any,
    f: Any,
    whole: Any,
    scale: float,
    zero: int,
) -> None:
    """Run a convolution on one drawing, whose input stands as bytes."""
    count = _find_places(layer, b, whole, zero)
    together = TILE // (layer.pool * layer.pool)
    for i in range(count, layer.outputs):
        target = layer.output + whole[layer.list + i] * layer.width
        for o in range(0, layer.width, LANES):
            y = add(mul(splat(0.0), splat(scale)), load(numbers, layer.bias + o))
            store(f, target + o, rectify(y) if layer.rectified else y)
    for pair in range(layer.pairs):
        scaling = _scaling(layer, numbers, pair, scale)
        for i in range(0, count, together):
            last = min(together, count - i)
            for k in range(together):
                w = whole[layer.list + i + min(k, last - 1)]
                place = layer.input + tables[layer.at + w]
                if layer.pool == 1:
                    whole[_PLACES + k] = place
                else:
                    whole[_PLACES + 4 * k] = place
                    whole[_PLACES + 4 * k + 1] = place + layer.step_x
                    whole[_PLACES + 4 * k + 2] = place + layer.step_y
                    whole[_PLACES + 4 * k + 3] = place + layer.step_y + layer.step_x
            acc = _multiply(layer, weights, b, whole, pair)
            if layer.pool == 1:
                store_all_whole(whole, 0, acc)
            else:
                store_all_whole(whole, 0, strongest(acc))
            for k in range(last):
                target = layer.output + whole[layer.list + i + k] * layer.width
                _finish(layer, scaling, tables, whole, k, pair, zero, f, target)


@kernel
def run_dense(
    layer: Any,
    weights: Any,
    numbers: Any,
    tables: Any,
    b: Any,
    f: Any,
    whole: Any,
    drawings: int,
) -> None:
    """Run a dense layer on drawings whose inputs stand as bytes."""
    for pair in range(layer.pairs):
        first = np.int64(0)
        while first < drawings:
            count = min(TILE, drawings - first)
            if count <= _FEW:
                count = 1
                acc = no_sums(_ROW)
                w = layer.weight + pair * layer.groups * _PAIR
                place = layer.input + first * layer.drawing_bytes
                for _ in range(0, layer.groups, 4):
                    acc = add_row(acc, b, place, weights, w)
                    place += 16
                    w += 4 * _PAIR
                store_all_whole(whole, 0, sum_of_four(acc))
            else:
                for k in range(TILE):
                    d = first + min(k, count - 1)
                    whole[_PLACES + k] = layer.input + d * layer.drawing_bytes
                store_all_whole(whole, 0, _multiply(layer, weights, b, whole, pair))
            for k in range(count):
                d = first + k
                scaling = _scaling(layer, numbers, pair, f[layer.scales + d])
                zero = np.int64(whole[layer.zeros + d])
                target = layer.output + d * layer.width
                _finish(layer, scaling, tables, whole, k, pair, zero, f, target)
            first += count


@inlined
def _give_maps(layer: Any, f: Any, outputs: Any, at: int) -> None:
    """Copy what the last convolution gives, [place][filter], as (filter, row, column)."""
    for k in range(layer.filters):
        for w in range(layer.outputs):
            outputs[at + k * layer.outputs + w] = f[layer.output + w * layer.width + k]


@inlined
def _give_row(f: Any, first: int, count: int, outputs: Any, at: int, probabilities: bool) -> None:
    """Copy what the last dense layer gives, or the softmax of it."""
    if not probabilities:
        for k in range(count):
            outputs[at + k] = f[first + k]
        return
    highest = f[first]
    for k in range(1, count):
        highest = max(highest, f[first + k])
    total = _ZERO
    for k in range(count):
        total += np.exp(f[first + k] - highest)
    for k in range(count):
        outputs[at + k] = np.exp(f[first + k] - highest) / total


@kernel
def _run(
    layers: Any,
    weights: Any,
    numbers: Any,
    tables: Any,
    x: Any,
    outputs: Any,
    b: Any,
    f: Any,
    whole: Any,
    first: int,
    last: int,
    probabilities: bool,
) -> None:
    """Run all layers on drawings first … last−1."""
    convolutions = np.int64(0)
    while convolutions < len(layers) and not layers[convolutions].is_dense:
        convolutions += 1
    has_dense = convolutions < len(layers)
    each = len(x) // (len(outputs) // _given(layers[len(layers) - 1]))
    for d in range(first, last):
        for i in range(convolutions):
            layer = layers[i]
            if i == 0:
                scale, zero = round_input(layer, x, d * each, 0, b, layer.input, f, whole)
            else:
                before = layers[i - 1]
                scale, zero = round_input(
                    layer, f, before.output, before.width, b, layer.input, f, whole
                )
            convolve(layer, weights, numbers, tables, b, f, whole, scale, zero)
        if not has_dense:
            before = layers[convolutions - 1]
            _give_maps(before, f, outputs, d * _given(before))
            continue
        layer = layers[convolutions]
        to = layer.input + (d - first) * layer.drawing_bytes
        if convolutions:
            before = layers[convolutions - 1]
            scale, zero = round_input(layer, f, before.output, before.width, b, to, f, whole)
        else:
            scale, zero = round_input(layer, x, d * each, each, b, to, f, whole)
        f[layer.scales + d - first], whole[layer.zeros + d - first] = scale, zero
    for i in range(convolutions, len(layers)):
        layer = layers[i]
        if i > convolutions:
            before = layers[i - 1]
            for d in range(last - first):
                to = layer.input + d * layer.drawing_bytes
                at = before.output + d * before.width
                scale, zero = round_input(layer, f, at, before.filters, b, to, f, whole)
                f[layer.scales + d], whole[layer.zeros + d] = scale, zero
        run_dense(layer, weights, numbers, tables, b, f, whole, last - first)
    if has_dense:
        layer = layers[len(layers) - 1]
        for d in range(first, last):
            at = layer.output + (d - first) * layer.width
            _give_row(f, at, layer.filters, outputs, d * layer.filters, probabilities)


@inlined
def _given(layer: Any) -> int:
    """Return how many numbers a last layer gives of a drawing."""
    return layer.filters * layer.outputs


@entry
def recognise(
    layers: Any,
    weights: Any,
    numbers: Any,
    tables: Any,
    x: Any,
    outputs: Any,
    taken: Any,
    b: Any,
    f: Any,
    whole: Any,
    drawings: int,
    part: int,
    probabilities: bool,
) -> None:
    """Take drawings, `part` at a time, until none is left.

    Parameters
    ----------
    layers, weights, numbers, tables : arrays
        See `packing.Packed`.
    x, outputs : (…,) float32 arrays
        Of all drawings.
    taken : (1,) int64 array
        How many drawings somebody has taken.
    b, f, whole : arrays
        The thread's own, see `packing.Scratch`.
    drawings, part : int
    probabilities : bool
        Whether they are asked for, not logits.
    """
    first = add_atomically(taken, 0, part)
    while first < drawings:
        last = min(first + part, drawings)
        _run(layers, weights, numbers, tables, x, outputs, b, f, whole, first, last, probabilities)
        first = add_atomically(taken, 0, part)
