"""Adam's step, a vector at a time: see `inkgrad.optimizers.Adam` for the mathematics."""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import inlined
from inkgrad.engines.cpu.simd import (
    LANES,
    add,
    div,
    fma,
    load,
    mul,
    root,
    splat,
    store,
    sub,
    total,
)

__all__ = ["adam"]


@inlined
def adam(
    rule: Any, theta: Any, m: Any, v: Any, gradient: Any, at: int, first: int, count: int
) -> float:
    """Move parameters first … first+count−1 by the gradient at `at` and on.

    Reads and writes θ, m and v once. Returns the sum of the gradient's squares; it is infinite if
    one of them is too large for float32.
    """
    keep_m, keep_v = splat(rule.beta1), splat(rule.beta2)
    take_m, take_v = splat(rule.one_less_beta1), splat(rule.one_less_beta2)
    step, correction, epsilon = splat(rule.step_size), splat(rule.correction), splat(rule.epsilon)
    squares = splat(0.0)
    whole = count // LANES * LANES
    for i in range(0, whole, LANES):
        p = first + i
        g = load(gradient, at + i)
        squares = fma(g, g, squares)
        new_m = fma(keep_m, load(m, p), mul(take_m, g))
        new_v = fma(keep_v, load(v, p), mul(take_v, mul(g, g)))
        store(m, p, new_m)
        store(v, p, new_v)
        change = div(mul(step, new_m), add(root(mul(new_v, correction)), epsilon))
        store(theta, p, sub(load(theta, p), change))
    length = total(squares)
    for i in range(whole, count):
        p, x = first + i, gradient[at + i]
        length += np.float64(x) * np.float64(x)
        m[p] = rule.beta1 * m[p] + rule.one_less_beta1 * x
        v[p] = rule.beta2 * v[p] + rule.one_less_beta2 * (x * x)
        theta[p] -= rule.step_size * m[p] / (np.sqrt(v[p] * rule.correction) + rule.epsilon)
    return length
