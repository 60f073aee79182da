"""Convolution: slide small filters over a picture and note how well each fits at each place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

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

__all__ = ["Conv2D", "add_patches", "patches"]


@dataclass(frozen=True)
class Conv2D(Layer):
    r"""A bank of `filters` filters, each a small picture of weights that slides over the input.

    $$ y_{b,k,u,v} = \sum_{c,i,j} w_{k,c,i,j}\; \bar x_{b,\,c,\;su+i,\;sv+j} + \beta_k $$

    where x̄ is x with p rows and columns of zeros added on every side, s the stride, and i, j run
    over the filter's rows and columns. (Strictly this is a correlation: the filter is not turned
    round. Since the weights are learnt, the two are the same network, and the whole field says
    convolution.)

    Parameters
    ----------
    filters : int
        K, the number of filters, which is the number of output channels.
    size : int or (int, int)
        f, the filters' rows and columns.
    stride : int or (int, int)
        s, the step from one place to the next.
    padding : int or (int, int)
        p, the zeros added on each side; (f − 1) / 2 keeps the size of the picture at stride 1.

    Notes
    -----
    *Shapes.* x (n, C, H, W), weight (K, C, f, f), bias (K,), y (n, K, H', W') with
    H' = ⌊(H + 2p − f)/s⌋ + 1, and W' likewise.

    *Cost.* K·C·f²·H'·W' multiply-adds a drawing forward, twice that backward.

    *As a matrix product.* Write the patch that place (b, u, v) sees as one column: the C·f² rows
    of P hold x̄[b, c, su+i, sv+j], its n·H'·W' columns are the places. Then Z = W P + β, one
    matrix product, with W the weights as K rows. `patches` makes P; it is a linear map A of x.

    *Derivation of the backward pass.* Let G = dL/dZ, the same numbers as dy with one row a
    filter. From Z_{k,q} = Σ_r W_{k,r} P_{r,q} + β_k, with r a filter cell (c, i, j) and q a place:

        dL/dW_{k,r} = Σ_q G_{k,q} ∂Z_{k,q}/∂W_{k,r} = Σ_q G_{k,q} P_{r,q}   so  dW = G Pᵀ
        dL/dβ_k     = Σ_q G_{k,q}                                           so  dβ = row sums of G
        dL/dP_{r,q} = Σ_k G_{k,q} ∂Z_{k,q}/∂P_{r,q} = Σ_k W_{k,r} G_{k,q}   so  dP = Wᵀ G

    An input cell stands in several patches, once for each filter cell that passes over it, and
    its derivative is the sum of theirs: dx = Aᵀ dP, which is `add_patches`. Cells of the padding
    are constants; their derivatives are dropped.

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
    padding: int | tuple[int, int] = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "filters", whole_number(self.filters, "filters"))
        object.__setattr__(self, "size", pair(self.size, "filter size"))
        object.__setattr__(self, "stride", pair(self.stride, "stride"))
        object.__setattr__(self, "padding", pair(self.padding, "padding", least=0))

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (K, H', W') for an input (C, H, W)."""
        if len(input_shape) != 3:
            raise ShapeError(
                "a convolution needs pictures (channels, rows, columns), "
                f"but is given {input_shape}"
            )
        _, h, w = input_shape
        (fh, fw), (sh, sw), (ph, pw) = self._geometry()
        if h + 2 * ph < fh or w + 2 * pw < fw:
            raise ShapeError(
                f"a {fh}×{fw} filter needs at least {fh}×{fw} cells, but the picture has "
                f"{h}×{w} with padding {ph}, {pw}; take a smaller filter or more padding"
            )
        return (self.filters, output_length(h, fh, sh, ph), output_length(w, fw, sw, pw))

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return weight (K, C, f, f) and bias (K,)."""
        (fh, fw), _, _ = self._geometry()
        return {"weight": (self.filters, input_shape[0], fh, fw), "bias": (self.filters,)}

    def initialise(self, input_shape: Shape, rng: np.random.Generator) -> dict[str, Array]:
        """Draw weights by He's rule with fan_in = C·f², and zero biases."""
        shape = self.parameter_shapes(input_shape)["weight"]
        fan_in = shape[1] * shape[2] * shape[3]
        return {"weight": he_normal(shape, fan_in, rng), "bias": np.zeros(self.filters)}

    def multiply_adds(self, input_shape: Shape) -> int:
        """Return K·C·f²·H'·W'."""
        k, h, w = self.output_shape(input_shape)
        (fh, fw), _, _ = self._geometry()
        return k * input_shape[0] * fh * fw * h * w

    def forward(self, x: Array, weight: Array, bias: Array) -> tuple[Array, Saved]:  # type: ignore[override]
        """Return y (n, K, H', W') for x (n, C, H, W): Z = W P + β."""
        n = x.shape[0]
        k, h, w = self.output_shape(x.shape[1:])
        check_shapes(self.parameter_shapes(x.shape[1:]), weight=weight, bias=bias)
        columns = patches(x, *self._geometry())  # (C·f·f, n·H'·W')
        z = weight.reshape(k, -1) @ columns + bias[:, None]  # (K, n·H'·W')
        y = z.reshape(k, n, h, w).transpose(1, 0, 2, 3)  # (n, K, H', W')
        return y, (x.shape, columns, weight)

    def backward(self, dy: Array, saved: Saved) -> tuple[Array, dict[str, Array]]:
        """Return dx (n, C, H, W) and the gradients dW = G Pᵀ and dβ = row sums of G."""
        x_shape, columns, weight = saved
        k = weight.shape[0]
        g = dy.transpose(1, 0, 2, 3).reshape(k, -1)  # (K, n·H'·W')
        dw = (g @ columns.T).reshape(weight.shape)  # (K, C, f, f)
        db = g.sum(axis=1)  # (K,)
        dcolumns = weight.reshape(k, -1).T @ g  # (C·f·f, n·H'·W')
        dx = add_patches(dcolumns, x_shape, *self._geometry())  # (n, C, H, W)
        return dx, {"weight": dw, "bias": db}

    def _geometry(self) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        """Return (size, stride, padding), each as (rows, columns): `__post_init__` saw to that."""
        return self.size, self.stride, self.padding  # type: ignore[return-value]


def patches(
    x: Array, size: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]
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
    ph, pw = padding
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))  # (n, C, H+2p, W+2p)
    windows = sliding_window_view(padded, size, axis=(2, 3))  # a view: (n, C, rows, cols, f, f)
    windows = windows[:, :, :: stride[0], :: stride[1]]  # (n, C, H', W', f, f)
    n, c, h, w, fh, fw = windows.shape
    windows = windows.transpose(1, 4, 5, 0, 2, 3)  # (C, f, f, n, H', W'), still a view
    return np.asarray(windows.reshape(c * fh * fw, n * h * w))  # the copy is made here


def add_patches(
    columns: Array,
    x_shape: Shape,
    size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
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
    (fh, fw), (sh, sw), (ph, pw) = size, stride, padding
    rows, cols = output_length(h, fh, sh, ph), output_length(w, fw, sw, pw)
    columns = columns.reshape(c, fh, fw, n, rows, cols)
    dx = np.zeros((c, n, h + 2 * ph, w + 2 * pw), columns.dtype)
    for i in range(fh):
        for j in range(fw):
            # Filter cell (i, j) saw the padded input's rows i, i+s, … and columns j, j+s, …
            dx[:, :, i : i + sh * rows : sh, j : j + sw * cols : sw] += columns[:, i, j]
    return np.asarray(dx[:, :, ph : ph + h, pw : pw + w].transpose(1, 0, 2, 3))  # (n, C, H, W)
