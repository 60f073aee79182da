"""Max-pooling: keep the strongest answer of each window, and forget where exactly it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from inkgrad.errors import ShapeError
from inkgrad.layers.layer import Array, Layer, Saved, Shape, output_length, pair

__all__ = ["MaxPool2D"]


@dataclass(frozen=True)
class MaxPool2D(Layer):
    r"""The maximum of each window of `size` cells, taken every `stride` cells.

    $$ y_{b,c,u,v} = \max_{0 \le i,j < f}\; \bar x_{b,\,c,\;su+i,\;sv+j} $$

    where x̄ is x with its padding.

    Parameters
    ----------
    size : int or (int, int)
        f, the window's rows and columns.
    stride : int or (int, int), optional
        s, the step from one window to the next; by default the window's size, so that windows
        neither overlap nor leave gaps.
    padding : int or (int, int)
        p, rows and columns added on each side, less than the window's size. Their cells are −∞, so
        none of them ever wins.

    Notes
    -----
    *Shapes.* x (n, C, H, W), y (n, C, H', W') with H' = ⌊(H + 2p − f)/s⌋ + 1, and W' likewise. Rows
    and columns that no window reaches are ignored. *Cost.* f² comparisons an output.

    *Derivation of the backward pass.* Let (i*, j*) be the winning cell of window (u, v). Near x,
    y_{u,v} = x_{su+i*, sv+j*}: the slope is 1 for the winner and 0 for the others. So

        dL/dx_{r,t} = Σ over the windows (u, v) that (r, t) won of dL/dy_{u,v},

    a sum because windows may overlap. Where several cells tie for the maximum there is no
    derivative; we send the whole gradient to the first of them in row-major order (blank paper is
    full of exact ties).

    Examples
    --------
    >>> x = np.array([[[[1, 2, 7, 7],
    ...                 [3, 4, 0, 7]]]])
    >>> y, saved = MaxPool2D(2).forward(x)
    >>> y
    array([[[[4, 7]]]])
    >>> MaxPool2D(2).backward(np.array([[[[10, 20]]]]), saved)[0]
    array([[[[ 0,  0, 20,  0],
             [ 0, 10,  0,  0]]]])
    """

    short_name: ClassVar[str] = "pool"

    size: int | tuple[int, int]
    stride: int | tuple[int, int] | None = None
    padding: int | tuple[int, int] = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", pair(self.size, "pool size"))
        stride = self.size if self.stride is None else pair(self.stride, "stride")
        object.__setattr__(self, "stride", stride)
        padding, size = pair(self.padding, "padding", least=0), pair(self.size, "pool size")
        if padding[0] >= size[0] or padding[1] >= size[1]:
            raise ShapeError(
                f"padding {padding[0]}, {padding[1]} leaves windows of {size[0]}×{size[1]} cells "
                "empty; give less than the pool's size"
            )
        object.__setattr__(self, "padding", padding)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (C, H', W') for an input (C, H, W)."""
        if len(input_shape) != 3:
            raise ShapeError(
                f"a pool needs pictures (channels, rows, columns), but is given {input_shape}"
            )
        c, h, w = input_shape
        (fh, fw), (sh, sw), (ph, pw) = self._geometry()
        if h + 2 * ph < fh or w + 2 * pw < fw:
            raise ShapeError(
                f"a {fh}×{fw} pool needs at least {fh}×{fw} cells, but the picture has {h}×{w}; "
                "take a smaller pool or fewer of them"
            )
        return (c, output_length(h, fh, sh, ph), output_length(w, fw, sw, pw))

    def forward(self, x: Array) -> tuple[Array, Saved]:  # type: ignore[override]
        """Return y (n, C, H', W') for x (n, C, H, W)."""
        (_, h, w), ((fh, fw), _, (ph, pw)) = self.output_shape(x.shape[1:]), self._geometry()
        x_shape = x.shape
        if ph or pw:
            lowest = np.iinfo(x.dtype).min if x.dtype.kind in "iu" else -np.inf
            x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=lowest)
        best = self._cells(x, 0, 0, h, w).copy()  # (n, C, H', W')
        winner = np.zeros(best.shape, np.min_scalar_type(fh * fw))  # i·f + j of the winning cell
        for i in range(fh):
            for j in range(fw):
                candidate = self._cells(x, i, j, h, w)
                # Strictly greater: among equals the first keeps its place. Later cells have
                # larger numbers, so the maximum overwrites only where there is a new winner.
                np.maximum(winner, (candidate > best) * winner.dtype.type(i * fw + j), out=winner)
                np.maximum(best, candidate, out=best)
        return best, (x_shape, winner)

    def backward(self, dy: Array, saved: Saved) -> tuple[Array, dict[str, Array]]:
        """Return dx (n, C, H, W): each window's gradient goes to the cell that won it."""
        (n, c, height, width), winner = saved
        (fh, fw), _, (ph, pw) = self._geometry()
        h, w = dy.shape[2:]
        dx = np.zeros_like(dy, shape=(n, c, height + 2 * ph, width + 2 * pw))
        for i in range(fh):
            for j in range(fw):
                self._cells(dx, i, j, h, w)[...] += dy * (winner == i * fw + j)
        return dx[:, :, ph : ph + height, pw : pw + width], {}

    def _cells(self, x: Array, i: int, j: int, h: int, w: int) -> Array:
        """Return a view of cell (i, j) of all h·w windows: (n, C, H', W')."""
        _, (sh, sw), _ = self._geometry()
        return x[:, :, i : i + sh * h : sh, j : j + sw * w : sw]

    def _geometry(self) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        """Return size, stride and padding, each as (rows, columns): `__post_init__` saw to that."""
        return self.size, self.stride, self.padding  # type: ignore[return-value]
