"""The outline that a round pen leaves: polylines → closed polygons in 1/256 pixel."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["UNIT", "outline", "pen_vertices"]

UNIT = 256  # parts of a pixel in which coordinates are rounded
_FLATNESS = 0.1  # pixels by which the pen's polygon may fall short of the circle

Integers = npt.NDArray[np.int64]


def pen_vertices(radius: float) -> int:
    """Return the number of corners of the regular polygon that stands in for a round pen.

    The sagitta of one side of an n-gon in a circle of radius r is r (1 - cos(π/n)); cairo takes
    the smallest even n (at least 4) for which the *half* polygon's sagitta r (1 - cos(2π/n))
    stays within 0.1 pixel, and so do we.

    Examples
    --------
    >>> pen_vertices(8 * 28 / 304)  # the pen of the 28×28 drawings
    12
    """
    if radius <= _FLATNESS:
        return 4
    count = math.ceil(2 * math.pi / math.acos(1 - _FLATNESS / radius))
    return max(4, count + count % 2)


def outline(
    points: npt.NDArray[np.float64], strokes: Integers, radius: float
) -> tuple[Integers, Integers]:
    """Trace the outlines of polylines drawn with a round pen.

    The pen walks along every stroke and back again, and we follow its left edge: beside each
    segment, a line at distance `radius`; where the walk turns away from that edge (at both ends
    it turns by half a circle), the corners of the pen's polygon that it passes, which makes round
    joins and caps; where it turns towards it, the stroke's own point. Everything inside the
    stroke is then wound around at least once, and nothing outside is.

    Parameters
    ----------
    points : float64 array (2, n)
        x and y of all strokes' points, one stroke after the other, in pixels.
    strokes : int64 array (n,)
        The stroke that each point belongs to, ascending.
    radius : float
        Half the pen's width in pixels.

    Returns
    -------
    edges : int64 array (2, 2, e)
        The outlines' edges: [start or end, x or y, edge], in 1/256 pixel.
    owners : int64 array (e,)
        The stroke that each edge belongs to.
    """
    start, end, heading, owner = _segments(np.rint(points * UNIT).astype(np.int64), strokes)
    m = owner.size

    # The walk: forth (segments 0 … m-1), back (m … 2m-1).
    start, end = np.hstack([start, end]), np.hstack([end, start])  # (2, 2m)
    heading = np.hstack([heading, -heading])
    following = _following(owner)
    beside = np.rint(radius * UNIT * np.stack([heading[1], -heading[0]])).astype(np.int64)
    sides = np.stack([start + beside, end + beside])  # (2, 2, 2m)

    # The joins: from beside the end of each segment to beside the start of the following one.
    corners = pen_vertices(radius)
    step = 2 * math.pi / corners
    after = heading[:, following]
    turn = np.arctan2(
        heading[0] * after[1] - heading[1] * after[0], (heading * after).sum(axis=0)
    )  # (2m,), positive: away from the edge
    turn[following == (np.arange(2 * m) + m) % (2 * m)] = math.pi  # the caps, exactly
    angle = np.arctan2(-heading[0], heading[1]) / step  # of `beside`, in corners
    first = np.floor(angle).astype(np.int64) + 1
    passed = first + np.arange(corners // 2)[:, None]  # (corners / 2, 2m)
    directions = np.arange(corners) * step
    pen = np.rint(radius * UNIT * np.stack([np.cos(directions), np.sin(directions)]))
    fan = end[:, None] + pen.astype(np.int64)[:, passed % corners]  # (2, corners / 2, 2m)
    entry, leave = sides[1][:, None], sides[0][:, None, following]  # (2, 1, 2m)
    fan = np.where(passed < angle + turn / step, fan, leave)
    fan = np.where(turn < 0, end[:, None], fan)
    chain = np.concatenate([entry, fan, leave], axis=1)  # (2, corners / 2 + 2, 2m)
    joins = np.stack([chain[:, :-1], chain[:, 1:]]).reshape(2, 2, -1)

    owner = np.tile(owner, 2)
    edges = np.concatenate([sides, joins], axis=2)
    return edges, np.concatenate([owner, np.tile(owner, corners // 2 + 1)])


def _segments(
    points: Integers, strokes: Integers
) -> tuple[Integers, Integers, npt.NDArray[np.float64], Integers]:
    """Return starts (2, m), ends (2, m), unit headings (2, m) and strokes (m,) of all segments.

    Segments without length are left out; a stroke that has no other (a dot) keeps one, heading
    right.
    """
    new = np.diff(strokes, prepend=strokes[0] - 1) != 0
    moved = (np.diff(points, axis=1, prepend=points[:, :1]) != 0).any(axis=0)
    points, strokes, new = _keep(new | moved, points, strokes, new)
    last = np.append(new[1:], True)
    dot = new & last
    repeats = 1 + dot  # a dot's point is both ends of its one segment
    points, strokes = np.repeat(points, repeats, axis=1), np.repeat(strokes, repeats)
    within = strokes[1:] == strokes[:-1]
    start, end = points[:, :-1][:, within], points[:, 1:][:, within]
    vector = (end - start).astype(np.float64)
    length = np.hypot(*vector)
    vector[0, length == 0] = 1.0
    return start, end, vector / np.where(length == 0, 1.0, length), strokes[1:][within]


def _keep(
    mask: npt.NDArray[np.bool_], points: Integers, strokes: Integers, new: npt.NDArray[np.bool_]
) -> tuple[Integers, Integers, npt.NDArray[np.bool_]]:
    return points[:, mask], strokes[mask], new[mask]


def _following(owner: Integers) -> Integers:
    """Return which segment of the walk follows each one: (2m,) for m segments forth and back."""
    m = owner.size
    index = np.arange(m)
    last = np.append(owner[1:] != owner[:-1], True)
    first = np.append(True, owner[1:] != owner[:-1])
    forth = np.where(last, index + m, index + 1)
    back = np.where(first, index, index + m - 1)
    return np.concatenate([forth, back])
