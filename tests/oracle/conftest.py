"""The frameworks that the oracle tests ask."""

from __future__ import annotations

import os
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    """Return PyTorch on one thread; without it skip, but fail in continuous integration."""
    if os.environ.get("CI") == "true":
        import torch as module
    else:
        module = pytest.importorskip("torch", reason="install the extra: pip install '.[oracle]'")
    module.set_num_threads(1)
    return module
