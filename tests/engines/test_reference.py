"""The reference engine: the gradient of whole networks, against differences of the loss."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from inkgrad.engines import ReferenceEngine
from inkgrad.errors import InkgradError, ShapeError
from inkgrad.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Flatten,
    MaxPool2D,
    Mode,
    ReLU,
    SoftmaxCrossEntropy,
    softmax,
)
from inkgrad.network import Network, Parameters, seed_network
from tests.networks import random_batch, random_network, random_parameters

seeds = st.integers(0, 2**32 - 1)


def kinks(network: Network, parameters: Parameters, x: np.ndarray) -> list[np.ndarray]:
    """Return which cells each ReLU lets through and which each pool chose."""
    found = []
    for stage in network.stages:
        x, saved = stage.layer.forward(x, **parameters.of(stage))
        if isinstance(stage.layer, (ReLU, MaxPool2D)):
            found.append(saved[-1])
    return found


def slope_error(
    network: Network,
    parameters: Parameters,
    x: np.ndarray,
    labels: np.ndarray,
    direction: np.ndarray,
    smoothing: float = 0.0,
    step: float = 1e-5,
) -> float | None:
    """Return the relative error of the gradient along `direction`, against a central difference.

    None if a ReLU or a pool changes its mind between the two ends: there the loss has a kink,
    and the difference is no derivative.
    """
    engine = ReferenceEngine(network)
    gradient = engine.gradients(parameters, x, labels, label_smoothing=smoothing).vector
    ends = [Parameters(network, parameters.vector + s * step * direction) for s in (1, -1)]
    here, there = (kinks(network, end, x) for end in ends)
    if not all((a == b).all() for a, b in zip(here, there, strict=True)):
        return None
    up, down = (engine.gradients(end, x, labels, label_smoothing=smoothing).loss for end in ends)
    numerical = (up - down) / (2 * step)
    analytic = float(gradient @ direction)
    usual = np.linalg.norm(gradient) * np.linalg.norm(direction) / np.sqrt(direction.size)
    return abs(analytic - numerical) / max(abs(analytic), abs(numerical), usual)


@given(seeds, st.sampled_from([0.0, 0.1, 0.7]))
def test_the_gradient_of_random_networks(seed, smoothing):
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    parameters = random_parameters(network, rng)
    x, labels = random_batch(network, int(rng.integers(1, 5)), rng)
    direction = rng.standard_normal(network.size)
    direction /= np.linalg.norm(direction)
    error = slope_error(network, parameters, x, labels, direction, smoothing)
    assume(error is not None)
    assert error <= 1e-7


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_gradient_of_the_seed_network(smoothing):
    """Every layer's parameters on their own, so that none hides behind a larger one."""
    rng = np.random.default_rng(3)
    network = seed_network()
    parameters = random_parameters(network, rng)
    x, labels = random_batch(network, 2, rng)
    for where, _ in network.layout.values():
        error = None
        while error is None:
            direction = np.zeros(network.size)
            direction[where] = rng.standard_normal(where.stop - where.start)
            direction /= np.linalg.norm(direction)
            error = slope_error(network, parameters, x, labels, direction, smoothing, step=2e-6)
        assert error <= 1e-7


@given(seeds)
def test_the_gradient_of_a_batch_is_the_mean_of_its_drawings_gradients(seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    engine, parameters = ReferenceEngine(network), random_parameters(network, rng)
    x, labels = random_batch(network, 4, rng)
    together = engine.gradients(parameters, x, labels)
    singles = [engine.gradients(parameters, x[b : b + 1], labels[b : b + 1]) for b in range(4)]
    assert together.loss == pytest.approx(np.mean([s.loss for s in singles]), rel=1e-12)
    np.testing.assert_allclose(
        together.vector, np.mean([s.vector for s in singles], axis=0), rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(
        together.logits, np.concatenate([s.logits for s in singles]), rtol=1e-10, atol=1e-12
    )


@given(seeds)
def test_forward_predict_and_gradients_agree(seed):
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    engine, parameters = ReferenceEngine(network), random_parameters(network, rng)
    x, labels = random_batch(network, 3, rng)
    logits = engine.forward(parameters, x)
    assert logits.shape == (3, *network.output_shape)
    result = engine.gradients(parameters, x, labels, label_smoothing=0.1)
    np.testing.assert_array_equal(result.logits, logits)
    np.testing.assert_array_equal(engine.predict(parameters, x), softmax(logits))
    expected, _ = SoftmaxCrossEntropy(0.1).forward(logits, labels)
    assert result.loss == float(expected)


def test_a_network_worked_by_hand():
    """2×2 → conv of ones → ReLU → dense: every number can be checked on paper.

    x = (1, 2; 3, 4) sums to 10; the dense layer makes logits (10·w₁, 10·w₂) = (0, 0), so the
    probabilities are ½ and ½ and dlogits = (−½, ½) for label 0. Then d dense.weight = 10·(−½, ½),
    d dense.bias = (−½, ½); with w = 0 nothing flows further back.
    """
    network = Network([Conv2D(1, 2), ReLU(), Flatten(), Dense(2)], input_shape=(1, 2, 2))
    parameters = Parameters(network, np.array([1.0, 1, 1, 1, 0, 0, 0, 0, 0]))
    x = np.array([[[[1.0, 2], [3, 4]]]])
    loss, logits, gradient = ReferenceEngine(network).gradients(parameters, x, np.array([0]))
    assert loss == pytest.approx(np.log(2))
    assert logits.tolist() == [[0.0, 0.0]]
    assert gradient.tolist() == [0, 0, 0, 0, 0, -5, 5, -0.5, 0.5]

    # With w = (1, 0) the logits are (10, 0), p₂ = 1/(e¹⁰ + 1) =: q and dlogits = (−q, q). Back
    # through w comes −q·1 + q·0, which each filter weight multiplies by the cell that it saw.
    parameters["dense1.weight"] = np.array([[1.0, 0.0]])
    _, _, gradient = ReferenceEngine(network).gradients(parameters, x, np.array([0]))
    q = 1 / (np.exp(10) + 1)
    expected = [-q, -2 * q, -3 * q, -4 * q, -q, -10 * q, 10 * q, -q, q]
    np.testing.assert_allclose(gradient, expected, rtol=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes_are_kept(dtype):
    rng = np.random.default_rng(0)
    network = random_network(rng)
    engine, parameters = ReferenceEngine(network), random_parameters(network, rng, dtype)
    x, labels = random_batch(network, 2, rng, dtype)
    loss, logits, gradient = engine.gradients(parameters, x, labels, label_smoothing=0.1)
    assert isinstance(loss, float)
    arrays = [logits, gradient, engine.forward(parameters, x), engine.predict(parameters, x)]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}


def test_nothing_handed_in_is_modified_or_handed_out_again():
    rng = np.random.default_rng(0)
    network = seed_network()
    engine, parameters = ReferenceEngine(network), network.initialise(rng)
    x, labels = random_batch(network, 2, rng, np.float32)
    for array in (x, labels, parameters.vector):
        array.flags.writeable = False
    first = engine.gradients(parameters, x, labels)
    again = engine.gradients(parameters, x, labels)
    np.testing.assert_array_equal(first.vector, again.vector)
    assert not np.shares_memory(first.vector, again.vector)
    assert not np.shares_memory(first.vector, parameters.vector)


def test_one_engine_serves_several_threads():
    rng = np.random.default_rng(0)
    network = random_network(rng)
    engine = ReferenceEngine(network)
    work = [(random_parameters(network, rng), *random_batch(network, 3, rng)) for _ in range(8)]
    alone = [engine.gradients(*arguments) for arguments in work]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda arguments: engine.gradients(*arguments), work * 5))
    for got, expected in zip(together, alone * 5, strict=True):
        assert got.loss == expected.loss
        np.testing.assert_array_equal(got.vector, expected.vector)


def test_every_number_of_the_gradient_is_written(monkeypatch):
    """The gradient's memory starts out undefined; fill it with NaN and none may be left."""
    monkeypatch.setattr(np, "empty_like", lambda a: np.full(a.shape, np.nan, a.dtype))
    rng = np.random.default_rng(0)
    network = random_network(rng)
    result = ReferenceEngine(network).gradients(
        random_parameters(network, rng), *random_batch(network, 1, rng)
    )
    assert np.isfinite(result.vector).all()


def test_predicting_no_drawings_gives_no_rows():
    engine = ReferenceEngine(seed_network())
    parameters = engine.network.initialise(0)
    assert engine.predict(parameters, np.zeros((0, 1, 28, 28), np.float32)).shape == (0, 5)


def test_a_predictor_keeps_to_the_parameters_it_was_made_of():
    rng = np.random.default_rng(0)
    network = random_network(rng)
    engine, parameters = ReferenceEngine(network), random_parameters(network, rng)
    x, _ = random_batch(network, 3, rng)
    expected = engine.predict(parameters, x)
    predict = engine.predictor(parameters)
    parameters.vector[:] = 0
    np.testing.assert_array_equal(predict(x), expected)
    assert predict(x[:0]).shape == (0, *network.output_shape)


def test_it_is_always_ready():
    told = []
    ReferenceEngine(seed_network()).prepare(lambda *event: told.append(event))
    assert told == []


@pytest.mark.parametrize("shape", [(), (1, 28, 28), (2, 28, 28, 1), (2, 3, 28, 28), (2, 784)])
def test_an_input_of_another_shape_is_refused(shape):
    engine = ReferenceEngine(seed_network())
    parameters, x = engine.network.initialise(0), np.zeros(shape, np.float32)
    for call in (
        lambda: engine.forward(parameters, x),
        lambda: engine.predict(parameters, x),
        lambda: engine.predictor(parameters)(x),
        lambda: engine.gradients(parameters, x, np.zeros(2, int)),
    ):
        with pytest.raises(ShapeError) as caught:
            call()
        assert str(caught.value) == (
            f"the input has shape {shape}; this network needs (n, 1, 28, 28)"
        )


def test_a_network_that_ends_in_pictures_has_no_loss():
    network = Network([Conv2D(2, 3)], input_shape=(1, 5, 5))
    engine, parameters = ReferenceEngine(network), network.initialise(0, np.float64)
    x = np.zeros((1, 1, 5, 5))
    assert engine.forward(parameters, x).shape == (1, 2, 3, 3)
    with pytest.raises(ShapeError, match=r"the loss needs logits \(n, classes\)"):
        engine.gradients(parameters, x, np.array([0]))


def test_features_are_what_the_last_layer_is_given():
    network = Network([Flatten(), Dense(4), ReLU(), Dense(3)], (1, 2, 3))
    parameters = network.initialise(0, np.float64)
    x = np.random.default_rng(0).standard_normal((5, 1, 2, 3))
    hidden = np.maximum(x.reshape(5, 6) @ parameters["dense1.weight"], 0)
    found = ReferenceEngine(network).features(parameters, x)
    np.testing.assert_allclose(found, hidden, rtol=1e-12)
    with pytest.raises(ShapeError, match="the input has shape"):
        ReferenceEngine(network).features(parameters, x[:, :, :1])


def test_what_is_measured_is_told_and_nothing_handed_in_is_changed():
    network = Network([BatchNorm(momentum=0.5), Dense(2)], (3,))
    parameters = network.initialise(0, np.float64)
    x, labels = np.random.default_rng(0).standard_normal((8, 3)), np.arange(8) % 2
    before = parameters.statistics.vector.copy()
    engine, mode = ReferenceEngine(network), Mode.of_step(0, 0)
    found = engine.contribution(parameters, x, labels, mode=mode)
    np.testing.assert_array_equal(parameters.statistics.vector, before)
    np.testing.assert_allclose(found.statistics[:3], x.mean(axis=0) / 2)
    np.testing.assert_allclose(found.statistics[3:], (1 + x.var(axis=0, ddof=1)) / 2)
    plain = engine.contribution(parameters, x, labels, label_smoothing=0.0, mode=mode)
    assert plain.loss == found.loss


def test_a_predictor_computes_in_the_precision_that_is_asked_for():
    network, rng = Network([Flatten(), Dense(3)], (1, 4, 4)), np.random.default_rng(0)
    engine, parameters = ReferenceEngine(network), random_parameters(network, rng, np.float32)
    x, _ = random_batch(network, 5, rng, np.float32)
    wide, bytes_ = (engine.predictor(parameters, name)(x) for name in ("float32", "int8"))
    assert np.array_equal(wide, engine.predict(parameters, x))
    assert not np.array_equal(bytes_, wide)
    assert np.abs(bytes_ - wide).max() < 0.05
    with pytest.raises(InkgradError, match="precision is 'int4'"):
        engine.predictor(parameters, "int4")
