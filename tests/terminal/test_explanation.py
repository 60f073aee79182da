"""What `inkgrad explain` shows on a terminal."""

from __future__ import annotations

from inkgrad.terminal import make_console, show_explanation


def shown(capsys, falls, **more):
    strokes = [{"name": f"stroke {k + 1}", "fall": fall} for k, fall in enumerate(falls)]
    facts = {
        "class": "cat",
        "guesses": [{"class": "cat", "probability": 0.75}],
        "is_rejected": False,
        "strokes": strokes,
        **more,
    }
    show_explanation(make_console(), facts)
    return capsys.readouterr().out


def test_strokes_stand_in_the_order_of_what_they_matter(capsys):
    lines = shown(capsys, [0.5, -3.0, 1.25]).splitlines()
    assert lines[0].split() == ["cat", *lines[0].split()[1:-2], "75.0", "%"]
    assert "Without it, the log-odds of cat fall by" in lines
    rows = [line.split() for line in lines if line.startswith("stroke")]
    assert [(row[1], row[-1]) for row in rows] == [("2", "-3.00"), ("3", "+1.25"), ("1", "+0.50")]
    bars = [line.count("━") for line in lines if line.startswith("stroke")]
    assert bars[0] == 24
    assert bars == sorted(bars, reverse=True)


def test_of_many_the_rest_is_counted(capsys):
    said = shown(capsys, [float(k) for k in range(20)])
    assert said.count("\nstroke") == 8
    assert "and 12 others less" in said


def test_nothing_matters(capsys):
    assert "stroke 1" in shown(capsys, [0.0])


def test_none_of_the_classes(capsys):
    said = shown(capsys, [], is_rejected=True)
    assert "The model takes it for none of its classes." in said
    assert "There are no strokes to take away" in said
