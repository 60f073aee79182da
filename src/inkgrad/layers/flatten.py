"""Flatten: lay the numbers of a picture in one row, for the dense layers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from inkgrad.layers.layer import Array, Layer, Saved, Shape

__all__ = ["Flatten"]


@dataclass(frozen=True)
class Flatten(Layer):
    r"""The same numbers in one row, in (channel, row, column) order.

    $$ y_{b,\;(cH + r)W + t} = x_{b,c,r,t} $$

    Notes
    -----
    *Shapes.* x (n, C, H, W) or any other, y (n, C·H·W). *Cost.* None.

    *Derivation of the backward pass.* Nothing is computed, only renamed: the derivative of a
    number is the derivative of the same number under its old name, dL/dx_{b,c,r,t} =
    dL/dy_{b,(c·H+r)·W+t}, which is the reshape back.

    Examples
    --------
    >>> y, saved = Flatten().forward(np.arange(8).reshape(1, 2, 2, 2))
    >>> y
    array([[0, 1, 2, 3, 4, 5, 6, 7]])
    >>> Flatten().backward(y, saved)[0].shape
    (1, 2, 2, 2)
    """

    short_name: ClassVar[str] = "flatten"

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (C·H·W,)."""
        return (math.prod(input_shape),)

    def forward(self, x: Array) -> tuple[Array, Saved]:  # type: ignore[override]
        """Return x as (n, C·H·W)."""
        return x.reshape(x.shape[0], math.prod(x.shape[1:])), (x.shape,)

    def backward(self, dy: Array, saved: Saved) -> tuple[Array, dict[str, Array]]:
        """Return dy in the shape that x had."""
        (x_shape,) = saved
        return np.asarray(dy.reshape(x_shape)), {}
