"""Batch normalisation: every channel with mean 0 and variance 1, then scaled and shifted."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from inkgrad.errors import ShapeError
from inkgrad.layers.layer import Array, Layer, Saved, Shape, whole_number
from inkgrad.layers.mode import INFERENCE, Mode

__all__ = ["BatchNorm", "shards"]


@dataclass(frozen=True)
class BatchNorm(Layer):
    r"""Each channel normalised, by what is measured over a shard of the batch.

    $$ y = \gamma\, \hat x + \beta, \qquad \hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} $$

    with a scale γ and a shift β for each channel, both learnt. In training μ and σ² are the mean
    and the variance of the channel's numbers over all drawings of a shard and all places; when the
    network answers, they are running averages of those, the layer's *statistics*.

    Parameters
    ----------
    shard : int
        How many drawings are measured together. A batch is cut into shards of so many; what is
        left over belongs to the last one, so that none is smaller unless the batch is. A shard as
        large as the batch makes it the usual batch norm.
    momentum : float
        How much of the running averages a step replaces, above 0 and at most 1.
    epsilon : float
        ε, above 0: keeps what does not vary from being divided by 0.

    Notes
    -----
    *Shapes.* x and y (n, C, H, W) or (n, C), or C with any other axes behind; scale, shift and the
    statistics mean and variance (C,). *Cost.* Two passes over the numbers to measure them, one to
    normalise: no products of matrices.

    *Statistics.* After a step, mean ← mean + momentum · (μ − mean), where μ is averaged over the
    shards, each weighing as many drawings as it has; variance likewise, with the unbiased
    σ² · m / (m − 1) of m numbers. One number alone says nothing of a variance.

    *Derivation of the backward pass*, for one channel of one shard, of m numbers. Let
    r = 1/√(σ² + ε) and g_i = dL/dx̂_i = γ · dL/dy_i. x_i acts on the loss through x̂_i, through
    μ, and through σ²:

    - σ² = Σ (x_i − μ)² / m acts on every x̂_i = (x_i − μ) r, and dr/dσ² = −r³/2, so
      dL/dσ² = −r³/2 · Σ g_i (x_i − μ) = −r²/2 · Σ g_i x̂_i.
    - μ acts on every x̂_i with slope −r. (It acts on σ² too, but with slope
      −2 Σ (x_i − μ)/m = 0.) So dL/dμ = −r Σ g_i.
    - dμ/dx_i = 1/m and dσ²/dx_i = 2 (x_i − μ)/m = 2 x̂_i / (r m).

    Together

        dL/dx_i = g_i r + dL/dσ² · 2 x̂_i / (r m) + dL/dμ / m
                = r · (g_i − Σ g / m − x̂_i · Σ g x̂ / m):

    a gradient loses its mean and its part along x̂, as nothing that only shifts or stretches the
    channel can change the output. In use, μ and σ² are constants and the first term is all.
    In either mode dL/dγ = Σ dL/dy_i · x̂_i and dL/dβ = Σ dL/dy_i, over all shards.

    References
    ----------
    S. Ioffe, C. Szegedy, *Batch Normalization: Accelerating Deep Network Training by Reducing
    Internal Covariate Shift*, 2015. Shards: E. Hoffer, I. Hubara, D. Soudry, *Train longer,
    generalize better*, 2017, section 4 ("ghost batch normalization"). Here they have a second use:
    a shard's gradient depends on no other shard, so whoever computes it needs to hear of none.

    Examples
    --------
    >>> layer = BatchNorm(epsilon=1e-12)
    >>> x = np.array([[1.0, 5.0], [3.0, 5.0]])                   # two drawings, two channels
    >>> numbers = {"scale": np.array([10.0, 10.0]), "shift": np.array([0.0, 7.0])}
    >>> statistics = layer.first_state((2,))
    >>> training = Mode.of_step(seed=0, step=0)
    >>> y, saved = layer.forward(x, **numbers, **statistics, mode=training)
    >>> y
    array([[-10.,   7.],
           [ 10.,   7.]])
    >>> layer.next_state(saved, **statistics)["mean"]            # a tenth of the way to 2 and 5
    array([0.2, 0.5])
    >>> bool(np.allclose(layer.backward(y, saved)[0], 0))        # dy along x̂: nothing is left of it
    True
    """

    short_name: ClassVar[str] = "norm"
    takes_mode: ClassVar[bool] = True

    shard: int = 32
    momentum: float = 0.1
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        object.__setattr__(self, "shard", whole_number(self.shard, "shard"))
        for name, most in (("momentum", 1), ("epsilon", math.inf)):
            value: Any = getattr(self, name)
            is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
            if not is_number or not 0 < value <= most or value == math.inf:
                bound = "" if most == math.inf else f" and at most {most}"
                raise ShapeError(f"{name} is {value!r}; give a number above 0{bound}")
            if not isinstance(value, Fraction):  # as exact checks give it
                object.__setattr__(self, name, float(value))

    @property
    def together(self) -> int:
        """The drawings of a shard are measured together."""
        return self.shard

    def output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape."""
        return input_shape

    def parameter_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return a scale and a shift for each channel."""
        return {"scale": input_shape[:1], "shift": input_shape[:1]}

    def initialise(self, input_shape: Shape, rng: np.random.Generator) -> dict[str, Array]:
        """Return scales of 1 and shifts of 0: at first the layer only normalises."""
        return {"scale": np.ones(input_shape[:1]), "shift": np.zeros(input_shape[:1])}

    def state_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        """Return a running mean and a running variance for each channel."""
        return {"mean": input_shape[:1], "variance": input_shape[:1]}

    def first_state(self, input_shape: Shape) -> dict[str, Array]:
        """Return means of 0 and variances of 1."""
        return {"mean": np.zeros(input_shape[:1]), "variance": np.ones(input_shape[:1])}

    def multiply_adds(self, input_shape: Shape) -> int:
        """Return one for each number."""
        return math.prod(input_shape)

    def forward(  # type: ignore[override]
        self,
        x: Array,
        scale: Array,
        shift: Array,
        mean: Array,
        variance: Array,
        *,
        mode: Mode = INFERENCE,
    ) -> tuple[Array, Saved]:
        """Return y, of the shape of x."""
        parts = shards(len(x), self.shard) if mode.training else [slice(0, len(x))]
        cells = x.reshape(*x.shape[:2], math.prod(x.shape[2:]))  # (n, C, places)
        normal = np.empty_like(cells)  # x̂
        measured = []
        for part in parts:
            own = normal[part]
            if mode.training:
                count = max(own.shape[0] * own.shape[2], 1)
                mean = _sum(cells[part]) / count
                np.subtract(cells[part], mean[:, None], out=own)
                variance = _sum_of_products(own, own) / count  # infinite, it makes x̂ 0
            else:
                np.subtract(cells[part], mean[:, None], out=own)
            rate = 1 / np.sqrt(variance + self.epsilon)  # r
            own *= rate[:, None]
            measured.append((part, mean, variance, rate))
        y = normal * scale[:, None]
        y += shift[:, None]
        return y.reshape(x.shape), (normal, scale, tuple(measured), mode.training)

    def backward(self, dy: Array, saved: Saved) -> tuple[Array, dict[str, Array]]:
        """Return dx, of the shape of dy, and dscale and dshift (C,)."""
        normal, scale, measured, training = saved
        given = dy.reshape(normal.shape)  # (n, C, places)
        dx, dscale, dshift = np.empty_like(given), np.zeros_like(scale), np.zeros_like(scale)
        for part, _, _, rate in measured:
            own = given[part]
            along, total = _sum_of_products(own, normal[part]), _sum(own)  # Σ dy·x̂, Σ dy
            if training:
                m = max(own.shape[0] * own.shape[2], 1)
                np.multiply(normal[part], -(along / m)[:, None], out=dx[part])
                dx[part] += own
                dx[part] -= (total / m)[:, None]
                dx[part] *= (scale * rate)[:, None]
            else:
                np.multiply(own, (scale * rate)[:, None], out=dx[part])
            dscale += along
            dshift += total
        return dx.reshape(dy.shape), {"scale": dscale, "shift": dshift}

    def next_state(self, saved: Saved, mean: Array, variance: Array) -> dict[str, Array]:  # type: ignore[override]
        """Return the running averages after this pass: those before, if it measured nothing."""
        normal, _, measured, training = saved
        if not training or normal.size == 0:
            return {"mean": mean, "variance": variance}
        found = [(part.stop - part.start, own, spread) for part, own, spread, _ in measured]
        return self.averaged(found, normal.shape[2], mean, variance)

    def averaged(
        self,
        measured: list[tuple[int, Array, Array]],
        places: int,
        mean: Array,
        variance: Array,
    ) -> dict[str, Array]:
        """Return the running averages after shards of which one knows (drawings, μ, σ²).

        `places` is how many numbers a channel has in one drawing.
        """
        next_mean, next_variance = mean.copy(), variance.copy()
        n = sum(drawings for drawings, _, _ in measured)
        for drawings, own_mean, own_variance in measured:
            m = drawings * places
            share = self.momentum * drawings / n
            next_mean += share * (own_mean - mean)
            if m > 1:
                next_variance += share * (own_variance * (m / (m - 1)) - variance)
        return {"mean": next_mean, "variance": next_variance}


def shards(n: int, size: int) -> list[slice]:
    """Cut n drawings into shards of `size`; what is left over goes to the last.

    Examples
    --------
    >>> [(part.start, part.stop) for part in shards(70, 32)]
    [(0, 32), (32, 70)]
    >>> shards(5, 32)
    [slice(0, 5, None)]
    """
    ends = [size * k for k in range(1, n // size)]
    return [slice(a, b) for a, b in zip([0, *ends], [*ends, n], strict=True)]


def _sum(cells: Array) -> Array:
    """Return each channel's sum, (C,), of cells (m, C, places)."""
    return _over_drawings(cells.sum(axis=2))


def _sum_of_products(a: Array, b: Array) -> Array:
    """Return each channel's sum of a·b, (C,)."""
    return _over_drawings(np.einsum("ncp,ncp->nc", a, b))


def _over_drawings(sums: Array) -> Array:
    """Add sums (m, C) of places, in float64: there may be many, and float32 holds seven digits."""
    wide = np.float64 if sums.dtype.kind == "f" else sums.dtype  # fractions stay fractions
    return np.asarray(sums.sum(axis=0, dtype=wide).astype(sums.dtype))
