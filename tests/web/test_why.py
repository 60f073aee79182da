"""Why? on the page, in Chromium: it says what Python says, and asks nothing before it is opened."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from inkgrad import Model, load
from inkgrad.insight.attribution import explain_drawing
from inkgrad.layers import Dense, Flatten
from inkgrad.network import Network
from inkgrad.quickdraw.doodles import draw
from tests.web.pages import Hand, make_server, watched

pytestmark = pytest.mark.browser

DESKTOP = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "reduced_motion": "reduce"}
PAPER = 0xF7 - 0xEF  # red less blue, by day: see style.css
COUNTED = """() => {
  globalThis.asked = [];
  const { session } = inkgradPage;
  for (const name of ["ablate", "attribute"]) {
    const usual = session[name].bind(session);
    session[name] = (...given) => (asked.push([name, ...given]), usual(...given));
  }
}"""


@pytest.fixture
def hand(chromium_browser, address):
    with watched(chromium_browser, address, **DESKTOP) as page:
        yield Hand(page)


def begin(hand, drawing):
    """Draw, and go where Why? is."""
    hand.draw(drawing)
    hand.wait()
    hand.open("Think")
    return hand.page.locator(".why")


def opened(hand, drawing):
    why = begin(hand, drawing)
    why.locator("summary").click()
    settled(hand)
    return why


def settled(hand):
    """Wait until what is shown is of the drawing and the view that there now are."""
    hand.page.wait_for_timeout(250)
    hand.page.locator(".why:not(.stale)").wait_for()


def explained(hand, class_name=None):
    """Return what Python says of the drawing on the pad."""
    return explain_drawing(load("seed"), hand.strokes(), class_name)


def written(value):
    """Write a number as the page does."""
    digits = 2 if abs(value) < 10 else 3
    exponent = int(f"{value:.{digits - 1}e}".split("e")[1])
    return f"{value:+.{max(0, digits - 1 - exponent)}f}".replace("-", "−")


def listed(why):
    return [row.inner_text().split("\n") for row in why.locator(".why-list li:not(.note)").all()]


def in_python(found, most=6):
    order = np.argsort(-np.abs(found.strokes), kind="stable")[:most]
    return [[found.parts[i].name, written(float(found.strokes[i]))] for i in order]


def map_of(why):
    """Return the pixels of the map, (28, 28, 4)."""
    address = why.locator("canvas").evaluate("(canvas) => canvas.toDataURL()")
    picture = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
    return np.asarray(picture.convert("RGBA"))


def check_map(why, values):
    """See that red is where numbers are positive and blue where they are negative."""
    pixels = map_of(why).astype(int)
    redness = pixels[..., 0] - pixels[..., 2]
    strong = np.abs(values) > 0.3 * np.abs(values).max()
    assert strong.any()
    assert ((redness[strong] > PAPER) == (values[strong] > 0)).all()


def test_the_strokes_are_pythons(hand, examples):
    why = opened(hand, examples["zebra"][0])
    found = explained(hand)
    assert why.locator("h3").inner_text() == f"Why {found.class_name}?"
    assert listed(why) == in_python(found)
    assert why.locator("svg g").count() == len(found.parts)
    labels = why.locator("svg text").all_text_contents()
    assert labels[0] == written(float(found.strokes[np.abs(found.strokes).argmax()]))
    said = why.get_by_role("status").inner_text()
    assert all(": ".join(row) in said for row in listed(why)[:3])
    assert why.get_by_role("img").get_attribute("aria-label") == said


def test_the_maps_are_pythons(hand, examples):
    why = opened(hand, examples["cat"][0])
    found = explained(hand)
    for view, values in {
        "Occlusion": found.occlusion,
        "Grad-CAM": found.cam,
        "Gradient": found.gradient,
    }.items():
        why.get_by_text(view, exact=True).click()
        settled(hand)
        check_map(why, values)
        assert not why.locator(".why-list").is_visible()
    why.get_by_text("Strokes", exact=True).click()
    settled(hand)
    assert listed(why) == in_python(found)
    assert not map_of(why).any()


def test_any_class_can_be_explained(hand, examples):
    why = opened(hand, examples["cat"][0])
    why.get_by_label("Explain").select_option("dog")
    settled(hand)
    assert why.locator("h3").inner_text() == "Why dog?"
    assert listed(why) == in_python(explained(hand, "dog"))
    hand.draw(examples["zebra"][0])
    hand.wait()
    settled(hand)
    assert why.locator("h3").inner_text() == "Why dog?"
    assert listed(why) == in_python(explained(hand, "dog"))


def test_nothing_is_asked_before_it_is_opened(hand, examples):
    hand.page.evaluate(COUNTED)
    why = begin(hand, examples["cat"][0])
    hand.page.wait_for_timeout(400)
    assert hand.page.evaluate("asked") == []
    why.locator("summary").click()
    settled(hand)
    assert [one[:2] for one in hand.page.evaluate("asked")] == [["ablate", "strokes"]]
    hand.open("Play")
    hand.draw(examples["dog"][0])
    hand.wait()
    hand.page.wait_for_timeout(400)
    assert len(hand.page.evaluate("asked")) == 1
    hand.open("Think")
    settled(hand)
    assert len(hand.page.evaluate("asked")) > 1
    assert listed(why) == in_python(explained(hand))


def test_by_keys_alone(hand, examples):
    why = begin(hand, examples["cat"][0])
    why.locator("summary").focus()
    hand.page.keyboard.press("Enter")
    settled(hand)
    hand.page.keyboard.press("Tab")  # the class
    hand.page.keyboard.press("Tab")  # the views
    hand.page.keyboard.press("ArrowRight")
    settled(hand)
    assert why.get_by_role("radio", name="Occlusion").is_checked()
    check_map(why, explained(hand).occlusion)
    hand.page.keyboard.press("ArrowLeft")
    settled(hand)
    hand.page.keyboard.press("Tab")  # the first stroke
    assert why.locator("svg .pointed").count() == 1


def test_an_empty_pad_has_no_answer(hand, examples):
    why = opened(hand, examples["cat"][0])
    hand.press("Clear")
    hand.page.wait_for_timeout(400)
    assert why.locator("h3").inner_text() == "Why?"
    assert not why.locator("figure").is_visible()
    hand.draw([[[0, 9], [0, 9]]])
    hand.wait()
    settled(hand)
    assert why.locator("figure").is_visible()
    assert listed(why) == in_python(explained(hand))


def test_opening_it_puts_the_arithmetic_away(hand, examples):
    why = begin(hand, examples["cat"][0])
    hand.page.locator("#think .mosaic:not(.loupe)").first.click()
    dock = hand.page.locator("#think .dock-title")
    assert dock.is_visible()
    why.locator("summary").click()
    settled(hand)
    assert not dock.is_visible()


def test_on_a_phone_nothing_is_wider_than_the_screen(chromium_browser, address, examples):
    with watched(chromium_browser, address, **PHONE) as page:
        hand = Hand(page)
        opened(hand, examples["zebra"][0])
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )


def test_a_network_without_maps_says_so(chromium_browser, tmp_path):
    from inkgrad.web.served import find_models

    network = Network([Flatten(), Dense(2)])
    model = Model(network, network.initialise(seed=2), ("yes", "no"))
    model.save(tmp_path / "flat.safetensors")
    with (
        make_server(find_models(tmp_path / "flat.safetensors")) as address,
        watched(chromium_browser, address, **DESKTOP) as page,
    ):
        hand = Hand(page)
        why = opened(hand, draw("cat", np.random.default_rng(3)))
        found = explain_drawing(model, hand.strokes())
        assert listed(why) == in_python(found)
        why.get_by_text("Grad-CAM", exact=True).click()
        settled(hand)
        assert "no convolution with maps" in why.locator(".why-words > .note").inner_text()
        why.get_by_text("Gradient", exact=True).click()
        settled(hand)
        check_map(why, found.gradient)


def test_labels_stay_inside_and_apart(node):
    rng = np.random.default_rng(0)
    lines = [[rng.uniform(2, 26, (int(n), 2)).tolist()] for n in rng.integers(1, 9, 8)]
    points = [point for line in lines for point in line[0]]
    for widths in ([1.6] * 8, [1.2] * 8):
        places = node.call("static/page/labels.js", "placeLabels", lines, points, widths, 28)
        for n, (x, y) in enumerate(places):
            assert widths[n] <= x <= 28 - widths[n]
            assert 0.8 <= y <= 27.2
            for m, (other_x, other_y) in enumerate(places[:n]):
                assert abs(x - other_x) >= widths[n] + widths[m] or abs(y - other_y) >= 1.3
