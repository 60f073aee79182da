"""PyTorch's loss and gradients, by its own automatic differentiation, are ours."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from inkgrad.engines import ENGINES, make_engine
from inkgrad.layers import (
    AveragePool2D,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    Layer,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    SoftmaxCrossEntropy,
)
from inkgrad.layers.conv import both_sides
from inkgrad.network import Network, Parameters, seed_network
from tests.agreement import TOLERANCE, error, layer_errors
from tests.networks import any_network, random_batch, random_network, random_parameters

pytestmark = pytest.mark.oracle
every_engine = pytest.mark.parametrize("engine", ENGINES)


def torch_layer(torch: ModuleType, layer: Layer, x, weights: dict):
    """Carry one layer out as PyTorch does; its dense weights stand (outputs, inputs)."""
    f = torch.nn.functional
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
) -> tuple[float, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Return PyTorch's loss, logits, dL/dx and dL/d(each parameter)."""
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in parameters.items()}
    first = out = torch.tensor(x, requires_grad=True)
    for stage in network.stages:
        own = {name: leaves[f"{stage.name}.{name}"] for name in stage.parameter_shapes}
        out = torch_layer(torch, stage.layer, out, own)
    loss = torch.nn.functional.cross_entropy(out, torch.tensor(labels), label_smoothing=smoothing)
    loss.backward()
    gradients = {name: leaf.grad.numpy() for name, leaf in leaves.items()}
    return loss.item(), out.detach().numpy(), first.grad.numpy(), gradients


def assert_agree(
    torch: ModuleType, engine: str, network: Network, rng: np.random.Generator, n: int
) -> None:
    """Compare loss, logits and the gradient of every parameter, in float32.

    A gradient that cancels is excused (see `layer_errors`); in float64, below, nothing is.
    """
    parameters = random_parameters(network, rng, np.float32)
    x, labels = random_batch(network, n, rng, np.float32)
    smoothing = float(rng.choice([0.0, 0.1]))
    loss, logits, _, gradients = torch_gradients(torch, network, parameters, x, labels, smoothing)
    ours = make_engine(engine, network).gradients(parameters, x, labels, label_smoothing=smoothing)
    assert ours.loss == pytest.approx(loss, rel=TOLERANCE)
    assert error(ours.logits, logits) <= TOLERANCE
    errors = layer_errors(network, Parameters(network, ours.vector), gradients)
    assert errors.keys() == network.layout.keys()
    assert max(errors.values()) <= TOLERANCE, errors


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
    x, labels = random_batch(network, 3, rng)
    loss, _, dx, theirs = torch_gradients(torch, network, parameters, x, labels, 0.1)
    trail, out = [], x
    for stage in network.stages:
        out, saved = stage.layer.forward(out, **parameters.of(stage))
        trail.append((stage, saved))
    value, saved = SoftmaxCrossEntropy(0.1).forward(out, labels)
    assert float(value) == pytest.approx(loss, rel=1e-12)
    dy = SoftmaxCrossEntropy(0.1).backward(saved)
    for stage, saved in reversed(trail):
        dy, gradients = stage.layer.backward(dy, saved)
        for name, ours in gradients.items():
            assert error(ours, theirs[f"{stage.name}.{name}"]) <= 1e-11, (stage.name, name)
    assert error(dy, dx) <= 1e-11
