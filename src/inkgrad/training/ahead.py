"""Batches made ahead: a thread makes the next ones while the network learns from the last."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

__all__ = ["made_ahead"]

Given = TypeVar("Given")
Made = TypeVar("Made")

_DEPTH = 3  # batches that wait, at most: one may take longer than a step without a step waiting


@contextlib.contextmanager
def made_ahead(
    make: Callable[[Given], Made], given: Iterable[Given], depth: int = _DEPTH
) -> Iterator[Iterator[Made]]:
    """Have a thread call `make` with each of `given`, in order, up to `depth` ahead of its reader.

    What comes out is what ``map(make, given)`` gives, and an exception in `make` is raised where
    its result would have come. When the block is left, for whatever reason, the thread has ended.

    Examples
    --------
    >>> with made_ahead(abs, [-3, 4]) as made:
    ...     print(*made)
    3 4
    """
    maker = _Maker(make, given, depth)
    thread = threading.Thread(target=maker.run, name="inkgrad-ahead", daemon=True)
    thread.start()
    try:
        yield maker.results()
    finally:
        maker.stop()
        thread.join()


class _Maker(Generic[Given, Made]):
    """What the thread and its reader share."""

    def __init__(self, make: Callable[[Given], Made], given: Iterable[Given], depth: int) -> None:
        self._make, self._given = make, given
        self._made: queue.Queue[tuple[Made] | BaseException | None] = queue.Queue(depth)
        self._unwanted = False

    def run(self) -> None:
        """Make one after the other; then hand on that there are no more, or what went wrong."""
        end: BaseException | None = None
        try:
            for one in self._given:
                if self._unwanted:
                    return
                self._made.put((self._make(one),))
        except BaseException as error:  # the reader's, wherever it comes from
            end = error
        if not self._unwanted:
            self._made.put(end)

    def results(self) -> Iterator[Made]:
        """Yield what was made."""
        while True:
            made = self._made.get()
            if made is None:
                return
            if isinstance(made, BaseException):
                raise made
            yield made[0]

    def stop(self) -> None:
        """Have the thread end: it may wait for a place, or be about to."""
        self._unwanted = True
        with contextlib.suppress(queue.Empty):
            while True:
                self._made.get_nowait()
