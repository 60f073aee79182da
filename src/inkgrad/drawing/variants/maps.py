"""Maps of the plane: the affine map and the smooth wave that bend a drawing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from inkgrad.drawing.variants.variation import Variation

__all__ = ["MAP_NUMBERS", "WAVE_NUMBERS", "Reals", "Waves", "affine_maps", "waves"]

Reals = npt.NDArray[np.float64]

_WAVES = 3
MAP_NUMBERS = 5
"""How many numbers `affine_maps` takes for each drawing."""

WAVE_NUMBERS = 5 * _WAVES
"""How many `waves` takes."""

_LONGEST, _SHORTEST = 512.0, 170.0  # wavelengths, in units: a drawing is 255 wide


class Waves(NamedTuple):
    """A displacement field for each drawing, a sum of sinusoids: each array is (waves, n).

    At (u, v), the sum of (right, down) · sin(across · u + along · v + phase).
    """

    across: Reals
    along: Reals
    phase: Reals
    right: Reals
    down: Reals


def affine_maps(
    chance: Reals, how: Variation, may_mirror: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    r"""Return a linear map for each drawing, (2, 2, n), for numbers (`MAP_NUMBERS`, n) in [0, 1).

    $$ A = \begin{pmatrix} \pm 1 & 0 \\ 0 & 1 \end{pmatrix}
       \begin{pmatrix} \cos\varphi & -\sin\varphi \\ \sin\varphi & \cos\varphi \end{pmatrix}
       \begin{pmatrix} 1 & k \\ 0 & 1 \end{pmatrix}
       \begin{pmatrix} s_x & 0 \\ 0 & s_y \end{pmatrix} $$

    (Simard, Steinkraus and Platt, *Best Practices for Convolutional Neural Networks Applied to
    Visual Document Analysis*, ICDAR 2003, section 2, widen data sets by affine maps and smooth
    displacements.)
    """
    sides = 2 * chance - 1  # −1 … 1
    angle, shear = np.radians(how.turn) * sides[0], how.shear * sides[1]
    across, down = np.exp(how.stretch * sides[2]), np.exp(how.stretch * sides[3])
    mirror = np.where(may_mirror & (chance[4] < how.mirror), -1.0, 1.0)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array(
        [
            [mirror * cos * across, mirror * (cos * shear - sin) * down],
            [sin * across, (sin * shear + cos) * down],
        ]
    )


def waves(chance: Reals, how: Variation) -> Waves:
    """Return waves for numbers (`WAVE_NUMBERS`, n) in [0, 1).

    Three of them, of lengths between two thirds of the frame and twice the frame, each to a side
    of its own and up to two thirds of `wobble` high.
    """
    length, heading, phase, side, height = chance.reshape(5, _WAVES, -1)
    rate = 2 * np.pi / (_SHORTEST * (_LONGEST / _SHORTEST) ** length)
    heading, side = 2 * np.pi * heading, 2 * np.pi * side
    height = how.wobble * height * (2 / _WAVES)
    return Waves(
        rate * np.cos(heading),
        rate * np.sin(heading),
        2 * np.pi * phase,
        height * np.cos(side),
        height * np.sin(side),
    )
