"""Convolution: slide small filters over a picture and note how well each fits at each place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from inkgrad.errors import ShapeError
from inkgrad.layers.layer import (
    Array,
    Layer,
    Saved,
    Shape,
    check_shapes,
    he_normal,
    output_length,
    pair,
    whole_number,
)

__all__ = ["Conv2D", "Sides", "add_patches", "both_sides", "patches"]

Sides = tuple[tuple[int, int], tuple[int, int]]
"""(top, bottom), (left, right)"""


@dataclass(frozen=True)
class Conv2D(Layer):
    r"""A bank of `filters` filters, each a small picture of weights that slides over the input.

    $$ y_{b,k,u,v} = \sum_{c,i,j} w_{k,c,i,j}\; \bar x_{b,\,c,\;su+di,\;sv+dj} + \beta_k $$

    where x̄ is x with p rows and columns of zeros added on every side, s the stride, d the dilation,
    and i, j run over the filter's rows and columns. (Strictly this is a correlation: the filter is
    not turned round. Since the weights are learnt, the two are the same network, and the whole
    field says convolution.)

    Parameters
    ----------
    filters : int
        K, the number of filters, which is the number of output channels.
    size : int or (int, int)
        f, the filters' rows and columns.
    stride : int or (int, int)
        s, the step from one place to the next.
    padding : int, (int, int) or ((int, int), (int, int))
        p, the zeros added on each side; (f − 1) / 2 keeps the size of the picture at stride 1. A
        pair is rows, columns; two pairs are (top, bottom), (left, right).
    dilation : int or (int, int)
        d, the step from one cell of the filter to the next: with 2 it looks at every other cell.
    groups : int
        G, the number of groups that channels and filters are split into; a filter sees the
        channels of its own group only. As many groups as channels make a depthwise convolution.
    bias : bool
        Whether β is learnt; without it β is 0, as before a layer that subtracts the mean anyway.

    Notes
    -----
    *Shapes.* x (n, C, H, W), weight (K, C/G, f, f), bias (K,), y (n, K, H', W') with
    H' = ⌊(H + 2p − d(f − 1) − 1)/s⌋ + 1, and W' likewise.

    *Cost.* K·(C/G)·f²·H'·W' multiply-adds a drawing forward, twice that backward.

    *As a matrix product.* Write the patch that place (b, u, v) sees as one column: the C·f² rows
    of P hold x̄[b, c, su+di, sv+dj], its n·H'·W' columns are the places. Then Z = W P + β, one
    matrix product, with W the weights as K rows. `patches` makes P; it is a linear map A of x.

    *Derivation of the backward pass.* Let G = dL/dZ, the same numbers as dy with one row a
    filter. From Z_{k,q} = Σ_r W_{k,r} P_{r,q} + β_k, with r a filter cell (c, i, j) and q a place:

        dL/dW_{k,r} = Σ_q G_{k,q} ∂Z_{k,q}/∂W_{k,r} = Σ_q G_{k,q} P_{r,q}   so  dW = G Pᵀ
        dL/dβ_k     = Σ_q G_{k,q}                                           so  dβ = row sums of G
        dL/dP_{r,q} = Σ_k G_{k,q} ∂Z_{k,q}/∂P_{r,q} = Σ_k W_{k,r} G_{k,q}   so  dP = Wᵀ G

    An input cell stands in several patches, once for each filter cell that passes over it, and
    its derivative is the sum of theirs: dx = Aᵀ dP, which is `add_patches`. Cells of the padding
    are constants; their derivatives are dropped. With groups, all of this holds for each group by
    itself: its rows of P, its filters.

    Examples
    --------
    A filter that subtracts the left neighbour, [-1, 1], finds where ink begins (+) and ends (-):

    >>> x = np.array([[[[0, 5, 5, 0]]]])                          # (1, 1, 1, 4)
    >>> weight, bias = np.array([[[[-1, 1]]]]), np.array([0])     # (1, 1, 1, 2), (1,)
    >>> y, saved = Conv2D(1, (1, 2)).forward(x, weight, bias)
    >>> y
    array([[[[ 5,  0, -5]]]])

    Let L = y₁ + 2y₂ + 3y₃, so dL/dy = (1, 2, 3). Each weight collects dy times what it saw, and
    each cell collects dy times the weights that passed over it:

    >>> dx, gradients = Conv2D(1, (1, 2)).backward(np.array([[[[1, 2, 3]]]]), saved)
    >>> gradients["weight"]          # -1 saw (0, 5, 5): 1*0 + 2*5 + 3*5;  1 saw (5, 5, 0)
    array([[[[25, 15]]]])
    >>> gradients["bias"]            # 1 + 2 + 3
    array([6])
    >>> dx                           # -1*1,  1*1 - 1*2,  1*2 - 1*3,  1*3
    array([[[[-1, -1, -1,  3]]]])
    """

    short_name: ClassVar[str] = "conv"

    filters: int
    size: int | tuple[int, int]
    stride: int | tuple[int, int] = 1
    padding: int | tuple[int, int] | Sides = 0
    dilation: int | tuple[int, int] = 1
    groups: int = 1
    bias: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "filters", whole_number(self.filters, "filters"))
        object.__setattr__(self, "size", pair(self.size, "filter size"))
        object.__setattr__(self, "stride", pair(self.stride, "stride"))
        (top, bottom), (left, right) = sides = both_sides(self.padding, "padding")
        padding = (top, left) if (top, left) == (bottom, right) else sides
        object.__setattr__(self, "padding", padding)
        object.__setattr__(self, "dilation", pair(self.dilation, "dilation"))
        object.__setattr__(self, "groups", whole_number(self.groups, "groups"))
        if self.filters % self.groups:
            raise ShapeError(
                f"{self.filters} filters cannot be split into {self.groups} groups; "
                f"give a multiple of {self.groups}"
            )
        if not isinstance(self.bias, bool):
            raise ShapeError(f"bias is {self.bias!r}; give true or false")

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (K, H', W') for an input (C, H, W)."""
        if len(input_shape) != 3:
            raise ShapeError(
                "a convolution needs pictures (channels, rows, columns), "
                f"but is given {input_shape}"
            )
        c, h, w = input_shape
        if c % self.groups:
            raise ShapeError(
                f"{c} channels cannot be split into {self.groups} groups; "
                "choose a number of groups that divides them"
            )
        (fh, fw), (sh, sw), sides, (dh, dw) = self._geometry()
        down, across = (sum(both) for both in sides)
        fh, fw = dh * (fh - 1) + 1, dw * (fw - 1) + 1
        if h + down < fh or w + across < fw:
            raise ShapeError(
                f"a {fh}×{fw} filter needs at least {fh}×{fw} cells, but the picture has "
                f"{h}×{w} with padding {_written(self.padding)}; "
                "take a smaller filter or more padding"
            )
        return (self.filters, output_length(h + down, fh, sh), output_length(w + across, fw, sw))

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return weight (K, C/G, f, f) and, if there is one, bias (K,)."""
        (fh, fw), *_ = self._geometry()
        shapes: dict[str, Shape] = {
            "weight": (self.filters, input_shape[0] // self.groups, fh, fw),
            "bias": (self.filters,),
        }
        return shapes if self.bias else {"weight": shapes["weight"]}

    def initialise(self, input_shape: Shape, rng: np.random.Generator) -> dict[str, Array]:
        """Draw weights by He's rule with fan_in = (C/G)·f², and zero biases."""
        shape = self.parameter_shapes(input_shape)["weight"]
        fan_in = shape[1] * shape[2] * shape[3]
        weight = he_normal(shape, fan_in, rng)
        return (
            {"weight": weight, "bias": np.zeros(self.filters)} if self.bias else {"weight": weight}
        )

    def multiply_adds(self, input_shape: Shape) -> int:
        """Return K·(C/G)·f²·H'·W'."""
        k, h, w = self.output_shape(input_shape)
        (fh, fw), *_ = self._geometry()
        return k * (input_shape[0] // self.groups) * fh * fw * h * w

    def forward(  # type: ignore[override]
        self, x: Array, weight: Array, bias: Array | None = None
    ) -> tuple[Array, Saved]:
        """Return y (n, K, H', W') for x (n, C, H, W): Z = W P + β."""
        n = x.shape[0]
        k, h, w = self.output_shape(x.shape[1:])
        given = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
        check_shapes(self.parameter_shapes(x.shape[1:]), **given)
        columns = patches(x, *self._geometry())  # (C·f·f, n·H'·W')
        z = self._grouped(weight) @ self._grouped(columns)  # (G, K/G, n·H'·W')
        z = z.reshape(k, -1)  # (K, n·H'·W')
        if bias is not None:
            z = z + bias[:, None]
        y = z.reshape(k, n, h, w).transpose(1, 0, 2, 3)  # (n, K, H', W')
        return y, (x.shape, columns, weight)

    def backward(self, dy: Array, saved: Saved) -> tuple[Array, dict[str, Array]]:
        """Return dx (n, C, H, W) and the gradients dW = G Pᵀ and dβ = row sums of G."""
        x_shape, columns, weight = saved
        k = weight.shape[0]
        g = dy.transpose(1, 0, 2, 3).reshape(k, -1)  # (K, n·H'·W')
        grouped = self._grouped(g)  # (G, K/G, n·H'·W')
        dw = grouped @ self._grouped(columns).transpose(0, 2, 1)  # (G, K/G, C/G·f·f)
        dcolumns = self._grouped(weight).transpose(0, 2, 1) @ grouped  # (G, C/G·f·f, n·H'·W')
        dcolumns = dcolumns.reshape(columns.shape)  # (C·f·f, n·H'·W')
        dx = add_patches(dcolumns, x_shape, *self._geometry())  # (n, C, H, W)
        gradients = {"weight": dw.reshape(weight.shape)}  # (K, C/G, f, f)
        if self.bias:
            gradients["bias"] = g.sum(axis=1)  # (K,)
        return dx, gradients

    def _grouped(self, rows: Array) -> Array:
        """Return rows, or filters, as those of each group: (G, rows/G, what a row holds)."""
        of_each = rows.shape[0] // self.groups
        return rows.reshape(self.groups, of_each, math.prod(rows.shape[1:]))

    def _geometry(self) -> tuple[tuple[int, int], tuple[int, int], Sides, tuple[int, int]]:
        """Return size, stride, padding and dilation: `__post_init__` saw to their forms."""
        sides = both_sides(self.padding, "padding")
        return self.size, self.stride, sides, self.dilation  # type: ignore[return-value]


def _written(padding: Any) -> str:
    return str(padding).replace("(", "").replace(")", "")


def both_sides(value: Any, what: str) -> Sides:
    """Return ((top, bottom), (left, right)): one number or a pair is meant for both sides.

    Raises
    ------
    ShapeError
        If it is neither one or two whole numbers nor two pairs of them, or one is negative.

    Examples
    --------
    >>> both_sides(1, "padding"), both_sides(((0, 1), 2), "padding")
    (((1, 1), (1, 1)), ((0, 1), (2, 2)))
    """
    is_nested = isinstance(value, (tuple, list)) and any(
        isinstance(side, (tuple, list)) for side in value
    )
    if not is_nested:
        rows, columns = pair(value, what, least=0)
        return (rows, rows), (columns, columns)
    if len(value) != 2:
        raise ShapeError(f"{what} is {value!r}; give ((top, bottom), (left, right))")
    return pair(value[0], what, least=0), pair(value[1], what, least=0)


def patches(
    x: Array,
    size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int] | Sides,
    dilation: tuple[int, int] = (1, 1),
) -> Array:
    """Write the patch that each place sees as one column: (n, C, H, W) → (C·f·f, n·H'·W').

    Rows are ordered (channel, filter row, filter column), columns (drawing, row, column).
    This is the linear map A of the derivation in `Conv2D`; `add_patches` is its transpose.

    Examples
    --------
    >>> picture = np.array([[[[1, 2, 3],
    ...                       [4, 5, 6]]]])
    >>> patches(picture, size=(2, 2), stride=(1, 1), padding=(0, 0))
    array([[1, 2],
           [2, 3],
           [4, 5],
           [5, 6]])
    """
    padded = np.pad(x, ((0, 0), (0, 0), *both_sides(padding, "padding")))  # (n, C, H+2p, W+2p)
    dh, dw = dilation
    reach = ((size[0] - 1) * dh + 1, (size[1] - 1) * dw + 1)
    windows = sliding_window_view(padded, reach, axis=(2, 3))  # a view: (n, C, rows, cols, …)
    windows = windows[:, :, :: stride[0], :: stride[1], ::dh, ::dw]  # (n, C, H', W', f, f)
    n, c, h, w, fh, fw = windows.shape
    windows = windows.transpose(1, 4, 5, 0, 2, 3)  # (C, f, f, n, H', W'), still a view
    return np.asarray(windows.reshape(c * fh * fw, n * h * w))  # the copy is made here


def add_patches(
    columns: Array,
    x_shape: Shape,
    size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int] | Sides,
    dilation: tuple[int, int] = (1, 1),
) -> Array:
    """Add every column's numbers back where its patch was taken: the transpose of `patches`.

    (C·f·f, n·H'·W') → (n, C, H, W). For every x and c: ⟨patches(x), c⟩ = ⟨x, add_patches(c)⟩.

    Examples
    --------
    How many of the two 2×2 patches cover each cell of a 2×3 picture?

    >>> add_patches(np.ones((4, 2)), (1, 1, 2, 3), size=(2, 2), stride=(1, 1), padding=(0, 0))
    array([[[[1., 2., 1.],
             [1., 2., 1.]]]])
    """
    n, c, h, w = x_shape
    (fh, fw), (sh, sw), (dh, dw) = size, stride, dilation
    (top, bottom), (left, right) = both_sides(padding, "padding")
    height, width = h + top + bottom, w + left + right
    rows = output_length(height, (fh - 1) * dh + 1, sh)
    cols = output_length(width, (fw - 1) * dw + 1, sw)
    columns = columns.reshape(c, fh, fw, n, rows, cols)
    dx = np.zeros((c, n, height, width), columns.dtype)
    for i in range(fh):
        for j in range(fw):
            # Filter cell (i, j) saw the padded input's rows di, di+s, … and columns dj, dj+s, …
            r, t = i * dh, j * dw
            dx[:, :, r : r + sh * rows : sh, t : t + sw * cols : sw] += columns[:, i, j]
    return np.asarray(dx[:, :, top : top + h, left : left + w].transpose(1, 0, 2, 3))
