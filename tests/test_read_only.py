"""Installed where nothing can be written, for a user without a home, as in many containers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import inkgrad

PACKAGE = Path(inkgrad.__file__).parent


@pytest.fixture
def read_only(tmp_path: Path) -> dict[str, str]:
    """Return an environment whose inkgrad and whose home cannot be written to.

    Files in the place of folders stop even the superuser, whom modes do not bind.
    """
    copy, home = tmp_path / "site" / "inkgrad", tmp_path / "home"
    home.touch()
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [copy, *(path for path in copy.rglob("*") if path.is_dir())]:
        (folder / "__pycache__").touch()
    caches = ("XDG_CACHE_HOME", "LOCALAPPDATA", "NUMBA_CACHE_DIR")
    kept = {name: value for name, value in os.environ.items() if name not in caches}
    return {
        **kept,
        "PYTHONPATH": str(copy.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(home),
        "LOCALAPPDATA": str(home / "cache"),
    }


def run(script: str, environment: dict[str, str]) -> str:
    """Run a script and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_compiled_need_not_be_kept(read_only, tmp_path):
    pytest.importorskip("numba")
    (tmp_path / "site" / "double.py").write_text(
        "from inkgrad.engines.cpu.compiling import entry\n@entry\ndef double(x): return 2 * x\n",
        "utf-8",
    )
    (tmp_path / "site" / "__pycache__").touch()
    script = """
import inkgrad.drawing.compiled, inkgrad.engines.cpu.phases
from double import double
print(inkgrad.__file__, double(21))
"""
    copy = tmp_path / "site" / "inkgrad" / "__init__.py"
    assert run(script, read_only) == f"{copy} 42\n"


@pytest.mark.slow
def test_drawings_are_rasterised_and_recognised(read_only):
    """By the rasteriser as it is compiled; the kernels are kept in the same way, or are not."""
    script = """
from inkgrad import load
from inkgrad.drawing import rasterize_many
drawings = [[[[0, 255], [0, 255]]], [[[0, 9], [255, 0]]]]
plain, compiled = (rasterize_many(drawings, compiled=how) for how in (False, True))
print((plain == compiled).all(), len(load("animals", engine="reference").predict(plain)))
"""
    assert run(script, read_only) == "True 2\n"
