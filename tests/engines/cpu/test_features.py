"""What the last layer is given, taken from the fast engine's own buffers."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.engines import ReferenceEngine
from inkgrad.engines.cpu import CpuEngine
from inkgrad.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU
from inkgrad.network import Network
from tests.agreement import TOLERANCE, error
from tests.networks import random_batch, random_block_network, random_network, random_parameters

pytestmark = pytest.mark.usefixtures("nothing_compiles")


def features(network: Network, n: int, rng: np.random.Generator, dtype: type = np.float32):
    """Return the fast engine's features, and the reference engine's."""
    parameters = random_parameters(network, rng, dtype)
    x, _ = random_batch(network, n, rng, dtype)
    return [make(network).features(parameters, x) for make in (CpuEngine, ReferenceEngine)]


@pytest.mark.parametrize("seed", range(40))
def test_they_agree_with_the_reference(seed):
    rng = np.random.default_rng(seed)
    network = (random_network if seed % 4 == 0 else random_block_network)(rng)
    ours, theirs = features(network, int(rng.choice([1, 7, 20, 65])), rng)
    assert ours.dtype == np.float32
    assert ours.shape == theirs.shape
    assert error(ours, theirs) <= TOLERANCE


@pytest.mark.parametrize(
    "layers",
    [
        [Conv2D(5, 3), ReLU(), MaxPool2D(2), Flatten(), Dense(4)],  # they stand in slabs
        [Flatten(), Dense(4)],  # they are the input
        [Flatten(), Dense(4), Flatten()],  # the last layer is not dense
        [Flatten(), Dense(4), ReLU()],  # nothing for the kernels
        [Flatten()],
    ],
)
def test_of_networks_with_an_end_of_their_own(layers):
    network = Network(layers, (2, 7, 9))
    ours, theirs = features(network, 9, np.random.default_rng(0))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    assert ours.shape == (9, *network.stages[-1].input_shape)


def test_no_drawings_have_none_and_float64_is_left_to_the_reference():
    network = Network([Conv2D(5, 3), Flatten(), Dense(4)], (1, 6, 6))
    nothing, _ = features(network, 0, np.random.default_rng(0))
    assert nothing.shape == (0, 80)
    ours, theirs = features(network, 3, np.random.default_rng(0), np.float64)
    assert ours.dtype == np.float64
    np.testing.assert_array_equal(ours, theirs)
