"""Signals that end a program: one line, the exit code 128 + number, and never a traceback."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any

__all__ = [
    "ENDING",
    "Stopped",
    "handle",
    "leave_at_once",
    "leave_to_system",
    "put_back",
    "raise_stopped",
]

ENDING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""The signals that ask a program to end: Ctrl-C, the system, a terminal that is closed."""


class Stopped(KeyboardInterrupt):
    """A signal ends what is under way, as Ctrl-C does.

    Parameters
    ----------
    number : int
        The signal.

    Attributes
    ----------
    number : int
    advice : str
        What to do next: whoever knows better than "give the command again" says so.

    Examples
    --------
    >>> print(Stopped(signal.SIGINT), "/", Stopped(signal.SIGTERM))
    interrupted / stopped by SIGTERM; give the command again
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.advice = "" if number == signal.SIGINT else "give the command again"

    def __str__(self) -> str:
        interrupted = self.number == signal.SIGINT
        what = "interrupted" if interrupted else f"stopped by {signal.Signals(self.number).name}"
        return f"{what}; {self.advice}" if self.advice else what

    @property
    def code(self) -> int:
        """The exit code of a program that such a signal has ended."""
        return 128 + self.number


def leave_at_once() -> None:
    """Have signals end the process with a line and no more: where there is nothing to clear up.

    So it is while modules are loaded, which would turn a `KeyboardInterrupt` into anything, and
    when the command is done.
    """
    handle(_leave)


@contextlib.contextmanager
def raise_stopped() -> Iterator[None]:
    """Have signals raise `Stopped`, so that what is under way can be cleared up.

    A second one ends the process at once. So does one that cannot be raised, as Python is just
    deleting an object. The former handlers are put back at the end.
    """
    raised: list[Stopped] = []

    def on_signal(number: int, frame: FrameType | None) -> None:
        leave_at_once()
        raised.append(Stopped(number))
        raise raised[0]

    def on_unraisable(unraisable: Any) -> None:
        if isinstance(unraisable.exc_value, Stopped):
            _leave(unraisable.exc_value.number)
        told[0](unraisable)

    def on_uncaught(kind: Any, value: Any, trace: Any) -> None:
        if not isinstance(value, Stopped):  # which a C extension prints before it goes on
            told[1](kind, value, trace)

    former, told = handle(on_signal), (sys.unraisablehook, sys.excepthook)
    sys.unraisablehook, sys.excepthook = on_unraisable, on_uncaught
    try:
        yield
    except Stopped:
        raise
    except (ImportError, RuntimeError, SystemError):
        if raised:  # what was loading just then has made another error of it
            raise raised[0] from None
        raise
    finally:
        sys.unraisablehook, sys.excepthook = told
        put_back(former)


def leave_to_system() -> None:
    """Have all but Ctrl-C end the process as the system does it: for a server that minds them."""
    handle(signal.SIG_DFL, [number for number in ENDING if number != signal.SIGINT])


def handle(handler: Any, numbers: Iterable[int] = ENDING) -> dict[int, Any]:
    """Set a handler, and return the former ones.

    A signal that is ignored (as under nohup) stays ignored, and so do all in a thread that is not
    the main one.
    """
    former: dict[int, Any] = {}
    for number in numbers:
        now = signal.getsignal(number)
        if now not in (None, signal.SIG_IGN):  # None: set by a C library, not ours to replace
            with contextlib.suppress(ValueError):  # only the main thread may
                signal.signal(number, handler)
                former[number] = now
    return former


def put_back(former: dict[int, Any]) -> None:
    """Set the handlers that `handle` has replaced, once."""
    while former:
        number, handler = former.popitem()
        signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None = None) -> None:
    """End the process, saying why, whatever state Python's own streams are in."""
    with contextlib.suppress(OSError):
        os.write(2, f"inkgrad: {Stopped(number)}\n".encode())
    os._exit(128 + number)
