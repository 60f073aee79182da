"""The parts of a model card: what both its forms, Markdown and HTML, are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkgrad.insight.calibration import Diagram

__all__ = ["Card", "Confused", "Line", "Section", "Table", "Tile"]

Bitmap = NDArray[np.uint8]


@dataclass(frozen=True)
class Line:
    """A line of a table: its cells and, for HTML, a figure within its interval as a plot.

    Attributes
    ----------
    cells : tuple of str
    plot : (float, float, float) or None
        The low end, the figure and the high end, in the unit of `Table.axis`.
    """

    cells: tuple[str, ...]
    plot: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes
    ----------
    title : str
    columns : tuple of str
    lines : tuple of Line
    words : tuple of int
        Which columns are text; the others are numbers.
    axis : (float, float) or None
        From where to where the lines' plots reach; None if there are none.
    is_grouped : bool
        Whether a first cell that repeats the one above is left out, in HTML.
    """

    title: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    words: tuple[int, ...] = (0,)
    axis: tuple[float, float] | None = None
    is_grouped: bool = False

    def along(self, value: float) -> float:
        """Return where a value lies on the axis, in % from the left."""
        low, high = self.axis or (0.0, 1.0)
        return round(100 * (min(max(value, low), high) - low) / (high - low), 1)


@dataclass(frozen=True, eq=False)
class Confused:
    """Drawings of one class that were read as another, to be shown as pictures."""

    drawn: str
    read: str
    note: str
    bitmaps: tuple[Bitmap, ...]


@dataclass(frozen=True, eq=False)
class Tile:
    """A class: how often it is recognised, and a drawing of it that was; None if none was."""

    name: str
    recall: float | None
    note: str
    bitmap: Bitmap | None


@dataclass(frozen=True, eq=False)
class Section:
    """A section, in the order in which its parts are shown.

    Attributes
    ----------
    title : str
    text : tuple of str
        Paragraphs.
    facts : tuple of (str, str)
        Names and what they stand for.
    diagram : Diagram or None
        A reliability diagram, in HTML alone.
    tables : tuple of Table
    confused : tuple of Confused
        Shown as pictures, in HTML alone.
    points : tuple of str
        A list of sentences.
    code : str
        A command that can be copied; empty for none.
    parts : tuple of Section
        Sections within this one.
    """

    title: str
    text: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    diagram: Diagram | None = None
    tables: tuple[Table, ...] = ()
    confused: tuple[Confused, ...] = ()
    points: tuple[str, ...] = ()
    code: str = ""
    parts: tuple[Section, ...] = ()

    @property
    def anchor(self) -> str:
        """The title as an address within the page."""
        return "".join(c if c.isalnum() else "-" for c in self.title.lower())


@dataclass(frozen=True, eq=False)
class Card:
    """A model card: the one source of its Markdown and its HTML.

    Attributes
    ----------
    title : str
    lead : str
        One sentence: what the model does, and how well.
    figures : dict of str to (str, str, str)
        Figures of merit: by title the value, its 95 % interval (empty where there is none) and
        what it is.
    tiles : tuple of Tile
        Every class, the best recognised first.
    sections : tuple of Section
        Headed as M. Mitchell et al. propose in "Model Cards for Model Reporting" (2019).
    report : str
        The file name of the training's report beside the card; empty for none.
    """

    title: str
    lead: str
    figures: dict[str, tuple[str, str, str]]
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]
    report: str = ""
