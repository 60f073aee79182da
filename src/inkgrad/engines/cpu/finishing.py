"""The end of a batch that was cut into parts: their gradients added up, and a step made by them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import entry
from inkgrad.engines.cpu.job import RULE
from inkgrad.engines.cpu.optimizer import adam
from inkgrad.engines.cpu.simd import LANES, add, load, store
from inkgrad.layers import Array

__all__ = ["finish"]

_NO_RULE, _NOTHING = np.zeros(1, RULE), np.zeros(1, np.float32)
_CHUNK = 16 * 1024  # parameters at a time: a thread's first cache holds what they need


def finish(
    parts: Array,
    gradient: Array,
    regions: Sequence[slice],
    pool: Executor,
    *,
    rule: Any = _NO_RULE,
    theta: Array = _NOTHING,
    m: Array = _NOTHING,
    v: Array = _NOTHING,
) -> float:
    """Add up the parts' gradients, and make Adam's step by the sum, if that is asked for.

    Parameters
    ----------
    parts : (parts, network.size) array
    gradient : (network.size,) array
        The sum is written here.
    regions : sequence of slice
        Which parameters: those outside are left as they are.
    pool : Executor
        Its threads take some thousand parameters at a time. What is added in which order does not
        depend on them.
    rule : (1,) RULE array
        With rule["fused"], `theta`, `m` and `v` are moved.

    Returns
    -------
    float
        The sum of the squares of these parameters' gradient.
    """
    chunks = [
        (first, min(first + _CHUNK, region.stop))
        for region in regions
        for first in range(region.start, region.stop, _CHUNK)
    ]

    def one(chunk: tuple[int, int]) -> float:
        return float(_finish(rule, parts, gradient, theta, m, v, *chunk))

    return sum(pool.map(one, chunks))


@entry
def _finish(
    rules: Any, parts: Any, gradient: Any, theta: Any, m: Any, v: Any, first: int, last: int
) -> float:
    """Finish parameters first … last−1."""
    whole = first + (last - first) // LANES * LANES
    for i in range(first, whole, LANES):
        total = load(parts[0], i)
        for part in range(1, len(parts)):
            total = add(total, load(parts[part], i))
        store(gradient, i, total)
    for i in range(whole, last):
        x = parts[0, i]
        for part in range(1, len(parts)):
            x += parts[part, i]
        gradient[i] = x
    rule = rules[0]
    if rule.fused:
        return adam(rule, theta, m, v, gradient, first, first, last - first)
    squares = 0.0
    for i in range(first, last):
        squares += np.float64(gradient[i]) * np.float64(gradient[i])
    return squares
