"""Dropout: while learning, let some numbers be missing, others every time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from inkgrad.errors import ShapeError
from inkgrad.layers.layer import Array, Layer, Saved, Shape
from inkgrad.layers.mode import INFERENCE, Mode

__all__ = ["Dropout"]


@dataclass(frozen=True)
class Dropout(Layer):
    r"""In training each number is 0 with probability p, and else divided by 1 − p.

    $$ y_i = \frac{k_i}{1 - p}\, x_i $$

    where k_i is 1 with probability 1 − p, else 0. When the network answers, y = x.

    Parameters
    ----------
    rate : float
        p, from 0, which does nothing, to below 1.

    Notes
    -----
    *Shapes.* y has the shape of x, whatever it is. *Cost.* One random number and one product an
    element in training, nothing in use.

    *Why.* No number can rely on another one being there, so that each learns to be of use by
    itself. As E[k_i / (1 − p)] = 1, the next layer is given in training, on average, what it is
    given in use.

    *Derivation of the backward pass.* The k_i do not depend on x, so the layer is linear, with a
    diagonal matrix, in every pass:

        dL/dx_i = dL/dy_i · k_i / (1 − p).

    *Chance.* It depends on seed, step, layer, drawing and element alone: see `Mode`.

    References
    ----------
    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, *Dropout: A Simple Way
    to Prevent Neural Networks from Overfitting*, 2014; they multiply by 1 − p in use instead.

    Examples
    --------
    >>> layer = Dropout(0.5)
    >>> x = np.ones((1, 8))
    >>> layer.forward(x)[0]
    array([[1., 1., 1., 1., 1., 1., 1., 1.]])
    >>> y, saved = layer.forward(x, mode=Mode.of_step(seed=0, step=0))
    >>> y
    array([[0., 2., 0., 2., 2., 0., 2., 0.]])
    >>> bool((layer.backward(x, saved)[0] == y).all())
    True
    """

    short_name: ClassVar[str] = "dropout"
    takes_mode: ClassVar[bool] = True

    rate: float = 0.5

    def __post_init__(self) -> None:
        is_number = isinstance(self.rate, (int, float, np.number))
        if not is_number or isinstance(self.rate, bool) or not 0 <= self.rate < 1:
            raise ShapeError(f"rate is {self.rate!r}; give a number from 0 to below 1")
        object.__setattr__(self, "rate", float(self.rate))

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape."""
        return input_shape

    def forward(  # type: ignore[override]
        self, x: Array, *, mode: Mode = INFERENCE
    ) -> tuple[Array, Saved]:
        """Return x, or in training what is left of it."""
        if not mode.training:
            return x.copy(), (None,)
        kept = (mode.uniform(x.shape) >= self.rate).astype(x.dtype)
        kept *= x.dtype.type(1 / (1 - self.rate))
        return x * kept, (kept,)

    def backward(self, dy: Array, saved: Saved) -> tuple[Array, dict[str, Array]]:
        """Return dx: what was missing learns nothing."""
        (kept,) = saved
        return (dy.copy() if kept is None else dy * kept), {}
