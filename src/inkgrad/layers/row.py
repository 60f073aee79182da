"""Layers in a row: their names, their shapes, and the chain rule from the last to the first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from inkgrad.errors import ShapeError
from inkgrad.layers.layer import Array, Layer, Saved, Shape
from inkgrad.layers.mode import INFERENCE, Mode

__all__ = ["Stage", "Trail", "backward", "forward", "make_stages", "next_state"]

_MOST_NUMBERS = 10**11
"""A layer that takes more multiply-adds, or gives more numbers, a drawing is a slip or hostile.

All of VGG-16 takes 1.5 · 10^10. The figure also bounds a layer's weights and patches, so a network
that passes cannot ask for terabytes.
"""


@dataclass(frozen=True)
class Stage:
    """One layer at its place in a row: its name there and the shapes around it.

    Shapes are those of one drawing, without the batch axis.
    """

    name: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape
    parameter_shapes: dict[str, Shape]
    multiply_adds: int
    state_shapes: dict[str, Shape]
    place: int

    @property
    def parameters(self) -> int:
        """How many numbers this layer learns."""
        return sum(math.prod(shape) for shape in self.parameter_shapes.values())

    def forward(
        self, x: Array, numbers: Mapping[str, Array], mode: Mode = INFERENCE
    ) -> tuple[Array, Saved]:
        """Run the layer with its own of the row's numbers, and its own chance."""
        own = {
            name: numbers[f"{self.name}.{name}"]
            for names in (self.parameter_shapes, self.state_shapes)
            for name in names
        }
        if self.layer.takes_mode:
            return self.layer.forward(x, **own, mode=mode.at(self.place))  # type: ignore[arg-type]
        return self.layer.forward(x, **own)


Trail = list[tuple[Stage, Saved]]
"""What a forward pass leaves for the way back: each stage with what its layer saved."""


def make_stages(layers: Sequence[Layer], shape: Shape) -> Iterator[Stage]:
    """Name each layer (``conv1``, ``conv2``, numbered by kind) and work out its shapes, in order.

    Raises
    ------
    ShapeError
        Naming the layer that cannot take what the layer before it gives.
    """
    counts: dict[str, int] = {}
    for position, layer in enumerate(layers, start=1):
        if not isinstance(layer, Layer):
            raise ShapeError(f"layer {position} is {layer!r}; give a layer, such as ReLU()")
        counts[layer.short_name] = counts.get(layer.short_name, 0) + 1
        name = f"{layer.short_name}{counts[layer.short_name]}"
        try:
            output_shape = layer.output_shape(shape)
        except ShapeError as error:
            raise ShapeError(f"layer {position} ({name}): {error}") from None
        multiply_adds = layer.multiply_adds(shape)
        if max(multiply_adds, math.prod(output_shape)) > _MOST_NUMBERS:
            raise ShapeError(
                f"layer {position} ({name}): {layer} with inputs of shape {shape} takes more than "
                f"{_MOST_NUMBERS:,} multiply-adds a drawing; make it smaller"
            )
        yield Stage(
            name,
            layer,
            shape,
            output_shape,
            layer.parameter_shapes(shape),
            multiply_adds,
            layer.state_shapes(shape),
            position - 1,
        )
        shape = output_shape


def forward(
    stages: Sequence[Stage], x: Array, numbers: Mapping[str, Array], mode: Mode = INFERENCE
) -> tuple[Array, Trail]:
    """Run stages, first to last; numbers are found by name, ``"conv1.weight"``."""
    trail: Trail = []
    for stage in stages:
        x, saved = stage.forward(x, numbers, mode)
        trail.append((stage, saved))
    return x, trail


def backward(trail: Trail, dy: Array) -> tuple[Array, dict[str, Array]]:
    """Return dL/dx and every parameter's gradient by name: the chain rule, last stage to first."""
    found: dict[str, Array] = {}
    for stage, saved in reversed(trail):
        dy, gradients = stage.layer.backward(dy, saved)
        found.update({f"{stage.name}.{name}": values for name, values in gradients.items()})
    return dy, found


def next_state(trail: Trail, numbers: Mapping[str, Array]) -> dict[str, Array]:
    """Return every statistic by name, as it is after the pass."""
    return {
        f"{stage.name}.{name}": values
        for stage, saved in trail
        if stage.state_shapes
        for name, values in stage.layer.next_state(
            saved, **{name: numbers[f"{stage.name}.{name}"] for name in stage.state_shapes}
        ).items()
    }
