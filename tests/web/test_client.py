"""client.js and worker.js: the same answers as without, in order, and no drawing waits in vain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inkgrad.model import Model
from inkgrad.network import seed_network
from inkgrad.quickdraw.doodles import draw

MODULE = "tests/learner.js"
CROSS = [[[0, 255], [0, 255]], [[0, 255], [255, 0]]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    path: Path = tmp_path_factory.mktemp("model") / "seed.safetensors"
    network = seed_network(5)
    Model(network, network.initialise(seed=4), tuple("abcde")).save(path)
    return np.frombuffer(path.read_bytes(), np.uint8)


@pytest.mark.browser
def test_a_worker_answers_as_a_session_does(browser, data):
    calls = [
        ["see", CROSS],  # no model yet
        ["load", data, "seed.safetensors"],
        ["learn", 0],  # no drawing yet
        ["see", CROSS],
        ["learn", 2],
        ["step", 2, 0.01],
        ["check", 2, "conv2.bias", 7, 1e-3],
        ["save"],
        ["reset"],
        ["see", CROSS, False],
        ["see", [[[0], [float("nan")]]]],
        ["forget"],
        ["load", np.zeros(9, np.uint8), "mine"],
    ]
    there, here = (browser.call(MODULE, name, calls) for name in ("throughWorker", "inTurn"))
    for results in (there, here):
        for seen in (results[3], results[9]):
            seen.pop("milliseconds")
    np.testing.assert_equal(there, here)
    assert [isinstance(result, str) for result in there] == [
        *(True, False, True, False, False, False),
        *(False, False, False, False, True, False, True),
    ]


@pytest.mark.browser
def test_a_worker_that_is_not_there(browser):
    first, later = browser.call(MODULE, "missingWorker")
    assert first.startswith("the page's engine does not run: ")
    assert later == first


@pytest.mark.browser
def test_the_seed_network_answers_within_2_ms(browser, data):
    """The quickest of many, since other programs run beside the test."""
    drawing = draw("cat", np.random.default_rng(1))
    times = browser.call(MODULE, "times", data, drawing, 150)
    assert len(times["there"]) == 150
    for name, found in times.items():
        print(f"{name}: quickest {min(found):.2f} ms, median {np.median(found):.2f} ms")
    assert min(times["there"]) <= 2


def test_only_the_newest_drawing_waits(javascript):
    played = javascript.call(
        MODULE, "play", ["see 1", "see 2", "see 3", "see 4", "answer", "answer", "see 5", "answer"]
    )
    assert played["results"] == ["see 1", None, None, "see 4", "see 5"]
    assert played["posted"] == [["see 1"]] * 4 + [["see 4"], [], ["see 5"], []]


def test_a_drawing_waits_for_other_work_too(javascript):
    played = javascript.call(MODULE, "play", ["reset", "see 1", "see 2", "answer", "answer"])
    assert played["results"] == ["reset", None, "see 2"]
    assert played["posted"] == [["reset "], ["reset "], ["reset "], ["see 2"], []]


def test_other_calls_are_about_the_newest_drawing(javascript):
    """A drawing that waits is sent before them, and they never wait for it."""
    script = ["see 1", "see 2", "learn 0", "see 3", "answer", "answer", "see 4", "answer", "answer"]
    played = javascript.call(MODULE, "play", script)
    assert played["results"] == ["see 1", "see 2", "learn 0", None, "see 4"]
    assert played["posted"][2:6] == [
        ["see 1", "see 2", "learn 0"],
        ["see 1", "see 2", "learn 0"],
        ["see 2", "learn 0"],
        ["learn 0"],
    ]


def test_a_broken_worker_is_told_to_all_who_wait(javascript):
    script = ["see 1", "see 2", "see 3", "reset", "see 4", "fail ink", "see 5", "learn 0"]
    played = javascript.call(MODULE, "play", script)
    broken = "Error: the page's engine does not run: ink"
    assert played["results"] == [broken, None, broken, broken, broken, broken, broken]


def test_what_cannot_be_copied_is_told_and_forgotten(javascript):
    assert javascript.call(MODULE, "afterAnUncopyable") == ["DataCloneError", ["see", 7]]
