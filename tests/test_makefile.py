"""`make` installs the fast engine where it can be had, and does without where it cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def install(folder: Path, refused: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run make with a Python that only notes what it is asked to install, or refuses it.

    In a folder of its own, by relative names alone: make takes none that has spaces in it.
    """
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(
        '#!/bin/sh\necho "$*" >> asked\n'
        f'case "$*" in *{refused}) echo refused >&2; exit 1;; esac\n',
        "utf-8",
    )
    python.chmod(0o755)
    # Not as part of the make that may have started the tests.
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        ["make", "VENV=.venv", ".venv/.base"],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    asked = (folder / "asked").read_text("utf-8")
    return done, [line.split()[-1] for line in asked.splitlines()]


@pytest.mark.parametrize(
    ("refused", "asked", "status", "said"),
    [
        ("nothing", [".[fast,web]"], 0, False),
        ("fast*", [".[fast,web]", ".[web]"], 0, True),
        ("editable*", [".[fast,web]", ".[web]"], 2, True),
    ],
)
def test_numba_is_installed_if_it_can_be(tmp_path, refused, asked, status, said):
    done, installed = install(tmp_path, refused)
    assert (installed, done.returncode) == (asked, status)
    assert ("Numba cannot be installed here" in done.stdout) == said
    assert ("refused" in done.stderr) == (status != 0)  # only what is fatal is shown
    assert (tmp_path / ".venv" / ".base").exists() == (status == 0)
