"""How long the drawing page's networks take for an answer: in node and in Chromium."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.page import FLAGS, page_addresses
from bench.pairs import median
from bench.rivals import leave_out
from bench.slower import slower
from inkgrad.network import seed_network, sketch_network
from inkgrad.web import static_folder

__all__ = ["bench_answers"]

_SCRIPT = Path(__file__).with_name("answers.js")
_NETWORKS = {"seed": seed_network(), "sketch": sketch_network()}


def bench_answers(*, turns: int, times: float = 1.0) -> list[dict[str, Any]]:
    """Time answers of the seed network and of `sketch`, with WebAssembly and without.

    Parameters
    ----------
    turns : int
        Times that each is measured, by turns.
    times : float
        How many times slower than this machine (see `slower`).

    Returns
    -------
    rows : list of dict
        ``where, network, way, ms`` (the median), ``least``, ``most``.
    """
    configs = {name: network.to_config() for name, network in _NETWORKS.items()}
    given = {"networks": configs, "turns": turns}
    return [
        {"where": where, "network": network, "way": way}
        | {"ms": median(found), "least": min(found), "most": max(found)}
        for where, results in _measured(given, times)
        for network, ways in results.items()
        for way, found in ways.items()
    ]


def _measured(given: dict[str, Any], times: float) -> Iterator[tuple[str, Any]]:
    """Measure wherever there is a runtime."""
    if (program := shutil.which("node")) is None:
        leave_out("node", "it is not installed")
    else:
        with tempfile.TemporaryDirectory(prefix="site-") as scratch:
            site = Path(scratch) / "site"
            shutil.copytree(static_folder(), site)
            (site / "package.json").write_text('{"type": "module"}')  # else .js is CommonJS
            shutil.copy(_SCRIPT, site / "answers.js")
            command = [program, str(site / "answers.js"), "./", json.dumps(given)]
            with slower(times, "node"):
                yield "node", json.loads(subprocess.check_output(command, cwd=site, text=True))
    if (program := shutil.which("chromium")) is None:
        leave_out("Chromium", "it is not installed")
        return
    from playwright.sync_api import sync_playwright

    with page_addresses() as addresses, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        page = browser.new_page()
        page.goto(addresses["inkgrad serve"])  # under its policy, too
        script = _SCRIPT.read_text("utf-8").partition("if (globalThis.process")[0]
        call = f"(given) => {{ {script} return measure('/static/', given); }}"
        with slower(times, "chrom"):
            yield "Chromium", page.evaluate(call, given)
        browser.close()
