"""Small folders with the layout of Google's bucket, filled with built-in doodles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

__all__ = ["write_bucket"]


def write_bucket(folder: Path, classes: Sequence[str], number: int, *, seed: int) -> Path:
    """Write ``numpy_bitmap/CLASS.npy`` with so many doodles of each class."""
    from inkgrad.quickdraw.doodles import doodle_bitmaps

    (folder / "numpy_bitmap").mkdir(parents=True)
    for name in classes:
        bitmaps, _ = doodle_bitmaps([name], number, seed)
        np.save(folder / "numpy_bitmap" / f"{name}.npy", bitmaps.reshape(number, 784))
    return folder
