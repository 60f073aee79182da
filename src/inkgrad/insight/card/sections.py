"""The sections of a model card, under the headings of Mitchell et al. (2019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inkgrad.insight.card import told
from inkgrad.insight.card.analyses import analyses
from inkgrad.insight.card.known import Known
from inkgrad.insight.card.limits import limits
from inkgrad.insight.card.parts import Line, Section, Table
from inkgrad.insight.evaluation import Evaluation
from inkgrad.insight.metrics import METRICS
from inkgrad.insight.pages import between, percent
from inkgrad.text import listed

__all__ = ["figures", "make_sections"]

_MOST_CLASSES = 20  # whose numbers of drawings are listed one by one
_SIZE = 255.0  # the longer side of a drawing, in the rasteriser's units
_NOT_TOLD = "not recorded in the model file"


def make_sections(known: Known) -> tuple[Section, ...]:
    """Return the sections, in the order of the paper's figure 1."""
    return (
        _details(known),
        _intended_use(known),
        _factors(known),
        _metrics(known),
        _evaluation_data(known),
        _training_data(known),
        analyses(known),
        _ethics(known),
        _caveats(known),
    )


def figures(evaluation: Evaluation) -> dict[str, tuple[str, str, str]]:
    """Return each figure of merit by title: its value, its interval, and what it is."""
    shown = {}
    for name, metric in METRICS.items():
        value = evaluation.figures[name]
        interval = evaluation.intervals.get(name)
        shown[metric.title] = (
            percent(value) if metric.is_share else f"{value:.3f}",
            "" if interval is None else between(interval, metric.is_share),
            metric.note,
        )
    return shown


def _details(known: Known) -> Section:
    model, record = known.model, known.model.record
    network, raster = model.network, model.raster
    facts = {
        "made with": _made_with(record),
        "network": f"{len(network.layers):,} layers, {network.size:,} parameters, "
        f"{network.multiply_adds:,} multiply-adds for a drawing",
        "input": f"{raster.side} × {raster.side} grey pixels; the longer side of a drawing spans "
        f"{_SIZE * raster.scale:.1f}, the pen is {raster.pen * raster.scale:.1f} wide",
        "output": f"a probability for each of {len(model.classes):,} classes",
        "recipe": told.recipe(record) or _NOT_TOLD,
        "training time": _NOT_TOLD if known.making is None else _time(known.making.seconds),
        "machine": _NOT_TOLD if known.making is None else known.making.machine,
        "licence of the drawings": known.attribution or "not known: they are the trainer's own",
    }
    return Section("Model details", facts=tuple(facts.items()), code=told.text(record, "command"))


def _made_with(record: Mapping[str, object]) -> str:
    version, engine = told.text(record, "inkgrad"), told.text(record, "engine")
    if not version:
        return "inkgrad"
    return f"inkgrad {version}" + (f", engine {engine}" if engine else "")


def _time(seconds: float) -> str:
    """Return seconds as a person says them."""
    if seconds < 120:
        return "1 second" if round(seconds) == 1 else f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"


def _intended_use(known: Known) -> Section:
    return Section(
        "Intended use",
        text=(
            f"It names what a doodle shows, as one of {len(known.model.classes):,} classes: in "
            "games, in lessons about neural networks, to sort sketches that a person looks at.",
            "It is not made for photographs of things, for handwriting or signatures, for drawings "
            "of anything but its classes, or for decisions about people, such as tests of ability "
            "or health by what they draw.",
        ),
    )


def _factors(known: Known) -> Section:
    measured = known.robustness is not None
    return Section(
        "Factors",
        text=(
            "How often it is right depends on what is drawn (see the classes below), on how "
            "finished the drawing is, on the pen, on the hand, on how the drawing is turned, and "
            "on whether it comes as strokes or as a picture. "
            + (
                "What each of these costs is in the table of robustness."
                if measured
                else "What each of these costs was not measured for this card."
            ),
            "Who drew is not known of the drawings that it was measured on. So nothing is said "
            "here of how well it does for people of one age, country or ability.",
        ),
    )


def _metrics(known: Known) -> Section:
    evaluation = known.evaluation
    lines = tuple(Line((title, *cells)) for title, cells in figures(evaluation).items())
    return Section(
        "Metrics",
        text=(
            "The interval says where the figure would lie on all drawings like these, as far as "
            "the drawings that were tested tell: in 95 of 100 such tests it holds the truth. It "
            "says nothing of drawings of another kind.",
        ),
        tables=(Table("", ("figure", "value", "95 % interval", "what it is"), lines, (0, 3)),),
    )


def _evaluation_data(known: Known) -> Section:
    record, evaluation = known.model.record, known.evaluation
    supports = [score.support for score in evaluation.per_class]
    tested = [n for n in supports if n]
    absent = [score.name for score in evaluation.per_class if not score.support]
    held_out = known.part == "test"
    facts = {
        "source": known.source,
        "drawings": f"{evaluation.n:,}, " + _spread(tested),
        "which": "held out from training"
        if held_out
        else "all that are there; the model was not trained on these, as far as its file tells",
    }
    if held_out and (split := _split(record)):
        facts["split"] = split
    if absent:
        facts["classes without drawings"] = f"{listed(absent)}; no figure counts them"
    text = ["Drawings are taken as they are: unfinished and mislabelled ones count."]
    if held_out and told.text(record, "settings", "split") == "stratified":
        text.append("The same drawing never stands on both sides of the split.")
    return Section("Evaluation data", text=(" ".join(text),), facts=tuple(facts.items()))


def _spread(counts: Sequence[int]) -> str:
    least, most = min(counts, default=0), max(counts, default=0)
    return f"{least:,} of each class" if least == most else f"{least:,} to {most:,} of a class"


def _split(record: Mapping[str, object]) -> str:
    kind = told.text(record, "settings", "split")
    share = told.number(record, "settings", "test_size")
    seed = told.number(record, "settings", "split_seed")
    seed = told.number(record, "settings", "recipe", "seed") if seed is None else seed
    if not kind or share is None:
        return ""
    words = f"{kind}, {percent(share, 0)} for the test"
    return words if kind != "stratified" or seed is None else f"{words}, by seed {seed:.0f}"


def _training_data(known: Known) -> Section:
    record = known.model.record
    counts = told.counts(record)
    facts = {"source": told.text(record, "data", "source") or _NOT_TOLD}
    for part, purpose in (("train", "to learn from"), ("validation", "to choose the best epoch")):
        if (n := told.number(record, "drawings", part)) is not None:
            facts[purpose] = f"{n:,.0f} drawings"
    if counts:
        facts["of each class, in all parts"] = (
            ", ".join(f"{name} {n:,}" for name, n in counts.items())
            if len(counts) <= _MOST_CLASSES
            else _spread(list(counts.values()))
        )
    if fingerprint := told.text(record, "data", "fingerprint"):
        facts["fingerprint"] = fingerprint
    return Section("Training data", facts=tuple(facts.items()))


def _ethics(known: Known) -> Section:
    always = (
        "It needs nothing about a person but a drawing. inkgrad and its page send drawings nowhere "
        "and keep none that are not saved by the user."
    )
    if known.built_in:
        return Section("Ethical considerations", text=("No person's drawings are in it.", always))
    if not known.attribution:
        text = (
            "The drawings are the trainer's own: only the trainer knows who drew them and what "
            "they agreed to. The model file holds no drawing, but the mean and the spread of what "
            "the network makes of each class's drawings; the HTML form of this card and the report "
            "show some drawings.",
            always,
        )
        return Section("Ethical considerations", text=text)
    return Section(
        "Ethical considerations",
        text=(
            "The drawings are those of players of a game all over the world; of each drawing the "
            "data set tells the country, and nothing else about the person. Its authors say that "
            "the drawings were moderated one by one, and may still hold inappropriate content.",
            "What a thing looks like, and which things have names, differs from place to place; "
            "the classes are those that the game's makers chose, in English.",
            always,
        ),
    )


def _caveats(known: Known) -> Section:
    return Section(
        "Caveats and recommendations",
        points=limits(
            known.model,
            known.evaluation,
            told.counts(known.model.record),
            robustness=known.robustness,
            of_game=bool(known.attribution),
            built_in=known.built_in,
        ),
    )
