"""`make` installs the fast engine where it can be had, and does without where it cannot."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def install(folder: Path, refused: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run make with a Python that only notes what it is asked to install, or refuses it."""
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.write_text(
        f'#!/bin/sh\necho "$*" >> {folder}/asked\n'
        f'case "$*" in *{refused}) echo refused >&2; exit 1;; esac\n'
    )
    python.chmod(0o755)
    done = subprocess.run(
        ["make", "-C", str(ROOT), f"VENV={folder}", f"{folder}/.base"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done, [line.split()[-1] for line in (folder / "asked").read_text().splitlines()]


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
    assert (tmp_path / ".base").exists() == (status == 0)
