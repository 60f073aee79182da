"""What a network remembers of its drawings: enough to learn another class without them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from inkgrad.engines import Engine
from inkgrad.errors import ModelError
from inkgrad.layers import Array, Dense
from inkgrad.network import Network, Parameters

__all__ = ["Features", "examples_per_class", "measure_features"]

_NUMBERS = 76_800  # that a model file remembers: 150 kB in float16
_LARGEST = 65504  # of float16, in which they are stored


@dataclass(frozen=True)
class Features:
    """What the last dense layer is given for some drawings of each class.

    A new class changes the last layer, which must not forget the old ones. Their drawings are not
    in the model file, but these rows are what the last layer would see of them. (The idea is that
    of Pellegrini et al., *Latent Replay for Real-Time Continual Learning*, 2020.)

    Parameters
    ----------
    examples : (classes · n, F) float32 array
        Class after class, n rows each. F is the number of inputs of the last layer.

    Raises
    ------
    ModelError
        If they are of another kind or shape, or hold numbers that are not finite.

    Examples
    --------
    >>> Features(np.zeros((2, 3)))
    Traceback (most recent call last):
    inkgrad.errors.ModelError: features.examples is float64 of shape (2, 3); ...
    """

    examples: Array

    def __post_init__(self) -> None:
        _check("examples", self.examples, "(rows, inputs of the last layer)")

    @classmethod
    def from_moments(cls, mean: Array, deviation: Array) -> Features:
        """Make up examples that are spread as the features of each class were.

        Older model files hold mean and standard deviation alone. An example is
        mean + deviation · noise, where noise is a sum of four uniform numbers, brought to mean 0
        and variance 1. Where no mean is below 0 the features come out of a ReLU, so no example is.

        Parameters
        ----------
        mean, deviation : (classes, F) float32 arrays

        Returns
        -------
        features : Features
            The same every time, and in JavaScript.

        Raises
        ------
        ModelError
            If they are of another kind or of different shapes, or hold numbers that are not finite
            or, for the deviation, negative.

        Examples
        --------
        >>> mean, deviation = np.float32([[1, 9], [3, 0]]), np.float32([[0, 1], [0, 0]])
        >>> features = Features.from_moments(mean, deviation)
        >>> features.examples[0], len(features.examples) == 2 * examples_per_class(2, 2)
        (array([ 1.      , 10.274428], dtype=float32), True)
        """
        for name, array in {"mean": mean, "deviation": deviation}.items():
            _check(name, array, "(classes, inputs of the last layer)")
        if mean.shape != deviation.shape:
            raise ModelError(
                f"features.mean has shape {mean.shape}, but features.deviation {deviation.shape}; "
                "they must be of one shape"
            )
        if (deviation < 0).any():
            raise ModelError("features.deviation holds negative numbers; a spread is 0 or more")
        n = examples_per_class(*mean.shape)
        least = 0 if mean.size and mean.min() >= 0 else -np.inf
        centres, spreads = (np.repeat(a.astype(np.float64), n, axis=0) for a in (mean, deviation))
        made = np.maximum(centres + spreads * _noise(centres.shape), least)
        with np.errstate(over="ignore"):  # which is refused as not finite
            return cls(made.astype(np.float32))

    def of_class(self, label: int, classes: int) -> Array:
        """Return the examples of a class: (n, F)."""
        return np.asarray(self.examples.reshape(classes, -1, self.examples.shape[1])[label])

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
        (classes,), (inputs,) = last.output_shape, last.input_shape
        rows, columns = self.examples.shape
        if columns != inputs or rows == 0 or rows % classes:
            raise ModelError(
                f"features.examples has shape {self.examples.shape}, but the network's last layer "
                f"needs as many rows of {inputs} for each of {classes} classes"
            )


def examples_per_class(classes: int, inputs: int) -> int:
    """Return how many rows of each class a model remembers: one at least, 76,800 numbers in all.

    Examples
    --------
    >>> examples_per_class(5, 128), examples_per_class(345, 192)
    (120, 1)
    """
    return max(1, _NUMBERS // max(classes * inputs, 1))


def measure_features(
    engine: Engine, parameters: Parameters, drawings: Iterable[Array]
) -> Features | None:
    """Measure what the last dense layer is given for some drawings of each class.

    If the engine gives the same bits for any number of threads, this does too.

    Parameters
    ----------
    engine : Engine
    parameters : Parameters
    drawings : iterable of (n, *input_shape) arrays
        For each class, in order, what the network is fed; n is at least 1. Of more drawings than
        `examples_per_class` the first are taken; of a class with fewer than another they are
        repeated.

    Returns
    -------
    features : Features or None
        Rounded to float16, as model files hold them. None if the engine's network does not end in
        a dense layer behind at least one other.

    Examples
    --------
    >>> from inkgrad.engines import ReferenceEngine
    >>> from inkgrad.layers import Flatten
    >>> network = Network([Flatten(), Dense(2)], input_shape=(1, 1, 2))
    >>> cats = np.array([[[[0.0, 1.0]]], [[[0.0, 3.0]]]], np.float32)
    >>> engine = ReferenceEngine(network)
    >>> features = measure_features(engine, network.initialise(), [cats, cats[:1]])
    >>> features.examples
    array([[0., 1.],
           [0., 3.],
           [0., 1.],
           [0., 1.]], dtype=float32)
    """
    *before, last = engine.network.layers
    if not before or not isinstance(last, Dense):
        return None
    n = examples_per_class(last.outputs, *engine.network.stages[-1].input_shape)
    rows = [engine.features(parameters, x[:n]) for x in drawings]  # (at most n, F) a class
    longest = max(map(len, rows))
    filled = np.concatenate([np.resize(row, (longest, row.shape[1])) for row in rows])
    return Features(stored(filled))


def stored(rows: Array) -> Array:
    """Return rows as a model file holds them: float32 numbers that float16 has, too.

    Examples
    --------
    >>> stored(np.array([1e-9, 0.1, 1e9]))
    array([0.0000000e+00, 9.9975586e-02, 6.5504000e+04], dtype=float32)
    """
    within = np.clip(rows, -_LARGEST, _LARGEST)
    return np.asarray(within.astype(np.float16).astype(np.float32))


def _check(name: str, array: Array, shape: str) -> None:
    if array.dtype != np.float32 or array.ndim != 2:
        raise ModelError(
            f"features.{name} is {array.dtype} of shape {array.shape}; "
            f"it must be float32 or float16 of shape {shape}"
        )
    if not np.isfinite(array).all():
        raise ModelError(f"features.{name} holds numbers that are not finite")


def _noise(shape: tuple[int, int]) -> Array:
    """Return numbers of mean 0 and variance 1, each from its place by an integer hash.

    The hash is Wellons', *Prospecting for Hash Functions*, 2018 (lowbias32).
    """
    h = np.arange(4 * shape[0] * shape[1], dtype=np.uint32) * np.uint32(0x9E3779B9)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x21F0AAAD)
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x735A2D97)
    h ^= h >> np.uint32(15)
    uniform = h.reshape(*shape, 4) / 2.0**32
    return np.asarray((uniform.sum(axis=2) - 2) * np.sqrt(3.0))
