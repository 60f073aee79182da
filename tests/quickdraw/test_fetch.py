"""Fetching: every fault of server, line and disk, and what the cache holds afterwards."""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inkgrad.errors import DataError, DownloadError
from inkgrad.quickdraw import partial_download, transfer
from inkgrad.quickdraw.cache import GOOGLE_BUCKET, held, mirror_folder, remember
from inkgrad.quickdraw.fetch import fetch
from inkgrad.quickdraw.partial_download import PartialDownload
from inkgrad.quickdraw.responses import NotFoundError, UnreachableError
from inkgrad.quickdraw.transfer import Client

from .bucket import (
    Bucket,
    Fault,
    body,
    both,
    cut,
    drip,
    fine,
    flip,
    header,
    html,
    ignore_range,
    stall,
    status,
    without_length,
)
from .fetcher import (
    CAT,
    HEADER,
    LINES,
    OVERLAP,
    ROW,
    ROWS,
    Fetcher,
    drawings,
    fetch_bitmaps,
    fetch_file,
    leftovers,
)

# What is fetched


def test_only_the_wanted_rows_travel(fetcher: Fetcher) -> None:
    path = fetcher(10)
    assert np.array_equal(np.load(path), ROWS[:10])
    assert fetcher.bucket.sent[CAT] == HEADER + 10 * ROW + 1024  # the first 1024 come twice
    assert leftovers(fetcher.cache) == {"cat.npy", "cat.npy.json"}


def test_a_class_with_fewer_rows_gives_all_it_has(fetcher: Fetcher) -> None:
    assert np.array_equal(np.load(fetcher(1000)), ROWS)
    fetcher.bucket.gets.clear()
    fetcher(5000)  # complete: there is nothing to ask for
    assert fetcher.bucket.gets == []


def test_the_whole_file(fetcher: Fetcher) -> None:
    path = fetcher(None)
    assert np.array_equal(np.load(path), ROWS)
    assert fetcher.bucket.sent[CAT] == len(fetcher.bucket.files[CAT]) + 1024


def test_one_row_is_less_than_the_first_request(fetcher: Fetcher) -> None:
    assert np.array_equal(np.load(fetcher(1)), ROWS[:1])


def test_a_cached_file_is_used_without_asking(fetcher: Fetcher) -> None:
    fetcher(10)
    fetcher.bucket.gets.clear()
    path = fetcher(7)
    assert len(np.load(path)) == 10
    assert fetcher.bucket.gets == []
    assert fetcher.told[-1] == ("cat", path.stat().st_size, path.stat().st_size)


def test_a_cached_file_is_extended(fetcher: Fetcher) -> None:
    fetcher(10)
    fetcher.bucket.sent.clear()
    assert np.array_equal(np.load(fetcher(25)), ROWS[:25])
    assert fetcher.bucket.sent[CAT] == 1024 + OVERLAP + 15 * ROW


def test_a_cached_file_of_another_edition_is_not_extended(fetcher: Fetcher) -> None:
    fetcher(10)
    new = drawings(40, seed=1)
    fetcher.bucket.put_bitmaps("cat", new)
    assert np.array_equal(np.load(fetcher(25)), new[:25])


@pytest.mark.parametrize("hashes", [True, False])
@pytest.mark.parametrize("tags", ["etag", "weak", "date", "none"])
def test_extending_and_resuming_with_any_kind_of_tag(
    fetcher: Fetcher, tags: str, hashes: bool
) -> None:
    fetcher.bucket.tags, fetcher.bucket.hashes = tags, hashes
    told = tags != "none" or hashes
    fetcher(5)
    fetcher.bucket.fail(CAT, fine, cut(7000), *[status(503)] * 3)
    kept = "what arrived is kept, run the same command again to go on"
    with pytest.raises(DownloadError, match=kept if told else "tries; run the same command again"):
        fetcher(20)
    assert fetcher.part.exists() == told
    fetcher.bucket.sent.clear()
    assert np.array_equal(np.load(fetcher(30)), ROWS[:30])
    resumed = fetcher.bucket.sent[CAT] < 30 * ROW
    assert resumed == told  # nothing tells whether the file is still the same


def test_a_damaged_cached_file_is_fetched_anew(fetcher: Fetcher) -> None:
    path = fetcher(10)
    for damaged in (b"", path.read_bytes()[:-1], b"x" * path.stat().st_size):
        path.write_bytes(damaged)
        assert np.array_equal(np.load(fetcher(10)), ROWS[:10])


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"size": 1}', "\xff", '{"edition": {"a": 1}}'])
def test_a_damaged_note_takes_the_trust_from_a_file(fetcher: Fetcher, note: str) -> None:
    path = fetcher(10)
    path.with_name("cat.npy.json").write_text(note, encoding="latin-1")
    assert held(path) is None
    assert np.array_equal(np.load(fetcher(10)), ROWS[:10])


def test_several_classes_at_once(fetcher: Fetcher) -> None:
    names = ["cat", *(f"class {n}" for n in range(7))]
    for n, name in enumerate(names):
        fetcher.bucket.put_bitmaps(name, drawings(20, seed=n))
    told: list[tuple[str, int, int]] = []
    paths = fetch_bitmaps(
        [*names, "cat"],
        5,
        base_url=fetcher.bucket.url,
        cache=fetcher.cache,
        progress=lambda *a: told.append(a),
    )
    assert list(paths) == names
    for n, path in enumerate(paths.values()):
        assert np.array_equal(np.load(path), drawings(20, seed=n)[:5])
    assert {name for name, _, _ in told} == set(names)
    assert all(0 < done <= total for _, done, total in told)


def test_no_class_is_nothing_to_do(tmp_path: Path) -> None:
    assert fetch_bitmaps([], 5, cache=tmp_path) == {}


def test_the_first_failure_ends_all(fetcher: Fetcher) -> None:
    names = [f"class {n}" for n in range(30)]
    for name in names:
        fetcher.bucket.put_bitmaps(name, ROWS)
    del fetcher.bucket.files["numpy_bitmap/class 0.npy"]
    with pytest.raises(NotFoundError, match=r"class%200\.npy: the server answered 404"):
        fetch_bitmaps(names, 5, base_url=fetcher.bucket.url, cache=fetcher.cache, connections=2)
    assert len({path for path, _ in fetcher.bucket.gets}) < 30


def test_a_missing_class_may_be_left_out(fetcher: Fetcher) -> None:
    paths = fetch_bitmaps(
        ["dolphin", "cat"], 5, base_url=fetcher.bucket.url, cache=fetcher.cache, missing_ok=True
    )
    assert list(paths) == ["cat"]


def test_two_mirrors_do_not_share_files(bucket: Bucket, tmp_path: Path) -> None:
    other = drawings(40, seed=9)
    with Bucket() as second:
        second.put_bitmaps("cat", other)
        one = fetch_file("numpy_bitmap", "cat", 5, base_url=bucket.url, cache=tmp_path)
        two = fetch_file("numpy_bitmap", "cat", 5, base_url=second.url, cache=tmp_path)
    assert np.array_equal(np.load(one), ROWS[:5])
    assert np.array_equal(np.load(two), other[:5])
    assert mirror_folder(GOOGLE_BUCKET + "/", tmp_path) == tmp_path


@pytest.mark.parametrize(
    ("rows", "kind", "connections", "match"),
    [
        (0, "simplified", 1, "rows is 0"),
        (5, "binary", 1, "whole only"),
        (5, "sketches", 1, "no kind of file 'sketches'; there are numpy_bitmap, simplified"),
        (5, "raw", 0, "connections is 0"),
    ],
)
def test_impossible_wishes(rows: int, kind: str, connections: int, match: str) -> None:
    with pytest.raises(DataError, match=match):
        fetch(kind, ["cat"], rows, connections=connections)


@pytest.mark.parametrize("name", ["", "../cat", "a/b", "a\\b", ".cat", "a\0"])
def test_names_that_lead_elsewhere_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be the name of a class"):
        fetch_bitmaps([name], 5, cache=tmp_path)


@pytest.mark.parametrize(
    "url", ["ftp://x/y", "http://", "http://x:y/z", "http://x/?a=b", "http://x/#a", "folder", ""]
)
def test_addresses_that_are_none(url: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="is not the address of a mirror"):
        fetch_bitmaps(["cat"], 5, base_url=url, cache=tmp_path)


# Files of lines


def test_the_first_lines(fetcher: Fetcher) -> None:
    path = fetcher(7, kind="simplified")
    assert path.read_text().splitlines() == LINES[:7]
    found = held(path)
    assert found is not None
    assert (found.records, found.complete) == (7, False)
    assert fetcher.bucket.sent["simplified/cat.ndjson"] < 4096
    assert fetcher(9, kind="simplified").read_text().splitlines() == LINES[:9]


@pytest.mark.parametrize("rows", [None, 200, 1000])
def test_all_lines(fetcher: Fetcher, rows: int | None) -> None:
    path = fetcher(rows, kind="simplified")
    assert path.read_bytes() == fetcher.bucket.files["simplified/cat.ndjson"]
    found = held(path)
    assert found is not None
    assert (found.records, found.complete) == (200, True)


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 3000), min_size=1, max_size=30),
    rows=st.lists(st.integers(1, 35), min_size=1, max_size=3),
    ends=st.booleans(),
)
def test_lines_of_any_length(lengths: list[int], rows: list[int], ends: bool) -> None:
    lines = [b'{"drawing": [], "is": "%s"}' % (b"x" * n) for n in lengths]
    content = b"\n".join(lines) + (b"\n" if ends else b"")
    with Bucket({"raw/a.ndjson": content}) as server, tempfile.TemporaryDirectory() as cache:
        most = 0
        for wanted in rows:
            path = fetch_file("raw", "a", wanted, base_url=server.url, cache=cache)
            most = max(most, wanted)  # a longer file that is there is used
            assert path.read_bytes().splitlines() == lines[:most]


def test_a_binary_file(fetcher: Fetcher) -> None:
    content = bytes(range(256)) * 40
    fetcher.bucket.files["binary/cat.bin"] = content
    fetcher.bucket.fail("binary/cat.bin", fine, cut(5000))
    assert fetcher(None, kind="binary").read_bytes() == content


def test_an_incomplete_file_of_any_kind_is_extended(fetcher: Fetcher) -> None:
    """Binary files are fetched whole; one that says it is not is gone on with all the same."""
    content = bytes(range(256)) * 40
    fetcher.bucket.files["binary/cat.bin"] = content
    path = fetcher(None, kind="binary")
    whole = held(path)
    assert whole is not None
    path.write_bytes(content[:5000])
    remember(replace(whole, complete=False))
    fetcher.bucket.sent.clear()
    assert fetcher(None, kind="binary").read_bytes() == content
    assert fetcher.bucket.sent["binary/cat.bin"] == 1024 + OVERLAP + len(content) - 5000


def test_a_file_of_lines_that_is_none(fetcher: Fetcher) -> None:
    fetcher.bucket.files["raw/cat.ndjson"] = b"<?xml version='1.0'?>"
    with pytest.raises(DownloadError, match="does not begin as a file of drawings does"):
        fetcher(5, kind="raw")
    assert leftovers(fetcher.cache) == set()


# Faults of the server and of the line that another try mends


@pytest.mark.parametrize(
    "faults",
    [
        [cut(0)],
        [cut(50)],
        [fine, cut(0)],
        [fine, cut(3000)],
        [fine, cut(3000), cut(1000)],
        [ignore_range, both(ignore_range, cut(3000)), ignore_range],
        [status(503)],
        [status(429, Retry_After="3")],
        [fine, status(500), cut(10)],
        [fine, header("Content-Length", "999999")],
        [fine, both(cut(100), header("Content-Length", "100"))],
    ],
)
def test_faults_that_pass(fetcher: Fetcher, faults: list[Fault]) -> None:
    fetcher.bucket.fail(CAT, *faults)
    assert np.array_equal(np.load(fetcher(10)), ROWS[:10])
    assert len(fetcher.slept) <= 2
    assert leftovers(fetcher.cache) == {"cat.npy", "cat.npy.json"}


def test_tries_wait_longer_each_time_and_as_the_server_asks(fetcher: Fetcher) -> None:
    fetcher.bucket.fail(CAT, *[status(503)] * 4, status(429, Retry_After="7"))
    fetcher(10, retries=5)
    assert fetcher.slept == [0.5, 1.0, 2.0, 4.0, 7.0]


def test_headway_begins_the_count_anew(fetcher: Fetcher) -> None:
    fetcher.bucket.put_bitmaps("cat", drawings(1000))
    fetcher.bucket.fail(CAT, fine, *[cut(100_000)] * 7)
    assert np.array_equal(np.load(fetcher(1000)), drawings(1000))
    assert fetcher.slept == [0.5] * 7


def test_a_server_that_ignores_ranges_is_left_early(fetcher: Fetcher) -> None:
    many = np.zeros((40_000, ROW), np.uint8)  # 31 MB, more than buffers swallow
    fetcher.bucket.put_bitmaps("cat", many)
    fetcher.bucket.always(CAT, ignore_range)
    assert len(np.load(fetcher(3))) == 3
    time.sleep(0.05)
    assert fetcher.bucket.sent[CAT] < len(fetcher.bucket.files[CAT])


def test_redirects_are_followed(fetcher: Fetcher) -> None:
    fetcher.bucket.files["elsewhere/cat.npy"] = fetcher.bucket.files[CAT]
    fetcher.bucket.always(CAT, status(302, Location=f"{fetcher.bucket.url}/elsewhere/cat.npy"))
    assert np.array_equal(np.load(fetcher(10)), ROWS[:10])


def test_a_file_that_changes_on_the_way_is_begun_anew(fetcher: Fetcher) -> None:
    new = drawings(40, seed=5)

    def change(answer) -> None:
        answer.cut_after = 2000
        fetcher.bucket.put_bitmaps("cat", new)

    fetcher.bucket.fail(CAT, fine, change)
    assert np.array_equal(np.load(fetcher(10)), new[:10])


def test_a_file_that_shrinks_on_the_way_is_begun_anew(fetcher: Fetcher) -> None:
    fetcher.bucket.tags = "date"

    def change(answer) -> None:
        answer.cut_after = 6000
        fetcher.bucket.put_bitmaps("cat", ROWS[:3])

    fetcher.bucket.fail(CAT, fine, change)
    assert np.array_equal(np.load(fetcher(10)), ROWS[:3])


# Faults that remain: a clear sentence, and nothing that is later trusted


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize(
    ("fault", "match"),
    [
        (status(404), "the server answered 404 Not Found; check the class's name"),
        (status(410), "the server answered 410"),
        (status(403), "the server answered 403 Forbidden; check the address and your access"),
        (status(416), "the server answered 416 .*the file is empty"),
        (
            status(503),
            r"the server answered 503 Service Unavailable, after 3 tries; run the same command",
        ),
        (status(503, Retry_After="3600"), "asks to wait 3600 s; try again after that"),
        (status(302, Location=""), "redirects without end"),
        (status(302, Location="http://:x"), "the connection was cut: Invalid URL in location"),
        (cut(3), r"the connection was cut: .*after 3 tries; what arrived is kept"),
        (html, "a web page came instead of drawings; check the address, and whether this network"),
        (body(b"hello, world" * 99), "cannot be used: its header: not an array in NumPy's format"),
        (body(b""), "cannot be used: it is empty"),
        (body(npy(ROWS)[:-1]), r"its header tells of 40 drawings, 31,488 bytes, but it has 31,487"),
        (body(npy(ROWS) + b"x"), "but it has 31,489; try again, or use another mirror"),
        (body(npy(ROWS.astype(np.float32))), "its header: an array of float32"),
        (body(npy(ROWS[:, :700])), r"its header: an array of shape \(40, 700\)"),
        (body(npy(np.asfortranarray(ROWS))), "in Fortran order"),
        (body(npy(ROWS[:0])), "it holds no drawings"),
        (body(npy(np.array([None] * 9))), "its header: an array of object"),
        (body(b"\x93NUMPY\x03\x00" + npy(ROWS)[8:]), "not an array in NumPy's format"),
        (body(b"\x93NUMPY\x01\x00\xff\xff" + npy(ROWS)[10:]), "not an array in NumPy's format"),
        (without_length, "the server does not tell the file's length"),
        (header("Content-Encoding", "gzip"), "compresses what was asked for plain"),
        (header("Content-Range", None), "the server sent 'an unnamed range'"),
        (header("Content-Range", "bytes 5-20/31488"), "asked for bytes from 0, the server sent"),
        (header("Content-Range", "bytes 0-1023/*"), r"the server sent 'bytes 0-1023/\*'"),
    ],
)
def test_faults_that_remain(fetcher: Fetcher, fault: Fault, match: str) -> None:
    fetcher.bucket.always(CAT, fault)
    fetcher.refuses(match)
    fetcher.bucket.always(CAT, fine)
    assert np.array_equal(np.load(fetcher(10)), ROWS[:10])


def test_a_dead_line_after_a_good_beginning(fetcher: Fetcher) -> None:
    fetcher.bucket.fail(CAT, fine, cut(6000))
    fetcher.bucket.always(CAT, cut(0))
    fetcher.refuses("what arrived is kept")
    assert fetcher.part.stat().st_size == 6000
    fetcher.bucket.always(CAT, fine)
    fetcher.bucket.sent.clear()
    assert np.array_equal(np.load(fetcher(10)), ROWS[:10])
    assert fetcher.bucket.sent[CAT] == HEADER + 10 * ROW - 6000 + OVERLAP


def test_a_stalled_server(fetcher: Fetcher) -> None:
    fetcher.bucket.always(CAT, stall(100))
    fetcher.refuses(r"the server sent nothing for 0.1 s, after 2 tries", timeout=0.1, retries=1)


def test_a_server_that_drips(fetcher: Fetcher) -> None:
    fetcher.bucket.always(CAT, drip(0.02))
    fetcher.refuses(r"only \d+ bytes came in \d+ s, after 2 tries", timeout=0.2, retries=1)


def test_a_wrong_sum(fetcher: Fetcher) -> None:
    wrong = "md5=" + "A" * 22 + "=="
    fetcher.bucket.always(CAT, header("x-goog-hash", wrong))
    fetcher.refuses("its MD5 sum is not the one that the server tells", rows=None)
    assert not fetcher.part.exists()
    assert len(np.load(fetcher(10))) == 10  # a part of the file has no sum to compare


@pytest.mark.parametrize("rows", [20, None])
def test_a_cached_file_that_the_disk_damaged_is_not_extended(
    fetcher: Fetcher, rows: int | None
) -> None:
    path = fetcher(10)
    damage(path, 2000)  # its size and header are right
    assert np.array_equal(np.load(fetcher(rows)), ROWS[:rows])


def damage(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_a_beginning_that_proves_wrong_is_fetched_again(fetcher: Fetcher) -> None:
    path = fetcher(10)
    damage(path, 2000)
    note = path.with_name("cat.npy.json")  # an older one, without the file's own sum
    note.write_text(re.sub(r',\s*"crc32": \d+', "", note.read_text()))
    assert held(path) is not None
    assert np.array_equal(np.load(fetcher(None)), ROWS)


def test_a_file_that_changes_all_the_time(fetcher: Fetcher) -> None:
    seeds = iter(range(100))

    def change(answer) -> None:
        answer.cut_after = 2000
        fetcher.bucket.put_bitmaps("cat", drawings(40, seed=next(seeds)))

    fetcher.bucket.always(CAT, change)
    with pytest.raises(DownloadError, match="the file was changed meanwhile; try again"):
        fetcher(10)
    assert not fetcher.file.exists()


# No network


def closed_port() -> str:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}/full"


def test_no_network_is_told_at_once(tmp_path: Path) -> None:
    slept: list[float] = []
    began = time.monotonic()
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1 cannot be reached \(no connection"):
        fetch_bitmaps(["cat", "dog"], 5, base_url=closed_port(), cache=tmp_path, sleep=slept.append)
    assert time.monotonic() - began < 2
    assert slept == []
    assert leftovers(tmp_path) == set()


class _Transport(httpx.BaseTransport):
    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.answer = answer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.answer(request)


def test_a_name_that_is_looked_up_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "CONTACT_TIMEOUT", 0.1)
    released = threading.Event()

    def look_up(request: httpx.Request) -> httpx.Response:
        released.wait(10)
        raise httpx.ConnectError("name resolution failed")

    with (
        Client(transport=_Transport(look_up)) as client,
        PartialDownload(tmp_path / "a") as piece,
    ):
        for _ in range(2):  # the second time it is known
            with pytest.raises(UnreachableError, match=r"bucket\.test .*no answer within 0\.1 s"):
                client.extend("http://bucket.test/a", piece, 10)
        released.set()


@pytest.mark.parametrize(
    ("error", "match"),
    [
        (httpx.ConnectTimeout("slow"), "no connection in time"),
        (httpx.ProxyError("407"), "no connection: 407"),
        (httpx.RemoteProtocolError("no HTTP"), "the connection was cut: no HTTP"),
    ],
)
def test_a_first_contact_that_fails(
    error: httpx.TransportError, match: str, tmp_path: Path
) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    with (
        Client(transport=_Transport(fail)) as client,
        PartialDownload(tmp_path / "a") as piece,
        pytest.raises(UnreachableError, match=match),
    ):
        client.extend("http://bucket.test/a", piece, 10)


def test_an_address_that_cannot_be_asked(tmp_path: Path) -> None:
    with (
        Client() as client,
        PartialDownload(tmp_path / "a") as piece,
        pytest.raises(DownloadError, match="not an address"),
    ):
        client.extend("http://127.0.0.1:1\x00/", piece, 10)


def test_unusable_proxy_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:1")
    with pytest.raises(DownloadError, match="settings for proxies or certificates"):
        fetch_bitmaps(["cat"], 5, cache=tmp_path)


def test_passwords_are_not_printed(fetcher: Fetcher) -> None:
    fetcher.bucket.always(CAT, status(403))
    url = fetcher.bucket.url.replace("http://", "http://me:secret@")
    with pytest.raises(DownloadError) as caught:
        fetch_bitmaps(["cat"], 5, base_url=url, cache=fetcher.cache)
    assert "secret" not in str(caught.value)
    assert not any("secret" in str(path) for path in fetcher.cache.rglob("*"))


# The disk


def test_a_full_disk(fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = Disk(monkeypatch, fail_at=3, error=errno.ENOSPC)
    fetcher.refuses(r"could not keep http://.*cat\.npy in '.*': No space left on device; free some")
    failing.heal()
    assert np.array_equal(np.load(fetcher(10)), ROWS[:10])


class Disk:
    """Counts writes, flushes, truncations and renames, and makes one of them fail."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, fail_at: int, error: int = errno.EIO
    ) -> None:
        self.calls = 0
        self.fail_at, self.error = fail_at, error
        self._lock = threading.Lock()
        monkeypatch.setattr(os, "fsync", self._guarded(os.fsync))
        monkeypatch.setattr(os, "replace", self._guarded(os.replace))
        monkeypatch.setattr(
            "inkgrad.storage.atomic_write.__wrapped__.__kwdefaults__",
            {"fsync": os.fsync, "replace": os.replace},
        )
        monkeypatch.setattr("inkgrad.storage.sync_folder.__kwdefaults__", {"fsync": os.fsync})
        open_part = partial_download._open
        monkeypatch.setattr(partial_download, "_open", lambda path: _File(self, open_part(path)))
        monkeypatch.setattr("inkgrad.storage.open", self._open, raising=False)
        monkeypatch.setattr(partial_download, "open", self._open, raising=False)

    def _open(self, path, mode, **options):
        file = open(path, mode, **options)  # noqa: SIM115  (whoever asked closes it)
        return _File(self, file) if mode in {"xb", "ab"} else file

    def _guarded(self, function):
        def call(*arguments):
            self.check()
            return function(*arguments)

        return call

    def check(self) -> None:
        with self._lock:
            self.calls += 1
            if self.calls == self.fail_at:
                raise OSError(self.error, os.strerror(self.error))

    def heal(self) -> None:
        self.fail_at = -1


class _File:
    """A file whose writes and truncations may fail, after writing a piece."""

    def __init__(self, disk: Disk, file) -> None:
        self._disk, self._file = disk, file

    def write(self, data) -> int:
        data = bytes(data)
        try:
            self._disk.check()
        except OSError:
            self._file.write(data[: len(data) // 2])
            raise
        return self._file.write(data)

    def truncate(self, size: int) -> int:
        self._disk.check()
        return self._file.truncate(size)

    def __enter__(self) -> _File:
        return self

    def __exit__(self, *_) -> None:
        self._file.close()

    def __getattr__(self, name: str):
        return getattr(self._file, name)


def test_a_failure_at_every_write_flush_and_rename(bucket: Bucket, tmp_path: Path) -> None:
    """A fresh fetch, an extension, and one with a changed file: each step fails once."""
    new = drawings(40, seed=3)
    step = 0
    while True:
        step += 1
        fetcher = Fetcher(bucket, tmp_path / str(step))
        bucket.put_bitmaps("cat", ROWS)
        with pytest.MonkeyPatch.context() as patch:
            disk = Disk(patch, fail_at=step)
            wishes = [(4, ROWS), (9, ROWS), (12, new)]
            failures = 0
            for rows, truth in wishes:
                if truth is new:
                    bucket.put_bitmaps("cat", new)
                try:
                    path = fetcher(rows)
                except DownloadError as error:
                    failures += 1
                    told = str(error)
                    assert "could not keep" in told
                    assert "Input/output error; check" in told
                    if held(fetcher.file) is not None:  # trusted: then it is wholly right
                        old = np.load(fetcher.file)
                        assert any(np.array_equal(old, a[: len(old)]) for a in (ROWS, new))
                    path = fetcher(rows)
                assert np.array_equal(np.load(path), truth[:rows])
        assert failures <= 1
        if disk.calls < step:
            break
    assert step > 25  # the failure was injected at every one of so many calls


def test_a_part_shortened_by_someone_else(tmp_path: Path) -> None:
    with PartialDownload(tmp_path / "a") as piece:
        piece.begin(partial_download.Edition('"a"', 100))
        piece.append(b"x" * 100)
        os.truncate(piece.path, 10)
        with pytest.raises(OSError, match="shortened by someone else"):
            piece.copy_to(io.BytesIO(), 0, 100)


def test_a_cache_that_cannot_be_made(fetcher: Fetcher, tmp_path: Path) -> None:
    fetcher.cache.write_text("a file stands where the folder should be")
    with pytest.raises(DownloadError, match=r"could not keep .*; check the folder, or choose"):
        fetcher(10)


# Several at once, and sudden ends


def test_two_processes_fetch_the_same_class(fetcher: Fetcher) -> None:
    fetcher.bucket.put_bitmaps("cat", drawings(3000))
    script = (
        "import sys; from inkgrad.quickdraw.fetch import fetch;"
        "found = fetch('numpy_bitmap', ['cat'], 2000, base_url=sys.argv[1], cache=sys.argv[2]);"
        "print(found['cat'])"
    )
    command = [sys.executable, "-c", script, fetcher.bucket.url, str(fetcher.cache)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    paths = {process.communicate(timeout=60)[0].strip() for process in running}
    assert len(paths) == 1
    assert np.array_equal(np.load(paths.pop()), drawings(3000)[:2000])
    assert fetcher.bucket.sent[CAT] == HEADER + 2000 * ROW + 1024  # only one of them fetched it


def test_two_threads_fetch_the_same_class(fetcher: Fetcher) -> None:
    waited = threading.Event()
    fetcher.bucket.fail(CAT, lambda answer: setattr(answer, "released", waited.wait(5)))

    def second() -> None:
        fetch_file(
            "numpy_bitmap",
            "cat",
            10,
            base_url=fetcher.bucket.url,
            cache=fetcher.cache,
            sleep=lambda _: (waited.set(), time.sleep(0.01)),
        )

    first = threading.Thread(target=fetcher)
    first.start()
    while not fetcher.bucket.gets:
        time.sleep(0.005)
    second()
    first.join()
    assert waited.is_set()
    assert fetcher.bucket.sent[CAT] == HEADER + 10 * ROW + 1024


@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_killed_and_started_again(fetcher: Fetcher) -> None:
    fetcher.bucket.put_bitmaps("cat", drawings(3000))
    fetcher.bucket.fail(CAT, fine, stall(1_000_000))
    script = (
        "import sys; from inkgrad.quickdraw.fetch import fetch;"
        "fetch('numpy_bitmap', ['cat'], 2000, base_url=sys.argv[1], cache=sys.argv[2])"
    )
    process = subprocess.Popen([sys.executable, "-c", script, fetcher.bucket.url, fetcher.cache])
    deadline = time.monotonic() + 30
    while not (fetcher.part.exists() and fetcher.part.stat().st_size >= 1_000_000):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert held(fetcher.file) is None
    there = fetcher.part.stat().st_size
    sums = fetcher.part.with_name("cat.npy.part.json").read_text().splitlines()[1:]
    summed = int(sums[-1].split()[0])
    assert there - 65536 < summed <= there  # what has no sum yet is fetched again
    fetcher.bucket.sent.clear()
    assert np.array_equal(np.load(fetcher(2000)), drawings(3000)[:2000])
    assert fetcher.bucket.sent[CAT] == HEADER + 2000 * ROW - summed + OVERLAP


def test_an_interrupt_ends_the_threads(fetcher: Fetcher) -> None:
    for n in range(4):
        fetcher.bucket.put_bitmaps(f"class {n}", drawings(2000))
        fetcher.bucket.always(f"numpy_bitmap/class {n}.npy", status(503))

    calls = 0

    def interrupt(seconds: float) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_bitmaps(
            [f"class {n}" for n in range(4)],
            2000,
            base_url=fetcher.bucket.url,
            cache=fetcher.cache,
            sleep=interrupt,
        )
    assert threading.active_count() < 20


def test_a_stopped_client_stops_while_it_receives(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put_bitmaps("cat", drawings(3000))
    with Client() as client, PartialDownload(tmp_path / "cat.npy") as piece:
        with pytest.raises(DownloadError, match="the download was stopped"):
            client.extend(f"{bucket.url}/{CAT}", piece, 10**9, lambda *_: client.stop())
        assert 0 < piece.size < len(bucket.files[CAT])


def test_a_part_is_used_in_its_block(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="inside its `with` block"):
        PartialDownload(tmp_path / "a").append(b"x")


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"tag": "a", "total": "b"}'])
def test_a_part_with_a_damaged_note_is_thrown_away(tmp_path: Path, note: str) -> None:
    (tmp_path / "a.part").write_bytes(b"bytes of we know not what")
    (tmp_path / "a.part.json").write_text(note)
    with PartialDownload(tmp_path / "a") as piece:
        assert piece.size == 0
    assert leftovers(tmp_path) == set()


# What the server tells, and what comes twice

SAME_LENGTH = ROWS.copy()
SAME_LENGTH[2:] = drawings(38, seed=8)  # what the first request brings is the same


def switch_after(bucket: Bucket, bytes_sent: int) -> Fault:
    """Cut the line, and put another edition of the same length on the server."""

    def change(answer) -> None:
        answer.cut_after = bytes_sent
        bucket.put_bitmaps("cat", SAME_LENGTH)

    return change


TOLD = [("none", True), ("date", False), ("weak", False), ("etag", False), ("weak date", True)]


@pytest.mark.parametrize(("tags", "hashes"), [*TOLD, ("none", False)])
def test_two_editions_are_not_mixed(fetcher: Fetcher, tags: str, hashes: bool) -> None:
    """Within one call, after a restart, and from a cached file."""
    bucket = fetcher.bucket
    bucket.tags, bucket.hashes = tags, hashes
    bucket.fail(CAT, fine, switch_after(bucket, 9000))
    assert np.array_equal(np.load(fetcher(25)), SAME_LENGTH[:25])
    bucket.put_bitmaps("cat", ROWS)
    assert np.array_equal(np.load(fetcher(30)), ROWS[:30])
    bucket.fail(CAT, fine, switch_after(bucket, 5000), *[status(503)] * 3)
    with pytest.raises(DownloadError):
        fetcher(38)
    assert np.array_equal(np.load(fetcher(38)), SAME_LENGTH[:38])


@pytest.mark.parametrize(("tags", "hashes"), [*TOLD, ("none", False)])
def test_edges_of_a_server_that_have_two_editions(
    fetcher: Fetcher, tags: str, hashes: bool
) -> None:
    bucket = fetcher.bucket
    bucket.tags, bucket.hashes = tags, hashes
    bucket.files["edge0/cat.npy"] = npy(ROWS)
    bucket.files["edge1/cat.npy"] = npy(SAME_LENGTH)
    edges = [status(302, Location=f"{bucket.url}/edge{n}/cat.npy") for n in range(2)]
    bucket.fail(CAT, edges[0], edges[0], edges[1])
    bucket.fail("edge0/cat.npy", fine, cut(9000))
    bucket.always(CAT, edges[1])
    assert np.array_equal(np.load(fetcher(25)), SAME_LENGTH[:25])


@pytest.mark.parametrize(("tags", "hashes"), TOLD)
def test_one_drawing_that_differs_is_noticed_by_what_the_server_tells(
    fetcher: Fetcher, tags: str, hashes: bool
) -> None:
    fetcher.bucket.tags, fetcher.bucket.hashes = tags, hashes
    fetcher(10)
    new = ROWS.copy()
    new[3, 400] ^= 1
    fetcher.bucket.put_bitmaps("cat", new)
    assert np.array_equal(np.load(fetcher(20)), new[:20])


def test_a_sum_that_changes_while_the_tag_stays(fetcher: Fetcher) -> None:
    stays = header("ETag", 'W/"always the same"')
    fetcher.bucket.always(CAT, stays)
    fetcher.bucket.fail(CAT, stays, both(stays, switch_after(fetcher.bucket, 9000)))
    assert np.array_equal(np.load(fetcher(25)), SAME_LENGTH[:25])


@pytest.mark.parametrize("tags", ["weak", "date", "etag"])
@pytest.mark.parametrize("silent_first", [True, False])
def test_a_server_that_tells_something_only_sometimes_is_not_believed(
    fetcher: Fetcher, tags: str, silent_first: bool
) -> None:
    """What is told only once cannot be compared: perhaps it is another edition."""
    fetcher.bucket.tags, fetcher.bucket.hashes = tags, False
    silent = both(header("ETag", None), header("Last-Modified", None))
    fetcher.bucket.fail(CAT, *([silent, fine] if silent_first else [fine, silent]))
    assert np.array_equal(np.load(fetcher(25)), ROWS[:25])
    assert [asked for _, asked in fetcher.bucket.gets].count("bytes=0-1023") == 2  # begun again


def test_only_a_strong_tag_is_a_condition(fetcher: Fetcher) -> None:
    for tags in ("weak", "date", "none", "weak date", "etag", "etag date"):
        fetcher.bucket.tags = tags
        fetcher.bucket.conditions.clear()
        fetcher(10)
        fetcher.file.unlink()
        strong = {f'"{hashlib.md5(fetcher.bucket.files[CAT]).hexdigest()}"'}
        assert set(fetcher.bucket.conditions) - {None} == (strong if "etag" in tags else set())


@pytest.mark.parametrize("hashes", [True, False])
def test_a_bit_that_changes_on_the_way_to_a_whole_file(fetcher: Fetcher, hashes: bool) -> None:
    """The sum shows it: Google's, or the body's where the whole file is the body."""
    fetcher.bucket.tags = "none"
    fetcher.bucket.hashes, fetcher.bucket.content_md5 = hashes, not hashes
    kind = fine if hashes else ignore_range
    fetcher.bucket.always(CAT, kind)
    fetcher.bucket.fail(CAT, kind, both(kind, flip_late))
    with pytest.raises(DownloadError, match="its MD5 sum is not the one that the server tells"):
        fetcher(None)
    assert np.array_equal(np.load(fetcher(None)), ROWS)


def flip_late(answer) -> None:
    """Tell the sum of the right body, and send a wrong one."""
    right = hashlib.md5(answer.body).digest()
    flip(20_000)(answer)
    answer.headers["Content-MD5"] = base64.b64encode(right).decode()


def test_a_bit_that_changes_in_what_comes_twice_is_noticed(fetcher: Fetcher) -> None:
    fetcher.bucket.fail(CAT, fine, flip(500))
    assert np.array_equal(np.load(fetcher(10)), ROWS[:10])
    assert [asked for _, asked in fetcher.bucket.gets].count("bytes=0-1023") == 2


def test_a_part_that_proves_wrong_is_fetched_again(fetcher: Fetcher) -> None:
    """A bit of the part changed on the way, before the line was cut: the whole sum shows it."""
    fetcher.bucket.fail(CAT, fine, both(flip(5000), cut(20_000)), *[status(404)])
    with pytest.raises(NotFoundError):
        fetcher(None)
    assert fetcher.part.stat().st_size == 20_000
    assert np.array_equal(np.load(fetcher(None)), ROWS)


@pytest.mark.parametrize(
    ("line", "match"),
    [
        (b'{"word": "cat", "drawing": [[[0', "line 3: not valid JSON at character"),
        (b'{"word": "cat"}', "line 3: not an object with a drawing"),
        (b'{"drawing": true}', "line 3: not an object with a drawing"),
        (b"[[[0, 1], [2, 3]]]", "line 3: not an object with a drawing"),
        (b'{"drawing": "\xff"}', "line 3 is not text in UTF-8"),
        (b'{"drawing": [[[NaN], [0]]]}', "line 3: NaN is not a number"),
    ],
)
def test_a_line_that_is_no_drawing(fetcher: Fetcher, line: bytes, match: str) -> None:
    path = "simplified/cat.ndjson"
    lines = fetcher.bucket.files[path].splitlines()
    lines[2] = line
    fetcher.bucket.files[path] = b"\n".join(lines) + b"\n"
    with pytest.raises(DownloadError, match=rf"cat\.ndjson cannot be used: .*{match}"):
        fetcher(5, kind="simplified")
    assert leftovers(fetcher.cache) == set()
    assert len(fetcher(2, kind="simplified").read_text().splitlines()) == 2  # not looked at


def test_a_server_that_tells_nothing_is_named_once(fetcher: Fetcher) -> None:
    for n in range(3):
        fetcher.bucket.put_bitmaps(f"class {n}", ROWS)
    names = [f"class {n}" for n in range(3)]
    notes: list[str] = []
    options = {"base_url": fetcher.bucket.url, "cache": fetcher.cache, "note": notes.append}
    fetch_bitmaps(names, 5, **options)
    assert notes == []
    fetcher.bucket.tags, fetcher.bucket.hashes = "none", False
    fetch_bitmaps(names, 10, **options)
    assert notes == [
        "127.0.0.1 tells neither tag, date nor sum of its files, so a changed or damaged file may "
        "go unnoticed"
    ]
    fetch_bitmaps(names, 10, **options)  # nothing is fetched
    assert len(notes) == 1


def test_a_note_with_another_number_of_rows(fetcher: Fetcher) -> None:
    path = fetcher(10)
    note = path.with_name("cat.npy.json")
    note.write_text(note.read_text().replace('"records": 10', '"records": 1000'))
    assert np.array_equal(np.load(fetcher(20)), ROWS[:20])


def test_a_cached_file_that_cannot_be_opened_is_fetched_again(fetcher: Fetcher) -> None:
    path = fetcher(10)
    size = path.stat().st_size
    path.unlink()
    path.mkdir()
    note = path.with_name("cat.npy.json")
    note.write_text(re.sub(r'"size": \d+', f'"size": {path.stat().st_size}', note.read_text()))
    with pytest.raises(DownloadError, match="could not keep"):  # a folder stands in its place
        fetcher(10)
    path.rmdir()
    assert fetcher(10).stat().st_size == size
