"""What every layer is: a configuration, a shape rule, a forward pass and its backward pass."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from inkgrad.errors import ShapeError

__all__ = [
    "Array",
    "Layer",
    "Saved",
    "Shape",
    "check_shapes",
    "he_normal",
    "output_length",
    "pair",
    "whole_number",
]

Array = NDArray[Any]
Shape = tuple[int, ...]
Saved = tuple[Any, ...]


class Layer(ABC):
    """One operation of a network.

    A layer holds only its configuration (it is a frozen dataclass): weights are handed to
    `forward`, and what the backward pass will need is returned as `saved`, not kept. So the same
    layer can run in several threads, and the chain rule is in plain sight:

        y, saved = layer.forward(x, **parameters)
        dx, gradients = layer.backward(dy, saved)

    where `dy` is dL/dy for some scalar L, `dx` is dL/dx, and `gradients[name]` is
    dL/d(parameter `name`). Shapes carry a leading batch axis n in `forward` and `backward`, and
    none in `output_shape` and its companions. Arrays keep the dtype that they come in, so the
    same code proves itself in float64 and trains in float32.

    A few layers also *measure* while the network learns (`BatchNorm`): their numbers, named by
    `state_shapes`, are handed to `forward` with the parameters, and `next_state` says what they are
    after a pass. And a few do something else in training than in use (`Dropout`): those set
    `takes_mode`, and are called as `forward(x, …, mode=mode)`.
    """

    short_name: ClassVar[str]
    """What a network calls such a layer, before it numbers it: ``conv``, ``relu``, …"""

    takes_mode: ClassVar[bool] = False
    """Whether `forward` asks for the pass's `Mode`."""

    @property
    def together(self) -> int:
        """How many drawings of a batch, from its first on, must be in one pass: 1, or a shard."""
        return 1

    @abstractmethod
    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of one output, given the shape of one input.

        Raises
        ------
        ShapeError
            If the layer cannot take such an input.
        """

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return the name and shape of each parameter; none by default."""
        return {}

    def initialise(self, input_shape: Shape, rng: np.random.Generator) -> dict[str, Array]:
        """Draw first values for the parameters, in the order of `parameter_shapes`."""
        return {}

    def state_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return the name and shape of each number array that is measured; none by default."""
        return {}

    def first_state(self, input_shape: Shape) -> dict[str, Array]:
        """Return what stands for the statistics before anything is measured."""
        return {}

    def next_state(self, saved: Saved, **state: Array) -> dict[str, Array]:
        """Return the statistics after the pass that `saved` is of; nothing is modified."""
        return {}

    def multiply_adds(self, input_shape: Shape) -> int:
        """Return the multiplications-with-addition that one input's forward pass takes."""
        return 0

    @abstractmethod
    def forward(self, x: Array, **parameters: Array) -> tuple[Array, Saved]:
        """Return the output y and what `backward` will need."""

    @abstractmethod
    def backward(self, dy: Array, saved: Saved) -> tuple[Array, dict[str, Array]]:
        """Return dL/dx and dL/d(each parameter), given dL/dy and what `forward` saved."""

    def to_config(self) -> dict[str, Any]:
        """Return the layer as plain values, ready for JSON: its type and its settings."""
        settings = dataclasses.asdict(self)  # type: ignore[call-overload]
        return {"type": type(self).__name__, **settings}

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], make: Callable[[Any, str], Layer]) -> Layer:
        """Return the layer with the settings of `to_config`.

        Parameters
        ----------
        settings : mapping
            Without the type.
        make : callable
            Makes a layer from its configuration, and the name of its place for errors: for layers
            that hold layers.
        """
        return cls(**settings)


def whole_number(value: Any, what: str, *, least: int = 1) -> int:
    """Return `value` as an int, be it Python's or NumPy's.

    Raises
    ------
    ShapeError
        If it is not a whole number (True and 3.0 are none) or is less than `least`.

    Examples
    --------
    >>> whole_number(np.int64(3), "filters")
    3
    >>> whole_number(True, "filters")
    Traceback (most recent call last):
    inkgrad.errors.ShapeError: filters is True; give a whole number of at least 1
    """
    if not _is_whole(value) or value < least:
        raise ShapeError(f"{what} is {value!r}; give a whole number of at least {least}")
    return int(value)


def pair(value: int | tuple[int, int], what: str, *, least: int = 1) -> tuple[int, int]:
    """Return `value` as (rows, columns), a single number standing for both.

    Raises
    ------
    ShapeError
        If it is neither a whole number nor two of them, or one is less than `least`.

    Examples
    --------
    >>> pair(3, "filter size"), pair((5, 3), "filter size")
    ((3, 3), (5, 3))
    >>> pair(0, "stride")
    Traceback (most recent call last):
    inkgrad.errors.ShapeError: stride is 0; give one or two (rows, columns) whole numbers of ...
    """
    both = value if isinstance(value, (tuple, list)) else (value, value)
    if len(both) != 2 or not all(_is_whole(v) and v >= least for v in both):
        raise ShapeError(
            f"{what} is {value!r}; "
            f"give one or two (rows, columns) whole numbers of at least {least}"
        )
    return (int(both[0]), int(both[1]))


def check_shapes(needed: dict[str, Shape], **given: Array) -> None:
    """Refuse parameters whose shapes are not those that the layer needs for its input.

    Raises
    ------
    ShapeError
        Naming the parameter, the shape given and the shape needed.

    Examples
    --------
    >>> check_shapes({"bias": (3,)}, bias=np.zeros(5))
    Traceback (most recent call last):
    inkgrad.errors.ShapeError: the bias has shape (5,), but with this input it needs (3,)
    """
    for name, array in given.items():
        if array.shape != needed[name]:
            raise ShapeError(
                f"the {name} has shape {array.shape}, but with this input it needs {needed[name]}"
            )


def output_length(n: int, size: int, stride: int, padding: int = 0) -> int:
    r"""Return how many places a window of `size` finds on an axis of length `n`.

    $$ m = \left\lfloor \frac{n + 2p - f}{s} \right\rfloor + 1 $$

    The window starts at 0, s, 2s, … of the padded axis, and its last start is at most
    n + 2p − f. (The notes that inkgrad grew from print (n + 2p − f + 1)/s, which gives 13.5
    places for a 2×2 pool with stride 2 on 28; the right figure is 14.) A result below 1 means
    that the window does not fit.

    Examples
    --------
    >>> output_length(28, size=3, stride=1, padding=1), output_length(28, size=2, stride=2)
    (28, 14)
    """
    return (n + 2 * padding - size) // stride + 1


def he_normal(shape: Shape, fan_in: int, rng: np.random.Generator) -> Array:
    r"""Draw weights from N(0, 2 / fan_in), which keeps the signal's size through a ReLU layer.

    If each of `fan_in` inputs has mean square q, a sum of them with weights of variance v has
    variance fan_in · v · q, and ReLU lets half of its mean square through; v = 2 / fan_in makes
    the output's mean square q again, layer after layer (He, Zhang, Ren and Sun, *Delving Deep
    into Rectifiers*, 2015, section 2.2).

    Examples
    --------
    >>> w = he_normal((1000, 50), fan_in=50, rng=np.random.default_rng(0))
    >>> round(float(w.std()), 2), round(math.sqrt(2 / 50), 2)
    (0.2, 0.2)
    """
    return rng.normal(0.0, math.sqrt(2.0 / fan_in), shape)


def _is_whole(value: Any) -> bool:
    """Tell whether `value` is a whole number; a bool is not, though Python counts it as one."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
