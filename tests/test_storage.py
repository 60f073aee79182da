"""Writing: a failure at every step leaves the old file or the new one, whole."""

from __future__ import annotations

import errno
import io
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from inkgrad import storage
from inkgrad.storage import append_bytes, atomic_write, atomic_write_bytes, sync_folder

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")


class Disaster(BaseException):
    """Not even an `Exception`, as KeyboardInterrupt is not."""


def names(folder: Path) -> list[str]:
    """Return the names in a folder, hidden ones too."""
    return sorted(entry.name for entry in folder.iterdir())


def fail(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def write(path: Path, data: bytes, then: Callable[[], None] = lambda: None, **failing: Any) -> None:
    """Write `data` and call `then` before the block ends."""
    with atomic_write(path, **failing) as file:
        file.write(data)
        then()


# --- when all goes well -------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"new", bytes(range(256)) * 10_000])
@pytest.mark.parametrize("before", [None, b"old and longer than the new"])
def test_the_bytes_arrive_and_nothing_else_stays(tmp_path, data, before):
    path = tmp_path / "model.bin"
    if before is not None:
        path.write_bytes(before)
    atomic_write_bytes(path, data)
    assert path.read_bytes() == data
    assert names(tmp_path) == ["model.bin"]


def test_until_the_block_ends_the_old_file_stands(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def test_parent_folders_are_created(tmp_path):
    path = tmp_path / "runs" / "first run" / "model.bin"
    atomic_write_bytes(str(path), b"1")  # text will do for a path
    assert path.read_bytes() == b"1"


def test_a_relative_path_will_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    atomic_write_bytes("here", b"1")
    assert names(tmp_path) == ["here"]


def test_the_steps_come_in_the_order_that_survives_a_power_cut(tmp_path):
    """Contents flushed, then the rename, then the folder flushed."""
    steps = []

    def fsync(descriptor):
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        if not is_folder:
            assert os.fstat(descriptor).st_size == 3  # Python's own buffer was flushed first
        steps.append("fsync folder" if is_folder else "fsync file")
        os.fsync(descriptor)

    def replace(old, new):
        assert Path(old).read_bytes() == b"new"
        steps.append("replace")
        os.replace(old, new)

    with atomic_write(tmp_path / "a", fsync=fsync, replace=replace) as file:
        file.write(b"new")
    assert steps == ["fsync file", "replace", "fsync folder"]


# --- when something fails -----------------------------------------------------------------------


@pytest.mark.parametrize("before", [None, b"old"])
@pytest.mark.parametrize("where", ["write", "fsync", "replace"])
def test_a_failure_before_the_rename_leaves_the_old_file(tmp_path, where, before):
    path = tmp_path / "a"
    if before is not None:
        path.write_bytes(before)
    failing = {"then" if where == "write" else where: fail}
    with pytest.raises(OSError, match="No space left"):
        write(path, b"half of the n", **failing)
    assert names(tmp_path) == ([] if before is None else ["a"])
    assert before is None or path.read_bytes() == before


def test_a_failure_of_the_last_flush_leaves_the_new_file_whole(tmp_path):
    """The file is there; only that its name survives a power cut cannot be promised."""
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            fail()

    with pytest.raises(OSError, match="No space left"):
        write(path, b"new", fsync=fsync)
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("disaster", [KeyboardInterrupt, SystemExit, Disaster, ValueError])
def test_an_interruption_inside_the_block_leaves_the_old_file(tmp_path, disaster):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def interrupt():
        raise disaster

    with pytest.raises(disaster):
        write(path, b"new", interrupt)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


@posix
def test_a_disk_that_is_really_full(tmp_path):
    """A limit on the size of files makes the operating system itself refuse the bytes."""
    path = tmp_path / "a"
    path.write_bytes(b"old")
    script = (
        "import resource, signal, sys\n"
        "from inkgrad.storage import atomic_write_bytes\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: atomic_write_bytes(sys.argv[1], b'n' * 5000)\n"
        "except OSError as error: sys.exit(error.errno)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], timeout=60, check=False)
    assert done.returncode == errno.EFBIG
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


@posix
def test_a_writer_that_is_killed_leaves_the_old_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    script = (
        "import os, signal, sys\n"
        "from inkgrad.storage import atomic_write\n"
        "with atomic_write(sys.argv[1]) as file:\n"
        "    file.write(b'half'); file.flush()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], timeout=60, check=False)
    assert path.read_bytes() == b"old"
    assert len(names(tmp_path)) == 2
    atomic_write_bytes(tmp_path / "b", b"another")  # whoever writes next sweeps what it has left
    assert names(tmp_path) == ["a", "b"]


def test_a_folder_in_the_way_stays(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="a"):
        atomic_write_bytes(tmp_path / "a", b"new")
    assert names(tmp_path) == ["a"]


def test_a_file_in_place_of_the_folder_is_an_error_of_the_system(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(OSError, match="a"):
        atomic_write_bytes(tmp_path / "a" / "b", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"


# --- permissions --------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_follow_the_umask(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        atomic_write_bytes(tmp_path / "a", b"1")
        assert os.umask(umask) == umask  # left as it was
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode


# --- temporaries --------------------------------------------------------------------------------

DAY = 24 * 3600


def temporary(folder: Path, target: str, age: float) -> Path:
    """Make a temporary file as a process leaves it that was killed `age` seconds ago."""
    path = folder / f".{target}.0a1b2c3d.inkgrad-tmp"
    path.write_bytes(b"half")
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def test_the_names_of_temporaries_are_as_the_tests_below_make_them(tmp_path):
    with atomic_write(tmp_path / "a") as file:
        (name,) = names(tmp_path)
        assert name == Path(file.name).name
        pattern = temporary(tmp_path, "a", 0).name
        assert len(name) == len(pattern)
        assert (name[:3], name[11:]) == (pattern[:3], pattern[11:])


@posix
@pytest.mark.parametrize("target", ["a", "b", "what? [new]*"])
def test_what_the_dead_have_left_is_swept_at_once_whatever_its_name(tmp_path, target):
    temporary(tmp_path, target, 1)
    atomic_write_bytes(tmp_path / "a", b"new")
    assert names(tmp_path) == ["a"]


def test_nothing_else_is_swept(tmp_path):
    others = [".a.old", "a.inkgrad-tmp", "a.part", ".a.lock", "inkgrad-tmp"]
    for name in others:
        (tmp_path / name).write_bytes(b"mine")
        os.utime(tmp_path / name, (0, 0))
    atomic_write_bytes(tmp_path / "a", b"new")
    assert names(tmp_path) == sorted([*others, "a"])


@pytest.mark.parametrize("age", [0, 9 * DAY])
def test_what_a_living_thread_is_writing_is_never_swept(tmp_path, age):
    with atomic_write(tmp_path / "a") as file:
        file.write(b"slow")
        os.utime(file.name, (time.time() - age, time.time() - age))
        atomic_write_bytes(tmp_path / "a", b"quick")
        atomic_write_bytes(tmp_path / "b", b"quick")
    assert (tmp_path / "a").read_bytes() == b"slow"
    assert names(tmp_path) == ["a", "b"]


@posix
def test_what_a_living_process_is_writing_is_never_swept(tmp_path):
    script = (
        "import sys\n"
        "from inkgrad.storage import atomic_write\n"
        "with atomic_write(sys.argv[1]) as file:\n"
        "    file.write(b'slow'); print('open', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "a")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdout.readline() == b"open\n"
        atomic_write_bytes(tmp_path / "b", b"quick")
        writer.communicate(timeout=60)
    assert writer.returncode == 0
    assert (tmp_path / "a").read_bytes() == b"slow"


@posix
@pytest.mark.parametrize("moment", ["before the lock", "under a sweeper's lock"])
def test_a_temporary_that_is_swept_before_it_is_locked_is_made_again(tmp_path, monkeypatch, moment):
    lock, calls = storage.try_lock, []

    def swept(descriptor):
        calls.append(descriptor)
        if len(calls) == 1:
            (name,) = names(tmp_path)
            (tmp_path / name).unlink()
            return lock(descriptor) if moment == "before the lock" else False
        return lock(descriptor)

    monkeypatch.setattr(storage, "try_lock", swept)
    atomic_write_bytes(tmp_path / "a", b"new")
    assert len(calls) == 2
    assert (tmp_path / "a").read_bytes() == b"new"
    assert names(tmp_path) == ["a"]


def test_where_there_are_no_locks_only_old_temporaries_are_swept(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "try_lock", lambda descriptor: None)
    old, fresh = temporary(tmp_path, "b", DAY + 60), temporary(tmp_path, "c", DAY - 60)
    atomic_write_bytes(tmp_path / "a", b"new")
    assert names(tmp_path) == [fresh.name, "a"]
    assert not old.exists()


@posix
def test_a_folder_that_cannot_be_listed_can_be_written_to(tmp_path, monkeypatch):
    def refuse(folder):
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr(storage.os, "scandir", refuse)
    atomic_write_bytes(tmp_path / "a", b"new")
    monkeypatch.undo()
    assert names(tmp_path) == ["a"]


def test_a_temporary_that_cannot_be_removed_does_not_stop_the_writing(tmp_path):
    stubborn = tmp_path / ".a.0a1b2c3d.inkgrad-tmp"
    stubborn.mkdir()  # unlink refuses folders
    os.utime(stubborn, (0, 0))
    atomic_write_bytes(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


# --- several at once ----------------------------------------------------------------------------


def test_concurrent_writers_leave_one_whole_file(tmp_path):
    """Readers see some writer's file and never a mixture; permissions stay the umask's."""
    path = tmp_path / "a"
    whole = [bytes([n]) * 200_000 for n in range(8)]
    atomic_write_bytes(path, whole[0])
    mask = os.umask(0o027)
    try:
        with ThreadPoolExecutor(8) as pool:
            writers = [pool.submit(atomic_write_bytes, path, data) for data in whole * 5]
            while not all(writer.done() for writer in writers):
                assert path.read_bytes() in whole
            for writer in writers:
                writer.result()
    finally:
        assert os.umask(mask) == 0o027
    assert path.read_bytes() in whole
    assert names(tmp_path) == ["a"]


def test_two_writers_may_be_open_at_once_and_the_last_to_finish_wins(tmp_path):
    path = tmp_path / "a"
    with atomic_write(path) as first:
        first.write(b"first")
        with atomic_write(path) as second:
            second.write(b"second")
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["a"]


# --- folders ------------------------------------------------------------------------------------


@posix
def test_sync_folder_flushes_the_folder_and_closes_it(tmp_path):
    seen = []

    def fsync(descriptor):
        seen.append(descriptor)
        assert stat.S_ISDIR(os.fstat(descriptor).st_mode)
        fail()

    with pytest.raises(OSError, match="No space left"):
        sync_folder(tmp_path, fsync=fsync)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(seen[0])


@posix
def test_a_folder_that_is_not_there_cannot_be_flushed(tmp_path):
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "nowhere")


# --- appending ----------------------------------------------------------------------------------


class Sparing(io.FileIO):
    """A file that takes three bytes at most, and none once it has `room` no more."""

    room = 10**9

    def write(self, data):
        data = memoryview(data)[: min(3, self.room)]
        Sparing.room -= len(data)
        if data.nbytes == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


@pytest.fixture
def sparing(monkeypatch):
    monkeypatch.setattr(Sparing, "room", 10**9)
    monkeypatch.setattr(
        storage, "open", lambda path, mode, buffering=-1: Sparing(path, mode[0]), raising=False
    )
    return Sparing


def test_what_is_taken_in_pieces_arrives_whole(tmp_path, sparing):
    for word in (b"", b"one", b" two, three"):
        append_bytes(tmp_path / "a", word)
    assert (tmp_path / "a").read_bytes() == b"one two, three"


def test_of_what_does_not_fit_nothing_stays(tmp_path, sparing, monkeypatch):
    append_bytes(tmp_path / "a", b"whole line\n")
    monkeypatch.setattr(sparing, "room", 7)
    with pytest.raises(OSError, match="No space left"):
        append_bytes(tmp_path / "a", b"another line\n")
    assert (tmp_path / "a").read_bytes() == b"whole line\n"


def test_a_file_that_takes_nothing_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(Sparing, "write", lambda self, data: None)
    monkeypatch.setattr(
        storage, "open", lambda path, mode, buffering=-1: Sparing(path, mode[0]), raising=False
    )
    with pytest.raises(OSError, match="takes no more bytes"):
        append_bytes(tmp_path / "a", b"1")
