"""The last dense layer of a network, apart from the rest of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inkgrad.errors import ModelError
from inkgrad.features import Features
from inkgrad.layers import Array, Dense
from inkgrad.model import Model
from inkgrad.network import Network, Parameters

__all__ = ["Head", "head_of", "remove_classes", "with_head"]


@dataclass(frozen=True)
class Head:
    """A network's last dense layer, and what is remembered of its classes.

    Parameters
    ----------
    weight : (F, classes) float32 array
    bias : (classes,) float32 array
    features : Features, optional
    """

    weight: Array
    bias: Array
    features: Features | None = None

    @property
    def remembered(self) -> Array:
        """The remembered rows, class after class: (classes · n, F).

        Raises
        ------
        ModelError
            If there are none.
        """
        if self.features is None:
            raise ModelError(
                "this model does not remember what its drawings looked like, which a class needs "
                "to be added or refined; train it anew with this version of inkgrad"
            )
        return self.features.examples

    @property
    def labels(self) -> Array:
        """The class of each remembered row."""
        classes = len(self.bias)
        return np.repeat(np.arange(classes), len(self.remembered) // classes)

    def logits(self, rows: Array) -> Array:
        """Return x·W + b for rows of features, (n, classes), in float64."""
        return np.asarray(rows.astype(np.float64) @ self.weight.astype(np.float64) + self.bias)

    def read(self, rows: Array) -> Array:
        """Return the class that is recognised in each row: (n,) whole numbers."""
        return np.asarray(self.logits(rows).argmax(axis=1))


def remove_classes(head: Head, labels: Sequence[int]) -> Head:
    """Return the layer without the columns of some classes, and what is remembered without theirs.

    Examples
    --------
    >>> head = Head(np.float32([[1, 2, 3]]), np.float32([4, 5, 6]))
    >>> remove_classes(head, [1]).bias
    array([4., 6.], dtype=float32)
    """
    stay = np.setdiff1d(np.arange(len(head.bias)), labels)
    features = head.features
    if features is not None:
        inputs = features.examples.shape[1]
        kept = features.examples.reshape(len(head.bias), -1, inputs)[stay]  # (classes, n, F)
        features = Features(kept.reshape(-1, inputs))
    weight, bias = (np.ascontiguousarray(array[..., stay]) for array in (head.weight, head.bias))
    return Head(weight, bias, features)


def head_of(model: Model) -> Head:
    """Return a model's last layer.

    Raises
    ------
    ModelError
        If it is not dense.

    Examples
    --------
    >>> from inkgrad import load
    >>> head_of(load("animals")).weight.shape
    (128, 5)
    """
    last = model.network.stages[-1]
    if not isinstance(last.layer, Dense):
        raise ModelError(
            f"the network ends in {type(last.layer).__name__}; only one that ends in Dense can be "
            "tuned"
        )
    weight, bias = (model.parameters[f"{last.name}.{part}"] for part in ("weight", "bias"))
    return Head(weight, bias, model.features)


def with_head(model: Model, head: Head, classes: Sequence[str]) -> Model:
    """Return a model with another last layer, for these classes, and all else as it was.

    Examples
    --------
    >>> from inkgrad import load
    >>> model = load("animals")
    >>> with_head(model, remove_classes(head_of(model), [0, 1]), model.classes[2:]).classes
    ('dolphin', 'elephant', 'zebra')
    """
    config = model.network.to_config()
    config["layers"][-1]["outputs"] = len(classes)
    network = Network.from_config(config)
    parameters = Parameters(network, np.zeros(network.size, np.float32))
    last = network.stages[-1].name
    given = {**model.parameters.numbers, f"{last}.weight": head.weight, f"{last}.bias": head.bias}
    for name, values in given.items():
        (parameters if name in network.layout else parameters.statistics)[name] = values
    engine = model.engine if isinstance(model.engine, str) else "auto"  # an Engine has a network
    return replace(
        model,
        network=network,
        parameters=parameters,
        classes=tuple(classes),
        features=head.features,
        engine=engine,
    )
