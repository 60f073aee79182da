"""How much alike two sets of bitmaps of the same drawings are."""

from __future__ import annotations

import numpy as np

__all__ = ["likeness"]


def likeness(ours: np.ndarray, theirs: np.ndarray) -> dict[str, float]:
    """Compare bitmaps drawing by drawing and, where there is ink, pixel by pixel.

    Parameters
    ----------
    ours, theirs : uint8 arrays (n, rows, columns), n ≥ 1

    Returns
    -------
    dict
        ``identical``, the share of drawings all of whose pixels are equal; ``correlation``, the
        mean over the drawings; and of all pixels within one pixel (3×3) of one that is inked in
        either image: ``equal`` and ``within_2``, shares of them, ``mean_error`` and ``max_error``
        (of 255).

    Examples
    --------
    >>> line = np.zeros((1, 9, 9), np.uint8)
    >>> line[0, 4, 1:8] = 255
    >>> other = line.copy()
    >>> other[0, 4, 7] = 252
    >>> found = likeness(other, line)
    >>> found["identical"], found["mean_error"] == 3 / 27, found["max_error"]
    (0.0, True, 3.0)
    """
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    rows = (ours.reshape(len(ours), -1), theirs.reshape(len(theirs), -1))  # (n, pixels)
    errors = np.abs(ours - theirs)
    near = errors[_near_ink((ours > 0) | (theirs > 0))]
    return {
        "identical": float((errors == 0).all(axis=(1, 2)).mean()),
        "correlation": float(
            np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(*rows, strict=True)])
        ),
        "mean_error": float(near.mean()),
        "max_error": float(near.max()),
        "equal": float((near == 0).mean()),
        "within_2": float((near <= 2).mean()),
    }


def _near_ink(inked: np.ndarray) -> np.ndarray:
    """Return which pixels are inked or touch one that is: a dilation by 3×3."""
    padded = np.pad(inked, ((0, 0), (1, 1), (1, 1)))
    rows, columns = inked.shape[1:]
    shifts = [padded[:, i : i + rows, j : j + columns] for i in range(3) for j in range(3)]
    return np.any(shifts, axis=0)
