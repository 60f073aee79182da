"""Which tests `make check` runs for a change."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.touched import ROOT, changed_files, touched

FILES = {
    "src/inkgrad/__init__.py": "",
    "src/inkgrad/pets/__init__.py": (
        "from inkgrad.pets.cat import Cat\nfrom inkgrad.pets.dog import Dog"
    ),
    "src/inkgrad/pets/cat.py": "class Cat: ...",
    "src/inkgrad/pets/dog.py": "class Dog: ...",
    "src/inkgrad/pets/tail.py": "",
    "src/inkgrad/web/static/drawing/pen.js": "",
    "docs/data.md": "",
    "bench/pets.py": "from inkgrad.pets import Dog",
    "tests/conftest.py": "",
    "tests/helper.py": "from .other import walk",
    "tests/other.py": "def walk():\n    from inkgrad.pets import Dog",
    "tests/test_alone.py": "import os",
    "tests/pets/conftest.py": "from inkgrad.pets.tail import wag",
    "tests/pets/test_cat.py": "",
    "tests/pets/sub/test_deep.py": "from tests import helper",
    "tests/test_names_cat.py": "from inkgrad.pets import Cat",
    "tests/test_benches.py": "import bench.pets",
    "tests/web/test_raster.py": "MODULE = 'static/drawing/pen.js'",
    "tests/web/test_other.py": "",
    "tests/docs/test_pages.py": "",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a small checkout."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        # its own examples, its mirror, then whoever names it or what it defines
        (
            "src/inkgrad/pets/cat.py",
            ["src/inkgrad/pets/cat.py", "tests/pets/test_cat.py", "tests/test_names_cat.py"],
        ),
        # no mirror: the whole folder; through helpers of helpers, and benchmarks
        (
            "src/inkgrad/pets/dog.py",
            [
                "src/inkgrad/pets/dog.py",
                "tests/pets/sub/test_deep.py",
                "tests/pets/test_cat.py",
                "tests/test_benches.py",
            ],
        ),
        ("tests/other.py", ["tests/pets/sub/test_deep.py"]),
        ("tests/pets/conftest.py", ["tests/pets/test_cat.py"]),
        ("tests/test_alone.py", ["tests/test_alone.py"]),
        (
            "src/inkgrad/web/static/drawing/pen.js",
            ["tests/web/test_other.py", "tests/web/test_raster.py"],
        ),
        ("docs/data.md", ["tests/docs/test_pages.py"]),
        ("LICENSE", []),
    ],
)
def test_what_a_change_touches(tree: Path, changed: str, expected: list[str]) -> None:
    assert touched([changed], tree) == expected


def test_common_fixtures_touch_every_test(tree: Path) -> None:
    everything = {name for name in FILES if "/test_" in name}
    assert set(touched(["tests/conftest.py"], tree)) == everything


def test_what_was_removed_is_not_handed_to_pytest(tree: Path) -> None:
    assert touched(["src/inkgrad/pets/ear.py"], tree) == [
        "tests/pets/sub/test_deep.py",
        "tests/pets/test_cat.py",
    ]


def test_the_change_is_what_git_does_not_know_or_else_the_last_commit(tree: Path) -> None:
    def git(*words: str) -> None:
        identity = ("-c", "user.name=Test", "-c", "user.email=test@localhost")
        subprocess.run(["git", "-C", str(tree), *identity, *words], check=True)

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    (tree / "docs" / "Füße.md").write_text("", encoding="utf-8")
    assert changed_files(root=tree) == ["docs/Füße.md"]
    git("add", ".")
    (tree / "docs" / "data.md").unlink()
    assert changed_files(root=tree) == ["docs/Füße.md", "docs/data.md"]
    git("commit", "--quiet", "-m", "second")
    assert changed_files(root=tree) == ["docs/data.md"]
    git("commit", "--quiet", "--all", "-m", "third")
    assert changed_files(root=tree) == ["docs/data.md"]
    assert changed_files("HEAD~2", root=tree) == ["docs/Füße.md", "docs/data.md"]


def test_in_this_checkout_a_layer_leads_to_its_tests_and_the_battery() -> None:
    names = touched(["src/inkgrad/layers/pool.py"], ROOT)
    assert names[:2] == ["src/inkgrad/layers/pool.py", "tests/layers/test_pool.py"]
    assert "tests/layers/test_every_layer.py" in names
    assert "tests/quickdraw/test_fetch.py" not in names
