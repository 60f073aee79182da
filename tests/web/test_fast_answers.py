"""Three browsers answer by WebAssembly, served and in one file, and else by JavaScript."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from inkgrad import load
from inkgrad.network import seed_network, sketch_network
from inkgrad.packaged import DEFAULT_MODEL
from inkgrad.web.guard import HEADERS
from tests.web import pens
from tests.web.engines import Engine
from tests.web.javascript import served

pytestmark = pytest.mark.browser

BROWSERS = ("Chromium", "Firefox", "WebKit")
CROSS = [[[0, 255], [0, 255]], [[255, 0], [0, 255]]]
PATIENCE = 60.0  # seconds


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Return where the page is served, and where it is one file."""
    with pens.pages(tmp_path_factory.mktemp("exported")) as addresses:
        yield addresses


def answer(engine: Engine, address: str) -> dict[str, Any]:
    """Open the page and show it a drawing."""
    engine.open(address)
    wait(engine, "return !!page?.session.model")
    engine.run("page.session.show(arguments[0])", CROSS)
    wait(engine, "return !!page.session.seen")
    script = "const { by, outputs, probabilities } = page.session.seen;"
    return engine.run(f"{script} return {{ by, outputs, probabilities: [...probabilities] }}")


def wait(engine: Engine, script: str) -> Any:
    """Return what a script comes to as soon as that is something."""
    end = time.monotonic() + PATIENCE
    while not (found := engine.run(script)):
        assert time.monotonic() < end, script
        time.sleep(0.02)
    return found


@pytest.mark.parametrize("name", BROWSERS)
def test_the_policies_let_browsers_use_webassembly(name, chromium_browser, addresses):
    with pens.engine_of(name, chromium_browser) as engine:
        for address in addresses:
            assert answer(engine, address)["by"] == "WebAssembly"


@pytest.mark.parametrize("name", BROWSERS)
def test_a_policy_that_forbids_it_does_no_harm(name, chromium_browser, addresses, monkeypatch):
    policy = HEADERS["Content-Security-Policy"].replace(" 'wasm-unsafe-eval'", "")
    monkeypatch.setitem(HEADERS, "Content-Security-Policy", policy)
    with pens.engine_of(name, chromium_browser) as engine:
        found = answer(engine, addresses[0])
        assert found["by"] == "JavaScript"
        assert found["outputs"] is None  # the first panel does not show them
        assert engine.run("return document.getElementById('notice').textContent") == ""
    expected = load(DEFAULT_MODEL, engine="reference").predict_proba([CROSS])[0]
    np.testing.assert_allclose(found["probabilities"], expected, atol=1e-5)


@pytest.mark.parametrize("name", BROWSERS)
def test_kernels_are_several_times_as_fast(name, chromium_browser, site):
    """The quickest of many, since other programs run beside the test."""
    configs = {"seed": seed_network().to_config(), "sketch": sketch_network().to_config()}
    start = "import('/tests/predictor.js').then(async (module) => {"
    start += " window.times = await module.times(arguments[0]); });"
    with served(site) as address, pens.engine_of(name, chromium_browser) as engine:
        engine.open(f"{address}/index.html")
        engine.run(start, configs)
        found = wait(engine, "return window.times")
    for network, times in found.items():
        told = ", ".join(f"{way} {time:.2f} ms" for way, time in times.items())
        print(f"\n{name}, {network}: {told}", end="")
        assert times["fast"] < times["plain"] / 2
