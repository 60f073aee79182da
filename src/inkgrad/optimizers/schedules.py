"""Schedules: which learning rate each step of a run takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Constant", "Cosine", "OneCycle", "Schedule", "StepDecay"]


class Schedule(Protocol):
    """A pure function of the step, 0 for the first of the run."""

    def __call__(self, step: int) -> float:
        """Return the learning rate of this step."""
        ...


@dataclass(frozen=True)
class Constant:
    """The same learning rate in every step.

    Examples
    --------
    >>> Constant(0.1)(step=1000)
    0.1
    """

    rate: float

    def __call__(self, step: int) -> float:
        """Return the learning rate of this step."""
        return self.rate


@dataclass(frozen=True)
class StepDecay:
    r"""A staircase: after every so many steps the learning rate is multiplied by a factor.

    $$ \alpha_s = \alpha \, \gamma^{\lfloor s / n \rfloor} $$

    Used so by Krizhevsky, Sutskever and Hinton, *ImageNet Classification with Deep Convolutional
    Neural Networks*, 2012, section 5 (there by hand, with γ = 0.1).

    Parameters
    ----------
    rate : float
        α
    every : int
        n, the steps on one stair.
    factor : float
        γ

    Examples
    --------
    >>> schedule = StepDecay(1.0, every=10, factor=0.5)
    >>> schedule(9), schedule(10), schedule(20)
    (1.0, 0.5, 0.25)
    """

    rate: float
    every: int
    factor: float = 0.1

    def __call__(self, step: int) -> float:
        """Return the learning rate of this step."""
        return self.rate * float(self.factor) ** (step // self.every)


@dataclass(frozen=True)
class Cosine:
    r"""A linear rise, then half a cosine wave down to zero.

    $$ \alpha_s = \alpha \frac{s + 1}{w} \quad (s < w), \qquad
       \alpha_s = \frac{\alpha}{2} \left(1 + \cos \pi \frac{s - w}{S - w}\right) \quad (s \ge w) $$

    The wave is Loshchilov and Hutter, *SGDR: Stochastic Gradient Descent with Warm Restarts*,
    2017, section 3, without restarts; the rise is Goyal et al., *Accurate, Large Minibatch SGD*,
    2017, section 2.2.

    Parameters
    ----------
    rate : float
        α, the highest learning rate.
    steps : int
        S, the steps of the whole run.
    warmup : int
        w, the steps of the rise.

    Examples
    --------
    >>> schedule = Cosine(1.0, steps=12, warmup=4)
    >>> [round(schedule(step), 2) for step in (0, 3, 4, 8, 11, 12)]
    [0.25, 1.0, 1.0, 0.5, 0.04, 0.0]
    """

    rate: float
    steps: int
    warmup: int = 0

    def __call__(self, step: int) -> float:
        """Return the learning rate of this step."""
        if step < self.warmup:
            return self.rate * (step + 1) / self.warmup
        gone = _share(step - self.warmup, self.steps - self.warmup)
        return self.rate * 0.5 * (1 + math.cos(math.pi * gone))


@dataclass(frozen=True)
class OneCycle:
    r"""One cycle: straight up, straight down again, then a short tail towards nothing.

    With w steps of rise and as many of fall, it runs from α/25 up to α, back to α/25, and in what
    is left of the S steps down to α/2500. Large learning rates in the middle act as regularisation;
    the tail settles. Smith and Topin, *Super-Convergence: Very Fast Training of Neural Networks
    Using Large Learning Rates*, 2018, section 3. (They also lower the momentum while the rate is
    high; here it stays. The 25 and the 2500 are ours: the paper says only "several orders of
    magnitude" of the tail.)

    Parameters
    ----------
    rate : float
        α, the highest learning rate.
    steps : int
        S, the steps of the whole run.
    warmup : int
        w ≤ S/2, the steps of the rise.

    Examples
    --------
    >>> schedule = OneCycle(1.0, steps=100, warmup=45)
    >>> [round(schedule(step), 4) for step in (0, 45, 90, 95, 100)]
    [0.04, 1.0, 0.04, 0.0202, 0.0004]
    """

    rate: float
    steps: int
    warmup: int

    def __call__(self, step: int) -> float:
        """Return the learning rate of this step."""
        low, lowest = self.rate / 25, self.rate / 2500
        turn, foot = self.warmup, 2 * self.warmup
        if step < turn:
            return low + (self.rate - low) * _share(step, turn)
        if step < foot:
            return self.rate + (low - self.rate) * _share(step - turn, turn)
        return low + (lowest - low) * _share(step - foot, self.steps - foot)


def _share(part: int, whole: int) -> float:
    """Return part / whole, 1 when the whole is passed (or is nothing)."""
    return part / whole if part < whole else 1.0
