"""What a model card says of confidence, and of drawings that are none of the classes."""

from __future__ import annotations

from inkgrad.insight.calibration import Calibration, measure_calibration, reliability_diagram
from inkgrad.insight.card.known import Known
from inkgrad.insight.card.parts import Line, Section, Table
from inkgrad.insight.intervals import wilson
from inkgrad.insight.pages import between, percent
from inkgrad.model import Model

__all__ = ["calibration", "rejection"]

_AS_GOOD = 0.01  # of calibration error above that of a perfectly calibrated model


def calibration(known: Known) -> Section:
    """Return whether the model is right as often as it says."""
    found = measure_calibration(known.probabilities, known.labels)
    return Section(
        "Confidence",
        text=(
            f"The probability of its first guess is {percent(found.confidence)} on average, and "
            f"the first guess is right in {percent(found.accuracy)} of cases. {_verdict(found)} "
            f"The expected calibration error, over {len(found.bins)} groups of as many drawings "
            f"each, is {percent(found.error)}; a perfectly calibrated model would show "
            f"{percent(found.perfect)} by chance." + _temperature(known.model),
        ),
        diagram=reliability_diagram(found),
        tables=(_groups(found),),
    )


def _verdict(found: Calibration) -> str:
    if found.error - found.perfect < _AS_GOOD:
        return "Its probabilities mean what they say."
    if found.confidence > found.accuracy:
        return "It is surer than it is right: take its probabilities for less than they say."
    return "It is right more often than it says."


def _groups(found: Calibration) -> Table:
    """Return the groups of drawings, from the least sure to the surest."""
    lines = []
    for group in found.bins:
        interval = wilson(round(group.accuracy * group.drawings), group.drawings)
        shares = percent(group.confidence), percent(group.accuracy), between(interval)
        lines.append(Line((*shares, f"{group.drawings:,}")))
    columns = ("it says", "it is right in", "95 % interval", "drawings")
    return Table("", columns, tuple(lines), words=())


def _temperature(model: Model) -> str:
    """Say whether the probabilities were calibrated after training."""
    if model.confidence is None or model.confidence.temperature == 1.0:
        return ""
    return (
        f" After training its logits were divided by {model.confidence.temperature:.2f}, which "
        "fits the drawings held out for validation best."
    )


def rejection(known: Known) -> list[Section]:
    """Return how well the model notices what is none of its classes, if it can say so at all."""
    confidence, found = known.model.confidence, known.rejection
    if found is None:
        if confidence is None or confidence.threshold is None:
            return []
        text = "How often it notices that a drawing is none of its classes was not measured here."
        return [Section("None of these", text=(text,))]
    familiar = "It gives every drawing a familiarity."
    refused = {}
    if found.unknown_rejected is None:
        familiar += " The data had no drawings of classes that it does not know."
    else:
        own = found.separations[0]
        familiar += (
            " Of one drawing that it knows and one that it does not, the known one is the more "
            f"familiar in {percent(own.auroc)} of cases (AUROC). Where 95 % of known drawings are "
            f"accepted, {percent(own.accepted)} of unknown ones are, too."
        )
        shown = f"{found.unknown:,} drawings of {found.unknown_classes:,} classes"
        refused[f"{shown} that it does not know"] = found.unknown_rejected
    refused |= found.nothings
    refused[f"{found.known:,} drawings of its own classes"] = 1 - found.known_accepted
    lines = tuple(Line((name, percent(share))) for name, share in refused.items())
    return [
        Section(
            "None of these",
            text=(
                familiar,
                "To reject costs accuracy. Of drawings of its classes, it names "
                f"{percent(found.accuracy)} right where it must name each, "
                f"{percent(found.accuracy_rejecting)} where what it rejects counts as wrong, and "
                f"{percent(found.accuracy_of_accepted)} of those that it accepts.",
            ),
            tables=(Table("", ("shown", "called none of these"), lines),),
        )
    ]
