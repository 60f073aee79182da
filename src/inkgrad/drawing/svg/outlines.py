"""Shapes → outlines made of lines and cubic Bézier curves → points."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["NUMBER", "Matrix", "Outline", "ellipse", "flatten", "parse_path", "polyline", "rect"]

Floats = npt.NDArray[np.float64]
Matrix = tuple[float, float, float, float, float, float]
"""a, b, c, d, e, f: the point (x, y) goes to (ax + cy + e, bx + dy + f)."""
Piece = tuple[float, ...]  # a line's end, or two control points and the end of a curve

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_COMMAND = re.compile(r"([MmZzLlHhVvCcSsQqTtAa])([^MmZzLlHhVvCcSsQqTtAa]*)")
_NUMBERS = re.compile(rf"(?:[\s,]*(?:{NUMBER.pattern}))*[\s,]*")
_FLAG = r"[\s,]*([01])"
_ARC = re.compile(rf"[\s,]*({NUMBER.pattern})" * 3 + _FLAG * 2 + rf"[\s,]*({NUMBER.pattern})" * 2)
_COUNTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2}
_FINEST = 1 / 40  # of the drawing's size: about as long are the lines that stand for a curve
_MOST_POINTS = 64  # of one curve
_MOST_IN_ALL = 200_000  # of all curves, unless there are very many
_ARC_PIECE = math.pi / 8  # a cubic curve deviates from it by less than 1e-7 of its radius


class Outline(NamedTuple):
    """One connected part of a shape: where it starts, and where it goes from there."""

    start: tuple[float, float]
    pieces: list[Piece]
    closed: bool


def parse_path(data: str) -> list[Outline]:
    """Return the connected parts of path data; like a browser, up to the first mistake.

    Examples
    --------
    >>> parse_path("M1 2h3v4z")
    [Outline(start=(1.0, 2.0), pieces=[(4.0, 2.0), (4.0, 6.0), (1.0, 2.0)], closed=True)]
    """
    outlines: list[Outline] = []
    x = y = 0.0
    start = (x, y)
    pieces: list[Piece] = []
    control = None  # of the curve before, which S and T mirror
    kind = ""  # of that curve

    def finish(closed: bool) -> None:
        if pieces:  # a mere "move to" draws nothing
            outlines.append(Outline(start, pieces.copy(), closed))
        pieces.clear()

    for letter, numbers in _commands(data):
        upper = letter.upper()
        if not outlines and not pieces and upper != "M" and not kind:
            break  # a path begins with "move to"
        dx, dy = (x, y) if letter.islower() else (0.0, 0.0)
        if upper == "M":
            finish(closed=False)
            x, y = start = numbers[0] + dx, numbers[1] + dy
        elif upper == "Z":
            pieces.append(start)
            finish(closed=True)
            x, y = start
        elif upper == "A":
            rx, ry, turn, large, sweep, to_x, to_y = numbers
            end = to_x + dx, to_y + dy
            pieces += _arc((x, y), rx, ry, turn, bool(large), bool(sweep), end)
            x, y = end
        elif upper in "LHV":
            x = x if upper == "V" else numbers[0] + dx
            y = y if upper == "H" else numbers[-1] + dy
            pieces.append((x, y))
        else:
            points = [(numbers[i] + dx, numbers[i + 1] + dy) for i in range(0, len(numbers), 2)]
            if upper in "ST":
                mirrors = control is not None and kind in ("CS" if upper == "S" else "QT")
                mirrored = (2 * x - control[0], 2 * y - control[1]) if mirrors else (x, y)  # type: ignore[index]
                points.insert(0, mirrored)
            control = points[-2]
            (cx, cy), (dx, dy), end = points if len(points) == 3 else _raised((x, y), *points)
            pieces.append((cx, cy, dx, dy, *end))
            x, y = end
        kind = upper
    finish(closed=False)
    return outlines


def _commands(data: str) -> Iterator[tuple[str, Sequence[float]]]:
    """Yield every command with the numbers that it takes; repeated ones one by one."""
    if data[: data.find(data.strip()[:1])].strip() or not data.lstrip().startswith(("M", "m")):
        return
    for letter, text in _COMMAND.findall(data):
        upper = letter.upper()
        if upper == "Z":
            if text.strip(" \t\r\n\f,"):
                return
            yield letter, ()
            continue
        if upper == "A":
            at = 0
            while found := _ARC.match(text, at):
                yield letter, [float(number) for number in found.groups()]
                at = found.end()
            if text[at:].strip(" \t\r\n\f,"):
                return
            continue
        whole = _NUMBERS.match(text)
        end = whole.end() if whole else 0
        numbers = [float(number) for number in NUMBER.findall(text, 0, end)]
        count = _COUNTS[upper]
        for i in range(0, len(numbers) - count + 1, count):
            yield letter, numbers[i : i + count]
            if upper == "M":  # further pairs are lines
                letter, upper = ("L" if letter == "M" else "l"), "L"
        if end < len(text) or len(numbers) % count or not numbers:
            return


def _raised(
    a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
    """Return the cubic curve that equals a quadratic one."""
    return (
        ((a[0] + 2 * b[0]) / 3, (a[1] + 2 * b[1]) / 3),
        ((c[0] + 2 * b[0]) / 3, (c[1] + 2 * b[1]) / 3),
        c,
    )


def _arc(
    start: tuple[float, float],
    rx: float,
    ry: float,
    degrees: float,
    large: bool,
    sweep: bool,
    end: tuple[float, float],
) -> list[Piece]:
    """Return an elliptical arc between two points (SVG 1.1, appendix F.6)."""
    rx, ry = abs(rx), abs(ry)
    if start == end:
        return []
    numbers = (*start, *end, rx, ry, degrees)
    if rx == 0 or ry == 0 or not all(abs(number) < 1e100 for number in numbers):
        return [end]
    turn = math.radians(degrees % 360)
    cos, sin = math.cos(turn), math.sin(turn)
    half_x, half_y = (start[0] - end[0]) / 2, (start[1] - end[1]) / 2
    x, y = (cos * half_x + sin * half_y) / rx, (cos * half_y - sin * half_x) / ry
    distance = x * x + y * y  # of the ends, squared, where the ellipse is the unit circle
    if distance > 1:  # the ellipse is too small to reach both ends: it grows
        rx, ry = rx * math.sqrt(distance), ry * math.sqrt(distance)
        x, y, distance = x / math.sqrt(distance), y / math.sqrt(distance), 1.0
    if distance == 0:
        return [end]
    away = math.sqrt(max(0.0, 1 / distance - 1)) * (-1 if large == sweep else 1)
    middle_x, middle_y = away * y, -away * x
    begins = math.atan2(y - middle_y, x - middle_x)
    angle = math.atan2(-y - middle_y, -x - middle_x) - begins
    if sweep and angle < 0:
        angle += 2 * math.pi
    elif not sweep and angle > 0:
        angle -= 2 * math.pi
    cx = cos * rx * middle_x - sin * ry * middle_y + (start[0] + end[0]) / 2
    cy = sin * rx * middle_x + cos * ry * middle_y + (start[1] + end[1]) / 2
    axes = (cos * rx, sin * rx, -sin * ry, cos * ry, cx, cy)
    pieces = _circle_pieces(axes, begins, angle)
    return [*pieces[:-1], (*pieces[-1][:4], *end)]


def _circle_pieces(axes: Matrix, begins: float, angle: float) -> list[Piece]:
    """Return part of the unit circle, transformed, as cubic curves."""
    count = max(1, math.ceil(abs(angle) / _ARC_PIECE - 1e-9))
    step = angle / count
    reach = 4 / 3 * math.tan(step / 4)
    a, b, c, d, e, f = axes
    pieces: list[Piece] = []
    for i in range(count):
        p, q = begins + i * step, begins + (i + 1) * step
        cos_p, sin_p, cos_q, sin_q = math.cos(p), math.sin(p), math.cos(q), math.sin(q)
        points = (
            (cos_p - reach * sin_p, sin_p + reach * cos_p),
            (cos_q + reach * sin_q, sin_q - reach * cos_q),
            (cos_q, sin_q),
        )
        pieces.append(tuple(v for x, y in points for v in (a * x + c * y + e, b * x + d * y + f)))
    return pieces


def polyline(numbers: Sequence[float], closed: bool) -> list[Outline]:
    """Return the outline through points x, y, x, y, …; a number without partner is dropped."""
    points: list[Piece] = list(zip(numbers[::2], numbers[1::2], strict=False))
    if not points or (len(points) == 1 and not closed):
        return []
    start = (points[0][0], points[0][1])
    return [Outline(start, points[1:] + [start] * closed, closed)]


def ellipse(cx: float, cy: float, rx: float, ry: float) -> list[Outline]:
    """Return an ellipse's outline; none if it has no width or height."""
    if not (rx > 0 and ry > 0):
        return []
    pieces = _circle_pieces((rx, 0.0, 0.0, ry, cx, cy), 0.0, 2 * math.pi)
    return [Outline((cx + rx, cy), [*pieces[:-1], (*pieces[-1][:4], cx + rx, cy)], closed=True)]


def rect(x: float, y: float, width: float, height: float, rx: float, ry: float) -> list[Outline]:
    """Return a rectangle's outline, with round corners of the radii given; none without area."""
    if not (width > 0 and height > 0):
        return []
    right, bottom = x + width, y + height
    rx, ry = min(rx, width / 2), min(ry, height / 2)
    if not (rx > 0 and ry > 0):
        return polyline((x, y, right, y, right, bottom, x, bottom), closed=True)
    pieces: list[Piece] = [(right - rx, y)]
    quarter = math.pi / 2
    pieces += _circle_pieces((rx, 0, 0, ry, right - rx, y + ry), -quarter, quarter)
    pieces.append((right, bottom - ry))
    pieces += _circle_pieces((rx, 0, 0, ry, right - rx, bottom - ry), 0, quarter)
    pieces.append((x + rx, bottom))
    pieces += _circle_pieces((rx, 0, 0, ry, x + rx, bottom - ry), quarter, quarter)
    pieces.append((x, y + ry))
    pieces += _circle_pieces((rx, 0, 0, ry, x + rx, y + ry), 2 * quarter, quarter)
    return [Outline((x + rx, y), pieces, closed=True)]


def flatten(shapes: Sequence[tuple[Matrix, Sequence[Outline]]]) -> list[list[Floats]]:
    """Transform outlines, and put points on their curves: the more, the longer a curve is.

    Parameters
    ----------
    shapes : sequence of (transformation, outlines)

    Returns
    -------
    lines : for each shape, for each outline, float64 array (2, points)
        The longest curves have 64 points; lines as long as 1/40 of the whole drawing deviate
        from a circle of its size by 0.1 % of the radius.

    Examples
    --------
    >>> flatten([((1, 0, 0, 1, 5, 0), [Outline((0, 0), [(1, 0), (1, 2)], False)])])
    [[array([[5., 6., 6.],
           [0., 0., 2.]])]]
    """
    outlines = [outline for _, outlines in shapes for outline in outlines]
    if not outlines:
        return [[] for _ in shapes]
    # Every piece is three points: two controls (of a line: its end, twice) and the end. A start
    # is a piece of its own, so that every piece begins where the one before ends.
    flat: list[float] = []
    for start, pieces, _ in outlines:
        flat += start * 3
        for piece in pieces:
            flat += piece if len(piece) == 6 else piece * 3
    counts = np.array([1 + len(outline.pieces) for outline in outlines])
    points = np.array(flat, dtype=np.float64).reshape(-1, 3, 2)  # (pieces, 3, 2)
    with np.errstate(over="ignore", invalid="ignore"):
        points = _transformed(points, shapes, counts)
        parts = _subdivided(points, counts)
    found = iter(parts)
    return [[next(found) for _ in outlines] for _, outlines in shapes]


def _transformed(
    points: Floats, shapes: Sequence[tuple[Matrix, Sequence[Outline]]], counts: npt.NDArray[np.int_]
) -> Floats:
    matrices = np.repeat(
        np.array([matrix for matrix, _ in shapes], dtype=np.float64),
        [len(outlines) for _, outlines in shapes],
        axis=0,
    )
    a, b, c, d, e, f = np.repeat(matrices, counts, axis=0).T[:, :, None]  # each (pieces, 1)
    x, y = points[:, :, 0], points[:, :, 1]
    return np.stack([a * x + c * y + e, b * x + d * y + f], axis=-1)


def _subdivided(points: Floats, counts: npt.NDArray[np.int_]) -> list[Floats]:
    ends = points[:, 2]
    begins = np.concatenate([ends[:1], ends[:-1]])
    polygon = np.concatenate([begins[:, None], points], axis=1)  # (pieces, 4, 2)
    first = np.zeros(len(points), dtype=bool)
    first[np.cumsum(counts) - counts] = True
    curved = ~first & (points[:, 0] != ends).any(axis=1)
    lengths = np.hypot(*np.diff(polygon, axis=1).T).sum(axis=0)
    finite = ends[np.isfinite(ends).all(axis=1)]
    extent = float(np.ptp(finite, axis=0).max()) if finite.size else 0.0
    many = np.nan_to_num(lengths / (extent * _FINEST or 1.0), nan=0.0, posinf=0.0)
    # An even number, so that the middle of a curve is among its points.
    most = np.clip(_MOST_IN_ALL // max(1, int(curved.sum())), 2, _MOST_POINTS)
    steps = 2 * np.ceil(np.clip(many, 1.2, most) / 2).astype(int)
    steps = np.where(curved & np.isfinite(points).all(axis=(1, 2)), steps, 1)
    which = np.repeat(np.arange(len(points)), steps)
    after = np.cumsum(steps)
    t = ((np.arange(after[-1]) - np.repeat(after - steps, steps) + 1) / steps[which])[:, None]
    p, q, r, s = (polygon[which, i] for i in range(4))
    u = 1 - t
    along = u * u * u * p + 3 * u * u * t * q + 3 * u * t * t * r + t * t * t * s
    along = np.where(t == 1, s, along)  # exactly, and where a product is no number
    bounds = after[np.cumsum(counts) - 1][:-1]
    return [part.T for part in np.split(along, bounds)]
