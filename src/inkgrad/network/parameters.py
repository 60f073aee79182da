"""A network's numbers: what it learns and what it measures, flat vectors with named views."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from inkgrad.errors import ShapeError
from inkgrad.layers import Array, Shape
from inkgrad.layers.row import Stage
from inkgrad.memory import aligned_copy, aligned_zeros

if TYPE_CHECKING:
    from inkgrad.network.network import Network

__all__ = ["Layout", "Parameters", "Statistics", "lay_out"]

Layout = dict[str, tuple[slice, Shape]]
"""Where each array stands in a flat vector, and its shape."""


def lay_out(shapes: Mapping[str, Shape]) -> tuple[Layout, int]:
    """Give each array its place in a flat vector; return the vector's length, too."""
    layout: Layout = {}
    size = 0
    for name, shape in shapes.items():
        end = size + math.prod(shape)
        layout[name] = slice(size, end), shape
        size = end
    return layout, size


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
    >>> from inkgrad.network import Network
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
    >>> from inkgrad.network import seed_network
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


def _check_vector(vector: Array, size: int, what: str) -> None:
    if vector.shape != (size,) or not vector.flags.c_contiguous:
        raise ShapeError(
            f"the {what} has shape {vector.shape}; "
            f"this network needs one contiguous row of {size} numbers"
        )
