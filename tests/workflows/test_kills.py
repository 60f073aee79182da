"""However often a training is killed, resumed it comes to the very model it would have come to.

Fifty of them, by hand: ``python -m tests.workflows.kills --n 50``.
"""

from __future__ import annotations

import os

import pytest

from tests.thorough import THOROUGH
from tests.workflows.kills import run_kills

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="SIGKILL"),
    pytest.mark.usefixtures("surroundings"),
]


def test_killed_at_random_moments_and_resumed(quickdraw_folder, tmp_path):
    kills = 3 * THOROUGH
    result = run_kills(kills, quickdraw_folder.absolute(), tmp_path / "runs", seed=1)
    assert result.digests == {result.expected: kills}
    assert result.killed >= kills
