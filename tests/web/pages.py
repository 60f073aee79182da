"""The drawing page in Chromium, from our own server, and a hand that draws on it.

    def test_cat(page):                              # the fixture of conftest.py
        hand = Hand(page)
        hand.draw(strokes)
        assert hand.guesses()[0] == "cat"

What a page must never do fails the test at its end: an error on the console, an exception that
nobody caught, a request to anybody but the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

__all__ = ["Hand", "make_server", "watched"]

PAD = 1000  # as in pad.js
Strokes = Any


@contextlib.contextmanager
def make_server(models: Any) -> Iterator[str]:
    """Serve models and the page at a free port of this machine; give the address."""
    import uvicorn

    from inkgrad.web.app import create_app

    config = uvicorn.Config(create_app(models), port=0, log_level="error", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.01)
        (listener,) = server.servers[0].sockets
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@contextlib.contextmanager
def watched(browser: Any, address: str, *, before: str = "", **options: Any) -> Iterator[Any]:
    """Open an address in a browser of its own, and watch what the page does.

    `before` is a script that runs before the page's own.
    """
    context = browser.new_context(accept_downloads=True, **options)
    faults: list[str] = []
    page = context.new_page()
    if before:
        page.add_init_script(before)

    def hear(message: Any) -> None:
        if message.type in {"error", "warning"}:
            faults.append(f"console: {message.text}")

    def watch(request: Any) -> None:
        home, asked = urlsplit(address), urlsplit(request.url)
        is_local = asked.scheme in {"blob", "data"}
        if not is_local and (asked.scheme, asked.netloc) != (home.scheme, home.netloc):
            faults.append(f"request: {request.url}")
        if home.scheme == "file" and asked.scheme == "file" and asked.path != home.path:
            faults.append(f"request: {request.url}")

    page.on("console", hear)
    page.on("pageerror", lambda error: faults.append(f"exception: {error}"))
    context.on("request", watch)
    try:
        page.goto(address)
        page.locator("#models option").first.wait_for(state="attached")
        # Not by wait_for_function, which needs eval, and that the page's policy forbids.
        page.locator("#guesses .bars li").first.wait_for(state="attached")
        yield page
    finally:
        context.close()
    assert not faults, faults


class Hand:
    """Draws on the page's pad by real pointer events, and reads what the page says."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def draw(
        self, drawing: Strokes, *, share: float = 0.76, place: tuple[float, float] = (0.5, 0.5)
    ) -> None:
        """Draw strokes so large that they fill a share of the pad, around a place on it."""
        session = self.page.context.new_cdp_session(self.page)
        for xs, ys in self.placed(drawing, share, place):
            points = [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
            first, last = points[0], points[-1]
            self._send(session, [("mouseMoved", first, False), ("mousePressed", first, True)])
            moves = [("mouseMoved", point, True) for point in points[1:]]
            self._send(session, [*moves, ("mouseReleased", last, False)])
        session.detach()

    def _send(self, session: Any, events: Sequence[tuple[str, tuple[float, float], bool]]) -> None:
        """Send what the mouse does as a quick hand does it: several events to a frame.

        They are the events that `mouse.move`, `down` and `up` send. But those wait a whole frame
        for each, and before each move of a pressed mouse look in the page for something dragged.
        There is no public way to send several at once but the asynchronous API, which cannot be
        used beside this one.
        """
        tell = session._impl_obj.send
        extra = {"timeout": None} if "timeout" in inspect.signature(tell).parameters else {}

        async def send() -> None:
            told = []
            for kind, (x, y), pressed in events:
                button = "none" if kind == "mouseMoved" and not pressed else "left"
                event = {"type": kind, "x": x, "y": y, "button": button, "buttons": int(pressed)}
                event |= {"clickCount": int(kind != "mouseMoved"), "force": 0.5 * pressed}
                told.append(tell("Input.dispatchMouseEvent", event, **extra))
            await asyncio.gather(*told)

        session._sync(send())

    def touch(self, drawing: Strokes) -> None:
        """Draw with a finger."""
        session = self.page.context.new_cdp_session(self.page)

        def tell(kind: str, *points: tuple[float, float]) -> None:
            places = [{"x": x, "y": y} for x, y in points]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

        for xs, ys in self.placed(drawing):
            tell("touchStart", (xs[0], ys[0]))
            for point in zip(xs[1:], ys[1:], strict=True):
                tell("touchMove", point)
            tell("touchEnd")

    def placed(
        self, drawing: Strokes, share: float = 0.76, place: tuple[float, float] = (0.5, 0.5)
    ) -> list[Any]:
        """Return strokes in the window's coordinates."""
        box = self.page.locator("#pad").bounding_box()
        points = np.concatenate([np.array(stroke[:2], float) for stroke in drawing], axis=1)
        low, high = points.min(axis=1), points.max(axis=1)
        scale = share * box["width"] / max((high - low).max(), 1)
        corner = np.array([box["x"], box["y"]]) + np.array(place) * box["width"]
        return [
            (np.array(stroke[:2], float) - ((low + high) / 2)[:, None]) * scale + corner[:, None]
            for stroke in drawing
        ]

    def wait(self) -> None:
        """Wait until the page has seen what is on the pad."""
        self.page.evaluate("() => inkgradPage.settled()")

    def guesses(self) -> list[str]:
        """Return the guesses shown, likeliest first."""
        self.wait()
        return self.page.locator("#guesses .bars .name").all_inner_texts()

    def shares(self) -> dict[str, float]:
        """Return the probability of every class."""
        self.wait()
        return self.page.evaluate(
            "() => Object.fromEntries(inkgradPage.session.model.classes.map("
            "(name, k) => [name, inkgradPage.session.seen.probabilities[k]]))"
        )

    def headline(self) -> str:
        """Return what the page takes the drawing for."""
        self.wait()
        return self.page.locator("#guesses .verdict p").first.inner_text()

    def strokes(self) -> list[Any]:
        """Return the strokes on the pad."""
        return self.page.evaluate("() => inkgradPage.session.drawing")

    def press(self, label: str) -> None:
        """Press the button of this name."""
        self.page.get_by_role("button", name=label, exact=True).click()

    def open(self, tab: str) -> None:
        """Open a tab."""
        self.page.get_by_role("tab", name=tab, exact=True).click()

    def answer(self, name: str) -> None:
        """Say on the tab Learn what the drawing really is, and wait for what follows."""
        self.page.locator("#learn label").get_by_text(name, exact=True).click()
        self.wait()
        self.page.locator("#learn .loss b").wait_for()

    def teach(self, name: str, drawings: Sequence[Strokes]) -> None:
        """Teach a class on the tab Teach."""
        self.open("Teach")
        self.page.get_by_label("What will you draw?").fill(name)
        for drawing in drawings:
            self.draw(drawing)
            self.wait()
            self.press("Add this drawing")
        self.press("Teach it")
        self.page.locator("#taught", has_text=f"It knows {name} now").wait_for()

    def save(self, label: str, path: Path) -> Path:
        """Press a button that saves a file, and keep the file."""
        with self.page.expect_download() as download:
            self.press(label)
        folder = path if path.is_dir() else path.parent
        file = folder / download.value.suggested_filename
        download.value.save_as(file)
        return file

    def classes(self) -> list[str]:
        """Return the classes that the model knows."""
        return self.page.evaluate("() => inkgradPage.session.model.classes")
