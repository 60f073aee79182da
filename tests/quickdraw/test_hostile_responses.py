"""Nothing that a server answers, or that stands in a note, ends in an error of another kind."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inkgrad.errors import DataError, DownloadError
from inkgrad.quickdraw.cache import held
from inkgrad.quickdraw.fetch import fetch
from inkgrad.quickdraw.partial_download import PartialDownload
from inkgrad.quickdraw.responses import NotFoundError, _retry_after
from inkgrad.quickdraw.transfer import Client
from tests.thorough import THOROUGH

from .bucket import Answer, Bucket, both, cut, fine, header, ignore_range, status
from .fetcher import CAT, LINES, ROWS, Fetcher

pytestmark = pytest.mark.usefixtures("no_flushing")

LONG = "9" * 5000  # more digits than Python turns into a number


@pytest.fixture(autouse=True)
def no_names_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let names other than the loopback's fail as they fail without a network."""
    real = socket.getaddrinfo

    def look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        if host == "127.0.0.1":
            return real(host, *arguments, **options)
        if isinstance(host, str):
            host.encode("idna")  # as the real one does first
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize(
    ("fault", "match"),
    [
        (
            header("Content-Range", f"bytes 0-1023/{LONG}"),
            "asked for bytes from 0, the server sent",
        ),
        (header("Content-Range", f"bytes {LONG}-{LONG}/{LONG}"), "asked for bytes from 0"),
        (header("Content-Range", "bytes 0-1023/500"), "asked for bytes from 0, the server sent"),
        (header("Content-Range", "bytes 0-1023/1023"), "asked for bytes from 0, the server sent"),
        (header("Content-Range", "bytes \xb2-1023/31488"), "asked for bytes from 0"),
        (status(503, Retry_After=LONG), "the server answered 503 .*run the same command again"),
        (status(503, Retry_After="1" + "0" * 17), "asks to wait 100000000000000000 s"),
        (status(429, Retry_After=f"Mon, 01 Jan {LONG} 00:00:00 GMT"), "the server answered 429"),
        (status(302, Location="ftp://127.0.0.1/cat.npy"), "not an address .*ftp://"),
        (status(302, Location="http://" + "a" * 70 + ".test/x"), "not an address"),
        (status(302, Location="http://xn--\xff.test/x"), "could not fetch"),
        (status(302, Location="http://xn--a.test/x"), "could not fetch"),
        (status(302, Location="http://127.0.0.1:99999/x"), "could not fetch"),
        (status(302, Location="http://a b/x"), "could not fetch"),
        (status(302, Location="//"), "could not fetch"),
        (header("Content-Type", "TEXT/HTML"), "a web page came instead of drawings"),
    ],
)
def test_answers_that_are_refused(fetcher: Fetcher, fault: Any, match: str) -> None:
    fetcher.bucket.always(CAT, fault)
    fetcher.refuses(match)


@pytest.mark.parametrize("length", [LONG, "-1", "1e3", "\xb2", "0x10", "1_000", ""])
def test_lengths_that_are_none(
    bucket: Bucket,
    tmp_path: Path,
    length: str,
) -> None:
    """h11 looks at Content-Length too; no transport has to."""
    import httpx

    def answer(request: httpx.Request) -> httpx.Response:
        headers = [(b"Content-Length", length.encode("latin-1"))]
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(b"body"))

    with (
        Client(transport=httpx.MockTransport(answer)) as client,
        PartialDownload(tmp_path / "a") as part,
        pytest.raises(DownloadError, match="the server does not tell the file's length"),
    ):
        client.extend("http://bucket.test/a", part, 10)


def test_a_redirect_with_an_endless_or_damaged_body(fetcher: Fetcher) -> None:
    """Its body is nothing to be read, still less to be unpacked."""
    fetcher.bucket.files["elsewhere/cat.npy"] = fetcher.bucket.files[CAT]

    def redirect(answer: Answer) -> None:
        answer.status, answer.body, answer.drip = 302, b"\xff" * 10_000, 0.01
        answer.headers = {
            "Location": f"{fetcher.bucket.url}/elsewhere/cat.npy",
            "Content-Encoding": "gzip",
        }

    fetcher.bucket.always(CAT, redirect)
    began = time.monotonic()
    assert np.array_equal(np.load(fetcher(10)), ROWS[:10])
    assert time.monotonic() - began < 5


def test_odd_cookies_are_not_looked_at(fetcher: Fetcher) -> None:
    odd = f"a=b; expires=Mon, 01 Jan {LONG} 00:00:00 GMT; max-age={LONG}; version={LONG}"
    fetcher.bucket.always(CAT, header("Set-Cookie", odd))
    assert np.array_equal(np.load(fetcher(10)), ROWS[:10])


@pytest.mark.parametrize("tag", ['"\xe4"', 'W/"a"', "a", '"a', '"a" "b"', '"', " "])
def test_a_tag_that_cannot_be_sent_back_is_only_compared(
    fetcher: Fetcher,
    tag: str,
) -> None:
    fetcher.bucket.always(CAT, header("ETag", tag))
    assert np.array_equal(np.load(fetcher(10)), ROWS[:10])
    assert np.array_equal(np.load(fetcher(20)), ROWS[:20])


def test_a_date_without_a_zone_is_in_universal_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    if hasattr(time, "tzset"):
        time.tzset()
    try:
        soon = _retry_after(formatdate(time.time() + 30))  # ends in -0000
    finally:
        monkeypatch.undo()
        if hasattr(time, "tzset"):
            time.tzset()
    assert soon is not None
    assert 20 < soon <= 30


@pytest.mark.parametrize(
    "url",
    [
        "http://ex\ud800mple.test",
        "http://example.test/\udcff",
        "http://a\0b.test/",
        "http://exam\nple.test/",
        "http://example.test/\x1b[2J",
        "http://[::1/",
        "http://example.test:" + LONG,
    ],
)
def test_addresses_that_have_no_bytes(url: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="is not the address of a mirror"):
        fetch("numpy_bitmap", ["cat"], 5, base_url=url, cache=tmp_path)


@pytest.mark.parametrize(
    "url", ["http://" + "a" * 70 + ".test", "http://xn--a.test", "http://a..b"]
)
def test_hosts_that_no_network_has(url: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError):
        fetch("numpy_bitmap", ["cat"], 5, base_url=url, cache=tmp_path, retries=0)


def test_a_name_with_half_a_letter(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be the name of a class"):
        fetch("numpy_bitmap", ["c\ud800t"], 5, cache=tmp_path)


# Chance, by its number


def odd_text(rng: random.Random) -> str:
    """Return a value that a header might have, or not."""
    pieces = ["bytes", " ", "-", "/", "*", "0", "1023", "31488", LONG, '"', "W/", "\xff", "\xe9"]
    pieces += ["md5=", "==", ",", ";", "Mon, 01 Jan 2024 00:00:00", " GMT", " -0000", "1e9", "NaN"]
    return "".join(rng.choices(pieces, k=rng.randrange(8)))


def odd_address(rng: random.Random) -> str:
    pieces = [
        "http",
        "https",
        "ftp",
        "file",
        ":",
        "//",
        "/",
        "127.0.0.1",
        "[::1]",
        "[",
        "xn--",
        "%",
    ]
    pieces += ["a" * 70, ".", "..", "@", "\xff", " ", "?", "#", "99999", "", "\t", "%00", "é"]
    start = rng.choice(["", "http://", "//", "http://127.0.0.1:1/", "http://xn--"])
    return start + "".join(rng.choices(pieces, k=rng.randrange(6)))


NAMES = ["Content-Range", "ETag", "Last-Modified", "x-goog-hash", "Content-MD5", "Content-Type"]
NAMES += ["Content-Encoding", "Retry-After", "Location", "Set-Cookie", "Date", "Vary", "Age"]


def odd_fault(rng: random.Random) -> Callable[[Answer], None]:
    faults = [header(rng.choice(NAMES), odd_text(rng)) for _ in range(rng.randrange(1, 4))]
    faults.append(rng.choice([fine, fine, ignore_range, cut(rng.randrange(900))]))
    if rng.random() < 0.4:
        code = rng.choice([200, 204, 206, 226, 300, 301, 302, 303, 304, 307, 308, 400, 416, 429])
        odd = {"Location": odd_address(rng), rng.choice(NAMES): odd_text(rng)}
        faults.append(status(code, **odd))
    return both(*faults)


def fetch_with_chance(fetcher: Fetcher, seed: int, kind: str) -> None:
    """Fetch from a server that answers oddly; then, what is there must be right."""
    rng = random.Random(seed)
    path = CAT if kind == "numpy_bitmap" else "simplified/cat.ndjson"
    fetcher.bucket.fail(path, *[odd_fault(rng) for _ in range(rng.randrange(1, 4))])
    for rows in (5, 12):
        try:
            found = fetcher(rows, kind=kind, retries=1, timeout=0.3)
        except DownloadError:
            continue
        if kind == "numpy_bitmap":
            assert np.array_equal(np.load(found), ROWS[: len(np.load(found))])
        else:
            lines = found.read_text().splitlines()
            assert lines == LINES[: len(lines)]


@pytest.mark.parametrize("kind", ["numpy_bitmap", "simplified"])
def test_odd_answers_are_refused_or_right(bucket: Bucket, tmp_path: Path, kind: str) -> None:
    for seed in range(40):
        fetch_with_chance(Fetcher(bucket, tmp_path / str(seed)), seed, kind)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["numpy_bitmap", "simplified"])
def test_hundreds_of_odd_answers(bucket: Bucket, tmp_path: Path, kind: str) -> None:
    for seed in range(1000, 1000 + 200 * THOROUGH):
        fetch_with_chance(Fetcher(bucket, tmp_path / str(seed)), seed, kind)


ODD_VALUES = [
    True,
    False,
    None,
    -1,
    0,
    1,
    1.0,
    1e300,
    10**25,
    "",
    "a",
    "\ud800",
    [],
    {},
    [1],
    "9" * 99,
]
ODD_JSON = ["NaN", "Infinity", LONG, "[" * 5000, '{"a":1,"a":2}', '"\\ud800"', "", "\xff"]


def odd_note(note: bytes, rng: random.Random) -> bytes:
    """Return a note in which something was changed: a value, a key, or bytes."""
    way = rng.randrange(5)
    first, _, rest = note.partition(b"\n}" if note.startswith(b"{\n") else b"\n")
    if way == 0:
        place = rng.randrange(len(note))
        return note[:place] + rng.randbytes(rng.randrange(3)) + note[place + rng.randrange(3) :]
    if way == 1:
        return rng.choice(ODD_JSON).encode("latin-1")
    try:
        value = json.loads(note)
    except ValueError:
        value = json.loads(first)
    else:
        rest = b""
    inner = value["edition"] if "edition" in value and rng.random() < 0.5 else value
    key = rng.choice(list(inner))
    if way == 2:
        inner[key] = rng.choice(ODD_VALUES)
    elif way == 3:
        del inner[key]
    text = json.dumps(value)
    if way == 4:
        odd = rng.choice(ODD_JSON)
        text = text.replace(f'"{key}": ', f'"{key}": {odd}, "{key}": ', 1)
    return text.encode("latin-1", "replace") + b"\n" + rest


@pytest.mark.parametrize("which", ["cat.npy.json", "cat.npy.part.json"])
def test_odd_notes_take_the_trust_or_change_nothing(fetcher: Fetcher, which: str) -> None:
    rng = random.Random(7)
    fetcher(10)
    fetcher.bucket.fail(CAT, fine, cut(9000), *[status(404)])
    with pytest.raises(NotFoundError):
        fetcher(30)
    kept = {path: path.read_bytes() for path in fetcher.folder.rglob("cat.npy*")}
    path = fetcher.file.with_name(which)
    assert path in kept
    for number in range(60):
        for other, content in kept.items():
            other.write_bytes(content)
        path.write_bytes(odd_note(kept[path], rng))
        found = held(fetcher.file)
        if found is not None:
            assert type(found.records) is int
            assert type(found.complete) is bool
            assert type(found.edition.total) is int
        with PartialDownload(fetcher.file) as part:
            assert part.read(0, part.size) == fetcher.bucket.files[CAT][: part.size]
        if number % 3 == 0:
            rows = np.load(fetcher(20))
            assert np.array_equal(rows, ROWS[: len(rows)])
            assert len(rows) >= 20 or (found is not None and found.complete)
