"""The page in a frame of somebody else's page, in a notebook, and on a projector."""

from __future__ import annotations

import pytest

import inkgrad
from inkgrad.errors import InkgradError
from inkgrad.web.served import find_models
from tests.web.javascript import served
from tests.web.pages import Hand, watched
from tests.web.servers import running


def app(**options):
    from inkgrad.web.app import create_app

    return create_app(find_models("seed"), **options)


def frame_of(browser, source, folder):
    """Show an address in a frame of a page that another server serves."""
    (folder / "index.html").write_text(
        f'<!doctype html><title>slides</title><iframe width="900" height="420" src="{source}">'
        "</iframe>"
    )
    context = browser.new_context(viewport={"width": 1000, "height": 500})
    page = context.new_page()
    return context, page


@pytest.mark.browser
def test_slides_show_a_panel_if_they_are_allowed_to(chromium_browser, tmp_path, examples):
    with running(app(allow_frames=True)) as address, served(tmp_path) as slides:
        context, page = frame_of(chromium_browser, f"{address}/?embed#think", tmp_path)
        page.goto(f"{slides}/index.html")
        frame = page.frame_locator("iframe")
        frame.locator("#guesses .bars li").first.wait_for(state="attached")
        frame.locator("#think .layer").first.wait_for()
        assert not frame.locator(".top").is_visible()
        for selector in ("#pad", "#guesses .verdict", "#think"):
            assert frame.locator(selector).is_visible()
        inner = page.frames[1]
        assert inner.evaluate("document.documentElement.scrollHeight <= innerHeight")
        context.close()


@pytest.mark.browser
def test_without_being_asked_the_server_lets_nobody_frame_it(chromium_browser, tmp_path):
    with running(app()) as address, served(tmp_path) as slides:
        context, page = frame_of(chromium_browser, f"{address}/?embed", tmp_path)
        page.goto(f"{slides}/index.html")
        page.wait_for_timeout(500)
        assert page.frame_locator("iframe").locator("#pad").count() == 0
        context.close()


@pytest.mark.browser
def test_a_notebook_shows_the_page(chromium_browser, tmp_path, animals):
    """What Jupyter is handed works: one can draw in it, and it answers."""
    shown = inkgrad.show(animals, panel="learn", name="mine")
    (tmp_path / "index.html").write_text(
        f"<!doctype html><title>notebook</title>{shown._repr_html_()}", "utf-8"
    )
    context = chromium_browser.new_context(viewport={"width": 1000, "height": 500})
    page = context.new_page()
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    with served(tmp_path) as notebook:
        page.goto(f"{notebook}/index.html")
        frame = page.frame_locator("iframe")
        frame.locator("#learn .question").wait_for()
        frame.locator("#guesses .bars li").first.wait_for(state="attached")
        box = frame.locator("#pad").bounding_box()
        page.mouse.move(box["x"] + 40, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + 140, box["y"] + 120, steps=5)
        page.mouse.up()
        page.frames[1].evaluate("() => inkgradPage.settled()")
        assert page.frames[1].evaluate("() => inkgradPage.session.seen !== null")
        frame.get_by_role("tab", name="Think").click()
        frame.locator("#think .layer").first.wait_for()
    assert not faults
    context.close()


def test_a_panel_that_is_not_there(animals):
    with pytest.raises(InkgradError, match=r"^there is no panel 'paint'; there are play, think"):
        inkgrad.show(animals, panel="paint")
    assert "a notebook displays it" in repr(inkgrad.show(animals))


@pytest.mark.browser
def test_a_projector_gets_everything_larger(chromium_browser, address):
    with watched(chromium_browser, f"{address}/?present") as page:
        Hand(page).draw([[[0, 255], [0, 255]]])
        size = "parseFloat(getComputedStyle(document.documentElement).fontSize)"
        large = page.evaluate(size)
        page.locator("#present").click()
        assert page.evaluate(size) < large
