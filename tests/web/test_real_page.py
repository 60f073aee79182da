"""Real drawings, drawn again on the page by pointer: it says what `inkgrad evaluate` says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inkgrad.drawing import to_bitmaps
from inkgrad.quickdraw import load_drawings
from inkgrad.workflows import evaluate
from inkgrad.workflows.record import origin_of

pytestmark = pytest.mark.browser

EACH = 20  # drawings of a class


@pytest.fixture(scope="module")
def kept_aside(quickdraw_folder, animals, tmp_path_factory) -> Path:
    """Return a folder with strokes of each animal that the packaged model was not trained on.

    They are those of `simplified/` whose bitmaps are in the test part of its training.
    """
    origin = origin_of(animals)
    loaded = load_drawings(animals.classes, data=quickdraw_folder, limit=origin.settings.limit)
    assert loaded.drawings.fingerprint() == origin.fingerprint
    test = origin.settings.divide(loaded.drawings).test
    known = {bitmap.tobytes() for bitmap in test.bitmaps}
    folder = tmp_path_factory.mktemp("aside") / "quickdraw"
    (folder / "simplified").mkdir(parents=True)
    shutil.copy(quickdraw_folder / "categories.txt", folder)
    for name in animals.classes:
        lines = (quickdraw_folder / "simplified" / f"{name}.ndjson").read_text().splitlines()
        bitmaps = to_bitmaps([json.loads(line)["drawing"] for line in lines])
        chosen = [line for line, b in zip(lines, bitmaps, strict=True) if b.tobytes() in known]
        assert len(chosen) >= EACH
        text = "\n".join(chosen[:EACH]) + "\n"
        (folder / "simplified" / f"{name}.ndjson").write_text(text)
    return folder


@pytest.fixture(scope="module")
def strokes(kept_aside, animals) -> list[tuple[str, Any]]:
    """Return the drawings with their classes."""
    return [
        (name, json.loads(line)["drawing"])
        for name in animals.classes
        for line in (kept_aside / "simplified" / f"{name}.ndjson").read_text().splitlines()
    ]


@pytest.mark.parametrize(
    ("share", "place"), [(0.9, (0.5, 0.5)), (0.5, (0.3, 0.65)), (0.3, (0.75, 0.25))]
)
def test_a_hundred_real_drawings_at_three_sizes(hand, kept_aside, strokes, share, place):
    expected = evaluate("animals", kept_aside, part="all", engine="reference").evaluation
    assert expected.n == 5 * EACH
    right = np.zeros(len(strokes), bool)
    for i, (name, drawing) in enumerate(strokes):
        hand.draw(drawing, share=share, place=place)
        right[i] = hand.guesses()[0] == name
        hand.press("Clear")
    print(
        f"{share:.0%} of the pad: {right.sum()} of {len(right)} right, in all {expected.top1:.0%}"
    )
    assert abs(int(right.sum()) - round(expected.top1 * expected.n)) <= 1
