"""The files that are started first are there: one that was renamed would silently come last."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import LONGEST


@pytest.mark.parametrize("name", LONGEST)
def test_it_has_slow_tests(name):
    assert "mark.slow" in (Path(__file__).parent / name).read_text("utf-8")
