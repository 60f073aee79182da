"""Average-pooling: the mean of each window, or of each whole map."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from inkgrad.errors import ShapeError
from inkgrad.layers.layer import Array, Layer, Saved, Shape, output_length, pair

__all__ = ["AveragePool2D", "GlobalAveragePool"]


@dataclass(frozen=True)
class AveragePool2D(Layer):
    r"""The mean of each window of `size` cells, taken every `stride` cells.

    $$ y_{b,c,u,v} = \frac{1}{f^2} \sum_{0 \le i,j < f} x_{b,\,c,\;su+i,\;sv+j} $$

    Parameters
    ----------
    size : int or (int, int)
        f, the window's rows and columns.
    stride : int or (int, int), optional
        s, the step from one window to the next; by default the window's size, so that windows
        neither overlap nor leave gaps.

    Notes
    -----
    *Shapes.* x (n, C, H, W), y (n, C, H', W') with H' = ⌊(H − f)/s⌋ + 1, and W' likewise. Rows
    and columns that no window reaches are ignored. *Cost.* f² additions an output.

    *Derivation of the backward pass.* Each cell of a window acts on its output with slope 1/f². So

        dL/dx_{r,t} = Σ over the windows (u, v) that (r, t) lies in of dL/dy_{u,v} / f²,

    a sum because windows may overlap. Unlike the maximum, the mean has no kinks: the layer is
    linear, and nothing has to be remembered but the shape.

    Examples
    --------
    >>> x = np.array([[[[1.0, 3.0, 0.0],
    ...                 [2.0, 2.0, 0.0]]]])
    >>> y, saved = AveragePool2D(2).forward(x)
    >>> y
    array([[[[2.]]]])
    >>> AveragePool2D(2).backward(np.array([[[[8.0]]]]), saved)[0]
    array([[[[2., 2., 0.],
             [2., 2., 0.]]]])
    """

    short_name: ClassVar[str] = "average"

    size: int | tuple[int, int]
    stride: int | tuple[int, int] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", pair(self.size, "pool size"))
        stride = self.size if self.stride is None else pair(self.stride, "stride")
        object.__setattr__(self, "stride", stride)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (C, H', W') for an input (C, H, W)."""
        c, h, w = _picture(input_shape)
        (fh, fw), (sh, sw) = self._geometry()
        if h < fh or w < fw:
            raise ShapeError(
                f"a {fh}×{fw} pool needs at least {fh}×{fw} cells, but the picture has {h}×{w}; "
                "take a smaller pool or fewer of them"
            )
        return (c, output_length(h, fh, sh), output_length(w, fw, sw))

    def forward(self, x: Array) -> tuple[Array, Saved]:  # type: ignore[override]
        """Return y (n, C, H', W') for x (n, C, H, W)."""
        (_, h, w), ((fh, fw), _) = self.output_shape(x.shape[1:]), self._geometry()
        # A share of each cell is added, not the sum divided: sums of huge numbers are not finite.
        y = self._cells(x, 0, 0, h, w) / (fh * fw)  # (n, C, H', W')
        for i in range(fh):
            for j in range(fw):
                if i + j > 0:
                    y += self._cells(x, i, j, h, w) / (fh * fw)
        return y, (x.shape,)

    def backward(self, dy: Array, saved: Saved) -> tuple[Array, dict[str, Array]]:
        """Return dx (n, C, H, W): each window shares its gradient out evenly."""
        (x_shape,) = saved
        (fh, fw), _ = self._geometry()
        h, w = dy.shape[2:]
        dx = np.zeros_like(dy, shape=x_shape)
        shares = dy / (fh * fw)
        for i in range(fh):
            for j in range(fw):
                self._cells(dx, i, j, h, w)[...] += shares
        return dx, {}

    def _cells(self, x: Array, i: int, j: int, h: int, w: int) -> Array:
        """Return a view of cell (i, j) of all h·w windows: (n, C, H', W')."""
        _, (sh, sw) = self._geometry()
        return x[:, :, i : i + sh * h : sh, j : j + sw * w : sw]

    def _geometry(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return (size, stride), each as (rows, columns): `__post_init__` saw to that."""
        return self.size, self.stride  # type: ignore[return-value]


@dataclass(frozen=True)
class GlobalAveragePool(Layer):
    r"""The mean of each map: where in the picture something is does not matter any more.

    $$ y_{b,c} = \frac{1}{HW} \sum_{r,t} x_{b,c,r,t} $$

    In place of `Flatten` it leaves the dense layer behind it H·W times fewer weights.

    Notes
    -----
    *Shapes.* x (n, C, H, W), y (n, C). *Cost.* H·W additions an output.

    *Derivation of the backward pass.* Every cell of map c acts on y_c alone, with slope 1/(HW), so

        dL/dx_{c,r,t} = dL/dy_c / (HW).

    References
    ----------
    M. Lin, Q. Chen, S. Yan, *Network In Network*, 2014, section 3.2.

    Examples
    --------
    >>> x = np.array([[[[1.0, 3.0],
    ...                 [2.0, 6.0]]]])
    >>> y, saved = GlobalAveragePool().forward(x)
    >>> y
    array([[3.]])
    >>> GlobalAveragePool().backward(np.array([[8.0]]), saved)[0]
    array([[[[2., 2.],
             [2., 2.]]]])
    """

    short_name: ClassVar[str] = "global"

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (C,) for an input (C, H, W)."""
        return _picture(input_shape)[:1]

    def forward(self, x: Array) -> tuple[Array, Saved]:  # type: ignore[override]
        """Return y (n, C) for x (n, C, H, W)."""
        self.output_shape(x.shape[1:])
        cells = math.prod(x.shape[2:])
        return np.asarray((x / cells).sum(axis=(2, 3))), (x.shape,)  # (n, C)

    def backward(self, dy: Array, saved: Saved) -> tuple[Array, dict[str, Array]]:
        """Return dx (n, C, H, W): each map shares its gradient out evenly."""
        (x_shape,) = saved
        shares = dy / math.prod(x_shape[2:])
        return np.broadcast_to(shares[:, :, None, None], x_shape).copy(), {}  # (n, C, H, W)


def _picture(input_shape: Shape) -> Shape:
    if len(input_shape) != 3:
        raise ShapeError(
            f"a pool needs pictures (channels, rows, columns), but is given {input_shape}"
        )
    return input_shape
