"""A rung: one way to compute an operation, with the order in memory that it wants."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from inkgrad.memory import aligned_copy, aligned_zeros

__all__ = ["Case", "Prepared", "Results", "Rung", "check_numbers", "filled_up", "zeros"]

Results = Mapping[str, np.ndarray]
"""What an operation gives, by name, in the order in memory that `inkgrad.layers` use."""


class Case(Protocol):
    """What an operation is computed for: inputs and weights, as `inkgrad.layers` take them."""

    @property
    def drawings(self) -> int:
        """How many drawings there are."""

    def first(self, count: int) -> Any:
        """Return the same for the first drawings alone."""

    def check(self, found: Results, expected: Results) -> None:
        """Raise ValueError where results differ by more than rounding explains."""


class Prepared(NamedTuple):
    """A rung that is ready to run.

    Attributes
    ----------
    run : callable
        Computes; this is what is timed.
    read : callable
        Returns the results.
    besides : callable, optional
        Does what `run` must do besides the operation. Its time is taken off.
    """

    run: Callable[[], object]
    read: Callable[[], Results]
    besides: Callable[[], object] | None = None

    def finished(self) -> Results:
        """Run once and return a copy of the results."""
        self.run()
        return {name: np.array(values) for name, values in self.read().items()}


@dataclass(frozen=True)
class Rung:
    """One way to compute an operation.

    Attributes
    ----------
    name : str
    prepare : callable
        Lays out a case's numbers in the order that this rung wants; that is not timed.
    multiply_adds : callable, optional
        How many multiply-adds it does for a case, all drawings together.
    at_most : int, optional
        Drawings that it is timed for, where more would take too long.
    takes : callable
        Whether it can compute a case; by default any.
    """

    name: str
    prepare: Callable[[Any], Prepared]
    multiply_adds: Callable[[Any], float] | None = None
    at_most: int | None = None
    takes: Callable[[Any], bool] = lambda _: True


def zeros(*shape: int, dtype: type = np.float32) -> np.ndarray:
    """Return zeros that begin at a cache line."""
    return aligned_zeros(shape, dtype)


def filled_up(array: np.ndarray, *multiples: int) -> np.ndarray:
    """Return a copy whose sides are filled up with zeros to multiples of these.

    Examples
    --------
    >>> filled_up(np.ones((1, 3)), 1, 2)
    array([[1., 1., 1., 0.]], dtype=float32)
    """
    more = [
        (0, -length % multiple) for length, multiple in zip(array.shape, multiples, strict=True)
    ]
    return aligned_copy(np.pad(array, more), np.float32)


def check_numbers(name: str, found: Any, expected: Any, terms: int, size: float) -> None:
    """Raise ValueError if two float32 sums of `terms` terms differ by more than their rounding.

    Each of the T additions of a sum rounds by at most u = 2⁻²⁴ of what has been added up, which is
    at most S, the sum of the terms' sizes. Errors of random sign add up to some √T·u·S; 16 times
    that leaves room for Winograd's transforms, whose numbers are up to 9 times as large. Where a
    product is lost or counted twice, sums differ by about S/T, which is more than 16·√T·u·S for
    all T below 10,000.

    Parameters
    ----------
    name : str
        What is compared, for the message.
    found, expected : arrays
    terms : int
        T.
    size : float
        S, of the largest sum.
    """
    off = float(np.max(np.abs(np.subtract(found, expected, dtype=np.float64)), initial=0.0))
    allowed = 16 * math.sqrt(terms) * 2.0**-24 * size
    if not off <= allowed:
        raise ValueError(f"{name} is off by {off:.3g}; rounding explains {allowed:.3g}")
