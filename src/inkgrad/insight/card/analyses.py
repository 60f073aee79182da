"""A card's quantitative analyses: classes, confusions, confidence, robustness, wrong labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inkgrad.insight.card.known import Known
from inkgrad.insight.card.limits import label_noise
from inkgrad.insight.card.parts import Confused, Line, Section, Table
from inkgrad.insight.card.trust import calibration, rejection
from inkgrad.insight.evaluation import ClassScore, Evaluation
from inkgrad.insight.intervals import Interval
from inkgrad.insight.pages import between, percent
from inkgrad.insight.robustness import PHOTOGRAPH, Robustness

__all__ = ["analyses", "points"]

_MOST_ROWS = 10  # in each of the tables of the worst and the best classes
_MOST_PAIRS = 8  # confusions
_MOST_PICTURES = 6  # of one confusion


def analyses(known: Known) -> Section:
    """Return the section, with a part for each analysis."""
    parts = [_classes(known.evaluation), _confusions(known), calibration(known)]
    parts += [*rejection(known), _robustness(known)]
    if known.attribution:
        parts.append(Section("What wrong labels cost", text=label_noise(known.evaluation)))
    return Section("Quantitative analyses", parts=tuple(parts))


def _classes(evaluation: Evaluation) -> Section:
    scores = [score for score in evaluation.per_class if score.recall is not None]
    scores.sort(key=lambda score: score.recall or 0.0)
    if len(scores) <= 2 * _MOST_ROWS:
        return Section("Classes", tables=(_class_table("From the hardest to the easiest", scores),))
    hardest, easiest = scores[:_MOST_ROWS], scores[-_MOST_ROWS:][::-1]
    return Section(
        "Classes",
        tables=(_class_table("The hardest", hardest), _class_table("The easiest", easiest)),
    )


def _class_table(title: str, scores: Sequence[ClassScore]) -> Table:
    lines = []
    for score in scores:
        recall, (low, high) = score.recall or 0.0, score.recall_interval or Interval(0.0, 1.0)
        cells = percent(recall), between(Interval(low, high)), percent(score.precision)
        lines.append(Line((score.name, f"{score.support:,}", *cells), (low, recall, high)))
    columns = ("class", "drawings", "recognised", "95 % interval", "right when named")
    return Table(title, columns, tuple(lines), axis=(0.0, 1.0))


def _confusions(known: Known) -> Section:
    names, labels = known.model.classes, known.labels
    best = known.probabilities.argmax(axis=1)
    sure = known.probabilities.max(axis=1)
    pairs, pictures = known.evaluation.confusions(_MOST_PAIRS), []
    for pair in pairs:
        drawn, read = names.index(pair.drawn), names.index(pair.read)
        rows = np.flatnonzero((labels == drawn) & (best == read))
        rows = rows[np.argsort(-sure[rows], kind="stable")][:_MOST_PICTURES]
        total = known.evaluation.per_class[drawn].support
        note = f"{pair.count:,} of {total:,} ({percent(pair.share)})"
        bitmaps = tuple(known.bitmaps[row] for row in rows)
        pictures.append(Confused(pair.drawn, pair.read, note, bitmaps))
    if not pairs:
        return Section("Confusions", text=("None: every drawing was named right.",))
    return Section(
        "Confusions",
        text=(
            "The pairs that are mistaken most often, with the drawings in which the network was "
            "surest of its mistake. Some of these are mislabelled or unfinished.",
        ),
        confused=tuple(pictures),
    )


def _robustness(known: Known) -> Section:
    found = known.robustness
    if found is None:
        return Section(
            "Robustness",
            text=(
                "What it costs when drawings are moved, turned, cut off, wobbly or photographed "
                "was not measured for this card."
                + (" This command does:" if known.robustness_command else ""),
            ),
            code=known.robustness_command,
        )
    lines = tuple(
        Line(
            (
                row.name,
                row.strength,
                f"{row.n:,}",
                percent(row.top1),
                points(row.difference),
                f"{points(row.interval.low)} to {points(row.interval.high)}",
            ),
            (row.interval.low, row.difference, row.interval.high),
        )
        for row in found.rows
    )
    columns = ("disturbed", "by", "drawings", "top-1", "points", "95 % interval")
    return Section(
        "Robustness",
        text=(
            f"The same {found.n:,} drawings as they are ({percent(found.top1)} named right) and "
            "disturbed: the difference is in points, and taken on the same drawings.",
            _photographs(found),
        ),
        tables=(Table("", columns, lines, (0, 1), _axis(found), is_grouped=True),),
        code="" if _has_photographs(found) else known.robustness_command,
    )


def _axis(found: Robustness) -> tuple[float, float]:
    """Return from where to where the differences reach, with some room on both sides of 0."""
    low = min((row.difference for row in found.rows), default=0.0)
    high = max((row.difference for row in found.rows), default=0.0)
    return min(1.15 * low, -0.1), max(1.15 * high, 0.1)


def _has_photographs(found: Robustness) -> bool:
    return any(row.name == PHOTOGRAPH for row in found.rows)


def _photographs(found: Robustness) -> str:
    """Return what is to be said of photographs."""
    if not _has_photographs(found):
        return "This is the short version, by few drawings and without photographs. The whole:"
    unread = next(row.unread for row in found.rows if row.name == PHOTOGRAPH)
    return (
        "Photographs are made by a program and go through the reader of pictures, as a user's "
        f"would; in {unread:,} of them it found no drawing."
    )


def points(difference: float) -> str:
    """Return a difference of shares in points, with its sign.

    Examples
    --------
    >>> points(-0.0345), points(0.0)
    ('−3.5', '0.0')
    """
    text = f"{100 * difference:+.1f}".replace("-", "−")
    return "0.0" if float(f"{100 * difference:.1f}") == 0 else text
