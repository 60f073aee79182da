"""The loop: it learns, it is deterministic, it tells what it does, and it stops when it should."""

from __future__ import annotations

import dataclasses
import errno
import math
import os
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from inkgrad.engines import ReferenceEngine
from inkgrad.engines.cpu import CpuEngine
from inkgrad.errors import DataError, InkgradError, ModelError
from inkgrad.layers import Dense
from inkgrad.network import Network
from inkgrad.training import (
    BEST,
    LAST,
    METRICS,
    ArrayBatches,
    EpochDone,
    Notice,
    Recipe,
    StepDone,
    TrainingError,
    checkpoint,
    clip_by_norm,
    decay_mask,
    epoch_order,
    fit,
    journal,
    judge,
    load_checkpoint,
    read_metrics,
)

from .problems import RECIPES, TRAIN, VALIDATION, left_behind, network_of, tiny_data, tiny_network


def run(**changes):
    usual = {"validation": VALIDATION, "recipe": RECIPES["adam"], "engine": "reference"}
    settings = {**usual, **changes}
    return fit(tiny_network(), settings.pop("data", TRAIN), **settings)


# ------------------------------------------------------------------ learning


@pytest.mark.parametrize("name", RECIPES)
def test_learns_a_small_problem(name):
    recipe = dataclasses.replace(RECIPES[name], epochs=25, patience=None)
    data = tiny_data(300, seed=3)
    fitted = fit(network_of(name), data, validation=VALIDATION, recipe=recipe, engine="reference")
    assert fitted.stopped == "finished"
    assert fitted.history[-1].train_loss < fitted.history[0].train_loss
    assert max(done.validation_accuracy for done in fitted.history) >= 0.9


def test_one_epoch_is_what_the_book_says():
    """Go through one epoch by hand, on the bare parts, and arrive at the same bits."""
    recipe = dataclasses.replace(RECIPES["adamw-cosine"], epochs=1)
    network = tiny_network()
    engine, optimizer = ReferenceEngine(network), recipe.make_optimizer()
    schedule = recipe.make_schedule(steps_per_epoch=5)
    parameters = network.initialise(recipe.seed)
    state = optimizer.start(parameters.vector)
    order = epoch_order(recipe.seed, 0, 70)
    losses = []
    for step in range(5):
        where = order[16 * step : 16 * step + 16]
        loss, _, gradient = engine.gradients(
            parameters, TRAIN.x[where], TRAIN.labels[where], label_smoothing=0.1
        )
        losses.append(loss * len(where))
        assert clip_by_norm(gradient, 0.1) > 0.1
        optimizer.update(parameters.vector, gradient, state, schedule(step), decay_mask(network))
    assert len(where) == 6  # the ragged batch is not dropped
    fitted = run(recipe=recipe, validation=None)
    assert fitted.parameters.vector.tobytes() == parameters.vector.tobytes()
    assert fitted.history[0].train_loss == sum(losses) / 70


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path):
    fitted = [run(folder=tmp_path / name) for name in "ab"]
    assert left_behind(tmp_path / "a") == left_behind(tmp_path / "b")
    assert fitted[0].parameters.vector.tobytes() == fitted[1].parameters.vector.tobytes()
    other = run(recipe=dataclasses.replace(RECIPES["adam"], seed=1))
    assert other.parameters.vector.tobytes() != fitted[0].parameters.vector.tobytes()


def test_a_folder_and_listeners_change_nothing(tmp_path):
    plain = run()
    watched = run(folder=tmp_path, on_event=lambda event: None, checkpoint_seconds=0)
    assert plain.parameters.vector.tobytes() == watched.parameters.vector.tobytes()


def test_parameters_stay_float32():
    assert run().parameters.vector.dtype == np.float32


def test_one_step_an_epoch_and_a_batch_larger_than_the_data():
    recipe = Recipe(epochs=2, batch_size=1000)
    events: list = []
    run(recipe=recipe, on_event=events.append)
    steps = [event for event in events if isinstance(event, StepDone)]
    assert [(s.epoch, s.step, s.steps_per_epoch) for s in steps] == [(1, 1, 1), (2, 1, 1)]


# ------------------------------------------------------------------ judging and the best


def test_judge_is_a_mean_over_examples_whatever_the_batches():
    network = tiny_network()
    parameters = network.initialise(0)
    engine = ReferenceEngine(network)
    p = engine.predict(parameters, VALIDATION.x)
    expected_loss = -np.log(p[np.arange(40), VALIDATION.labels]).mean()
    expected_accuracy = (p.argmax(axis=1) == VALIDATION.labels).mean()
    for batch_size in (1, 7, 40, 1000):
        loss, accuracy = judge(engine, parameters, VALIDATION, batch_size)
        assert loss == pytest.approx(expected_loss, rel=1e-5)
        assert accuracy == expected_accuracy


def test_judge_counts_examples_of_no_class_for_the_loss_alone():
    network = tiny_network()
    parameters, engine = network.initialise(0), ReferenceEngine(network)
    labels = np.where(np.arange(40) % 3 == 0, -1, VALIDATION.labels)
    log_p = np.log(engine.predict(parameters, VALIDATION.x))
    known = labels >= 0
    expected = -(log_p[known, labels[known]].sum() + log_p[~known].mean(axis=1).sum()) / 40
    accuracy = (log_p.argmax(axis=1) == labels)[known].mean()
    got = judge(engine, parameters, ArrayBatches(VALIDATION.x, labels), 7)
    assert got == pytest.approx((expected, accuracy), rel=1e-5)
    nothing = ArrayBatches(VALIDATION.x, np.full(40, -1))
    assert judge(engine, parameters, nothing, 7)[1] == 0


def test_returns_the_best_epoch_not_the_last(tmp_path):
    # A learning rate so high that the accuracy goes down again.
    recipe = dataclasses.replace(RECIPES["adam"], epochs=5, learning_rate=0.02)
    fitted = run(recipe=recipe, folder=tmp_path)
    accuracies = [done.validation_accuracy for done in fitted.history]
    assert max(accuracies) > accuracies[-1]
    engine = ReferenceEngine(tiny_network())
    assert judge(engine, fitted.parameters, VALIDATION, 16)[1] == max(accuracies)
    best = load_checkpoint(tmp_path / BEST, tiny_network())
    assert best.parameters.vector.tobytes() == fitted.parameters.vector.tobytes()
    last = load_checkpoint(tmp_path / LAST, tiny_network())
    assert last.best.vector.tobytes() == fitted.parameters.vector.tobytes()
    assert last.parameters.vector.tobytes() != fitted.parameters.vector.tobytes()


def test_without_validation_the_last_parameters_are_returned(tmp_path):
    fitted = run(validation=None, folder=tmp_path)
    last = load_checkpoint(tmp_path / LAST, tiny_network())
    assert last.parameters.vector.tobytes() == fitted.parameters.vector.tobytes()
    assert not (tmp_path / BEST).exists()


def test_stops_when_the_validation_loss_no_longer_falls():
    recipe = dataclasses.replace(RECIPES["adam"], epochs=50, learning_rate=0.3, patience=2)
    fitted = run(recipe=recipe)
    losses = [done.validation_loss for done in fitted.history]
    assert fitted.stopped == "patience"
    assert 3 <= len(losses) < 50
    assert losses.index(min(losses)) == len(losses) - 3


# ------------------------------------------------------------------ what it tells


def test_events_in_order_with_honest_numbers(tmp_path):
    events: list = []
    fitted = run(on_event=events.append, folder=tmp_path)
    kinds = [type(event) for event in events]
    assert kinds == ([StepDone] * 5 + [EpochDone]) * 3
    epochs = [event for event in events if isinstance(event, EpochDone)]
    assert tuple(epochs) == fitted.history
    for epoch in range(3):
        steps = events[6 * epoch : 6 * epoch + 5]
        assert [(s.epoch, s.epochs, s.step, s.steps_per_epoch) for s in steps] == [
            (epoch + 1, 3, step, 5) for step in range(1, 6)
        ]
        assert steps[-1].loss == epochs[epoch].train_loss
        assert steps[-1].accuracy == epochs[epoch].train_accuracy
        assert all(s.drawings_per_s > 0 for s in steps)
        assert all(s.learning_rate == 0.01 for s in steps)
    left = [event.seconds_left for event in events if isinstance(event, StepDone)]
    assert left[-1] == 0
    assert all(seconds > 0 for seconds in left[:-1])
    assert sum(done.seconds for done in epochs) > 0


def test_metrics_tell_windows_about_twenty_times_an_epoch(tmp_path):
    recipe = Recipe(epochs=2, batch_size=1, learning_rate=0.01)
    events: list = []
    fitted = run(recipe=recipe, folder=tmp_path, on_event=events.append)
    records = read_metrics(tmp_path / METRICS)
    train = [r for r in records if r["event"] == "train" and r["epoch"] == 2]
    assert [r["step"] for r in train] == [*range(74, 140, 4), 140]  # every 4th of 70, and the last
    assert len(train) == 18
    assert set(train[0]) == {"event", "epoch", "step", "loss", "accuracy", "learning_rate"}
    sizes = [4] * 17 + [2]
    for name, mean in (
        ("loss", fitted.history[1].train_loss),
        ("accuracy", fitted.history[1].train_accuracy),
    ):
        whole = sum(r[name] * size for r, size in zip(train, sizes, strict=True)) / 70
        assert whole == pytest.approx(mean, rel=1e-12)
    epochs = [r for r in records if r.pop("event") == "epoch"]
    assert tuple(EpochDone(**record) for record in epochs) == fitted.history
    assert records[-1] is epochs[-1]


def test_the_schedule_is_followed():
    recipe = RECIPES["sgd-one-cycle"]
    events: list = []
    run(recipe=recipe, on_event=events.append)
    rates = [event.learning_rate for event in events if isinstance(event, StepDone)]
    assert rates == [recipe.make_schedule(5)(step) for step in range(15)]


def test_checkpoints_are_saved_as_often_as_asked(tmp_path):
    places = []

    def look(event) -> None:
        state = load_checkpoint(tmp_path / LAST, tiny_network())
        places.append((state.epoch, state.step))

    recipe = dataclasses.replace(RECIPES["adam"], epochs=2)
    run(recipe=recipe, folder=tmp_path, on_event=look, checkpoint_seconds=0)
    first = [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 0)]
    assert places[:6] == first  # an event is told before its checkpoint, an epoch's after
    places.clear()
    run(recipe=recipe, folder=tmp_path, on_event=look, checkpoint_seconds=math.inf)
    assert places[:7] == [(0, 0)] * 5 + [(1, 0)] * 2


# ------------------------------------------------------------------ runs that do not learn


def test_a_run_that_diverges_says_so_and_keeps_the_last_good_checkpoint(tmp_path):
    recipe = Recipe(epochs=3, batch_size=16, optimizer="sgd", learning_rate=1e30)
    with pytest.raises(
        TrainingError, match=r"in epoch 1, step \d+: training has diverged; try a "
    ) as error:
        run(recipe=recipe, folder=tmp_path)
    assert f"the last good checkpoint is kept in {tmp_path / LAST}" in str(error.value)
    load_checkpoint(tmp_path / LAST, tiny_network())  # which refuses what is not finite
    with pytest.raises(TrainingError, match=r"try a learning rate of 1e\+29"):
        run(recipe=recipe)


def test_parameters_that_are_not_finite_never_reach_the_disk(tmp_path):
    # One step an epoch, and one epoch: no later loss would show what the step has done.
    recipe = Recipe(epochs=1, batch_size=70, optimizer="sgd", learning_rate=1e200)
    with pytest.raises(TrainingError, match=r"the largest number in parameters is (inf|nan)"):
        run(recipe=recipe, validation=None, folder=tmp_path)
    assert load_checkpoint(tmp_path / LAST, tiny_network()).optimizer.steps == 0
    # Nor where a checkpoint is due in the middle of an epoch, before a loss shows it.
    recipe = Recipe(epochs=1, batch_size=16, optimizer="sgd", learning_rate=1e200)
    with pytest.raises(TrainingError, match=r"the largest number in parameters is (inf|nan)"):
        run(recipe=recipe, folder=tmp_path, checkpoint_seconds=0)
    assert load_checkpoint(tmp_path / LAST, tiny_network()).optimizer.steps == 0


def test_a_validation_loss_that_is_not_finite_is_told():
    bad = ArrayBatches(np.full((4, 1, 8, 8), np.inf, np.float32), np.zeros(4, np.int64))
    with pytest.raises(TrainingError, match="the validation loss is nan in epoch 1"):
        run(validation=bad)


@pytest.mark.parametrize("kind", [ReferenceEngine, CpuEngine])
@pytest.mark.parametrize("ink", [np.nan, np.inf])
def test_inputs_that_are_not_finite_are_told(kind, ink):
    bad = ArrayBatches(np.full((4, 1, 8, 8), ink, np.float32), np.zeros(4, np.int64))
    with pytest.raises(TrainingError, match=r"the loss is nan in epoch 1, step 1: .* inputs"):
        run(data=bad, engine=kind(tiny_network()))


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite_is_told_and_reaches_no_checkpoint(number, tmp_path):
    class Broken(ReferenceEngine):
        calls = 0

        def contribution(self, *args, **settings):
            found = super().contribution(*args, **settings)
            self.calls += 1
            if self.calls == 4:
                found.gradient[3] = number
            return found

    with pytest.raises(
        TrainingError, match=r"the gradient's length is (inf|nan) in epoch 1, step 4: .* is kept in"
    ):
        run(engine=Broken(tiny_network()), folder=tmp_path, checkpoint_seconds=0)
    state = load_checkpoint(tmp_path / LAST, tiny_network())  # refuses what is not finite
    assert (state.step, state.optimizer.steps) == (3, 3)


@pytest.mark.parametrize("kind", [ReferenceEngine, CpuEngine])
def test_a_loss_that_is_not_finite_reaches_no_checkpoint(kind, tmp_path):
    x = TRAIN.x.copy()
    x[epoch_order(0, 0, 70)[40]] = np.nan  # met in the third step
    recipe = dataclasses.replace(RECIPES["adam"], seed=0)
    with pytest.raises(TrainingError, match="the loss is nan in epoch 1, step 3"):
        run(
            data=ArrayBatches(x, TRAIN.labels),
            engine=kind(tiny_network()),
            recipe=recipe,
            folder=tmp_path,
            checkpoint_seconds=0,
        )
    state = load_checkpoint(tmp_path / LAST, tiny_network())
    assert (state.step, state.optimizer.steps) == (2, 2)


def test_an_engine_that_makes_the_step_itself_is_asked_to():
    class Counting(CpuEngine):
        steps = 0

        def fused_step(self, *args, **settings):
            made = super().fused_step(*args, **settings)
            self.steps += made is not None
            return made

    learner = Counting(tiny_network())
    ours, theirs = run(engine=learner), run(engine=ReferenceEngine(tiny_network()))
    assert learner.steps == 3 * 5
    for our, their in zip(ours.history, theirs.history, strict=True):
        assert our.train_loss == pytest.approx(their.train_loss, rel=1e-4)


def test_an_engine_that_makes_the_step_itself_is_resumed_to_the_same_bits(tmp_path):
    recipe = dataclasses.replace(RECIPES["adam"], epochs=2)
    run(recipe=recipe, engine=CpuEngine(tiny_network()), folder=tmp_path / "whole")
    calls = iter(range(100))
    options = {"recipe": recipe, "folder": tmp_path / "parts"}
    cut = run(engine=CpuEngine(tiny_network()), should_stop=lambda: next(calls) == 3, **options)
    assert cut.stopped == "interrupted"
    run(engine=CpuEngine(tiny_network()), resume=True, **options)
    assert left_behind(tmp_path / "parts") == left_behind(tmp_path / "whole")


def test_a_flat_run_is_noticed_once(tmp_path):
    rng = np.random.default_rng(0)
    blank = ArrayBatches(np.zeros((70, 1, 8, 8), np.float32), rng.integers(0, 3, 70))
    events: list = []
    recipe = Recipe(epochs=60, batch_size=16)
    run(data=blank, recipe=recipe, on_event=events.append, folder=tmp_path)
    notices = [event.message for event in events if isinstance(event, Notice)]
    assert len(notices) == 1
    assert notices[0].startswith("after 200 steps the loss is 1.")
    records = [r for r in read_metrics(tmp_path / METRICS) if r["event"] == "notice"]
    assert records == [{"event": "notice", "epoch": 40, "step": 200, "message": notices[0]}]


def test_a_short_flat_run_is_noticed_at_its_end():
    blank = ArrayBatches(np.zeros((12, 1, 8, 8), np.float32), np.arange(12) % 3)
    events: list = []
    run(data=blank, recipe=Recipe(epochs=2, batch_size=6), on_event=events.append)
    place = [isinstance(event, Notice) for event in events]
    assert place == [False] * 3 + [False, True, False, False]
    assert "train for more epochs" in events[4].message


def test_a_run_that_learns_gets_no_notice():
    events: list = []
    run(recipe=dataclasses.replace(RECIPES["adam"], epochs=45), on_event=events.append)
    assert not [event for event in events if isinstance(event, Notice)]


# ------------------------------------------------------------------ mistakes


def test_mistakes_are_told_before_anything_is_written(tmp_path):
    empty = ArrayBatches(np.zeros((0, 1, 8, 8), np.float32), np.zeros(0, np.int64))
    folder = tmp_path / "run"
    for changes, kind, message in [
        ({"data": empty}, DataError, "the training data is empty"),
        ({"validation": empty}, DataError, "the validation data is empty"),
        ({"engine": "warp"}, InkgradError, "engine is 'warp'"),
        (
            {"validation": None, "recipe": Recipe(patience=1)},
            InkgradError,
            "patience watches the validation loss; give validation data",
        ),
        ({"resume": True}, ModelError, f"{folder} holds no {LAST} to resume from"),
        ({"checkpoint_seconds": -1}, InkgradError, "checkpoint_seconds is -1; give .* at least 0"),
        ({"checkpoint_seconds": math.nan}, InkgradError, "checkpoint_seconds is nan"),
    ]:
        with pytest.raises(kind, match=message):
            run(folder=folder, **changes)
        assert not folder.exists()
    with pytest.raises(InkgradError, match="resume needs the folder in which the run was saved"):
        run(resume=True)


def test_an_engine_in_hand_must_be_of_this_network():
    with pytest.raises(InkgradError, match="made for another network"):
        run(engine=ReferenceEngine(tiny_network(filters=5)))


def test_a_listener_s_error_comes_through(tmp_path):
    def fail(event) -> None:
        raise RuntimeError("listener")

    with pytest.raises(RuntimeError, match="listener"):
        run(on_event=fail, folder=tmp_path)


def test_a_new_run_takes_the_place_of_an_old_one(tmp_path):
    run(folder=tmp_path)
    run(folder=tmp_path, validation=None, should_stop=lambda: True)
    assert not (tmp_path / BEST).exists()
    assert read_metrics(tmp_path / METRICS) == []
    assert load_checkpoint(tmp_path / LAST, tiny_network()).optimizer.steps == 0


def test_dense_only_networks_train_too():
    x = np.eye(6, dtype=np.float32)
    fitted = fit(
        Network([Dense(2)], (6,)),
        ArrayBatches(x, np.arange(6) % 2),
        recipe=Recipe(epochs=40, batch_size=4, learning_rate=0.1),
    )
    losses = [done.train_loss for done in fitted.history]
    assert all(later < earlier for earlier, later in pairwise(losses[5:]))
    assert fitted.history[-1].train_accuracy == 1


def test_validation_counts_against_the_time_left_but_not_against_the_speed(monkeypatch):
    now = 0.0

    class Timed(ArrayBatches):
        def batch(self, indices):
            nonlocal now
            now += 1.0 if self is data else 10.0  # seconds
            return super().batch(indices)

    data, validation = Timed(TRAIN.x, TRAIN.labels), Timed(VALIDATION.x, VALIDATION.labels)
    monkeypatch.setattr(journal, "time", SimpleNamespace(monotonic=lambda: now))
    events: list = []
    recipe = Recipe(epochs=3, batch_size=70)
    fitted = run(data=data, validation=validation, recipe=recipe, on_event=events.append)
    steps = [event for event in events if isinstance(event, StepDone)]
    assert [step.drawings_per_s for step in steps] == [70.0] * 3
    # After 1, 1 + 10 + 1 and 2 · (1 + 10) + 1 seconds, with 2, 1 and 0 steps to go:
    assert [step.seconds_left for step in steps] == [2 * 1 / 1, 1 * 12 / 2, 0]
    assert [done.seconds for done in fitted.history] == [11.0] * 3


def test_a_new_run_that_cannot_be_saved_leaves_the_old_one_alone(tmp_path, monkeypatch):
    run(folder=tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(checkpoint, "atomic_write", full)
    with pytest.raises(ModelError, match="cannot write the checkpoint"):
        run(folder=tmp_path, recipe=dataclasses.replace(RECIPES["adam"], seed=1))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
