"""SVG against Chromium: the strokes that we read give the picture that a browser shows."""

from __future__ import annotations

import pytest

from inkgrad.drawing import bitmap_from_image, strokes_from_svg, to_bitmap
from tests.drawing.doodles import correlation
from tests.drawing.svg_files import svg_file
from tests.thorough import THOROUGH

FILES = 40 * THOROUGH
NEAR = 0.97  # the picture's lines are thinned from pixels, which moves them by some tenths of one

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(chromium_browser):
    with chromium_browser.new_context(viewport={"width": 300, "height": 300}) as context:
        yield context.new_page()


def shown(page, text, folder):
    """Return a picture of an SVG file as the browser shows it."""
    path = folder / "shown.svg"
    path.write_text(text, encoding="utf-8")
    page.goto(path.as_uri())
    return page.screenshot()


def test_files_are_drawn_as_a_browser_shows_them(page, tmp_path):
    different = {}
    for seed in range(FILES):
        text = svg_file(seed)
        ours = to_bitmap(strokes_from_svg(text))
        theirs = bitmap_from_image(shown(page, text, tmp_path))
        if correlation(ours, theirs) < NEAR:
            different[seed] = round(correlation(ours, theirs), 3)
    assert not different
