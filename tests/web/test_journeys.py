"""Whole visits: with the keyboard alone, by ear, and on a processor four times slower."""

from __future__ import annotations

import numpy as np
import pytest
from bench.slower import slower

from inkgrad.quickdraw.doodles import draw
from tests.web.pages import Hand, watched

pytestmark = pytest.mark.browser

DESKTOP = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
FOCUS = "() => document.activeElement.id || document.activeElement.innerText"


class Keys:
    """A keyboard, and nothing else."""

    def __init__(self, page):
        self.page = page

    def press(self, *keys, times=1):
        for _ in range(times):
            for key in keys:
                self.page.keyboard.press(key)

    def go_to(self, is_there, most=120):
        """Press Tab until the focus is there."""
        for _ in range(most):
            if self.page.evaluate(is_there):
                return
            self.press("Tab")
        raise AssertionError(f"not to be reached: {is_there}")

    def to(self, name):
        """Go to the button or field of this name."""
        self.go_to(
            f"() => [document.activeElement.id, document.activeElement.innerText?.trim(),"
            f" document.activeElement.labels?.[0]?.innerText].includes({name!r})"
        )

    def tab(self, name):
        """Go to a tab and choose it by the arrow keys."""
        self.page.keyboard.press("Shift+Tab")
        self.go_to("() => document.activeElement.role === 'tab'")
        for _ in range(4):
            if self.page.evaluate(FOCUS) == name or self.page.evaluate(
                f"() => document.activeElement.innerText === {name!r}"
            ):
                return
            self.press("ArrowRight")
        raise AssertionError(f"no tab {name}")

    def line(self, key, times):
        self.press(f"Shift+{key}", times=times)

    def square(self):
        """Draw a square on the pad."""
        self.press("Space")
        for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"):
            self.line(key, 4)
        self.press("Space")


def test_with_the_keyboard_alone(chromium_browser, address):
    """Draw, hear the guess, look into a cell, take a step, undo it, and teach a class."""
    with watched(chromium_browser, address, **DESKTOP) as page:
        hand, keys = Hand(page), Keys(page)
        keys.to("pad")
        keys.square()
        assert len(hand.strokes()) == 1
        hand.wait()
        heard = page.locator("#guesses [role=status]")
        heard.filter(has_text=hand.guesses()[0]).wait_for(state="attached")
        keys.press("Control+z")
        assert hand.strokes() == []
        keys.press("Control+y")
        assert len(hand.strokes()) == 1

        keys.tab("Think")
        keys.go_to("() => document.activeElement.closest('#think .mosaic') !== null")
        keys.press("ArrowRight", times=3)
        page.locator("#think .dock-title", has_text="column").wait_for()

        page.locator("#pad").focus()  # as the link at the top of the page does
        keys.tab("Learn")
        keys.go_to("() => document.activeElement.type === 'radio'")
        keys.press("Space")
        page.locator("#learn .loss b").wait_for()
        keys.to("Take a step")
        keys.press("Enter")
        page.locator("#changed").wait_for()
        keys.press("Control+z")
        page.locator("#changed").wait_for(state="hidden")

        page.locator("#pad").focus()
        keys.tab("Teach")
        keys.to("What will you draw?")
        page.keyboard.type("square")
        keys.to("Add this drawing")
        keys.press("Enter")
        page.wait_for_function("() => inkgradPage.session.collection.get('square')?.length === 1")
        page.locator("#pad").focus()
        keys.press("Control+z", times=2)  # the pad was cleared for the next one, too
        page.wait_for_function("() => !inkgradPage.session.collection.has('square')")
        assert page.evaluate("() => document.activeElement !== document.body")


def test_what_is_heard(chromium_browser, address, examples):
    """The page as a reader of screens has it."""
    from playwright.sync_api import expect

    with watched(chromium_browser, address, **DESKTOP) as page:
        hand = Hand(page)
        hand.draw(examples["dog"][0])
        hand.wait()
        expect(page.locator("body")).to_match_aria_snapshot(
            """
            - link "Go to the drawing pad"
            - banner:
              - heading "inkgrad." [level=1]
              - combobox "Model"
              - button "Larger, for a projector"
              - button /Colours/
            - main:
              - region "Drawing and guesses":
                - application "Drawing pad"
                - group "Drawing tools":
                  - button "Undo"
                  - button "Redo" [disabled]
                  - button "Clear"
                - list "Guesses, likeliest first":
                  - listitem: /dog .*/
              - tablist "What to do with the drawing":
                - tab "Play" [selected]
                - tab "Think"
                - tab "Learn"
                - tab "Teach"
              - tabpanel "Play":
                - heading "Can it tell what you draw?" [level=2]
            - contentinfo:
              - paragraph:
                - button "Forget it all"
              - paragraph:
                - status
                - button "Copy link"
            """
        )
        hand.open("Think")
        expect(page.locator("#think")).to_match_aria_snapshot(
            """
            - heading "See it think" [level=2]
            - article:
              - heading "conv1" [level=3]
              - application /conv1.*/
            - article:
              - heading "softmax" [level=3]
            """
        )
        hand.open("Learn")
        hand.answer("cat")
        expect(page.locator("#learn")).to_match_aria_snapshot(
            """
            - heading "See it learn" [level=2]
            - group "What did you draw?":
              - radio "cat" [checked]
              - radio "dog"
            - region "The loss and one step":
              - paragraph: /Loss/
              - math
              - slider "Learning rate, on a logarithmic scale"
              - spinbutton
              - button "Take a step"
            """
        )


def test_guesses_come_while_one_draws_on_a_slow_laptop(chromium_browser, address):
    """Four times slower: the pen is still down when the first guesses are there."""
    drawing = draw("cat", np.random.default_rng(3))
    with watched(chromium_browser, address, **DESKTOP) as page, slower(4, "chrom"):
        hand = Hand(page)
        page.evaluate("() => inkgradPage.ready")
        page.evaluate(
            "() => { window.seen = 0;"
            " inkgradPage.session.addEventListener('seen', () => window.seen++); }"
        )
        (first, *rest) = hand.placed(drawing)
        page.mouse.move(*(float(n[0]) for n in first))
        page.mouse.down()
        for x, y in zip(*first, strict=True):
            page.mouse.move(float(x), float(y), steps=6)
        page.wait_for_function("() => window.seen >= 3")
        page.mouse.up()
        assert rest
        hand.wait()
        assert hand.guesses()
