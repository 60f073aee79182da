"""A model's limits in plain words, each sentence written from the model's own figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from inkgrad.insight.evaluation import ClassScore, Evaluation
from inkgrad.insight.pages import between, percent
from inkgrad.insight.robustness import ANY_SCENE, PHOTOGRAPH, Robustness, RobustnessRow
from inkgrad.model import Model
from inkgrad.text import listed

__all__ = ["LABEL_NOISE", "label_noise", "limits"]

LABEL_NOISE = 0.101
"""The share of wrong labels in Quick, Draw!.

C. Northcutt, A. Athalye and J. Mueller, "Pervasive Label Errors in Test Sets Destabilize Machine
Learning Benchmarks", NeurIPS 2021: of 2,500 drawings that confident learning had flagged, five
people each found 1,870 to be mislabelled; that makes about 10.1 % of all 50 million."""

_FEW_TESTED = 100  # drawings: with fewer, an interval of a recall is some fifteen points wide
_FEW_LEARNT = 500  # drawings of a class, where others have thousands
_SHOWN = 5  # classes or pairs named in one sentence
_SIZE = 255.0  # the longer side of a drawing, in the rasteriser's units
_NOTICEABLE = 0.02  # of accuracy


def limits(
    model: Model,
    evaluation: Evaluation,
    counts: Mapping[str, int],
    *,
    robustness: Robustness | None,
    of_game: bool,
    built_in: bool,
) -> tuple[str, ...]:
    """Return what somebody who uses a model must know, the most important first.

    Parameters
    ----------
    model : Model
    evaluation : Evaluation
    counts : dict of str to int
        Drawings of each class before they were divided; empty if that is not known.
    robustness : Robustness, optional
    of_game, built_in : bool
        Whether it learnt from Google's drawings, and whether from doodles of a program.
    """
    sentences = []
    if built_in:
        sentences.append(
            "It learnt from doodles that a small program draws, and is measured on them. On "
            "people's drawings it does much worse; how much was not measured."
        )
    sentences += [
        _closed_world(model),
        *_weak_classes(evaluation),
        *_confused(evaluation),
        *_rarely_seen(evaluation, counts),
        *_few_tested(evaluation),
        _pixels(model),
    ]
    if of_game:
        sentences.append(
            "It learnt from players of a game, who drew with a mouse or a finger, in twenty "
            "seconds at most, and were stopped as soon as the game had guessed: many drawings are "
            "unfinished. Careful drawings, with shading or many details, are not what it knows."
        )
    if robustness is not None:
        sentences += _costs(robustness)
    return tuple(sentences)


def label_noise(evaluation: Evaluation) -> tuple[str, ...]:
    """Return what wrong labels mean for a model that is measured on Google's drawings."""
    reachable = 1 - LABEL_NOISE
    first = (
        f"About {percent(LABEL_NOISE)} of the labels in Quick, Draw! are wrong (C. Northcutt, "
        "A. Athalye and J. Mueller, Pervasive Label Errors in Test Sets Destabilize Machine "
        "Learning Benchmarks, NeurIPS 2021: people looked at 2,500 of the drawings that a program "
        "had flagged). The drawings that this model is measured on have such labels too. Over all "
        "345 classes, a recogniser that always named what was really drawn would therefore be "
        f"marked right in about {percent(reachable)} of cases; more is not to be had, however good "
        "the network."
    )
    top1 = evaluation.top1
    if top1 < reachable:
        return (
            first,
            f"This model's {percent(top1)} lie {100 * (reachable - top1):.1f} points below that. "
            "How many labels are wrong among its own classes was not counted.",
        )
    return (
        first,
        f"This model's {percent(top1)} lie above that: among its {len(evaluation.classes):,} "
        "classes fewer labels are wrong, or wrong ones can be guessed, as most are unfinished "
        "drawings. How many there are was not counted; each of them still counts as a mistake.",
    )


def _closed_world(model: Model) -> str:
    """Say what it does with things that it does not know."""
    known = f"It knows {len(model.classes):,} classes and nothing else. "
    confidence = model.confidence
    if confidence is not None and confidence.threshold is not None and confidence.rejects:
        return known + (
            "It answers that a drawing is none of these where the drawing is not familiar enough; "
            "but some things that it does not know are familiar enough, and it names one of its "
            "classes."
        )
    return known + (
        "Whatever it is shown, a house, a scribble or a signature, it names one of them, sometimes "
        "with great confidence."
    )


def _weak_classes(evaluation: Evaluation) -> list[str]:
    """Name the classes whose recall is surely below the mean of all."""
    weak = [
        score
        for score in sorted(evaluation.per_class, key=lambda s: (s.recall is None, s.recall))
        if score.recall_interval and score.recall_interval.high < evaluation.balanced_accuracy
    ]
    if not weak:
        return []
    named = [
        f"{score.name} ({percent(score.recall)}, {between(score.recall_interval)})"
        for score in weak[:_SHOWN]
        if score.recall_interval
    ]
    more = f"; {len(weak) - _SHOWN:,} more classes are below average" if len(weak) > _SHOWN else ""
    return [f"It recognises some classes less often than others: {listed(named)}{more}."]


def _confused(evaluation: Evaluation) -> list[str]:
    pairs = [pair for pair in evaluation.confusions(_SHOWN) if pair.share >= _NOTICEABLE]
    if not pairs:
        return []
    named = [f"{pair.drawn} for {pair.read} ({percent(pair.share)} of them)" for pair in pairs]
    return [f"It mistakes most often {listed(named)}. Where that matters, ask a person."]


def _rarely_seen(evaluation: Evaluation, counts: Mapping[str, int]) -> list[str]:
    known = {name: counts[name] for name in evaluation.classes if name in counts}
    few = sorted((n, name) for name, n in known.items() if n < _FEW_LEARNT)
    if not few:
        return []
    if len(few) == len(known):
        return [
            f"It had few drawings to learn from: {few[0][0]:,} to {few[-1][0]:,} of each class, "
            "test drawings included. More would help it more than anything else."
        ]
    named = listed([f"{name} ({n:,})" for n, name in few], _SHOWN)
    return [
        f"Of some classes there were few drawings, test drawings included: {named}; of others up "
        f"to {max(known.values()):,}. It knows fewer ways to draw the rare ones."
    ]


def _few_tested(evaluation: Evaluation) -> list[str]:
    tested = [score for score in evaluation.per_class if score.support]
    few = [score for score in tested if score.support < _FEW_TESTED]
    if not few:
        return []
    who = "each class" if len(few) == len(tested) else listed([s.name for s in few], _SHOWN)
    least = max(few, key=_width)
    return [
        f"The figures of {who} rest on fewer than {_FEW_TESTED} drawings each; that of "
        f"{least.name}, on {least.support:,}, is uncertain by {_width(least):.0f} points "
        "from one end of its interval to the other."
    ]


def _width(score: ClassScore) -> float:
    low, high = score.recall_interval or (0.0, 1.0)
    return 100 * (high - low)


def _pixels(model: Model) -> str:
    raster = model.raster
    return (
        f"It sees {raster.side} × {raster.side} grey pixels, of which a drawing spans "
        f"{_SIZE * raster.scale:.0f}, in lines that are a {_SIZE / raster.pen:.0f}th of the "
        "drawing wide. Finer details are lost, and so are colour, pressure and the strokes' order."
    )


def _costs(robustness: Robustness) -> list[str]:
    """Name the disturbance of each kind that costs most, if it surely costs something."""
    worst = []
    for _, rows in groupby(robustness.rows, key=lambda row: row.name):
        # Of photographs the first row is all of them.
        row = min(rows, key=lambda row: (row.strength != ANY_SCENE, row.difference))
        if row.interval.high < 0 and -row.difference >= _NOTICEABLE:
            worst.append(row)
    if not worst:
        return []
    worst.sort(key=lambda row: row.difference)
    return [f"It loses accuracy when drawings are {_joined([_in_words(row) for row in worst])}."]


def _in_words(row: RobustnessRow) -> str:
    """Return a disturbance with its cost, for a sentence."""
    forms = {
        "position": "moved",
        "size": f"drawn {row.strength} as large",
        "turned": f"turned by {row.strength}",
        "pen width": f"drawn with a pen {row.strength} as wide",
        "cut off": f"cut off after the {row.strength} of their points",
        "wobble": "drawn by a shaking hand",
        "missing": f"missing {row.strength}",
        PHOTOGRAPH: "photographed",
    }
    return f"{forms.get(row.name, row.name)} ({-100 * row.difference:.0f} points)"


def _joined(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + " or " + words[-1] if len(words) > 1 else words[0]
