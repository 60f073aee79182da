"""The two places where our JavaScript runs, and the page in one of them.

`javascript.py` tells how to call functions, `pages.py` how to draw on the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inkgrad import Model, load
from tests.web.drawings import spirals
from tests.web.javascript import JavaScript, chromium, make_site
from tests.web.javascript import node as start_node
from tests.web.pages import Hand, make_server, watched


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the JavaScript of the package and of the tests."""
    return make_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def node(site: Path) -> Iterator[JavaScript]:
    """Return node."""
    with start_node(site) as runtime:
        yield runtime


@pytest.fixture(scope="session")
def browser(chromium_browser: Any, site: Path) -> Iterator[JavaScript]:
    """Return Chromium; tests that ask for it are marked `browser`."""
    with chromium(site, chromium_browser) as runtime:
        yield runtime


@pytest.fixture(
    scope="session", params=["node", pytest.param("browser", marks=pytest.mark.browser)]
)
def javascript(request: pytest.FixtureRequest) -> JavaScript:
    """Return node, then Chromium (whose turn is marked `browser`)."""
    runtime: JavaScript = request.getfixturevalue(request.param)
    return runtime


@pytest.fixture(scope="session")
def animals() -> Model:
    """Return the packaged model that the page opens with."""
    return load("seed", engine="reference")


@pytest.fixture(scope="session")
def examples(node: JavaScript) -> dict[str, Any]:
    """Return the page's example drawings of the five animals."""
    known = node.call("tests/constant.js", "constantOf", "static/page/examples.js", "EXAMPLES")
    return {name: known[name] for name in load("seed").classes}


@pytest.fixture(scope="session", name="spirals")
def some_spirals() -> list[Any]:
    """Return drawings of a class that no packaged model knows, all a little different."""
    return spirals(24, seed=5)


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Return where our server serves the page with the packaged models."""
    from inkgrad.web.served import find_models

    with make_server(find_models("seed", engine="reference")) as address:
        yield address


@pytest.fixture
def hand(chromium_browser: Any, address: str) -> Iterator[Hand]:
    """Return a hand that draws on the page, in a window of 1280 by 900."""
    with watched(chromium_browser, address, viewport={"width": 1280, "height": 900}) as page:
        yield Hand(page)
