"""A browser that draws, teaches and steps until it is killed: ``python -m tests.web.killed``.

It prints a line of JSON after every deed: when, and what was there then.
"""

from __future__ import annotations

import json
import shutil
import sys
import time

from playwright.sync_api import sync_playwright

from tests.web.javascript import _CHROMIUM_FLAGS
from tests.web.pages import Hand

LINES = [[[[0, 255], [10 * n, 255 - 10 * n]]] for n in range(26)]
STATE = """() => {
  const { session, pad } = inkgradPage;
  return {
    strokes: pad.strokes.length,
    drawings: [...session.collection.values()].flat().length,
    steps: session.model.steps,
  };
}"""


def open_page(playwright, folder, address):
    """Return the page in a browser whose profile is a folder."""
    browser = playwright.chromium.launch_persistent_context(
        folder, executable_path=shutil.which("chromium"), args=_CHROMIUM_FLAGS
    )
    page = browser.new_page()
    page.goto(address)
    page.locator("#guesses .bars li").first.wait_for(state="attached")
    page.evaluate("() => inkgradPage.ready")
    return browser, page


def main(folder, address):
    """Do one thing after the other, for ever."""
    with sync_playwright() as playwright:
        _, page = open_page(playwright, folder, address)
        hand = Hand(page)

        def tell():
            print(json.dumps({"time": time.time(), **page.evaluate(STATE)}), flush=True)

        hand.open("Teach")
        page.get_by_label("What will you draw?").fill("line")
        tell()
        while True:
            for line in LINES[:4]:
                hand.draw(line)
                tell()
            hand.press("Add this drawing")
            tell()
            hand.draw(LINES[5])
            page.evaluate("() => inkgradPage.settled()")
            tell()
            page.evaluate("() => inkgradPage.session.step(0, 0.001)")
            tell()


if __name__ == "__main__":
    main(*sys.argv[1:])
