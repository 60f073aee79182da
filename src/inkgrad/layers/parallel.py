"""Branches side by side: rows of layers that are given the same input, and joined again."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from inkgrad.errors import ShapeError
from inkgrad.layers import row
from inkgrad.layers.layer import Array, Layer, Saved, Shape
from inkgrad.layers.mode import INFERENCE, Mode

__all__ = ["Parallel"]

_JOINS = ("add", "concatenate")


@dataclass(frozen=True)
class Parallel(Layer):
    r"""Several rows of layers with one input; their outputs are added, or put side by side.

    $$ y = \sum_k f_k(x) \qquad\text{or}\qquad y = \big[f_1(x);\, f_2(x);\, \dots\big] $$

    An empty row is the identity. So ``Parallel([[conv, relu, conv], []])`` is a residual block,
    y = f(x) + x, and rows with filters of several sizes, joined by ``"concatenate"``, make an
    inception block.

    Parameters
    ----------
    branches : sequence of sequences of Layer
        At least one. A row may hold a `Parallel` again.
    join : "add" or "concatenate"
        With "add" all branches must give one shape; with "concatenate", which joins channels (or
        numbers, where there are no pictures), their other lengths must agree.

    Notes
    -----
    *Names.* Layers are numbered in each branch, and branches from 1: ``parallel1.1.conv2.weight``.
    *Cost.* That of the branches.

    *Derivation of the backward pass.* x acts on the loss through every branch, so dL/dx is the sum
    of what the branches send back. A sum hands dL/dy on to each branch as it is; side by side, each
    is handed its own channels of it. In a residual block the identity's part is dL/dy itself:
    however small f's derivative is, the gradient arrives.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, *Deep Residual Learning for Image Recognition*, 2016;
    C. Szegedy et al., *Going Deeper with Convolutions*, 2015.

    Examples
    --------
    >>> from inkgrad.layers import ReLU
    >>> layer = Parallel([[ReLU()], []])
    >>> y, saved = layer.forward(np.array([[-1.0, 3.0]]))
    >>> y                                                            # max(x, 0) + x
    array([[-1.,  6.]])
    >>> layer.backward(np.array([[1.0, 1.0]]), saved)[0]
    array([[1., 2.]])
    >>> Parallel([[ReLU()], []], join="concatenate").forward(np.array([[-1.0, 3.0]]))[0]
    array([[ 0.,  3., -1.,  3.]])
    """

    short_name: ClassVar[str] = "parallel"
    takes_mode: ClassVar[bool] = True

    branches: tuple[tuple[Layer, ...], ...]
    join: str = "add"

    def __post_init__(self) -> None:
        rows = self.branches
        if not isinstance(rows, (list, tuple)) or not rows:
            raise ShapeError(f"branches is {rows!r}; give at least one row of layers, such as []")
        if not all(isinstance(layers, (list, tuple)) for layers in rows):
            raise ShapeError("a branch is a row of layers: give a list, if of one layer too")
        for number, layers in enumerate(rows, start=1):
            for position, layer in enumerate(layers, start=1):
                if not isinstance(layer, Layer):
                    raise ShapeError(
                        f"branch {number}, layer {position} is {layer!r}; give a layer, such as "
                        "ReLU()"
                    )
        object.__setattr__(self, "branches", tuple(tuple(layers) for layers in rows))
        if self.join not in _JOINS:
            raise ShapeError(f"join is {self.join!r}; give one of {', '.join(_JOINS)}")

    @property
    def together(self) -> int:
        """What the layers of all branches need."""
        return math.lcm(*(layer.together for layers in self.branches for layer in layers))

    def rows(self, input_shape: Shape) -> tuple[tuple[row.Stage, ...], ...]:
        """Return the stages of each branch.

        Raises
        ------
        ShapeError
            Naming the branch and the layer that does not fit.
        """
        return _rows(self, tuple(input_shape))

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the sum, or with the channels of all branches."""
        shapes = [_end(stages, input_shape) for stages in self.rows(input_shape)]
        if self.join == "add":
            if len(set(shapes)) > 1:
                raise ShapeError(
                    f"branches that are added must give one shape, but they give {_listed(shapes)}"
                )
            return shapes[0]
        if len({shape[1:] for shape in shapes}) > 1:
            raise ShapeError(
                "branches that are concatenated must give pictures of one size, but they give "
                f"{_listed(shapes)}"
            )
        return (sum(shape[0] for shape in shapes), *shapes[0][1:])

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return those of all branches, by their names with dots."""
        return self._named(input_shape, "parameter_shapes")

    def state_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return those of all branches, by their names with dots."""
        return self._named(input_shape, "state_shapes")

    def initialise(self, input_shape: Shape, rng: np.random.Generator) -> dict[str, Array]:
        """Draw the branches' first values, first branch first."""
        found: dict[str, Array] = self._gathered(
            input_shape, lambda stage: stage.layer.initialise(stage.input_shape, rng)
        )
        return found

    def first_state(self, input_shape: Shape) -> dict[str, Array]:
        """Return the branches' first statistics."""
        found: dict[str, Array] = self._gathered(
            input_shape, lambda stage: stage.layer.first_state(stage.input_shape)
        )
        return found

    def multiply_adds(self, input_shape: Shape) -> int:
        """Return the sum over the branches."""
        return sum(stage.multiply_adds for stages in self.rows(input_shape) for stage in stages)

    def forward(  # type: ignore[override]
        self, x: Array, *, mode: Mode = INFERENCE, **numbers: Array
    ) -> tuple[Array, Saved]:
        """Return the branches' outputs, joined."""
        self.output_shape(x.shape[1:])
        passes = [
            row.forward(stages, x, _own(numbers, k), mode.at(k))
            for k, stages in enumerate(self.rows(x.shape[1:]))
        ]
        outputs = [y for y, _ in passes]
        trails = tuple(trail for _, trail in passes)
        if self.join == "concatenate":
            return np.concatenate(outputs, axis=1), (trails, [y.shape[1] for y in outputs])
        y = outputs[0].copy()
        for other in outputs[1:]:
            y += other
        return y, (trails, [])

    def backward(self, dy: Array, saved: Saved) -> tuple[Array, dict[str, Array]]:
        """Return dx, the sum of what the branches send back, and the branches' gradients."""
        trails, widths = saved
        shares = np.split(dy, np.cumsum(widths)[:-1], axis=1) if widths else [dy] * len(trails)
        ways = [row.backward(trail, share) for trail, share in zip(trails, shares, strict=True)]
        dx = ways[0][0].copy()
        for other, _ in ways[1:]:
            dx += other
        return dx, _prefixed([gradients for _, gradients in ways])

    def next_state(self, saved: Saved, **state: Array) -> dict[str, Array]:
        """Return the branches' statistics after a pass."""
        return _prefixed(
            [row.next_state(trail, _own(state, k)) for k, trail in enumerate(saved[0])]
        )

    def to_config(self) -> dict[str, Any]:
        """Return the layer as plain values, its branches' layers too."""
        return {
            "type": type(self).__name__,
            "branches": [[layer.to_config() for layer in layers] for layers in self.branches],
            "join": self.join,
        }

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], make: Callable[[Any, str], Layer]) -> Layer:
        """Rebuild the layer, each branch's layers by `make`."""
        branches = settings.get("branches")
        if not isinstance(branches, list) or not all(isinstance(each, list) for each in branches):
            raise ShapeError("branches must be a list of rows of layers, each a list")
        made = [
            [
                make(entry, f"branch {number}, layer {position}")
                for position, entry in enumerate(entries, start=1)
            ]
            for number, entries in enumerate(branches, start=1)
        ]
        return cls(**{**settings, "branches": made})

    def _named(self, input_shape: Shape, what: str) -> dict[str, Shape]:
        found: dict[str, Shape] = self._gathered(input_shape, lambda stage: getattr(stage, what))
        return found

    def _gathered(self, input_shape: Shape, of: Callable[[row.Stage], dict[str, Any]]) -> Any:
        """Return what each stage of each branch has, by names with dots."""
        return _prefixed(
            [
                {f"{s.name}.{name}": value for s in stages for name, value in of(s).items()}
                for stages in self.rows(input_shape)
            ]
        )


@functools.lru_cache(maxsize=256)
def _rows(layer: Parallel, input_shape: Shape) -> tuple[tuple[row.Stage, ...], ...]:
    """Work the stages of each branch out, once for a layer and a shape."""
    rows = []
    for number, layers in enumerate(layer.branches, start=1):
        try:
            rows.append(tuple(row.make_stages(layers, input_shape)))
        except ShapeError as error:
            raise ShapeError(f"branch {number}, {error}") from None
    return tuple(rows)


def _end(stages: tuple[row.Stage, ...], input_shape: Shape) -> Shape:
    """Return what a branch gives."""
    return stages[-1].output_shape if stages else tuple(input_shape)


def _own(numbers: Mapping[str, Array], branch: int) -> dict[str, Array]:
    """Return one branch's numbers, by the names that they have there."""
    prefix = f"{branch + 1}."
    return {
        name.removeprefix(prefix): values
        for name, values in numbers.items()
        if name.startswith(prefix)
    }


def _prefixed(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the branches have, each name behind its branch's number."""
    return {
        f"{number}.{name}": values
        for number, own in enumerate(found, start=1)
        for name, values in own.items()
    }


def _listed(shapes: list[Shape]) -> str:
    return " and ".join(str(shape) for shape in shapes)
