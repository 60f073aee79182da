"""The gradient of a class's logit, and Grad-CAM, against differences and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from inkgrad import seed_network, sketch_network
from inkgrad.engines import ReferenceEngine
from inkgrad.insight.attribution import cam_place, class_gradient, grad_cam, upsample
from inkgrad.layers import (
    AveragePool2D,
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
    SoftmaxCrossEntropy,
    row,
)
from inkgrad.network import Network
from tests.derivatives import numerical_jacobian, projection_error
from tests.networks import any_network, random_parameters


def drawn(seed: int, network: Network | None = None):
    """Draw a network, its numbers, and an input without ties, all in float64."""
    rng = np.random.default_rng(seed)
    network = any_network(rng) if network is None else network
    return network, random_parameters(network, rng), rng.random(network.input_shape), rng


@pytest.mark.parametrize("seed", range(40))
def test_the_gradient_is_the_derivative_of_the_logit(seed):
    network, numbers, x, rng = drawn(seed)
    k = int(rng.integers(network.output_shape[0]))
    engine = ReferenceEngine(network)
    gradient = class_gradient(network, numbers, x, k)

    def logit(batch):
        return engine.forward(numbers, batch)[:, k]

    error = projection_error(logit, x[None], gradient[None], np.ones(1), rng, step=1e-7)
    assert error < 1e-5


def test_element_by_element_on_a_tiny_network():
    layers = [Conv2D(2, 2), BatchNorm(), ReLU(), Dropout(0.5), Flatten(), Dense(3)]
    network, numbers, x, _ = drawn(1, Network(layers, (2, 3, 3)))
    engine = ReferenceEngine(network)
    jacobian = numerical_jacobian(lambda x: engine.forward(numbers, x), x[None])  # (18, 3)
    for k in range(3):
        gradient = class_gradient(network, numbers, x, k)
        np.testing.assert_allclose(gradient.ravel(), jacobian[:, k], rtol=0, atol=1e-8)


@pytest.mark.parametrize("seed", range(10))
def test_the_gradients_of_all_classes_make_the_gradient_of_the_loss(seed):
    network, numbers, x, _ = drawn(seed)
    logits, trail = row.forward(network.stages, x[None], numbers.numbers)
    loss = SoftmaxCrossEntropy()
    dlogits = loss.backward(loss.forward(logits, np.array([0]))[1])
    dx, _ = row.backward(trail, dlogits)
    classes = range(network.output_shape[0])
    each = [dlogits[0, k] * class_gradient(network, numbers, x, k) for k in classes]
    np.testing.assert_allclose(sum(each), dx[0], rtol=1e-9, atol=1e-12)


def test_nothing_handed_in_is_modified_and_the_same_comes_of_the_same():
    network, numbers, x, _ = drawn(3)
    before = x.copy(), numbers.vector.copy(), numbers.statistics.vector.copy()
    first = class_gradient(network, numbers, x, 0), grad_cam(network, numbers, x, 0)
    second = class_gradient(network, numbers, x, 0), grad_cam(network, numbers, x, 0)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(before, (x, numbers.vector, numbers.statistics.vector), strict=True):
        np.testing.assert_array_equal(a, b)


RESIDUAL = Parallel([[Conv2D(3, 3, padding=1), ReLU()], []])


@pytest.mark.parametrize(
    "layers",
    [
        [Conv2D(3, 2), ReLU(), Flatten(), Dense(3)],
        [Conv2D(3, 2), BatchNorm(), LeakyReLU(0.1), MaxPool2D(2), Flatten(), Dense(3)],
        [Conv2D(3, 2), RESIDUAL, GlobalAveragePool(), Dense(4), ReLU(), Dense(3)],
    ],
)
def test_grad_cam_by_loops(layers):
    network, numbers, x, _ = drawn(5, Network(layers, (2, 5, 6)))
    place = cam_place(network)
    maps, _ = row.forward(network.stages[:place], x[None], numbers.numbers)

    def logits(inner):
        return row.forward(network.stages[place:], inner, numbers.numbers)[0]

    jacobian = numerical_jacobian(logits, maps, step=1e-6)  # (C·h·w, 3)
    channels, height, width = maps.shape[1:]
    highest = []
    for k in range(3):
        derivative = jacobian[:, k].reshape(maps.shape[1:])
        cam = np.zeros((height, width))
        for c in range(channels):
            weight = 0.0
            for i in range(height):
                for j in range(width):
                    weight += derivative[c, i, j] / (height * width)
            for i in range(height):
                for j in range(width):
                    cam[i, j] += weight * maps[0, c, i, j]
        cam[cam < 0] = 0
        highest.append(cam.max())
        found = grad_cam(network, numbers, x, k)
        np.testing.assert_allclose(found, upsample(cam, (5, 6)), atol=1e-7)
    assert max(highest) > 0


@pytest.mark.parametrize(
    ("network", "name"),
    [
        (seed_network(), "relu2"),
        (Network([Conv2D(2, 3), MaxPool2D(2), ReLU(), Flatten(), Dense(2)]), "conv1"),
        (Network([Conv2D(2, 28), ReLU(), Flatten(), Dense(2)]), None),  # maps of one cell
        (Network([Conv2D(2, 3), Conv2D(2, 26), Flatten(), Dense(2)]), "conv1"),
        (Network([Conv2D(2, 3), RESIDUAL, GlobalAveragePool()][::2]), "conv1"),
        (Network([AveragePool2D(2), ReLU(), Flatten(), Dense(2)]), None),
        (Network([Flatten(), Dense(2)]), None),
        (Network([Parallel([[Parallel([[Conv2D(1, 1)]])], []]), Flatten(), Dense(2)]), "parallel1"),
    ],
)
def test_which_maps_are_looked_at(network, name):
    place = cam_place(network)
    assert (None if place is None else network.stages[place - 1].name) == name
    if name is None:
        x = np.zeros(network.input_shape, np.float32)
        assert grad_cam(network, network.initialise(), x, 0) is None


def test_the_maps_of_sketch_are_of_its_last_convolution():
    network = sketch_network()
    place = cam_place(network)
    assert network.stages[place].output_shape != network.stages[place - 1].output_shape
    assert not any(isinstance(stage.layer, Conv2D) for stage in network.stages[place:])


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (7, 7), (5, 9)])
@pytest.mark.parametrize("to", [(9, 9), (28, 28), (13, 31)])
def test_upsampling_is_pillows_bilinear(size, to):
    picture = np.random.default_rng(0).random(size).astype(np.float32)
    expected = Image.fromarray(picture).resize(to[::-1], Image.Resampling.BILINEAR)
    found = upsample(picture, to)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.asarray(expected), atol=1e-6)
