"""Phones, tablets, low windows: the verdict is in sight while one draws, and nothing is far."""

from __future__ import annotations

import pytest

from tests.web.pages import Hand, watched

pytestmark = pytest.mark.browser

SIZES = {
    "phone": (390, 750),
    "phone held sideways": (844, 390),
    "tablet": (820, 1180),
    "laptop": (1366, 650),
    "laptop at 200 %": (683, 325),
    "low window": (1366, 475),
}


@pytest.fixture(params=SIZES)
def small(request, chromium_browser, address):
    width, height = SIZES[request.param]
    is_phone = width < 1000
    size = {"width": width, "height": height}
    with watched(
        chromium_browser, address, viewport=size, has_touch=is_phone, is_mobile=width < 900
    ) as page:
        yield Hand(page)


def in_sight(page, selector):
    """Tell whether an element is on the screen, whole, with nothing of the page above it."""
    return page.evaluate(
        """(selector) => {
          const box = document.querySelector(selector).getBoundingClientRect();
          const bar = document.querySelector(".tabs").getBoundingClientRect();
          const isBar = getComputedStyle(document.querySelector(".tabs")).position === "fixed";
          return box.top >= 0 && box.bottom <= (isBar ? bar.top : innerHeight) + 0.5;
        }""",
        selector,
    )


def test_the_verdict_is_in_sight_while_one_draws(small, examples):
    for tab in ("Play", "Teach"):
        small.open(tab)
        small.draw(examples["cat"][0])
        assert small.headline() == "cat"
        assert in_sight(small.page, "#pad")
        assert in_sight(small.page, "#guesses .verdict")


def test_a_panel_that_is_chosen_comes_into_view(small):
    for tab, first in [("Think", "#think .note"), ("Learn", "#learn .question")]:
        small.open(tab)
        assert small.page.evaluate(
            "(s) => document.querySelector(s).getBoundingClientRect().top < innerHeight - 60", first
        )
    assert small.page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


def test_tabs_have_no_scrollbar(small):
    tabs = "document.getElementById('tabs')"
    assert small.page.evaluate(f"{tabs}.offsetHeight - {tabs}.clientHeight") <= 2
    assert small.page.evaluate(f"{tabs}.scrollWidth <= {tabs}.clientWidth")


def test_three_classes_are_taught_without_scrolling(chromium_browser, address, spirals):
    """Twelve drawings each; on a phone, the way to Add and Teach is never a scroll."""
    size = {"width": 390, "height": 750}
    with watched(chromium_browser, address, viewport=size, has_touch=True, is_mobile=True) as page:
        hand = Hand(page)
        hand.open("Teach")
        page.evaluate(
            """() => {
              globalThis.scrolls = 0;
              addEventListener("scroll", () => globalThis.scrolls++);
            }"""
        )
        for name in ("spiral", "coil", "snail"):
            hand.teach(name, spirals[:12])
        assert page.evaluate("globalThis.scrolls") <= 10
        assert len(hand.classes()) == 8
