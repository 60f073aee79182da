"""Ctrl-C without harm: a signal only asks for an end, and the loop ends between two steps."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from inkgrad.signals import handle, put_back

__all__ = ["Interrupted", "StopRequest", "catch_signals"]


class Interrupted(Exception):  # noqa: N818 - not an error
    """Leaves the training loop at a place where the state is whole."""


class StopRequest:
    """Whether somebody has asked for an end.

    Parameters
    ----------
    should_stop : callable, optional
        Asked at every check; a true answer is a request.

    Attributes
    ----------
    made : bool
    signal : int or None
        The signal that asked, if one did.

    Examples
    --------
    >>> request = StopRequest()
    >>> request.check()                        # nobody asked: nothing happens
    >>> request.made = True
    >>> request.check()
    Traceback (most recent call last):
    inkgrad.training.interrupts.Interrupted
    """

    def __init__(self, should_stop: Callable[[], bool] | None = None) -> None:
        self.made = False
        self.signal: int | None = None
        self._should_stop = should_stop

    def check(self) -> None:
        """Raise `Interrupted` if there was a request."""
        if not self.made and self._should_stop is not None:
            self.made = bool(self._should_stop())
        if self.made:
            raise Interrupted


@contextlib.contextmanager
def catch_signals(request: StopRequest) -> Iterator[None]:
    """Turn SIGINT (Ctrl-C), SIGTERM and SIGHUP into a request; a second one takes effect at once.

    Python raises KeyboardInterrupt between any two bytecodes, so also half-way through an update
    of the parameters: nothing sound could be saved then. Inside this block the first signal only
    sets `request.made`. It also puts the former handlers back, so that the second signal does what
    it would have done without us; so does the end of the block.

    Only the main thread may set handlers: in any other this does nothing. A signal that is
    ignored (as under nohup) stays ignored.
    """

    def on_signal(number: int, frame: FrameType | None) -> None:
        request.made, request.signal = True, number
        put_back(former)

    former: dict[int, Any] = {}
    former.update(handle(on_signal))
    try:
        yield
    finally:
        put_back(former)
