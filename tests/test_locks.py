"""File locks: one holder at a time, named; free again however the holder ends."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading

import pytest

from inkgrad import locks
from inkgrad.locks import file_lock, holder

HOLDER = """
import pathlib, sys
from inkgrad.locks import file_lock
with file_lock(pathlib.Path(sys.argv[1]), on_busy=sys.exit):
    print("held", flush=True)
    sys.stdin.read()
"""


class BusyError(Exception):
    pass


def busy():
    raise BusyError


def hold(path):
    """Start a process that holds the lock until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"held\n"
    return process


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / ".a.lock"


def test_another_process_is_kept_out_and_told_who_has_it(path):
    process = hold(path)
    try:
        before = path.read_bytes()
        with pytest.raises(BusyError), file_lock(path, busy):
            pass
        assert path.read_bytes() == before
        assert holder(path).startswith(f"process {process.pid} on ")
        assert "since 2" in holder(path)
    finally:
        process.communicate(timeout=60)
    assert not path.exists()
    with file_lock(path, busy) as held:
        assert held


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_holder_that_is_killed_holds_it_no_longer(path):
    process = hold(path)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert path.exists()
    with file_lock(path, busy):
        assert holder(path).startswith(f"process {os.getpid()} on ")
    assert not path.exists()


def test_another_thread_is_kept_out_too(path):
    refused = []

    def work():
        try:
            with file_lock(path, busy):
                pass
        except BusyError:
            refused.append(True)

    with file_lock(path, busy):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert refused == [True]


def test_who_waits_gets_it_though_its_file_is_removed_meanwhile(path):
    """Of many threads, each counts alone: no two hold different files of the same name."""
    count, inside = [0], []

    def work():
        for _ in range(25):
            with file_lock(path, lambda: None):
                inside.append(None)
                assert len(inside) == 1
                count[0] += 1
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count == [100]
    assert not path.exists()


def test_an_error_inside_comes_through_and_frees_it(path):
    with pytest.raises(FileNotFoundError, match="inside"), file_lock(path, busy):
        raise FileNotFoundError("inside")
    with file_lock(path, busy):
        pass


@pytest.mark.skipif(os.name == "nt", reason="flock")
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_where_there_are_no_locks_nobody_is_kept_out_and_that_is_told(path, monkeypatch, number):
    def refuse(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(locks, "_lock", refuse)
    with file_lock(path, busy) as first, file_lock(path, busy) as second:
        assert (first, second) == (False, False)


def test_any_other_refusal_is_an_error(path, monkeypatch):
    def refuse(descriptor):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(locks, "_lock", refuse)
    with pytest.raises(OSError, match="Input/output"), file_lock(path, busy):
        pass


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": "x"}'])
def test_a_holder_that_does_not_say_who_it_is(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    assert holder(path) == "another process"
