"""Signals become requests; the second one is obeyed at once; handlers are put back."""

from __future__ import annotations

import signal
import threading

import pytest

from inkgrad.training.interrupts import Interrupted, StopRequest, catch_signals

ENDING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


@pytest.mark.parametrize("number", ENDING)
def test_the_first_signal_only_asks(number):
    request = StopRequest()
    before = signal.getsignal(number)
    with catch_signals(request):
        request.check()
        signal.raise_signal(number)
        assert (request.made, request.signal) == (True, number)
        with pytest.raises(Interrupted):
            request.check()
    assert signal.getsignal(number) is before


def test_the_second_ctrl_c_is_obeyed_at_once():
    request = StopRequest()
    with pytest.raises(KeyboardInterrupt), catch_signals(request):  # noqa: PT012
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_handlers_are_put_back_after_an_error():
    before = [signal.getsignal(number) for number in ENDING]
    with pytest.raises(RuntimeError, match="inside"), catch_signals(StopRequest()):
        raise RuntimeError("inside")
    assert [signal.getsignal(n) for n in ENDING] == before


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        request = StopRequest()
        with catch_signals(request):
            signal.raise_signal(signal.SIGINT)
        assert not request.made
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_leaves_the_handlers_alone():
    seen = []

    def work() -> None:
        with catch_signals(StopRequest()):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]


def test_should_stop_is_asked_until_it_says_yes():
    answers = iter([False, False, True])
    request = StopRequest(lambda: next(answers))
    request.check()
    request.check()
    for _ in range(2):  # the second time without asking again
        with pytest.raises(Interrupted):
            request.check()
