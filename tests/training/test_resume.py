"""A run that was interrupted and resumed comes to the same bits as one that never was."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inkgrad.engines import ReferenceEngine
from inkgrad.errors import ModelError
from inkgrad.network import seed_network
from inkgrad.training import (
    BEST,
    LAST,
    METRICS,
    ArrayBatches,
    Notice,
    Recipe,
    StepDone,
    append_metrics,
    epoch_order,
    fit,
    load_checkpoint,
)

from .problems import (
    RECIPES,
    TRAIN,
    VALIDATION,
    left_behind,
    network_of,
    state_bits,
    tiny_data,
    tiny_network,
    without_seconds,
)

ENDING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
CHECKS = 3 * (5 + 3)  # how often a whole run asks whether to stop: 5 steps, 3 validation batches


def run(folder, name="adam", **changes):
    usual = {"validation": VALIDATION, "recipe": RECIPES[name], "engine": "reference"}
    settings = {**usual, **changes}
    return fit(network_of(name), settings.pop("data", TRAIN), folder=folder, **settings)


def stop_at(check: int):
    """Return a should_stop that says yes when it is asked for the n-th time, from 0."""
    calls = iter(range(10_000))
    return lambda: next(calls) == check


@pytest.fixture(scope="module", params=list(RECIPES))
def whole(request, tmp_path_factory):
    """Make a run that is never interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    name = request.param
    return name, run(folder, name), left_behind(folder, network_of(name))


def same(fitted, folder, whole) -> bool:
    name, expected, bits = whole
    return (
        left_behind(folder, network_of(name)) == bits
        and fitted.stopped == expected.stopped
        and fitted.parameters.vector.tobytes() == expected.parameters.vector.tobytes()
        and fitted.parameters.statistics.vector.tobytes()
        == expected.parameters.statistics.vector.tobytes()
        and without_seconds([dataclasses.asdict(done) for done in fitted.history])
        == without_seconds([dataclasses.asdict(done) for done in expected.history])
    )


@pytest.mark.parametrize("check", range(CHECKS))
def test_interrupted_anywhere(whole, tmp_path, check):
    """At every step, at every epoch's end and in the middle of every validation."""
    fitted = run(tmp_path, whole[0], should_stop=stop_at(check))
    assert fitted.stopped == "interrupted"
    state = load_checkpoint(tmp_path / LAST, network_of(whole[0]))
    assert state.epoch == check // 8
    assert state.step == min(check % 8, 5)
    assert same(run(tmp_path, whole[0], resume=True), tmp_path, whole)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, CHECKS // 2), min_size=2, max_size=5))
def test_interrupted_again_and_again(whole, tmp_path_factory, checks):
    folder = tmp_path_factory.mktemp("pieces")
    for place, check in enumerate(checks):
        run(folder, whole[0], should_stop=stop_at(check), resume=place > 0)
    assert same(run(folder, whole[0], resume=True), folder, whole)


def test_the_result_of_an_interrupted_run_is_what_it_has_so_far(tmp_path):
    fitted = run(tmp_path, should_stop=stop_at(3))
    state = load_checkpoint(tmp_path / LAST, tiny_network())
    assert fitted.history == ()
    assert fitted.parameters.vector.tobytes() == state.parameters.vector.tobytes()
    fitted = run(tmp_path, should_stop=stop_at(8), resume=True)
    assert len(fitted.history) == 1
    state = load_checkpoint(tmp_path / LAST, tiny_network())
    assert fitted.parameters.vector.tobytes() == state.best.vector.tobytes()


def test_interruption_works_without_a_folder():
    assert run(None, should_stop=stop_at(2)).stopped == "interrupted"


def test_a_finished_run_returns_at_once(whole, tmp_path):
    run(tmp_path, whole[0])
    events: list = []
    assert same(run(tmp_path, whole[0], resume=True, on_event=events.append), tmp_path, whole)
    assert events == []


def test_a_run_that_ran_out_of_patience_stays_so_until_given_more(tmp_path):
    recipe = dataclasses.replace(RECIPES["adam"], epochs=30, learning_rate=0.3, patience=2)
    first = run(tmp_path, recipe=recipe)
    assert first.stopped == "patience"
    again = run(tmp_path, recipe=recipe, resume=True)
    assert again.stopped == "patience"
    assert again.history == first.history
    more = dataclasses.replace(recipe, patience=4)
    assert len(run(tmp_path, recipe=more, resume=True).history) > len(first.history)


def test_more_epochs_continue_to_the_bits_of_a_longer_run(tmp_path):
    long = dataclasses.replace(RECIPES["adam"], epochs=5)
    run(tmp_path / "long", recipe=long)
    run(tmp_path / "short")
    run(tmp_path / "short", recipe=long, resume=True)
    short, long = left_behind(tmp_path / "short"), left_behind(tmp_path / "long")
    short[BEST].pop("rest"), long[BEST].pop("rest")  # written when there were to be 3 epochs
    assert short == long


# ------------------------------------------------------------------ signals


@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("moment", ["contribution", "listener", "batch"])
def test_a_signal_lets_the_step_finish(whole, tmp_path, number, moment):
    """Whatever the loop is doing, the state that is saved is that between two steps."""
    calls = iter(range(1000))

    def maybe(here: str) -> None:
        if here == moment and next(calls) == 6:
            signal.raise_signal(number)

    class Engine(ReferenceEngine):
        def contribution(self, *args, **settings):
            maybe("contribution")
            return super().contribution(*args, **settings)

    class Data:
        fingerprint = None

        def __len__(self) -> int:
            return len(TRAIN)

        def batch(self, indices):
            maybe("batch")
            return TRAIN.batch(indices)

    before = signal.getsignal(number)
    fitted = run(
        tmp_path,
        whole[0],
        data=Data(),
        engine=Engine(network_of(whole[0])),
        on_event=lambda event: maybe("listener"),
    )
    assert fitted.stopped == "interrupted"
    assert signal.getsignal(number) is before
    assert same(run(tmp_path, whole[0], resume=True), tmp_path, whole)


def test_the_second_ctrl_c_aborts_at_once_and_the_last_checkpoint_stands(whole, tmp_path):
    class Engine(ReferenceEngine):
        calls = 0

        def contribution(self, *args, **settings):
            Engine.calls += 1
            if Engine.calls == 4:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)
            return super().contribution(*args, **settings)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, whole[0], engine=Engine(network_of(whole[0])), checkpoint_seconds=0)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert load_checkpoint(tmp_path / LAST, network_of(whole[0])).step == 3
    assert same(run(tmp_path, whole[0], resume=True), tmp_path, whole)


def test_a_listener_that_cannot_be_told_any_more_does_not_keep_a_run_from_being_saved(
    whole, tmp_path
):
    """A terminal that is closed sends a signal, and refuses what is printed from then on."""
    steps = []

    def closed(event):
        steps.append(event)
        if len(steps) >= 3:
            signal.raise_signal(signal.SIGTERM)
            raise OSError(5, "Input/output error")

    fitted = run(tmp_path, whole[0], on_event=closed)
    assert (fitted.stopped, fitted.signal, len(steps)) == ("interrupted", signal.SIGTERM, 3)
    assert load_checkpoint(tmp_path / LAST, network_of(whole[0])).step == 3
    assert same(run(tmp_path, whole[0], resume=True), tmp_path, whole)


def test_a_listener_that_fails_for_another_reason_is_heard(tmp_path):
    def full(event):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        run(tmp_path, on_event=full)


def test_in_another_thread_should_stop_still_works(whole, tmp_path):
    results = []
    thread = threading.Thread(
        target=lambda: results.append(run(tmp_path, whole[0], should_stop=stop_at(7)))
    )
    thread.start()
    thread.join()
    assert results[0].stopped == "interrupted"
    assert same(run(tmp_path, whole[0], resume=True), tmp_path, whole)


# ------------------------------------------------------------------ real processes


def start(name: str, folder: Path, mode: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.training.run_until_told", name, str(folder), mode],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )


def strike(process: subprocess.Popen[str], step: int, number: signal.Signals) -> tuple[str, str]:
    """Send a signal as soon as so many steps are done; return what is still printed."""
    for line in process.stdout:
        if line.strip() == str(step):
            break
    process.send_signal(number)
    return process.communicate(timeout=60)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("number", ENDING)
def test_a_real_process_that_is_interrupted(tmp_path, number):
    name = "adamw-cosine"
    run(tmp_path / "whole", name)
    process = start(name, tmp_path / "struck", "begin")
    out, err = strike(process, 4, number)
    assert err == ""
    assert process.returncode == 0
    assert out.split()[-1] == "interrupted"
    run(tmp_path / "struck", name, resume=True)
    assert left_behind(tmp_path / "struck") == left_behind(tmp_path / "whole")


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_real_process_that_is_killed_twice(tmp_path):
    name = "sgd-one-cycle"
    run(tmp_path / "whole", name)
    for step, mode in ((2, "begin"), (7, "resume")):
        process = start(name, tmp_path / "struck", mode)
        strike(process, step, signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
    run(tmp_path / "struck", name, resume=True)
    assert left_behind(tmp_path / "struck") == left_behind(tmp_path / "whole")


# ------------------------------------------------------------------ what does not fit


def test_metrics_after_the_checkpoint_are_dropped_and_written_again(whole, tmp_path):
    run(tmp_path, whole[0], should_stop=stop_at(10))
    append_metrics(tmp_path / METRICS, {"event": "train", "epoch": 2, "step": 99, "loss": 9.0})
    with open(tmp_path / METRICS, "ab") as file:
        file.write(b'{"event": "tra')
    assert same(run(tmp_path, whole[0], resume=True), tmp_path, whole)


def test_another_recipe_network_or_data_is_refused_and_nothing_changed(tmp_path):
    run(tmp_path, should_stop=stop_at(3))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    slower = dataclasses.replace(RECIPES["adam"], learning_rate=0.001)
    with pytest.raises(ModelError, match=r"begun with learning_rate=0.01 \(now 0.001\)"):
        run(tmp_path, recipe=slower, resume=True)
    with pytest.raises(ModelError, match="training data of 70 examples"):
        run(tmp_path, data=tiny_data(70, seed=9), resume=True)
    with pytest.raises(ModelError, match="validation data of 40 examples"):
        run(tmp_path, validation=None, resume=True)
    with pytest.raises(ModelError, match="made for another network: its layer 1"):
        fit(tiny_network(filters=5), TRAIN, folder=tmp_path, resume=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_another_engine_is_noticed(tmp_path):
    class Other(ReferenceEngine):
        name = "other"

    run(tmp_path, should_stop=stop_at(3))
    events: list = []
    run(tmp_path, engine=Other(tiny_network()), resume=True, on_event=events.append)
    assert isinstance(events[0], Notice)
    assert "begun with the engine 'reference'; 'other' rounds differently" in events[0].message


def test_a_resumed_run_tells_its_place(tmp_path):
    run(tmp_path, should_stop=stop_at(3))
    events: list = []
    run(tmp_path, resume=True, on_event=events.append)
    first = events[0]
    assert isinstance(first, StepDone)
    assert (first.epoch, first.step, first.steps_per_epoch) == (1, 4, 5)


def test_no_example_is_met_twice_or_left_out_by_an_interruption(tmp_path):
    met: list[int] = []

    class Watched:
        def __len__(self) -> int:
            return len(TRAIN)

        def fingerprint(self) -> str:
            return "watched"

        def batch(self, indices):
            met.extend(indices)
            return TRAIN.batch(indices)

    run(tmp_path, data=Watched(), validation=None, should_stop=stop_at(7))
    run(tmp_path, data=Watched(), validation=None, resume=True)
    np.testing.assert_array_equal(met, [i for e in range(3) for i in epoch_order(42, e, 70)])


@pytest.mark.slow
def test_the_seed_network_itself(tmp_path):
    rng = np.random.default_rng(0)
    data = ArrayBatches(rng.random((80, 1, 28, 28), np.float32), rng.integers(0, 5, 80))
    settings = {"recipe": Recipe(epochs=2, batch_size=32), "validation": data}
    whole = fit(seed_network(), data, folder=tmp_path / "whole", **settings)
    folder = tmp_path / "struck"
    for resume in (False, True):  # in the first validation, then in the second epoch
        fit(seed_network(), data, folder=folder, should_stop=stop_at(4), resume=resume, **settings)
    again = fit(seed_network(), data, folder=folder, resume=True, **settings)
    assert again.parameters.vector.tobytes() == whole.parameters.vector.tobytes()
    for name in (LAST, BEST):
        bits = [
            state_bits(load_checkpoint(tmp_path / which / name, seed_network()))
            for which in ("whole", "struck")
        ]
        assert bits[0] == bits[1]
