"""When a run is over, which epoch is best, and what may change on resuming."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from inkgrad.errors import ModelError
from inkgrad.training import Recipe, Source, Tally, TrainingState

from .problems import tiny_network

DATA, VALIDATION = Source(70, "sha256:aaaa"), Source(40, "sha256:bbbb")


def state_of(recipe: Recipe, judged=(), validation=VALIDATION) -> TrainingState:
    """Return a state after epochs with these validation losses and accuracies."""
    parameters = tiny_network().initialise(0)
    optimizer = recipe.make_optimizer().start(parameters.vector)
    state = TrainingState(recipe, "reference", DATA, validation, parameters, optimizer)
    for result in judged:
        state.count(1.0, np.eye(3), np.array([0, 1, 0]))
        state.parameters.vector += 1
        state.close_epoch(result)
    return state


def test_tally_is_a_mean_over_examples_not_over_batches():
    tally = Tally()
    tally.add(1.0, np.array([[1.0, 0], [1, 0], [0, 1]]), np.array([0, 1, 1]))
    tally.add(3.0, np.array([[1.0, 0]]), np.array([1]))
    assert tally.mean_loss == (3 * 1.0 + 3.0) / 4
    assert tally.accuracy == 2 / 4


def test_examples_of_no_class_count_for_the_loss_alone():
    tally = Tally()
    tally.add(2.0, np.array([[1.0, 0], [1, 0]]), np.array([-1, -1]))
    assert (tally.mean_loss, tally.accuracy) == (2.0, 0.0)
    tally.add(1.0, np.array([[1.0, 0], [1, 0], [0, 1]]), np.array([0, -1, 0]))
    assert (tally.mean_loss, tally.accuracy) == ((2 * 2.0 + 3 * 1.0) / 5, 1 / 2)


def test_the_last_batch_is_counted_in():
    assert state_of(Recipe(batch_size=16)).steps_per_epoch == 5
    assert state_of(Recipe(batch_size=70)).steps_per_epoch == 1
    assert state_of(Recipe(batch_size=71)).steps_per_epoch == 1
    assert state_of(Recipe(batch_size=35)).steps_per_epoch == 2


@pytest.mark.parametrize(
    ("losses", "patience", "reason"),
    [
        ([3, 2, 1], None, None),
        ([1, 2, 3, 4, 5, 6], None, "finished"),
        ([1, 2], 2, None),
        ([1, 2, 3], 2, "patience"),
        ([1, 1, 1], 2, "patience"),  # equal is no improvement
        ([3, 4, 2, 3], 2, None),
        ([3, 4, 2, 3, 2.5], 2, "patience"),
        ([], 1, None),
        ([1, 2, 3, 4, 5, 6], 5, "finished"),
    ],
)
def test_patience(losses, patience, reason):
    state = state_of(Recipe(epochs=6, patience=patience), [(loss, 0.5) for loss in losses])
    assert state.finished() == reason


def test_best_is_by_accuracy_then_loss_then_first():
    judged = [(1.0, 0.5), (0.5, 0.4), (0.9, 0.5), (0.9, 0.5), (2.0, 0.6), (0.1, 0.5)]
    state = state_of(Recipe(), judged)
    assert [done.is_best for done in state.history] == [True, False, True, False, True, False]
    np.testing.assert_allclose(
        state.best.vector - tiny_network().initialise(0).vector, 5, rtol=1e-5
    )
    assert not np.shares_memory(state.best.vector, state.parameters.vector)


def test_without_validation_the_latest_counts_as_best():
    state = state_of(Recipe(), [None, None], validation=None)
    assert [done.is_best for done in state.history] == [True, True]
    assert state.best is None


def test_closing_an_epoch_starts_the_sums_anew():
    state = state_of(Recipe(), [(1.0, 0.5)])
    assert (state.epoch, state.step, state.seconds) == (1, 0, 0.0)
    assert state.epoch_tally == state.window == Tally()
    assert state.history[0].train_loss == 1.0
    assert state.history[0].train_accuracy == pytest.approx(2 / 3)


CHANGES = {
    "batch_size": 32,
    "optimizer": "adamw",
    "learning_rate": 0.5,
    "schedule": "step",
    "warmup": 0.25,
    "decay_every": 3,
    "decay_factor": 0.5,
    "momentum": 0.5,
    "nesterov": True,
    "beta1": 0.5,
    "beta2": 0.5,
    "epsilon": 0.5,
    "weight_decay": 0.5,
    "clip_norm": 0.5,
    "label_smoothing": 0.5,
    "averaging": 0.9,
    "seed": 7,
}


def test_every_setting_but_two_is_in_the_table_below():
    names = {field.name for field in dataclasses.fields(Recipe)}
    assert names == set(CHANGES) | {"epochs", "patience"}


@pytest.mark.parametrize(("name", "value"), CHANGES.items())
def test_another_recipe_is_refused_by_name(name, value):
    state = state_of(Recipe())
    old = getattr(Recipe(), name)
    expected = f"begun with {name}={old!r} \\(now {value!r}\\); resume it with what it was begun"
    with pytest.raises(ModelError, match=expected):
        state.continue_with(dataclasses.replace(Recipe(), **{name: value}), DATA, VALIDATION)
    assert state.recipe == Recipe()


def test_all_differences_are_told_at_once():
    with pytest.raises(ModelError, match=r"seed=42 \(now 1\), training data of 70 ex.*validation"):
        state_of(Recipe()).continue_with(Recipe(seed=1), Source(71, "x"), None)


@pytest.mark.parametrize(
    ("data", "validation", "message"),
    [
        (Source(71, "sha256:aaaa"), VALIDATION, r"training data of 70 .* \(now 71 ex"),
        (Source(70, "sha256:cccc"), VALIDATION, r"fingerprint sha256:aaaa \(now 70 .*256:cccc\)"),
        (DATA, Source(40, "z"), r"validation data of 40 .* \(now 40 examples, fingerprint z\)"),
        (DATA, None, r"validation data of 40 .* \(now no examples\)"),
    ],
)
def test_other_data_is_refused(data, validation, message):
    with pytest.raises(ModelError, match=message):
        state_of(Recipe()).continue_with(Recipe(), data, validation)


def test_epochs_and_patience_may_change():
    longer = Recipe(schedule="constant", epochs=9, patience=2)
    state = state_of(Recipe(schedule="constant"))
    state.continue_with(longer, DATA, VALIDATION)
    assert state.recipe == longer


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle"])
def test_epochs_may_not_change_where_the_schedule_depends_on_them(schedule):
    state = state_of(Recipe(schedule=schedule))
    with pytest.raises(ModelError, match=r"epochs=6 \(now 9\)"):
        state.continue_with(Recipe(epochs=9, schedule=schedule), DATA, VALIDATION)


def test_fewer_epochs_than_were_begun_are_refused():
    state = state_of(Recipe(schedule="constant"), [(1.0, 0.5)] * 2)
    state.continue_with(Recipe(schedule="constant", epochs=2), DATA, VALIDATION)
    assert state.finished() == "finished"
    state.step = 1
    with pytest.raises(ModelError, match="epochs is 2, but the run is already in epoch 3"):
        state.continue_with(Recipe(schedule="constant", epochs=2), DATA, VALIDATION)
