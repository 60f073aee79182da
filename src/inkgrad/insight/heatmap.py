"""The confusion matrix as a picture: which part to show, and how strongly to colour each cell."""

from __future__ import annotations

import math
from dataclasses import dataclass

from inkgrad.insight.evaluation import Evaluation

__all__ = ["Cell", "Heatmap", "Row", "heatmap"]

MOST_CLASSES = 24
"""More rows and columns than this nobody can read."""


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes
    ----------
    text : str
        The share of the row in %, empty for 0.
    strength : int
        How strongly to colour it, 0 to 100. Hits in proportion to the share; mistakes by its
        square root, fully from 25 % on, so that 1 % is already seen.
    is_hit : bool
        Whether it is on the diagonal.
    title : str
        The cell in words.
    """

    text: str
    strength: int
    is_hit: bool
    title: str


@dataclass(frozen=True)
class Row:
    """The drawings of one class: how many, and where they went."""

    name: str
    count: int
    cells: tuple[Cell, ...]
    elsewhere: str
    """The share read as classes that are not shown, in %; empty for 0."""


@dataclass(frozen=True)
class Heatmap:
    """The part of a confusion matrix that is shown."""

    names: tuple[str, ...]
    rows: tuple[Row, ...]
    is_part: bool


def heatmap(evaluation: Evaluation, most: int = MOST_CLASSES) -> Heatmap:
    """Choose the classes and colour the cells.

    With more than `most` classes, those are shown that take part in the most frequent confusions,
    in the order of the classes.

    Examples
    --------
    >>> import numpy as np
    >>> from inkgrad.insight.evaluation import evaluate
    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]])
    >>> heatmap(evaluate(p, [0, 1, 1], ["cat", "dog"])).rows[1].cells[0]
    Cell(text='50', strength=100, is_hit=False, title='dog read as cat: 1 of 2 (50.0 %)')
    """
    shown = _most_confused(evaluation, most)
    names = evaluation.classes
    rows = []
    for i in shown:
        counts = evaluation.confusion[i]
        total = int(counts.sum())
        cells = tuple(_cell(names[i], names[j], int(counts[j]), total, i == j) for j in shown)
        elsewhere = total - int(counts[shown].sum())
        rows.append(Row(names[i], total, cells, _percent(elsewhere, total)))
    return Heatmap(tuple(names[i] for i in shown), tuple(rows), len(shown) < len(names))


def _cell(drawn: str, read: str, count: int, total: int, is_hit: bool) -> Cell:
    share = count / total if total else 0.0
    return Cell(
        text=_percent(count, total),
        strength=round(100 * (share if is_hit else min(1.0, 2 * math.sqrt(share)))),
        is_hit=is_hit,
        title=f"{drawn} read as {read}: {count:,} of {total:,} ({share:.1%})".replace("%", " %"),
    )


def _percent(count: int, total: int) -> str:
    """Return count / total in whole %; "<1" where that would round to nothing, "" for nothing."""
    if count == 0:
        return ""
    percent = round(100 * count / total)
    return "<1" if percent == 0 else str(percent)


def _most_confused(evaluation: Evaluation, most: int) -> list[int]:
    """Return the places of at most `most` classes, those of the most frequent confusions."""
    count = len(evaluation.classes)
    if count <= most:
        return list(range(count))
    wrong = evaluation.confusion.copy()
    wrong[range(count), range(count)] = 0
    order = (-wrong).ravel().argsort(kind="stable")
    chosen: dict[int, None] = {}
    for flat in order:
        for place in divmod(int(flat), count):
            if len(chosen) < most:
                chosen.setdefault(place)
        if len(chosen) == most:
            break
    return sorted(chosen)
