"""How feature maps stand in memory: in slabs of LANES channels, with a margin of zeros around.

Element (drawing, channel, y, x) of maps (n, C, H, W) is at

    drawing · (groups · slab) + (c // LANES) · slab + ((y + top) · in_columns + x + left) · LANES
    + c % LANES,                                            slab = in_rows · in_columns · LANES,

so that a vector holds LANES channels of one cell. Lanes that no channel has are always 0, and so is
the margin: whoever writes maps writes their inside alone, and a convolution reads its padding, and
what its last tiles see beyond the picture, where they are.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from inkgrad.engines.cpu.maps.activation import CELLS
from inkgrad.engines.cpu.maps.planes import copy_planes
from inkgrad.engines.cpu.simd import LANES
from inkgrad.engines.cpu.slabs import INWARDS, OUTWARDS
from inkgrad.layers import Array, Shape
from inkgrad.memory import aligned_zeros, writable

__all__ = ["Buffers", "Frame", "Margin"]

Margin = tuple[int, int, int, int]
"""Cells above, to the left, below and to the right."""


@dataclass(frozen=True)
class Frame:
    """The place of a drawing's maps.

    Parameters
    ----------
    shape : (channels, rows, columns)
    margin : Margin
        Cells of zeros around each map.
    """

    shape: Shape
    margin: Margin = (0, 0, 0, 0)

    @functools.cached_property
    def groups(self) -> int:
        """How many slabs a drawing has."""
        return -(-self.shape[0] // LANES)

    @functools.cached_property
    def row(self) -> int:
        """Floats from row to row."""
        _, left, _, right = self.margin
        return (self.shape[2] + left + right) * LANES

    @functools.cached_property
    def slab(self) -> int:
        """Floats from slab to slab."""
        top, _, bottom, _ = self.margin
        return (self.shape[1] + top + bottom) * self.row

    @functools.cached_property
    def drawing(self) -> int:
        """Floats from drawing to drawing."""
        return self.groups * self.slab

    def at(self, y: int, x: int) -> int:
        """Return the place of a cell in a slab; in the margin, it has negative coordinates."""
        return (y + self.margin[0]) * self.row + (x + self.margin[1]) * LANES

    def inside(self, maps: Array, n: int) -> Array:
        """Return n drawings' maps without their margin.

        It is a view (n, groups, rows, columns, LANES).

        Examples
        --------
        >>> frame = Frame((3, 2, 2), margin=(1, 1, 1, 1))
        >>> maps = np.zeros(2 * frame.drawing, np.float32)
        >>> frame.inside(maps, 2)[...] = 1
        >>> int(maps.sum()) == 2 * 2 * 2 * LANES
        True
        """
        top, left, _, _ = self.margin
        _, rows, columns = self.shape
        return self._whole(maps, n)[:, :, top : top + rows, left : left + columns]

    def clear_margin(self, maps: Array, n: int) -> None:
        """Write zeros into the margin, for who wrote into that."""
        whole, (top, left, bottom, right) = self._whole(maps, n), self.margin
        whole[:, :, :top] = 0
        whole[:, :, whole.shape[2] - bottom :] = 0
        whole[:, :, :, :left] = 0
        whole[:, :, :, whole.shape[3] - right :] = 0

    def _whole(self, maps: Array, n: int) -> Array:
        """Return n drawings' maps with their margin, (n, groups, in_rows, in_columns, LANES)."""
        return maps[: n * self.drawing].reshape(
            n, self.groups, self.slab // self.row, self.row // LANES, LANES
        )

    def read(self, maps: Array, n: int) -> Array:
        """Return n drawings' maps as an array (n, channels, rows, columns)."""
        planes = np.empty((n, *self.shape), np.float32)
        flat = planes.reshape(-1)
        copy_planes(self._cells, self.shape[0], n, flat, maps, OUTWARDS)
        return planes

    def write(self, maps: Array, planes: Array) -> None:
        """Write an array (n, channels, rows, columns) into maps."""
        flat = writable(np.ascontiguousarray(planes, np.float32).reshape(-1))
        copy_planes(self._cells, self.shape[0], len(planes), flat, maps, INWARDS)

    @functools.cached_property
    def _cells(self) -> Any:
        """Sizes and places of these maps as y."""
        cells = np.zeros(1, CELLS)
        c = cells[0]
        _, c["rows"], c["columns"] = self.shape
        c["y_at"] = self.at(0, 0)
        c["y_row"], c["y_slab"], c["y_drawing"] = self.row, self.slab, self.drawing
        return cells


class Buffers:
    """Lends arrays for maps, and lends them again.

    Whoever is lent one finds zeros in its margin, and leaves them there.

    Parameters
    ----------
    drawings : int
        The most that there are in a pass.

    Attributes
    ----------
    calls : list of (function, arguments), optional
        What a pass forward calls, in order: called once more, it does the same to the same arrays.
    """

    def __init__(self, drawings: int) -> None:
        self.drawings = drawings
        self.calls: list[tuple[Callable[..., Any], tuple[Any, ...]]] | None = None
        self._free: dict[tuple[Frame, int], list[Array]] = {}
        self._scratch: dict[str, Array] = {}

    def call(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Call what works on arrays; it is noted down in `calls`, if that is a list."""
        function(*arguments)
        if self.calls is not None:
            self.calls.append((function, arguments))

    def take(self, frame: Frame, drawings: int | None = None) -> Array:
        """Return an array with room for `drawings` drawings (by default, all), to be given back."""
        count = self.drawings if drawings is None else drawings
        free = self._free.setdefault((frame, count), [])
        return free.pop() if free else aligned_zeros(count * frame.drawing, np.float32)

    def give(self, frame: Frame, maps: Array) -> None:
        """Take an array back."""
        self._free[frame, len(maps) // frame.drawing].append(maps)

    def scratch(self, name: str, size: int) -> Array:
        """Return an array of at least `size` floats for whoever works now; it holds anything."""
        if name not in self._scratch or len(self._scratch[name]) < size:
            self._scratch[name] = aligned_zeros(size, np.float32)
        return self._scratch[name]
