"""The mutation test: whatever is damaged in the book, some test notices."""

from __future__ import annotations

import os
import time
from collections import Counter

import pytest

from tests.mutation.hunt import EQUIVALENT, ROOT, TARGETS, hunt, table

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="each mutant runs in a forked process"),
]


def test_every_mutant_is_noticed(capsys):
    started = time.monotonic()
    outcomes = hunt()
    seconds = time.monotonic() - started
    print(table(outcomes))  # shown if the test fails; `python -m tests.mutation.hunt` always

    made = Counter(outcome.module for outcome in outcomes)
    noticed = Counter(outcome.module for outcome in outcomes if outcome.noticed_by)
    with capsys.disabled():
        print(f"\n{'mutants of':20} {'made':>5} {'noticed':>8} {'equivalent':>11}")
        for module, count in [*made.items(), ("total", len(outcomes))]:
            seen = noticed[module] if module in made else noticed.total()
            print(f"{module:20} {count:5} {seen:8} {count - seen:11}")
        print(f"in {seconds:.0f} s")

    survivors = [outcome for outcome in outcomes if not outcome.noticed_by]
    unexplained = [outcome for outcome in survivors if outcome.key not in EQUIVALENT]
    assert not unexplained, "no test noticed:\n" + table(unexplained)
    gone = EQUIVALENT.keys() - {outcome.key for outcome in outcomes}
    assert not gone, f"these are in EQUIVALENT but are made no more: {gone}"
    assert len(outcomes) > 500


def test_every_layer_is_hunted():
    files = (ROOT / "src" / "inkgrad" / "layers").glob("[!_]*.py")
    assert {f"layers/{path.stem}" for path in files} <= TARGETS.keys()


def test_code_that_fails_undamaged_is_refused(monkeypatch):
    monkeypatch.setitem(TARGETS, "layers/relu", ["tests/no_such_test.py"])
    with pytest.raises(RuntimeError, match="layers/relu fails before it is damaged"):
        hunt(["layers/relu"])
