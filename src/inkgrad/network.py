"""A network: layers in a row, their shapes worked out once, their numbers in one flat vector."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inkgrad.errors import ShapeError
from inkgrad.layers import LAYERS, Array, Conv2D, Dense, Flatten, Layer, MaxPool2D, ReLU, Shape
from inkgrad.layers.layer import whole_number
from inkgrad.memory import aligned_copy, aligned_zeros

__all__ = ["Network", "Parameters", "Stage", "seed_network"]

_MOST_MULTIPLY_ADDS = 10**11
"""A layer that takes more for one drawing is a slip or hostile (all of VGG-16 takes 1.5 · 10^10).

The figure also bounds the layer's weights, patches and outputs, so a network that passes cannot
ask for terabytes.
"""


@dataclass(frozen=True)
class Stage:
    """One layer at its place in a network: its name there and the shapes around it.

    Shapes are those of one drawing, without the batch axis.
    """

    name: str
    layer: Layer
    input_shape: Shape
    output_shape: Shape
    parameter_shapes: dict[str, Shape]
    multiply_adds: int

    @property
    def parameters(self) -> int:
        """How many numbers this layer learns."""
        return sum(math.prod(shape) for shape in self.parameter_shapes.values())


class Network:
    """Layers in a row, for inputs of one shape.

    Sizes are never repeated: each layer infers its own from what the layer before it gives.

    Parameters
    ----------
    layers : sequence of Layer
    input_shape : (int, …)
        The shape of one input, without the batch axis; (channels, rows, columns) for pictures.

    Attributes
    ----------
    stages : tuple of Stage
        Each layer with its name (``conv1``, ``relu1``, … numbered by kind) and shapes.
    output_shape : (int, …)
    layout : dict of str to (slice, shape)
        Where each parameter (``"conv1.weight"``) stands in the flat vector.
    size : int
        The length of the flat vector: how many numbers the network learns.
    multiply_adds : int
        The cost of one drawing's forward pass.

    Raises
    ------
    ShapeError
        If a layer cannot take what the layer before it gives.

    Examples
    --------
    >>> network = Network([Conv2D(8, 3, padding=1), ReLU(), MaxPool2D(2), Flatten(), Dense(5)])
    >>> network.output_shape, network.size
    ((5,), 7925)
    >>> Network([Dense(5)])
    Traceback (most recent call last):
    inkgrad.errors.ShapeError: layer 1 (dense1): a dense layer needs one row of numbers ...
    """

    def __init__(self, layers: Sequence[Layer], input_shape: Shape = (1, 28, 28)) -> None:
        layers = tuple(layers)
        if not layers:
            raise ShapeError("the network has no layers; give at least one")
        self.input_shape = _check_shape(input_shape)
        self.stages = tuple(_stages(layers, self.input_shape))
        self.output_shape = self.stages[-1].output_shape
        self.multiply_adds = sum(stage.multiply_adds for stage in self.stages)
        self.layout: dict[str, tuple[slice, Shape]] = {}
        self.size = 0
        for stage in self.stages:
            for name, shape in stage.parameter_shapes.items():
                end = self.size + math.prod(shape)
                self.layout[f"{stage.name}.{name}"] = (slice(self.size, end), shape)
                self.size = end

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, first to last."""
        return tuple(stage.layer for stage in self.stages)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Network) and self.to_config() == other.to_config()

    def __hash__(self) -> int:
        return hash((self.layers, self.input_shape))

    def __repr__(self) -> str:
        inner = ", ".join(repr(layer) for layer in self.layers)
        return f"Network([{inner}], input_shape={self.input_shape})"

    def initialise(
        self, seed: int | np.random.Generator = 0, dtype: Any = np.float32
    ) -> Parameters:
        """Draw first values for all parameters by He's rule.

        Parameters
        ----------
        seed : int or numpy.random.Generator
        dtype : float32 for training, float64 for checks

        Examples
        --------
        >>> seed_network().initialise(seed=42).vector.dtype
        dtype('float32')
        """
        rng = np.random.default_rng(seed)
        parameters = Parameters(self, aligned_zeros(self.size, dtype))
        for stage in self.stages:
            for name, values in stage.layer.initialise(stage.input_shape, rng).items():
                parameters[f"{stage.name}.{name}"] = values
        return parameters

    def summary(self) -> str:
        """Return a table: layer, output shape, parameters and multiply-adds of each, and totals.

        Examples
        --------
        >>> print(Network([Flatten(), Dense(5)]).summary())
        layer     output  parameters  multiply-adds
        -------------------------------------------
        flatten1  (784,)           0              0
        dense1      (5,)       3,925          3,920
        -------------------------------------------
        total                  3,925          3,920
        """
        rows = [("layer", "output", "parameters", "multiply-adds")]
        rows += [
            (s.name, str(s.output_shape), f"{s.parameters:,}", f"{s.multiply_adds:,}")
            for s in self.stages
        ]
        rows += [("total", "", f"{self.size:,}", f"{self.multiply_adds:,}")]
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = [
            "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        ]
        rule = "-" * len(lines[0])
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])

    def to_config(self) -> dict[str, Any]:
        """Return the network as plain values, ready for JSON.

        Examples
        --------
        >>> Network([Flatten(), Dense(2)], input_shape=(1, 2, 2)).to_config()
        {'input_shape': [1, 2, 2], 'layers': [{'type': 'Flatten'}, {'type': 'Dense', 'outputs': 2}]}
        """
        return {
            "input_shape": list(self.input_shape),
            "layers": [_plain(layer.to_config()) for layer in self.layers],
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Network:
        """Rebuild a network from `to_config`'s values, trusting none of them.

        Raises
        ------
        ShapeError
            If the description lacks something, a layer or a setting is unknown or unusable, or the
            layers do not fit together; whatever is wrong with it, never another exception.

        Examples
        --------
        >>> Network.from_config(seed_network().to_config()) == seed_network()
        True
        """
        try:
            layers = [
                _layer_from_config(entry, position)
                for position, entry in enumerate(config["layers"], start=1)
            ]
            return cls(layers, config["input_shape"])
        except ShapeError:
            raise
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
            raise ShapeError(
                "the network's description needs 'input_shape' (a list of numbers) and 'layers' "
                f"(a list of objects with 'type' and settings); {type(error).__name__}: {error}"
            ) from error


class Parameters(Mapping[str, Array]):
    """All the numbers that a network learns: one contiguous vector with named views into it.

    `parameters["conv1.weight"]` is a view: the optimiser updates `vector` in place and every view
    follows. Assigning to a name copies the values into the vector; views are never rebound.

    Parameters
    ----------
    network : Network
    vector : (network.size,) contiguous array

    Examples
    --------
    >>> parameters = seed_network().initialise(seed=0)
    >>> list(parameters)[:2], parameters["conv2.weight"].shape
    (['conv1.weight', 'conv1.bias'], (64, 32, 3, 3))
    >>> parameters.vector[:] = 0
    >>> float(parameters["conv2.weight"].sum())
    0.0
    """

    def __init__(self, network: Network, vector: Array) -> None:
        if vector.shape != (network.size,) or not vector.flags.c_contiguous:
            raise ShapeError(
                f"the parameter vector has shape {vector.shape}; "
                f"this network needs one contiguous row of {network.size} numbers"
            )
        self.network = network
        self.vector = vector

    def __getitem__(self, name: str) -> Array:
        where, shape = self.network.layout[name]
        return self.vector[where].reshape(shape)  # a view, since the vector is contiguous

    def __setitem__(self, name: str, values: Array) -> None:
        self[name][...] = values

    def __iter__(self) -> Iterator[str]:
        return iter(self.network.layout)

    def __len__(self) -> int:
        return len(self.network.layout)

    def of(self, stage: Stage) -> dict[str, Array]:
        """Return one layer's parameters by their short names, ready for its `forward`."""
        return {name: self[f"{stage.name}.{name}"] for name in stage.parameter_shapes}

    def copy(self) -> Parameters:
        """Return the same numbers in a vector of their own."""
        return Parameters(self.network, aligned_copy(self.vector))

    def astype(self, dtype: Any) -> Parameters:
        """Return a copy in another dtype; float64 for checks."""
        return Parameters(self.network, aligned_copy(self.vector, dtype))


def seed_network(classes: int = 5) -> Network:
    """Return the network that inkgrad grew from: two convolutions, two dense layers.

    28×28 → conv 3×3, 32 → ReLU → pool 2 → conv 3×3, 64 → ReLU → pool 2 → 3136 → dense 128 → ReLU
    → dense `classes`. For five classes it learns 320 + 18,496 + 401,536 + 645 = 420,997 numbers
    and takes 4.24 million multiply-adds a drawing.

    Examples
    --------
    >>> print(seed_network().summary())
    layer           output  parameters  multiply-adds
    -------------------------------------------------
    conv1     (32, 28, 28)         320        225,792
    relu1     (32, 28, 28)           0              0
    pool1     (32, 14, 14)           0              0
    conv2     (64, 14, 14)      18,496      3,612,672
    relu2     (64, 14, 14)           0              0
    pool2       (64, 7, 7)           0              0
    flatten1       (3136,)           0              0
    dense1          (128,)     401,536        401,408
    relu3           (128,)           0              0
    dense2            (5,)         645            640
    -------------------------------------------------
    total                      420,997      4,240,512
    """
    return Network(
        [
            Conv2D(32, 3, padding=1),
            ReLU(),
            MaxPool2D(2),
            Conv2D(64, 3, padding=1),
            ReLU(),
            MaxPool2D(2),
            Flatten(),
            Dense(128),
            ReLU(),
            Dense(classes),
        ]
    )


def _stages(layers: Sequence[Layer], shape: Shape) -> Iterator[Stage]:
    """Name each layer and work out its shapes, first to last."""
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
        if multiply_adds > _MOST_MULTIPLY_ADDS:
            raise ShapeError(
                f"layer {position} ({name}): {layer} with inputs of shape {shape} takes more than "
                f"{_MOST_MULTIPLY_ADDS:,} multiply-adds a drawing; make it smaller"
            )
        yield Stage(name, layer, shape, output_shape, layer.parameter_shapes(shape), multiply_adds)
        shape = output_shape


def _check_shape(shape: Shape) -> Shape:
    """Return `shape` as a tuple of whole numbers of at least 1."""
    if not isinstance(shape, (tuple, list)) or not shape:
        raise ShapeError(f"input_shape is {shape!r}; give whole numbers, such as (1, 28, 28)")
    return tuple(whole_number(length, "a length of input_shape") for length in shape)


def _layer_from_config(entry: Mapping[str, Any], position: int) -> Layer:
    """Build one layer from its type and settings; an error names it."""
    settings = {name: value for name, value in entry.items() if name != "type"}
    kind = LAYERS.get(entry["type"])
    if kind is None:
        raise ShapeError(
            f"layer {position} has the type {entry['type']!r}; "
            f"there are {', '.join(sorted(LAYERS))}"
        )
    try:
        return kind(**settings)
    except ShapeError as error:
        raise ShapeError(f"layer {position} ({kind.__name__}): {error}") from None
    except TypeError as error:
        known = ", ".join(field.name for field in dataclasses.fields(kind))  # type: ignore[arg-type]
        raise ShapeError(
            f"layer {position} ({kind.__name__}) takes the settings ({known}), "
            f"but is given ({', '.join(settings)})"
        ) from error


def _plain(value: Any) -> Any:
    """Turn tuples into lists, as JSON has them."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, (tuple, list)) else value
