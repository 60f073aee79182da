"""The one operation that most of the work comes down to: a sparse row times a matrix.

    acc[0 … T) += Σ_e value(e) · M[row(e)][0 … T)          (T vectors of LANES numbers)

ReLU makes half of all numbers zero, and pooling sends a gradient to one cell of four: most products
that a dense method computes are with 0. Here only the live ones are. Which they are is a word of 64
bits; the loop takes its lowest bit, and the next, until none is left. One number is broadcast, one
row of M is read straight into T multiply-adds, and the T sums never leave their registers.

Why this is quick: a multiply-add may read one operand from memory, and processors can read nearly
as many vectors a cycle from the first cache as they can multiply. So the loop runs at the speed of
arithmetic as long as the rows it reads are in the first cache (callers see to that by blocking) and
T is large enough (4 to 9) to hide the few scalar instructions of the bit loop and the latency of
the additions. The order of the sum is that of the bits: fixed.

What is skipped is a product with an exact 0. That changes no finite sum; only 0·∞ and 0·NaN are
lost, which show in the rest of such a network's numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import inlined
from inkgrad.engines.cpu.simd import (
    LANES,
    add_scaled,
    bits,
    broadcast,
    first_bit,
    load,
    splat,
    unequal,
)

__all__ = ["WORD", "live_bits", "sum_rows", "sum_rows_at", "sum_rows_of", "sum_rows_twice"]

WORD = 64
"""How many places one word of bits speaks of."""

_ONE = np.uint64(1)


@inlined
def live_bits(values: Any, v: int) -> Any:
    """Return the word whose bit e says whether values[v + e] is not 0, for 64 places."""
    zero, word = splat(0.0), np.uint64(0)
    for e in range(0, WORD, LANES):
        word |= bits(unequal(load(values, v + e), zero)) << np.uint64(e)
    return word


@inlined
def sum_rows(
    acc: Any, live: Any, values: Any, v: int, v_step: int, matrix: Any, m: int, m_step: int
) -> Any:
    """Add values[v + e·v_step] · matrix[m + e·m_step …] to acc for every bit e of `live`."""
    while live != 0:
        e = first_bit(live)
        live &= live - _ONE
        x = broadcast(values, v + e * v_step)
        acc = add_scaled(acc, x, matrix, m + e * m_step, 0)
    return acc


@inlined
def sum_rows_twice(
    acc: Any, other: Any, values: Any, v: int, w: int, matrix: Any, m: int, m_step: int
) -> Any:
    """Do `sum_rows` for the 64 values at v and the 64 at w: add those to acc, these to `other`.

    Every row that either needs is read once, and two tiles of sums do not wait for each other.
    What one of them does not need is added to it times 0, which changes no bit.
    """
    live = live_bits(values, v) | live_bits(values, w)
    while live != 0:
        e = first_bit(live)
        live &= live - _ONE
        row = m + e * m_step
        acc = add_scaled(acc, broadcast(values, v + e), matrix, row, 0)
        other = add_scaled(other, broadcast(values, w + e), matrix, row, 0)
    return acc, other


@inlined
def sum_rows_of(
    acc: Any, live: Any, values: Any, v: int, matrix: Any, m: int, m_at: Any, at: int
) -> Any:
    """Add values[v + e] · matrix[m + m_at[at + e] …]: rows from a table."""
    while live != 0:
        e = first_bit(live)
        live &= live - _ONE
        x = broadcast(values, v + e)
        acc = add_scaled(acc, x, matrix, m + m_at[at + e], 0)
    return acc


@inlined
def sum_rows_at(
    acc: Any,
    live: Any,
    values: Any,
    v: int,
    v_at: Any,
    matrix: Any,
    m: int,
    m_at: Any,
    at: int,
    row_stride: int,
) -> Any:
    """Add values[v + v_at[at + e]] · matrix[m + m_at[at + e] …]: both places from tables.

    If acc is a tuple of nine, what is read is a patch of 3 rows of 3 vectors, `row_stride` apart.
    """
    while live != 0:
        e = at + first_bit(live)
        live &= live - _ONE
        x = broadcast(values, v + v_at[e])
        acc = add_scaled(acc, x, matrix, m + m_at[e], row_stride)
    return acc
