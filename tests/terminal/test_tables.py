"""Tables: the right numbers in the right places, on wide and narrow consoles."""

from __future__ import annotations

import re

import numpy as np
import pytest

from inkgrad.insight import METRICS, check_gradients, evaluate
from inkgrad.layers import Dense, Flatten
from inkgrad.network import Network
from inkgrad.terminal import (
    check_table,
    class_table,
    confusion_list,
    confusion_matrix,
    data_summary,
    figures,
    guess_bars,
)
from tests.terminal.screens import ascii_pipe, bytes_of, pipe, printed, terminal, text_of


def result(k=3, n=400, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(max(k - 1, 1), size=n)  # the last class has no drawings
    z = rng.normal(size=(n, k))
    z[np.arange(n), labels] += 2
    p = np.exp(z)
    names = ["cat", "alarm clock", "猫", *(f"class {i}" for i in range(k))]
    return evaluate(p / p.sum(axis=1, keepdims=True), labels, names[:k]).to_dict()


def test_figures_are_those_of_the_evaluation():
    found = result()
    lines = printed(figures(found, METRICS), pipe())
    assert lines[0].split() == ["top-1", "balanced", "top-3", "MAP@3", "log", "loss", "drawings"]
    shares = [f"{100 * found[name]:.1f} %" for name in ("top1", "balanced_accuracy", "top3")]
    numbers = [f"{found['map3']:.3f}", f"{found['log_loss']:.3f}", "400"]
    assert lines[1].split() == " ".join([*shares, *numbers]).split()
    low, high = found["intervals"]["top1"]
    assert lines[2].startswith(f"{100 * low:.1f}–{100 * high:.1f} %  ")
    low, high = found["intervals"]["map3"]
    assert f" {low:.3f}–{high:.3f} " in lines[2]
    assert lines[2].endswith("95 % interval")


def test_a_confusion_matrix_has_names_where_they_fit():
    confusion = [[50, 50, 0], [0, 999, 1], [0, 0, 0]]
    lines = printed(confusion_matrix(confusion, ["cat", "alarm clock", "fish"], 80), pipe())
    assert lines == [
        "                    cat alarm clock        fish",
        "cat                  50          50",
        "alarm clock                      99           ·",
        "fish",
        "rows: drawn; columns: read; in % of the row",
    ]


def test_a_confusion_matrix_has_numbers_where_names_do_not_fit():
    confusion = [[50, 50, 0], [0, 999, 1], [0, 0, 0]]
    lines = printed(confusion_matrix(confusion, ["cat", "alarm clock", "fish"], 40), pipe())
    assert lines[:4] == [
        "                 1   2   3",
        " 1 cat          50  50",
        " 2 alarm clock      99   ·",
        " 3 fish",
    ]
    tight = printed(confusion_matrix(confusion, ["cat", "alarm clock", "fish"], 24), pipe())
    assert tight[1] == " 1 cat         50 50"
    assert confusion_matrix(confusion, ["cat", "alarm clock", "fish"], 23) is None


def test_wide_letters_keep_the_columns_aligned():
    from rich.cells import cell_len

    matrix = confusion_matrix(np.eye(2, dtype=int), ["猫猫", "dog"], 80)
    lines = printed(matrix, pipe())
    assert [cell_len(line) for line in lines[:3]] == [14, 9, 14]


def test_a_row_that_is_wholly_right_keeps_its_width():
    names = [f"class number {n}" for n in range(20)]
    matrix = confusion_matrix(np.eye(20, dtype=int) * 7, names, 80)
    lines = printed(matrix, pipe())
    assert all(len(line) <= 80 for line in lines)
    assert lines[1].index("100") + 3 == lines[2].index("100")


def test_all_and_none_are_said_of_all_and_none_only():
    (_, row, *_) = printed(confusion_matrix([[1999, 1], [2, 398]], ("a", "b"), 80), pipe())
    assert row.split() == ["a", "99", "·"]
    (_, _, row, _) = printed(confusion_matrix([[1, 0], [2, 398]], ("a", "b"), 80), pipe())
    assert row.split() == ["b", "·", "99"]


def test_many_classes_have_no_matrix():
    assert confusion_matrix(np.eye(21, dtype=int), ["c"] * 21, 1000) is None
    assert confusion_matrix(np.eye(20, dtype=int), ["c"] * 20, 1000) is not None


def test_cells_are_coloured_by_share():
    console = terminal()
    console.print(confusion_matrix([[90, 10], [0, 5]], ["cat", "dog"], 80))
    hit, miss, sure = re.findall(r"48;2;(\d+);(\d+);(\d+)m", text_of(console))
    hit, miss, sure = (tuple(map(int, color)) for color in (hit, miss, sure))
    assert hit[2] > hit[0]
    assert miss[0] > miss[2]
    assert sure[2] > hit[2]


def test_confusions_come_as_given():
    found = result()
    lines = printed(confusion_list(found["confusions"]), pipe())
    assert len(lines) == 2 + len(found["confusions"])
    first = found["confusions"][0]
    assert re.split(r"\s{2,}", lines[2]) == [
        first["drawn"],
        first["read"],
        str(first["count"]),
        f"{100 * first['share']:.1f} %",
        lines[2].split()[-1],
    ]
    assert printed(confusion_list([]), pipe())[0].startswith("drawn")


def test_classes_come_hardest_first_and_empty_ones_last():
    rows = [
        {"class": "easy", "support": 1200, "precision": 0.9, "recall": 0.9, "f1": 0.9},
        {"class": "none", "support": 0, "precision": None, "recall": None, "f1": None},
        {"class": "hard", "support": 3, "precision": None, "recall": 0.0, "f1": 0.0},
    ]
    lines = printed(class_table(rows), pipe())
    assert [line.split()[0] for line in lines[2:]] == ["hard", "easy", "none"]
    assert re.split(r"\s{2,}", lines[3])[:5] == ["easy", "1,200", "90.0 %", "90.0 %", "90.0 %"]
    assert re.split(r"\s{2,}", lines[4])[:5] == ["none", "0", "–", "–", "–"]
    lines = printed(class_table(rows, most=1), pipe())
    assert lines[-1].strip() == "and 2 easier classes"
    assert printed(class_table(rows, most=2), pipe())[-1].strip() == "and 1 easier class"
    assert "easier" not in "".join(printed(class_table(rows, most=3), pipe()))


def test_gradient_checks_are_one_line_a_gradient():
    checks = [c.to_dict() for c in check_gradients(Network([Flatten(), Dense(3)], (1, 3, 3)))]
    checks.append(
        {
            "layer": "relu1",
            "quantity": "dx",
            "method": "difference",
            "relative_error": None,
            "passed": False,
        }
    )
    lines = printed(check_table(checks), pipe())
    assert lines[0].split() == ["layer", "gradient", "difference", "adjoint", "network"]
    rows = [line.split() for line in lines[2:]]
    assert [row[-1] for row in rows] == ["✓"] * 5 + ["✗"]
    assert rows[0][:2] == ["flatten1", "dx"]
    assert rows[1][:2] == ["dense1", "dx"]
    assert rows[2][0] == "dweight"  # the layer's name stands once
    assert len(rows[2]) == 5
    assert rows[4][:2] == ["loss", "dx"]
    assert rows[5] == ["relu1", "dx", "not", "finite", "✗"]
    assert f"{checks[0]['relative_error']:.1e}" == rows[0][2]


def test_the_data_is_summed_up():
    lines = printed(
        data_summary("a folder", {"cat": 7200, "dog": 201}, {"train": 7000, "test": 401}), pipe()
    )
    assert lines == [
        "source    a folder",
        "drawings  cat 7,200, dog 201",
        "parts     train 7,000, test 401",
    ]
    many = {f"class {i}": 100 + i for i in range(345)}
    lines = printed(data_summary("a folder", many, {"train": 1}), pipe())
    assert lines[1] == "drawings  93,840 drawings of 345 classes, 100 to 444 of each"


@pytest.mark.parametrize(("second", "told"), [(7, "7 of each"), (9, "7 to 9 of each")])
def test_of_many_classes_the_spread_is_told(second, told):
    counts = {f"class {n}": 7 for n in range(20)} | {"class 5": second}
    lines = printed(data_summary("a folder", counts, {}), pipe())
    assert lines[1].endswith(f"drawings of 20 classes, {told}")


def test_guesses_are_bars_in_proportion():
    lines = printed(guess_bars([("cat", 0.5), ("dog", 0.25), ("owl", 1.5)], width=8), pipe())
    assert lines == ["cat ━━━━       50.0 %", "dog ━━         25.0 %", "owl ━━━━━━━━  150.0 %"]


def test_a_wrong_first_guess_is_red():
    right, wrong = terminal(), terminal()
    right.print(guess_bars([("cat", 0.5)], truth="cat"))
    wrong.print(guess_bars([("cat", 0.5)], truth="dog"))
    assert "255;123;102" not in text_of(right)
    assert "255;123;102" in text_of(wrong)


@pytest.mark.parametrize("width", [20, 30, 48, 80, 200])
def test_nothing_is_wider_than_the_console(width):
    found = result(k=12)
    shown = [
        figures(found, METRICS),
        class_table(found["per_class"]),
        confusion_list(found["confusions"]),
        guess_bars([("a very long name of a class", 0.5)]),
        data_summary("somewhere " * 5, {"cat": 1}, {"train": 1}),
    ]
    matrix = confusion_matrix(found["confusion"], found["classes"], width)
    for renderable in [*shown, matrix] if matrix is not None else shown:
        console = pipe(width)
        assert all(len(line) <= width for line in printed(renderable, console))


def test_everything_prints_in_ascii():
    found = result(k=5)
    console = ascii_pipe()
    for renderable in (
        figures(found, METRICS),
        class_table(found["per_class"], most=2),
        confusion_list(found["confusions"]),
        confusion_matrix(found["confusion"], found["classes"], 80),
        guess_bars([("café", 0.5)], truth="thé"),
    ):
        console.print(renderable)
    text = bytes_of(console).decode("ascii")
    assert "cafe" in text
    assert "alarm clock" in text
