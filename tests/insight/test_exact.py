"""Exact checks: error 0 for every layer, and any fault, however small, is seen."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from inkgrad.insight import check_exactly, exact
from inkgrad.layers import (
    LAYERS,
    AveragePool2D,
    Conv2D,
    Dense,
    LeakyReLU,
    MaxPool2D,
    Parallel,
)
from inkgrad.workflows import check_exact


def test_every_layer_is_exactly_right():
    """With other numbers than users get, which the README's sentence is tested with."""
    told = []
    rows = check_exactly(1, lambda *counts: told.append(counts))
    assert {row.layer for row in rows} == set(LAYERS)
    assert all(row.largest_error == Fraction(0) for row in rows), rows
    cases = sum(row.cases for row in rows)
    assert cases > 150
    assert sum(row.numbers for row in rows) > 10_000
    assert told == [(done, cases) for done in range(1, cases + 1)]


def off_by(kind, method, change):
    """Return a method of a layer that gives something else."""
    right = getattr(kind, method)
    return lambda *args, **kwargs: change(*right(*args, **kwargs))


TINY = Fraction(1, 10**15)


@pytest.mark.parametrize(
    ("kind", "method", "change"),
    [
        (Conv2D, "forward", lambda y, saved: (y + TINY, saved)),
        (Conv2D, "backward", lambda dx, g: (dx, {**g, "weight": g["weight"] * (1 + TINY)})),
        (Conv2D, "backward", lambda dx, g: (dx[:, :, ::-1], g)),
        (MaxPool2D, "backward", lambda dx, g: (-dx, g)),
        (AveragePool2D, "forward", lambda y, saved: (y * (1 - TINY), saved)),
        (LeakyReLU, "backward", lambda dx, g: (dx + TINY, g)),
        (Dense, "backward", lambda dx, g: (dx, {**g, "bias": g["bias"] + TINY})),
        (Parallel, "forward", lambda y, saved: (y + TINY, saved)),
        (Parallel, "backward", lambda dx, g: (dx * (1 + TINY), g)),
    ],
)
def test_the_smallest_fault_is_seen(monkeypatch, kind, method, change):
    own = [case for case in exact._grid() if type(case[0]) is kind][::5]  # branches hold others
    monkeypatch.setattr(exact, "_grid", lambda: own)
    monkeypatch.setattr(kind, method, off_by(kind, method, change))
    facts = check_exact()
    assert not facts["passed"]
    assert facts["largest_error"] > 0
    assert [row["layer"] for row in facts["layers"] if not row["passed"]] == [kind.__name__]


def test_the_facts_are_plain_values_and_the_readmes():
    facts = check_exact()
    said = f"`All {facts['numbers']:,} numbers in {facts['cases']} cases are exactly right`"
    assert said in (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    assert json.loads(json.dumps(facts)) == facts
    assert facts["largest_error"] == 0
    assert facts["cases"] == sum(row["cases"] for row in facts["layers"])
    assert np.isfinite(facts["numbers"])
