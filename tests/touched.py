"""Test files that a change touches, nearest first: `python -m tests.touched`, for `make check`.

The change is what differs from the commit given, and what git does not know yet. Without one: from
`HEAD` if anything differs from it, else the last commit. A test file is touched, in this order, if

0. it is part of the change, or mirrors a file of it (`layers/conv.py`, `layers/test_conv.py`), or,
   where no test file mirrors that one, lies in the folder that does (`docs/data.md`, `tests/docs`);
1. it imports a changed module, or what that module defines, itself or through the tests' helpers;
2. its text names a changed file that is not Python (`README.md`, `static/drawing/pen.js`).

A module that is reached only through other modules does not count: `make test` is for that.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath

__all__ = ["changed_files", "touched"]

ROOT = Path(__file__).parents[1]


def touched(changes: Iterable[str], root: Path = ROOT) -> list[str]:
    """Return the files to hand to pytest, relative to `root`, for changed files named likewise."""
    changed = set(changes)
    modules = {_module(name) for name in changed if name.endswith(".py")}
    others = {PurePosixPath(name).name for name in changed if not name.endswith(".py")}
    found = (root / "tests").rglob("test_*.py")
    tests = {path.relative_to(root).as_posix(): path for path in found}
    nearest = (changed & tests.keys()).union(*(_mirrors(name, tests) for name in changed))
    nearness = dict.fromkeys(nearest, 0)
    for name in tests.keys() - nearest:
        if "tests.conftest" in modules or _named(root, _module(name)) & modules:
            nearness[name] = 1
        elif any(other in tests[name].read_text("utf-8") for other in others):
            nearness[name] = 2
    documented = [  # their docstrings hold examples
        name
        for name in sorted(changed)
        if name.startswith("src/") and name.endswith(".py") and (root / name).exists()
    ]
    return documented + sorted(nearness, key=lambda name: (nearness[name], name))


def changed_files(since: str | None = None, root: Path = ROOT) -> list[str]:
    """Return the files that differ from a commit (see above), deleted and new ones too."""
    new = _git(root, "ls-files", "--others", "--exclude-standard")
    differing = _git(root, "diff", "--no-renames", "--name-only", since or "HEAD")
    if not (since or new or differing):
        differing = _git(root, "diff", "--no-renames", "--name-only", "HEAD~1", "HEAD")
    return sorted({*new, *differing})


def _git(root: Path, *words: str) -> list[str]:
    git = ["git", "-C", str(root), "-c", "core.quotePath=false", *words]
    return subprocess.run(
        git, check=True, stdout=subprocess.PIPE, encoding="utf-8"
    ).stdout.splitlines()


def _module(name: str) -> str:
    """Return a file's name as it is imported: src/inkgrad/layers/conv.py, inkgrad.layers.conv."""
    parts = PurePosixPath(name.removeprefix("src/")).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _mirrors(name: str, tests: Iterable[str]) -> set[str]:
    """Return the test files that mirror a file of the sources, the documentation or benchmarks."""
    path = PurePosixPath(name)
    if path.parts[0] not in ("src", "docs", "bench"):
        return set()
    parts = [part for part in path.parts[:-1] if part not in ("src", "inkgrad")]
    if "static" in parts:  # the rooms of the browser's code are tested in one
        parts = parts[: parts.index("static")]
    folder = "/".join(["tests", *parts])
    there = {test for test in tests if test.startswith(f"{folder}/")}
    mirror = f"{folder}/test_{path.stem}.py"
    return {mirror} & there or (there if parts else set())


def _named(root: Path, module: str) -> set[str]:
    """Return the modules that a module of the tests names, itself or through their helpers."""
    named: set[str] = set()
    coming = [module]
    while coming:
        helper = coming.pop()
        found = _imported(root, helper) - named
        named |= found
        coming += [name for name in found if name.split(".")[0] in ("tests", "bench")]
    return named


@cache
def _imported(root: Path, module: str) -> frozenset[str]:
    """Return the modules that one imports from, and the fixtures beside it."""
    path = _file(root, module)
    if path is None:
        return frozenset()
    names = _imports(path.read_text("utf-8"), module)
    found = {home for name in names for home in _home(root, name)}
    folder = module.rpartition(".")[0]
    if folder.startswith("tests.") and _file(root, f"{folder}.conftest"):
        found.add(f"{folder}.conftest")
    return frozenset(found)


def _imports(source: str, module: str) -> Iterator[str]:
    """Yield every name that a source imports, with the module before it: inkgrad.layers.Conv2D."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = module.split(".")[: -node.level] if node.level else []
            home = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (f"{home}.{alias.name}" for alias in node.names)


def _home(root: Path, name: str) -> set[str]:
    """Return the module that a name is defined in, through the packages that hand it on."""
    if _file(root, name) is not None:
        return {name}
    package, _, last = name.rpartition(".")
    path = _file(root, package)
    if path is None or package == "inkgrad" or path.name != "__init__.py":
        return {package}  # the public face hands everything on: its tests are test_public's
    return _handed_on(root, package).get(last, {package})


@cache
def _handed_on(root: Path, package: str) -> dict[str, set[str]]:
    """Return where the names that a package's __init__ imports are defined."""
    path = root / "src" / Path(*package.split(".")) / "__init__.py"
    if not path.exists():
        return {}
    source = path.read_text("utf-8")
    return {
        name.rpartition(".")[2]: _home(root, name)
        for name in _imports(source, f"{package}.__init__")
        if name.startswith("inkgrad.")
    }


def _file(root: Path, module: str) -> Path | None:
    """Return the file of a module of the sources, the tests or the benchmarks."""
    place = Path(*module.split("."))
    for home in (root / "src", root):
        for path in (home / place.parent / f"{place.name}.py", home / place / "__init__.py"):
            if path.exists():
                return path
    return None


if __name__ == "__main__":
    print(*touched(changed_files(*sys.argv[1:2])), sep="\n")
