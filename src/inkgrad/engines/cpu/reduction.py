"""The parts' sums of a convolution's gradients, added in order and put in the network's layout."""

from __future__ import annotations

from typing import Any

from inkgrad.engines.cpu.compiling import inlined, kernel
from inkgrad.engines.cpu.simd import LANES, add, load, store

__all__ = ["reduce_bias", "reduce_filters", "reduce_planes"]


@inlined
def _total(f: Any, at: int, step: int, parts: int) -> Any:
    """Return the sum over the parts, first to last."""
    acc = load(f, at)
    for part in range(1, parts):
        acc = add(acc, load(f, at + part * step))
    return acc


@kernel
def reduce_filters(
    block: Any, f: Any, gradient: Any, settings: Any, k: int, temporary: int
) -> None:
    """Write dW of filter k, where lanes are channels."""
    taps = block.size_y * block.size_x
    for group in range(block.groups):
        first = settings.sums + block.sums + (group * block.padded_filters + k) * taps * LANES
        channels = min(LANES, block.channels - group * LANES)
        for tap in range(taps):
            store(f, temporary, _total(f, first + tap * LANES, settings.part_step, settings.parts))
            at = block.weight + (k * block.channels + group * LANES) * taps + tap
            for lane in range(channels):
                gradient[at + lane * taps] = f[temporary + lane]


@kernel
def reduce_planes(
    block: Any, f: Any, gradient: Any, settings: Any, vector: int, temporary: int
) -> None:
    """Write dW of one vector of filters, where lanes are filters."""
    each = block.channels * block.size_y * block.size_x
    first = settings.sums + block.sums + vector * each * LANES
    for tap in range(each):
        store(f, temporary, _total(f, first + tap * LANES, settings.part_step, settings.parts))
        for lane in range(min(LANES, block.filters - vector * LANES)):
            gradient[block.weight + (vector * LANES + lane) * each + tap] = f[temporary + lane]


@kernel
def reduce_bias(block: Any, f: Any, gradient: Any, settings: Any, first: int, last: int) -> None:
    """Write dβ of filters first … last−1."""
    for k in range(first, last):
        total = f[settings.sums + block.bias_sums + k]
        for part in range(1, settings.parts):
            total += f[settings.sums + part * settings.part_step + block.bias_sums + k]
        gradient[block.bias + k] = total
