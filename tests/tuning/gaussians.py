"""Made-up layers and features: each class is large where no other is."""

from __future__ import annotations

import numpy as np

from inkgrad.features import Features
from inkgrad.tuning import Head

CLASSES, INPUTS, REMEMBERED = 4, 12, 40


def gaussian_rows(
    label: int, drawings: int, variants: int = 1, spread: float = 0.4, seed: int = 0
) -> np.ndarray:
    """Return features of drawings of a class, (drawings, variants, INPUTS): as out of a ReLU."""
    rng = np.random.default_rng([seed, label])
    rows = rng.normal(0, spread, (drawings, variants, INPUTS))
    rows[..., label] += 3
    return np.maximum(rows, 0).astype(np.float16).astype(np.float32)


def gaussian_head(spread: float = 0.4) -> Head:
    """Return a layer that tells four such classes apart, and remembers some rows of each."""
    rng = np.random.default_rng(7)
    weight = rng.normal(0, 0.1, (INPUTS, CLASSES))
    weight[np.arange(CLASSES), np.arange(CLASSES)] += 2
    rows = [gaussian_rows(k, REMEMBERED, 1, spread, seed=1)[:, 0] for k in range(CLASSES)]
    return Head(
        weight.astype(np.float32),
        rng.normal(0, 0.1, CLASSES).astype(np.float32),
        Features(np.concatenate(rows)),
    )
