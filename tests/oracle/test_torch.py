"""PyTorch's loss and gradients, by its own automatic differentiation, are ours."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from inkgrad.engines import ENGINES, make_engine
from inkgrad.layers import (
    INFERENCE,
    NO_CLASS,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    LeakyReLU,
    MaxPool2D,
    Mode,
    Parallel,
    ReLU,
    SoftmaxCrossEntropy,
)
from inkgrad.layers.conv import both_sides
from inkgrad.network import Network, Parameters, Statistics, seed_network, sketch_network
from tests.agreement import TOLERANCE, error, layer_errors
from tests.networks import any_network, random_batch, random_network, random_parameters

pytestmark = pytest.mark.oracle
every_engine = pytest.mark.parametrize("engine", ENGINES)


def torch_row(torch: ModuleType, stages, x, numbers: dict, mode: Mode):
    """Carry layers out in a row; the running averages among the numbers change in training."""
    for stage in stages:
        prefix = f"{stage.name}."
        own = {k.removeprefix(prefix): v for k, v in numbers.items() if k.startswith(prefix)}
        x = torch_layer(torch, stage.layer, x, own, mode.at(stage.place))
    return x


def torch_layer(torch: ModuleType, layer: Layer, x, weights: dict, mode: Mode = INFERENCE):
    """Carry one layer out as PyTorch does; its dense weights stand (outputs, inputs)."""
    f = torch.nn.functional
    if isinstance(layer, BatchNorm):
        return f.batch_norm(
            x,
            weights["mean"],
            weights["variance"],
            weights["scale"],
            weights["shift"],
            mode.training,
            layer.momentum,
            layer.epsilon,
        )
    if isinstance(layer, Dropout):  # the chance is ours
        if not mode.training:
            return x
        kept = torch.tensor(mode.uniform(tuple(x.shape)) >= np.float32(layer.rate))
        return x * kept / (1 - layer.rate)
    if isinstance(layer, Parallel):
        outputs = []
        for k, stages in enumerate(layer.rows(tuple(x.shape[1:]))):
            prefix = f"{k + 1}."
            own = {n.removeprefix(prefix): v for n, v in weights.items() if n.startswith(prefix)}
            outputs.append(torch_row(torch, stages, x, own, mode.at(k)))
        return sum(outputs) if layer.join == "add" else torch.cat(outputs, dim=1)
    if isinstance(layer, Conv2D):
        (top, bottom), (left, right) = both_sides(layer.padding, "padding")
        x = f.pad(x, (left, right, top, bottom))
        more = {"dilation": layer.dilation, "groups": layer.groups}
        return f.conv2d(x, weights["weight"], weights.get("bias"), layer.stride, **more)
    if isinstance(layer, Dense):
        return f.linear(x, weights["weight"].T, weights["bias"])
    if isinstance(layer, MaxPool2D):
        down, across = layer.padding  # PyTorch's own padding may be half a window at most
        x = f.pad(x, (across, across, down, down), value=-np.inf)
        return f.max_pool2d(x, layer.size, layer.stride)
    if isinstance(layer, AveragePool2D):
        return f.avg_pool2d(x, layer.size, layer.stride)
    if isinstance(layer, GlobalAveragePool):
        return x.mean(dim=(2, 3))
    if isinstance(layer, LeakyReLU):
        return f.leaky_relu(x, layer.slope)
    if isinstance(layer, ReLU):
        return f.relu(x)
    assert isinstance(layer, Flatten)
    return torch.flatten(x, 1)


def torch_gradients(
    torch: ModuleType,
    network: Network,
    parameters: Parameters,
    x: np.ndarray,
    labels: np.ndarray,
    smoothing: float,
    mode: Mode = INFERENCE,
    statistics: dict | None = None,
) -> tuple[float, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Return PyTorch's loss, logits, dL/dx and dL/d(each parameter); it fills in the statistics."""
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in parameters.items()}
    running = {name: torch.tensor(value) for name, value in parameters.statistics.items()}
    first = torch.tensor(x, requires_grad=True)
    out = torch_row(torch, network.stages, first, {**leaves, **running}, mode)
    if statistics is not None:
        statistics.update({name: value.numpy() for name, value in running.items()})
    # PyTorch takes probabilities, too, and smooths them; what is uniform stays so.
    classes = out.shape[1]
    targets = np.where(labels[:, None] == NO_CLASS, 1 / classes, np.eye(classes)[labels])
    loss = torch.nn.functional.cross_entropy(
        out, torch.tensor(targets).to(out.dtype), label_smoothing=smoothing
    )
    loss.backward()
    gradients = {name: leaf.grad.numpy() for name, leaf in leaves.items()}
    return loss.item(), out.detach().numpy(), first.grad.numpy(), gradients


def assert_agree(
    torch: ModuleType, engine: str, network: Network, rng: np.random.Generator, n: int
) -> None:
    """Compare loss, logits and the gradient of every parameter, in float32.

    A gradient that cancels is excused (see `layer_errors`); in float64, below, nothing is. Sums of
    float32 that cancel, and norms with large scales, make rounding larger, PyTorch's as well as
    ours: where the two are further apart than usual, the float64 gradient decides. Ours may be off
    it by twice the usual, or by twice what PyTorch is.
    """
    parameters = random_parameters(network, rng, np.float32)
    x, labels = random_batch(network, n, rng, np.float32, NO_CLASS)
    smoothing = float(rng.choice([0.0, 0.1]))
    loss, logits, _, gradients = torch_gradients(torch, network, parameters, x, labels, smoothing)
    ours = make_engine(engine, network).gradients(parameters, x, labels, label_smoothing=smoothing)
    assert ours.loss == pytest.approx(loss, rel=TOLERANCE)
    assert error(ours.logits, logits) <= TOLERANCE
    errors = layer_errors(network, Parameters(network, ours.vector), gradients)
    assert errors.keys() == network.layout.keys()
    if max(errors.values()) <= TOLERANCE:
        return
    exact = make_engine("reference", network).gradients(
        parameters.astype(np.float64), x.astype(np.float64), labels, label_smoothing=smoothing
    )
    truth = Parameters(network, exact.vector)
    mine, theirs = (
        layer_errors(network, found, truth)
        for found in (Parameters(network, ours.vector), gradients)
    )
    for name in errors:
        assert mine[name] <= 2 * max(TOLERANCE, theirs[name]), (name, mine[name], theirs[name])


@every_engine
@pytest.mark.parametrize("n", [1, 7, 64])
def test_the_seed_networks_gradients(torch, engine, n):
    assert_agree(torch, engine, seed_network(), np.random.default_rng(n), n)


@every_engine
@pytest.mark.parametrize("seed", range(200))
def test_random_networks_gradients(torch, engine, seed):
    rng = np.random.default_rng(seed)
    network = (random_network, any_network)[seed % 2](rng)
    assert_agree(torch, engine, network, rng, n=int(rng.integers(1, 9)))


@every_engine
def test_blank_paper_full_of_ties(torch, engine):
    """ReLU at exactly 0 and pools of equal cells: our choices are PyTorch's."""
    network = seed_network()
    parameters = network.initialise(0)  # zero biases, so that blank paper gives exact zeros
    x = np.zeros((3, 1, 28, 28), np.float32)
    x[1, 0, 5:9, 3:20] = 1
    labels = np.array([0, 1, 4])
    _, _, _, theirs = torch_gradients(torch, network, parameters, x, labels, 0.0)
    vector = make_engine(engine, network).gradients(parameters, x, labels).vector
    ours = Parameters(network, vector)
    for name in theirs:
        assert error(ours[name], theirs[name]) <= TOLERANCE, name


@pytest.mark.parametrize("seed", range(100))
def test_in_float64_only_rounding_is_left(torch, seed):
    """The layers by hand, last to first: every parameter's gradient and dL/dx to 1e-11."""
    rng = np.random.default_rng(seed)
    network = (random_network, any_network)[seed % 2](rng)
    parameters = random_parameters(network, rng)
    x, labels = random_batch(network, 3, rng, least_label=NO_CLASS)
    loss, _, dx, theirs = torch_gradients(torch, network, parameters, x, labels, 0.1)
    trail, out = [], x
    for stage in network.stages:
        out, saved = stage.forward(out, parameters.numbers)
        trail.append((stage, saved))
    value, saved = SoftmaxCrossEntropy(0.1).forward(out, labels)
    assert float(value) == pytest.approx(loss, rel=1e-12)
    dy = SoftmaxCrossEntropy(0.1).backward(saved)
    for stage, saved in reversed(trail):
        dy, gradients = stage.layer.backward(dy, saved)
        for name, ours in gradients.items():
            assert error(ours, theirs[f"{stage.name}.{name}"]) <= 1e-11, (stage.name, name)
    assert error(dy, dx) <= 1e-11


def training_network(rng: np.random.Generator, drawings: int) -> Network:
    """Draw a network that measures over the whole batch, as PyTorch does, and drops."""
    width = int(rng.integers(2, 6))

    def block(stride: int = 1) -> list[Layer]:
        norm = BatchNorm(drawings, float(rng.choice([0.1, 0.5])), float(rng.choice([1e-5, 1e-2])))
        layers: list[Layer] = [Conv2D(width, 3, stride, padding=1, bias=False), norm]
        return [*layers, ReLU(), Dropout(float(rng.choice([0.0, 0.3])))]

    layers: list[Layer] = block()
    layers.append(Parallel([[*block(), *block()[:2]], []]))
    layers.append(Parallel([block(), [MaxPool2D(1)]], join="concatenate"))
    end = [GlobalAveragePool()] if rng.random() < 0.5 else [Flatten(), Dense(7)]
    return Network([*layers, *end, BatchNorm(drawings), Dense(4)], (2, 6, 5))


@pytest.mark.parametrize("seed", range(30))
def test_training_with_norm_dropout_and_branches(torch, seed):
    """In float64, to rounding: loss, every gradient, and every running average after the step."""
    rng = np.random.default_rng(seed)
    network = training_network(rng, drawings=6)
    parameters, mode = random_parameters(network, rng), Mode.of_step(seed, 3)
    x, labels = random_batch(network, 6, rng, least_label=NO_CLASS)
    after: dict = {}
    loss, logits, _, gradients = torch_gradients(
        torch, network, parameters, x, labels, 0.1, mode, after
    )
    found = make_engine("reference", network).contribution(
        parameters, x, labels, label_smoothing=0.1, mode=mode
    )
    assert found.loss == pytest.approx(loss, rel=1e-10)
    np.testing.assert_allclose(found.logits, logits, rtol=1e-8, atol=1e-9)
    ours = Parameters(network, found.gradient, Statistics(network, found.statistics))
    for name, theirs in gradients.items():
        np.testing.assert_allclose(ours[name], theirs, rtol=1e-6, atol=1e-9, err_msg=name)
    assert after.keys() == network.statistics_layout.keys()
    for name, theirs in after.items():
        np.testing.assert_allclose(ours.statistics[name], theirs, rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("seed", range(10))
def test_sketch_in_use(torch, seed):
    rng = np.random.default_rng(seed)
    network = sketch_network(20)
    parameters = random_parameters(network, rng)
    x, labels = random_batch(network, 2, rng)
    loss, _, _, gradients = torch_gradients(torch, network, parameters, x, labels, 0.0)
    ours = make_engine("reference", network).gradients(parameters, x, labels)
    assert ours.loss == pytest.approx(loss, rel=1e-9)
    vector = Parameters(network, ours.vector)
    for name, theirs in gradients.items():
        assert error(vector[name], theirs) <= 1e-9, name
