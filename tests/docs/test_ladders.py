"""The ladders' pages show every rung, as it stands in the code, and figures of these rungs."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from bench.ladder import backprop, convolution, dense, pool
from bench.ladder.climb import OPERATIONS
from bench.ladder.engine import LADDERS

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "ladder").glob("*.md"))
HELPERS = {"planes", "planes_of", "pooled_room", "read_winners"}  # of tests and other ladders
INCLUDED = re.compile(r"^```\{literalinclude\} (\S+)\n((?::.*\n)+)```$", re.MULTILINE)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def shown(page: Path) -> list[tuple[Path, str]]:
    """Return the files that a page includes a part of, each with the name of what is shown."""
    found = []
    for file, options in INCLUDED.findall(page.read_text("utf-8")):
        name = re.search(r"^:(?:pyobject|start-at): (\w+)", options, re.MULTILINE)
        assert name is not None, options
        found.append(((page.parent / file).resolve(), name[1]))
    return found


@every_page
def test_what_a_page_shows_exists(page):
    parts = shown(page)
    assert len(parts) >= 4
    for file, name in parts:
        names = set()
        for node in ast.parse(file.read_text("utf-8")).body:
            targets = node.targets if isinstance(node, ast.Assign) else [node]
            names |= {getattr(target, "id", getattr(target, "name", None)) for target in targets}
        assert name in names


@pytest.mark.parametrize(
    "module", [backprop, convolution, dense, pool], ids=lambda module: module.__name__
)
def test_a_page_shows_every_rung(module):
    page = module.__name__.rpartition(".")[2]
    own = {part for _, part in shown(ROOT / "docs" / "ladder" / f"{page}.md")}
    kernels = {word for word in module.__all__ if word.islower()} - HELPERS
    assert kernels <= own


def test_there_is_a_ladder_for_every_operation():
    assert tuple(LADDERS) == OPERATIONS


def test_the_figures_are_those_of_the_rungs():
    measured = json.loads((ROOT / "docs" / "ladder" / "measured.json").read_text("utf-8"))
    assert [(row["operation"], row["name"]) for row in measured["rows"]] == [
        (operation, rung.name) for operation in OPERATIONS for rung in LADDERS[operation]
    ]
    assert measured["machine"]["processor"]


def test_the_pages_show_every_operation():
    text = "".join(page.read_text("utf-8") for page in PAGES)
    for call in ("chart", "table"):
        assert set(re.findall(rf'figures\.{call}\("([^"]+)"\)', text)) == set(OPERATIONS)
