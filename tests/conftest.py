"""What every test may use: the real drawings, and how many examples hypothesis draws."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

# Always the same examples, so that a test which passes today passes tomorrow. Choose a profile
# with --hypothesis-profile; `exhaustive` is what the slow tests run, `mutation` the mutation test.
settings.register_profile("default", max_examples=30, derandomize=True, deadline=None)
settings.register_profile(
    "exhaustive",
    settings.get_profile("default"),
    max_examples=1000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "mutation",
    settings.get_profile("default"),
    max_examples=12,
    phases=[Phase.generate],  # a failure is enough, it need not be made simple
)
settings.load_profile("default")


@pytest.fixture(scope="session")
def quickdraw_folder() -> Path:
    """Return the folder of real drawings that the environment variable INKGRAD_DATA names.

    Without it the test is skipped, except in continuous integration (CI=true), where real
    drawings are part of the proof and their absence is a failure.
    """
    named = os.environ.get("INKGRAD_DATA", "").removeprefix("file://")
    if named and Path(named).is_dir():
        return Path(named)
    reason = (
        f"INKGRAD_DATA is {named!r}, which is not a folder; it must hold Quick, Draw! drawings"
        if named
        else "needs real drawings: set INKGRAD_DATA to a folder of Quick, Draw! drawings"
    )
    if named or os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
