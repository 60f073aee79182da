"""What the commands show when they are done, on a terminal and in a pipe."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from inkgrad.insight import METRICS
from inkgrad.terminal import (
    show_checks,
    show_evaluation,
    show_facts,
    show_files,
    show_interruption,
    show_predictions,
    show_training,
)
from tests.terminal.screens import ascii_pipe, bytes_of, pipe, terminal, text_of

CLASSES = ("cat", "dog")


def evaluation(classes=CLASSES):
    number = len(classes)
    return {
        "n": 10 * number,
        "top1": 0.9,
        "top3": 1.0,
        "map3": 0.95,
        "balanced_accuracy": 0.8,
        "log_loss": 0.3,
        "intervals": {"top1": [0.8, 0.95], "map3": [0.9, 0.97]},
        "classes": list(classes),
        "confusion": (np.eye(number, dtype=int) * 9 + np.roll(np.eye(number, dtype=int), 1, 1)),
        "confusions": [{"drawn": classes[0], "read": classes[1], "count": 1, "share": 0.1}],
        "per_class": [
            {"class": name, "support": 10, "precision": 0.9, "recall": 0.9, "f1": 0.9}
            for name in classes
        ],
    }


def reading(*guesses, drawn=None):
    bitmap = np.full((28, 28), 255, np.uint8)
    return SimpleNamespace(bitmap=bitmap, drawn=drawn, guesses=guesses)


def prediction(name, *guesses, rejected=False):
    known = {"familiarity": 0.123, "rejected": rejected}
    return SimpleNamespace(name=name, reading=reading(*guesses), **known)


def lines_of(console):
    return [line.rstrip() for line in text_of(console).splitlines()]


@pytest.mark.parametrize("make", [pipe, terminal], ids=["pipe", "terminal"])
def test_a_training_ends_with_its_figures_and_what_to_do_next(make):
    console = make()
    show_training(
        console,
        evaluation(),
        METRICS,
        [reading(("cat", 0.9), ("dog", 0.1), drawn="dog")],
        {"model": "runs/model.safetensors", "report": "runs/report.html"},
        {"inkgrad check": "measure", "inkgrad predict " + "x" * 100: "a long one"},
    )
    shown = text_of(console)
    for part in (
        "On 20 drawings that it was not trained on",
        "90.0 %",
        "80.0–95.0 %",
        "0.900–0.970",
        "rows: drawn; columns: read",
        "What it reads in some of them",
        "runs/report.html",
        "Try next",
        "x" * 100,
    ):
        assert part in shown
    assert shown.index("top-1") < shown.index("Written") < shown.index("inkgrad check")


def test_long_lines_that_one_copies_are_not_broken():
    console = pipe(width=40)
    path = "/a/very/long/path" * 5
    show_training(
        console, evaluation(), METRICS, [], {"model": path}, {f"inkgrad info {path}": "look"}
    )
    show_interruption(console, f"inkgrad train --resume --out {path}")
    lines = lines_of(console)
    assert f"model  {path}" in lines
    assert f"  inkgrad info {path}" in lines
    assert lines[-1] == f"  inkgrad train --resume --out {path}"
    assert "What it reads in some of them" not in lines


def test_many_classes_are_told_by_their_confusions():
    console = pipe()
    classes = [f"class {n}" for n in range(30)]
    show_evaluation(
        console, {**evaluation(classes), "part": "all", "source": "s", "missing": []}, METRICS
    )
    shown = text_of(console)
    assert "rows: drawn" not in shown
    assert "of the class" in shown
    assert "and 10 easier classes" in shown


def test_many_classes_without_a_confusion():
    console = pipe()
    perfect = {**evaluation([f"class {n}" for n in range(30)]), "confusions": []}
    show_evaluation(console, {**perfect, "part": "all", "source": "s", "missing": []}, METRICS)
    assert "of the class" not in text_of(console)


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        (["owl"], "note: there are no drawings of owl; no figure counts them"),
        (
            [f"c{n}" for n in range(10)],
            "note: there are no drawings of c0, c1, c2, c3, c4, c5, c6, c7 and 2 more classes; no "
            "figure counts them",
        ),
    ],
)
def test_an_evaluation_says_of_what(missing, told):
    console = pipe(width=120)
    result = {**evaluation(), "part": "test", "source": "a folder\x1b[2J", "missing": missing}
    show_evaluation(console, result, METRICS)
    lines = lines_of(console)
    assert lines[:2] == ["source  a folder?[2J", "part    test (held out from training)"]
    assert told in lines
    assert "\x1b" not in text_of(console)


def test_a_prediction_stands_beside_its_drawing():
    console = pipe()
    show_predictions(console, [prediction("a.png", ("cat", 0.75), ("dog", 0.25))])
    lines = lines_of(console)
    assert len(lines) == 14
    assert lines[1] == "█" * 28 + "   a.png"
    assert lines[3].startswith("█" * 28 + "   cat ━")
    assert lines[3].endswith("75.0 %")


def test_several_predictions_are_apart():
    console = pipe()
    show_predictions(console, [prediction(f"{n}", ("cat", 1.0)) for n in range(3)])
    assert len(lines_of(console)) == 3 * 14 + 2


def test_of_many_predictions_a_line_each():
    console = pipe(width=30)
    many = [prediction(f"{'long/' * 6}{n}", ("cat", 0.75), ("dog\x07", 0.25)) for n in range(9)]
    show_predictions(console, many)
    lines = lines_of(console)
    assert lines[0] == f"{'long/' * 6}0  cat 75.0 %, dog? 25.0 %"
    assert len(lines) == 9


def test_calibration_and_rejection_are_told_below_the_classes():
    scores = [
        {"score": "its own", "auroc": 0.95, "accepted": 0.2},
        {"score": "energy", "auroc": 0.9, "accepted": 0.35},
    ]
    rejection = {
        **{"known": 1000, "unknown": 2000, "unknown_classes": 40, "separations": scores},
        **{"unknown_rejected": 0.8, "nothings": {"dots": 1.0}, "known_accepted": 0.951},
        **{"accuracy": 0.9, "accuracy_rejecting": 0.88, "accuracy_of_accepted": 0.925},
    }
    result = {**evaluation(), "part": "test", "source": "a folder", "missing": []}
    result["calibration"] = {"error": 0.012, "perfect": 0.009}
    console = pipe()
    show_evaluation(console, {**result, "rejection": rejection}, METRICS)
    text = text_of(console)
    assert "calibration error 1.2 % (a perfectly calibrated model, with as many drawings:" in text
    assert "None of these: 2,000 drawings of 40 classes that it does not know" in text
    assert [line.split() for line in lines_of(console) if line.startswith("its own")] == [
        ["its", "own", "95.0", "%", "20.0", "%"]
    ]
    assert "of unknown classes 80.0 %, dots 100.0 %" in text
    assert "of 1,000 known drawings 95.1 % are accepted" in text
    assert "right: 90.0 %; 88.0 % if what is rejected counts as wrong; 92.5 % of what is" in text


def test_none_of_these_is_said_above_the_guesses():
    console = pipe()
    show_predictions(console, [prediction("a.png", ("cat", 0.75), rejected=True)])
    lines = lines_of(console)
    assert lines[3].endswith("   none of these (familiarity 12.3 %)")
    assert lines[4].endswith("75.0 %")
    console = pipe()
    show_predictions(console, [prediction(f"{n}", ("cat", 0.75), rejected=n > 7) for n in range(9)])
    assert lines_of(console)[7:] == [
        "7  cat 75.0 %",
        "8  none of these (familiarity 12.3 %)  cat 75.0 %",
    ]


def test_a_narrow_terminal_still_shows_a_prediction():
    console = terminal(width=50)
    show_predictions(console, [prediction("name" * 20, ("cat", 0.75))])
    assert "75.0 %" in text_of(console)
    assert "name" in text_of(console)


NETWORK = {
    "parameters": 1234,
    "multiply_adds": 5678,
    "layers": [
        {"name": "conv1", "output_shape": [2, 28, 28], "parameters": 1234, "multiply_adds": 5678},
        {"name": "relu1", "output_shape": [2, 28, 28], "parameters": 0, "multiply_adds": 0},
    ],
}


def test_a_network_is_a_table():
    console = pipe()
    show_facts(console, {"kind": "network", **NETWORK, "classes": None})
    assert [line.split() for line in lines_of(console)] == [
        ["layer", "gives", "parameters", "multiply-adds"],
        ["conv1", "2", "×", "28", "×", "28", "1,234", "5,678"],
        ["relu1", "2", "×", "28", "×", "28"],
        ["in", "all", "1,234", "5,678"],
    ]
    assert len({len(line) for line in lines_of(console) if "5,678" in line}) == 1


RECORD = {
    "command": "inkgrad train --classes cat,dog",
    "data": {"source": "the folder quickdraw"},
    "test": {"n": 1000, "top1": 0.5, "balanced_accuracy": 0.25},
}


def test_a_model_tells_how_it_was_made():
    console = pipe()
    show_facts(console, {"kind": "model", **NETWORK, "classes": list(CLASSES), "record": RECORD})
    lines = lines_of(console)
    assert lines[5:] == [
        "2 classes",
        "",
        "cat  dog",
        "",
        "How it was made",
        "",
        "command   inkgrad train --classes cat,dog",
        "drawings  the folder quickdraw",
        "test      top-1 50.0 %, balanced 25.0 %, on 1,000 drawings held out",
    ]


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"command": 3, "data": "x", "test": []},
        {"test": {"n": "many", "top1": 0.5, "balanced_accuracy": 0.5}},
        {"data": {"source": None}, "test": {"n": 3}},
    ],
)
def test_a_model_that_tells_oddly_is_still_shown(record):
    console = pipe()
    show_facts(console, {"kind": "model", **NETWORK, "classes": list(CLASSES), "record": record})
    assert "How it was made" not in text_of(console)
    assert "2 classes" in text_of(console)


def test_a_file_of_drawings_is_summed_up():
    console = pipe()
    facts = {"kind": "drawings", "path": "a.npy", "drawings": 1234, "shape": [1234, 28, 28]}
    show_facts(console, {**facts, "ink": 12.34})
    assert lines_of(console) == [
        "file      a.npy",
        "drawings  1,234 of 28 × 28 pixels",
        "ink       12.3 of 255 on average",
    ]


def test_files_are_listed_with_their_sizes(tmp_path):
    (tmp_path / "cat.npy").write_bytes(b"x" * 1_250_000)
    console = pipe(width=20)
    show_files(console, {"cat": tmp_path / "cat.npy"})
    assert lines_of(console) == [f"cat  1.2 MB  {tmp_path / 'cat.npy'}"]


def check(passed=True, method="difference"):
    return {
        "layer": "dense1",
        "quantity": "dx",
        "method": method,
        "relative_error": 1e-9 if passed else 0.5,
        "tolerance": 1e-7,
        "passed": passed,
    }


def test_checks_end_with_a_verdict():
    console = pipe()
    show_checks(console, [check(), check(method="mystery")])
    lines = lines_of(console)
    assert lines[-1] == "All 2 relative errors are within tolerance"
    assert "difference  one layer against its central differences, at most 1e-07" in lines
    console = pipe()
    show_checks(console, [check(), check(passed=False, method="network")])
    assert lines_of(console)[-1] == "1 of 2 relative errors are too large"


def test_few_letters_are_enough():
    console = ascii_pipe()
    show_training(console, evaluation(), METRICS, [reading(("cat", 0.9))], {"a": "b"}, {"c": "d"})
    show_checks(console, [check(method="adjoint")])
    show_facts(console, {"kind": "network", **NETWORK, "classes": None})
    show_predictions(console, [prediction("a", ("cat", 0.9))])
    assert b"?" not in bytes_of(console)
