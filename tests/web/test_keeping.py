"""Nothing is lost: a reload, a closed tab, a crash, Back and Undo, in real Chromium."""

from __future__ import annotations

import pytest

from tests.web.pages import PAD, Hand

pytestmark = pytest.mark.browser

LINE = [[[0, 255], [0, 255]]]
CORNER = [[[0, 0, 255], [0, 255, 255]]]
A_MOMENT = 700  # milliseconds; what has changed is written after 250

STATE = """async () => {
  const { session, pad } = inkgradPage;
  await inkgradPage.settled();
  return {
    drawing: pad.strokes,
    collection: [...session.collection],
    model: session.model.name,
    classes: session.model.classes,
    steps: session.model.steps,
    taught: session.model.taught,
    answer: session.answer,
    weights: Object.values(session.model.parameters).map((p) => [p[0], p[p.length - 1]]),
    probabilities: session.seen && Array.from(session.seen.probabilities),
    panel: document.querySelector("[role=tabpanel]:not([hidden])").id,
  };
}"""


@pytest.fixture
def profile(chromium_browser):
    """Return a browser's profile, in which tabs can be opened and closed."""
    context = chromium_browser.new_context()
    yield context
    context.close()


def visit(profile, address):
    page = profile.new_page()
    page.goto(address)
    ready(page)
    return Hand(page)


def ready(page):
    page.locator("#guesses .bars li").first.wait_for(state="attached")
    page.evaluate("() => inkgradPage.ready")


def state(hand):
    return hand.page.evaluate(STATE)


def fill(hand, spirals):
    """Do a bit of everything."""
    hand.page.locator("#models").select_option("seed (5)")
    hand.page.locator("#about", has_text="seed").wait_for()
    hand.teach("spiral", spirals[:3])
    hand.draw(LINE)
    hand.open("Learn")
    hand.page.locator("#learn label", has_text="dog").click()
    hand.page.get_by_role("button", name="Take a step").click()
    hand.page.locator("#changed", has_text="1 step").wait_for()
    hand.draw(CORNER)
    hand.wait()


def test_a_reload_and_a_closed_tab_lose_nothing(profile, address, spirals):
    hand = visit(profile, address)
    fill(hand, spirals)
    hand.page.wait_for_timeout(A_MOMENT)
    before = state(hand)
    assert before["taught"] == ["spiral"]
    assert (before["steps"], before["answer"], before["panel"]) == (1, "dog", "learn")
    assert len(before["drawing"]) == 2
    assert [len(drawings) for _, drawings in before["collection"]] == [3]
    hand.page.reload()
    ready(hand.page)
    assert state(hand) == before
    hand.page.close()
    again = visit(profile, address)
    assert state(again) == before
    # What the step changed is not known any more, so *undo* must not take a stroke for it.
    assert not again.page.locator("#changed").get_by_role("button", name="undo").is_visible()
    # It can be changed further, and all of it be taken back.
    again.page.get_by_role("button", name="Take a step").click()
    again.page.locator("#changed", has_text="2 steps").wait_for()
    again.page.locator("#changed").get_by_role("button", name="undo").click()
    again.page.locator("#changed", has_text="1 step").wait_for()
    assert state(again)["weights"] == before["weights"]
    again.page.locator("#changed").get_by_role("button", name="reset").click()
    again.page.locator("#changed").wait_for(state="hidden")
    assert state(again)["classes"] == before["classes"][:-1]


def test_two_tabs_do_not_write_over_each_other(profile, address):
    one, two = visit(profile, address), visit(profile, address)
    one.draw(LINE)
    two.draw(CORNER)
    one.page.wait_for_timeout(A_MOMENT)
    drawings = [state(hand)["drawing"] for hand in (one, two)]
    assert [len(stroke[0]) > 0 for drawing in drawings for stroke in drawing] == [True, True]
    for hand, drawing in zip((one, two), drawings, strict=True):
        hand.page.reload()
        ready(hand.page)
        assert state(hand)["drawing"] == drawing


def test_where_nothing_can_be_kept_the_page_says_so_and_works(chromium_browser, address):
    context = chromium_browser.new_context()
    page = context.new_page()
    page.add_init_script("Object.defineProperty(globalThis, 'indexedDB', { value: undefined });")
    page.goto(address)
    ready(page)
    hand = Hand(page)
    hand.draw(LINE)
    assert len(hand.shares()) == 5
    assert "keeps nothing" in page.locator("#about").inner_text()
    context.close()


def test_a_full_store_is_one_quiet_sentence(chromium_browser, address):
    context = chromium_browser.new_context()
    page = context.new_page()
    page.add_init_script(
        """IDBObjectStore.prototype.put = () => {
          throw new DOMException("no room", "QuotaExceededError");
        };"""
    )
    page.goto(address)
    ready(page)
    hand = Hand(page)
    hand.draw(LINE)
    page.locator("#about", has_text="keeps nothing").wait_for()
    assert page.locator("#notice").inner_text() == ""
    hand.draw(CORNER)
    assert len(hand.shares()) == 5
    context.close()


def test_all_of_it_can_be_forgotten(profile, address):
    hand = visit(profile, address)
    hand.draw(LINE)
    hand.page.wait_for_timeout(A_MOMENT)
    with hand.page.expect_navigation():
        hand.page.get_by_role("button", name="Forget it all").click()
    ready(hand.page)
    assert state(hand)["drawing"] == []


def test_back_goes_back_a_panel(hand):
    for tab in ("Think", "Learn"):
        hand.open(tab)
    hand.page.go_back()
    assert hand.page.locator("#think").is_visible()
    hand.page.go_back()
    assert hand.page.locator("#play").is_visible()
    hand.page.go_forward()
    assert hand.page.locator("#think").is_visible()


def test_undo_brings_back_everything(hand, spirals):
    """A drawing that was removed, one that the game took away, a class that was forgotten."""
    hand.teach("spiral", spirals[:3])
    hand.page.locator("#own .remove").nth(1).click()
    assert hand.page.locator("#own li").count() == 2
    hand.press("Undo")
    assert hand.page.locator("#own li").count() == 3
    hand.press("Undo teaching")
    hand.page.locator("#taught", has_text="as it was").wait_for()
    assert "spiral" not in hand.classes()
    hand.press("Undo")
    hand.page.locator("#changed", has_text="taught spiral").wait_for()
    assert "spiral" in hand.classes()
    hand.draw(LINE)
    hand.open("Play")
    hand.page.locator("#game").get_by_role("button", name="Play").click()
    assert hand.strokes() == []
    hand.press("Undo")
    ((xs, _, _),) = hand.strokes()
    assert min(xs) >= 0
    assert max(xs) <= PAD


def test_a_changed_model_withdraws_its_figures(hand):
    facts = hand.page.locator("#about")
    assert "right about" in facts.inner_text()
    assert not hand.page.locator("#changed").is_visible()
    hand.draw(LINE)
    hand.open("Learn")
    hand.page.locator("#learn label", has_text="cat").click()
    hand.page.get_by_role("button", name="Take a step").click()
    hand.page.locator("#changed", has_text="Changed: 1 step").wait_for()
    assert "right about" not in facts.inner_text()
    hand.press("Undo")
    hand.page.locator("#changed").wait_for(state="hidden")
    assert "right about" in facts.inner_text()
