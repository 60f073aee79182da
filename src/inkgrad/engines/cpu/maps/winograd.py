r"""The transforms of Winograd's minimal filtering F(4×4, 3×3), and of its two derivatives.

Sixteen outputs of a 3×3 filter in a square, Y (4×4), come from a patch d (6×6) of the input:

    Y = Aᵀ [ Σ_c (G g_c Gᵀ) ⊙ (Bᵀ d_c B) ] A                       ⊙: element by element

so they cost 36 products a channel and filter, not 144. With u = G g Gᵀ and v = Bᵀ d B, Y is linear
in u and in v, and the chain rule gives both derivatives of a loss by the same three matrices: with
D = A (dL/dY) Aᵀ,

    dL/dg_c = Gᵀ [ D ⊙ v_c ] G                    dL/dv_c = D ⊙ u_c

The first is used as it stands (sums over tiles and drawings are taken inside the brackets). The
second would have tiles overlap; dL/dd is a convolution too, of dL/dY with the filters turned by
half a turn (see `inkgrad.layers.conv`), so the forward code serves.

*Where the matrices come from* (A. Toom, S. Cook; A. Lavin, S. Gray, *Fast Algorithms for
Convolutional Neural Networks*, 2016). Along one axis the outputs are the coefficients of a product
of polynomials read backwards. A polynomial of degree 5 is known from its values at six points: 0,
±a, ±b, and its leading coefficient ("the value at infinity"). G takes a filter to its values,

    g(p) / N_p,  N_p = Π_{q ≠ p} (p − q),    and its leading coefficient,

Aᵀ has the powers 1, p, p², p³ of the points in its rows, and Bᵀ the coefficients of
Π_{q ≠ p} (x − q), and of Π_q (x − q) in its last row. Here a = 1/√2 and b = √2: a·b = 1 makes the
entries small, and rounding errors a third of those of the usual points 1 and 2 (B. Barabasz et al.,
*Error Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural Networks*, 2020).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from inkgrad.engines.cpu.compiling import inlined, kernel
from inkgrad.engines.cpu.simd import LANES, add, fma, load_all, mul, splat, store, store_all, sub

__all__ = [
    "OUTPUTS",
    "PATCH",
    "POINTS",
    "backward_filter",
    "transform_error",
    "transform_filter",
    "transform_input",
    "transform_output",
]

OUTPUTS, PATCH = 4, 6
"""Outputs of a tile, and cells that it sees, along one axis."""

POINTS = PATCH * PATCH
"""Elements of a transformed tile."""

_A, _B = np.float32(0.5**0.5), np.float32(2.0**0.5)
_A3, _B3 = np.float32(0.5**1.5), np.float32(2.0**1.5)
_N0, _NA, _NB = np.float32(1.0), np.float32(-1.5), np.float32(6.0)


@inlined
def _input(d: Any) -> Any:
    """Return Bᵀ d along one axis, six numbers from six."""
    middle = splat(-2.5)  # −(a² + b²)
    even_a = fma(splat(-2.0), d[2], d[4])  # d₄ − b² d₂
    odd_a = sub(mul(splat(_A), d[3]), mul(splat(_B), d[1]))  # a d₃ − a b² d₁
    even_b = fma(splat(-0.5), d[2], d[4])  # d₄ − a² d₂
    odd_b = sub(mul(splat(_B), d[3]), mul(splat(_A), d[1]))  # b d₃ − a² b d₁
    return (
        fma(middle, d[2], add(d[0], d[4])),
        add(even_a, odd_a),
        sub(even_a, odd_a),
        add(even_b, odd_b),
        sub(even_b, odd_b),
        fma(middle, d[3], add(d[1], d[5])),
    )


@inlined
def _output(m: Any) -> Any:
    """Return Aᵀ m along one axis, four numbers from six."""
    even_a, odd_a = add(m[1], m[2]), sub(m[1], m[2])
    even_b, odd_b = add(m[3], m[4]), sub(m[3], m[4])
    return (
        add(m[0], add(even_a, even_b)),
        fma(splat(_A), odd_a, mul(splat(_B), odd_b)),
        fma(splat(0.5), even_a, mul(splat(2.0), even_b)),
        add(fma(splat(_A3), odd_a, mul(splat(_B3), odd_b)), m[5]),
    )


@inlined
def _error(e: Any) -> Any:
    """Return A e along one axis, six numbers from four."""
    even_a = fma(splat(0.5), e[2], e[0])
    odd_a = fma(splat(_A3), e[3], mul(splat(_A), e[1]))
    even_b = fma(splat(2.0), e[2], e[0])
    odd_b = fma(splat(_B3), e[3], mul(splat(_B), e[1]))
    return (
        e[0],
        add(even_a, odd_a),
        sub(even_a, odd_a),
        add(even_b, odd_b),
        sub(even_b, odd_b),
        e[3],
    )


@inlined
def _filter(g: Any) -> Any:
    """Return G g along one axis, six numbers from three."""
    even_a = mul(splat(1 / _NA), fma(splat(0.5), g[2], g[0]))
    odd_a = mul(splat(_A / _NA), g[1])
    even_b = mul(splat(1 / _NB), fma(splat(2.0), g[2], g[0]))
    odd_b = mul(splat(_B / _NB), g[1])
    return (
        g[0],
        add(even_a, odd_a),
        sub(even_a, odd_a),
        add(even_b, odd_b),
        sub(even_b, odd_b),
        g[2],
    )


@inlined
def _filter_back(u: Any) -> Any:
    """Return Gᵀ u along one axis, three numbers from six."""
    even_a, odd_a = mul(splat(1 / _NA), add(u[1], u[2])), sub(u[1], u[2])
    even_b, odd_b = mul(splat(1 / _NB), add(u[3], u[4])), sub(u[3], u[4])
    return (
        add(u[0], add(even_a, even_b)),
        fma(splat(_A / _NA), odd_a, mul(splat(_B / _NB), odd_b)),
        add(fma(splat(0.5), even_a, mul(splat(2.0), even_b)), u[5]),
    )


# Along both axes: columns first, into `temporary`, then rows.


@kernel
def transform_input(x: Any, at: int, row: int, v: Any, to: int, step: int, temporary: Any) -> None:
    """Write Bᵀ d B for LANES channels of a patch.

    Parameters
    ----------
    x, at, row : array, place of the patch's first cell, floats from row to row
    v, to, step : array, place of the first of 36 vectors, floats from one to the next
    temporary : (36 · LANES,) array
    """
    a = _input(load_all(6, x, at, row))
    b = _input(load_all(6, x, at + LANES, row))
    c = _input(load_all(6, x, at + 2 * LANES, row))
    d = _input(load_all(6, x, at + 3 * LANES, row))
    e = _input(load_all(6, x, at + 4 * LANES, row))
    f = _input(load_all(6, x, at + 5 * LANES, row))
    store_all(v, to, step, _input((a[0], b[0], c[0], d[0], e[0], f[0])))
    store_all(v, to + 6 * step, step, _input((a[1], b[1], c[1], d[1], e[1], f[1])))
    store_all(v, to + 12 * step, step, _input((a[2], b[2], c[2], d[2], e[2], f[2])))
    store_all(v, to + 18 * step, step, _input((a[3], b[3], c[3], d[3], e[3], f[3])))
    store_all(v, to + 24 * step, step, _input((a[4], b[4], c[4], d[4], e[4], f[4])))
    store_all(v, to + 30 * step, step, _input((a[5], b[5], c[5], d[5], e[5], f[5])))


@kernel
def transform_error(dy: Any, at: int, row: int, d: Any, to: int, step: int, temporary: Any) -> None:
    """Write A (dL/dY) Aᵀ for LANES filters of a tile; see `transform_input`."""
    for j in range(4):
        column = load_all(4, dy, at + j * LANES, row)
        store_all(temporary, j * LANES, 4 * LANES, _error(column))
    for i in range(6):
        rows = load_all(4, temporary, 4 * i * LANES, LANES)
        store_all(d, to + 6 * i * step, step, _error(rows))


@kernel
def transform_output(
    m: Any, at: int, step: int, y: Any, to: int, row: int, rows: int, columns: int
) -> None:
    """Write the first `rows` × `columns` outputs of Aᵀ m A for LANES filters of a tile."""
    a = _output(load_all(6, m, at, 6 * step))
    b = _output(load_all(6, m, at + step, 6 * step))
    c = _output(load_all(6, m, at + 2 * step, 6 * step))
    d = _output(load_all(6, m, at + 3 * step, 6 * step))
    e = _output(load_all(6, m, at + 4 * step, 6 * step))
    f = _output(load_all(6, m, at + 5 * step, 6 * step))
    _store_some(y, to, columns, _output((a[0], b[0], c[0], d[0], e[0], f[0])))
    if rows > 1:
        _store_some(y, to + row, columns, _output((a[1], b[1], c[1], d[1], e[1], f[1])))
    if rows > 2:
        _store_some(y, to + 2 * row, columns, _output((a[2], b[2], c[2], d[2], e[2], f[2])))
    if rows > 3:
        _store_some(y, to + 3 * row, columns, _output((a[3], b[3], c[3], d[3], e[3], f[3])))


@inlined
def _store_some(y: Any, to: int, columns: int, four: Any) -> None:
    """Write the first columns of a row of outputs."""
    store(y, to, four[0])
    if columns > 1:
        store(y, to + LANES, four[1])
    if columns > 2:
        store(y, to + 2 * LANES, four[2])
    if columns > 3:
        store(y, to + 3 * LANES, four[3])


@kernel
def transform_filter(g: Any, at: int, u: Any, to: int, step: int, temporary: Any) -> None:
    """Write G g Gᵀ for LANES filters, whose nine taps are vectors one behind the other."""
    for j in range(3):
        column = load_all(3, g, at + j * LANES, 3 * LANES)
        store_all(temporary, j * LANES, 3 * LANES, _filter(column))
    for i in range(6):
        rows = load_all(3, temporary, 3 * i * LANES, LANES)
        store_all(u, to + 6 * i * step, step, _filter(rows))


@kernel
def backward_filter(u: Any, at: int, step: int, g: Any, to: int, temporary: Any) -> None:
    """Write Gᵀ u G for LANES filters: nine vectors one behind the other."""
    for j in range(6):
        column = load_all(6, u, at + j * step, 6 * step)
        store_all(temporary, j * LANES, 6 * LANES, _filter_back(column))
    for i in range(3):
        rows = load_all(6, temporary, 6 * i * LANES, LANES)
        store_all(g, to + 3 * i * LANES, LANES, _filter_back(rows))
