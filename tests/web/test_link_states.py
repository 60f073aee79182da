"""Many states of the page, each sent as a link: elsewhere there are the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.quickdraw.doodles import ANIMALS, draw
from tests.thorough import THOROUGH
from tests.web.pages import PAD, Hand, watched

pytestmark = pytest.mark.browser

WINDOW = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
STATES = 8  # times THOROUGH=25: 200


def set_up(hand: Hand, rng: np.random.Generator) -> None:
    """Bring the page into a state: a drawing, maybe an answer, a cell, one of the panels."""
    strokes = draw(str(rng.choice(ANIMALS)), rng)
    scale = rng.uniform(0.8, 2.8)
    corner = rng.uniform(20, PAD - 20 - 256 * scale, 2)
    placed = [
        [
            (np.array(row) * scale + low).round(2).tolist()
            for row, low in zip(s, corner, strict=True)
        ]
        for s in strokes
    ]
    hand.page.evaluate(
        "(strokes) => inkgradPage.pad.put(strokes.map(([xs, ys]) => [xs, ys, xs.map(() => 0)]))",
        placed,
    )
    hand.wait()
    hand.open("Think")
    pictures = hand.page.locator("#think .mosaic:not(.loupe)")
    picture = pictures.nth(int(rng.integers(pictures.count())))
    box = picture.bounding_box()
    spot = rng.uniform(0.05, 0.95, 2) * [box["width"], box["height"]]
    picture.click(position={"x": float(spot[0]), "y": float(spot[1])})
    if rng.random() < 0.7:
        hand.open("Learn")
        hand.answer(str(rng.choice(ANIMALS)))
    hand.open(str(rng.choice(["Play", "Think", "Learn", "Teach"])))


def numbers(hand: Hand) -> dict[str, object]:
    """Return what the page computes and shows."""
    hand.page.evaluate("() => inkgradPage.ready")
    hand.wait()
    tab = hand.page.locator("[role=tab][aria-selected=true]").inner_text()
    found: dict[str, object] = {
        "tab": tab,
        "probabilities": hand.page.evaluate("() => [...inkgradPage.session.seen.probabilities]"),
        "answer": hand.page.evaluate("() => inkgradPage.session.answer"),
    }
    hand.open("Think")
    dock = hand.page.locator("#think .dock")
    dock.locator(".dock-title").wait_for()
    found["cell"] = [dock.locator(f".dock-{part}").inner_text() for part in ("title", "value")]
    if found["answer"] is not None:
        hand.open("Learn")
        hand.wait()
        loss = hand.page.locator("#learn .loss b")
        loss.wait_for()
        found["loss"] = loss.inner_text()
        found["gradient"] = hand.page.evaluate(
            "async () => {"
            "  const { session } = inkgradPage;"
            "  const label = session.model.classes.indexOf(session.answer);"
            "  const { gradients } = await session.learn(label);"
            "  return Object.values(gradients).flatMap((g) => [g[0], g[g.length >> 1]]);"
            "}"
        )
    hand.open(tab)
    return found


def test_the_numbers_are_the_same_elsewhere(chromium_browser, address):
    allowed = {**WINDOW, "permissions": ["clipboard-read", "clipboard-write"]}
    rng = np.random.default_rng(5)
    with (
        watched(chromium_browser, address, **allowed) as here,
        watched(chromium_browser, address, **WINDOW) as there,
    ):
        hand, other = Hand(here), Hand(there)
        for state in range(STATES * THOROUGH):
            set_up(hand, rng)
            hand.press("Copy link")
            here.locator("#about [role=status]", has_text="Copied.").wait_for()
            link = here.evaluate("() => navigator.clipboard.readText()")
            expected = numbers(hand)
            there.goto("about:blank")
            there.goto(link)
            assert numbers(other) == expected, (state, link)
