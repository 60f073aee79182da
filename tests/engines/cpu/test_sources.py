"""The digest of the kernels' sources: of what they compute, not of how they are written."""

from __future__ import annotations

import ast
import subprocess
import sys
import types
from pathlib import Path

import pytest

import inkgrad.engines.cpu
from inkgrad.engines.cpu.sources import ASIDE, digest, facts

TILES = "@along_rows", "@over_taps"
FOLDER = Path(inkgrad.engines.cpu.__file__).parent
SOURCE = '''
"""A module."""
from typing import NamedTuple
SIZE = 30

class Pair(NamedTuple):
    """Two."""
    first: int = 7

def double(x: int) -> int:
    """Return twice x."""
    return x * 2 if x in {"a", "b", "c", 1} else -0.0
'''


def facts_of(source: str) -> list[str]:
    return [repr(fact) for fact in facts(compile(source, "module.py", "exec"))]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"""A module."""', '# First.\n"""Another text, of\n\nseveral lines."""'),
        ("SIZE = 30", "SIZE = 30  # cells\n\n\n"),
        ('"""Two."""', '"""Both."""'),
        ('"""Return twice x."""', '"""Return x and x."""\n    # Together.'),
        ("return x * 2", "return (\n        x * 2)"),
    ],
)
def test_text_does_not_count(before, after):
    before = before if before != "return x * 2" else 'return x * 2 if x in {"a", "b", "c", 1}'
    after = after if "(\n" not in after else 'return x * 2 if x in {\n        "a", "b", "c", 1}'
    assert before in SOURCE
    assert facts_of(SOURCE.replace(before, after)) == facts_of(SOURCE)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("SIZE = 30", "SIZE = 31"),
        ("x * 2", "x * 3"),
        ("x * 2", "x + 2"),
        ("-0.0", "0.0"),
        ('"c"', '"d"'),
        ("first: int = 7", "first: int = 8"),
        ("Pair", "Two"),
        ("x: int", "x: float"),
    ],
)
def test_code_counts(before, after):
    assert before in SOURCE
    assert facts_of(SOURCE.replace(before, after)) != facts_of(SOURCE)


def test_every_process_finds_the_same():
    """Whatever the order in which it has a set's strings."""
    script = f"from tests.engines.cpu.test_sources import facts_of; print(facts_of({SOURCE!r}))"
    shown = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(map(str, sys.path))},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "12"
    }
    assert len(shown) == 1


def test_a_module_without_bytecode_counts_by_its_file(tmp_path, monkeypatch):
    """As one that was compiled to machine code has none."""
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").touch()
    module = tmp_path / "pack" / "one.py"
    found = set()
    for text in ("x = 1", "x = 1  # one", "x = 2"):
        module.write_text(text, "utf-8")
        spec = types.SimpleNamespace(loader=object(), origin=str(module))
        monkeypatch.setattr("importlib.util.find_spec", lambda _, spec=spec: spec)
        found.add(digest("pack", [str(tmp_path / "pack")]))
    assert len(found) == 3


def text_of(name: str) -> str:
    """Return the source of a module."""
    return (FOLDER / f"{name.replace('.', '/')}.py").read_text("utf-8")


def test_no_compiled_code_is_made_of_the_modules_that_do_not_count():
    """They may import the kernels, and not the other way round."""
    files = {path for path in FOLDER.rglob("*.py") if path.stem != "__init__"}
    modules = {".".join(path.relative_to(FOLDER).with_suffix("").parts) for path in files}
    assert modules > ASIDE
    for name in modules - ASIDE:
        tree = ast.parse(text_of(name))
        froms = (node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
        imported = {module.rpartition("engines.cpu.")[2] for module in froms}
        assert not imported & (ASIDE - {"sources"}), name
    for name in ASIDE:
        text = text_of(name)
        decorators = (
            "@kernel",
            "@inlined",
            "@entry",
            "@merged",
            "@njit",
            "@along_rows",
            "@over_taps",
        )
        assert not any(f"\n{decorator}\n" in text for decorator in decorators), name
