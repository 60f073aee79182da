"""What the tests of the fast engine share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from numba.core import event

from inkgrad.engines.cpu import CpuEngine
from inkgrad.network import seed_network, sketch_network


@pytest.fixture(scope="session")
def compiled() -> None:
    """Have the kernels ready."""
    for network in (seed_network(), sketch_network()):
        CpuEngine(network).prepare()


@pytest.fixture
def nothing_compiles(compiled: None) -> Iterator[None]:
    """Demand of a test that Numba compiles nothing in it.

    To Numba a read-only array, say, is of another type: half a minute's wait in somebody's first
    step.
    """
    with event.install_recorder("numba:compile") as recorder:
        yield
    assert len(recorder.buffer) == 0
