"""What is told while kernels are compiled; the compiling itself is waited for in slow tests."""

from __future__ import annotations

import pytest
from numba import njit

from inkgrad.engines.cpu import CpuEngine, warmup
from inkgrad.network import seed_network

FUNCTIONS = 5  # as many as are expected; really it is 107, which would take seconds


@pytest.fixture
def compiling(monkeypatch):
    """Return a function that lets the kernels be so many new functions."""

    def let(count: int) -> None:
        def run(numbers) -> None:
            for k in numbers:

                def function(x, k=k):
                    return x + k

                function.__qualname__ = f"function{k}"
                njit(function)(1)

        monkeypatch.setattr(warmup, "use_forward", lambda: run(range(count)))
        monkeypatch.setattr(warmup, "use_backward", lambda: run(range(count - 1)))  # counts once
        monkeypatch.setattr(warmup, "FUNCTIONS", FUNCTIONS)

    return let


@pytest.mark.parametrize("count", [1, 5, FUNCTIONS + 3])
def test_every_function_is_told_and_the_last_is_the_end(count, compiling):
    """Whether there are as many as expected, fewer or more."""
    compiling(count)
    told = []
    CpuEngine(seed_network()).prepare(lambda *progress: told.append(progress))
    expected = [*range(1, min(count, FUNCTIONS - 1) + 1), FUNCTIONS]
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


def test_what_a_second_process_compiles_is_told_too(compiling, monkeypatch):
    """The second compiles two more functions, and one that is compiled here as well."""

    class Two:
        def __init__(self, on_compiled):
            self.tell = on_compiled

        def wait(self, meanwhile):
            for name in ("one", "two", "tests.engines.cpu.test_warmup.function0:1"):
                self.tell(name)
                meanwhile()

        def stop(self):
            stopped.append(self)

    stopped = []
    compiling(2)
    use = warmup.use_forward
    monkeypatch.setattr(warmup, "can_help", lambda _: True)
    monkeypatch.setattr(warmup, "Helper", Two)
    monkeypatch.setattr(warmup, "identity", lambda what: identity_of(what))
    monkeypatch.setattr(warmup.phases, "forward", first := njit(lambda x: x))
    monkeypatch.setattr(warmup, "use_forward", lambda: (first(1), use()))

    def identity_of(what):
        return f"tests.engines.cpu.test_warmup.{what.data['dispatcher'].py_func.__qualname__}:1"

    told = []
    CpuEngine(seed_network()).prepare(lambda *progress: told.append(progress))
    assert told == [(done, FUNCTIONS) for done in (1, 2, 3, 4, 5)]
    assert len(stopped) == 1
