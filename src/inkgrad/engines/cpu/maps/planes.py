"""Between arrays (drawings, channels, rows, columns) and maps in slabs; see `frame`."""

from __future__ import annotations

from typing import Any

from inkgrad.engines.cpu.compiling import entry
from inkgrad.engines.cpu.slabs import copy_slabs

__all__ = ["copy_planes"]


@entry
def copy_planes(
    cells: Any, channels: int, drawings: int, planes: Any, maps: Any, inwards: bool
) -> None:
    """Copy drawings between planes and maps, in or out; `cells` says where the maps' `y` stands."""
    c = cells[0]
    each = channels * c.rows * c.columns
    for drawing in range(drawings):
        copy_slabs(
            channels,
            c.rows,
            c.columns,
            planes,
            drawing * each,
            maps,
            c.y_at + drawing * c.y_drawing,
            c.y_slab,
            c.y_row,
            inwards,
        )
