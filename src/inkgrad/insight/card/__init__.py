"""The model card, for those who are given a model: what it is, how good, and where it fails.

Written as Markdown and as HTML from the same parts, under the headings of M. Mitchell et al.,
"Model Cards for Model Reporting", FAT* 2019. How the training went, and its mistakes one by one,
is in the training's report (`inkgrad.insight.report`).
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from inkgrad.insight.card.known import Known, Making
from inkgrad.insight.card.parts import Card, Section, Tile
from inkgrad.insight.card.sections import figures, make_sections
from inkgrad.insight.pages import between, percent, render
from inkgrad.storage import atomic_write_bytes

__all__ = ["CARD_HTML", "CARD_MARKDOWN", "Card", "Known", "Making", "Section", "make_card"]
__all__ += ["render_html", "render_markdown", "write_card"]

CARD_HTML, CARD_MARKDOWN = "card.html", "card.md"
"""The files' names."""


def make_card(known: Known, title: str, report: str = "") -> Card:
    """Gather a card from all that is known.

    The same facts give the same card; only `Known.making` tells of time and machine.

    Parameters
    ----------
    known : Known
    title : str
        The model's name.
    report : str
        The file name of the training's report beside the card, if there is one.

    Examples
    --------
    >>> from inkgrad.insight import evaluate
    >>> from inkgrad.model import Model
    >>> from inkgrad.network import seed_network
    >>> model = Model(seed_network(2), seed_network(2).initialise(), ("cat", "dog"))
    >>> p, labels = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]), np.array([0, 1, 1])
    >>> result = evaluate(p, labels, model.classes)
    >>> bitmaps = np.zeros((3, 28, 28), np.uint8)
    >>> card = make_card(Known(model, result, "all", "three", bitmaps, labels, p), "pets")
    >>> card.title, card.lead[:60], card.sections[0].title
    ('pets', 'It names what a doodle shows, as one of 2 classes, and is ri', 'Model details')
    """
    evaluation = known.evaluation
    held_out = " held out from its training" if known.part == "test" else ""
    return Card(
        title=title,
        lead=f"It names what a doodle shows, as one of {len(evaluation.classes):,} classes, and is "
        f"right in {percent(evaluation.top1)} of {evaluation.n:,} drawings{held_out} "
        f"({between(evaluation.intervals['top1'])}).",
        figures=figures(evaluation),
        tiles=_tiles(known),
        sections=make_sections(known),
        report=report,
    )


def render_html(card: Card) -> str:
    """Return the card as a page that needs nothing but a browser, and no network."""
    return render("card.html.j2", kind="model card", title=card.title, card=card)


def render_markdown(card: Card) -> str:
    """Return the card as Markdown, without pictures."""
    return render("card.md.j2", card=card)


def write_card(folder: str | os.PathLike[str], card: Card) -> dict[str, Path]:
    """Write a card as ``card.md`` and ``card.html``, each in one step; return their paths.

    Raises
    ------
    OSError
        If a file cannot be written; an older one is then unchanged.
    """
    written = {}
    for name, form in ((CARD_MARKDOWN, render_markdown), (CARD_HTML, render_html)):
        written[name] = Path(folder) / name
        atomic_write_bytes(written[name], form(card).encode("utf-8", "replace"))
    return written


def _tiles(known: Known) -> tuple[Tile, ...]:
    """Return every class with the drawing of it that was named right with the median confidence."""
    best = known.probabilities.argmax(axis=1)
    tiles = []
    for place, score in enumerate(known.evaluation.per_class):
        (right,) = np.nonzero((known.labels == place) & (best == place))
        bitmap = None
        if len(right):
            sure = known.probabilities[right, place]
            bitmap = known.bitmaps[right[np.argsort(sure, kind="stable")[len(right) // 2]]]
        note = f"{score.support:,} drawings"
        if score.recall_interval is not None:
            note = f"{between(score.recall_interval)} of {score.support:,}"
        tiles.append(Tile(score.name, score.recall, note, bitmap))
    return tuple(sorted(tiles, key=lambda tile: -1.0 if tile.recall is None else -tile.recall))
