"""history.js: deeds are undone in order, or those done to one thing alone, and never another."""

from __future__ import annotations

import pytest

LINE, STEP = ["do", "line"], ["do", "step", "model"]
CASES = [
    ([LINE, STEP, ["undo"], ["undo"], ["undo"]], ["-step", "-line"], (False, True)),
    ([LINE, STEP, ["undo"], ["redo"]], ["-step", "+step"], (True, False)),
    ([STEP, LINE, ["undo", "model"]], ["-step"], (True, True)),
    # There is no step to be undone, so nothing is: not the line either.
    ([LINE, ["undo", "model"]], [], (True, False)),
    ([STEP, LINE, ["forget", "model"], ["undo"], ["undo"]], ["-line"], (False, True)),
    ([LINE, ["undo"], STEP, ["redo"]], ["-line"], (True, False)),
]


@pytest.mark.parametrize(("script", "told", "can"), CASES)
def test_deeds(node, script, told, can):
    assert node.call("tests/history.js", "play", script) == [told, *can]
