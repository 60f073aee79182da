"""A panel as a file: an SVG that a browser shows like the page, and a PNG of the same."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from inkgrad.export import write_page
from tests.drawing.doodles import HOUSE
from tests.web.pages import Hand, watched

pytestmark = pytest.mark.browser

WINDOW = {"width": 1280, "height": 900}
MARGIN = 16  # as in snapshot.js


@pytest.fixture(params=["served", "one file"])
def shown(request, chromium_browser, address, animals, tmp_path):
    """Return the page with a drawing on it, served and as one file."""
    if request.param == "one file":
        write_page(animals, tmp_path / "doodles.html", name="seed")
        address = (tmp_path / "doodles.html").as_uri()
    with watched(chromium_browser, address, viewport=WINDOW) as page:
        Hand(page).draw(HOUSE)
        page.evaluate("inkgradPage.settled()")
        yield page


def saved(page, kind):
    """Save the panel that is shown; return the file's name and contents."""
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Save it as {kind}").click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def likeness(one, other):
    """Return the correlation of two pictures, once each is made small."""
    a, b = (
        np.asarray(each.convert("L").resize((60, 60), Image.Resampling.BOX), float).ravel()
        for each in (one, other)
    )
    return float(np.corrcoef(a, b)[0, 1])


def test_a_panel_becomes_a_picture_like_it(shown, chromium_browser):
    for panel in ("play", "think", "learn", "teach"):
        shown.get_by_role("tab", name=panel.capitalize()).click()
        if panel == "learn":
            shown.locator("#learn label").first.click()
            shown.evaluate("inkgradPage.settled()")
        seen = shown.locator(f"#{panel}")
        name, svg = saved(shown, "SVG")
        assert name == f"seed-{panel}.svg"
        root = ElementTree.fromstring(svg)
        width, height = (round(float(root.attrib[side])) for side in ("width", "height"))
        name, png = saved(shown, "PNG")
        assert name == f"seed-{panel}.png"
        picture = Image.open(io.BytesIO(png))
        assert picture.size == (2 * width, 2 * height)
        part = [2 * MARGIN, 2 * MARGIN, 2 * (width - MARGIN), 2 * (height - MARGIN)]
        shown.evaluate("document.getAnimations().forEach((motion) => motion.finish())")
        page = Image.open(io.BytesIO(seen.screenshot()))
        page = page.crop((0, 0, page.width, min(page.height, height - 2 * MARGIN)))
        assert likeness(picture.crop(part), page) > 0.96, panel

        other = chromium_browser.new_page(viewport={"width": width, "height": height})
        other.set_content(f'<body style="margin:0">{svg.decode()}')
        assert likeness(picture, Image.open(io.BytesIO(other.screenshot()))) > 0.99, panel
        other.close()


def test_where_no_png_can_be_made_a_sentence_says_so(shown):
    shown.evaluate(
        "void (HTMLCanvasElement.prototype.toBlob = "
        "() => { throw new DOMException('', 'SecurityError') })"
    )
    shown.get_by_role("button", name="Save it as PNG").click()
    shown.locator("#notice", has_text="save it as SVG").wait_for()
