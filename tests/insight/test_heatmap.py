"""The confusion matrix as a picture: what is shown, in which words and colours."""

from __future__ import annotations

import numpy as np

from inkgrad.insight.evaluation import evaluate
from inkgrad.insight.heatmap import heatmap


def evaluation_of(drawn, read, k):
    """Return an evaluation of drawings of classes `drawn` that were read as `read`."""
    p = np.full((len(drawn), k), 0.5 / k)
    p[np.arange(len(drawn)), read] += 0.5
    return evaluate(p, np.array(drawn), [f"c{i}" for i in range(k)])


def test_cells_say_and_colour_the_share_of_the_row():
    picture = heatmap(
        evaluation_of([0] * 100 + [1] * 1000, [0] * 84 + [1] * 16 + [1] * 999 + [0], 3)
    )
    first, second, third = picture.rows
    assert [cell.text for cell in first.cells] == ["84", "16", ""]
    assert [cell.strength for cell in first.cells] == [84, 80, 0]
    assert [cell.is_hit for cell in first.cells] == [True, False, False]
    assert first.cells[1].title == "c0 read as c1: 16 of 100 (16.0 %)"
    assert second.cells[0].text == "<1"
    assert second.cells[0].strength > 0
    assert second.count == 1000
    assert third.count == 0
    assert [cell.text for cell in third.cells] == ["", "", ""]
    assert not picture.is_part
    assert picture.names == ("c0", "c1", "c2")


def test_of_many_classes_the_most_confused_are_shown_in_order():
    drawn, read = [], []
    for count, (a, b) in ((9, (90, 7)), (8, (7, 33)), (7, (60, 61)), (6, (1, 2))):
        drawn += [a] * count
        read += [b] * count
    drawn += list(range(100))
    read += list(range(100))
    picture = heatmap(evaluation_of(drawn, read, 100), most=5)
    assert picture.names == ("c7", "c33", "c60", "c61", "c90")
    assert picture.is_part
    row = picture.rows[0]  # nine drawings of c7: one right, eight read as c33
    assert [cell.text for cell in row.cells] == ["11", "89", "", "", ""]
    assert row.elsewhere == ""
    picture = heatmap(evaluation_of(drawn, read, 100), most=4)
    assert picture.names == ("c7", "c33", "c60", "c90")
    assert picture.rows[2].elsewhere == "88"  # seven of eight went to c61


def test_where_nothing_is_confused_the_first_classes_are_shown():
    picture = heatmap(evaluation_of(list(range(30)), list(range(30)), 30), most=4)
    assert picture.names == ("c0", "c1", "c2", "c3")
    assert [row.cells[i].text for i, row in enumerate(picture.rows)] == ["100"] * 4
