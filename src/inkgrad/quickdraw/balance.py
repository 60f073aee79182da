"""Balance: rare classes are shown more often, so that a network does not forget them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from inkgrad.quickdraw.drawings import Drawings, Indices

__all__ = ["Balanced"]


@dataclass(frozen=True, eq=False)
class Balanced:
    r"""Drawings of which those of rare classes stand several times, to be trained on.

    A class of n drawings, where the largest has N, is repeated to √(n·N) drawings: half-way,
    on a scale of ratios, between the world as it is and all classes alike. Full equality would
    show the few drawings of the rarest class so often that they are learnt by heart. (Mahajan et
    al., *Exploring the Limits of Weakly Supervised Pretraining*, 2018, section 2.2, resample by
    the same square root.)

    Parameters
    ----------
    drawings : Drawings

    Attributes
    ----------
    rows : int64 array
        The drawing that stands at each place; every drawing at least once.

    Examples
    --------
    >>> bitmaps = np.zeros((101, 28, 28), np.uint8)
    >>> few = Balanced(Drawings(bitmaps, np.array([0] * 100 + [1]), ("cat", "dolphin")))
    >>> len(few)                                # 100 cats, and one dolphin √(1·100) = 10 times
    110
    """

    drawings: Drawings
    rows: Indices = field(init=False)

    def __post_init__(self) -> None:
        labels = self.drawings.labels
        largest = max(self.drawings.counts().values(), default=0)
        repeated = [
            np.resize(members, math.isqrt(len(members) * largest))
            for members in (np.flatnonzero(labels == k) for k in range(len(self.drawings.classes)))
            if len(members)
        ]
        rows = np.concatenate([np.empty(0, np.int64), *repeated])
        object.__setattr__(self, "rows", rows)

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, indices: npt.ArrayLike) -> tuple[npt.NDArray[np.float32], Indices]:
        """Return the drawings at `indices` as a network is fed them: see `Drawings.batch`."""
        return self.drawings.batch(self.rows[np.asarray(indices)])

    def fingerprint(self) -> str:
        """Return the drawings' fingerprint, marked as balanced."""
        return f"balanced {self.drawings.fingerprint()}"
