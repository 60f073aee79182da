"""Averaging: the recursion by hand, the optimiser within untouched, and what a run answers by."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.errors import InkgradError
from inkgrad.optimizers import SGD, Adam, AdamW, Averaging
from inkgrad.training import Recipe, fit
from tests.training.problems import TRAIN, VALIDATION, tiny_network

OPTIMIZERS = [SGD(nesterov=True, weight_decay=0.1), Adam(), AdamW(weight_decay=0.1)]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_average_follows_and_changes_nothing_else(optimizer):
    rng = np.random.default_rng(1)
    alone, theta = np.ones(4), np.ones(4)
    averaging = Averaging(optimizer, decay=0.5)
    plain, state = optimizer.start(alone), averaging.start(theta)
    mean = theta.copy()
    decays = np.array([True, False, True, False])
    for t in range(1, 13):
        gradient = rng.normal(size=4)
        optimizer.update(alone, gradient, plain, 0.1, decays)
        averaging.update(theta, gradient, state, 0.1, decays)
        d = min(0.5, (1 + t) / (10 + t))
        mean = d * mean + (1 - d) * theta
        np.testing.assert_array_equal(theta, alone)
        np.testing.assert_allclose(state.arrays["average"], mean, rtol=1e-12)
    assert state.steps == 12
    for name in optimizer.state_names:
        np.testing.assert_array_equal(state.arrays[name], plain.arrays[name])


def test_it_begins_with_the_parameters_and_keeps_their_dtype():
    theta = np.array([3.0, -1.0], np.float32)
    state = Averaging(Adam()).start(theta)
    assert state.arrays["average"].dtype == np.float32
    np.testing.assert_array_equal(state.arrays["average"], theta)
    assert state.arrays["average"] is not theta


@pytest.mark.parametrize("decay", [0.0, 1.0, -0.5, float("nan")])
def test_impossible_decays_are_refused(decay):
    with pytest.raises(InkgradError, match=r"averaging is .*; give a number above 0 and below 1"):
        Averaging(SGD(), decay)
    with pytest.raises(InkgradError, match=r"averaging is .*; give a number above 0 and below 1"):
        Recipe(averaging=decay)


def test_statistics_are_averaged_too():
    averaging, theta = Averaging(SGD(), decay=0.5), np.zeros(2)
    state = averaging.start(theta, statistics=np.array([4.0]))
    assert state.arrays["average.statistics"] == [4.0]
    averaging.update(theta, np.ones(2), state, 0.1)
    averaging.measure(np.array([8.0]), state)  # after step 1: d = 2/11
    np.testing.assert_allclose(state.arrays["average.statistics"], 4 + 9 / 11 * 4)
    assert "average.statistics" not in averaging.start(theta).arrays


@pytest.mark.parametrize("validation", [VALIDATION, None])
def test_a_run_is_judged_by_the_average_and_returns_it(validation):
    recipe = Recipe(epochs=3, batch_size=16, learning_rate=0.05, averaging=0.9)
    network = tiny_network()
    plain = fit(network, TRAIN, validation=validation, recipe=Recipe(**{
        **recipe.to_dict(), "averaging": None}))  # fmt: skip
    averaged = fit(network, TRAIN, validation=validation, recipe=recipe)
    assert not np.array_equal(plain.parameters.vector, averaged.parameters.vector)
    losses = [[done.train_loss for done in fitted.history] for fitted in (plain, averaged)]
    assert losses[0] == losses[1]  # they learn alike
    if validation is not None:
        judged = [[done.validation_loss for done in each.history] for each in (plain, averaged)]
        assert judged[0] != judged[1]
