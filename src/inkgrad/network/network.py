"""A network: layers in a row, their shapes worked out once, their numbers in flat vectors."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from inkgrad.errors import ShapeError
from inkgrad.layers import LAYERS, Layer, Shape
from inkgrad.layers.layer import whole_number
from inkgrad.layers.parallel import Parallel
from inkgrad.layers.row import Stage, make_stages
from inkgrad.memory import aligned_zeros
from inkgrad.network.parameters import Parameters, lay_out

__all__ = ["Network"]


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
    statistics_layout, statistics_size
        The same for what is measured while the network learns (``"norm1.mean"``).
    multiply_adds : int
        The cost of one drawing's forward pass.

    Raises
    ------
    ShapeError
        If a layer cannot take what the layer before it gives.

    Examples
    --------
    >>> from inkgrad.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU
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
        self.stages = tuple(make_stages(layers, self.input_shape))
        self.output_shape = self.stages[-1].output_shape
        self.multiply_adds = sum(stage.multiply_adds for stage in self.stages)
        self.layout, self.size = lay_out(
            {f"{s.name}.{n}": shape for s in self.stages for n, shape in s.parameter_shapes.items()}
        )
        self.statistics_layout, self.statistics_size = lay_out(
            {f"{s.name}.{n}": shape for s in self.stages for n, shape in s.state_shapes.items()}
        )

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
        """Draw first values for all parameters by He's rule; nothing is measured yet.

        Parameters
        ----------
        seed : int or numpy.random.Generator
        dtype : float32 for training, float64 for checks

        Examples
        --------
        >>> from inkgrad.network import seed_network
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
        >>> from inkgrad.layers import Dense, Flatten
        >>> print(Network([Flatten(), Dense(5)]).summary())
        layer     output  parameters  multiply-adds
        -------------------------------------------
        flatten1  (784,)           0              0
        dense1      (5,)       3,925          3,920
        -------------------------------------------
        total                  3,925          3,920
        """
        rows = [("layer", "output", "parameters", "multiply-adds")]
        rows += _rows_of(self.stages)
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
        >>> from inkgrad.layers import Dense, Flatten
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
        >>> from inkgrad.network import seed_network
        >>> Network.from_config(seed_network().to_config()) == seed_network()
        True
        """
        try:
            layers = [
                _layer_from_config(entry, f"layer {position}")
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


def _rows_of(stages: Sequence[Stage], indent: str = "", prefix: str = "") -> Iterator[Any]:
    """Yield the summary's row of each stage; those of branches stand below, indented."""
    for stage in stages:
        counts = f"{stage.parameters:,}", f"{stage.multiply_adds:,}"
        name = f"{indent}{prefix}{stage.name}"
        if not isinstance(stage.layer, Parallel):
            yield name, str(stage.output_shape), *counts
            continue
        yield f"{name}: {stage.layer.join}", str(stage.output_shape), "", ""
        for number, inner in enumerate(stage.layer.rows(stage.input_shape), start=1):
            yield from _rows_of(inner, indent + "  ", f"{number}.")
            if not inner:
                yield f"{indent}  {number}. as it is", str(stage.input_shape), "0", "0"


def _check_shape(shape: Shape) -> Shape:
    """Return `shape` as a tuple of whole numbers of at least 1."""
    if not isinstance(shape, (tuple, list)) or not shape:
        raise ShapeError(f"input_shape is {shape!r}; give whole numbers, such as (1, 28, 28)")
    return tuple(whole_number(length, "a length of input_shape") for length in shape)


def _layer_from_config(entry: Mapping[str, Any], where: str) -> Layer:
    """Build one layer from its type and settings; an error names it by its place, ``"layer 3"``."""
    settings = {name: value for name, value in entry.items() if name != "type"}
    kind = LAYERS.get(entry["type"])
    if kind is None:
        raise ShapeError(
            f"{where} has the type {entry['type']!r}; there are {', '.join(sorted(LAYERS))}"
        )
    place = f"{where} ({kind.__name__})"
    try:
        return kind.from_settings(
            settings, lambda entry, inside: _layer_from_config(entry, f"{where}, {inside}")
        )
    except ShapeError as error:
        message = str(error)
        # A layer within it has said where it is.
        raise ShapeError(
            message if message.startswith(f"{where}, ") else f"{place}: {message}"
        ) from None
    except TypeError as error:
        known = ", ".join(field.name for field in dataclasses.fields(kind))  # type: ignore[arg-type]
        raise ShapeError(
            f"{place} takes the settings ({known}), but is given ({', '.join(settings)})"
        ) from error


def _plain(value: Any) -> Any:
    """Turn tuples into lists, as JSON has them."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, (tuple, list)) else value
