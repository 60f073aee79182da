"""Mirroring: which classes are no longer themselves in a mirror."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["TEXT_LIKE", "may_mirror", "mirror_mask"]

TEXT_LIKE = frozenset(
    {
        "calculator",
        "calendar",
        "keyboard",
        "map",
        "passport",
        "postcard",
        "spreadsheet",
        "stop sign",
    }
)
"""Google's categories that people draw with letters and digits, or in an order of reading.

Clocks are not among them: few have digits, and hands may point anywhere. Of all others, even of
tools and animals that most people draw facing one side, some are drawn facing the other.
"""

_SIDED = frozenset(
    {
        *("left", "right", "leftwards", "rightwards", "clockwise", "counterclockwise"),
        *("arrow", "arrows", "letter", "letters", "digit", "digits", "number", "numbers"),
        *("numeral", "numerals", "alphabet", "text", "word", "words", "symbol", "symbols"),
    }
)


def may_mirror(name: str) -> bool:
    """Return whether a mirrored drawing of a class is still one of it.

    Not so are the `TEXT_LIKE` among Google's categories; single letters and digits, numbers and
    symbols; and names that speak of sides, arrows, letters, digits or numbers.

    Examples
    --------
    >>> [may_mirror(name) for name in ("cat", "yoga", "stop sign", "b", "42", "left arrow", "?")]
    [True, True, False, False, False, False, False]
    """
    words = re.findall(r"[^\W\d_]+", name.casefold())
    is_sign = not words or len(name.strip()) == 1
    return not (is_sign or name in TEXT_LIKE or _SIDED.intersection(words))


def mirror_mask(classes: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return for each class whether it may be mirrored: bool of shape (classes,)."""
    return np.array([may_mirror(name) for name in classes], np.bool_)
