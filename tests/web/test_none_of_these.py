"""None of these on the page: said plainly, with the guesses still there, as Python says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inkgrad import load
from inkgrad.confidence import Confidence
from inkgrad.model import Model
from inkgrad.web.served import find_models
from inkgrad.workflows import export_html
from tests.web.drawings import random_drawings
from tests.web.pages import Hand, make_server, watched

pytestmark = pytest.mark.browser

SIZE = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def choosy(examples) -> Model:
    """Return a model that rejects what is much less familiar than a certain cat."""
    model = load("seed", engine="reference")
    centre = float(model.logits(examples["cat"][:1]).max()) - 3.0
    return replace(model, confidence=Confidence("logit", centre, 1.0, 0.5, rejects=True))


@pytest.fixture(scope="module")
def scribble(choosy) -> Any:
    """Return strokes that are surely none of these, though one class is likely."""
    drawings = random_drawings(300, seed=3)
    found = choosy.recognise(drawings)
    sure = found.probabilities.max(axis=1) > 0.6
    (rows,) = np.nonzero(sure & (found.familiarity < 0.3))
    return drawings[rows[0]]


@pytest.fixture(params=["served", "in one file"])
def hand(request, chromium_browser: Any, choosy, tmp_path: Path) -> Iterator[Hand]:
    choosy.save(tmp_path / "choosy.safetensors")
    if request.param == "served":
        with (
            make_server(find_models(tmp_path / "choosy.safetensors", engine="reference")) as home,
            watched(chromium_browser, home, viewport=SIZE) as page,
        ):
            yield Hand(page)
    else:
        export_html(tmp_path / "choosy.safetensors", tmp_path / "page.html")
        address = (tmp_path / "page.html").as_uri()
        with watched(chromium_browser, address, viewport=SIZE) as page:
            yield Hand(page)


def test_none_of_these_is_said_plainly_and_the_guesses_stay(hand, scribble, choosy, examples):
    hand.draw(scribble)
    hand.wait()
    strokes = [stroke[:2] for stroke in hand.strokes()]
    assert choosy.predict([strokes], reject=True).tolist() == [None]
    assert hand.headline() == "None of these"
    aside = hand.page.locator("#guesses .verdict .note").text_content()
    assert aside == f"It is like nothing I know. Closest: {hand.guesses()[0]}"
    bars = hand.page.locator("#guesses .bars")
    assert "subdued" in bars.get_attribute("class")
    assert len(hand.guesses()) == 5
    assert hand.page.locator("#guesses .sure").count() == 0

    hand.press("Clear")
    assert hand.headline() == "Draw something"
    assert "subdued" not in bars.get_attribute("class")
    hand.draw(examples["cat"][0])
    hand.wait()
    assert hand.headline() == "cat"
    assert "subdued" not in bars.get_attribute("class")
