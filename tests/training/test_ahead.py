"""Batches made ahead: the same ones, in order, and no thread that is left behind."""

from __future__ import annotations

import threading
import time

import pytest

from inkgrad.training.ahead import made_ahead


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "inkgrad-ahead"]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert threads() == []


@pytest.mark.parametrize("count", [0, 1, 3, 50])
@pytest.mark.parametrize("depth", [1, 3])
def test_what_is_made_comes_in_order(count, depth):
    with made_ahead(lambda n: n * n, range(count), depth) as made:
        assert list(made) == [n * n for n in range(count)]


def test_it_is_made_in_another_thread_and_not_too_far_ahead():
    begun: list[int] = []

    def make(n: int) -> threading.Thread:
        begun.append(n)
        return threading.current_thread()

    with made_ahead(make, range(100), depth=2) as made:
        assert next(made) is not threading.current_thread()
        deadline = time.monotonic() + 5
        while len(begun) < 4 and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.05)
        assert begun == [0, 1, 2, 3]  # one is read, two wait, one is held until there is room


def test_an_error_comes_where_its_result_would_have():
    def make(n: int) -> int:
        if n == 3:
            raise ValueError("no 3")
        return n

    with made_ahead(make, range(9)) as made:
        assert [next(made) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(ValueError, match="no 3"):
            next(made)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
@pytest.mark.parametrize("read", [0, 1, 5])
def test_leaving_early_ends_the_thread(error, read):
    def leave() -> None:
        with made_ahead(lambda n: n, range(10_000)) as made:
            for _ in range(read):
                next(made)
            raise error

    with pytest.raises(error):
        leave()


def test_leaving_while_one_is_being_made_waits_for_it():
    begun, done = threading.Event(), threading.Event()

    def make(n: int) -> int:
        begun.set()
        time.sleep(0.1)
        done.set()
        return n

    with made_ahead(make, range(9)):
        begun.wait()
    assert done.is_set()
