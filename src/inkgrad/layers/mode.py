"""The mode of a pass: whether the network is learning, and the chance that belongs to a place."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from inkgrad.layers.layer import Array, Shape

__all__ = ["INFERENCE", "Mode"]

_WORD = 2**64
_GAMMA = 0x9E3779B97F4A7C15  # 2^64 divided by the golden ratio, made odd


@dataclass(frozen=True)
class Mode:
    r"""What a layer may ask about the pass that it is part of.

    Layers that do the same in training as in use, as most do, never ask. Chance is worked out from
    where it is used, not drawn from a generator that moves on: number i of drawing b is

    $$ \mathrm{uniform}_{b,i} = \mathrm{hash}(\text{key}, (\text{first} + b) N + i) / 2^{64} $$

    with N numbers a drawing. So a run that is resumed repeats it bit for bit though nothing was
    stored, and a part of a batch, wherever it is computed, gets what it would get in the whole.

    Parameters
    ----------
    training : bool
        Whether the network is learning, not answering.
    key : int
        Of this step and this layer.
    first : int
        The place, in its batch, of the first drawing of this pass.

    Notes
    -----
    The hash is SplitMix64: G. L. Steele, D. Lea, C. H. Flood, *Fast Splittable Pseudorandom Number
    Generators*, 2014, figure 16.

    Examples
    --------
    >>> mode = Mode.of_step(seed=42, step=7).at(3)          # of layer 3
    >>> whole = mode.uniform((4, 10))
    >>> part = replace(mode, first=2).uniform((2, 10))      # drawings 2 and 3 alone
    >>> bool((part == whole[2:]).all())
    True
    """

    training: bool = False
    key: int = 0
    first: int = 0

    @classmethod
    def of_step(cls, seed: int, step: int, first: int = 0) -> Mode:
        """Return the mode of a training run's step 0, 1, 2, …, for drawings from `first` on."""
        key = _next(seed % _WORD)
        while seed := seed >> 64:  # seeds of more than 64 bits
            key = _next(key ^ (seed % _WORD))
        return cls(training=True, key=_next(key ^ step), first=first)

    def at(self, place: int) -> Mode:
        """Return the mode for what stands at a place 0, 1, 2, …: it has chance of its own."""
        return replace(self, key=_next(self.key ^ (place + 1))) if self.training else self

    def uniform(self, shape: Shape) -> Array:
        """Return numbers from 0 to below 1, float32, for drawings (n, …)."""
        n = math.prod(shape[1:])
        start = (self.key + (self.first * n + 1) * _GAMMA) % _WORD
        with np.errstate(over="ignore"):  # it is meant to wrap around
            state = np.uint64(start) + np.arange(shape[0] * n, dtype=np.uint64) * np.uint64(_GAMMA)
            bits = _mix(state)
        shares = (bits >> np.uint64(40)).astype(np.float32) * np.float32(2**-24)
        return np.asarray(shares.reshape(shape))


INFERENCE = Mode()
"""The mode in which a network answers."""


def _mix(z: Array) -> Array:
    """Return 64 bits of which each depends on all of the bits given."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def _next(key: int) -> int:
    """Return another key, as unlike the first as chance would have it."""
    with np.errstate(over="ignore"):
        return int(_mix(np.array([(key + _GAMMA) % _WORD], np.uint64))[0])
