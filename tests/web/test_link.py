"""A state is a link: what another browser shows of it are the same numbers."""

from __future__ import annotations

import base64
import random
import re

import numpy as np
import pytest

from inkgrad.quickdraw.doodles import ANIMALS, draw
from tests.web.drawings import random_drawings, spirals
from tests.web.javascript import JavaScriptError
from tests.web.pages import Hand, watched

LINK = "static/page/link.js"
LINKS = "tests/links.js"
LONGEST = 2000
CORNER = [[[0, 0, 255], [0, 255, 255]]]
BROKEN = "this link is damaged: ask for it again; the page is open without it"
SHARES = "() => Array.from(inkgradPage.session.seen.probabilities)"


def by_hand(count, seed):
    """Return drawings as they lie on a pad: doodles of any size and place, not yet simplified."""
    rng = np.random.default_rng(seed)
    drawings = [draw(ANIMALS[i % len(ANIMALS)], rng) for i in range(count // 2)]
    moved = []
    for drawing in drawings + spirals(count - len(drawings), seed):
        scale, left, top = rng.uniform(0.5, 2.5), *rng.uniform(0, 300, 2)
        moved.append([[[scale * x + left for x in s[0]], [scale * y + top for y in s[1]]]
                      for s in drawing])  # fmt: skip
    return moved


def packed(*numbers):
    return base64.urlsafe_b64encode(bytes(numbers)).decode().rstrip("=")


def read(node, links):
    return node.call(LINKS, "read", links)


def check(sent):
    first, *others = sent["bitmaps"]
    assert first.any()
    for bitmap in others:
        np.testing.assert_array_equal(bitmap, first)
    assert sent["again"] == sent["link"]
    assert len(sent["link"]) <= LONGEST
    rows = np.concatenate([np.array(stroke[:2]) for stroke in sent["pad"]], axis=1)
    assert rows.min() > 0
    assert rows.max() < 1000
    np.testing.assert_allclose(rows.min(axis=1) + rows.max(axis=1), 1000, atol=60)


def test_a_drawing_arrives_as_it_was_seen(node):
    drawings = by_hand(200, seed=8)
    for sent in node.call_many(LINKS, "send", [(drawing,) for drawing in drawings]):
        assert not isinstance(sent, JavaScriptError), sent
        check(sent)


def test_any_drawing_arrives_as_it_was_seen_or_there_is_no_link(node):
    drawings = random_drawings(300, seed=9)
    refused = []
    for sent in node.call_many(LINKS, "send", [(drawing,) for drawing in drawings]):
        if isinstance(sent, JavaScriptError):
            assert sent.name == "LinkError", sent
            assert re.search("too much for a link|not give the same numbers", sent.message)
            refused.append(sent)
        elif sent["bitmaps"][0].any():
            first, *others = sent["bitmaps"]
            assert all((bitmap == first).all() for bitmap in others)
            assert sent["again"] == sent["link"]
    assert len(refused) < 30


def test_the_probabilities_are_the_same(node, animals):
    drawings = by_hand(100, seed=10)
    arrived = node.call_many(LINKS, "send", [(drawing,) for drawing in drawings])
    expected = animals.predict_proba(drawings)
    np.testing.assert_array_equal(
        animals.predict_proba([sent["there"] for sent in arrived]), expected
    )


def test_a_line_drawn_back_over_itself_arrives(node):
    """It loses its end when it is simplified: what is left would be made larger once more."""
    line = [[[100, 900, 400], [100, 900, 400]], [[100], [120]]]
    (sent,) = node.call_many(LINKS, "send", [(line,)])
    check(sent)
    assert sent["link"].startswith("#draw=Ag")  # two bytes a coordinate


def test_a_link_says_all_of_a_state(node):
    state = {
        "model": "größte & =beste#",
        "drawing": CORNER,
        "tab": "learn",
        "answer": "a dog, 100 %",
        "cell": "conv1:123",
    }
    link = node.call(LINK, "toLink", state, "http://127.0.0.1:8000/")
    address, _, hash = link.partition("#")
    assert address == "http://127.0.0.1:8000/"
    assert re.fullmatch(r"[\w%.:&=-]+", hash), hash
    ((error, there),) = read(node, ["#" + hash])
    assert error == ""
    assert {**there, "drawing": None} == {**state, "drawing": None}
    assert node.call(LINK, "asSeen", there["drawing"]) == CORNER


def test_nothing_is_a_link_but_a_link(node):
    assert read(node, ["", "#", "#think", "#pad"]) == [["", None]] * 4
    names = ["#think", "#tab=think", "#model=a&tab=learn", "#pad", "#tab=x", "#tab=think&x=1", ""]
    told = [node.call(LINK, "tabOf", name) for name in names]
    assert told == ["think", "think", "learn", None, None, None, None]


def test_no_link_is_too_long(node):
    rng = np.random.default_rng(3)
    states = [
        {"drawing": [[row.tolist() for row in rng.integers(0, 256, (2, n))]], "model": "seed"}
        for n in (100, 600, 700, 800, 5000, 40_000)
    ]
    links = node.call_many(LINK, "toLink", [(state, "http://127.0.0.1:8000/") for state in states])
    short = [link for link in links if not isinstance(link, JavaScriptError)]
    assert 2 <= len(short) <= 4
    assert max(map(len, short)) <= LONGEST
    for error in links[len(short) :]:
        assert error.name == "LinkError"
        assert "too much for a link of 2,000 characters" in error.message


HOSTILE = [
    "#=",
    "#draw=",
    "#model=",
    "#model=a&model=b",
    "#model=a&&tab=think",
    "#model=a&tab=think&more=1",
    "#__proto__=1",
    "#tab=settings",
    "#tab=constructor",
    "#answer=dog",
    "#cell=conv1:1",
    "#model=a&cell=conv1",
    "#model=a&cell=conv1:-1",
    "#model=a&cell=conv1:1e3",
    "#model=%",
    "#model=%ff",
    "#model=" + 201 * "a",
    "#draw=" + 3000 * "A",
    "#draw=AQ==",
    "#draw=A",
    "#draw=%3Cscript%3E",
    *(
        f"#draw={packed(*numbers)}"
        for numbers in (
            [0],
            [1],
            [1, 0],
            [1, 1, 5],
            [1, 2, 5, 5],
            [1, 1, 5, 5, 0],
            [1, 1, 5, 5, 3],
            [1, 255, 255, 1],
            [1, 128],
            [1, 128, 0],
            [2, 1, 255, 1, 0, 0],
            [2, 1, 255, 0, 0],
            [4, 1, 1, 1],
            [99, 1, 1, 1],
        )
    ),
]


def test_hostile_links_are_one_sentence(node):
    for link, told in zip(HOSTILE, read(node, HOSTILE), strict=True):
        assert told == ["LinkError", BROKEN], link


def test_random_bytes_are_a_drawing_or_damaged(node):
    chance = random.Random(12)
    good = node.call(LINK, "toLink", {"model": "seed", "drawing": CORNER, "tab": "learn"})
    links = []
    for _ in range(1000):
        numbers = [chance.choice([1, 1, 2, 3, chance.randrange(256)])]
        numbers += [chance.randrange(chance.choice([4, 256])) for _ in range(chance.randrange(40))]
        links.append(f"#draw={packed(*numbers)}")
        at = chance.randrange(1, len(good))
        links.append(good[:at] + chance.choice("&=%#A_/\0é\ud800") + good[at + 1 :])
    for link, (error, told) in zip(links, read(node, links), strict=True):
        if error:
            assert (error, told) == ("LinkError", BROKEN), link
        elif told is not None and told["drawing"] is not None:
            rows = [row for stroke in told["drawing"] for row in stroke[:2]]
            assert all(0 < value < 1000 for row in rows for value in row), link


def test_what_a_hand_draws_stays_what_it_is(node):
    (pad,) = node.call_many(LINKS, "send", [(CORNER,)])
    linked = pad["pad"]
    drawn = [[120.5, 500], [100, 200], [0, 16]]
    for strokes in ([drawn], [*linked, drawn], [drawn, *linked], []):
        assert node.call(LINK, "asSeen", strokes) == strokes


@pytest.mark.browser
def test_a_link_opened_elsewhere_gives_the_same(chromium_browser, address):
    size = {"viewport": {"width": 1280, "height": 900}}
    allowed = {**size, "permissions": ["clipboard-read", "clipboard-write"]}
    with watched(chromium_browser, address, **allowed) as page:
        hand = Hand(page)
        page.locator("#models").select_option("seed (5)")
        page.locator("#about", has_text="seed").wait_for()
        page.locator("#examples button").nth(1).click()
        hand.wait()
        hand.open("Think")
        page.locator("#think .dock-title").wait_for()
        cell = page.locator("#think .dock-title").inner_text()
        hand.open("Learn")
        hand.answer("cat")
        loss = page.locator("#learn .loss").inner_text()
        hand.press("Copy link")
        page.locator("#about [role=status]", has_text="Copied.").wait_for()
        link = page.evaluate("() => navigator.clipboard.readText()")
        shares = page.evaluate(SHARES)
        strokes = hand.strokes()
    assert len(link) <= LONGEST
    with watched(chromium_browser, link, **size) as page:
        page.evaluate("() => inkgradPage.ready")
        hand = Hand(page)
        hand.wait()
        assert page.evaluate(SHARES) == shares
        assert page.locator("#learn").is_visible()
        assert page.locator("#learn input:checked + span").inner_text() == "cat"
        assert page.locator("#learn .loss").inner_text() == loss
        assert page.url == f"{address}/#learn"
        hand.open("Think")
        assert page.locator("#think .dock-title").inner_text() == cell
        # It is kept like what was drawn here, and can be sent on: without a clipboard, by hand.
        page.wait_for_timeout(700)
        page.reload()
        page.evaluate("() => inkgradPage.ready")
        hand.wait()
        assert page.evaluate(SHARES) == shares
        page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
        hand.open("Learn")
        hand.press("Copy link")
        page.locator("#about [role=status]", has_text="forbids").wait_for()
        again = page.get_by_label("The link").input_value()
        parts = [set(re.sub("&cell=.*", "", each).split("&")) for each in (link, again)]
        assert parts[0] == parts[1]
    assert strokes


@pytest.mark.browser
def test_a_link_covers_nothing_for_good(hand):
    """What was there comes back by Undo; a link that cannot be opened changes nothing."""
    hand.draw(CORNER)
    hand.wait()
    before = hand.strokes()
    hand.open("Think")
    for link, words in (
        ("#draw=A", "damaged"),
        ("#model=zebras&tab=learn", "zebras, which is not here"),
        ("#model=seed&answer=bicycle", "bicycle, which seed does not know"),
    ):
        hand.page.evaluate("(link) => { location.hash = link; }", link)
        hand.page.locator("#notice", has_text=words).wait_for()
        assert hand.strokes() == before
        assert hand.page.locator("#think").is_visible()
    line = f"#draw={packed(1, 2, 0, 0, 255, 255)}&tab=teach"
    hand.page.evaluate("(link) => { location.hash = link; }", line)
    hand.page.locator("#teach").wait_for()
    hand.wait()
    assert hand.strokes() == [[[0, 255], [0, 255]]]
    hand.press("Undo")
    hand.wait()
    assert hand.strokes() == before


@pytest.mark.browser
def test_a_link_wins_over_what_was_kept_and_a_damaged_one_does_not(chromium_browser, address):
    context = chromium_browser.new_context(viewport={"width": 1280, "height": 900})

    def visit(hash):
        page = context.new_page()
        page.goto(address + hash)
        page.locator("#guesses .bars li").first.wait_for(state="attached")
        page.evaluate("() => inkgradPage.ready")
        return Hand(page)

    def leave(hand):
        hand.page.wait_for_timeout(700)
        hand.page.close()

    hand = visit("")
    hand.page.locator("#models").select_option("seed (5)")
    hand.page.locator("#about", has_text="seed").wait_for()
    hand.draw(CORNER)
    hand.open("Learn")
    hand.answer("dog")
    hand.press("Take a step")
    hand.page.locator("#changed", has_text="1 step").wait_for()
    hand.press("Copy link")
    hand.page.locator("#about [role=status]", has_text="as it was opened").wait_for()
    drawn = hand.strokes()
    leave(hand)

    hand = visit("#model=seed&draw=A&answer=cat&tab=think")
    assert BROKEN in hand.page.locator("#notice").inner_text()
    assert hand.strokes() == drawn
    assert hand.page.locator("#learn").is_visible()
    assert hand.page.locator("#changed").is_visible()
    leave(hand)

    line = packed(1, 2, 0, 0, 255, 255)
    hand = visit(f"#model=seed&draw={line}&tab=think&answer=cat&cell=softmax:3")
    hand.wait()
    assert hand.page.locator("#notice").inner_text() == ""
    assert hand.strokes() == [[[0, 255], [0, 255]]]
    assert hand.page.locator("#think").is_visible()
    assert "The probability of elephant" in hand.page.locator("#think .dock-title").inner_text()
    assert not hand.page.locator("#changed").is_visible()
    assert hand.page.evaluate("() => inkgradPage.session.answer") == "cat"
    hand.press("Undo")
    hand.wait()
    assert hand.strokes() == drawn
    context.close()
