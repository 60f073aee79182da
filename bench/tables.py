"""Tables in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from rich.table import Table

__all__ = ["Column", "make_table"]


class Column(NamedTuple):
    """One column: its title, and how a row's entry is written.

    Attributes
    ----------
    title : str
    text : str
        A format string with the row's keys as fields. Where the row lacks one of them, the cell
        stays empty.
    """

    title: str
    text: str


def make_table(title: str, columns: Iterable[Column], rows: Iterable[Mapping[str, Any]]) -> Table:
    """Return a table: the first column to the left, numbers to the right."""
    columns = list(columns)
    table = Table(title=title)
    for position, column in enumerate(columns):
        justify = "right" if position else "left"
        table.add_column(column.title, justify=justify, no_wrap=bool(position))
    for row in rows:
        table.add_row(*(_cell(column.text, row) for column in columns))
    return table


def _cell(text: str, row: Mapping[str, Any]) -> str:
    try:
        return text.format_map(row)
    except KeyError:
        return ""
