"""Drawings in the terminal: two pixels to a letter, as ink on paper where there is colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from inkgrad.terminal.console import RED, word
from inkgrad.terminal.guesses import guess_bars

__all__ = ["Drawing", "Shown", "drawing_to_text", "gallery"]

_PAPER, _INK = np.array([247, 245, 239]), np.array([27, 33, 48])
_SHADES = " .:-=+*#%@"
_LEAST_GAP, _MOST_GAP = 1, 4  # columns between two drawings
_FAINT = 64  # of 255: less ink is not missed


class Shown(Protocol):
    """A drawing with what it is, if that is known, and what a network makes of it."""

    @property
    def bitmap(self) -> NDArray[np.uint8]:
        """Ink 255 on 0."""

    @property
    def drawn(self) -> str | None:
        """The right answer, if anybody knows."""

    @property
    def guesses(self) -> Sequence[tuple[str, float]]:
        """Classes and probabilities, the likeliest first."""


class Drawing:
    """A drawing, as well as the console can show it.

    With many colours: grey ink on light paper, legible on dark and light terminals alike; with
    few or none, or no letters but ASCII: as `drawing_to_text`.

    Parameters
    ----------
    bitmap : (rows, columns) uint8 array
        Ink 255 on 0.
    """

    def __init__(self, bitmap: NDArray[np.uint8]) -> None:
        self.bitmap = np.asarray(bitmap, np.uint8)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        width = self.bitmap.shape[1]
        return Measurement(width, width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        many_colors = console.color_system in ("256", "truecolor") and not console.no_color
        if options.ascii_only or not many_colors:
            for line in drawing_to_text(self.bitmap, ascii_only=options.ascii_only):
                yield Text(line, no_wrap=True, overflow="crop")
            return
        for upper, lower in _pairs_of_rows(self.bitmap):
            for top, bottom in zip(upper, lower, strict=True):
                yield Segment("▀", Style(color=_grey(top), bgcolor=_grey(bottom)))
            yield Segment.line()


def drawing_to_text(bitmap: NDArray[np.uint8], *, ascii_only: bool = False) -> list[str]:
    """Return a drawing as lines of text without colour, two pixel rows a line.

    Half blocks where there is more ink than not, or, with ASCII only, ten shades.

    Parameters
    ----------
    bitmap : (rows, columns) uint8 array
        Ink 255 on 0.
    ascii_only : bool

    Returns
    -------
    list of str
        Half as many lines as rows, rounded up, each as long as there are columns.

    Examples
    --------
    >>> cross = np.array([[255, 0, 255], [0, 255, 0], [255, 0, 255]], np.uint8)
    >>> drawing_to_text(cross)
    ['▀▄▀', '▀ ▀']
    >>> drawing_to_text(cross, ascii_only=True)
    ['+++', '+ +']
    """
    lines = []
    for upper, lower in _pairs_of_rows(np.asarray(bitmap, np.uint8)):
        if ascii_only:
            shade = (upper.astype(int) + lower) * (len(_SHADES) - 1)
            lines.append("".join(_SHADES[-(-s // 510)] for s in shade))
        else:
            lines.append("".join(" ▀▄█"[i] for i in (upper > 127) + 2 * (lower > 127)))
    return lines


def gallery(drawings: Sequence[Shown], width: int, *, bars: int = 3) -> Group:
    """Return drawings side by side, as many as `width` holds, each above its guesses.

    Borders without ink that all have in common are cut off.

    Parameters
    ----------
    drawings : sequence
        Each with ``bitmap``, ``drawn`` and ``guesses``, such as `inkgrad.insight.Reading`.
    width : int
        Columns that there are.
    bars : int
        How many guesses to show of each.
    """
    if not drawings:
        return Group()
    bitmaps = _trim([np.asarray(drawing.bitmap, np.uint8) for drawing in drawings], axis=1)
    side = max(bitmap.shape[1] for bitmap in bitmaps)
    across = max(1, (width + _LEAST_GAP) // (side + _LEAST_GAP))
    spare = width - across * side
    gap = min(max(spare // max(across - 1, 1), _LEAST_GAP), _MOST_GAP)
    rows: list[Any] = []
    for start in range(0, len(drawings), across):
        grid = Table.grid()
        cells: list[Any] = []
        shown = _trim(bitmaps[start : start + across], axis=0)
        for drawing, bitmap in zip(drawings[start : start + across], shown, strict=True):
            if cells:
                grid.add_column(width=gap)
                cells.append("")
            grid.add_column(width=side)
            cells.append(_captioned(drawing, bitmap, side, bars))
        grid.add_row(*cells)
        rows += [grid, Text("")]
    return Group(*rows[:-1])


def _trim(bitmaps: Sequence[NDArray[np.uint8]], axis: int) -> list[NDArray[np.uint8]]:
    """Cut the rows (axis 0) or columns (1) at the borders where no bitmap has ink to speak of."""
    if len({bitmap.shape for bitmap in bitmaps}) > 1:
        return list(bitmaps)
    inked = np.flatnonzero(np.max(bitmaps, axis=(0, 2 - axis)) > _FAINT)
    if not inked.size:
        return list(bitmaps)
    kept = slice(inked[0], inked[-1] + 1)
    return [bitmap[kept] if axis == 0 else bitmap[:, kept] for bitmap in bitmaps]


def _captioned(drawing: Shown, bitmap: NDArray[np.uint8], side: int, bars: int) -> Group:
    """Return one drawing, the right answer if it was missed, and the guesses as bars."""
    lines: list[Any] = [Drawing(bitmap)]
    if drawing.drawn is not None and drawing.guesses[0][0] != drawing.drawn:
        lines.append(Text.assemble("drawn: ", word(drawing.drawn, "bold"), ("  ✗", RED)))
    names = max(len(name) for name, _ in drawing.guesses[:bars])
    room = max(4, side - min(names, side // 2) - 10)
    lines.append(guess_bars(drawing.guesses[:bars], truth=drawing.drawn, width=room))
    return Group(*lines)


def _pairs_of_rows(
    bitmap: NDArray[np.uint8],
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Yield rows two by two; the last has an empty one under it if there is an odd number."""
    if len(bitmap) % 2:
        bitmap = np.vstack([bitmap, np.zeros_like(bitmap[:1])])
    yield from zip(bitmap[::2], bitmap[1::2], strict=True)


def _grey(ink: int) -> str:
    """Return the colour of a pixel: paper where there is no ink."""
    share = int(ink) / 255
    red, green, blue = (round(v) for v in (1 - share) * _PAPER + share * _INK)
    return f"#{red:02x}{green:02x}{blue:02x}"
