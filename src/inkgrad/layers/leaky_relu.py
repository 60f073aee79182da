"""Leaky ReLU: let positive numbers through, and a little of the negative ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from inkgrad.errors import ShapeError
from inkgrad.layers.layer import Array, Layer, Saved, Shape

__all__ = ["LeakyReLU"]


@dataclass(frozen=True)
class LeakyReLU(Layer):
    r"""A rectifier that never closes, element by element: y = x where x > 0, else a·x.

    Parameters
    ----------
    slope : float
        a, what is left of negative numbers; from 0, which is ReLU, to 1, which does nothing.

    Notes
    -----
    *Shapes.* y has the shape of x, whatever it is. *Cost.* One comparison and one product an
    element.

    *Derivation of the backward pass.* y_i depends on x_i alone, with slope 1 where x_i > 0 and a
    where x_i < 0, so

        dL/dx_i = dL/dy_i · (1 if x_i > 0 else a).

    A cell that ReLU has closed learns nothing any more; here it still does, a times as fast. At
    x_i = 0 there is no derivative; we take a, so that with a = 0 the layer is ReLU there too.

    References
    ----------
    A. L. Maas, A. Y. Hannun, A. Y. Ng, *Rectifier Nonlinearities Improve Neural Network Acoustic
    Models*, 2013.

    Examples
    --------
    >>> layer = LeakyReLU(0.1)
    >>> y, saved = layer.forward(np.array([-20.0, 0.0, 3.0]))
    >>> y
    array([-2.,  0.,  3.])
    >>> layer.backward(np.array([10.0, 20.0, 30.0]), saved)[0]
    array([ 1.,  2., 30.])
    """

    short_name: ClassVar[str] = "leaky"

    slope: float = 0.01

    def __post_init__(self) -> None:
        is_number = isinstance(self.slope, (int, float, np.number))
        if not is_number or isinstance(self.slope, bool) or not 0 <= self.slope <= 1:
            raise ShapeError(f"slope is {self.slope!r}; give a number from 0 to 1")
        object.__setattr__(self, "slope", float(self.slope))

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape."""
        return input_shape

    def forward(self, x: Array) -> tuple[Array, Saved]:  # type: ignore[override]
        """Return x where it is positive, else a·x."""
        positive = x > 0
        return np.where(positive, x, x * x.dtype.type(self.slope)), (positive,)

    def backward(self, dy: Array, saved: Saved) -> tuple[Array, dict[str, Array]]:
        """Return dx = dy where x was positive, else a·dy."""
        (positive,) = saved
        return np.where(positive, dy, dy * dy.dtype.type(self.slope)), {}
