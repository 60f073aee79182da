"""Colours as CSS writes them → red, green, blue and opacity."""

from __future__ import annotations

import colorsys
import re
from functools import lru_cache
from typing import NamedTuple

__all__ = ["BLACK", "Colour", "parse_colour"]


class Colour(NamedTuple):
    """Red, green and blue from 0 to 255, opacity from 0 to 1."""

    red: float
    green: float
    blue: float
    opacity: float = 1.0


BLACK = Colour(0, 0, 0)
_NOTHING = Colour(0, 0, 0, 0)
_FUNCTION = re.compile(r"([\w-]+)\((.*)\)")
_PART = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(%|deg|turn|rad|grad)?|none")


@lru_cache(maxsize=1000)
def parse_colour(text: str) -> Colour | None:
    """Return a colour, or None if the text is none that is known.

    Of ``light-dark(…)`` the light one is taken. What is written for other colour spaces than sRGB
    (``lab(…)``, ``color-mix(…)``) stands for some ink: black.

    Examples
    --------
    >>> parse_colour("#f008"), parse_colour("Navy")
    (Colour(red=255, green=0, blue=0, opacity=0.5333333333333333), Colour(red=0, green=0, blue=128, opacity=1.0))
    >>> parse_colour("transparent").opacity, parse_colour("nonsense")
    (0, None)
    """  # noqa: E501
    text = text.strip().lower()
    if text in ("none", "transparent"):
        return _NOTHING
    if text.startswith("#"):
        return _hexadecimal(text[1:])
    function = _FUNCTION.fullmatch(text)
    if function:
        return _of_function(function[1], function[2])
    from PIL.ImageColor import colormap, getrgb

    if text in colormap:
        red, green, blue = getrgb(text)[:3]
        return Colour(red, green, blue)
    return {"canvas": Colour(255, 255, 255), "canvastext": BLACK}.get(text)


def _hexadecimal(digits: str) -> Colour | None:
    if not re.fullmatch(r"[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8}", digits):
        return None
    if len(digits) < 6:
        digits = "".join(digit * 2 for digit in digits)
    values = [int(digits[i : i + 2], 16) for i in range(0, len(digits), 2)]
    red, green, blue = values[:3]
    return Colour(red, green, blue, values[3] / 255 if len(values) > 3 else 1.0)


def _of_function(name: str, inner: str) -> Colour | None:
    if name == "light-dark":
        return parse_colour(_first_argument(inner))
    if name in ("lab", "lch", "oklab", "oklch", "hwb", "color-mix"):
        return BLACK
    if name not in ("rgb", "rgba", "hsl", "hsla", "color"):
        return None
    values = [
        (float(number or 0), unit)
        for number, unit in _PART.findall(inner.removeprefix("display-p3"))
    ]
    if len(values) < 3:
        return None
    if name.startswith("hsl"):
        (hue, unit), (saturation, _), (lightness, _) = values[:3]
        turns = hue * {"turn": 1.0, "rad": 1 / 6.283185307179586, "grad": 1 / 400}.get(
            unit, 1 / 360
        )
        shares = colorsys.hls_to_rgb(turns % 1, _share(lightness / 100), _share(saturation / 100))
    else:
        full = 1.0 if name == "color" else 255.0
        shares = tuple(_share(value / (100 if unit else full)) for value, unit in values[:3])  # type: ignore[assignment]
    opacity, unit = values[3] if len(values) > 3 else (1.0, "")
    red, green, blue = (255 * share for share in shares)
    return Colour(red, green, blue, _share(opacity / (100 if unit else 1)))


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))


def _first_argument(arguments: str) -> str:
    """Return what stands before the first comma that is in no parentheses."""
    depth = 0
    for at, character in enumerate(arguments):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            return arguments[:at]
    return arguments
