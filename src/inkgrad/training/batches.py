"""What training is handed: numbered examples, fetched a batch at a time, and their order."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from inkgrad.errors import DataError
from inkgrad.layers import Array
from inkgrad.training.ahead import made_ahead

__all__ = [
    "ArrayBatches",
    "Batches",
    "Order",
    "Source",
    "batches_of_epoch",
    "describe_source",
    "epoch_order",
]

_SAMPLED = 1024  # examples that a fingerprint looks at when the data has none of its own


class Batches(Protocol):
    """Examples 0 … n−1, to be had in any order.

    The same indices must always give the same numbers, or a resumed run cannot equal one that
    was never interrupted. Data that is large or slow to read may offer
    ``fingerprint() -> str``, which changes when the data does; otherwise some of its examples
    are read and hashed.

    Data that is another in every epoch, such as fresh variants of drawings, may offer
    ``in_epoch(epoch: int) -> Batches``: as many examples as an epoch, counted from 0, meets them.
    Data whose batches take time to make may have an attribute ``takes_time`` that is true: then
    they are made ahead, in a thread. Data too large for `epoch_order`, which is an array, may offer
    ``order(seed: int, epoch: int) -> Order``.
    """

    def __len__(self) -> int:
        """Return n, the number of examples."""
        ...

    def batch(self, indices: NDArray[np.int64]) -> tuple[Array, Array]:
        """Return x (b, …) float32 and labels (b,) int64 of the b examples asked for."""
        ...


class Order(Protocol):
    """The numbers 0 … n − 1 in some order; the same ones whenever they are looked at."""

    def __getitem__(self, places: slice, /) -> NDArray[np.int64]:
        """Return what is at some neighbouring places."""
        ...


@dataclass(frozen=True)
class ArrayBatches:
    """Batches of examples that stand in memory.

    Parameters
    ----------
    x : (n, …) float32 array
    labels : (n,) int64 array

    Raises
    ------
    DataError
        If there are not as many labels as examples.

    Examples
    --------
    >>> data = ArrayBatches(np.eye(3, dtype=np.float32), np.array([0, 1, 2]))
    >>> x, labels = data.batch(np.array([2, 0]))
    >>> labels
    array([2, 0])
    """

    x: Array
    labels: Array

    def __post_init__(self) -> None:
        if self.labels.shape != self.x.shape[:1]:
            raise DataError(
                f"labels have shape {self.labels.shape} for examples of shape {self.x.shape}; "
                "give one label for each example"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, indices: NDArray[np.int64]) -> tuple[Array, Array]:
        """Return copies of the examples and labels asked for."""
        return self.x[indices], self.labels[indices]


class Source(NamedTuple):
    """What is remembered of the data, to recognise it when a run is resumed."""

    length: int
    fingerprint: str


def describe_source(data: Batches, what: str = "training data") -> Source:
    """Return the data's length and fingerprint.

    The fingerprint is the data's own if it has a method `fingerprint`; otherwise the SHA-256 of
    up to 1,024 examples, evenly spaced.

    Raises
    ------
    DataError
        If the data is empty.

    Examples
    --------
    >>> data = ArrayBatches(np.eye(3, dtype=np.float32), np.array([0, 1, 2]))
    >>> describe_source(data).length
    3
    """
    if len(data) == 0:
        raise DataError(f"the {what} is empty; give at least one example")
    own = getattr(data, "fingerprint", None)
    if callable(own):
        return Source(len(data), str(own()))
    sampled = np.unique(np.linspace(0, len(data) - 1, _SAMPLED).astype(np.int64))
    digest = hashlib.sha256()
    for part in np.array_split(sampled, -(-len(sampled) // 128)):
        for array in data.batch(part):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return Source(len(data), f"sha256:{digest.hexdigest()}")


def epoch_order(seed: int, epoch: int, n: int) -> NDArray[np.int64]:
    """Return the order in which one epoch meets the n examples.

    It depends on nothing but the seed and the number of the epoch (from 0): a run that is resumed
    in the middle of an epoch finds its place again without having to store a generator's state.

    Examples
    --------
    >>> epoch_order(seed=42, epoch=0, n=5), epoch_order(seed=42, epoch=1, n=5)
    (array([4, 2, 3, 1, 0]), array([4, 0, 1, 2, 3]))
    """
    return np.random.default_rng([seed, epoch]).permutation(n)


@contextlib.contextmanager
def batches_of_epoch(
    data: Batches, epoch: int, seed: int, batch_size: int, first: int = 0
) -> Iterator[Iterator[tuple[Array, Array]]]:
    """Open the batches of one epoch, in its order (`epoch_order`), from the batch `first` on.

    Examples
    --------
    >>> data = ArrayBatches(np.eye(3, dtype=np.float32), np.array([0, 1, 2]))
    >>> with batches_of_epoch(data, epoch=0, seed=42, batch_size=2) as batches:
    ...     [labels.tolist() for x, labels in batches]
    [[2, 1], [0]]
    """
    in_epoch = getattr(data, "in_epoch", None)
    examples: Batches = in_epoch(epoch) if callable(in_epoch) else data
    own = getattr(data, "order", None)
    order: Order = own(seed, epoch) if callable(own) else epoch_order(seed, epoch, len(data))
    places = (
        order[start : start + batch_size]
        for start in range(first * batch_size, len(data), batch_size)
    )
    if getattr(data, "takes_time", False):
        with made_ahead(examples.batch, places) as batches:
            yield batches
    else:
        yield map(examples.batch, places)
