"""Temperature: the minimum of a convex function, and a last layer divided by it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.engines import ReferenceEngine
from inkgrad.errors import ShapeError
from inkgrad.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    LeakyReLU,
    MaxPool2D,
    Parallel,
    ReLU,
    log_softmax,
    softmax,
)
from inkgrad.network import Network, seed_network, sketch_network
from inkgrad.temperature import FEWEST, cooled, fit_temperature
from tests.networks import random_parameters


def loss_at(logits, labels, temperature):
    return -log_softmax(logits / temperature)[np.arange(len(labels)), labels].mean()


@given(st.integers(2, 12), st.floats(0.2, 5.0), st.integers(0, 2**32 - 1))
def test_no_other_temperature_fits_better(k, sureness, seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (400, k))
    labels = (rng.random((400, 1)) > softmax(logits).cumsum(axis=1)[:, :-1]).sum(axis=1)
    temperature = fit_temperature((sureness * logits).astype(np.float32), labels)
    best = loss_at(sureness * logits, labels, temperature)
    for factor in (0.5, 0.9, 0.999, 1.001, 1.1, 2.0):
        assert loss_at(sureness * logits, labels, temperature * factor) >= best - 1e-12
    slope = (
        loss_at(sureness * logits, labels, temperature * 1.00001)
        - loss_at(sureness * logits, labels, temperature / 1.00001)
    ) / 2e-5
    if 0.11 < temperature < 9:
        assert abs(slope) < 1e-5


def test_a_temperature_ends_at_10_and_at_a_tenth():
    logits = np.tile([[2.0, 0.0]], (200, 1))
    assert fit_temperature(logits, np.zeros(200, int)) == pytest.approx(0.1)  # always right
    assert fit_temperature(logits, np.ones(200, int)) == pytest.approx(10)  # always wrong
    assert fit_temperature(1e30 * logits, np.zeros(200, int)) <= 10
    assert fit_temperature(0 * logits, np.zeros(200, int)) == 1.0  # it makes no difference


def test_of_a_few_drawings_none_is_fitted():
    logits = np.tile([[2.0, 0.0]], (FEWEST, 1))
    labels = np.zeros(FEWEST, int)
    assert fit_temperature(logits[1:], labels[1:]) == 1.0
    assert fit_temperature(logits, labels) != 1.0
    with pytest.raises(ShapeError, match=r"labels of shape \(99,\) for logits of shape \(100, 2\)"):
        fit_temperature(logits, labels[1:])


ENDS = {
    "seed": seed_network(3),
    "sketch": sketch_network(3),
    "norm last": Network([Flatten(), Dense(3), BatchNorm()], (1, 8, 8)),
    "a dropout, too": Network([Flatten(), Dense(3), Dropout(0.5)], (1, 8, 8)),
    "an average": Network(
        [Conv2D(3, 3, bias=False), LeakyReLU(0.1), GlobalAveragePool()], (1, 8, 8)
    ),
    "a maximum": Network([Conv2D(3, 3), ReLU(), MaxPool2D(6), Flatten()], (1, 8, 8)),
}


@pytest.mark.parametrize("network", ENDS.values(), ids=ENDS)
def test_logits_are_divided(network):
    rng = np.random.default_rng(0)
    parameters = random_parameters(network, rng, np.float32)
    before = parameters.vector.copy()
    x, engine = rng.random((3, *network.input_shape)).astype(np.float32), ReferenceEngine(network)
    made = cooled(parameters, 1.7)
    assert made is not None
    np.testing.assert_allclose(
        engine.forward(made, x), engine.forward(parameters, x) / 1.7, rtol=1e-5, atol=1e-6
    )
    np.testing.assert_array_equal(parameters.vector, before)
    assert made.statistics.vector.tobytes() == parameters.statistics.vector.tobytes()


@pytest.mark.parametrize(
    "layers",
    [
        [Flatten(), Parallel([[Dense(3)], [Dense(3)]])],
        [Flatten()],
        [Flatten(), Dense(4), Parallel([[ReLU()], []])],
    ],
)
def test_where_no_factor_passes_nothing_is_divided(layers):
    network = Network(layers, (1, 2, 2))
    assert cooled(network.initialise(0), 2.0) is None
