"""Lettering: the font of our pictures, and text in the letters that it has."""

from __future__ import annotations

import functools
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

__all__ = ["font", "legible", "lines_of", "shortened"]

_LIKE = {"−": "-", "×": "x"}
"""Signs that the font lacks, and what looks like them."""


def shortened(text: str, letters: FreeTypeFont | ImageFont, room: float) -> str:
    """Return text that is at most `room` pixels long; an ellipsis says what was left out."""
    if letters.getlength(text) <= room:
        return text
    while text and letters.getlength(f"{text}…") > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def legible(text: str) -> str:
    """Return text in letters that the font has: é as e, those of other scripts as a question mark.

    Pillow's own font is the same everywhere, so a sheet is too; it has little more than ASCII.
    """
    return "".join(letter if _is_known(letter) else _stand_in(letter) for letter in text)


def _stand_in(letter: str) -> str:
    """Return a letter without its accents, or a question mark."""
    if unicodedata.combining(letter):
        return ""
    if letter in _LIKE:
        return _LIKE[letter]
    base = unicodedata.normalize("NFKD", letter)[0]
    return base if _is_known(base) else "?"


@functools.cache
def _is_known(letter: str) -> bool:
    letters = font(15)
    return letter == " " or bytes(letters.getmask(letter)) != bytes(letters.getmask("\uffff"))


@functools.cache
def font(size: int) -> FreeTypeFont | ImageFont:
    """Return Pillow's own font in a size in pixels: it is the same everywhere."""
    from PIL import ImageFont

    return ImageFont.load_default(size)


def lines_of(text: str, size: int, room: float) -> list[str]:
    """Break text between words into lines that are at most `room` pixels long.

    A word that is longer stands alone.

    Examples
    --------
    >>> lines_of("one two three", 13, 60)
    ['one two', 'three']
    """
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font(size).getlength(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
