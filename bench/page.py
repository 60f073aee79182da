"""How soon the drawing page is there, and how soon it answers: in Chromium, from our own server."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

import inkgrad
from bench.pairs import median
from bench.slower import slower
from inkgrad.errors import InkgradError
from inkgrad.export import write_page

__all__ = ["FLAGS", "bench_page", "page_addresses"]

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_LOOKS = 50  # predictions timed in each page

# Asked in the page: what it and its engine have measured, in milliseconds.
_PAINTED = """() => {
  const paints = performance.getEntriesByType("paint");
  return paints.find(({ name }) => name === "first-contentful-paint").startTime;
}"""
_BYTES = """() => {
  const all = [...performance.getEntriesByType("navigation"),
               ...performance.getEntriesByType("resource")];
  return all.reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0);
}"""
_FIRST_ANSWER = """async () => {
  while (!globalThis.inkgradPage?.session.model) await new Promise((done) => setTimeout(done, 1));
  const ready = performance.now();
  await inkgradPage.session.show([[[0, 255, 128], [0, 0, 255]], [[30, 200], [40, 210]]]);
  return [ready, performance.now()];
}"""
_ANSWERS = """async (looks) => {
  const there = [], inside = [];
  for (let i = 0; i < looks; i++) {
    const drawing = [[[0, 255, 120 + i], [0, i, 255]], [[30, 200 - i], [40 + i, 210]]];
    const start = performance.now();
    await inkgradPage.session.show(drawing);
    there.push(performance.now() - start);
    inside.push(inkgradPage.session.seen.milliseconds);
  }
  return [there, inside];
}"""


def bench_page(
    *, rounds: int, times: float = 1.0, on_round: Callable[[int], object] | None = None
) -> list[dict[str, Any]]:
    """Open the page again and again, served and in one file, each time in an empty browser.

    Parameters
    ----------
    rounds : int
    times : float
        How many times slower than this machine; the browser is stopped again and again.
    on_round : callable, optional
        Told the number of each round.

    Returns
    -------
    rows : list of dict
        ``name, first_paint, ready, first_answer, answer, engine`` (milliseconds, medians: the
        first three since the address was opened; an answer as the page waits for it, and how much
        of that the engine took, each the mean of many), ``bytes`` in all.
    """
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        raise InkgradError("chromium is not installed (Debian: apt-get install chromium)")
    found: dict[str, list[dict[str, float]]] = {}
    with page_addresses() as addresses, sync_playwright() as playwright:
        for number in range(rounds):
            if on_round is not None:
                on_round(number + 1)
            for name, address in addresses.items():
                browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
                page = browser.new_page()
                with slower(times, "chrom"):
                    found.setdefault(name, []).append(_look_at(page, address))
                browser.close()
    return [
        {"name": name, **{what: median([look[what] for look in looks]) for what in looks[0]}}
        for name, looks in found.items()
    ]


def _look_at(page: Any, address: str) -> dict[str, float]:
    """Open the page, let it answer, and return what that took."""
    page.goto(address)
    ready, answered = page.evaluate(_FIRST_ANSWER)
    there, inside = page.evaluate(_ANSWERS, _LOOKS)
    return {
        "first_paint": page.evaluate(_PAINTED),
        "ready": ready,
        "first_answer": answered,
        "answer": fmean(there),  # of a page that is stopped again and again no median is true
        "engine": fmean(inside),
        "bytes": page.evaluate(_BYTES) or Path(address.removeprefix("file://")).stat().st_size,
    }


@contextlib.contextmanager
def page_addresses() -> Iterator[dict[str, str]]:
    """Serve the page as `inkgrad serve` does, and write it as one file."""
    command = [sys.executable, "-m", "inkgrad", "serve", "--no-open", "--port", "0"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "doodles.html"
        write_page(inkgrad.load("seed"), file, name="seed")
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                said = server.stdout.readline() if server.stdout else ""
                found = re.search(r"http://[\w.:\[\]]+/", said)
                if found is None:
                    raise InkgradError(f"inkgrad serve does not say where it serves: {said}")
                yield {"inkgrad serve": found[0], "one file": file.as_uri()}
            finally:
                server.terminate()
