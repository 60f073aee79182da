"""The page with a model of all 345 classes: what is asked for in the game, and found on Learn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inkgrad.layers import Dense, Flatten
from inkgrad.model import Model
from inkgrad.network import Network
from inkgrad.quickdraw import CATEGORIES
from inkgrad.web.served import find_models
from tests.web.pages import Hand, make_server, watched

pytestmark = pytest.mark.browser

EASY = ("cat", "dog", "owl")
CROSS = [[[0, 255], [0, 255]], [[255, 0], [0, 255]]]


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a model that takes whatever is drawn for a cat, with a probability of 0.9."""
    network = Network([Flatten(), Dense(len(CATEGORIES))])
    parameters = network.initialise(seed=1)
    parameters.vector[:] = 0
    parameters["dense1.bias"][CATEGORIES.index("cat")] = np.log(9 * (len(CATEGORIES) - 1))
    record = {"hard_classes": [name for name in CATEGORIES if name not in EASY]}
    path: Path = tmp_path_factory.mktemp("many") / "many.safetensors"
    Model(network, parameters, CATEGORIES, record=record).save(path)
    with make_server(find_models(path, engine="reference")) as address:
        yield address


@pytest.fixture
def hand(chromium_browser: Any, everywhere: str) -> Iterator[Hand]:
    with watched(chromium_browser, everywhere, viewport={"width": 1280, "height": 900}) as page:
        yield Hand(page)


def seconds_until(hand: Hand, words: str) -> float:
    """Let time pass in the page until the game says something; return how much."""
    said = hand.page.locator("#game").get_by_text(words)
    for quarters in range(100):
        if said.count() > 0:
            return quarters / 4
        hand.page.clock.run_for(250)
    raise AssertionError(f"the game does not say {words!r}")


def test_the_game_asks_for_what_can_be_recognised_and_says_why_it_gives_up(hand):
    game, page = hand.page.locator("#game"), hand.page
    game.get_by_text("It asks for 3 of its 345 classes").wait_for()
    page.clock.install()
    game.get_by_role("button", name="Play").click()
    asked = set()
    for number in range(1, 4):
        game.get_by_text(f"Drawing {number} of 6").wait_for()
        task = game.locator(".task").inner_text().removeprefix("Draw: ")
        asked.add(task)
        hand.draw(CROSS)
        hand.wait()
        game.get_by_text("I see cat …").wait_for()
        words = "I know: it is cat!" if task == "cat" else "I give up: I took it for cat."
        seconds_until(hand, words)
        assert page.locator("#task").inner_text() == words
        seconds_until(hand, f"Drawing {number + 1} of 6")
    assert asked == set(EASY)
    assert 18 <= seconds_until(hand, "Time is up: I saw no drawing.") <= 20
    seconds_until(hand, "Drawing 5 of 6")
    game.get_by_role("button", name="Stop").click()
    game.get_by_text("It recognised 1 of 4 drawings").wait_for()
    assert not page.locator("#task").is_visible()


def test_a_class_is_found_by_its_letters(hand):
    from playwright.sync_api import expect

    hand.draw(CROSS)
    hand.open("Learn")
    hand.wait()
    chips = hand.page.locator("#learn .chip")
    shown = chips.locator("visible=true")
    assert chips.count() == 345
    expect(shown).to_have_count(12)  # the likeliest
    assert "cat" in shown.all_inner_texts()
    field = hand.page.get_by_label("Find a class …")
    field.fill(" Eleph")
    expect(shown).to_have_text(["elephant", "telephone"])
    hand.answer("telephone")
    hand.page.get_by_text("The network gave telephone").wait_for()
    field.fill("")
    expect(shown).to_have_count(13)  # and what was chosen
    field.fill("sparrow")
    expect(shown).to_have_text(["telephone"])
    assert hand.page.get_by_label("telephone", exact=True).is_checked()


@pytest.mark.parametrize(("typed", "chosen"), [("Dog", "dog"), ("microp", "microphone")])
def test_enter_takes_the_class_that_is_typed(hand, typed, chosen):
    hand.draw(CROSS)
    hand.open("Learn")
    hand.wait()
    field = hand.page.get_by_label("Find a class …")
    field.press("Enter")  # nothing is looked for
    field.fill("qqq")
    field.press("Enter")
    assert not hand.page.locator("#learn .chip input:checked").count()
    field.fill("")
    field.press_sequentially(typed)  # key by key
    field.press("Enter")
    hand.page.get_by_text(f"The network gave {chosen} ").wait_for()
    assert hand.page.get_by_label(chosen, exact=True).is_checked()


def test_what_is_not_there_is_told(hand):
    hand.draw(CROSS)
    hand.open("Learn")
    hand.wait()
    hand.page.get_by_label("Find a class …").fill("sparrow")
    hand.page.get_by_text("It knows nothing called “sparrow”").wait_for()
