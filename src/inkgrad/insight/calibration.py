"""Calibration: whether a model is right as often as it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkgrad.insight.charts import HEIGHT, WIDTH, Dot, Tick
from inkgrad.layers import Array

__all__ = ["Bin", "Calibration", "Diagram", "measure_calibration", "reliability_diagram"]

BINS = 15
_SIMULATIONS = 200


@dataclass(frozen=True)
class Bin:
    """Some drawings that a model is about equally sure of.

    Attributes
    ----------
    drawings : int
    confidence, accuracy : float
        The mean probability of their first guesses, and the share of these that is right.
    """

    drawings: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """How far a model's probabilities are from how often it is right.

    Attributes
    ----------
    error : float
        The expected calibration error, 0 to 1.
    perfect : float
        What a perfectly calibrated model shows with the same probabilities and as many drawings,
        in the mean: chance alone does not let it be 0.
    confidence, accuracy : float
        Over all drawings.
    bins : tuple of Bin
        From the least sure to the surest.
    """

    error: float
    perfect: float
    confidence: float
    accuracy: float
    bins: tuple[Bin, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values, ready for JSON."""
        return {**asdict(self), "bins": [asdict(each) for each in self.bins]}


def measure_calibration(
    probabilities: Array, labels: Array | Sequence[int], *, seed: int = 0
) -> Calibration:
    r"""Return the expected calibration error, with 15 bins of as many drawings each.

    $$ \mathrm{ECE} = \sum_{b} \frac{n_b}{n}
       \left| \mathrm{accuracy}_b - \mathrm{confidence}_b \right| $$

    over bins of drawings with about the same confidence, the probability of the first guess. With
    bins of equal count none is left to a few drawings. (Guo et al., *On Calibration of Modern
    Neural Networks*, 2017; Nguyen and O'Connor, *Posterior calibration and exploratory analysis
    for natural language processing models*, 2015, for the bins.)

    Parameters
    ----------
    probabilities : (n, K) array
        n ≥ 1. With fewer drawings than bins, each is a bin of its own.
    labels : (n,) whole numbers
    seed : int
        Of the simulations of a perfectly calibrated model: 200, in each of which every first guess
        is right with the probability that the model gives it.

    Examples
    --------
    >>> p = np.array([[0.75, 0.25]] * 4)
    >>> found = measure_calibration(p, [0, 0, 0, 1])
    >>> found.confidence, found.accuracy, round(found.error, 2)       # each drawing is a bin
    (0.75, 0.75, 0.38)
    """
    shares = np.asarray(probabilities, np.float64)
    confidence = np.minimum(shares.max(axis=1), 1.0)  # (n, K) -> (n,)
    right = (shares.argmax(axis=1) == np.asarray(labels)).astype(np.float64)
    order = np.argsort(confidence, kind="stable")
    confidence, right = confidence[order], right[order]
    n = len(confidence)
    edges = np.linspace(0, n, min(BINS, n) + 1).round().astype(np.int64)
    counts = np.diff(edges)
    means = _means(confidence, edges)
    hits = _means(right, edges)

    def error(accuracy: Array) -> float:
        return float((counts * np.abs(accuracy - means)).sum() / n)

    rng = np.random.default_rng(seed)
    perfect = [
        error(_means((rng.random(n) < confidence).astype(np.float64), edges))
        for _ in range(_SIMULATIONS)
    ]
    bins = tuple(map(Bin, counts.tolist(), means.tolist(), hits.tolist()))
    return Calibration(
        error(hits), float(np.mean(perfect)), float(confidence.mean()), float(right.mean()), bins
    )


def _means(values: Array, edges: NDArray[np.int64]) -> Array:
    """Return the mean between each two edges."""
    return np.asarray(np.add.reduceat(values, edges[:-1]) / np.diff(edges))


@dataclass(frozen=True)
class Diagram:
    """A reliability diagram, ready to be drawn: confidence to the right, accuracy up."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    line: str
    """As an SVG polyline takes it."""
    dots: tuple[Dot, ...]
    description: str


def reliability_diagram(calibration: Calibration) -> Diagram:
    """Lay out accuracy over confidence, bin by bin; a calibrated model's are on the diagonal.

    Examples
    --------
    >>> diagram = reliability_diagram(Calibration(0.1, 0.05, 0.8, 0.7, (Bin(9, 0.8, 0.7),)))
    >>> diagram.dots[0].title
    '9 drawings: confidence 80.0 %, right 70.0 %'
    """
    left, right, top, bottom = 52.0, WIDTH - 12, 14.0, HEIGHT - 42
    ticks = [k / 5 for k in range(6)]

    def x_of(share: float) -> float:
        return round(left + (right - left) * share, 1)

    def y_of(share: float) -> float:
        return round(bottom - (bottom - top) * share, 1)

    dots = tuple(
        Dot(
            x_of(each.confidence),
            y_of(each.accuracy),
            f"{each.drawings:,} drawings: confidence {100 * each.confidence:.1f} %, "
            f"right {100 * each.accuracy:.1f} %",
        )
        for each in calibration.bins
    )
    return Diagram(
        WIDTH,
        HEIGHT,
        left,
        right,
        top,
        bottom,
        tuple(Tick(x_of(t), f"{100 * t:.0f}") for t in ticks),
        tuple(Tick(y_of(t), f"{100 * t:.0f}") for t in ticks),
        " ".join(f"{dot.x:g},{dot.y:g}" for dot in dots),
        dots,
        f"the expected calibration error is {100 * calibration.error:.1f} %, that of a perfectly "
        f"calibrated model {100 * calibration.perfect:.1f} %",
    )
