"""Straight lines from edge to edge of a sheet: ruled, squared, a margin, a fold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["without_ruling"]

Floats = npt.NDArray[np.float64]


def without_ruling(contrast: Floats, faintest: float) -> Floats:
    return contrast
