"""Outliers among the examples: some of none of the classes, others in every epoch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from inkgrad.errors import DataError
from inkgrad.layers import NO_CLASS, Array
from inkgrad.training.batches import Batches, describe_source

__all__ = ["WithOutliers"]

_CHANCE = 0x0071  # keeps this chance apart from that of the order


@dataclass(frozen=True)
class WithOutliers:
    """Examples of some classes, and among them examples of none, labelled −1.

    The n examples are at the places 0 … n−1; behind them are round(share · n) outliers, which are
    drawn from all outliers by chance, for each epoch anew, without repetition as long as there are
    enough. What is at a place follows from (seed, epoch, place) alone, so a run can be resumed.

    Parameters
    ----------
    data, outliers : Batches
        The outliers' own labels do not matter.
    share : float
        Outliers for each example, above 0.
    seed : int
    epoch : int
        Counted from 0.

    Raises
    ------
    DataError
        If the share is not above 0, or there are no outliers.

    Examples
    --------
    >>> from inkgrad.training import ArrayBatches
    >>> known = ArrayBatches(np.zeros((4, 2), np.float32), np.array([0, 1, 0, 1]))
    >>> others = ArrayBatches(np.ones((9, 2), np.float32), np.zeros(9, np.int64))
    >>> data = WithOutliers(known, others, share=0.5)
    >>> x, labels = data.batch(np.arange(len(data)))
    >>> labels, x[:, 0]
    (array([ 0,  1,  0,  1, -1, -1]), array([0., 0., 0., 0., 1., 1.], dtype=float32))
    """

    data: Batches
    outliers: Batches
    share: float
    seed: int = 0
    epoch: int = 0
    _rows: NDArray[np.int64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < self.share < np.inf:
            raise DataError(f"the share of outliers is {self.share!r}; give a number above 0")
        if len(self.outliers) == 0:
            raise DataError("there are no outliers; give some, or train without")
        wanted = max(1, round(self.share * len(self.data)))
        chance = np.random.default_rng([self.seed, self.epoch, _CHANCE])
        rows = np.resize(chance.permutation(len(self.outliers)), wanted)
        object.__setattr__(self, "_rows", rows)

    @property
    def takes_time(self) -> bool:
        """Whether batches are worth making ahead."""
        return any(getattr(part, "takes_time", False) for part in (self.data, self.outliers))

    def __len__(self) -> int:
        return len(self.data) + len(self._rows)

    def in_epoch(self, epoch: int) -> WithOutliers:
        """Return the examples as an epoch meets them."""
        return replace(
            self,
            data=_in_epoch(self.data, epoch),
            outliers=_in_epoch(self.outliers, epoch),
            epoch=epoch,
        )

    def batch(self, indices: NDArray[np.int64]) -> tuple[Array, Array]:
        """Return the examples at some places, and their labels, −1 for outliers."""
        places = np.asarray(indices)
        known = places < len(self.data)
        if known.all():
            return self.data.batch(places)
        others, _ = self.outliers.batch(self._rows[places[~known] - len(self.data)])
        labels = np.full(len(places), NO_CLASS, np.int64)
        if not known.any():
            return others, labels
        examples, labels[known] = self.data.batch(places[known])
        x = np.empty((len(places), *examples.shape[1:]), examples.dtype)
        x[known], x[~known] = examples, others
        return x, labels

    def fingerprint(self) -> str:
        """Return the fingerprint of examples and outliers, marked with how they are mixed."""
        known, others = (describe_source(part) for part in (self.data, self.outliers))
        return (
            f"{known.fingerprint} with {self.share} outliers by {self.seed} of {others.fingerprint}"
        )


def _in_epoch(data: Batches, epoch: int) -> Batches:
    in_epoch = getattr(data, "in_epoch", None)
    found: Batches = in_epoch(epoch) if callable(in_epoch) else data
    return found
