"""The fast engine against the reference: the same loss, logits and gradients, up to rounding.

The two add up in different orders, and Winograd's convolution rounds otherwise than the direct
sum. Where a ReLU's input is within rounding of 0, or a window's two strongest cells within
rounding of each other, they may decide differently, which is the fault of neither. Two ways around
that are gone here:

- With any numbers, a batch that fails is excused only if nudging all numbers by a few times
  float32's rounding changes a decision; then another, smaller one is drawn, and one must pass.
  (What one drawing teaches may nearly cancel what others do, so that the reference itself is
  1.4e-5 off its float64 result, as in one network of a thousand. There the fast engine may be
  twice as far from float64 as the reference is: a bound on the two's difference would depend on
  the processor, which decides how each rounds.)
- With multiples of 1/4 as weights and whole numbers as inputs, float32's sums are exact in any
  order, Winograd's as well. Then there are no near-ties at all, but exact ties wherever one looks;
  logits must be equal to the last bit, and every decision the same: the first in row-major order.
"""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.engines import ReferenceEngine
from inkgrad.engines.cpu import CpuEngine
from inkgrad.insight import compare_engines
from inkgrad.insight.gradcheck import forward_with_decisions
from inkgrad.insight.projections import same_decisions
from inkgrad.layers import NO_CLASS, Conv2D, Dense, Flatten, MaxPool2D, ReLU
from inkgrad.network import Network, Parameters, seed_network
from tests.agreement import TOLERANCE, error, layer_errors
from tests.networks import (
    any_network,
    exact_batch,
    exact_parameters,
    random_batch,
    random_block_network,
    random_network,
    random_parameters,
)
from tests.thorough import THOROUGH

# Some BLAS kernels raise the processor's flag for NaN though all numbers are finite, now and then
# (numpy issue 24067, OpenBLAS issue 1924); it was seen here once, in the reference's `dy @ Wᵀ`.
# That what comes out is finite is demanded by `error`, and compared.
pytestmark = [
    pytest.mark.usefixtures("nothing_compiles"),
    pytest.mark.filterwarnings("ignore:invalid value encountered in matmul:RuntimeWarning"),
]

NUDGE = 2e-6  # relative; some thirty times the rounding of float32
BATCHES = [65, 40, 17, 9, 8, 7, 2, 1]
WORK = 1e8  # multiply-adds of a batch: 400 networks in half a minute


def is_steady(network: Network, parameters: Parameters, x: np.ndarray, rng) -> bool:
    """Whether no decision depends on rounding: none changes when every number is nudged."""
    exact, decisions = parameters.astype(np.float64), None
    for nudge in (0, NUDGE, NUDGE):
        nudged = exact.copy()
        nudged.vector *= 1 + rng.choice([-nudge, nudge], nudged.vector.shape)
        inputs = x * (1 + rng.choice([-nudge, nudge], x.shape))
        _, found = forward_with_decisions(network, nudged, inputs.astype(np.float64))
        if decisions is not None and not same_decisions(decisions, found):
            return False
        decisions = found
    return True


def disagreements(network: Network, parameters: Parameters, x, labels, smoothing) -> dict:
    """Return what the engines do not agree on, and by how much."""
    engine, reference = CpuEngine(network), ReferenceEngine(network)
    ours = engine.gradients(parameters, x, labels, label_smoothing=smoothing)
    theirs = reference.gradients(parameters, x, labels, label_smoothing=smoothing)
    assert ours.vector.dtype == ours.logits.dtype == np.float32
    errors = layer_errors(
        network, Parameters(network, ours.vector), Parameters(network, theirs.vector)
    )
    assert errors.keys() == network.layout.keys()
    errors["loss"] = abs(ours.loss - theirs.loss) / abs(theirs.loss)
    errors["logits"] = error(ours.logits, theirs.logits)
    return {name: value for name, value in errors.items() if not value <= TOLERANCE}


def own_errors(network: Network, parameters: Parameters, x, labels, smoothing) -> list[float]:
    """Return how far either engine is from float64: what cancellation has cost ours and theirs."""
    exact = ReferenceEngine(network).gradients(
        parameters.astype(np.float64), x.astype(np.float64), labels, label_smoothing=smoothing
    )
    found = []
    for engine in (CpuEngine(network), ReferenceEngine(network)):
        rounded = engine.gradients(parameters, x, labels, label_smoothing=smoothing)
        errors = layer_errors(
            network, Parameters(network, rounded.vector), Parameters(network, exact.vector)
        )
        errors["loss"] = abs(rounded.loss - exact.loss) / abs(exact.loss)
        errors["logits"] = error(rounded.logits, exact.logits)
        found.append(max(errors.values()))
    return found


def assert_engines_agree(network: Network, rng: np.random.Generator, work: float = WORK) -> None:
    """Compare the engines on random numbers; see the module's docstring."""
    parameters = random_parameters(network, rng, np.float32)
    fitting = [n for n in BATCHES if n * network.multiply_adds <= work] or [1]
    n, smoothing = int(rng.choice(fitting)), float(rng.choice([0.0, 0.1]))
    for _ in range(20):
        x, labels = random_batch(network, n, rng, np.float32, least_label=NO_CLASS)
        wrong = disagreements(network, parameters, x, labels, smoothing)
        if not wrong:
            return
        if is_steady(network, parameters, x, rng):
            ours, theirs = own_errors(network, parameters, x, labels, smoothing)
            assert ours <= 2 * theirs, (network, n, wrong, ours, theirs)
            return
        n = -(-n // 2)
    pytest.fail(f"no steady batch found for {network}; the last gave {wrong}")


@pytest.mark.parametrize("seed", range(300))
def test_networks_of_blocks(seed):
    rng = np.random.default_rng(seed)
    assert_engines_agree(random_block_network(rng), rng)


@pytest.mark.parametrize("seed", range(100))
def test_networks_whose_beginning_is_not_for_the_kernels(seed):
    rng = np.random.default_rng(seed)
    assert_engines_agree(random_network(rng), rng)


@pytest.mark.parametrize("seed", range(100))
def test_networks_of_all_kinds_of_layers(seed):
    rng = np.random.default_rng(seed)
    assert_engines_agree(any_network(rng), rng)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1200 + 50 * THOROUGH))
def test_many_more_networks(seed):
    rng = np.random.default_rng(seed)
    draw = (random_network, any_network, random_block_network)[min(seed % 4, 2)]
    assert_engines_agree(draw(rng), rng, work=20 * WORK)


@pytest.mark.parametrize("seed", range(3))
def test_the_seed_network(seed):
    rows = compare_engines(seed_network(), "cpu", seed=seed)
    assert len(rows) == 2 + 8
    assert [row for row in rows if not row.passed] == []


# Sums that are exact.


def assert_exact(network: Network, rng: np.random.Generator, n: int) -> None:
    """Demand the same decisions: logits of the same bits, and gradients but for their own sums."""
    x, labels = exact_batch(network, n, rng)
    parameters = exact_parameters(network, x, rng)
    wide, _ = forward_with_decisions(network, parameters.astype(np.float64), x.astype(np.float64))
    theirs = ReferenceEngine(network).gradients(parameters, x, labels)
    ours = CpuEngine(network).gradients(parameters, x, labels)
    assert np.array_equal(theirs.logits, wide), "the sums of this test must be exact"
    assert np.array_equal(ours.logits, theirs.logits), network
    assert ours.loss == pytest.approx(theirs.loss, rel=1e-6)
    errors = layer_errors(
        network, Parameters(network, ours.vector), Parameters(network, theirs.vector)
    )
    assert max(errors.values()) <= TOLERANCE, (network, n, errors)


@pytest.mark.parametrize("seed", range(150))
def test_ties_and_blank_paper(seed):
    rng = np.random.default_rng(seed)
    assert_exact(random_block_network(rng), rng, n=int(rng.choice([1, 3, 9])))


@pytest.mark.parametrize("n", [1, 7, 64, 100, 256])
@pytest.mark.parametrize("classes", [2, 5, 16, 345])
def test_the_seed_network_on_batches_of_drawings(classes, n):
    assert_exact(seed_network(classes), np.random.default_rng(n), n)


BESIDE_A_WORD = [31, 32, 33, 61, 62, 63, 64, 65, 66, 127, 128, 129]


@pytest.mark.parametrize("columns", BESIDE_A_WORD)
@pytest.mark.parametrize("padding", [0, 1])
def test_pictures_about_as_wide_as_a_word_has_bits(columns, padding):
    """Ink is noted in words of 64 columns, windows in words of 64 windows."""
    layers = [Conv2D(5, 3, padding=padding), ReLU(), MaxPool2D(2)]
    layers += [Conv2D(9, 3, padding=padding + 1), ReLU(), MaxPool2D(2), Flatten(), Dense(3)]
    for channels in (1, 8):
        network = Network(layers, (channels, 8, columns))
        assert_exact(network, np.random.default_rng(columns), 3)


@pytest.mark.parametrize("size", BESIDE_A_WORD)
@pytest.mark.parametrize("stride", [1, 2, 33])
def test_filters_about_as_wide_as_a_word_has_bits(size, stride):
    for pool in ([], [MaxPool2D(2)]):
        network = Network(
            [Conv2D(3, (1, size), (1, stride)), ReLU(), *pool, Flatten(), Dense(2)],
            (2, 2, size + 2 * stride),
        )
        assert_exact(network, np.random.default_rng(size), 2)


@pytest.mark.parametrize("filters", [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 129])
@pytest.mark.parametrize("size", [2, 3])
def test_any_number_of_filters(filters, size):
    layers = [Conv2D(filters, size, padding=1), ReLU(), MaxPool2D(2)]
    layers += [Conv2D(filters, size, padding=1), MaxPool2D(2), Flatten(), Dense(filters)]
    assert_exact(Network([*layers, ReLU(), Dense(3)], (1, 9, 9)), np.random.default_rng(size), 3)


@pytest.mark.parametrize("n", [*range(1, 18), 63, 64, 65, 127, 128, 129, 130])
def test_any_size_of_batch(n):
    """Drawings are divided among tasks, and taken 8, 32 and 64 at a time."""
    layers = [Conv2D(9, 3, padding=1), ReLU(), MaxPool2D(2), Conv2D(17, 3), MaxPool2D(2)]
    network = Network([*layers, Flatten(), Dense(20), ReLU(), Dense(5)], (1, 10, 10))
    assert_exact(network, np.random.default_rng(n), n)


def test_among_equals_the_first_in_row_major_order_wins():
    """One filter that copies, one window whose four cells are equal, then but for the first.

    By hand: the window's maximum 2 goes on to both classes. dL/dlogits = (p − t), p = ½; so the
    window's gradient is Σ w·(p − t) = (−½)·1 + ½·3 = 1, and the filter's weight gets 1 · x at the
    cell that won: 2.0 wherever. Which cell it was shows in what the filter's other tap saw there.
    """
    network = Network([Conv2D(1, (1, 2)), ReLU(), MaxPool2D(2), Flatten(), Dense(2)], (1, 2, 3))
    engine, parameters = CpuEngine(network), network.initialise()
    parameters["conv1.weight"] = np.array([1, 0], np.float32).reshape(1, 1, 1, 2)
    parameters["dense1.weight"] = np.array([[1, 3]], np.float32)
    parameters["dense1.bias"] = np.array([4, 0], np.float32)  # logits (6, 6)
    # Cells (0, 0), (0, 1), (1, 0), (1, 1) of the window are x[0, 0], x[0, 1], x[1, 0], x[1, 1];
    # the tap to the right of each sees x[0, 1], x[0, 2], x[1, 1], x[1, 2].
    for picture, seen in [
        ([[2, 2, 5], [2, 2, 7]], 2),
        ([[0, 2, 5], [2, 2, 7]], 5),
        ([[0, 1, 5], [2, 2, 7]], 2),
        ([[0, 1, 5], [0, 2, 7]], 7),
    ]:
        x = np.array(picture, np.float32).reshape(1, 1, 2, 3)
        result = engine.gradients(parameters, x, np.array([0]))
        assert result.logits.tolist() == [[6.0, 6.0]]
        gradient = Parameters(network, result.vector)
        np.testing.assert_allclose(gradient["conv1.weight"].ravel(), [2, seen], rtol=1e-6)


def test_a_window_of_zeros_teaches_nothing_where_a_relu_stands():
    """At exactly 0 a ReLU passes nothing back; without one the first cell wins."""
    x, labels = np.ones((1, 1, 2, 2), np.float32), np.array([0])
    for rectified in (True, False):
        between = [ReLU()] if rectified else []
        network = Network([Conv2D(1, 1), *between, MaxPool2D(2), Flatten(), Dense(2)], (1, 2, 2))
        parameters = network.initialise()
        parameters["conv1.weight"] = np.zeros((1, 1, 1, 1))
        parameters["dense1.weight"] = np.array([[1, 3]])
        gradient = Parameters(network, CpuEngine(network).gradients(parameters, x, labels).vector)
        expected = 0.0 if rectified else 1.0
        assert gradient["conv1.weight"].item() == pytest.approx(expected, rel=1e-6)
        assert gradient["conv1.bias"].item() == pytest.approx(expected, rel=1e-6)
