"""No stroke is lost or joined, whatever draws, in any engine: the table of ``docs/page.md``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web import pens

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    with pens.pages(tmp_path_factory.mktemp("exported")) as addresses:
        yield addresses


@pytest.mark.parametrize("column", pens.COLUMNS)
def test_the_table_of_the_page_is_true(column: str, chromium_browser, addresses):
    with pens.engine_of(column, chromium_browser) as engine:
        found = pens.find(engine, addresses)
    wrong = [
        pens.describe(column, scenario, each)
        for scenario, each in zip(pens.SCENARIOS, found, strict=True)
        if not all(one.is_right for one in each)
    ]
    assert not wrong, "\n".join(wrong)
    assert pens.committed(column) == pens.cells(found), (
        "docs/page.md has another table: python -m tests.web.pens"
    )
