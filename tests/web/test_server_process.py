"""`inkgrad serve` as a process: it starts, says where, ends cleanly, and does not grow."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import webbrowser
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import psutil
import pytest
from typer.testing import CliRunner
from uvicorn.protocols.http import h11_impl

from inkgrad import cli, web
from inkgrad.errors import InkgradError
from inkgrad.quickdraw.doodles import draw
from inkgrad.web import app as web_app
from inkgrad.web import serving as module
from inkgrad.web.asking import MAX_BODY
from tests.thorough import THOROUGH
from tests.web.servers import Process, serving, write_model

pytestmark = pytest.mark.usefixtures("surroundings")


@pytest.fixture
def model(surroundings):
    return write_model(surroundings)


def doodle(seed):
    return [np.asarray(stroke).tolist() for stroke in draw("cat", np.random.default_rng(seed))]


@pytest.fixture
def taken():
    """Return a port that is in use."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


# --- a process ----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly(model, number):
    with Process(model) as server:
        assert httpx.get(f"{server.address}/healthz").status_code == 200
        server.process.send_signal(number)
        out, err = server.process.communicate(timeout=20)
        assert server.process.returncode == (0 if number == signal.SIGINT else -number)
        assert err == ""
        assert out == ("ended\n" if number == signal.SIGINT else "")


def test_open_connections_do_not_keep_it(model):
    with Process(model) as server, httpx.Client(base_url=server.address) as client:
        client.get("/healthz")  # kept alive
        port = httpx.URL(server.address).port
        with socket.create_connection(("127.0.0.1", port)) as halfway:
            halfway.sendall(
                b"POST /api/predict HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Type: image/png\r\nContent-Length: 9\r\n\r\n"
            )
            assert client.get("/healthz").status_code == 200
            server.process.send_signal(signal.SIGINT)
            _, err = server.process.communicate(timeout=20)
    assert server.process.returncode == 0
    assert err == ""


def test_a_port_in_use_is_one_sentence(model, taken):
    words = ["serve", str(model), "--no-open", "--port", str(taken)]
    done = subprocess.run(
        [sys.executable, "-m", "inkgrad", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"inkgrad: port {taken} is in use, perhaps by another inkgrad serve; give another one, or "
        "--port 0 for any that is free\n"
    )


@pytest.mark.slow
def test_memory_stays_flat_over_thousands_of_predictions(model):
    """At most 400 bytes a prediction, half of which is what Python's own heap grows by."""
    count = 2500 * THOROUGH
    # Two strokes each: drawing takes most of the time, and there is the same memory in it.
    bodies = [json.dumps({"strokes": doodle(seed)[:2]}) for seed in range(50)]
    kind = {"Content-Type": "application/json"}
    with Process(model) as server, httpx.Client(base_url=server.address) as client:

        def ask(count):
            for n in range(count):
                answer = client.post("/api/predict", content=bodies[n % 50], headers=kind)
                assert answer.status_code == 200

        ask(1000)
        process = psutil.Process(server.process.pid)
        before = process.memory_info().rss
        ask(count)
        growth = process.memory_info().rss - before
        print(
            f"\n{before / 2**20:.1f} MiB after 1,000 predictions, "
            f"{growth / 2**20:+.2f} after {count:,} more"
        )
        assert growth < 400 * count
        assert process.num_threads() < 12


@pytest.mark.slow
def test_memory_comes_back_after_hostile_bodies(model):
    with Process(model) as server, httpx.Client(base_url=server.address, timeout=60) as client:

        def ask(count):
            for _ in range(count):
                for kind, most in MAX_BODY.items():
                    for body in (b"[" * most, bytes(2 * most)):
                        answer = client.post(
                            "/api/predict", content=body, headers={"Content-Type": kind}
                        )
                        assert 400 <= answer.status_code < 500

        ask(20)
        process = psutil.Process(server.process.pid)
        before = process.memory_info().rss
        ask(60 * THOROUGH)
        assert process.memory_info().rss - before < 16 << 20


# --- the command --------------------------------------------------------------------------------


def test_the_browser_is_opened_when_the_server_answers(model, monkeypatch):
    seen = []

    def visit(address):
        seen.append((address, httpx.get(f"{address}healthz").status_code))
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(webbrowser, "open", visit)
    result = CliRunner().invoke(cli.app, ["serve", str(model), "--port", "0"])
    assert result.exit_code == 0, result.output
    ((address, status),) = seen
    assert status == 200
    assert result.output == f"the page is at {address}  (Ctrl-C ends)\nended\n"


def test_it_is_a_function_too(model):
    told = []

    def ready(address):
        told.append(address)
        threading.Timer(0, lambda: signal.raise_signal(signal.SIGINT)).start()

    web.serve(model, port=0, open_browser=False, on_ready=ready)
    assert told[0].startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("nothing.safetensors", "there is no model file nothing.safetensors"),
        ("MODEL --port 70000", "the port is 70000; give a number from 1 to 65535, or 0 for any"),
        ("MODEL --port -1", "the port is -1"),
        ("MODEL --host 192.0.2.1", "192.0.2.1 is not an address of this machine"),
        ("MODEL --host a..b", "there is no host 'a..b'"),
        ("MODEL --engine steam", "engine is 'steam'"),
    ],
)
def test_mistakes(model, words, sentence):
    called = [str(model) if word == "MODEL" else word for word in words.split()]
    result = CliRunner().invoke(cli.app, ["serve", *called, "--no-open"])
    assert result.exit_code == 2
    assert result.output.startswith(f"inkgrad: {sentence}")
    assert result.output.count("\n") == 1


@pytest.mark.parametrize(("number", "part"), [(13, "may not be used by everybody"), (12, "cannot")])
def test_what_else_the_system_may_refuse(model, monkeypatch, number, part):
    def refuse(*_, **__):
        raise OSError(number, "no")

    monkeypatch.setattr(socket, "create_server", refuse)
    with pytest.raises(InkgradError, match=part):
        web.serve(model, open_browser=False)


def test_without_the_extra_it_says_what_to_install(model, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "uvicorn" else find(name))
    result = CliRunner().invoke(cli.app, ["serve", str(model)])
    assert result.exit_code == 2
    assert result.output == ("inkgrad: serving needs uvicorn; type pip install 'inkgrad[web]'\n")


def test_everything_else_works_without_the_extra():
    """No command but `serve` imports what the extra brings."""
    script = (
        "import sys\n"
        "for name in ('fastapi', 'uvicorn', 'starlette', 'pydantic'): sys.modules[name] = None\n"
        "import inkgrad, inkgrad.cli, inkgrad.workflows, inkgrad.web\n"
        "assert inkgrad.serve is inkgrad.web.serve\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_the_default_port_is_the_help_s():
    import inspect

    assert inspect.signature(cli.page.serve).parameters["port"].default == module.PORT
    assert inspect.signature(cli.page.serve).parameters["host"].default == module.HOST


def test_answers_do_not_wait_for_what_is_to_be_sent_with_them(model, monkeypatch):
    """Each connection has Nagle's algorithm off, or every answer would take 40 ms."""
    seen = []
    build = h11_impl.H11Protocol.connection_made

    def look(self, transport):
        build(self, transport)
        connection = transport.get_extra_info("socket")
        seen.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(h11_impl.H11Protocol, "connection_made", look)
    with serving(model) as address:
        httpx.get(f"{address}/healthz")
    assert seen
    assert all(seen)


def test_matrix_products_are_made_by_one_thread(model):
    """Otherwise the threads wait for each other by spinning, at 30 ms a prediction."""
    script = (
        "import sys, uvicorn, threadpoolctl\n"
        "from inkgrad.cli import app\n"
        "count = lambda: [pool['num_threads'] for pool in threadpoolctl.threadpool_info()]\n"
        "uvicorn.Server.run = lambda *_, **__: print(count())\n"
        "app(['serve', sys.argv[1], '--port', '0', '--no-open'])\n"
    )
    environment = {name: v for name, v in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", script, str(model)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=environment,
    )
    counts, ended = done.stdout.splitlines()
    assert ended == "ended"
    assert set(json.loads(counts)) == {1}


# --- many at once -------------------------------------------------------------------------------


def test_many_at_once_are_all_answered_alike(model):
    question = {"strokes": doodle(1)}
    with serving(model) as address, httpx.Client(base_url=address, timeout=60) as client:
        alone = client.post("/api/predict", json=question).json()["guesses"]
        with ThreadPoolExecutor(16) as pool:
            ask = [pool.submit(client.post, "/api/predict", json=question) for _ in range(200)]
            assert all(future.result().json()["guesses"] == alone for future in ask)


def test_too_many_at_once_are_asked_to_come_again(model, monkeypatch):
    monkeypatch.setattr(web_app, "_MOST_AT_ONCE", 1)
    begun, go_on = threading.Event(), threading.Event()

    def wait(models, kind, body):
        begun.set()
        go_on.wait(30)
        return {}

    monkeypatch.setattr(web_app, "predict", wait)
    with serving(model) as address, ThreadPoolExecutor(1) as pool:
        first = pool.submit(httpx.post, f"{address}/api/predict", json={"strokes": doodle(1)})
        assert begun.wait(30)
        assert httpx.get(f"{address}/healthz").status_code == 200  # beside the event loop
        second = httpx.post(f"{address}/api/predict", json={"strokes": doodle(1)})
        assert second.status_code == 503
        assert "ask again in a moment" in second.json()["error"]
        go_on.set()
        assert first.result().status_code == 200
