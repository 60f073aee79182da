"""How near the rasteriser is to Google's own pixels, and how quick."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad.drawing import rasterize_many
from inkgrad.quickdraw import read_bitmaps, read_records

__all__ = ["compare_pixels"]


def compare_pixels(folder: Path) -> dict[str, Any]:
    """Compare drawings of which both the strokes and Google's bitmap are known, row by row.

    Parameters
    ----------
    folder : Path
        Holds ``CLASS.ndjson`` (simplified strokes) and ``CLASS.npy`` (the same drawings' bitmaps).

    Returns
    -------
    dict
        ``drawings``; ``correlation``, the mean over the drawings; ``mean_error`` (of 255), over
        all pixels within one pixel (3×3) of one that is inked in either image; ``equal`` and
        ``within_2``, shares of those pixels; ``drawings_per_s`` on one thread.
    """
    theirs, strokes = [], []
    for path in sorted(folder.glob("*.npy")):
        theirs.append(read_bitmaps(path))
        strokes += [record.strokes for record in read_records(path.with_suffix(".ndjson"))]
    google = np.concatenate(theirs).astype(np.float64)  # (n, 28, 28)
    start = time.perf_counter()
    ours = rasterize_many(strokes).astype(np.float64)
    seconds = time.perf_counter() - start
    rows = (ours.reshape(len(ours), -1), google.reshape(len(google), -1))
    errors = np.abs(ours - google)[_near_ink((ours > 0) | (google > 0))]
    return {
        "drawings": len(ours),
        "correlation": float(
            np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(*rows, strict=True)])
        ),
        "mean_error": float(errors.mean()),
        "equal": float((errors == 0).mean()),
        "within_2": float((errors <= 2).mean()),
        "drawings_per_s": len(ours) / seconds,
    }


def _near_ink(inked: np.ndarray) -> np.ndarray:
    """Return which pixels are inked or touch one that is: a dilation by 3×3."""
    padded = np.pad(inked, ((0, 0), (1, 1), (1, 1)))
    rows, columns = inked.shape[1:]
    shifts = [padded[:, i : i + rows, j : j + columns] for i in range(3) for j in range(3)]
    return np.any(shifts, axis=0)
