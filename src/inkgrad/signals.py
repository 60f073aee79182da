"""Signals that end a program: one line, the exit code 128 + number, and never a traceback."""

from __future__ import annotations

# The C half of `signal`. The whole of it, with its enums, takes milliseconds to load; so does
# `typing`. For as long Ctrl-C would still end the program by a traceback.
import _signal as signal  # type: ignore[import-not-found]
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType, TracebackType
    from typing import Any

__all__ = [
    "SIGINT",
    "Stopped",
    "handle",
    "leave_at_once",
    "leave_to_system",
    "put_back",
    "raise_stopped",
]

SIGINT: int = signal.SIGINT
_NAMES = {
    int(getattr(signal, name)): name
    for name in ("SIGINT", "SIGTERM", "SIGHUP")  # Ctrl-C, the system, a terminal that is closed
    if hasattr(signal, name)
}


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
    >>> print(Stopped(2), "/", Stopped(15))
    interrupted / stopped by SIGTERM; give the command again
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number
        self.advice = "" if number == SIGINT else "give the command again"

    def __str__(self) -> str:
        what = "interrupted" if self.number == SIGINT else f"stopped by {_NAMES[self.number]}"
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


class raise_stopped:  # noqa: N801 - a context manager, which `contextlib` would take long to load
    """Have signals raise `Stopped`, so that what is under way can be cleared up.

    A second one ends the process at once. So does one that cannot be raised, as Python is just
    deleting an object. The former handlers are put back at the end.
    """

    def __enter__(self) -> None:
        self._raised: Stopped | None = None
        self._hooks = sys.unraisablehook, sys.excepthook
        sys.unraisablehook, sys.excepthook = self._on_unraisable, self._on_uncaught
        self._former = handle(self._on_signal)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        put_back(self._former)
        sys.unraisablehook, sys.excepthook = self._hooks
        # What was being loaded just then may have made another error of it.
        if self._raised is not None and isinstance(error, (ImportError, RuntimeError, SystemError)):
            raise self._raised from None

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        leave_at_once()
        self._raised = Stopped(number)
        raise self._raised

    def _on_unraisable(self, unraisable: Any) -> None:
        if isinstance(unraisable.exc_value, Stopped):
            _leave(unraisable.exc_value.number)
        self._hooks[0](unraisable)

    def _on_uncaught(self, kind: Any, error: Any, trace: Any) -> None:
        if not isinstance(error, Stopped):  # which a C extension prints before it goes on
            self._hooks[1](kind, error, trace)


def leave_to_system() -> None:
    """Have all but Ctrl-C end the process as the system does it: for a server that minds them."""
    handle(signal.SIG_DFL, [number for number in _NAMES if number != SIGINT])


def handle(handler: Any, numbers: Iterable[int] = tuple(_NAMES)) -> dict[int, Any]:
    """Set a handler for the signals that end a program, and return the former ones.

    A signal that is ignored (as under nohup) stays ignored, and so do all in a thread that is not
    the main one.
    """
    former: dict[int, Any] = {}
    for number in numbers:
        now = signal.getsignal(number)
        if now not in (None, signal.SIG_IGN):  # None: set by a C library, not ours to replace
            try:
                signal.signal(number, handler)
            except ValueError:  # only the main thread may
                break
            former[number] = now
    return former


def put_back(former: dict[int, Any]) -> None:
    """Set the handlers that `handle` has replaced, once."""
    while former:
        number, handler = former.popitem()
        signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None = None) -> None:
    """End the process, saying why, whatever state Python's own streams are in."""
    try:
        os.write(2, f"inkgrad: {Stopped(number)}\n".encode())
    finally:
        os._exit(128 + number)
