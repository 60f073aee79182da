"""The same properties again, with hundreds of shapes instead of dozens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@pytest.mark.slow
def test_every_property_holds_for_many_more_shapes():
    """Run the property tests of layers, networks and engines with the exhaustive profile."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--hypothesis-profile=exhaustive"),
            *("-p", "no:cacheprovider", "--no-header", "-m", "hypothesis and not slow"),
            *(str(TESTS / part) for part in ("layers", "engines", "test_network.py")),
        ],
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
