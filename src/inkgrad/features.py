"""What a network remembers of its drawings: enough to learn another class without them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from inkgrad.engines import Engine
from inkgrad.errors import ModelError
from inkgrad.layers import Array, Dense
from inkgrad.network import Network, Parameters

__all__ = ["Features", "measure_features"]


@dataclass(frozen=True)
class Features:
    """Mean and standard deviation, class by class, of what the last dense layer is given.

    A new class changes the last layer, which must not forget the old ones. Their drawings are not
    in the model file, but numbers that are spread as theirs were can be drawn from these.

    Parameters
    ----------
    mean, deviation : (classes, F) float32 arrays
        F is the number of inputs of the last layer.

    Raises
    ------
    ModelError
        If they are of another kind or of different shapes, or hold numbers that are not finite or,
        for the deviation, negative.

    Examples
    --------
    >>> Features(np.zeros((2, 3), np.float32), np.full((2, 3), -1, np.float32))
    Traceback (most recent call last):
    inkgrad.errors.ModelError: features.deviation holds negative numbers; ...
    """

    mean: Array
    deviation: Array

    def __post_init__(self) -> None:
        for name, array in {"mean": self.mean, "deviation": self.deviation}.items():
            if array.dtype != np.float32 or array.ndim != 2 or array.shape != self.mean.shape:
                raise ModelError(
                    f"features.{name} is {array.dtype} of shape {array.shape}; mean and deviation "
                    "must be float32, both of shape (classes, inputs of the last layer)"
                )
            if not np.isfinite(array).all():
                raise ModelError(f"features.{name} holds numbers that are not finite")
        if (self.deviation < 0).any():
            raise ModelError("features.deviation holds negative numbers; a spread is 0 or more")

    def check_fit(self, network: Network) -> None:
        """Refuse features that are not of this network's classes and last layer.

        Raises
        ------
        ModelError
            If the shape is another, or the last layer is not dense.
        """
        last = network.stages[-1]
        if not isinstance(last.layer, Dense):
            raise ModelError("there are features, but the network's last layer is not dense")
        needed = (*last.output_shape, *last.input_shape)
        if self.mean.shape != needed:
            raise ModelError(
                f"features.mean has shape {self.mean.shape}, "
                f"but the network's last layer needs {needed}"
            )


def measure_features(
    engine: Engine, parameters: Parameters, drawings: Iterable[Array]
) -> Features | None:
    """Measure what the last dense layer is given for some drawings of each class.

    The sums are NumPy's own, in float64 and drawing after drawing; so if the engine gives the same
    bits for any number of threads, this does too.

    Parameters
    ----------
    engine : Engine
    parameters : Parameters
    drawings : iterable of (n, *input_shape) arrays
        For each class, in order, what the network is fed; n is at least 1.

    Returns
    -------
    features : Features or None
        None if the engine's network does not end in a dense layer behind at least one other.

    Examples
    --------
    >>> from inkgrad.engines import ReferenceEngine
    >>> from inkgrad.layers import Flatten
    >>> network = Network([Flatten(), Dense(2)], input_shape=(1, 1, 2))
    >>> cats = np.array([[[[0.0, 1.0]]], [[[0.0, 3.0]]]], np.float32)
    >>> engine = ReferenceEngine(network)
    >>> features = measure_features(engine, network.initialise(), [cats, cats[:1]])
    >>> features.mean, features.deviation
    (array([[0., 2.],
           [0., 1.]], dtype=float32), array([[0., 1.],
           [0., 0.]], dtype=float32))
    """
    *before, last = engine.network.layers
    if not before or not isinstance(last, Dense):
        return None
    rows = [engine.features(parameters, x).astype(np.float64) for x in drawings]  # (n, F) a class
    return Features(
        np.stack([values.mean(axis=0) for values in rows]).astype(np.float32),
        np.stack([values.std(axis=0) for values in rows]).astype(np.float32),
    )
