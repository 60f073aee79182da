"""Dense: every output is a weighted sum of every input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from inkgrad.errors import ShapeError
from inkgrad.layers.layer import (
    Array,
    Layer,
    Saved,
    Shape,
    check_shapes,
    he_normal,
    whole_number,
)

__all__ = ["Dense"]


@dataclass(frozen=True)
class Dense(Layer):
    r"""A fully connected layer: y = x W + β.

    $$ y_{b,k} = \sum_i x_{b,i}\, w_{i,k} + \beta_k $$

    Parameters
    ----------
    outputs : int
        K, the number of outputs.

    Notes
    -----
    *Shapes.* x (n, I), weight (I, K), bias (K,), y (n, K). *Cost.* I·K multiply-adds a drawing
    forward, twice that backward.

    *Derivation of the backward pass.* With G = dL/dy, (n, K):

        dL/dw_{i,k} = Σ_b G_{b,k} ∂y_{b,k}/∂w_{i,k} = Σ_b x_{b,i} G_{b,k}   so  dW = xᵀ G
        dL/dβ_k     = Σ_b G_{b,k}                                           so  dβ = Σ of G's rows
        dL/dx_{b,i} = Σ_k G_{b,k} ∂y_{b,k}/∂x_{b,i} = Σ_k G_{b,k} w_{i,k}   so  dx = G Wᵀ

    Each is the only product of the two matrices at hand whose shape fits, which is a good way to
    remember it. (The notes that inkgrad grew from feed this layer with Z¹; it must be fed the
    activation A¹ = ReLU(Z¹), or two dense layers in a row would collapse into one.)

    Examples
    --------
    >>> x = np.array([[1, 2]])                                      # (1, 2)
    >>> weight, bias = np.array([[1, 0, 2], [0, 1, 3]]), np.array([10, 20, 30])
    >>> y, saved = Dense(3).forward(x, weight, bias)
    >>> y                              # 1*1 + 2*0 + 10,  1*0 + 2*1 + 20,  1*2 + 2*3 + 30
    array([[11, 22, 38]])
    >>> dx, gradients = Dense(3).backward(np.array([[1, 1, 2]]), saved)
    >>> dx                             # 1*1 + 1*0 + 2*2,  1*0 + 1*1 + 2*3
    array([[5, 7]])
    >>> gradients["weight"]
    array([[1, 1, 2],
           [2, 2, 4]])
    """

    short_name: ClassVar[str] = "dense"

    outputs: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "outputs", whole_number(self.outputs, "outputs"))

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return (K,) for an input (I,)."""
        if len(input_shape) != 1:
            raise ShapeError(
                f"a dense layer needs one row of numbers (inputs,), but is given {input_shape}; "
                "put a Flatten() before it"
            )
        return (self.outputs,)

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return weight (I, K) and bias (K,)."""
        return {"weight": (input_shape[0], self.outputs), "bias": (self.outputs,)}

    def initialise(self, input_shape: Shape, rng: np.random.Generator) -> dict[str, Array]:
        """Draw weights by He's rule with fan_in = I, and zero biases."""
        shape = self.parameter_shapes(input_shape)["weight"]
        return {"weight": he_normal(shape, shape[0], rng), "bias": np.zeros(self.outputs)}

    def multiply_adds(self, input_shape: Shape) -> int:
        """Return I·K."""
        return input_shape[0] * self.outputs

    def forward(self, x: Array, weight: Array, bias: Array) -> tuple[Array, Saved]:  # type: ignore[override]
        """Return y (n, K) for x (n, I)."""
        self.output_shape(x.shape[1:])  # refuses anything but rows
        check_shapes(self.parameter_shapes(x.shape[1:]), weight=weight, bias=bias)
        return x @ weight + bias, (x, weight)

    def backward(self, dy: Array, saved: Saved) -> tuple[Array, dict[str, Array]]:
        """Return dx = G Wᵀ and the gradients dW = xᵀ G and dβ = column sums of G."""
        x, weight = saved
        dw = x.T @ dy  # (I, K)
        db = dy.sum(axis=0)  # (K,)
        return dy @ weight.T, {"weight": dw, "bias": db}
