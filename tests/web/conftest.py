"""The two places where our JavaScript runs; `javascript.py` tells how to use them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.javascript import JavaScript, chromium, make_site
from tests.web.javascript import node as start_node


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the JavaScript of the package and of the tests."""
    return make_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def node(site: Path) -> JavaScript:
    """Return node."""
    return start_node(site)


@pytest.fixture(scope="session")
def browser(site: Path) -> Iterator[JavaScript]:
    """Return Chromium; tests that ask for it are marked `browser`."""
    with chromium(site) as runtime:
        yield runtime


@pytest.fixture(
    scope="session", params=["node", pytest.param("browser", marks=pytest.mark.browser)]
)
def javascript(request: pytest.FixtureRequest) -> JavaScript:
    """Return node, then Chromium (whose turn is marked `browser`)."""
    runtime: JavaScript = request.getfixturevalue(request.param)
    return runtime
