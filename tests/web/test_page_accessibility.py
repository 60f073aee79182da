"""The page for everybody: axe-core finds no fault, in any state, by day and by night."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.javascript import missing
from tests.web.pages import Hand, watched

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def axe() -> str:
    """Return axe-core's source."""
    try:
        import axe_playwright_python
    except ImportError:
        missing("axe-core is not installed: pip install '.[browser]'")
    (source,) = Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")
    return source.read_text("utf-8")


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_no_fault(chromium_browser, address, examples, axe, colours, width):
    with watched(
        chromium_browser,
        address,
        viewport={"width": width, "height": 844},
        color_scheme=colours,
        reduced_motion="reduce",
    ) as page:
        hand = Hand(page)
        page.evaluate(axe)
        faults = look(page, "empty")
        hand.draw(examples["dog"][0])
        hand.wait()
        for tab in ("Play", "Think", "Learn", "Teach"):
            hand.open(tab)
            page.wait_for_timeout(400)
            faults += look(page, tab)
        hand.open("Think")
        page.locator(".why summary").click()
        page.locator(".why:not(.stale)").wait_for()
        faults += look(page, "why")
        hand.open("Learn")
        hand.answer("cat")
        page.wait_for_timeout(600)
        faults += look(page, "learning")
        page.get_by_role("button", name="Take a step").click()
        page.locator("#changed").wait_for()
        faults += look(page, "changed")
        hand.open("Play")
        page.locator("#game").get_by_role("button", name="Play").click()
        faults += look(page, "playing")
        assert not faults, "\n".join(faults)


def look(page, state: str) -> list[str]:
    """Return what axe-core finds wrong, a line each."""
    results = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{state}: {fault['id']}: {fault['help']}: {node['html'][:160]}"
        for fault in results["violations"]
        for node in fault["nodes"]
    ]


def test_the_focus_goes_through_the_page_in_order(hand, examples):
    """Tab leads from the top to the pad, its tools, the tabs and the panel, and is always seen."""
    hand.draw(examples["dog"][0])
    hand.page.locator(".skip").focus()
    order = []
    for _ in range(12):
        hand.page.keyboard.press("Tab")
        order.append(
            hand.page.evaluate(
                """() => {
                  const it = document.activeElement;
                  const { outlineStyle, outlineWidth } = getComputedStyle(it);
                  return [it.id || it.innerText, outlineStyle !== "none" && outlineWidth !== "0px"];
                }"""
            )
        )
    names = [name for name, _ in order]
    wanted = ["models", "theme", "pad", "undo", "clear", "tab-play"]
    places = [names.index(name) for name in wanted]
    assert places == sorted(places)
    assert all(seen for _, seen in order)


def test_what_it_sees_is_told_to_readers_of_screens(hand, examples):
    hand.draw(examples["dog"][0])
    hand.page.locator("#guesses [role=status]", has_text="dog").wait_for(state="attached")


def test_nothing_moves_by_itself_where_that_is_unwanted(chromium_browser, address, examples):
    with watched(chromium_browser, address, reduced_motion="reduce") as page:
        Hand(page).draw(examples["dog"][0])
        moving = page.evaluate(
            "() => [...document.querySelectorAll('*')].filter((element) => {"
            "  const style = getComputedStyle(element);"
            "  return style.transitionDuration !== '0s' || style.animationDuration !== '0s';"
            "}).map((element) => element.outerHTML.slice(0, 80))"
        )
        assert moving == []
