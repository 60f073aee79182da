"""Predictors that begin with one engine and go on with another, in the midst of requests."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from inkgrad.engines import ReferenceEngine, SwitchingPredictor, make_predictor
from inkgrad.engines.cpu import CpuEngine
from inkgrad.layers import softmax
from inkgrad.model import Model
from inkgrad.network import seed_network
from tests.compiled import come_late, pretend

NETWORK = seed_network()
PARAMETERS = NETWORK.initialise(seed=0)
X = np.random.default_rng(0).random((4, 1, 28, 28), np.float32)
EXPECTED = ReferenceEngine(NETWORK).predict(PARAMETERS, X)


def test_it_answers_by_the_first_until_the_second_is_ready():
    ready = threading.Event()

    def make():
        assert ready.wait(60)
        return lambda x: x + 2

    predictor = SwitchingPredictor(lambda x: x + 1, make)
    assert predictor(0) == 1
    assert not predictor.wait(0)
    ready.set()
    assert predictor.wait(60)
    assert predictor(0) == 2


def test_if_there_is_no_second_the_first_goes_on(caplog):
    def make():
        raise OSError("no kernels")

    with caplog.at_level("INFO", "inkgrad"):
        predictor = SwitchingPredictor(lambda x: x + 1, make)
        assert predictor.wait(60)
    assert predictor(0) == 1
    assert "the reference engine goes on: no kernels" in caplog.text


@pytest.fixture
def slow(monkeypatch):
    """Let kernels be missing, and return the event that ends their compiling."""
    return come_late(monkeypatch)


@pytest.mark.usefixtures("kernels")
def test_no_request_fails_and_all_answers_agree_while_it_changes(slow):
    predictor = make_predictor("auto", NETWORK, PARAMETERS)
    assert isinstance(predictor, SwitchingPredictor)
    stop, first = threading.Event(), predictor(X)
    np.testing.assert_allclose(first, EXPECTED, atol=1e-6)

    def ask() -> list:
        answers = []
        while not stop.is_set():
            answers.append(predictor(X))
        return [*answers, predictor(X)]

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        slow.set()
        assert predictor.wait(60)
        stop.set()
        for answers in asking:
            for answer in answers.result():
                np.testing.assert_allclose(answer, EXPECTED, rtol=1e-4, atol=1e-6)
    fast = CpuEngine(NETWORK).predictor(PARAMETERS)(X)
    np.testing.assert_array_equal(predictor(X), fast)


@pytest.mark.usefixtures("kernels")
def test_the_parameters_are_those_of_the_beginning(slow):
    moved = PARAMETERS.copy()
    predictor = make_predictor("auto", NETWORK, moved)
    moved.vector[:] = 0
    for _ in range(2):
        np.testing.assert_allclose(predictor(X), EXPECTED, rtol=1e-4, atol=1e-6)
        slow.set()
        assert predictor.wait(60)


@pytest.mark.usefixtures("kernels")
def test_a_model_begins_at_once_and_changes(slow):
    model = Model(NETWORK, PARAMETERS, tuple("abcde"))
    bitmaps = (X[:, 0] * 255).astype(np.uint8)
    before = model.predict_proba(bitmaps)
    slow.set()
    assert model._predictor.wait(60)
    np.testing.assert_allclose(model.predict_proba(bitmaps), before, rtol=1e-4, atol=1e-6)
    same = model.with_engine("cpu").predict_proba(bitmaps)
    np.testing.assert_array_equal(model.predict_proba(bitmaps), same)


@pytest.mark.usefixtures("kernels")
def test_logits_change_over_too(slow):
    predictor = make_predictor("auto", NETWORK, PARAMETERS, logits=True)
    for _ in range(2):
        np.testing.assert_allclose(softmax(predictor(X)), EXPECTED, rtol=1e-4, atol=1e-6)
        slow.set()
        assert predictor.wait(60)


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("engine", ["auto", "cpu", "reference"])
def test_what_is_there_is_used_directly(engine):
    predictor = make_predictor(engine, NETWORK, PARAMETERS)
    assert not isinstance(predictor, SwitchingPredictor)
    np.testing.assert_allclose(predictor(X), EXPECTED, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("how", ["absent", "broken"])
def test_without_numba_the_reference_engine_answers(how, monkeypatch, tmp_path):
    pretend(how, monkeypatch, tmp_path)
    np.testing.assert_array_equal(make_predictor("auto", NETWORK, PARAMETERS)(X), EXPECTED)


@pytest.fixture(scope="module")
def kernels():
    """Have the kernels ready."""
    CpuEngine(NETWORK).prepare()
