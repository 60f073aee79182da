"""Real drawings, drawn again on the page by pointer: it says what `inkgrad evaluate` says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from inkgrad.drawing import to_bitmaps
from inkgrad.quickdraw import load_drawings
from inkgrad.workflows import evaluate
from inkgrad.workflows.record import origin_of

pytestmark = pytest.mark.browser

EACH = 20  # drawings of a class
PLACES = [(0.9, (0.5, 0.5)), (0.5, (0.3, 0.65)), (0.3, (0.75, 0.25))]  # share of the pad, and where


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


def test_a_hundred_real_drawings_at_three_sizes(hand, kept_aside, strokes, animals):
    """Every third drawing at one of them; the answer to each is the model's to its strokes."""
    evaluated = evaluate("seed", kept_aside, part="all", engine="reference").evaluation
    answers = animals.predict_proba(to_bitmaps([drawing for _, drawing in strokes])).argmax(axis=1)
    expected = [animals.classes[answer] for answer in answers]
    right = sum(name == answer for (name, _), answer in zip(strokes, expected, strict=True))
    assert evaluated.n == len(strokes) == 5 * EACH
    assert right == round(evaluated.top1 * evaluated.n)
    shown = []
    for i, (_, drawing) in enumerate(strokes):
        share, place = PLACES[i % len(PLACES)]
        hand.draw(drawing, share=share, place=place)
        shown.append(hand.guesses()[0])
        hand.press("Clear")
    others = sum(a != b for a, b in zip(shown, expected, strict=True))
    print(f"{right} of {len(strokes)} right as strokes; the page answers {others} otherwise")
    assert others <= 2  # where a drawing is small, a point may come to lie on another unit
