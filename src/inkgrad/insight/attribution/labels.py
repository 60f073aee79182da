"""Where numbers stand beside strokes: near the stroke, and not over each other."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from inkgrad.insight.lettering import font

__all__ = ["place_labels"]

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

_SIZE = 15
_ALONG = (0.5, 0.35, 0.65, 0.2, 0.8, 0.05, 0.95)  # of the stroke, in order of preference
_AWAY = (16.0, 26.0)  # from the stroke to the label's middle


def place_labels(
    lines: Sequence[Sequence[Sequence[Point]]], texts: Sequence[str], within: Box
) -> list[Point]:
    """Return a place for each label: the middle of its base line.

    Labels are placed in order; each takes the first place beside its strokes, in a fixed order of
    preference, that lies in the box and hits no label before it and the fewest points of strokes.

    Parameters
    ----------
    lines : sequence of strokes' points
        For each label, those of the strokes that it belongs to.
    texts : sequence of str
    within : box

    Examples
    --------
    >>> place_labels([[[(20, 50), (80, 50)]]], ["+1.0"], (0, 0, 100, 100))
    [(50.0, 39.0)]
    """
    taken: list[Box] = []
    places = []
    spots = [spot for label in lines for line in label for spot in _dense(line)]
    for strokes, text in zip(lines, texts, strict=True):
        width = font(_SIZE).getlength(text)
        line = max(strokes, key=_length)
        candidates = [
            (place, _box(place, width)) for place in _beside(line) if _fits(place, width, within)
        ] or [((line[0][0], line[0][1]), _box(line[0], width))]
        free = [c for c in candidates if not any(_overlap(c[1], box) for box in taken)]
        place, box = min(
            free or candidates, key=lambda c: sum(_contains(c[1], spot) for spot in spots)
        )
        taken.append(box)
        places.append((place[0], place[1] + 5.0))
    return places


def _beside(line: Sequence[Point]) -> Iterator[Point]:
    """Yield places beside a stroke, the best first."""
    for away in _AWAY:
        for share in _ALONG:
            (x, y), (dx, dy) = _at(line, share)
            for side in (1, -1) if dx >= 0 else (-1, 1):  # above it first
                yield x + side * dy * away * 1.4, y - side * dx * away


def _at(line: Sequence[Point], share: float) -> tuple[Point, Point]:
    """Return a point of a stroke, and the direction there, a vector of length 1."""
    left = share * _length(line)
    for (x, y), (to_x, to_y) in itertools.pairwise(line):
        length = math.hypot(to_x - x, to_y - y)
        if 0 < length >= left:
            t = left / length
            dx, dy = to_x - x, to_y - y
            return (x + dx * t, y + dy * t), (dx / length, dy / length)
        left -= length
    return line[-1], (1.0, 0.0)


def _dense(line: Sequence[Point]) -> Iterator[Point]:
    """Yield points of a stroke that are near each other."""
    yield line[0]
    for (x, y), (to_x, to_y) in itertools.pairwise(line):
        steps = max(1, int(math.hypot(to_x - x, to_y - y) / 8))
        for step in range(1, steps + 1):
            t = step / steps
            yield x + (to_x - x) * t, y + (to_y - y) * t


def _length(line: Sequence[Point]) -> float:
    return sum(math.dist(a, b) for a, b in itertools.pairwise(line))


def _box(place: Point, width: float) -> Box:
    x, y = place
    return (x - width / 2 - 3, y - _SIZE / 2 - 1, x + width / 2 + 3, y + _SIZE / 2 + 1)


def _fits(place: Point, width: float, within: Box) -> bool:
    left, top, right, bottom = _box(place, width)
    return within[0] <= left and within[1] <= top and right <= within[2] and bottom <= within[3]


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _contains(box: Box, spot: Point) -> bool:
    return box[0] <= spot[0] <= box[2] and box[1] <= spot[1] <= box[3]
