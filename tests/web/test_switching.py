"""A server that answers at once, and by the kernels when they are ready."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np

from inkgrad.engines.cpu import CpuEngine
from inkgrad.network import seed_network
from inkgrad.quickdraw.doodles import draw
from inkgrad.web.app import create_app
from inkgrad.web.served import find_models
from tests.compiled import come_late
from tests.web.servers import running

STROKES = [np.asarray(stroke).tolist() for stroke in draw("cat", np.random.default_rng(3))]


def shares(answer: httpx.Response) -> list[float]:
    """Return the probabilities of an answer, in the order of the classes' names."""
    assert answer.status_code == 200, answer.text
    guesses = answer.json()["guesses"]
    return [guess["probability"] for guess in sorted(guesses, key=lambda guess: guess["class"])]


def test_no_request_fails_while_the_engine_changes(monkeypatch):
    CpuEngine(seed_network()).prepare()
    late, stop = come_late(monkeypatch), threading.Event()
    models = find_models("seed", engine="auto")
    with running(create_app(models)) as address, ThreadPoolExecutor(3) as pool:

        def ask() -> list[list[float]]:
            found = []
            with httpx.Client(base_url=address) as client:
                while not stop.is_set() or len(found) < 2:
                    found.append(shares(client.post("/api/predict", json={"strokes": STROKES})))
            return found

        asking = [pool.submit(ask) for _ in range(3)]
        late.set()
        try:
            assert all(served.model._logits_predictor.wait(60) for served in models)
        finally:  # or those who ask would never end
            stop.set()
        answers = [answer for asked in asking for answer in asked.result()]
    np.testing.assert_allclose(
        answers, np.tile(answers[0], (len(answers), 1)), rtol=1e-4, atol=1e-6
    )
