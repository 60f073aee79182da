"""What is told while kernels are compiled; the compiling itself is waited for in slow tests."""

from __future__ import annotations

import pytest
from numba import njit

from inkgrad.engines.cpu import CpuEngine, warmup
from inkgrad.network import seed_network

FUNCTIONS = 5  # as many as are expected; really it is 86, which would take seconds


@pytest.fixture
def compiling(monkeypatch):
    """Return a function that lets the kernels be so many new functions."""

    def let(count: int) -> None:
        def run() -> None:
            for k in range(count):
                njit(lambda x, k=k: x + k)(1)

        monkeypatch.setattr(warmup, "_use_kernels", run)
        monkeypatch.setattr(warmup, "FUNCTIONS", FUNCTIONS)

    return let


@pytest.mark.parametrize("count", [1, 5, FUNCTIONS + 3])
def test_every_function_is_told_and_the_last_is_the_end(count, compiling):
    """Whether there are as many as expected, fewer or more."""
    compiling(count)
    told = []
    CpuEngine(seed_network()).prepare(lambda *progress: told.append(progress))
    expected = [min(k, FUNCTIONS - 1) for k in range(1, count + 1)] + [FUNCTIONS]
    assert told == [(done, FUNCTIONS) for done in expected]


def test_where_there_is_nothing_to_compile_nothing_is_told(compiling):
    compiling(0)
    told = []
    CpuEngine(seed_network()).prepare(lambda *progress: told.append(progress))
    assert told == []


def test_once_ready_it_stays_so(nothing_compiles):
    told = []
    CpuEngine(seed_network()).prepare(lambda *progress: told.append(progress))
    CpuEngine(seed_network()).prepare()
    assert told == []
