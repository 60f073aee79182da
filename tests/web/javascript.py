"""Calling our JavaScript from a test, in node and in Chromium.

The fixtures of `conftest.py` hand a test the runtimes: `javascript` runs it once in each, `node` in
node alone. Any function that a module exports can be called:

    def test_simplify(javascript):
        strokes = javascript.call("static/drawing/simplify.js", "simplify", [[[0, 9], [0, 5]]])

    def test_many(javascript):
        results = javascript.call_many("static/drawing/raster.js", "rasterize", [(a, 28), (b, 64)])

A module is named by its place in the site that both runtimes are given: ``static/`` is the
package's `static_folder()`, ``tests/`` is `tests/web/modules`, for functions that only tests need.
Calls are independent of each other; send many inputs at once, since starting node or talking to
the browser costs more than most calls.

Arguments and results travel as JSON, and every number arrives as the very double that it was:

    Python                               JavaScript
    None, bool, str, list, dict          null, boolean, string, array, object
    int, float (with nan, inf and -0.0)  number
    array of one dimension               typed array of the same type, and back
    array of more dimensions             array of its rows
    `JavaScriptError`                    what was thrown; `call` raises it, `call_many` returns it
"""

from __future__ import annotations

import base64
import functools
import http.server
import json
import math
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from inkgrad.web import static_folder

__all__ = [
    *("JavaScript", "JavaScriptError", "chromium", "launch_chromium", "make_site", "missing"),
    *("node", "served"),
]

_TYPED_ARRAYS = {
    "Float64Array": np.float64,
    "Float32Array": np.float32,
    "Uint8Array": np.uint8,
    "Uint16Array": np.uint16,
    "Uint32Array": np.uint32,
    "Int8Array": np.int8,
    "Int16Array": np.int16,
    "Int32Array": np.int32,
}
_OLDEST_NODE = 18
_LONGEST_CALL = 300.0  # seconds
_CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class JavaScriptError(Exception):
    """What JavaScript threw: the error's name and its message."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name, self.message = name, message


class JavaScript:
    """A runtime: something that answers requests (see ``modules/answer.js``)."""

    def __init__(self, answer: Callable[[str], str]) -> None:
        self._answer = answer

    def call_many(self, module: str, function: str, inputs: Iterable[Iterable[Any]]) -> list[Any]:
        """Call a function with each of some lists of arguments; return its results in order.

        Where it throws, the result is a `JavaScriptError`; the calls after it are still made.
        """
        request = {"module": module, "function": function, "inputs": [list(i) for i in inputs]}
        return json.loads(self._answer(_to_json(request)), object_hook=_decode)

    def call(self, module: str, function: str, *arguments: Any) -> Any:
        """Call a function once and return its result, or raise `JavaScriptError`."""
        (result,) = self.call_many(module, function, [arguments])
        if isinstance(result, JavaScriptError):
            raise result
        return result


def make_site(folder: Path) -> Path:
    """Lay out what both runtimes are given, in an empty folder."""
    shutil.copytree(static_folder(), folder / "static")
    shutil.copytree(Path(__file__).parent / "modules", folder / "tests")
    (folder / "package.json").write_text('{"type": "module"}')  # else node takes .js for CommonJS
    (folder / "index.html").write_text("<!doctype html><title>inkgrad's tests</title>")
    return folder


@contextmanager
def node(site: Path) -> Iterator[JavaScript]:
    """Start the node on the PATH; modules stay loaded from one call to the next."""
    program = shutil.which("node")
    if program is None:
        missing(f"node is not installed; it must be {_OLDEST_NODE} or newer")
    asked = subprocess.run([program, "--version"], capture_output=True, encoding="utf-8")
    version = asked.stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < _OLDEST_NODE:
        missing(f"node is {version}; it must be {_OLDEST_NODE} or newer")
    command = [program, str(site / "tests" / "node.js")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
    process: subprocess.Popen[str] | None = None

    def ask(text: str) -> str:
        nonlocal process
        if process is None:
            process = subprocess.Popen(command, **pipes)
        watchdog = threading.Timer(_LONGEST_CALL, process.kill)
        watchdog.start()
        try:
            process.stdin.write(text + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        finally:
            watchdog.cancel()
        if not answer:
            ended, process = process, None
            ended.communicate()
            raise RuntimeError(f"node ended with {ended.returncode}; what it said is on stderr")
        if answer.startswith("!"):
            raise RuntimeError(json.loads(answer[1:]))
        return answer

    try:
        yield JavaScript(ask)
    finally:
        if process is not None:
            process.communicate()


@contextmanager
def launch_chromium() -> Iterator[Any]:
    """Start the system's Chromium. Playwright bears only one at a time in a process."""
    program = shutil.which("chromium")
    if program is None:
        missing("chromium is not installed (Debian: apt-get install chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed: pip install '.[browser]'")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=_CHROMIUM_FLAGS,
            ignore_default_args=["--hide-scrollbars"],  # people see them, too
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def chromium(site: Path, browser: Any) -> Iterator[JavaScript]:
    """Open a page of the site in a browser, served from this machine to itself."""
    with served(site) as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{address}/index.html")
        ask = "async (text) => (await import('/tests/answer.js')).answer(text)"
        yield JavaScript(lambda text: page.evaluate(ask, text))


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; browsers refuse a module of another type, whatever this system calls it."""

    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map} | {
        ".js": "text/javascript"
    }

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder from this machine to itself; give the address."""
    handler = functools.partial(_Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def missing(reason: str) -> NoReturn:
    """Skip the test, but fail in continuous integration, where nothing may be missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _to_json(request: Any) -> str:
    """Return a request as JSON; in our own words only if it holds what JSON has no word for."""
    try:
        return json.dumps(request, allow_nan=False, default=_encode)
    except ValueError:  # nan or infinity: looking for them takes ten times as long
        return json.dumps(_encode(request))


def _encode(value: Any) -> Any:
    """Put what JSON has no word for in words of our own."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"$number": str(value).replace("inf", "Infinity").replace("nan", "NaN")}
    if isinstance(value, np.ndarray):
        return _encode_array(value) if value.ndim == 1 else [_encode(row) for row in value]
    if isinstance(value, (list, tuple)):
        return [_encode(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _encode(inner) for key, inner in value.items()}
    return value


def _encode_array(array: np.ndarray) -> dict[str, str]:
    for name, dtype in _TYPED_ARRAYS.items():
        if array.dtype == dtype:
            return {"$array": name, "base64": base64.b64encode(array.tobytes()).decode("ascii")}
    raise TypeError(f"JavaScript has no typed array of {array.dtype}; send a list")


def _decode(value: dict[str, Any]) -> Any:
    """Read our own words again."""
    if "$number" in value:
        return float(value["$number"])
    if "$array" in value:
        dtype = _TYPED_ARRAYS[value["$array"].replace("Clamped", "")]
        return np.frombuffer(base64.b64decode(value["base64"]), dtype)
    return JavaScriptError(*value["$thrown"]) if "$thrown" in value else value
