"""A server on the loopback with the bucket's layout, which can be told to misbehave."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import threading
import zlib
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import numpy as np


@dataclass
class Answer:
    """What the server is about to send; a fault changes it."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bytes  # the file, whatever range was asked for
    cut_after: int | None = None  # close the connection after so many bytes of the body
    stall_after: int | None = None  # send nothing more after so many bytes
    drip: float = 0.0  # seconds between single bytes


Fault = Callable[[Answer], None]


def status(code: int, **headers: str) -> Fault:
    def change(answer: Answer) -> None:
        answer.status, answer.body = code, b"no"
        answer.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    return change


def cut(after: int) -> Fault:
    return lambda answer: setattr(answer, "cut_after", after)


def stall(after: int) -> Fault:
    return lambda answer: setattr(answer, "stall_after", after)


def drip(seconds: float) -> Fault:
    return lambda answer: setattr(answer, "drip", seconds)


def fine(answer: Answer) -> None:
    """Misbehave in no way."""


def ignore_range(answer: Answer) -> None:
    answer.status, answer.body = 200, answer.whole
    answer.headers.pop("Content-Range", None)


def html(answer: Answer) -> None:
    answer.status, answer.body = 200, b"<html>Please log in</html>"
    answer.headers = {"Content-Type": "text/html; charset=utf-8"}


def body(content: bytes) -> Fault:
    """Send other content, as if it were the file."""

    def change(answer: Answer) -> None:
        answer.status, answer.body = 200, content
        answer.headers.pop("Content-Range", None)
        answer.headers.pop("x-goog-hash", None)

    return change


def header(name: str, value: str | None) -> Fault:
    """Send a header otherwise, or (None) not at all."""

    def change(answer: Answer) -> None:
        answer.headers.pop(name, None)
        if value is not None:
            answer.headers[name] = value

    return change


def flip(at: int) -> Fault:
    """Change one bit of the body on the way; the headers are those of the right one."""

    def change(answer: Answer) -> None:
        if answer.body:
            changed = bytearray(answer.body)
            changed[at % len(changed)] ^= 1 << at % 8
            answer.body = bytes(changed)

    return change


def without_length(answer: Answer) -> None:
    ignore_range(answer)
    answer.headers["Content-Length"] = ""


def both(*faults: Fault) -> Fault:
    def change(answer: Answer) -> None:
        for fault in faults:
            fault(answer)

    return change


@dataclass
class Bucket:
    """The server. Used in a `with` block.

    `files` maps paths such as ``"numpy_bitmap/cat.npy"`` to contents. `fail` names faults for the
    next GET requests of a path, one each; `always` one for all of them.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    tags: str = "etag"  # "etag" or "weak", "date", both ("etag date") or "none"
    hashes: bool = True  # tell the file's MD5 sum as Google does
    content_md5: bool = False  # tell the body's MD5 sum
    gets: list[tuple[str, str]] = field(default_factory=list)  # (path, Range header)
    conditions: list[str | None] = field(default_factory=list)  # If-Range headers
    sent: Counter[str] = field(default_factory=Counter)  # bytes of bodies, by path
    _queues: dict[str, deque[Fault]] = field(default_factory=dict)
    _always: dict[str, Fault] = field(default_factory=dict)

    def fail(self, path: str, *faults: Fault) -> None:
        self._queues.setdefault(path, deque()).extend(faults)

    def always(self, path: str, fault: Fault) -> None:
        self._always[path] = fault

    def fault(self, path: str) -> Fault:
        queue = self._queues.get(path)
        return queue.popleft() if queue else self._always.get(path, fine)

    def put_bitmaps(self, category: str, bitmaps: np.ndarray) -> None:
        file = io.BytesIO()
        np.save(file, bitmaps)
        self.files[f"numpy_bitmap/{category}.npy"] = file.getvalue()

    def put_lines(self, category: str, lines: list[str], kind: str = "simplified") -> None:
        self.files[f"{kind}/{category}.ndjson"] = "".join(f"{line}\n" for line in lines).encode()

    def __enter__(self) -> Bucket:
        self.closing = threading.Event()
        handler = type("BoundHandler", (_Handler,), {"bucket": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/full"
        return self

    def __exit__(self, *_: Any) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that leave early are what is tested."""


class _Handler(BaseHTTPRequestHandler):
    bucket: Bucket
    protocol_version = "HTTP/1.1"
    timeout = 5
    disable_nagle_algorithm = True  # headers and body go separately: do not wait for the ACK

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        path = unquote(self.path).removeprefix("/full/")
        asked = self.headers.get("Range", "")
        self.bucket.gets.append((path, asked))
        answer = self._answer(path, asked)
        self.bucket.fault(path)(answer)
        self._send(path, answer)

    def _answer(self, path: str, asked: str) -> Answer:
        whole = self.bucket.files.get(path)
        if whole is None:
            return Answer(404, {}, b"no such file", b"")
        digest = hashlib.md5(whole).digest()
        headers = {"Content-Type": "application/octet-stream"}
        tag = f'"{digest.hex()}"'
        if self.bucket.hashes:
            headers["x-goog-hash"] = f"crc32c=AAAAAA==,md5={base64.b64encode(digest).decode()}"
        if "etag" in self.bucket.tags:
            headers["ETag"] = tag
        if "weak" in self.bucket.tags:
            headers["ETag"] = f"W/{tag}"
        if "date" in self.bucket.tags:
            headers["Last-Modified"] = formatdate(1e9 + zlib.crc32(whole) % 1e9, usegmt=True)
        condition = self.headers.get("If-Range")
        self.bucket.conditions.append(condition)
        span = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
        if span is None or (condition is not None and condition != tag):
            return Answer(200, headers, whole, whole)
        first, last = int(span[1]), min(int(span[2]), len(whole) - 1)
        if first >= len(whole):
            return Answer(416, {"Content-Range": f"bytes */{len(whole)}"}, b"", whole)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(whole)}"
        return Answer(206, headers, whole[first : last + 1], whole)

    def _send(self, path: str, answer: Answer) -> None:
        if self.bucket.content_md5:
            digest = hashlib.md5(answer.body).digest()
            answer.headers.setdefault("Content-MD5", base64.b64encode(digest).decode())
        self.send_response(answer.status)
        length = answer.headers.pop("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if length:
            self.send_header("Content-Length", length)
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        step = 1 if answer.drip else 4096
        stops = [n for n in (answer.cut_after, answer.stall_after) if n is not None]
        end = min([len(answer.body), *stops])
        for start in range(0, end, step):
            block = answer.body[start : min(start + step, end)]
            self.wfile.write(block)
            self.bucket.sent[path] += len(block)
            if answer.drip and self.bucket.closing.wait(answer.drip):
                break
        if answer.stall_after is not None:
            self.bucket.closing.wait(5)
        if answer.cut_after is not None or answer.stall_after is not None:
            self.close_connection = True
