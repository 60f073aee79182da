"""Numbers in 16 bits: half the room, and refused where they do not fit."""

from __future__ import annotations

import numpy as np

from inkgrad.errors import ModelError
from inkgrad.layers import Array

__all__ = ["to_float16"]


def to_float16(name: str, numbers: Array) -> Array:
    """Return numbers as float16, each rounded to the nearest.

    Between 6.1e-5 and 65504 in size, a number moves by at most 2⁻¹¹ of itself; a smaller one by at
    most 2⁻²⁵.

    Parameters
    ----------
    name : str
        How an error calls them.
    numbers : array of float32

    Raises
    ------
    ModelError
        If a number is beyond float16, whose largest is 65504, or not finite.

    Examples
    --------
    >>> to_float16("dense1.bias", np.array([0.1, 1e-9], np.float32)).astype(np.float32)
    array([0.09997559, 0.        ], dtype=float32)
    >>> to_float16("dense1.bias", np.array([7e4], np.float32))
    Traceback (most recent call last):
    inkgrad.errors.ModelError: dense1.bias holds 70000, but float16 ends at 65504; ...
    """
    with np.errstate(over="ignore"):
        half = numbers.astype(np.float16)
    if not np.isfinite(half).all():
        most = float(np.abs(numbers).max())
        raise ModelError(
            f"{name} holds {most:g}, but float16 ends at 65504; keep the model in float32, "
            "or train again with smaller weights (--weight-decay, or a lower --learning-rate)"
        )
    return half
