"""However often a training is killed, resumed it comes to the very model it would have come to.

Fifty of them, by hand: ``python -m tests.workflows.kills --n 50``.
"""

from __future__ import annotations

import os

import pytest

from tests.workflows.kills import run_kills

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="SIGKILL"),
    pytest.mark.usefixtures("surroundings"),
]


def test_killed_at_random_moments_and_resumed(quickdraw_folder, tmp_path):
    result = run_kills(4, quickdraw_folder.absolute(), tmp_path / "runs", seed=1)
    assert result.digests == {result.expected: 4}
    assert result.killed >= 4
