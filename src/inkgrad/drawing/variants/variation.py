"""Variation: how much variants differ from their drawings, in one checked value."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from inkgrad.errors import DataError

__all__ = ["Variation"]

_MOST = {"turn": 180.0, "shear": 2.0, "stretch": 2.0, "wobble": 64.0, "shift": 64.0, "pen": 1.0}


@dataclass(frozen=True)
class Variation:
    """The strengths of all that is done to a drawing to make a variant of it.

    Lengths are in units of Google's frame, in which a drawing's longer side is 255. Each strength
    may be 0, which leaves that out.

    Parameters
    ----------
    turn : float
        Degrees to either side.
    shear : float
        How far a unit upwards leans to either side, at most.
    stretch : float
        Each axis is stretched by a factor from exp(−stretch) to exp(stretch).
    wobble : float
        By how much, about, a smooth wave moves points.
    shift : float
        By how much each stroke is moved, at most, along each axis.
    drop : float
        The share of drawings that lose a stroke, rather a short one, and never the only one.
    cut : float
        The share of drawings whose end is missing, as the game cut off those it recognised.
    cut_most : float
        How much of their length is missing at most, below 1.
    split, merge : float
        The share of drawings of which a stroke is split in two, or drawn on to the next one nearby.
    pen : float
        The pen's width is multiplied by a factor from exp(−pen) to exp(pen). (Of bitmaps: about.)
    mirror : float
        The share of drawings that are mirrored, of those that may be.

    Raises
    ------
    DataError
        If a strength is not a number in its range.

    Examples
    --------
    >>> Variation(turn=5).to_dict()["turn"]
    5.0
    >>> Variation(drop=2)
    Traceback (most recent call last):
    inkgrad.errors.DataError: drop is 2; give a number from 0 to 1
    """

    turn: float = 12.0
    shear: float = 0.15
    stretch: float = 0.15
    wobble: float = 8.0
    shift: float = 4.0
    drop: float = 0.15
    cut: float = 0.15
    cut_most: float = 0.3
    split: float = 0.1
    merge: float = 0.1
    pen: float = 0.3
    mirror: float = 0.5

    def __post_init__(self) -> None:
        for field in fields(self):
            value, most = getattr(self, field.name), _MOST.get(field.name, 1.0)
            fits = isinstance(value, numbers.Real) and not isinstance(value, bool)
            if not fits or not math.isfinite(value) or not 0 <= value <= most:
                raise DataError(f"{field.name} is {value!r}; give a number from 0 to {most:g}")
            object.__setattr__(self, field.name, float(value))
        if self.cut_most == 1:
            raise DataError("cut_most is 1; give less, so that something of a drawing is left")

    def to_dict(self) -> dict[str, float]:
        """Return the strengths by name, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Variation:
        """Return the variation with some strengths; those that are not named are the usual ones.

        Raises
        ------
        DataError
            If there is no strength of a name, or a value is impossible.

        Examples
        --------
        >>> Variation.from_dict({"mirror": 0}) == Variation(mirror=0)
        True
        """
        names = [field.name for field in fields(cls)]
        for name in values:
            if name not in names:
                raise DataError(f"a variation has no {name!r}; it has {', '.join(names)}")
        return cls(**values)

    @classmethod
    def none(cls, **strengths: float) -> Variation:
        """Return the variation that changes nothing but what is named.

        Examples
        --------
        >>> Variation.none(mirror=1).turn
        0.0
        """
        return cls(**{**{field.name: 0.0 for field in fields(cls)}, **strengths})
