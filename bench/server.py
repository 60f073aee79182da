"""How long the server's answers take: real requests to a real process, at a steady rate."""

from __future__ import annotations

import http.client
import io
import json
import queue
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from inkgrad.model import Model
from inkgrad.network import seed_network
from inkgrad.quickdraw.doodles import draw

__all__ = ["at_rate", "bench_server", "quantile"]

_CLASSES = ("cat", "dog", "dolphin", "elephant", "zebra")
_DRAWINGS = 100  # different ones, in turn
_CONNECTIONS = 16  # kept alive; so many requests may wait at once


def bench_server(
    *, rate: float, seconds: float, on_kind: Callable[[str], None] = lambda _: None
) -> list[dict[str, Any]]:
    """Measure the time from when a request was due until its answer was there.

    Requests are sent when they are due, whether or not those before have been answered (an open
    loop), so that one slow answer is paid for by all that wait behind it.

    Returns
    -------
    rows : list of dict
        ``name, rate, requests, p50_ms, p99_ms, longest_ms``.
    """
    rows = []
    with TemporaryDirectory() as folder, _server(Path(folder)) as port, _asker(port) as ask:
        for name, requests in _kinds().items():
            on_kind(name)
            at_rate(ask, requests, rate, 1.0)
            times = at_rate(ask, requests, rate, seconds)
            rows.append(
                {
                    "name": name,
                    "rate": rate,
                    "requests": len(times),
                    "p50_ms": 1000 * quantile(times, 0.5),
                    "p99_ms": 1000 * quantile(times, 0.99),
                    "longest_ms": 1000 * max(times),
                }
            )
    return rows


def at_rate(
    ask: Callable[..., object], requests: Sequence[tuple[Any, ...]], rate: float, seconds: float
) -> list[float]:
    """Ask each request in turn when it is due; return how long after that each was answered."""
    start = time.perf_counter()

    def timed(number: int) -> float:
        ask(*requests[number % len(requests)])
        return time.perf_counter() - start - number / rate

    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        waiting = []
        for number in range(max(1, round(rate * seconds))):
            time.sleep(max(0.0, start + number / rate - time.perf_counter()))
            waiting.append(pool.submit(timed, number))
        return [future.result() for future in waiting]


def quantile(times: Sequence[float], part: float) -> float:
    """Return the time within which this part of all was done: one of the times.

    Examples
    --------
    >>> quantile([5.0, 1.0, 3.0], 0.5), quantile(range(1, 601), 0.99)
    (3.0, 594)
    """
    ordered = sorted(times)
    return ordered[max(0, int(np.ceil(part * len(ordered))) - 1)]


@contextmanager
def _server(folder: Path) -> Iterator[int]:
    """Start `inkgrad serve` with the seed network; yield the port."""
    network = seed_network(len(_CLASSES))
    path = folder / "seed.safetensors"
    Model(network, network.initialise(seed=0), _CLASSES).save(path)
    words = ("-m", "inkgrad", "serve", str(path), "--port", "0", "--no-open")
    with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            if "http://" not in line:
                raise ValueError(f"the server did not start: {line}")
            yield int(line.split("http://")[1].split("/")[0].rpartition(":")[2])
        finally:
            process.terminate()


def _kinds() -> dict[str, list[tuple[str, bytes]]]:
    """Return each kind of request: content types and bodies."""
    rng = np.random.default_rng(0)
    doodles = [draw(_CLASSES[n % len(_CLASSES)], rng) for n in range(_DRAWINGS)]
    pointed = [[_pointed(np.asarray(stroke)) for stroke in doodle] for doodle in doodles]
    bodies = {
        "strokes, simplified": [json.dumps({"strokes": _lists(doodle)}) for doodle in doodles],
        "strokes, as a pointer draws": [json.dumps({"strokes": doodle}) for doodle in pointed],
    }
    kinds = {
        name: [("application/json", body.encode()) for body in some]
        for name, some in bodies.items()
    }
    kinds["PNG, 400 × 400"] = [("image/png", _png(doodle)) for doodle in pointed]
    return kinds


def _lists(doodle: Sequence[Any]) -> list[list[list[float]]]:
    return [np.asarray(stroke).tolist() for stroke in doodle]


def _pointed(stroke: np.ndarray) -> list[list[float]]:
    """Return a stroke (2, n) at one and a half times the size, with points some 3 pixels apart."""
    x, y = 1.5 * stroke + 10.0
    along = np.append(0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y))))
    at = np.linspace(0.0, along[-1], max(2, int(along[-1] / 3)))
    return [np.interp(at, along, values).round(2).tolist() for values in (x, y)]


def _png(doodle: Sequence[list[list[float]]]) -> bytes:
    """Draw a doodle as a drawing program saves it."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (400, 400), "white")
    pen = ImageDraw.Draw(image)
    for xs, ys in doodle:
        pen.line(list(zip(xs, ys, strict=True)), fill="black", width=6, joint="curve")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@contextmanager
def _asker(port: int) -> Iterator[Callable[[str, bytes], None]]:
    """Yield what sends a request over a connection that is free, and sees it answered."""
    free: queue.SimpleQueue[http.client.HTTPConnection] = queue.SimpleQueue()
    for _ in range(_CONNECTIONS):
        free.put(http.client.HTTPConnection("127.0.0.1", port, timeout=60))

    def ask(kind: str, body: bytes) -> None:
        connection = free.get()
        try:
            connection.request("POST", "/api/predict", body, {"Content-Type": kind})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            free.put(connection)
        if answer.status != 200:
            raise ValueError(f"the server answered with {answer.status}: {content.decode()}")

    try:
        yield ask
    finally:
        while not free.empty():
            free.get().close()
