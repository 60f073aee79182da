"""The geometry of learning curves: where every line, tick and dot stands; the template draws it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Chart", "Dot", "Series", "Tick", "learning_curve", "nice_ticks"]

WIDTH, HEIGHT = 520.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 508.0, 14.0, 258.0  # the plot inside the picture
_MOST_POINTS = 400  # of one line; more would only make the file larger
_MOST_DOTS = 60  # beyond that, dots run into each other

Point = tuple[float, float]


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where it is in the picture, and what it says."""

    at: float
    label: str


@dataclass(frozen=True)
class Dot:
    """A point to hover over: where it is in the picture, and what it tells."""

    x: float
    y: float
    title: str


@dataclass(frozen=True)
class Series:
    """One line.

    Attributes
    ----------
    kind : "training" or "validation"
    title : str
        The line in words.
    points : str
        As an SVG polyline takes them.
    dots : tuple of Dot
        The ends of the epochs, where the line is made of them.
    """

    kind: str
    title: str
    points: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True)
class Chart:
    """A diagram over the epochs, ready to be drawn."""

    name: str
    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    series: tuple[Series, ...]
    kept: Tick | None
    """The epoch whose parameters were kept, if validation chose one."""
    description: str


def learning_curve(history: Sequence[dict[str, Any]], quantity: str) -> Chart | None:
    """Lay out how a quantity went over the epochs; None if nothing was recorded of it.

    Parameters
    ----------
    history : list of dict
        The lines of a run's ``metrics.jsonl``: ``{"event": "train", "epoch", "step", quantity}``
        with steps counted from the run's beginning, and ``{"event": "epoch", "epoch",
        "train_<quantity>", "validation_<quantity>", "is_best"}``. Others are passed over, and so
        are values that are missing or not finite.
    quantity : "loss" or "accuracy"
        An accuracy is a share, shown in %.

    Examples
    --------
    >>> chart = learning_curve([{"event": "epoch", "epoch": 1, "train_loss": 0.5}], "loss")
    >>> chart.series[0].dots[0].title
    'epoch 1, training: 0.5'
    """
    epochs = [record for record in history if record.get("event") == "epoch"]
    training = _thinned(_training_points(history, quantity))
    epoch_means = _epoch_points(epochs, f"train_{quantity}")
    validation = _epoch_points(epochs, f"validation_{quantity}")
    lines = [
        ("training", training or epoch_means, [] if training else epoch_means),
        ("validation", validation, validation),
    ]
    lines = [(kind, line, dots) for kind, line, dots in lines if line]
    if not lines:
        return None

    points = [point for _, line, _ in lines for point in line]
    last = math.ceil(max(x for x, _ in points))
    is_share = quantity == "accuracy"
    low, high = min(y for _, y in points), max(y for _, y in points)
    y_values = nice_ticks(low, min(high, 1.0)) if is_share else nice_ticks(0.0, high)
    x_values = [0.0, 1.0] if last <= 1 else _whole_ticks(last)

    def x_of(x: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * x / last, 1)

    def y_of(y: float) -> float:
        share = (y - y_values[0]) / (y_values[-1] - y_values[0])
        return round(_BOTTOM - (_BOTTOM - _TOP) * share, 1)

    def number(y: float) -> str:
        return f"{100 * y:.1f} %" if is_share else f"{y:.3g}"

    series = tuple(
        Series(
            kind,
            f"{kind} {quantity} from {number(line[0][1])} to {number(line[-1][1])}",
            " ".join(f"{x_of(x):g},{y_of(y):g}" for x, y in line),
            tuple(
                Dot(x_of(x), y_of(y), f"epoch {x:g}, {kind}: {number(y)}")
                for x, y in dots
                if len(dots) <= _MOST_DOTS
            ),
        )
        for kind, line, dots in lines
    )
    best = [record["epoch"] for record in epochs if record.get("is_best")]
    return Chart(
        name=quantity,
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        right=_RIGHT,
        top=_TOP,
        bottom=_BOTTOM,
        x_ticks=tuple(Tick(x_of(x), f"{x:g}") for x in x_values),
        y_ticks=tuple(Tick(y_of(y), _tick_label(y, is_share)) for y in y_values),
        series=series,
        kept=Tick(x_of(best[-1]), f"kept: epoch {best[-1]}") if best and validation else None,
        description="; ".join(s.title for s in series),
    )


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers, evenly spaced, that reach from `low` or below to `high` or above.

    Steps are 1, 2 or 5 times a power of ten.

    Examples
    --------
    >>> nice_ticks(0.0, 2.2)
    [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    >>> nice_ticks(0.62, 0.93)
    [0.6, 0.7, 0.8, 0.9, 1.0]
    """
    scale = max(abs(low), abs(high), 1e-9)
    span = high - low if high - low > 1e-6 * scale else scale
    power = 10.0 ** math.floor(math.log10(span / most))
    for factor in (1, 2, 5, 10, 20):
        step = factor * power
        first = math.floor(low / step + 1e-9)
        last = max(math.ceil(high / step - 1e-9), first + 1)
        if last - first < most:
            break
    decimals = max(0, -math.floor(math.log10(step)))
    return [round(i * step, decimals) for i in range(first, last + 1)]


def _tick_label(y: float, is_share: bool) -> str:
    """Return a tick's number as short as it can be."""
    return f"{100 * y:.4g}" if is_share else f"{y:g}"


def _whole_ticks(last: int) -> list[float]:
    """Return whole epochs from 0 to `last`, not too many of them; `last` is one."""
    step = next(s for k in range(9) for f in (1, 2, 5) if last / (s := f * 10**k) <= 8)
    ticks = [float(x) for x in range(0, last + 1, step)]
    if last - ticks[-1] >= step / 2:
        return [*ticks, float(last)]
    return [*ticks[:-1], float(last)]


def _training_points(history: Iterable[dict[str, Any]], quantity: str) -> list[Point]:
    """Return (epochs gone by, value) of the training records."""
    records = [r for r in history if r.get("event") == "train" and _is_number(r.get(quantity))]
    # Epoch e ends with step e·(steps per epoch), and is recorded; before, the ratio is smaller.
    per_epoch = max((r["step"] / r["epoch"] for r in records), default=1.0)
    return [(r["step"] / per_epoch, float(r[quantity])) for r in records]


def _epoch_points(epochs: Iterable[dict[str, Any]], key: str) -> list[Point]:
    """Return (epoch, value) of the records of whole epochs."""
    return [(float(r["epoch"]), float(r[key])) for r in epochs if _is_number(r.get(key))]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _thinned(points: list[Point]) -> list[Point]:
    """Return at most `_MOST_POINTS`, each the mean of as many neighbours."""
    block = math.ceil(len(points) / _MOST_POINTS)
    if block <= 1:
        return points
    blocks = [points[i : i + block] for i in range(0, len(points), block)]
    return [(sum(x for x, _ in b) / len(b), sum(y for _, y in b) / len(b)) for b in blocks]
