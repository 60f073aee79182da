"""A network: layers in a row, their shapes worked out once, their numbers in flat vectors."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from inkgrad.errors import ShapeError
from inkgrad.layers import (
    LAYERS,
    Array,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    MaxPool2D,
    ReLU,
    Shape,
)
from inkgrad.layers.layer import whole_number
from inkgrad.layers.parallel import Parallel
from inkgrad.layers.row import Stage, make_stages
from inkgrad.memory import aligned_copy, aligned_zeros

__all__ = ["Network", "Parameters", "Stage", "Statistics", "seed_network", "sketch_network"]

Layout = dict[str, tuple[slice, Shape]]


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
        self.layout, self.size = _lay_out(
            {f"{s.name}.{n}": shape for s in self.stages for n, shape in s.parameter_shapes.items()}
        )
        self.statistics_layout, self.statistics_size = _lay_out(
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


class _Named(Mapping[str, Array]):
    """One contiguous vector with named views into it, laid out as a network says."""

    def __init__(self, network: Network, layout: Layout, vector: Array) -> None:
        self.network = network
        self.vector = vector
        self._layout = layout

    def __getitem__(self, name: str) -> Array:
        where, shape = self._layout[name]
        return self.vector[where].reshape(shape)  # a view, since the vector is contiguous

    def __setitem__(self, name: str, values: Array) -> None:
        self[name][...] = values

    def __iter__(self) -> Iterator[str]:
        return iter(self._layout)

    def __len__(self) -> int:
        return len(self._layout)


class Statistics(_Named):
    """What a network measures while it learns: one contiguous vector with named views.

    They are saved with the parameters, but no gradient, clipping or decay touches them.

    Parameters
    ----------
    network : Network
    vector : (network.statistics_size,) contiguous array

    Examples
    --------
    >>> from inkgrad.layers import BatchNorm
    >>> network = Network([BatchNorm()], input_shape=(3,))
    >>> dict(network.initialise(seed=0).statistics)
    {'norm1.mean': array([0., 0., 0.], dtype=float32),
     'norm1.variance': array([1., 1., 1.], dtype=float32)}
    """

    def __init__(self, network: Network, vector: Array) -> None:
        _check_vector(vector, network.statistics_size, "vector of statistics")
        super().__init__(network, network.statistics_layout, vector)

    @classmethod
    def first(cls, network: Network, dtype: Any) -> Statistics:
        """Return what stands for the statistics before anything is measured."""
        statistics = cls(network, aligned_zeros(network.statistics_size, dtype))
        for stage in network.stages if network.statistics_size else ():
            for name, values in stage.layer.first_state(stage.input_shape).items():
                statistics[f"{stage.name}.{name}"] = values
        return statistics

    def copy(self) -> Statistics:
        """Return the same numbers in a vector of their own."""
        return Statistics(self.network, aligned_copy(self.vector))

    def flaw(self) -> str | None:
        """Return in a few words what cannot have been measured, or None."""
        for name, values in self.items():
            if name.endswith("variance") and (values < 0).any():
                return f"{name} holds a variance below 0"
        return None


class Parameters(_Named):
    """All the numbers that a network learns: one contiguous vector with named views into it.

    `parameters["conv1.weight"]` is a view: the optimiser updates `vector` in place and every view
    follows. Assigning to a name copies the values into the vector; views are never rebound. What
    the network measures, if it measures anything, goes with them.

    Parameters
    ----------
    network : Network
    vector : (network.size,) contiguous array
    statistics : Statistics, optional
        If not given, those of a network that has measured nothing yet.

    Examples
    --------
    >>> parameters = seed_network().initialise(seed=0)
    >>> list(parameters)[:2], parameters["conv2.weight"].shape
    (['conv1.weight', 'conv1.bias'], (64, 32, 3, 3))
    >>> parameters.vector[:] = 0
    >>> float(parameters["conv2.weight"].sum())
    0.0
    """

    def __init__(
        self, network: Network, vector: Array, statistics: Statistics | None = None
    ) -> None:
        _check_vector(vector, network.size, "parameter vector")
        super().__init__(network, network.layout, vector)
        self.statistics = (
            Statistics.first(network, vector.dtype) if statistics is None else statistics
        )

    @property
    def numbers(self) -> dict[str, Array]:
        """Every parameter and statistic by name: what a forward pass needs."""
        return {**self, **self.statistics}

    def of(self, stage: Stage) -> dict[str, Array]:
        """Return one layer's numbers by their short names, ready for its `forward`."""
        own = {name: self[f"{stage.name}.{name}"] for name in stage.parameter_shapes}
        for name in stage.state_shapes:
            own[name] = self.statistics[f"{stage.name}.{name}"]
        return own

    def copy(self) -> Parameters:
        """Return the same numbers in vectors of their own."""
        return self.astype(self.vector.dtype)

    def astype(self, dtype: Any) -> Parameters:
        """Return a copy in another dtype; float64 for checks."""
        measured = Statistics(self.network, aligned_copy(self.statistics.vector, dtype))
        return Parameters(self.network, aligned_copy(self.vector, dtype), measured)


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


def sketch_network(classes: int = 345) -> Network:
    """Return the network for many classes: seven convolutions, each normalised.

    [conv 3×3 → norm → ReLU] twice with 32 filters, pool, twice with 64, pool, three times with 128;
    then each map's mean, dropout 0.1 and a dense layer. A convolution has no bias: the norm behind
    it takes any away and adds its own. For 345 classes it learns 479,097 numbers.

    Examples
    --------
    >>> network = sketch_network()
    >>> network.size, network.statistics_size, network.output_shape
    (479097, 1152, (345,))
    """

    def block(filters: int) -> list[Layer]:
        return [Conv2D(filters, 3, padding=1, bias=False), BatchNorm(), ReLU()]

    return Network(
        [
            *block(32),
            *block(32),
            MaxPool2D(2),
            *block(64),
            *block(64),
            MaxPool2D(2),
            *block(128),
            *block(128),
            *block(128),
            GlobalAveragePool(),
            Dropout(0.1),
            Dense(classes),
        ]
    )


def _lay_out(shapes: Mapping[str, Shape]) -> tuple[Layout, int]:
    """Give each array its place in a flat vector; return the vector's length, too."""
    layout: Layout = {}
    size = 0
    for name, shape in shapes.items():
        end = size + math.prod(shape)
        layout[name] = slice(size, end), shape
        size = end
    return layout, size


def _check_vector(vector: Array, size: int, what: str) -> None:
    if vector.shape != (size,) or not vector.flags.c_contiguous:
        raise ShapeError(
            f"the {what} has shape {vector.shape}; "
            f"this network needs one contiguous row of {size} numbers"
        )


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
