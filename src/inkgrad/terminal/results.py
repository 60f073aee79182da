"""Results: what each command shows when it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.columns import Columns
from rich.console import Console
from rich.table import Table
from rich.text import Text

from inkgrad.terminal.console import BLUE, DIM, RED, YELLOW, clean, word
from inkgrad.terminal.drawings import Drawing, gallery
from inkgrad.terminal.guesses import guess_bars, percent
from inkgrad.terminal.rejection import calibration_line, rejection_lines, separation_table
from inkgrad.terminal.tables import (
    check_table,
    class_table,
    confusion_list,
    confusion_matrix,
    figures,
    robustness_table,
)

__all__ = [
    "show_checks",
    "show_evaluation",
    "show_exact_checks",
    "show_facts",
    "show_files",
    "show_inspection",
    "show_interruption",
    "show_predictions",
    "show_rounding",
    "show_training",
    "show_written",
]

_MOST_CLASSES = 20  # rows of the table of classes
_METHODS = {
    "difference": "one layer against its central differences",
    "adjoint": "one layer, where it is linear: ⟨Ax, y⟩ = ⟨x, Aᵀy⟩",
    "network": "all layers chained, against differences of the loss",
    "engine": "one engine against another",
}
_MOST_PICTURES = 8  # drawings shown as pictures; of more, a line each


def show_training(
    console: Console,
    evaluation: Mapping[str, Any],
    metrics: Mapping[str, Any],
    examples: Sequence[Any],
    files: Mapping[str, object],
    next_commands: Mapping[str, str],
) -> None:
    """Show how well a new model does, a few drawings that it read, and what to do with it.

    Parameters
    ----------
    console : rich.console.Console
    evaluation : dict
        As `inkgrad.insight.Evaluation.to_dict` gives it.
    metrics : dict of str to `inkgrad.insight.Metric`
        Which figures of it to show.
    examples : sequence of `inkgrad.insight.Reading`
    files : dict of str to path
        What was written, by what it is.
    next_commands : dict of str to str
        Commands, with what they do.
    """
    _title(console, f"On {evaluation['n']:,} drawings that it was not trained on")
    _show_figures(console, evaluation, metrics)
    if examples:
        _title(console, "What it reads in some of them")
        console.print(gallery(examples, console.width))
    _title(console, "Written")
    _show_pairs(console, files)
    _title(console, "Try next")
    for command, purpose in next_commands.items():
        console.print(Text.assemble("  ", (clean(command), BLUE)), soft_wrap=True)
        console.print(Text(f"      {purpose}", DIM), soft_wrap=True)


def show_interruption(console: Console, command: str) -> None:
    """Say that a run was saved, and how to go on."""
    console.print(Text("\nInterrupted, and saved. Go on with", YELLOW))
    console.print(Text(f"  {clean(command)}", BLUE), soft_wrap=True)


def show_evaluation(
    console: Console, result: Mapping[str, Any], metrics: Mapping[str, Any]
) -> None:
    """Show figures, confusions and classes.

    Parameters
    ----------
    console : rich.console.Console
    result : dict
        As `inkgrad.workflows.Evaluated.to_dict` gives it.
    metrics : dict of str to `inkgrad.insight.Metric`
        Which figures of it to show.
    """
    which = "held out from training" if result["part"] == "test" else "all that are there"
    _show_pairs(console, {"source": result["source"], "part": f"{result['part']} ({which})"})
    if result["missing"]:
        names, more = result["missing"][:8], len(result["missing"]) - 8
        listed = ", ".join(names) + (f" and {more} more classes" if more > 0 else "")
        note = f"note: there are no drawings of {clean(listed)}; no figure counts them"
        console.print(Text(note, YELLOW))
    console.print()
    _show_figures(console, result, metrics)
    console.print()
    console.print(class_table(result["per_class"], most=_MOST_CLASSES))
    if "calibration" in result:
        console.print()
        console.print(Text(calibration_line(result["calibration"])))
    if "rejection" in result:
        _show_rejection(console, result["rejection"])
    if "robustness" in result:
        found = result["robustness"]
        _title(console, f"On {found['n']:,} of them that are known as strokes, disturbed")
        console.print(robustness_table(found["rows"]))
        note = f"points: top-1 less {percent(found['top1'])}, that of the same drawings as they are"
        console.print(Text(note, DIM))


def _show_rejection(console: Console, found: Mapping[str, Any]) -> None:
    """Show how well a model rejects what is none of its classes, and what that costs."""
    if found["unknown"]:
        classes = f"{found['unknown_classes']} classes that it does not know"
        _title(console, f"None of these: {found['unknown']:,} drawings of {classes}")
        console.print(separation_table(found["separations"]))
        console.print()
    else:
        _title(console, "None of these: drawings of nothing, as the data has no other classes")
    for line in rejection_lines(found):
        console.print(Text(line))


def show_written(console: Console, files: Mapping[str, object]) -> None:
    """Show which files were written, by what they are."""
    _title(console, "Written")
    _show_pairs(console, files)


def show_predictions(console: Console, predictions: Sequence[Any]) -> None:
    """Show drawings beside what a network reads in them; of many, a line each.

    Parameters
    ----------
    console : rich.console.Console
    predictions : sequence of `inkgrad.workflows.Prediction`
    """
    if len(predictions) > _MOST_PICTURES:
        for prediction in predictions:
            guesses = [f"{clean(n)} {percent(share)}" for n, share in prediction.reading.guesses]
            line = Text.assemble((clean(prediction.name), DIM), "  ")
            if prediction.rejected:
                line.append(f"{_none_of_these(prediction)}  ")
            line.append(", ".join(guesses), DIM if prediction.rejected else "")
            console.print(line, soft_wrap=True)
        return
    for place, prediction in enumerate(predictions):
        if place:
            console.print()
        drawing = Drawing(prediction.reading.bitmap)
        width = max(8, min(24, console.width - drawing.bitmap.shape[1] - 36))
        beside = Table.grid()
        beside.add_row("")
        beside.add_row(Text(clean(prediction.name), DIM, overflow="fold"))
        beside.add_row("")
        if prediction.rejected:
            beside.add_row(Text(_none_of_these(prediction), "bold"))
        guesses = prediction.reading.guesses
        beside.add_row(guess_bars(guesses, width=width, subdued=prediction.rejected))
        grid = Table.grid(padding=(0, 3, 0, 0))
        grid.add_row(drawing, beside)
        console.print(grid)


def _none_of_these(prediction: Any) -> str:
    return f"none of these (familiarity {percent(prediction.familiarity)})"


def show_checks(console: Console, checks: Sequence[Mapping[str, Any]]) -> None:
    """Show gradient checks, what they measure, and whether all is right.

    Parameters
    ----------
    console : rich.console.Console
    checks : sequence of dict
        As `inkgrad.insight.Check.to_dict` gives them.
    """
    console.print(check_table(checks))
    console.print()
    allowed = {check["method"]: check["tolerance"] for check in checks}
    for method, tolerance in allowed.items():
        note = f"{method:<10}  {_METHODS.get(method, '')}, at most {tolerance:.0e}"
        console.print(Text(note, DIM))
    wrong = sum(not check["passed"] for check in checks)
    console.print()
    if wrong:
        console.print(Text(f"{wrong:,} of {len(checks):,} relative errors are too large", RED))
    else:
        console.print(Text(f"All {len(checks):,} relative errors are within tolerance", BLUE))


def show_exact_checks(console: Console, facts: Mapping[str, Any]) -> None:
    """Show what `inkgrad.workflows.check_exact` found."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("layer")
    for name in ("cases", "numbers", "largest error"):
        table.add_column(name, justify="right")
    table.add_column("")
    for row in facts["layers"]:
        mark = Text("✓", BLUE) if row["passed"] else Text("✗", RED)
        counts = f"{row['cases']:,}", f"{row['numbers']:,}"
        table.add_row(word(row["layer"]), *counts, f"{row['largest_error']:g}", mark)
    console.print(table)
    console.print()
    note = "outputs against plain loops, derivatives against difference quotients, in fractions"
    console.print(Text(note, DIM))
    console.print()
    if facts["passed"]:
        found = f"All {facts['numbers']:,} numbers in {facts['cases']:,} cases are exactly right"
        console.print(Text(found, BLUE))
    else:
        console.print(Text(f"Errors of up to {facts['largest_error']:g}: a layer is wrong", RED))


def show_facts(console: Console, facts: Mapping[str, Any]) -> None:
    """Show what `inkgrad.workflows.info` found."""
    if facts["kind"] == "drawings":
        drawings = f"{facts['drawings']:,} of {facts['shape'][1]} × {facts['shape'][2]} pixels"
        ink = f"{facts['ink']:.1f} of 255 on average"
        _show_pairs(console, {"file": facts["path"], "drawings": drawings, "ink": ink})
        return
    console.print(_layers(facts))
    if facts["classes"]:
        _title(console, f"{len(facts['classes'])} classes")
        console.print(Columns([word(name) for name in facts["classes"]], padding=(0, 2)))
    history = _history(facts.get("record", {}))
    if history:
        _title(console, "How it was made")
        _show_pairs(console, history)


def show_files(console: Console, files: Mapping[str, Any]) -> None:
    """Show where each class's file lies, and how large it is."""
    for name, path in files.items():
        size = f"{path.stat().st_size / 1e6:,.1f} MB"
        line = Text.assemble((clean(name), "bold"), f"  {size}  ", (clean(str(path)), DIM))
        console.print(line, soft_wrap=True)


def show_rounding(console: Console, before: float, after: float, drawings: int) -> None:
    """Show how often a model is right, and how often with its weights rounded."""
    console.print(
        f"right about {before:.2%} of {drawings:,} drawings before the weights were rounded, "
        f"{after:.2%} after"
    )


def show_inspection(
    console: Console, counts: Mapping[str, int], found: Mapping[str, Sequence[str]]
) -> None:
    """Show how many drawings of each class are suspicious, and what most of these seem to be.

    Parameters
    ----------
    console : rich.console.Console
    counts : dict of str to int
        How many drawings there are of each class.
    found : dict of str to list of str
        For each suspicious drawing of a class, the class that it seems to be of.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("class", "drawings", "suspicious", "", "rather"):
        table.add_column(heading, justify="left" if heading in ("class", "rather") else "right")
    order = sorted(counts, key=lambda name: -len(found[name]) / max(counts[name], 1))
    for name in order[:_MOST_CLASSES]:
        number, of = len(found[name]), counts[name]
        rather = Counter(found[name]).most_common(3)
        table.add_row(
            word(name),
            f"{of:,}",
            f"{number:,}",
            percent(number / max(of, 1)),
            clean(", ".join(f"{other} {times}" for other, times in rather)),
        )
    console.print(table)
    if len(order) > _MOST_CLASSES:
        console.print(f"… and {len(order) - _MOST_CLASSES} classes with smaller shares", style=DIM)


def _title(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, "bold"))
    console.print()


def _show_pairs(console: Console, pairs: Mapping[str, object]) -> None:
    """Show names and what they stand for; long ones are not broken, so that they can be copied."""
    width = max(map(len, pairs))
    for name, value in pairs.items():
        line = Text.assemble((f"{name:<{width}}  ", DIM), clean(str(value)))
        console.print(line, soft_wrap=True)


def _show_figures(
    console: Console, evaluation: Mapping[str, Any], metrics: Mapping[str, Any]
) -> None:
    """Show the figures of merit, and the confusions as a matrix if there is room."""
    console.print(figures(evaluation, metrics))
    console.print()
    matrix = confusion_matrix(evaluation["confusion"], evaluation["classes"], console.width)
    if matrix is not None:
        console.print(matrix)
    elif evaluation["confusions"]:
        console.print(confusion_list(evaluation["confusions"]))


def _layers(facts: Mapping[str, Any]) -> Table:
    """Return a network's layers as a table, with their sum."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_footer=True)
    table.add_column(Text("layer", DIM), Text("in all", "bold"))
    table.add_column(Text("gives", DIM), justify="right")
    for name, key in (("parameters", "parameters"), ("multiply-adds", "multiply_adds")):
        table.add_column(Text(name, DIM), Text(f"{facts[key]:,}", "bold"), justify="right")
    _add_layers(table, facts["layers"])
    return table


def _add_layers(table: Table, layers: Sequence[Mapping[str, Any]], before: str = "") -> None:
    """Add a row for each layer; those in branches stand below, indented, by their branch."""
    for layer in layers:
        shape = " × ".join(map(str, layer["output_shape"]))
        branches = layer.get("branches", ())  # they have the numbers, if there are any
        numbers = [
            f"{layer[key]:,}" if layer[key] and not branches else ""
            for key in ("parameters", "multiply_adds")
        ]
        table.add_row(word(before + layer["name"]), shape, *numbers)
        indent = " " * (len(before) - len(before.lstrip()) + 2)
        for number, inner in enumerate(branches, start=1):
            _add_layers(table, inner, f"{indent}{number}.")
            if not inner:
                table.add_row(word(f"{indent}{number}. as it is"), "", "", "")


def _history(record: Mapping[str, Any]) -> dict[str, object]:
    """Return what a model file tells of its making; the file is not ours, so it may tell oddly."""
    told: dict[str, object] = {}
    for name, value in (
        ("command", record.get("command")),
        ("drawings", _in(record, "data", "source")),
    ):
        if isinstance(value, str):
            told[name] = value
    n, top1, balanced = (_in(record, "test", key) for key in ("n", "top1", "balanced_accuracy"))
    if all(isinstance(value, (int, float)) for value in (n, top1, balanced)):
        told["test"] = (
            f"top-1 {percent(top1)}, balanced {percent(balanced)}, on {n:,} drawings held out"
        )
    return told


def _in(record: Mapping[str, Any], outer: str, inner: str) -> Any:
    """Return record[outer][inner], or None where there is no such thing."""
    found = record.get(outer)
    return found.get(inner) if isinstance(found, Mapping) else None
