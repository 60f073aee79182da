"""ReLU: let positive numbers through and stop the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from inkgrad.layers.layer import Array, Layer, Saved, Shape

__all__ = ["ReLU"]


@dataclass(frozen=True)
class ReLU(Layer):
    r"""The rectifier, element by element: y = max(x, 0).

    Notes
    -----
    *Shapes.* y has the shape of x, whatever it is. *Cost.* One comparison an element.

    *Derivation of the backward pass.* y_i depends on x_i alone, with slope 1 where x_i > 0 and 0
    where x_i < 0, so

        dL/dx_i = dL/dy_i · ∂y_i/∂x_i = dL/dy_i · [x_i > 0].

    At x_i = 0 there is no derivative; we take 0, so that a cell that says nothing learns nothing
    (blank paper is full of exact zeros).

    Examples
    --------
    >>> y, saved = ReLU().forward(np.array([-2, 0, 3]))
    >>> y
    array([0, 0, 3])
    >>> ReLU().backward(np.array([10, 20, 30]), saved)[0]
    array([ 0,  0, 30])
    """

    short_name: ClassVar[str] = "relu"

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape."""
        return input_shape

    def forward(self, x: Array) -> tuple[Array, Saved]:  # type: ignore[override]
        """Return max(x, 0)."""
        return np.maximum(x, 0), (x > 0,)

    def backward(self, dy: Array, saved: Saved) -> tuple[Array, dict[str, Array]]:
        """Return dx = dy where x was positive, else 0."""
        (positive,) = saved
        return dy * positive, {}
