"""Augmentation: pictures turned, stretched, moved and mirrored a little, to learn more from few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkgrad.errors import DataError
from inkgrad.layers import Array
from inkgrad.training.batches import Batches, describe_source

__all__ = ["Augmented"]

_TURN = 0.2  # radians to either side: 11°
_SHEAR = 0.15
_STRETCH = 0.15  # of each length, on its own
_MOVE = 0.05  # of the picture's side


@dataclass(frozen=True)
class Augmented:
    r"""Pictures of which each is shown in several variants.

    Example i of n stands at the places i, n + i, 2n + i, …; what stands at a place p is always
    the same picture, so that a run can be resumed. It is the original seen through a linear map
    and a shift, both drawn by chance from (seed, p): the pixel at v, counted from the middle, has
    the grey that the original has at

    $$ A v + b, \qquad A = \begin{pmatrix} \pm 1 & 0 \\ 0 & 1 \end{pmatrix}
       \begin{pmatrix} \cos\varphi & -\sin\varphi \\ \sin\varphi & \cos\varphi \end{pmatrix}
       \begin{pmatrix} 1 & k \\ 0 & 1 \end{pmatrix}
       \begin{pmatrix} s_x & 0 \\ 0 & s_y \end{pmatrix}, $$

    interpolated between its four neighbours; beyond the edge there is paper. Every second picture
    is mirrored. (Simard, Steinkraus and Platt, *Best Practices for Convolutional Neural Networks
    Applied to Visual Document Analysis*, 2003, section 2, widen data sets by affine maps so.)

    Parameters
    ----------
    data : Batches
        Whose examples are pictures, (channels, side, side).
    times : int
        In how many variants each is shown, 1 or more.
    seed : int

    Raises
    ------
    DataError
        If `times` is less than 1.

    Examples
    --------
    >>> from inkgrad.training import ArrayBatches
    >>> cross = np.pad(np.eye(9, dtype=np.float32), 3)[None, None]
    >>> data = Augmented(ArrayBatches(cross, np.array([0])), times=3)
    >>> x, labels = data.batch(np.array([0, 2]))
    >>> len(data), x.shape, labels.tolist(), bool(np.allclose(x[0], x[1]))
    (3, (2, 1, 15, 15), [0, 0], False)
    """

    data: Batches
    times: int
    seed: int = 0

    def __post_init__(self) -> None:
        if self.times < 1:
            raise DataError(f"augment is {self.times}; give 1 for no variants, or more")

    def __len__(self) -> int:
        return len(self.data) * self.times

    def batch(self, indices: NDArray[np.int64]) -> tuple[Array, Array]:
        """Return the pictures at some places, (b, channels, side, side), and their labels."""
        x, labels = self.data.batch(indices % len(self.data))
        chance = np.stack([self._draw(place) for place in indices.tolist()])  # (b, 7)
        return _seen_through(x, *_maps(chance)), labels

    def fingerprint(self) -> str:
        """Return the data's fingerprint, marked with how it is augmented."""
        return f"{self.times} variants by {self.seed} of {describe_source(self.data).fingerprint}"

    def _draw(self, place: int) -> Array:
        return np.random.default_rng([self.seed, place]).uniform(-1, 1, 7)


def _maps(chance: Array) -> tuple[Array, Array]:
    """Return A (b, 2, 2) and b (b, 2, in sides) for numbers (b, 7) between −1 and 1."""
    angle, shear = _TURN * chance[:, 0], _SHEAR * chance[:, 1]
    across, down = np.exp(_STRETCH * chance[:, 2]), np.exp(_STRETCH * chance[:, 3])
    mirror = np.where(chance[:, 6] < 0, -1.0, 1.0)
    cos, sin = np.cos(angle), np.sin(angle)
    rows = [
        [mirror * cos * across, mirror * (cos * shear - sin) * down],
        [sin * across, (sin * shear + cos) * down],
    ]
    return np.moveaxis(np.array(rows), -1, 0), _MOVE * chance[:, 4:6]


def _seen_through(x: Array, matrix: Array, shift: Array) -> Array:
    """Return pictures (b, C, H, W) seen through the maps, by bilinear interpolation."""
    b, c, h, w = x.shape
    canvas = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))  # paper beyond the edge
    middle = np.array([(w - 1) / 2, (h - 1) / 2])
    across, down = np.meshgrid(np.arange(w) - middle[0], np.arange(h) - middle[1])
    grid = np.stack([across.ravel(), down.ravel()])  # (2, h·w)
    at = matrix @ grid + (middle + shift * [w, h])[:, :, None] + 1  # (b, 2, h·w), on the canvas
    at = np.clip(at, 0, np.array([w + 1, h + 1])[:, None])
    corner = np.minimum(at.astype(np.intp), np.array([w, h])[:, None])
    right, below = (at - corner).astype(x.dtype).transpose(1, 0, 2)[:, :, None]  # (b, 1, h·w)
    flat = canvas.reshape(b, c, -1)
    first = (corner[:, 1] * (w + 2) + corner[:, 0])[:, None]  # (b, 1, h·w)

    def grey(step: int) -> Array:
        """Return the grey of each pixel's corner, or of a neighbour of it."""
        return np.take_along_axis(flat, np.broadcast_to(first + step, (b, c, h * w)), axis=2)

    upper = grey(0) * (1 - right) + grey(1) * right
    lower = grey(w + 2) * (1 - right) + grey(w + 3) * right
    seen: Array = upper * (1 - below) + lower * below
    return seen.reshape(b, c, h, w)
