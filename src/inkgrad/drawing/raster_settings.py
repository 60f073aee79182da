"""The rasteriser's settings: size, pen and margin, checked and kept in model files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from inkgrad.drawing.strokes import in_words_of_json
from inkgrad.errors import DataError, ModelError

__all__ = ["CANVAS", "MAX_SIDE", "Raster"]

MAX_SIDE = 1024  # pixels
CANVAS = 256.0
"""The side of the square in which simplified drawings live."""


@dataclass(frozen=True)
class Raster:
    """The rasteriser's settings; a model carries those that its training drawings were made with.

    Parameters
    ----------
    side : int
        Width and height of the bitmap in pixels, 1 to 1024.
    pen, padding : float
        Width of the pen, and of the margin beside it, in units of the 256×256 canvas.

    Raises
    ------
    DataError
        If a setting is impossible.

    Examples
    --------
    >>> Raster().to_dict()
    {'side': 28, 'pen': 16.0, 'padding': 16.0}
    >>> Raster.from_dict({"side": 28, "pen": 16.0, "padding": 16.0}) == Raster()
    True
    >>> round(Raster().pen * Raster().scale, 3)  # the pen's width in pixels
    1.474
    """

    side: int = 28
    pen: float = 16.0
    padding: float = 16.0

    def __post_init__(self) -> None:
        if not _is_number(self.side, int) or not 1 <= self.side <= MAX_SIDE:
            raise DataError(
                f"side is {_in_words(self.side)}; give a whole number from 1 to {MAX_SIDE}"
            )
        if not _is_number(self.pen, float) or not 0 < self.pen <= CANVAS:
            raise DataError(f"pen is {_in_words(self.pen)}; give a width above 0 and up to 256")
        if not _is_number(self.padding, float) or not 0 <= self.padding <= CANVAS:
            raise DataError(f"padding is {_in_words(self.padding)}; give a width from 0 to 256")

    @property
    def scale(self) -> float:
        """Pixels per unit of the canvas: side / (256 + 2 · padding + pen)."""
        return self.side / (CANVAS + 2 * self.padding + self.pen)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain numbers by name, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Raster:
        """Return the settings that `to_dict` wrote.

        Raises
        ------
        ModelError
            If a name is missing or unknown, or a value impossible.

        Examples
        --------
        >>> Raster.from_dict({"side": 28, "pen": 16.0})
        Traceback (most recent call last):
        inkgrad.errors.ModelError: rasteriser settings are pen, side; expected padding, pen, side
        """
        expected = sorted(asdict(cls()))
        if not isinstance(settings, Mapping) or sorted(map(str, settings)) != expected:
            raise ModelError(
                f"rasteriser settings are {_names_of(settings)}; expected {', '.join(expected)}"
            )
        try:
            return cls(**settings)
        except DataError as error:
            raise ModelError(f"rasteriser settings: {error}") from None


def _is_number(value: object, kind: type) -> bool:
    """Tell numbers from look-alikes: True is not a number, 16 is a fine float."""
    kinds = (int, np.integer) if kind is int else (int, float, np.integer, np.floating)
    return isinstance(value, kinds) and not isinstance(value, bool)


def _in_words(value: object) -> str:
    """Say what was given for a setting, as raster.js does, where 0.0 is 0."""
    is_huge = isinstance(value, int) and abs(value) > 1e100  # Python may refuse to write it out
    return f"{value}" if _is_number(value, float) and not is_huge else in_words_of_json(value)


def _names_of(settings: object) -> str:
    """List the names of settings in alphabetical order, or say what was given instead of them."""
    if isinstance(settings, Mapping):
        return ", ".join(sorted(map(str, settings))) or "empty"
    return "a list" if isinstance(settings, (list, tuple)) else in_words_of_json(settings)
