"""Lengths, view boxes and transformations, as SVG and CSS write them."""

from __future__ import annotations

import math
import re

from inkgrad.drawing.svg.outlines import NUMBER, Matrix

__all__ = ["IDENTITY", "numbers", "opacity", "parse_length", "parse_transform", "times", "view_box"]

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_LENGTH = re.compile(rf"({NUMBER.pattern})\s*([a-zA-Z]*|%)")
_PIXELS = {
    **{"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0},
    **{"in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "q": 96 / 101.6},
}
_DEGREES = {"": 1.0, "deg": 1.0, "rad": 180 / math.pi, "turn": 360.0, "grad": 0.9}
_FUNCTIONS = re.compile(r"[\s,]*([a-zA-Z0-9]+)\s*\(([^()]*)\)[\s,]*")
_ARGUMENT = re.compile(rf"({NUMBER.pattern})([a-zA-Z]*|%)")
_COUNTS = {
    **{"matrix": (6,), "translate": (1, 2), "translatex": (1,), "translatey": (1,)},
    **{"scale": (1, 2), "scalex": (1,), "scaley": (1,), "rotate": (1, 3)},
    **{"skew": (1, 2), "skewx": (1,), "skewy": (1,)},
}


def parse_length(text: str, whole: float) -> float | None:
    """Return a length in pixels, or None if there is none; per cents are of `whole`.

    Raises
    ------
    ValueError
        If it depends on fonts or windows.

    Examples
    --------
    >>> parse_length("2in", 0), parse_length("50%", 30), parse_length("auto", 0)
    (192.0, 15.0, None)
    """
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        return None
    number, unit = float(found[1]), found[2].lower()
    if unit == "%":
        return number * whole / 100
    if unit in _PIXELS:
        return number * _PIXELS[unit]
    raise ValueError(f"a length in ex, em or vw; give it in px, not as {text.strip()}")


def numbers(text: str) -> list[float]:
    """Return all numbers in a text, up to what is none.

    Examples
    --------
    >>> numbers("0,1 2-3.5 x 4")
    [0.0, 1.0, 2.0, -3.5]
    """
    found = []
    at = 0
    while match := re.compile(rf"[\s,]*({NUMBER.pattern})").match(text, at):
        found.append(float(match[1]))
        at = match.end()
    return found


def opacity(text: str) -> float:
    """Return an opacity from 0 to 1; 1 if it is not understood.

    Examples
    --------
    >>> opacity("50%"), opacity(".3"), opacity("7"), opacity("inherit")
    (0.5, 0.3, 1.0, 1.0)
    """
    found = re.fullmatch(rf"({NUMBER.pattern})(%?)", text.strip())
    if found is None:
        return 1.0
    return min(1.0, max(0.0, float(found[1]) / (100 if found[2] else 1)))


def times(first: Matrix, second: Matrix) -> Matrix:
    """Return the transformation that does the second one, then the first.

    Examples
    --------
    >>> times((1, 0, 0, 1, 10, 0), (2, 0, 0, 2, 1, 1))
    (2, 0, 0, 2, 11, 1)
    """
    a, b, c, d, e, f = first
    p, q, r, s, t, u = second
    return (
        *(a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s),
        *(a * t + c * u + e, b * t + d * u + f),
    )


def parse_transform(text: str, width: float, height: float) -> Matrix:
    """Return the transformation that a list of functions stands for.

    Parameters
    ----------
    text : str
        For instance ``translate(3 4) rotate(45)``.
    width, height : float
        What per cents in it are of.

    Raises
    ------
    ValueError
        If it is not understood.

    Examples
    --------
    >>> parse_transform("translate(3 4) scale(2)", 0, 0)
    (2.0, 0.0, 0.0, 2.0, 3.0, 4.0)
    """
    matrix, at = IDENTITY, 0
    while found := _FUNCTIONS.match(text, at):
        matrix = times(matrix, _function(found[1].lower(), found[2], width, height))
        at = found.end()
    if text[at:].strip() not in ("", "none"):
        raise ValueError(f"transform is {text}")
    return matrix


def _function(name: str, text: str, width: float, height: float) -> Matrix:
    given = _ARGUMENT.findall(text)
    if len(given) not in _COUNTS.get(name, ()) or _ARGUMENT.sub("", text).strip(" ,\t\r\n"):
        raise ValueError(f"transform is {name}({text})")
    if name == "matrix":
        a, b, c, d, e, f = (float(number) for number, _ in given)
        return (a, b, c, d, e, f)
    if name.startswith("translate"):
        moves = [
            parse_length(number + unit, whole) or 0.0
            for (number, unit), whole in zip(
                given, (height,) if name == "translatey" else (width, height), strict=False
            )
        ]
        x, y = (0.0, moves[0]) if name == "translatey" else (*moves, 0.0)[:2]
        return (1.0, 0.0, 0.0, 1.0, x, y)
    if name.startswith("scale"):
        factors = [float(number) / (100 if unit == "%" else 1) for number, unit in given]
        x = 1.0 if name == "scaley" else factors[0]
        y = 1.0 if name == "scalex" else factors[-1]
        return (x, 0.0, 0.0, y, 0.0, 0.0)
    angles = [math.radians(float(n) * _DEGREES.get(unit.lower(), 1.0)) for n, unit in given]
    if name == "rotate":
        cos, sin = math.cos(angles[0]), math.sin(angles[0])
        turn = (cos, sin, -sin, cos, 0.0, 0.0)
        x, y = (float(number) for number, _ in given[1:]) if len(given) == 3 else (0.0, 0.0)
        return times(times((1.0, 0.0, 0.0, 1.0, x, y), turn), (1.0, 0.0, 0.0, 1.0, -x, -y))
    across = math.tan(angles[0]) if name in ("skew", "skewx") else 0.0
    down = math.tan(angles[-1]) if name == "skewy" or len(angles) == 2 else 0.0
    return (1.0, down, across, 1.0, 0.0, 0.0)


def view_box(
    box: list[float], x: float, y: float, width: float, height: float, aspect: str
) -> Matrix:
    """Return the transformation that fits a view box into a rectangle.

    Parameters
    ----------
    box : [x, y, width, height]
    x, y, width, height : float
        The rectangle.
    aspect : str
        The attribute ``preserveAspectRatio``.

    Examples
    --------
    >>> view_box([0, 0, 10, 10], 0, 0, 40, 20, "xMaxYMid meet")
    (2.0, 0.0, 0.0, 2.0, 20.0, 0.0)
    """
    across, down = width / box[2], height / box[3]
    words = aspect.split()
    if words[:1] == ["defer"]:
        words = words[1:]
    if words[:1] != ["none"]:
        across = down = max(across, down) if "slice" in words else min(across, down)
    where = words[0] if words and words[0] != "none" else "xMidYMid"
    free_x, free_y = width - across * box[2], height - down * box[3]
    share = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}
    move_x = free_x * share.get(where[1:4], 0.5) - across * box[0] + x
    move_y = free_y * share.get(where[5:8], 0.5) - down * box[1] + y
    return (across, 0.0, 0.0, down, move_x, move_y)
