"""Places: buffers one after the other in a few arrays, each at a cache line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Places", "Space"]


@dataclass
class Space:
    """Hands out places in an array, each at a cache line."""

    line: int
    used: int = 0

    def take(self, count: Any) -> int:
        """Return the place of `count` elements."""
        place = self.used
        self.used += -(-int(count) // self.line) * self.line
        return place


@dataclass
class Places:
    """Hands out all places of a layout.

    Attributes
    ----------
    batch : int
        Drawings that there is room for: whole words of 64, as dense layers take them.
    floats, words : Space
        What all threads share.
    own_floats, own_words : Space
        What each thread has of its own.
    sums : Space
        Gradients within a part of the drawings.
    tables : list of arrays
    """

    batch: int
    floats: Space = field(default_factory=lambda: Space(line=16))
    words: Space = field(default_factory=lambda: Space(line=8))
    own_floats: Space = field(default_factory=lambda: Space(line=16))
    own_words: Space = field(default_factory=lambda: Space(line=8))
    sums: Space = field(default_factory=lambda: Space(line=16))
    tables: list[NDArray[np.int32]] = field(default_factory=list)

    def table(self, values: ArrayLike) -> int:
        """Add a table, and return its place."""
        place = sum(len(table) for table in self.tables)
        self.tables.append(np.asarray(values, np.int32))
        return place
