"""No wish of the user's terminal reaches these tests; each names its own."""

from __future__ import annotations

import pytest

WISHES = ("FORCE_COLOR", "NO_COLOR", "COLORTERM", "COLUMNS", "LINES", "TTY_COMPATIBLE")


@pytest.fixture(autouse=True)
def no_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what the environment says of terminals."""
    for name in WISHES:
        monkeypatch.delenv(name, raising=False)
