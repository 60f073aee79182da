"""Balance: rare classes are shown more often, so that a network does not forget them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from inkgrad.errors import DataError
from inkgrad.quickdraw.drawings import Drawings, Indices

__all__ = ["Balanced", "Even"]


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


@dataclass(frozen=True, eq=False)
class Even:
    """As many drawings of each class in every epoch, however many there are.

    The drawings of a class are shuffled, and shuffled again whenever all have been shown. An epoch
    takes the next `per_class` of them. So it shows a drawing of a rare class several times and
    different ones of a common class, and repeats none before all were shown. What an epoch shows
    follows from (seed, epoch) alone, so a run can be resumed.

    Parameters
    ----------
    drawings : Drawings
    per_class : int
        1 or more.
    seed : int
    epoch : int
        Counted from 0.

    Attributes
    ----------
    rows : int64 array
        The drawing that stands at each place, class after class; of a class without drawings, none.

    Raises
    ------
    DataError
        If `per_class` is less than 1.

    Examples
    --------
    >>> bitmaps = np.zeros((6, 28, 28), np.uint8)
    >>> even = Even(Drawings(bitmaps, np.array([0] * 5 + [1]), ("cat", "dolphin")), per_class=3)
    >>> np.sort(even.rows).tolist(), np.sort(even.in_epoch(1).rows).tolist()
    ([2, 3, 4, 5, 5, 5], [0, 1, 1, 5, 5, 5])
    """

    drawings: Drawings
    per_class: int
    seed: int = 0
    epoch: int = 0
    rows: Indices = field(init=False)

    def __post_init__(self) -> None:
        if self.per_class < 1:
            raise DataError(
                f"{self.per_class} drawings of each class are to be shown; give 1 or more"
            )
        labels, classes = self.drawings.labels, len(self.drawings.classes)
        members = (np.flatnonzero(labels == k) for k in range(classes))
        chosen = [self._turn(rows, k) for k, rows in enumerate(members) if len(rows)]
        object.__setattr__(self, "rows", np.concatenate([np.empty(0, np.int64), *chosen]))

    def _turn(self, members: Indices, label: int) -> Indices:
        """Return the drawings of a class whose turn it is."""
        first = self.epoch * self.per_class
        rounds, start = divmod(first, len(members))
        wanted = start + self.per_class
        orders = [
            np.random.default_rng([self.seed, label, rounds + i]).permutation(members)
            for i in range(-(-wanted // len(members)))
        ]
        return np.concatenate(orders)[start:wanted]

    def __len__(self) -> int:
        return len(self.rows)

    def in_epoch(self, epoch: int) -> Even:
        """Return the drawings that an epoch shows."""
        return replace(self, epoch=epoch)

    def batch(self, indices: npt.ArrayLike) -> tuple[npt.NDArray[np.float32], Indices]:
        """Return the drawings at `indices` as a network is fed them: see `Drawings.batch`."""
        return self.drawings.batch(self.rows[np.asarray(indices)])

    def fingerprint(self) -> str:
        """Return the drawings' fingerprint, marked with how many are shown."""
        return f"{self.per_class} of each class by {self.seed} of {self.drawings.fingerprint()}"
