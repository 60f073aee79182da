"""A server to ask: in a thread of this process, or in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inkgrad.model import Model
from inkgrad.network import seed_network
from inkgrad.web.app import create_app
from inkgrad.web.served import find_models
from inkgrad.web.serving import _listen, _make_server

CLASSES = ("cat", "dog", "zebra")


def write_model(folder: Path, classes: tuple[str, ...] = CLASSES, name: str = "zoo") -> Path:
    """Write a model that has learnt nothing yet, which knows what to say all the same."""
    network = seed_network(len(classes))
    record = {"data": "none"}
    path = folder / f"{name}.safetensors"
    Model(network, network.initialise(seed=0), classes, record=record).save(path)
    return path


@contextmanager
def running(app: object) -> Iterator[str]:
    """Have an app served in a thread; yield its address, without a slash at the end."""
    ready = threading.Event()
    with _listen("127.0.0.1", 0) as listener:
        server = _make_server(app, ready.set)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            assert ready.wait(30)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


@contextmanager
def serving(model: Path, **options: str) -> Iterator[str]:
    """Have a model served in a thread; yield the address."""
    with running(create_app(find_models(model), **options)) as address:
        yield address


class Process:
    """`inkgrad serve` in a process of its own. Used in a `with` block.

    Attributes
    ----------
    address : str
        Without a slash at the end.
    """

    def __init__(self, model: Path, *words: str) -> None:
        command = [sys.executable, "-m", "inkgrad", "serve", str(model), "--no-open", "--port", "0"]
        self.process = subprocess.Popen(
            [*command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()
        assert "http://" in line, self.process.communicate()
        self.address = line[line.index("http://") :].split()[0].rstrip("/")

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
