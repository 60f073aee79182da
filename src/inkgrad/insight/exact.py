"""Exact checks: in rational numbers, where nothing is rounded, a right layer has error 0.

Convolutions, dense layers and pools are linear, or piecewise so, and so are the rectifiers,
branches of them that are joined, and what batch norm and dropout do when a network answers. In
Python's fractions such a layer's forward pass is either what plain loops give or it is wrong, and
where the input is far from a kink, so is every element of its derivative: for a small enough h,

    (L(p + h) − L(p)) / h = dL/dp    exactly, for L = ⟨dy, y⟩ and each number p of x and parameters.

The layers are the very ones that train: NumPy runs their code on arrays of fractions.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from inkgrad.insight import loops
from inkgrad.layers import (
    Array,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    LeakyReLU,
    MaxPool2D,
    Parallel,
    ReLU,
    Shape,
    row,
)
from inkgrad.layers.conv import both_sides
from inkgrad.layers.layer import pair

__all__ = ["ExactCheck", "check_exactly"]

_EPSILON = Fraction(1, 8)
_STEP = Fraction(1, 1024)  # inputs are whole and all different: no step crosses a kink


@dataclass(frozen=True)
class ExactCheck:
    """What was found of one kind of layer.

    Attributes
    ----------
    layer : str
        The kind: ``"Conv2D"``.
    cases : int
        Layers with some settings and an input of some shape.
    numbers : int
        Outputs and derivatives compared in them.
    largest_error : Fraction
        0 if all are right.
    """

    layer: str
    cases: int
    numbers: int
    largest_error: Fraction


def check_exactly(
    seed: int = 0, on_case: Callable[[int, int], None] | None = None
) -> list[ExactCheck]:
    """Check every kind of piecewise linear layer over a grid of shapes and settings.

    Forward against loops written from the formula, backward against exact difference quotients,
    element by element, in fractions.

    Parameters
    ----------
    seed : int
        Draws inputs and weights.
    on_case : callable, optional
        Told (done, total) after each case.

    Returns
    -------
    rows : list of ExactCheck, one for each kind of layer

    Examples
    --------
    >>> rows = check_exactly()
    >>> {row.layer for row in rows} >= {"Conv2D", "Dense", "MaxPool2D", "ReLU"}
    True
    >>> max(row.largest_error for row in rows)
    Fraction(0, 1)
    """
    cases = list(_grid())
    found: dict[str, list[tuple[int, Fraction]]] = {}
    for done, (layer, shape) in enumerate(cases, start=1):
        rng = np.random.default_rng([seed, done])
        found.setdefault(type(layer).__name__, []).append(_check(layer, shape, rng))
        if on_case is not None:
            on_case(done, len(cases))
    return [
        ExactCheck(
            name, len(each), sum(count for count, _ in each), max(error for _, error in each)
        )
        for name, each in found.items()
    ]


def _grid() -> Iterator[tuple[Layer, Shape]]:
    """Yield layers with all combinations of settings that differ in kind, and inputs that fit."""
    size: Any  # numbers and pairs, in turn
    stride: Any
    padding: Any
    dilation: Any
    shape: Shape
    branches: Any
    exact_epsilon: Any = _EPSILON
    sizes, strides = (1, (2, 3), (3, 1)), (1, (2, 1))
    paddings = (0, (1, 2), ((0, 1), (2, 0)))
    for size, stride, padding, dilation, groups, bias in itertools.product(
        sizes, strides, paddings, (1, (2, 1)), (1, 2), (True, False)
    ):
        layer = Conv2D(2, size, stride, padding, dilation, groups, bias)
        yield layer, (1, 2, 5, 3)
    yield Conv2D(3, 2), (2, 1, 3, 4)
    for size, stride, padding in itertools.product(
        (1, 2, (3, 2)), (None, 1, (1, 3)), (0, (0, 1), (1, 0))
    ):
        if all(p < f for p, f in zip(pair(padding, "", least=0), pair(size, ""), strict=True)):
            yield MaxPool2D(size, stride, padding), (1, 2, 4, 5)
    for size, stride in itertools.product((1, 2, (3, 2)), (None, 1, (1, 3))):
        yield AveragePool2D(size, stride), (1, 2, 4, 5)
    for shape in ((1, 1, 1, 1), (2, 3, 2, 3)):
        yield GlobalAveragePool(), shape
    for outputs, inputs in itertools.product((1, 3), (1, 4)):
        yield Dense(outputs), (2, inputs)
    for shape in ((2, 3), (2, 2, 3), (1, 2, 2, 3)):
        yield Flatten(), shape
        yield ReLU(), shape
        for slope in (0.0, 0.25, 1.0):  # numbers that a float holds exactly
            yield LeakyReLU(slope), shape
        yield Dropout(), shape
    for shape in ((1, 3), (2, 3), (2, 2, 3), (1, 2, 2, 3)):
        yield BatchNorm(epsilon=exact_epsilon), shape
    norm = BatchNorm(epsilon=exact_epsilon)
    rows: Any = (
        [],
        [ReLU(), Conv2D(2, (1, 2), padding=((0, 0), (1, 0)))],
        [norm, Conv2D(2, 1, groups=2, bias=False)],
        [Parallel(((Conv2D(2, 1),), ())), Dropout()],
    )
    for join, count in itertools.product(("add", "concatenate"), (1, 2, len(rows))):
        for branches in itertools.combinations(rows, count):
            yield Parallel(branches, join), (1, 2, 2, 2)


def _check(layer: Layer, shape: Shape, rng: np.random.Generator) -> tuple[int, Fraction]:
    """Return how many numbers were compared, and the largest error."""
    x = _different(shape, rng)
    parameters = {
        name: _exact(rng.integers(-4, 5, its_shape))
        for name, its_shape in layer.parameter_shapes(shape[1:]).items()
    }
    statistics = {
        name: _squares(its_shape, rng)
        if name.endswith("variance")
        else _exact(rng.integers(-4, 5, its_shape))
        for name, its_shape in layer.state_shapes(shape[1:]).items()
    }
    y, saved = layer.forward(x, **parameters, **statistics)
    errors = [_error(y, _by_loops(layer, x, {**parameters, **statistics}))]
    dy = _exact(rng.integers(-4, 5, y.shape))
    dx, gradients = layer.backward(dy, saved)
    before = (dy * y).sum()
    for name, value, derivative in [
        ("x", x, dx),
        *((name, parameters[name], gradients[name]) for name in parameters),
    ]:
        measured = np.empty(value.shape, object)
        for place in np.ndindex(*value.shape):
            moved = value.copy()
            moved[place] += _STEP
            given = {"x": x, **parameters, **statistics, name: moved}
            after = (dy * layer.forward(given.pop("x"), **given)[0]).sum()
            measured[place] = (after - before) / _STEP
        errors.append(_error(derivative, measured))
    numbers = y.size + x.size + sum(value.size for value in parameters.values())
    return numbers, max(errors)


def _by_loops(layer: Layer, x: Array, parameters: dict[str, Array]) -> Array:
    """Return the layer's output straight from its formula."""
    if isinstance(layer, Conv2D):
        return loops.convolution(
            x,
            parameters["weight"],
            parameters.get("bias"),
            pair(layer.stride, "stride"),
            both_sides(layer.padding, "padding"),
            pair(layer.dilation, "dilation"),
            layer.groups,
        )
    if isinstance(layer, Dense):
        return loops.dense(x, parameters["weight"], parameters["bias"])
    if isinstance(layer, MaxPool2D):
        geometry: Any = layer.size, layer.stride, layer.padding
        return loops.max_pool(x, *geometry)[0]
    if isinstance(layer, AveragePool2D):
        return loops.average_pool(x, pair(layer.size, "size"), pair(layer.stride or 1, "stride"))
    if isinstance(layer, GlobalAveragePool):
        return loops.average_pool(x, (x.shape[2], x.shape[3]), (1, 1))[:, :, 0, 0]
    if isinstance(layer, Flatten):
        return x.reshape(len(x), -1)
    if isinstance(layer, Dropout):
        return x
    if isinstance(layer, BatchNorm):
        mean, variance = parameters["mean"], parameters["variance"]
        scale, shift = parameters["scale"], parameters["shift"]
        return loops.normalised(x, mean, variance, scale, shift, layer.epsilon)
    if isinstance(layer, Parallel):
        return _joined(layer, x, parameters)
    slope = Fraction(layer.slope) if isinstance(layer, LeakyReLU) else Fraction(0)
    by_hand = [value if value > 0 else slope * value for value in x.ravel()]
    return np.array(by_hand, object).reshape(x.shape)


def _joined(layer: Parallel, x: Array, numbers: dict[str, Array]) -> Array:
    """Return the outputs of all branches, each layer's by loops, added or side by side."""
    outputs = []
    for number, stages in enumerate(layer.rows(x.shape[1:]), start=1):
        y = x
        for stage in stages:
            y = _by_loops(stage.layer, y, _own(stage, f"{number}.", numbers))
        outputs.append(y)
    if layer.join == "add":
        return np.asarray(sum(outputs))
    channels = [y[:, c] for y in outputs for c in range(y.shape[1])]
    return np.stack(channels, axis=1)


def _own(stage: row.Stage, prefix: str, numbers: dict[str, Array]) -> dict[str, Array]:
    """Return the numbers of a layer in a branch by its own names."""
    names = (*stage.parameter_shapes, *stage.state_shapes)
    return {name: numbers[f"{prefix}{stage.name}.{name}"] for name in names}


class _Square(Fraction):
    """A fraction that is a square when ε is added, and knows its root."""

    def __add__(self, other: Any) -> _Square:  # type: ignore[override]
        return _Square(Fraction(self) + other)

    def sqrt(self) -> Fraction:
        """Return the root, which must be a fraction itself."""
        root = Fraction(math.isqrt(self.numerator), math.isqrt(self.denominator))
        if root * root != self:
            raise ValueError(f"{self} is not the square of a fraction")
        return root


def _squares(shape: Shape, rng: np.random.Generator) -> Array:
    """Return variances σ² with a fraction for √(σ² + ε)."""
    roots = _exact(rng.integers(1, 6, shape))
    exact = np.empty(shape, object)
    exact.ravel()[:] = [_Square((root / 2) ** 2 - _EPSILON) for root in roots.ravel()]
    return exact


def _different(shape: Shape, rng: np.random.Generator) -> Array:
    """Return whole numbers, none twice and none 0, as fractions."""
    size = int(np.prod(shape))
    numbers = rng.permutation([n for n in range(-(size // 2 + 1), size // 2 + 2) if n != 0])[:size]
    return _exact(numbers.reshape(shape))


def _exact(values: Array) -> Array:
    """Return an array of fractions."""
    exact = np.empty(values.shape, object)
    exact.ravel()[:] = [Fraction(int(value)) for value in values.ravel()]
    return exact


def _error(found: Array, expected: Array) -> Fraction:
    """Return the largest difference; infinite ones and other shapes cannot be compared."""
    if found.shape != expected.shape:
        raise ValueError(f"the shapes differ: {found.shape} and {expected.shape}")
    differences = [
        abs(Fraction(a) - Fraction(b)) for a, b in zip(found.flat, expected.flat, strict=True)
    ]
    return max(differences, default=Fraction(0))
