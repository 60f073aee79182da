"""What is done to maps behind a convolution: the coefficients of it, and their gradients."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from inkgrad.engines.cpu.maps import activation
from inkgrad.engines.cpu.maps.flow import Maps, Pass, cells_between
from inkgrad.engines.cpu.maps.frame import Frame
from inkgrad.engines.cpu.simd import LANES
from inkgrad.layers import Array, BatchNorm, LeakyReLU, ReLU
from inkgrad.layers.norm import shards
from inkgrad.network import Parameters

__all__ = ["Activation", "Part"]


class Part(NamedTuple):
    """Drawings that a norm measured together, or all where there is none.

    Attributes
    ----------
    first, last : int
        Drawings first … last−1.
    coefficients : (3 · channels,) float32 array
        See `activation.activate`.
    rate : (channels,) array
        A norm's 1/√(σ² + ε).
    """

    first: int
    last: int
    coefficients: Array
    rate: Array


class Activation:
    """A bias or a norm, a ReLU and a 2×2 pool, each if it is there; see `activation`.

    Parameters
    ----------
    bias : str, optional
        Name of the bias among the parameters.
    norm : (str, BatchNorm), optional
        The name of the stage, and the layer.
    relu : ReLU or LeakyReLU, optional
    pool : bool
    """

    def __init__(
        self,
        before: Frame,
        *,
        bias: str | None = None,
        norm: tuple[str, BatchNorm] | None = None,
        relu: ReLU | LeakyReLU | None = None,
        pool: bool = False,
    ) -> None:
        self.before = before
        self._bias, self.norm, self._relu, self.pool = bias, norm, relu, pool
        self.width = before.groups * LANES
        self._channels, rows, columns = before.shape
        self.places = rows * columns

    def cells(self, after: Frame) -> Any:
        """Return sizes and places, where y stands in a frame."""
        cells = cells_between(self.before, after).copy()
        relu = self._relu
        cells["rectified"] = 0 if relu is None else 2 if isinstance(relu, LeakyReLU) else 1
        cells["slope"] = getattr(relu, "slope", 0.0)
        cells["pool"] = 2 if self.pool else 1
        return cells

    def parts(self, x: Maps, run: Pass) -> list[Part]:
        """Return the coefficients of each part, measured if the network learns."""
        numbers, n = run.parameters, run.n
        bias: Any = 0.0 if self._bias is None else self._padded(numbers[self._bias])
        if self.norm is None:
            coefficients = np.zeros((3, self.width), np.float32)
            coefficients[1], coefficients[2] = 1, bias
            return [Part(0, n, coefficients.ravel(), coefficients[1])]
        name, layer = self.norm
        if not run.training:
            mean, variance = (
                self._padded(numbers.statistics[f"{name}.{which}"])
                for which in ("mean", "variance")
            )
            return [Part(0, n, *self._coefficients(numbers, mean - bias, variance))]
        means, squares = self._measured(x, n)
        parts, found = [], []
        for part in shards(n, layer.shard):
            own = means[part].astype(np.float64)  # (drawings, width)
            mean = own.mean(axis=0)
            # What varies within drawings, and what varies from drawing to drawing.
            within = squares[part].sum(axis=0, dtype=np.float64) / (len(own) * self.places)
            variance = within + own.var(axis=0)
            parts.append(Part(part.start, part.stop, *self._coefficients(numbers, mean, variance)))
            own_channels = slice(0, self._channels)
            found.append((len(own), (mean + bias)[own_channels], variance[own_channels]))
        if run.statistics is not None:
            state = {
                which: run.statistics[f"{name}.{which}"].copy() for which in ("mean", "variance")
            }
            for which, values in layer.averaged(found, self.places, **state).items():
                run.statistics[f"{name}.{which}"] = values
        return parts

    def write_gradient(
        self,
        parts: list[Part],
        sums: Array,
        products: Array,
        run: Pass,
        gradient: Array,
    ) -> list[tuple[int, int, Array]]:
        """Write the gradient of scale and shift, or of the bias; return a `Gradient`'s parts.

        `sums` and `products` are each drawing's, as `activation.collect` writes them.
        """
        scale = shift = bias = np.zeros(self.width)
        back = []
        for first, last, coefficients, rate in parts:
            own = slice(first * self.width, last * self.width)
            total, along = (
                each[own].reshape(-1, self.width).sum(axis=0, dtype=np.float64)
                for each in (sums, products)
            )
            shift = shift + total
            if self.norm is None:
                bias = shift
                continue
            scale = scale + along * rate
            m = (last - first) * self.places
            spread = np.zeros((4, self.width), np.float32)
            spread[:2] = coefficients.reshape(3, self.width)[:2]
            if run.training:
                spread[2], spread[3] = total / m, along * rate**2 / m
            else:
                bias = bias + total * spread[1]
            back.append((first, last, spread.ravel()))
        found = {}
        if self.norm is not None:
            found = {f"{self.norm[0]}.scale": scale, f"{self.norm[0]}.shift": shift}
        if self._bias is not None:
            found[self._bias] = bias
        for name, values in found.items():
            place = run.place(name)
            gradient[place : place + self._channels] = values[: self._channels]
        return back

    def _measured(self, x: Maps, n: int) -> tuple[Array, Array]:
        """Return what was measured, each (drawings, width)."""
        if x.measured is None:
            x.measured = np.empty(n * self.width, np.float32), np.empty(n * self.width, np.float32)
            activation.measure(cells_between(self.before, self.before), n, x.array, *x.measured)
        means, squares = x.measured
        return means.reshape(n, self.width), squares.reshape(n, self.width)

    def _coefficients(
        self, numbers: Parameters, mean: Array, variance: Array
    ) -> tuple[Array, Array]:
        """Return the coefficients of `activation.activate`, and 1/√(σ² + ε)."""
        name, layer = self.norm  # type: ignore[misc]
        rate = 1 / np.sqrt(variance.astype(np.float64) + layer.epsilon)
        scale, shift = (self._padded(numbers[f"{name}.{which}"]) for which in ("scale", "shift"))
        return np.concatenate([mean, rate * scale, shift]).astype(np.float32), rate

    def _padded(self, values: Array) -> Array:
        """Return a channel's numbers, and zeros up to whole vectors."""
        padded = np.zeros(self.width, values.dtype)
        padded[: len(values)] = values
        return padded
